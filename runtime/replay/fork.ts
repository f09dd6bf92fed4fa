/**
 * Fork (C4): a new run of a past one with edits. The notebook is opened in a replica as that run saw it, with the edited texts in
 * place of its own; steps that no edit reaches take the past run's rows; the fork is a run like any other, with its parent named.
 * The notebook's file is not touched. The road not taken: to copy the parent's records and mark some of them stale; planning with
 * rows preferred is the road that every run takes.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { RunRecord, SizedBlobs } from '../checkpoints/store.ts';
import { applyChanges } from '../document/changes.ts';
import type { Document } from '../document/document.ts';
import { applyEdit } from '../document/edit.ts';
import { parseDocument } from '../document/parse.ts';
import type { Graph } from '../graph/graph.ts';
import { noNode } from '../graph/plan.ts';
import type { Notebook, RunOptions, Settings } from '../runtime.ts';
import type { RunResult } from '../scheduler/run-plan.ts';
import { openPast } from './past.ts';
import { findReach } from './reach.ts';
import { openReplay } from './replay.ts';
import type { ReplayPorts } from './replica.ts';

/** What a fork changes. One of them at least is there. */
export interface ForkEdits {
  /** Values of inputs, on top of the run's own. */
  readonly set?: Settings;
  /** New bodies by path of the node; that of a nested node changes its notebook wherever it is used. */
  readonly bodies?: Readonly<Record<string, string>>;
  /** The whole text of the notebook; bodies come on top of it. */
  readonly text?: string;
  /** These nodes and all that depends on them are done again. */
  readonly at?: readonly string[];
}

/** How a fork runs. */
export interface ForkOptions extends Pick<RunOptions, 'jobs' | 'failFast' | 'signal' | 'emit'> {
  /** Makes the effects that an edit reaches; else they are skipped. */
  readonly effects?: boolean;
  /** What nodes ask for is allowed for this once. */
  readonly trust?: boolean;
  /**
   * Told the edited notebook before anything is done.
   * @param gone files that steps which an edit reaches have read, and that are not kept any more as they were then
   */
  opened?(notebook: Notebook, gone: readonly string[]): void;
}

/**
 * Forks a run.
 * @throws TelarError `usage` for an edit of what is not there, or none; `unreadable`, `newer-generation` for a text that is none;
 *   `input-gone` when the run's notebook is lost; what a replica throws
 */
export async function forkRun(ports: ReplayPorts, run: RunRecord, edits: ForkEdits, options: ForkOptions): Promise<RunResult> {
  const { set = {}, bodies = {}, text, at = [] } = edits;
  if (Object.keys(set).length + Object.keys(bodies).length + at.length === 0 && text === undefined) {
    throw new TelarError('usage', 'A fork needs an edit: --set NAME=VALUE, --body ID=FILE or --file EDITED; or --at ID to do that node and its dependents again.');
  }
  const { store } = ports;
  refuseLost(run, store.blobs);
  const past = await openPast(ports, run);
  const edited = await editedTexts(ports, run, past.graph, bodies, text);
  const encoder = new TextEncoder();
  const replay = await openReplay(ports, run.id, { rest: 'workspace', edits: new Map([...edited].map(([path, one]) => [path, encoder.encode(one)])) });
  try {
    const { notebook } = replay;
    const inputs = { ...openInputs(run.inputs, notebook.graph), ...set };
    const known = (path: string): boolean => notebook.graph.node(path) !== undefined;
    const unknown = at.find((path) => !known(path));
    if (unknown !== undefined) throw noNode('--at', unknown, notebook.graph);
    const targets = run.targets.filter(known);
    const chosen = {
      set: inputs, trust: options.trust === true, ...(at.length === 0 ? {} : { from: at }),
      ...(targets.length === 0 ? {} : { to: [...new Set([...targets, ...at, ...Object.keys(bodies)])] }),
    };
    const plan = notebook.makePlan(chosen);
    const reach = findReach(
      { graph: past.graph, facts: past.host(openInputs(run.inputs, past.graph)) }, { graph: notebook.graph, facts: notebook.host(inputs) },
      run, store, plan.wanted, plan.forced,
    );
    const words = [
      ...(text === undefined ? [] : [`edited text${reach.words === '' ? '' : `: ${reach.words}`}`]),
      ...Object.keys(bodies).map((path) => `body of ${path}`), ...Object.entries(set).map(([path, value]) => `--set ${path}=${typeof value === 'string' ? value : JSON.stringify(value)}`),
      ...(at.length === 0 ? [] : [`${at.join(', ')} again`]),
    ];
    const gone = [...replay.steps.keys()].filter(reach.reaches).flatMap((path) => replay.gone(path));
    options.opened?.(notebook, [...new Set(gone)]);
    return await notebook.run({
      ...chosen, jobs: options.jobs, failFast: options.failFast, signal: options.signal, emit: options.emit,
      fork: { parent: run.id, edits: words, effects: options.effects === true, reaches: reach.reaches, taken: reach.taken, preferred: reach.preferred, before: reach.before },
    });
  } finally {
    await replay.close();
  }
}

/** A replica would have today's text in place of a lost one. */
function refuseLost(run: RunRecord, blobs: SizedBlobs): void {
  const lost = Object.entries(run.texts).filter(([, hash]) => !blobs.has(hash)).map(([path]) => path);
  if (lost.length > 0) throw new TelarError('input-gone', `Run ${run.id} cannot be forked: the text of ${lost.join(', ')} as it had it is lost. \`telar fsck\` reads the whole store.`, { run: run.id, files: lost });
}

/** A past run's inputs, as far as a graph still asks for them. */
function openInputs(inputs: RunRecord['inputs'], graph: Graph): Settings {
  return Object.fromEntries(Object.entries(inputs).filter(([path]) => {
    const node = graph.node(path);
    return node?.description.kind === 'input' && node.ports.every((port) => port.name !== 'given');
  }));
}

/** The texts that edits change, by path. The graph of the edited root tells which notebook a nested node is of. */
async function editedTexts(ports: ReplayPorts, run: RunRecord, graph: Graph, bodies: Readonly<Record<string, string>>, text: string | undefined): Promise<Map<string, string>> {
  const texts = new Map<string, string>(text === undefined ? [] : [[run.file, text]]);
  const paths = Object.keys(bodies);
  if (paths.length === 0) return texts;
  const now = text === undefined ? graph : (await openPast(ports, run, texts)).graph;
  for (const path of paths) {
    const node = now.node(path);
    if (node === undefined) throw noNode('--body', path, now);
    const { file } = node.scope.document;
    const changed = texts.get(file);
    const document: Document = changed === undefined ? node.scope.document : parseDocument(changed, file);
    texts.set(file, applyChanges(document.text, applyEdit(document, { type: 'setBody', id: node.id, body: bodies[path] as string })));
  }
  return texts;
}
