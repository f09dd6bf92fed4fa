/**
 * Taking a checked bundle as a run of this workspace. Its results get keys of their own, `imported/…`, so look-up never finds them:
 * a notebook here never reuses what nobody here has computed. Its run can be shown, compared, verified, forked and bundled again.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { RunRecord, Store } from '../checkpoints/store.ts';
import { fault } from '../faults.ts';
import type { Sha256 } from '../ports.ts';
import { describeRun } from './collect.ts';
import { forged, type Manifest } from './format.ts';
import { importedRow } from './named.ts';

/** Parents of parents that are followed; a fork of forks beyond them is not looked at. */
const MOST_PARENTS = 10_000;

/**
 * Whether the run is here already.
 * @param places as for `describeRun`
 * @throws TelarError `refused` when a run of that name is here and is another one; `forged` when its forks would go round
 */
export function isHere(manifest: Manifest, store: Store, sha256: Sha256, places: readonly string[]): boolean {
  const { run, steps, rows, logs } = manifest;
  const known = store.run(run.id);
  if (known !== undefined) {
    if (described(known, store, sha256, places) === JSON.stringify({ run, steps, rows, logs })) return true;
    throw new TelarError('refused', `There is a run ${run.id} in this workspace, and it is not the one in the bundle. Nothing was imported; import it into another workspace.`, { run: run.id });
  }
  let parent = run.parent;
  for (let count = 0; parent !== undefined && count < MOST_PARENTS; count += 1) {
    parent = store.run(parent)?.parent;
    if (parent === run.id) throw forged('the run', 'would be a fork of its own fork.');
  }
  return false;
}

/** What the store knows of a run, as text; `undefined` when results of it are gone. */
function described(run: RunRecord, store: Store, sha256: Sha256, places: readonly string[]): string | undefined {
  try {
    const { leftOut: _, ...here } = describeRun(run, { store, sha256, places });
    return JSON.stringify(here);
  } catch (error) {
    if (TelarError.from(error).code === 'value-missing') return undefined;
    throw error;
  }
}

/** Keeps the run; its blobs have been put. @param name of the bundle's file @throws as `Store.importRun` */
export async function importBundle(manifest: Manifest, name: string, store: Store, sha256: Sha256): Promise<RunRecord> {
  const rows = new Map(manifest.rows.map((row) => [row.id, importedRow(row, sha256)]));
  const run: RunRecord = { ...manifest.run, bundle: name };
  fault('bundle-importing');
  await store.importRun(run, {
    rows: [...rows.values()], logs: manifest.logs,
    steps: manifest.steps.map((step) => (step.row === undefined ? step : { ...step, row: (rows.get(step.row) as { id: string }).id })),
  });
  return run;
}
