/**
 * Redoing one recorded step on its recorded inputs, so that one difference does not cascade (C4): what reached each port stands in
 * the record's components, and is the same whether the step is a node's or an element's. No row is written.
 */
import { TelarError, type ErrorJSON } from '../../contracts/errors.ts';
import type { ObservedRead, OutputValue, StepInput } from '../../contracts/node.ts';
import type { TableManifest, ValueForm, ValueRef } from '../../contracts/values.ts';
import type { LogEntry, Row, SizedBlobs, StepRecord } from '../checkpoints/store.ts';
import { NOTHING } from '../graph/fingerprint.ts';
import type { GraphNode } from '../graph/node.ts';
import type { Plan } from '../graph/plan.ts';
import type { World } from '../ports.ts';
import type { RunHost } from '../scheduler/host.ts';
import { effectOf } from '../scheduler/effects.ts';
import { programOf } from '../scheduler/make-step.ts';
import { performStep } from '../scheduler/perform.ts';
import type { Replay } from './replay.ts';

/** How to do it. */
export interface RedoOptions {
  /** What the step is shown instead of the real clock and chance. */
  readonly world?: World;
  readonly signal?: AbortSignal;
  /** Where its values go; unless said, where nobody keeps them. A repair gives the store's own. */
  readonly blobs?: SizedBlobs;
  progress?(text: string): void;
}

/** What it gave. A step that failed has an error, and a red check has an error and outputs. */
export interface Redone {
  readonly outputs: Readonly<Record<string, OutputValue>>;
  readonly reads: readonly ObservedRead[];
  readonly readsDigest: string;
  readonly logs: readonly LogEntry[];
  readonly error?: ErrorJSON;
  /** Milliseconds of the work. */
  readonly ms: number;
}

/**
 * Does a step again.
 * @throws TelarError `input-gone` when a value or file that it was given is lost; `unavailable` when an engine is missing here;
 *   `cancelled`; `usage` for a step that left no row; `refused` for one that meets the world, whatever its record says
 */
export async function redoStep(replay: Replay, path: string, { world, signal = new AbortController().signal, blobs = replay.results, progress }: RedoOptions = {}): Promise<Redone> {
  const { step, row, node } = recorded(replay, path);
  if (['observe', 'effect'].includes(effectOf(node))) throw new TelarError('refused', `\`${path}\` meets the world, so it is not done again.`, { node: path });
  const gone = replay.gone(path);
  if (gone.length > 0) throw new TelarError('input-gone', `\`${path}\` read ${gone.join(', ')}, which is not kept as it was then. Put the file back as it was, and verify again.`, { node: path, files: gone });
  const fixed = row.reads.find((read) => /^(?:[\\/]|[A-Za-z]:)/.test(read.path));
  if (fixed !== undefined) throw new TelarError('input-gone', `\`${path}\` names \`${fixed.path}\` from the root of the machine, where no replica can stand for it. Name the file from the notebook's folder.`, { node: path });
  const host = hostOf(replay, path, blobs);
  const logs: LogEntry[] = [];
  const started = host.clock.now();
  try {
    const result = await performStep(node, { decision: 'run', key: step.key as string, components: step.components ?? {}, take: row.take, reason: () => '' }, {
      host, plan: planOf(replay, row), run: replay.run.id, signal, started, ...(world === undefined ? {} : { world }),
      input: (port) => inputOf(replay, path, port, blobs),
      stream: (stream, text) => { if (stream === 'progress') progress?.(text); else logs.push({ stream, text }); },
    });
    const { outputs, reads, readsDigest, ms } = result.row;
    return { outputs, reads, readsDigest, logs, ms, ...(result.error === undefined ? {} : { error: result.error }) };
  } catch (caught) {
    const error = TelarError.from(caught);
    if (error.code === 'value-missing') throw new TelarError('input-gone', `\`${path}\` was given a value that is lost: ${error.message}`, { node: path }, { cause: error });
    if (signal.aborted || ['cancelled', 'input-gone', 'unavailable', 'disk-full', 'read-only'].includes(error.code)) throw error;
    return { outputs: {}, reads: [], readsDigest: '', logs, ms: host.clock.now() - started, error: error.toJSON() };
  }
}

function recorded(replay: Replay, path: string): { step: StepRecord; row: Row; node: GraphNode } {
  const [step, row, node] = [replay.steps.get(path), replay.row(path), replay.node(path)];
  if (step === undefined || row === undefined) throw new TelarError('usage', `Run ${replay.run.id} kept no result of \`${path}\`.`, { node: path });
  if (node === undefined) throw new TelarError('usage', `This release of Telar reads the notebook of run ${replay.run.id} in another way: there is no node \`${path}\` in it.`, { node: path });
  return { step, row, node };
}

/** The notebook's own facts, with what this step was given. */
function hostOf(replay: Replay, path: string, blobs: SizedBlobs): RunHost {
  const given = replay.steps.get(path)?.components?.['input.given'];
  const value = given === undefined || given === NOTHING ? undefined : { ref: refOf(given, blobs), summary: { type: '', preview: '' } };
  return { ...replay.host, store: { ...replay.host.store, blobs }, given: () => value };
}

/** All outputs that the row keeps are handed out again, whoever read them. */
function planOf(replay: Replay, row: Row): Plan {
  const kept = Object.keys(row.outputs).filter((name) => name !== 'value' && row.outputs[name]?.ref !== undefined).sort();
  return { ...replay.plan, wanted: () => kept };
}

async function inputOf(replay: Replay, path: string, port: GraphNode['ports'][number], blobs: SizedBlobs): Promise<StepInput | undefined> {
  const component = replay.steps.get(path)?.components?.[`input.${port.name}`];
  if (component === undefined || component === NOTHING) return undefined;
  const ref = refOf(component, blobs);
  return ref.form === 'live' ? producerOf(replay, ref, port, blobs) : { ref };
}

/** A live value has no bytes: its producer comes in its place, with the inputs that it had (P8). */
async function producerOf(replay: Replay, ref: ValueRef, port: GraphNode['ports'][number], blobs: SizedBlobs): Promise<StepInput> {
  for (const path of replay.steps.keys()) {
    const row = replay.row(path);
    const output = row === undefined ? undefined : Object.keys(row.outputs).find((name) => row.outputs[name]?.ref?.hash === ref.hash);
    const node = output === undefined ? undefined : replay.node(path);
    if (row === undefined || output === undefined || node === undefined || node.inner !== undefined) continue;
    return programOf(node, output, planOf(replay, row), hostOf(replay, path, blobs), (one) => inputOf(replay, path, one, blobs));
  }
  throw new TelarError('input-gone', `What made the ${ref.live?.what ?? 'live value'} that came from \`${port.source.node.path}\` is not in the record any more.`, { node: port.source.node.path });
}

/** The value that a component of a key names. @throws TelarError `input-gone` when its bytes are lost */
function refOf(component: string, blobs: SizedBlobs): ValueRef {
  const [form, hash = '', ...rest] = component.split(':');
  const mediaType = rest.length === 0 ? {} : { mediaType: rest.join(':') };
  if (form === 'live') return { form, hash, bytes: 0, ...mediaType };
  const own = blobs.size(hash);
  const manifest = form === 'table' ? blobs.get(hash) : undefined;
  const columns = manifest === undefined ? [] : (JSON.parse(new TextDecoder().decode(manifest)) as TableManifest).columns;
  if (own === undefined || (form === 'table' && manifest === undefined) || columns.some((column) => blobs.size(column.blob) !== column.bytes)) {
    throw new TelarError('input-gone', `A value that the step was given is lost (${hash.slice(0, 12)}). \`telar fsck --repair\` computes again what it can.`, { hash });
  }
  return { form: form as ValueForm, hash, bytes: columns.reduce((sum, column) => sum + column.bytes, own), ...mediaType };
}
