/**
 * What the edits of a fork reach (C4): nodes whose own facts differ between the run's graph and the edited one, steps that left
 * no result to take, and all that depends on them. All other steps take the run's rows. Both graphs are looked at with the
 * engines and kinds of now, so a newer Telar alone reaches nothing.
 */
import type { Row, RunRecord, StepRecord, Store } from '../checkpoints/store.ts';
import { refComponent } from '../graph/fingerprint.ts';
import type { Graph } from '../graph/graph.ts';
import { eachOf, templatePath, type GraphNode } from '../graph/node.ts';
import type { DecideFacts, Taken } from '../scheduler/decide.ts';

/** A graph with the facts that its keys are made of. */
export interface Known { readonly graph: Graph; readonly facts: Pick<DecideFacts, 'statics' | 'given' | 'folder'> }

/** What an edited notebook has of a run. */
export interface Reach {
  /** Ids in words of what the text itself changes: `a, b changed; c added; d removed`; `''` for nothing. */
  readonly words: string;
  /** Whether an edit reaches a step of the run, or an element. */
  reaches(path: string): boolean;
  /** What the run has of a step that no edit reaches. */
  taken(path: string): Taken | undefined;
  /** The run's row of a step that an edit reaches, which holds where its key comes out the same. */
  preferred(path: string): Row | undefined;
  /** The run's record of a step, which a new one is told apart from. */
  before(path: string): StepRecord | undefined;
}

/**
 * @param wanted outputs of a node that somebody reads: a row without them cannot be taken
 * @param forced nodes that are done again in any case
 */
export function findReach(before: Known, after: Known, run: RunRecord, store: Store, wanted: (node: GraphNode) => readonly string[], forced: ReadonlySet<GraphNode>): Reach {
  const steps = store.steps(run.id);
  const byPath = new Map(steps.map((step) => [step.node, step]));
  const byNode = Map.groupBy(steps, (step) => templatePath(step.node));
  const rows = new Map(steps.flatMap((step) => {
    const row = step.state === 'fresh' && step.row !== undefined ? store.row(step.row) : undefined;
    // A row of a bundle is kept under a key of its own, so that nothing finds it unseen; here it is asked for.
    return row === undefined ? [] : [[step.node, { row: { ...row, key: step.key ?? row.key }, components: step.components ?? {} }] as const];
  }));
  const nodes = [...after.graph.nodes()];
  const changed: string[] = [];
  const added: string[] = [];
  const reached = new Set(forced);
  for (const node of nodes) {
    const old = before.graph.node(node.path);
    if (old === undefined) added.push(node.path);
    else if (ownFacts(old, before.facts) !== ownFacts(node, after.facts)) changed.push(node.path);
    else if (!hasNothingToTake(node, byNode.get(node.path) ?? [], rows, wanted(node), store)) continue;
    reached.add(node);
  }
  for (const node of reached) for (const reader of node.readers.keys()) reached.add(reader);
  const paths = new Set([...reached].map((node) => node.path));
  const removed = [...before.graph.nodes()].filter((node) => after.graph.node(node.path) === undefined).map((node) => node.path);
  const reaches = (path: string): boolean => paths.has(templatePath(path));
  return {
    reaches,
    words: [[changed, 'changed'], [added, 'added'], [removed, 'removed']].filter(([ids]) => (ids as string[]).length > 0).map(([ids, what]) => `${(ids as string[]).join(', ')} ${what as string}`).join('; '),
    taken: (path) => (reaches(path) ? undefined : rows.get(path)),
    preferred: (path) => (reaches(path) ? rows.get(path)?.row : undefined),
    before: (path) => byPath.get(path),
  };
}

/** What a node is by itself, as one text: what of its key no other node's result changes, its wires, and whether it runs at all. */
function ownFacts(node: GraphNode, { statics, given, folder }: Known['facts']): string {
  const set = given(node)?.ref;
  const enclosing: unknown[] = [];
  for (let one: GraphNode | undefined = node; one !== undefined; one = one.scope.boundary) enclosing.push(one.cell.disabled, eachOf(one), one.description.when?.text);
  return JSON.stringify([
    // Helpers are as the run had them, engines the same for both: an edit reaches a node through its own text.
    node.inner === undefined ? Object.entries(statics(node)).filter(([name]) => !/^(?:module|engine)\./.test(name)).sort(([a], [b]) => (a < b ? -1 : 1)) : [],
    node.ports.map(({ name, source, optional, gate }) => [name, source.node.path, source.output, optional, gate]),
    set === undefined ? '' : refComponent(set), folder(node), node.scope.document.frontMatter.covenant, enclosing,
  ]);
}

/** Whether a step of the run left nothing that could be taken though it should have: it did not end well, or its values are lost. */
function hasNothingToTake(node: GraphNode, steps: readonly StepRecord[], rows: ReadonlyMap<string, Taken>, wanted: readonly string[], store: Store): boolean {
  return node.inner === undefined && steps.some((step) => {
    if (step.state !== 'fresh') return step.state !== 'skipped' && step.state !== 'disabled' && step.state !== 'blocked';
    const row = rows.get(step.node)?.row;
    return row === undefined || !store.holds(row) || wanted.some((name) => row.outputs[name]?.ref === undefined);
  });
}
