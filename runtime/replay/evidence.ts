/** Evidence (C5): a result that contradicts a kept row stays beside it, with its values, under the row's own identity. */
import { columnsOf, type Row } from '../checkpoints/store.ts';
import type { Redone } from './redo.ts';
import type { Replay } from './replay.ts';

/**
 * Keeps what a step gave now. A step that gave nothing leaves nothing. Nor does one whose row has lost a value: a row without its
 * values gives way to another, and what was made under a clock that is off must not take its place.
 * @throws TelarError as `addRow`
 */
export async function keepEvidence({ store, results, run }: Replay, row: Row, { outputs, logs, ms }: Redone): Promise<void> {
  if (!store.holds(row)) return;
  const kept = Object.entries(outputs).filter(([, value]) => value.ref?.form !== 'live');
  if (!kept.some(([name, { ref }]) => ref !== undefined && row.outputs[name]?.ref !== undefined && row.outputs[name].ref.hash !== ref.hash)) return;
  for (const [, { ref }] of kept) {
    if (ref === undefined) continue;
    const columns = ref.form === 'table' ? columnsOf(new TextDecoder().decode(results.get(ref.hash))) : [];
    for (const hash of [ref.hash, ...columns]) {
      const bytes = store.blobs.has(hash) ? undefined : results.get(hash);
      if (bytes !== undefined) store.blobs.put(bytes);
    }
  }
  await store.addRow({ ...row, outputs: Object.fromEntries(kept), displays: [], logs, ms, producedBy: run.id });
}
