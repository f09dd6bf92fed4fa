/** What of a step is not as it was: its outputs one by one, whether it failed, and what it looked at by itself. Causes are found elsewhere (`cause.ts`). */
import { TelarError, type ErrorJSON } from '../../contracts/errors.ts';
import type { OutputValue } from '../../contracts/node.ts';
import type { Row, StepRecord } from '../checkpoints/store.ts';
import { compareValues, type Comparison } from '../compare/compare.ts';
import { ruleFor } from '../compare/rules.ts';
import type { GraphNode } from '../graph/node.ts';
import type { Redone } from './redo.ts';
import type { Replay } from './replay.ts';

/** One output that is not what it was. */
export interface Divergence {
  readonly node: string;
  /** Its name; `reads` when what the step looked at by itself is not what it was. */
  readonly output: string;
  /** SHA-256 of the value then; of its summary, where nobody read it and only that was kept. */
  readonly expected: string;
  /** The same of now; `''` when there is none: the step fails. */
  readonly actual: string;
  readonly cause: string;
  /** The difference in a sentence, and more of it line by line. */
  readonly summary: string;
  readonly lines: readonly string[];
}

/** What one step came to. Counts are of outputs. */
export interface Finding { identical: number; equal: number; readonly divergent: Divergence[] }

/**
 * Holds a step against its row, output by output. Live values have no bytes to compare. What the row only summarised, since nobody read
 * it, is held against its summary: it counts only where that differs, for the same summary proves nothing.
 */
export function findDifferences(replay: Replay, step: StepRecord, row: Row, node: GraphNode, redone: Redone): Finding {
  const finding: Finding = { identical: 0, equal: 0, divergent: [] };
  const differs = (output: string, expected: string, actual: string, summary: string, lines: readonly string[] = []): void => {
    finding.divergent.push({ node: step.node, output, expected, actual, cause: 'unknown', summary, lines });
  };
  const summaryHash = ({ summary }: OutputValue): string => replay.host.sha256(JSON.stringify(summary));
  const failure = unlike(step.error, redone.error);
  for (const [name, before] of Object.entries(row.outputs)) {
    if (before.ref?.form === 'live') continue;
    const after = redone.outputs[name];
    if (before.ref === undefined) {
      const told = after === undefined ? undefined : compareSafely(before, { summary: after.summary }, ruleFor(node, name), replay.results);
      if (told?.verdict === 'different') differs(name, summaryHash(before), summaryHash(after as OutputValue), told.summary, told.lines);
      continue;
    }
    if (after?.ref === undefined) { differs(name, before.ref.hash, '', failure ?? 'it is not given any more'); continue; }
    const { verdict, summary, lines } = compareSafely(before, after, ruleFor(node, name), replay.results);
    if (verdict === 'different') differs(name, before.ref.hash, after.ref.hash, summary, lines);
    else finding[verdict] += 1;
  }
  if (failure !== undefined && finding.divergent.length === 0) differs('value', row.outputs.value?.ref?.hash ?? '', '', failure);
  else if (redone.error?.code === step.error?.code && redone.readsDigest !== row.readsDigest) differs('reads', row.readsDigest, redone.readsDigest, readsSummary(row, redone));
  return finding;
}

/** A value of then that is lost can only be told apart by its hash. */
function compareSafely(...values: Parameters<typeof compareValues>): Comparison {
  try {
    return compareValues(...values);
  } catch (error) {
    return { verdict: 'different', summary: TelarError.from(error).message, lines: [] };
  }
}

/** How a step ended differently, in words. */
function unlike(then: ErrorJSON | undefined, now: ErrorJSON | undefined): string | undefined {
  if (then?.code === now?.code) return undefined;
  if (now === undefined) return `it failed then (${then?.code ?? ''}), and does not now`;
  return `it fails now: ${now.message}`;
}

function readsSummary(row: Row, { reads }: Redone): string {
  const before = new Map(row.reads.map((read) => [`${read.what} ${read.path}`, read]));
  const after = new Map(reads.map((read) => [`${read.what} ${read.path}`, read]));
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter((key) => before.get(key)?.saw !== after.get(key)?.saw);
  return `it looked at other files than before: ${changed.map((key) => (before.get(key) ?? after.get(key))?.path).join(', ')}`;
}
