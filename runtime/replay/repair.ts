/**
 * Repair: lost values that a recorded step can make are made again (C3). A value counts only when its hash comes out the same; what
 * else the step gives is nobody's, and goes with the next collection. Steps that look at the world or change it are left alone.
 */
import { TelarError } from '../../contracts/errors.ts';
import { valuesOf, type RunRecord } from '../checkpoints/store.ts';
import { textsOf } from '../texts.ts';
import { redoStep } from './redo.ts';
import { openReplay } from './replay.ts';
import type { ReplayPorts } from './replica.ts';

/** How to do it. */
interface RepairOptions { readonly signal: AbortSignal; progress?(text: string): void }

/**
 * Makes lost values again.
 * @param lost hashes of blobs that are not there
 * @returns those that are there now
 * @throws TelarError `cancelled`, `disk-full`, `read-only`
 */
export async function repairValues(ports: ReplayPorts, lost: readonly string[], options: RepairOptions): Promise<readonly string[]> {
  const { store } = ports;
  const still = (): ReadonlySet<string> => new Set(lost.filter((hash) => !store.blobs.has(hash)));
  const runs = store.runs();
  for (const run of runs) if (still().size > 0) takeTexts(ports, run, still());
  for (const run of runs) {
    if (still().size === 0) break;
    const paths = makersIn(ports, run, still());
    if (paths.size > 0) await redo(ports, run, paths, still, options);
  }
  await store.flush();
  const left = still();
  return lost.filter((hash) => !left.has(hash));
}

/** The texts of a run that stand in the workspace as they were. */
function takeTexts({ files, sha256, store }: ReplayPorts, run: RunRecord, lost: ReadonlySet<string>): void {
  for (const [path, hash] of Object.entries(textsOf(run.texts))) {
    if (!lost.has(hash) || files.stat(path)?.kind !== 'file') continue;
    const bytes = files.read(path);
    if (sha256(bytes) === hash) store.blobs.put(bytes);
  }
}

/** Paths of the steps that gave lost values. A manifest that is lost itself hides its columns, which come back with it. */
function makersIn({ store }: ReplayPorts, run: RunRecord, lost: ReadonlySet<string>): Set<string> {
  const textOf = (hash: string): string | undefined => {
    const bytes = store.blobs.get(hash);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  };
  return new Set(store.steps(run.id).filter(({ row: id }) => {
    const row = id === undefined ? undefined : store.row(id);
    return row !== undefined && (row.effect === 'pure' || row.effect === 'seeded') && valuesOf(row, textOf).some((hash) => lost.has(hash));
  }).map((step) => step.node));
}

/** Does steps again in the order of the plan, so that those before give what those after are given. */
async function redo(ports: ReplayPorts, run: RunRecord, paths: ReadonlySet<string>, still: () => ReadonlySet<string>, { signal, progress }: RepairOptions): Promise<void> {
  let replay;
  try {
    replay = await openReplay(ports, run.id);
  } catch (error) {
    return passOver(error, signal);
  }
  try {
    for (const path of replay.steps.keys()) {
      if (!paths.has(path) || still().size === 0) continue;
      progress?.(`${run.id} ${path}`);
      await redoStep(replay, path, { signal, blobs: ports.store.blobs }).catch((error: unknown) => passOver(error, signal));
    }
  } finally {
    await replay.close();
  }
}

/** A step that cannot be done again leaves its values lost, and they are told; what stands in the way of all is thrown. */
function passOver(error: unknown, signal: AbortSignal): void {
  const { code } = TelarError.from(error);
  if (signal.aborted || code === 'disk-full' || code === 'read-only' || code === 'internal') throw error;
}
