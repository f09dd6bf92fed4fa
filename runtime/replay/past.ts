/**
 * The notebook of a past run, opened from its recorded texts (C1): its graph, to name nodes and outputs as they were. No engine,
 * no folder and nothing of the workspace is needed, so it opens when the notebook has changed or is gone. Not for doing steps:
 * that is a replica's part.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { NodeStatus } from '../../contracts/protocol.ts';
import type { Row, RunRecord, SizedBlobs, StepRecord, Store } from '../checkpoints/store.ts';
import type { Graph } from '../graph/graph.ts';
import { outputPorts, templatePath, type InputPort } from '../graph/node.ts';
import type { Files } from '../ports.ts';
import type { OpenNotebook } from '../notebook.ts';
import { createRuntime, type RuntimePorts } from '../runtime.ts';
import { textsOf } from '../texts.ts';

/**
 * Opens it.
 * @param edited texts in place of the run's own, by path
 * @throws TelarError `input-gone` when the notebook's own text is lost; a lost nested one is a problem of its node
 */
export function openPast(ports: RuntimePorts, run: RunRecord, edited: ReadonlyMap<string, string> = new Map()): Promise<OpenNotebook> {
  const { blobs } = ports.store;
  const encoder = new TextEncoder();
  const texts = new Map(Object.entries(textsOf(run.texts)));
  for (const [path, text] of edited) texts.set(path, blobs.put(encoder.encode(text)));
  return createRuntime({ ...ports, files: recordedTexts(run.id, texts, blobs) }).open(run.file);
}

/** The graph of a past run; `undefined` when its text is lost. */
export async function pastGraph(ports: RuntimePorts, run: RunRecord): Promise<Graph | undefined> {
  try {
    return (await openPast(ports, run)).graph;
  } catch (error) {
    if (!(error instanceof TelarError)) throw error;
    return undefined;
  }
}

/** The recorded texts as files that cannot be written. */
function recordedTexts(run: string, texts: ReadonlyMap<string, string>, blobs: SizedBlobs): Files {
  const paths = [...texts.keys()].sort();
  const below = (folder: string): string[] => {
    const start = folder === '' ? '' : `${folder}/`;
    return [...new Set(paths.filter((path) => path.startsWith(start)).map((path) => path.slice(start.length).split('/')[0] as string))];
  };
  return {
    read: (path) => {
      const hash = texts.get(path);
      if (hash === undefined) throw new TelarError('missing-file', `Run ${run} had no file ${path}.`, { file: path, run });
      const bytes = blobs.get(hash);
      if (bytes === undefined) throw new TelarError('input-gone', `The text of ${path} as run ${run} had it is lost (${hash.slice(0, 12)}). \`telar fsck\` reads the whole store.`, { file: path, run, hash });
      return bytes;
    },
    stat: (path) => {
      const hash = texts.get(path);
      if (hash !== undefined) return { kind: 'file', size: blobs.size(hash) ?? 0, stamp: hash };
      return below(path).length > 0 ? { kind: 'folder', size: 0, stamp: '' } : undefined;
    },
    list: (path) => { const names = below(path); return names.length > 0 ? names : undefined; },
    write: (path) => { throw new TelarError('refused', `${path} belongs to a past run and cannot be written.`, { file: path }); },
  };
}

/** What is known of each node of a past run, in the order in which it was recorded: as when it ran, from records and rows alone. */
export function pastNodes(store: Store, run: RunRecord, graph: Graph | undefined): Map<string, NodeStatus> {
  const steps = store.steps(run.id);
  const nodes = new Map(steps.map((step) => [step.node, pastStatus(step, step.row === undefined ? undefined : store.row(step.row))]));
  for (const [path, status] of nodes) {
    const node = graph?.node(templatePath(path));
    if (node?.inner === undefined || status.state !== 'fresh' || status.outputs !== undefined) continue;
    const outputs = outputPorts(node).flatMap((port) => {
      const value = nodes.get(innerPath(path, port))?.outputs?.[port.source.output];
      return value === undefined ? [] : [[port.name, value] as const];
    });
    nodes.set(path, { ...status, outputs: Object.fromEntries(outputs) });
  }
  return nodes;
}

/** The step that gives a boundary's output; that of an element comes from inside the same element. */
export function innerPath(boundary: string, { source }: InputPort): string {
  return boundary + source.node.path.slice(templatePath(boundary).length);
}

function pastStatus({ state, by, how, key, reason, ms, error }: StepRecord, row: Row | undefined): NodeStatus {
  return {
    state, ...(by === undefined ? {} : { by }), ...(how === undefined ? {} : { how }), ...(key === undefined ? {} : { key }),
    ...(reason === undefined ? {} : { reason }), ...(ms === undefined ? {} : { ms }), ...(row === undefined ? {} : { outputs: row.outputs }),
    ...(error === undefined ? {} : { error }), ...(row?.warnings === undefined ? {} : { warnings: row.warnings }),
    ...(how !== 'ran' || row?.usage === undefined ? {} : { usage: row.usage }),
  };
}
