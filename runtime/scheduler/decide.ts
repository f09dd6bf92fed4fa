/**
 * Deciding a step (P1 to P6): when its inputs are known, its key is fixed, and a stored row of that key whose reads still
 * match and whose values are present is reused. There is no other road to reuse, and resume is nothing else.
 */
import type { OutputValue } from '../../contracts/node.ts';
import { digestReads, type Row, type StepRecord, type Store } from '../checkpoints/store.ts';
import { actionKey, changedComponents, refComponent, type Components } from '../graph/fingerprint.ts';
import type { GraphNode } from '../graph/node.ts';
import type { Plan } from '../graph/plan.ts';
import type { Observer, Sha256 } from '../ports.ts';

/** Outputs of the steps that are done, by node. */
export type Results = ReadonlyMap<GraphNode, Readonly<Record<string, OutputValue>>>;

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
}

/** The component of a port that has no value: an optional wire from what does not run. */
const NOTHING = 'null';

/** Fixes key and decision of a step whose inputs are all in `results`. */
export function decide(node: GraphNode, plan: Plan, results: Results, facts: DecideFacts): Decided {
  const components: Record<string, string> = { ...facts.statics(node) };
  for (const port of node.ports) {
    const ref = results.get(port.source.node)?.[port.source.output]?.ref;
    components[`input.${port.name}`] = ref === undefined ? NOTHING : refComponent(ref);
  }
  // A wire that has a value wins over a constant, here as where the step is made.
  const given = (components['input.given'] ?? NOTHING) === NOTHING ? facts.given(node)?.ref : undefined;
  if (given !== undefined) components['input.given'] = refComponent(given);
  const key = actionKey(components, facts.sha256);
  const rows = facts.store.rows(key);
  const highest = rows[0]?.take ?? -1;
  if (plan.forced.has(node)) return { decision: 'run', key, components, take: highest + 1, reason: () => 'asked to run again' };
  const last = (): StepRecord | undefined => facts.store.lastStep(facts.file, node.path);
  const folder = facts.folder(node);
  let why: (() => string) | undefined;
  const strict = node.scope.document.frontMatter.covenant === 'fail';
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
    if (lost === undefined) return { decision: 'reuse', key, components, row, take: row.take, reason: () => reuseReason(row, last()) };
    why = () => lost;
  }
  return { decision: 'run', key, components, take: Math.max(0, highest), reason: why ?? (() => runReason(components, last())) };
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

function reuseReason(row: Row, last: StepRecord | undefined): string {
  if (last?.key === row.key) return 'nothing it depends on has changed';
  return last === undefined ? 'the same step was done before under another name or in another place' : 'the same as an earlier run';
}

function runReason(components: Components, last: StepRecord | undefined): string {
  if (last?.components === undefined) return 'never run before';
  const changes = changedComponents(keyPart(last.components), components);
  if (changes.length === 0) return last.state === 'failed' ? 'it failed the last time' : 'its last result was not kept';
  return changes.map(({ component, before, after }) => explain(component, before, after)).join('; ');
}

/** The components of a step record that made its key: all but what it read. */
export function keyPart(components: Components): Components {
  return Object.fromEntries(Object.entries(components).filter(([name]) => !name.startsWith('reads.')));
}

/** What a step read by itself, as components of its record. */
export function readComponents(row: Row): Components {
  return Object.fromEntries(row.reads.map((read) => [`reads.${read.path}${read.what === 'file' ? '' : ` (${read.what})`}`, read.saw]));
}

/** A changed component in words. */
export function explain(component: string, before: string | undefined, after: string | undefined): string {
  const [what, ...rest] = component.split('.');
  const name = rest.join('.');
  const verb = before === undefined ? 'is new' : after === undefined ? 'is gone' : 'changed';
  if (what === 'input') return name === 'given' ? `its value ${before === undefined ? 'is set' : after === undefined ? 'is the default again' : 'changed'}` : `input \`${name}\` ${verb}`;
  if (what === 'param') return `\`${name}\` ${before === undefined ? `is set to ${after}` : after === undefined ? 'is not set any more' : `changed from ${before} to ${after}`}`;
  if (what === 'module') return `helper \`${name}\` ${verb}`;
  if (what === 'engine') return `the engine ${name} ${verb}`;
  if (what === 'reads') return `${name}, which it read by itself, ${verb}`;
  if (what === 'code') return 'its code changed';
  if (what === 'self') return 'its id, which its code binds, changed';
  return `${component} ${verb}`;
}
