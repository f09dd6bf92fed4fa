/**
 * Deciding a step (P1 to P6): when its inputs are known, its key is fixed, and a stored row of that key whose reads still
 * match and whose values are present is reused. There is no other road to reuse, and resume is nothing else.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { ObservedRead, OutputValue } from '../../contracts/node.ts';
import type { ValueRef } from '../../contracts/values.ts';
import { digestReads, type Row, type StepRecord, type Store } from '../checkpoints/store.ts';
import { actionKey, changedComponents, NOTHING, refComponent, type Components } from '../graph/fingerprint.ts';
import { isolationOf } from '../graph/isolation.ts';
import type { GraphNode, InputPort } from '../graph/node.ts';
import type { Plan } from '../graph/plan.ts';
import type { Observer, Sha256 } from '../ports.ts';
import { effectOf, inDoubt, strayed } from './effects.ts';

/** Where a step stands: the run itself, or one element of an `each=`. */
export interface Place {
  /** The step's path. */
  pathOf(node: GraphNode): string;
  /** The value that a port has; `undefined` for none. */
  refOf(node: GraphNode, port: InputPort): ValueRef | undefined;
}

/** What a run has of one of its steps. */
export interface Taken { readonly row: Row; readonly components: Components }

/** What deciding needs beside the plan. */
export interface DecideFacts {
  readonly store: Store;
  readonly observer: Observer;
  readonly sha256: Sha256;
  /** The notebook's workspace path: whose history `why` compares with. */
  readonly file: string;
  /** Components that no input changes. */
  statics(node: GraphNode): Components;
  /** Folder of the notebook that holds the node, relative to the workspace root. */
  folder(node: GraphNode): string;
  /** A fork: what a step takes from its parent run, under the key that it had there, whatever the store has learnt since (C4). */
  taken?(path: string): Taken | undefined;
  /** A fork: the parent run's row of a step that an edit reaches; it is preferred where its key comes out the same. */
  preferred?(path: string): Row | undefined;
  /** A fork: the parent run's record of a step, which reasons compare with. */
  before?(path: string): StepRecord | undefined;
  /** A fork: steps of class `effect` that would run are skipped. */
  readonly skipEffects?: boolean;
  /** A value set from outside for an input node. */
  given(node: GraphNode): OutputValue | undefined;
}

/** A decided step. */
export interface Decided {
  readonly decision: 'run' | 'reuse';
  readonly key: string;
  readonly components: Components;
  /** Told lazily: a sentence costs more than the decision. */
  readonly reason: () => string;
  readonly row?: Row;
  /** The take that a new row gets. */
  readonly take: number;
  /** Of an effect that may not be made now: what fails the step. */
  readonly refused?: () => TelarError;
  /** Of an effect that is asked for again on purpose: the intent in doubt that the new one takes the place of. */
  readonly replaces?: string;
}

/** Fixes key and decision of a step whose inputs are all there. */
export function decide(node: GraphNode, plan: Plan, place: Place, facts: DecideFacts): Decided {
  const components: Record<string, string> = { ...facts.statics(node) };
  for (const port of node.ports) if (port.gate !== true) components[`input.${port.name}`] = refComponent(place.refOf(node, port));
  // A wire that has a value wins over a constant, here as where the step is made.
  const given = (components['input.given'] ?? NOTHING) === NOTHING ? facts.given(node)?.ref : undefined;
  if (given !== undefined) components['input.given'] = refComponent(given);
  const key = actionKey(components, facts.sha256);
  const effect = effectOf(node) === 'effect';
  if (effect) facts.store.recall(key);
  const found = facts.store.rows(key);
  const highest = found[0]?.take ?? -1;
  const known = forksLast(found, facts.store);
  const open = effect ? facts.store.intent(key) : undefined;
  // In a fork an effect is as it was where its key is the same; that it is asked again does not make it.
  if (plan.forced.has(node) && !(effect && facts.skipEffects === true)) {
    const take = Math.max(highest, open?.take ?? -1) + 1;
    return { decision: 'run', key, components, take, reason: () => 'asked to run again', ...(open === undefined ? {} : { replaces: open.id }) };
  }
  const path = place.pathOf(node);
  const taken = facts.taken?.(path);
  if (taken !== undefined && missingOutput(taken.row, plan.wanted(node), facts.store) === undefined) {
    return { decision: 'reuse', key: taken.row.key, ...taken, take: taken.row.take, reason: () => 'as in the run it was forked from' };
  }
  if (open !== undefined) return { decision: 'run', key, components, take: open.take, reason: () => 'nobody knows whether it was done', refused: () => inDoubt(open, facts.store) };
  const preferred = facts.preferred?.(path);
  const rows = preferred?.key === key ? [preferred, ...known] : known;
  const last = (): StepRecord | undefined => facts.before?.(path) ?? facts.store.lastStep(facts.file, path);
  const folder = facts.folder(node);
  let why: (() => string) | undefined;
  const strict = !effect && node.scope.document.frontMatter.covenant === 'fail';
  for (const row of rows) {
    if (strict && breachesOf(row).length > 0) {
      why = () => 'it changed an input in place, which the notebook forbids now';
      continue;
    }
    if (row.readsDigest !== '' && facts.observer.digest(folder, row.reads) !== row.readsDigest) {
      why ??= () => readsReason(row, folder, facts);
      continue;
    }
    const lost = missingOutput(row, plan.wanted(node), facts.store);
    if (lost === undefined) return { decision: 'reuse', key, components, row, take: row.take, reason: () => reuseReason(row, last(), asksNetwork(node) ? askedOn(facts.store, row, path) : undefined) + (effect ? strayed(node, row, folder, facts) : '') };
    why = () => lost;
    if (effect) return { decision: 'run', key, components, take: row.take, reason: why, refused: () => withoutReceipt(node, row, lost) };
  }
  // Each doing of an effect has a take of its own, and so an idempotency key of its own.
  if (effect) return { decision: 'run', key, components, take: highest + 1, reason: why ?? (() => runReason(components, last())) };
  return { decision: 'run', key, components, take: Math.max(0, highest), reason: why ?? (() => runReason(components, last())) };
}

/** A fork is a try: what it got by asking again does not take the place of what the notebook's own runs have. */
function forksLast(rows: readonly Row[], store: Store): readonly Row[] {
  if (rows.length < 2) return rows;
  const isFork = (row: Row): boolean => store.run(row.producedBy)?.parent !== undefined;
  return [...rows.filter((row) => !isFork(row)), ...rows.filter(isFork)];
}

/** Remarks that tell of a breach of the covenant (R7): an input changed in place. */
export function breachesOf({ warnings = [] }: { readonly warnings?: readonly string[] }): string[] {
  return warnings.filter((warning) => warning.startsWith('covenant:'));
}

/** Which of the files that a step looked at by itself look different now (P9). */
function readsReason(row: Row, folder: string, facts: DecideFacts): string {
  const changed = row.reads.filter((read) => facts.observer.digest(folder, [read]) !== digestReads(facts.sha256, [read])).map((read) => read.path);
  return `what it read by itself has changed: ${[...new Set(changed)].join(', ')}`;
}

function missingOutput(row: Row, wanted: readonly string[], store: Store): string | undefined {
  for (const name of wanted) if (row.outputs[name]?.ref === undefined) return `the output \`${name}\` was not kept, since nobody read it`;
  return store.holds(row) ? undefined : 'a stored value is missing or damaged';
}

/** An effect that was made, with a receipt that cannot be used: it is not made again for that. */
function withoutReceipt(node: GraphNode, row: Row, lost: string): TelarError {
  return new TelarError('value-missing', `It was done in run ${row.producedBy}, but ${lost}. It is not done again unseen: \`--from ${node.path}\` does it again.`, { row: row.id, run: row.producedBy });
}

/** Of a step that asked the network nobody knows whether what it depends on has changed: when it was asked, and how to ask again. */
function askedOn(store: Store, row: Pick<Row, 'effect' | 'producedBy'>, path: string): string | undefined {
  if (row.effect !== 'observe') return undefined;
  const started = store.run(row.producedBy)?.started;
  const date = started === undefined ? undefined : new Date(started);
  const two = (number: number): string => String(number).padStart(2, '0');
  const when = date === undefined || Number.isNaN(date.getTime()) ? 'before' : `on ${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
  return `as read ${when}; \`--from ${path}\` asks again`;
}

/** Whether a node asks the network by itself. */
const asksNetwork = (node: GraphNode): boolean => node.description.analysis.network !== undefined || (isolationOf(node)?.network.length ?? 0) > 0;

function reuseReason(row: Row, last: StepRecord | undefined, asked: string | undefined): string {
  if (last?.key === row.key) return asked ?? 'nothing it depends on has changed';
  return last === undefined ? 'the same step was done before under another name or in another place' : 'the same as an earlier run';
}

function runReason(components: Components, last: StepRecord | undefined): string {
  if (last?.components === undefined) return 'never run before';
  const changes = changedComponents(keyPart(last.components), components);
  if (changes.length === 0) return last.state === 'failed' || last.state === 'skipped' ? `it ${last.state === 'failed' ? 'failed' : 'was skipped'} the last time` : 'its last result was not kept';
  return changes.map(({ component, before, after }) => explain(component, before, after)).join('; ');
}

/** The components of a step record that made its key: all but what it read. */
export function keyPart(components: Components): Components {
  return Object.fromEntries(Object.entries(components).filter(([name]) => !name.startsWith('reads.')));
}

/** What a step read by itself, as components of its record. */
export function readComponents(row: Row): Components {
  return Object.fromEntries(row.reads.map((read) => [readName(read), read.saw]));
}

/** The component of something that a step read by itself. */
export const readName = ({ what, path }: ObservedRead): string => `reads.${path}${what === 'file' ? '' : ` (${what})`}`;

/** A changed component in words. */
export function explain(component: string, before: string | undefined, after: string | undefined): string {
  const [what, ...rest] = component.split('.');
  const name = rest.join('.');
  const verb = before === undefined ? 'is new' : after === undefined ? 'is gone' : 'changed';
  if (what === 'input') return name === 'given' ? `its value ${before === undefined ? 'is set' : after === undefined ? 'is the default again' : 'changed'}` : `input \`${name}\` ${verb}`;
  if (what === 'param') return `\`${name}\` ${before === undefined ? `is set to ${after}` : after === undefined ? 'is not set any more' : `changed from ${before} to ${after}`}`;
  if (what === 'secret') return `the secret \`${name}\` ${verb}`;
  if (what === 'module') return `helper \`${name}\` ${verb}`;
  if (what === 'engine') return `the engine ${name} ${verb}`;
  if (what === 'reads') return `${name}, which it read by itself, ${verb}`;
  if (what === 'skills') return 'the folders in which it looks for skills changed';
  if (what === 'model') return 'its model, or how the model is asked, changed';
  if (what === 'code') return 'its code changed';
  if (what === 'order') return 'which elements there are, or their order, changed';
  if (what === 'folder') return 'its notebook stands in another folder';
  if (what === 'self') return 'its id, which its code binds, changed';
  return `${component} ${verb}`;
}
