/**
 * Renewing what is not here: pickled objects, which no bundle brings (C7), and values that were lost (C3). The step that made one is done again before those
 * who read it, into the replica's own results, which nobody keeps. One that comes out otherwise helps nobody; its readers then say
 * what they lack.
 */
import { TelarError } from '../../contracts/errors.ts';
import { holdsRow } from '../checkpoints/store.ts';
import { effectOf } from '../scheduler/effects.ts';
import { redoStep } from './redo.ts';
import type { Replay } from './replay.ts';

/** Makes the missing values of a run. @throws TelarError as `redoStep`, but for what only stands in the way of one step */
export async function renewMissing(replay: Replay, signal: AbortSignal): Promise<void> {
  for (const path of replay.steps.keys()) {
    if (!lacks(replay, path)) continue;
    try {
      await redoStep(replay, path, { signal });
    } catch (error) {
      if (!['input-gone', 'unavailable'].includes(TelarError.from(error).code)) throw error;
    }
  }
}

/** Whether a step, one that neither reads nor changes the world, gave a value that is not here. */
function lacks({ row, node: nodeOf, results, steps }: Replay, path: string): boolean {
  const node = nodeOf(path);
  if (node === undefined || steps.get(path)?.components?.kind === 'gather' || !['pure', 'seeded'].includes(effectOf(node))) return false;
  const kept = row(path);
  return kept !== undefined && !holdsRow(results, { ...kept, displays: [] });
}
