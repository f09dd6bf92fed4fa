/**
 * A process that writes to a store while all that it does to the folder of blobs is recorded: each creation, write, sync, rename and removal,
 * with a copy of the database at each commit, and each acknowledgement. Not a test.
 *
 *     node recorded-child.ts FOLDER OUT
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join, relative } from 'node:path';
import type { Row } from '../../runtime/checkpoints/store.ts';

/** One thing that was done. Paths are relative to `.telar/blobs`, which is the empty path. */
export type Recorded =
  | { readonly op: 'mkdir' | 'create' | 'sync' | 'remove'; readonly path: string }
  | { readonly op: 'write'; readonly path: string; readonly data: string }
  | { readonly op: 'rename'; readonly path: string; readonly to: string }
  | { readonly op: 'database'; readonly copy: number }
  | { readonly op: 'acknowledged'; readonly row: Row };

const [folder, out] = process.argv.slice(2) as [string, string];
const root = join(folder, '.telar', 'blobs');
const log: Recorded[] = [];
const real = { ...fs };
const opened = new Map<number, string>();
/** Within the recorded folder; elsewhere `undefined`. */
const within = (path: unknown): string | undefined => (typeof path === 'string' && (path === root || path.startsWith(`${root}/`)) ? relative(root, path) : undefined);

Object.assign(fs, {
  mkdirSync(path: string, options?: fs.MakeDirectoryOptions) {
    const made = real.mkdirSync(path, options);
    const inside = within(path);
    if (inside !== undefined && inside !== '' && (options?.recursive !== true || made !== undefined)) log.push({ op: 'mkdir', path: inside });
    return made;
  },
  openSync(path: string, flags: string, mode?: number) {
    const descriptor = real.openSync(path, flags, mode);
    const inside = within(path);
    if (inside !== undefined) {
      opened.set(descriptor, inside);
      if (flags.includes('w')) log.push({ op: 'create', path: inside });
    }
    return descriptor;
  },
  writeSync(descriptor: number, bytes: Uint8Array, at: number, length: number) {
    const count = real.writeSync(descriptor, bytes, at, length);
    const path = opened.get(descriptor);
    if (path !== undefined) log.push({ op: 'write', path, data: Buffer.from(bytes.subarray(at, at + count)).toString('base64') });
    return count;
  },
  fsyncSync(descriptor: number) {
    real.fsyncSync(descriptor);
    const path = opened.get(descriptor);
    if (path !== undefined) log.push({ op: 'sync', path });
  },
  closeSync(descriptor: number) {
    opened.delete(descriptor);
    real.closeSync(descriptor);
  },
  renameSync(from: string, to: string) {
    real.renameSync(from, to);
    const [path, target] = [within(from), within(to)];
    if (target === undefined) return;
    if (path !== undefined) { log.push({ op: 'rename', path, to: target }); return; }
    // From elsewhere: its bytes may not have come to rest.
    log.push({ op: 'create', path: target }, { op: 'write', path: target, data: real.readFileSync(to).toString('base64') });
  },
  rmSync(path: string, options?: fs.RmOptions) {
    const inside = within(path);
    if (inside !== undefined && real.existsSync(path)) log.push({ op: 'remove', path: inside });
    real.rmSync(path, options);
  },
});
syncBuiltinESMExports();

const { openStore } = await import('../../runtime/checkpoints/sqlite.node.ts');
const { sha256 } = await import('../../runtime/adapters/hash.node.ts');
const { armFault } = await import('../../runtime/faults.ts');
const { rowOf, runOf, stepOf } = await import('../suites/store.ts');

let copies = 0;
function copyDatabase(): void {
  const to = join(out, String(copies));
  real.mkdirSync(to);
  for (const name of ['telar.db', 'telar.db-wal']) if (real.existsSync(join(folder, '.telar', name))) real.copyFileSync(join(folder, '.telar', name), join(to, name));
  log.push({ op: 'database', copy: copies });
  copies += 1;
}

const store = openStore(folder);
copyDatabase();
armFault('committed', copyDatabase);
store.openRun(runOf('r'));
const keep = async (row: Row): Promise<void> => {
  store.addStep(stepOf('r', row.key, { key: row.key, row: row.id }));
  const { row: kept } = await store.addRow(row);
  log.push({ op: 'acknowledged', row: kept });
};
for (let round = 0; round < 3; round += 1) {
  await keep(rowOf(store, sha256, `large${round}`, { value: `large ${round} `.padEnd(70_000 + round, 'x'), again: 'shared '.padEnd(90_000, 's') }));
  await keep(rowOf(store, sha256, `small${round}`, { value: `small ${round}` }));
  await Promise.all([0, 1].map((each) => keep(rowOf(store, sha256, `both${round}.${each}`, { value: `both ${round} ${each} `.padEnd(66_000, 'b') }))));
  // A file that an engine made, which the store takes over.
  const made = join(out, `made-${round}`);
  real.writeFileSync(made, `adopted ${round} `.padEnd(80_000, 'a'));
  const hash = store.blobs.adopt(made);
  const row = rowOf(store, sha256, `adopted${round}`, {});
  await keep({ ...row, outputs: { value: { ref: { form: 'text', hash, bytes: 80_000 }, summary: { type: 'text', preview: '' } } } });
}
await store.closeRun('r', 'ok', '2026-01-01T00:00:00.000Z');
real.writeFileSync(join(out, 'log.json'), JSON.stringify(log));
// No orderly end: a checkpoint of the write-ahead log is not what is looked at here.
process.kill(process.pid, 'SIGKILL');
