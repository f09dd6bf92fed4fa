/**
 * Comparing two runs, node by node and output by output (C4), from what the store holds of them: nothing is run, and neither notebook
 * need be there. Two runs of different notebooks can be compared as well; nodes are the same when their paths are.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { OutputValue } from '../../contracts/node.ts';
import type { Row, RunRecord, StepRecord, Store } from '../checkpoints/store.ts';
import { changedComponents } from '../graph/fingerprint.ts';
import { templatePath } from '../graph/node.ts';
import { explain } from '../scheduler/decide.ts';
import { compareValues, type Comparison } from './compare.ts';
import { USUAL, type Rule } from './rules.ts';
import { oneLine, some } from './words.ts';

/** One output of one node in two runs. */
export interface NodeComparison {
  /** The node's path; an element of `each` is a node as any. */
  readonly node: string;
  readonly output: string;
  readonly change: 'same' | 'changed' | 'added' | 'removed';
  /** One line: what differs, and why, as far as the records tell. */
  readonly summary: string;
  readonly lines: readonly string[];
}

/** What a comparison of runs may be told. */
export interface CompareOptions {
  /** When two values of an output count as equal; else floats of tables to 1e-9, and all else by its bytes. */
  rule?(node: string, output: string): Rule | undefined;
  /** Called before each node, with how many are done, of how many. */
  progress?(done: number, all: number): void;
}

/** Most reasons that are told of one node. */
const REASONS = 4;

/** A node in one of the runs. */
interface Past { readonly step: StepRecord; readonly row: Row | undefined }

/** Compares two runs. What cannot be read any more is told where it stood; nothing is thrown for it. */
export function compareRuns(store: Store, a: RunRecord, b: RunRecord, options: CompareOptions = {}): { readonly nodes: readonly NodeComparison[] } {
  const [before, after] = [pastOf(store, a), pastOf(store, b)];
  const paths = inOrder([...new Set([...before.keys(), ...after.keys()])], [...a.order, ...b.order]);
  const nodes = paths.flatMap((path, index) => {
    options.progress?.(index, paths.length);
    return compareNode(path, before.get(path), after.get(path), store, (output) => options.rule?.(path, output) ?? USUAL);
  });
  return { nodes };
}

function pastOf(store: Store, run: RunRecord): Map<string, Past> {
  return new Map(store.steps(run.id).map((step) => [step.node, { step, row: step.row === undefined ? undefined : store.row(step.row) }]));
}

/** Paths in the order of the plans, elements after each other as they were done. */
function inOrder(paths: readonly string[], order: readonly string[]): string[] {
  const rank = new Map<string, number>();
  for (const path of order) if (!rank.has(path)) rank.set(path, rank.size);
  const rankOf = (path: string): number => rank.get(path) ?? rank.get(templatePath(path)) ?? rank.size;
  return [...paths].sort((one, other) => rankOf(one) - rankOf(other));
}

type Told = Omit<NodeComparison, 'node'>;

function compareNode(node: string, before: Past | undefined, after: Past | undefined, store: Store, rule: (output: string) => Rule): NodeComparison[] {
  const told = before === undefined || after === undefined ? oneSided(before, after) : bothSides(before, after, store, rule);
  return told.map((one) => ({ node, ...one, summary: oneLine(one.summary) }));
}

/** A node that only one of the runs has. */
function oneSided(before: Past | undefined, after: Past | undefined): Told[] {
  const change = before === undefined ? 'added' : 'removed';
  const { step, row } = (before ?? after) as Past;
  const outputs = Object.entries(row?.outputs ?? {});
  if (outputs.length === 0) return isBoundary(step) ? [] : [{ output: 'value', change, summary: stateWords(step), lines: [] }];
  return outputs.map(([output, value]) => ({ output, change, summary: value.summary.type, lines: [] }));
}

function bothSides(before: Past, after: Past, store: Store, rule: (output: string) => Rule): Told[] {
  const [then, now] = [stateWords(before.step), stateWords(after.step)];
  if (before.step.row !== undefined && before.step.row === after.step.row && then === now) return outputsOf(before).map((output) => ({ output, change: 'same', summary: 'the same result', lines: [] }));
  if (before.row === undefined || after.row === undefined) {
    if (isBoundary(before.step) && isBoundary(after.step)) return [];
    const lost = [before, after].some(({ step, row }) => step.row !== undefined && row === undefined) ? 'its result is not kept any more' : undefined;
    const summary = then === now ? lost ?? then : `${then} → ${now}`;
    return [{ output: 'value', change: then === now && lost === undefined ? 'same' : 'changed', summary: then === now ? summary : withReasons(summary, before, after), lines: [] }];
  }
  const names = [...new Set([...outputsOf(before), ...outputsOf(after)])];
  const state = then === now ? undefined : `${then} → ${now}`;
  return names.map((output, index) => {
    const told = compareOutput(output, before, after, store, rule);
    if (state === undefined || index > 0) return told;
    return { ...told, change: 'changed', summary: told.change === 'same' ? withReasons(state, before, after) : `${state}; ${told.summary}` };
  });
}

function compareOutput(output: string, before: Past, after: Past, store: Store, rule: (output: string) => Rule): Told {
  const [mine, theirs] = [own(before, output), own(after, output)];
  if (mine === undefined || theirs === undefined) {
    return { output, change: mine === undefined ? 'added' : 'removed', summary: withReasons((mine ?? theirs)?.summary.type ?? '', before, after), lines: [] };
  }
  const { verdict, summary, lines } = compared(mine, theirs, rule(output), store);
  return verdict === 'different' ? { output, change: 'changed', summary: withReasons(summary, before, after), lines } : { output, change: 'same', summary, lines };
}

const outputsOf = ({ row }: Past): string[] => (row === undefined ? ['value'] : Object.keys(row.outputs));

const own = ({ row }: Past, output: string): OutputValue | undefined => (row !== undefined && Object.hasOwn(row.outputs, output) ? row.outputs[output] : undefined);

/** A value that is gone or damaged is told by its hash. */
function compared(before: OutputValue, after: OutputValue, rule: Rule, store: Store): Comparison {
  try {
    return compareValues(before, after, rule, store.blobs);
  } catch (error) {
    return { verdict: 'different', summary: `other bytes, which cannot be compared: ${TelarError.from(error).message}`, lines: [] };
  }
}

/** A `graph` node shows what the nodes inside it give; they are compared themselves. */
const isBoundary = ({ state, key }: StepRecord): boolean => state === 'fresh' && key === undefined;

/** What became of a step, without what it gave. */
function stateWords({ state, error, by, reason }: StepRecord): string {
  if (state === 'failed') return `failed: ${error?.message.split('\n')[0] ?? ''}`;
  if (state === 'fresh') return 'done';
  const why = by !== undefined && by.length > 0 ? ` by ${some(by, REASONS)}` : reason === undefined ? '' : `: ${reason}`;
  return `${state}${why}`;
}

/** A difference with what the records say of its cause. */
function withReasons(summary: string, { step: before }: Past, { step: after }: Past): string {
  if (before.components === undefined || after.components === undefined) return summary;
  const reasons = changedComponents(before.components, after.components).map((one) => explain(one.component, one.before, one.after));
  if (reasons.length > 0) return `${summary}; since ${some([...new Set(reasons)], REASONS)}`;
  return `${summary}; though nothing that it depends on changed`;
}
