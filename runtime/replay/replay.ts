/**
 * Replay: a past run opened where its steps can be done again. Its notebook stands in a replica of the workspace as the run saw it;
 * its record says what each step was given. Nothing is done here: see `redo.ts`, `verify.ts`, and whoever forks.
 */
import { unknownRun, type Row, type RunRecord, type StepRecord, type Store } from '../checkpoints/store.ts';
import { templatePath, type GraphNode } from '../graph/node.ts';
import { makePlan, type Plan } from '../graph/plan.ts';
import type { OpenNotebook } from '../notebook.ts';
import { createRuntime, type RuntimePorts } from '../runtime.ts';
import type { RunHost } from '../scheduler/host.ts';
import { goneFrom, materialise, type LayOptions } from './materialise.ts';
import { openPast } from './past.ts';
import type { ReplayPorts, Replica } from './replica.ts';

/** A past run, open. */
export interface Replay {
  readonly run: RunRecord;
  /** By path, in the order of the plan; elements after the node before theirs, in the order of their keys. */
  readonly steps: ReadonlyMap<string, StepRecord>;
  /** In the replica; with the edits, where there are any. */
  readonly notebook: OpenNotebook;
  /** Facts and plan of the notebook, gathered once for all steps. */
  readonly host: RunHost;
  readonly plan: Plan;
  /** The replica's. */
  readonly ports: RuntimePorts;
  readonly results: Replica['results'];
  /** The workspace's own. */
  readonly store: Store;
  /** The node that a step is of; `undefined` when the notebook, read by this release, has it no more. */
  node(path: string): GraphNode | undefined;
  row(path: string): Row | undefined;
  /** What the step read by itself that is not kept any more, by path. */
  gone(path: string): readonly string[];
  close(): Promise<void>;
}

/** Opens a past run. @throws TelarError `unknown-run`; `input-gone` when the notebook's text is lost; `disk-full`, `read-only` */
export async function openReplay(ports: ReplayPorts, id: string, options: LayOptions = {}): Promise<Replay> {
  const { store } = ports;
  const run = store.run(id);
  if (run === undefined) unknownRun(id);
  const { graph } = await openPast(ports, run);
  const replica = ports.replica();
  try {
    const steps = inOrder(run, store.steps(id));
    // The database may have turned out to be damaged just now: then the run went with it.
    if (store.run(id) === undefined) unknownRun(id);
    const laid = materialise(run, steps.values(), graph, ports, replica, options);
    const notebook = await createRuntime(replica.ports).open(run.file);
    const rows = new Map([...steps].map(([path, { row }]) => [path, row === undefined ? undefined : store.row(row)]));
    const row = (path: string): Row | undefined => rows.get(path);
    return {
      run, steps, notebook, store, host: notebook.host(), plan: makePlan(notebook.graph, {}, () => undefined), ports: replica.ports, results: replica.results, row,
      node: (path) => notebook.graph.node(templatePath(path)),
      gone: (path) => { const made = row(path); return made === undefined ? [] : goneFrom(laid, path, made, graph); },
      close: () => replica.close(),
    };
  } catch (error) {
    await replica.close();
    throw error;
  }
}

const byKey = new Intl.Collator('en', { numeric: true });

function inOrder(run: RunRecord, steps: readonly StepRecord[]): Map<string, StepRecord> {
  const places = new Map(run.order.map((path, index) => [path, index]));
  const place = ({ node }: StepRecord): number => places.get(templatePath(node)) ?? places.size;
  const sorted = steps.toSorted((a, b) => place(a) - place(b) || byKey.compare(a.node, b.node));
  return new Map(sorted.map((step) => [step.node, step]));
}
