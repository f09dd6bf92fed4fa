/**
 * C2 all that a crash of the machine may leave. What a store did to its files is recorded; for each prefix of that, the states are built that a
 * disk may show after the power went: bytes that were not synced lost or torn, names that were not synced lost or kept, one by one. On each the store
 * opens, and what was acknowledged before is there. The database is SQLite's own care: it counts as of each commit, and as of one half written.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { openStore } from '../../runtime/checkpoints/sqlite.node.ts';
import type { Row } from '../../runtime/checkpoints/store.ts';
import { MANY } from './workload.ts';
import type { Recorded } from './recorded-child.ts';

let home: string;
let out: string;
let log: readonly Recorded[];
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'telar-recorded-'));
  out = join(home, 'out');
  for (const folder of [out, join(home, 'work')]) mkdirSync(folder);
  const child = spawnSync(process.execPath, [join(import.meta.dirname, 'recorded-child.ts'), join(home, 'work'), out], { encoding: 'utf8' });
  expect([child.signal, child.stderr]).toEqual(['SIGKILL', '']);
  log = JSON.parse(readFileSync(join(out, 'log.json'), 'utf8')) as Recorded[];
});
afterAll(() => { rmSync(home, { recursive: true, force: true }); });

/** A file, apart from its names. */
interface Inode { bytes: Buffer; synced: Buffer }
/** A change of names, and whether its folder has been synced since. */
interface Naming { readonly op: 'mkdir' | 'create' | 'remove' | 'rename'; readonly path: string; readonly to: string; readonly inode: Inode | undefined; durable: boolean }

/** What a disk knows after a prefix. */
interface Disk { readonly namings: readonly Naming[]; readonly database: number; readonly acknowledged: readonly Row[] }

function after(prefix: readonly Recorded[]): Disk {
  const namings: Naming[] = [];
  const names = new Map<string, Inode>();
  const acknowledged: Row[] = [];
  let database = 0;
  const name = (op: Naming['op'], path: string, to: string, inode?: Inode): void => { namings.push({ op, path, to, inode, durable: false }); };
  for (const entry of prefix) {
    switch (entry.op) {
      case 'mkdir': name('mkdir', entry.path, entry.path); break;
      case 'create': {
        const inode = { bytes: Buffer.alloc(0), synced: Buffer.alloc(0) };
        names.set(entry.path, inode);
        name('create', entry.path, entry.path, inode);
        break;
      }
      case 'write': {
        const inode = names.get(entry.path)!;
        inode.bytes = Buffer.concat([inode.bytes, Buffer.from(entry.data, 'base64')]);
        break;
      }
      case 'sync': {
        const inode = names.get(entry.path);
        if (inode !== undefined) inode.synced = inode.bytes;
        else for (const naming of namings) if (folderOf(naming.to) === entry.path) naming.durable = true;
        break;
      }
      case 'rename': {
        const inode = names.get(entry.path)!;
        names.delete(entry.path);
        names.set(entry.to, inode);
        name('rename', entry.path, entry.to, inode);
        break;
      }
      case 'remove': names.delete(entry.path); name('remove', entry.path, entry.path); break;
      case 'database': database = entry.copy; break;
      case 'acknowledged': acknowledged.push(entry.row); break;
    }
  }
  return { namings, database, acknowledged };
}

const folderOf = (path: string): string => (dirname(path) === '.' ? '' : dirname(path));

/** Bytes that were not synced: gone, there, or half of them there. */
const CONTENTS: readonly ((inode: Inode) => Buffer)[] = [
  ({ synced }) => synced,
  ({ bytes }) => bytes,
  ({ bytes, synced }) => (bytes === synced ? bytes : Buffer.concat([bytes.subarray(0, bytes.length >> 1), Buffer.alloc(bytes.length - (bytes.length >> 1))])),
];

/** The files of each state that is legal after a prefix. */
function* states({ namings }: Disk): Generator<ReadonlyMap<string, Buffer | undefined>> {
  const pending = namings.filter(({ durable }) => !durable);
  const keeps: ((naming: Naming) => boolean)[] = [() => true, () => false, ...pending.flatMap((one) => [(naming: Naming) => naming !== one, (naming: Naming) => naming === one])];
  for (const keep of keeps) {
    const files = new Map<string, Inode | undefined>();
    for (const naming of namings) {
      if (!naming.durable && !keep(naming)) continue;
      if (folderOf(naming.to) !== '' && !files.has(folderOf(naming.to))) continue; // its folder was lost
      if (naming.op === 'rename' || naming.op === 'remove') files.delete(naming.path);
      if (naming.op !== 'remove') files.set(naming.to, naming.inode);
    }
    for (const content of CONTENTS) yield new Map([...files].map(([path, inode]) => [path, inode && content(inode)]));
  }
}

/** Lays a state down and opens it: what was acknowledged is there, and every row that is there has its values. */
async function expectSound(files: ReadonlyMap<string, Buffer | undefined>, copy: number, acknowledged: readonly Row[], tail?: Buffer): Promise<void> {
  const root = mkdtempSync(join(home, 'state-'));
  cpSync(join(out, String(copy)), join(root, '.telar'), { recursive: true });
  if (tail !== undefined) writeFileSync(join(root, '.telar', 'telar.db-wal'), tail);
  for (const [path, bytes] of [['', undefined] as const, ...files]) {
    const to = join(root, '.telar', 'blobs', path);
    if (bytes === undefined) mkdirSync(to, { recursive: true });
    else writeFileSync(to, bytes);
  }
  const damage: unknown[] = [];
  const store = openStore(root, { onDamage: (found) => { damage.push(found); } });
  for (const row of acknowledged) expect(store.rows(row.key)).toEqual([row]);
  for (const row of log.flatMap((entry) => (entry.op === 'acknowledged' ? store.rows(entry.row.key) : []))) {
    expect(store.holds(row)).toBe(true);
    for (const { ref } of Object.values(row.outputs)) expect(sha256(store.blobs.get(ref!.hash)!)).toBe(ref!.hash);
  }
  expect(damage).toEqual([]);
  await store.close();
  rmSync(root, { recursive: true });
}

describe('C2 a recorded file system', { timeout: 300_000 }, () => {
  test('C2 the record is of the real thing: files synced before they are named, folders before the commit', () => {
    const count = (op: Recorded['op']): number => log.filter((entry) => entry.op === op).length;
    expect({ large: count('rename'), acknowledged: count('acknowledged') }).toEqual({ large: expect.any(Number), acknowledged: 15 });
    expect(count('rename')).toBeGreaterThanOrEqual(13);
    expect(count('sync')).toBeGreaterThan(count('rename'));
    expect(count('database')).toBeGreaterThan(10);
  });

  test('C2 in each state that a crash may leave the store opens, and has what was acknowledged', async () => {
    const seen = new Set<string>();
    for (let length = 0; length <= log.length; length += 1) {
      const disk = after(log.slice(0, length));
      for (const files of states(disk)) {
        const digest = createHash('sha256').update(`${disk.database} ${disk.acknowledged.length}`);
        for (const [path, bytes] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) digest.update(`\n${path} `).update(bytes ?? '/');
        const state = digest.digest('hex');
        if (seen.has(state)) continue;
        seen.add(state);
        await expectSound(files, disk.database, disk.acknowledged);
      }
    }
    expect(seen.size).toBeGreaterThan(150);
  });

  test('C2 a commit half written: those before it are there, and it is there whole or not at all', async () => {
    let cuts = 0;
    for (let length = 1; length <= log.length; length += 1) {
      const entry = log[length - 1]!;
      if (entry.op !== 'database' || entry.copy === 0) continue;
      const wal = join(out, String(entry.copy), 'telar.db-wal');
      const earlier = join(out, String(entry.copy - 1), 'telar.db-wal');
      if (!existsSync(wal) || !readFileSync(join(out, String(entry.copy), 'telar.db')).equals(readFileSync(join(out, String(entry.copy - 1), 'telar.db')))) continue;
      const bytes = readFileSync(wal);
      const from = existsSync(earlier) ? readFileSync(earlier).length : 0;
      const disk = after(log.slice(0, length - 1));
      const files = [...states(disk)][1]!;
      for (let cut = from; cut < bytes.length; cut += 512 * (MANY > 1 ? 1 : 7)) {
        const torn = Buffer.concat([bytes.subarray(0, cut), Buffer.alloc(cut % 3 === 0 ? 0 : 700, 0xa5)]);
        await expectSound(files, entry.copy - 1, disk.acknowledged, torn);
        cuts += 1;
      }
    }
    expect(cuts).toBeGreaterThan(20);
  });
});
