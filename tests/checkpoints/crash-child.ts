/**
 * A process that writes to a store until a fault point kills it, and notes each result that was acknowledged. Not a test.
 *
 *     node crash-child.ts FOLDER POINT NTH     (POINT `none`: it ends by itself, after NTH rounds)
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { openStore } from '../../runtime/checkpoints/sqlite.node.ts';
import { armFault, type FaultPoint } from '../../runtime/faults.ts';
import { rowOf, runOf, stepOf } from '../suites/store.ts';

const [folder, point, nth] = process.argv.slice(2) as [string, string, string];
const store = openStore(folder);
const rounds = point === 'none' ? Number(nth) : 40;
let passes = 0;
if (point !== 'none') armFault(point as FaultPoint, () => { if (++passes === Number(nth)) process.kill(process.pid, 'SIGKILL'); });

const run = `run-${process.pid}`;
store.openRun(runOf(run));
for (let round = 0; round < rounds; round++) {
  await Promise.all([10, 5_000, 70_000].map(async (size, index) => {
    const node = `n${round}_${index}`;
    const row = rowOf(store, sha256, `${run}-${node}`, { value: `${node} `.padEnd(size, 'x') });
    store.addStep(stepOf(run, node, { key: row.key, row: row.id }));
    const kept = await store.addRow(row);
    appendFileSync(join(folder, 'acknowledged'), `${JSON.stringify(kept.row)}\n`);
  }));
}
await store.closeRun(run, 'ok', '2026-01-01T00:00:00.000Z');
await store.close();
