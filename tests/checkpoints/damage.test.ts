import { chmodSync, cpSync, existsSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { TelarError } from '../../contracts/errors.ts';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { openStore } from '../../runtime/checkpoints/sqlite.node.ts';
import { GENERATION } from '../../runtime/checkpoints/schema.node.ts';
import type { Row } from '../../runtime/checkpoints/store.ts';
import { rowOf, runOf, stepOf } from '../suites/store.ts';
import { freshFolder, openIn } from './workbench.ts';

const hashOf = (row: Row): string => (row.outputs.value as { ref: { hash: string } }).ref.hash;
const blobFile = (folder: string, hash: string): string => join(folder, '.telar', 'blobs', hash.slice(0, 2), hash.slice(2));

/** A workspace with rows of small and large values; its store is closed. */
async function written(): Promise<{ folder: string; rows: Row[] }> {
  const folder = freshFolder();
  const { store } = openIn(folder);
  store.openRun(runOf('r'));
  const rows = Array.from({ length: 12 }, (_, index) => rowOf(store, sha256, `k${index}`, { value: `${index}`.padEnd(index === 0 ? 70_000 : 300, 'x') }));
  for (const row of rows) store.addStep(stepOf('r', row.key, { key: row.key, row: row.id }));
  await Promise.all(rows.map((row) => store.addRow(row)));
  await store.closeRun('r', 'ok', '2026-01-01T00:00:00.000Z');
  await store.close();
  return { folder, rows };
}

function change(path: string, act: (bytes: Uint8Array) => void): void {
  const bytes = Uint8Array.from(readFileSync(path));
  act(bytes);
  chmodSync(path, 0o644);
  writeFileSync(path, bytes);
}

/** Changes the database behind the store's back. */
function meddle(folder: string, sql: string): void {
  const database = new DatabaseSync(join(folder, '.telar', 'telar.db'));
  database.exec(sql);
  database.close();
}

describe('C3 what is damaged is found and never served', () => {
  test('C3 one flipped bit anywhere in a blob file: set aside, reported, and kept again when computed again', async () => {
    const { folder, rows } = await written();
    const hash = hashOf(rows[0] as Row);
    const good = Uint8Array.from(readFileSync(blobFile(folder, hash)));
    for (const at of [0, 1, 35_000, good.length - 1]) {
      change(blobFile(folder, hash), (bytes) => { bytes[at] = (bytes[at] as number) ^ 4; });
      const { store, damage } = openIn(folder);
      if (at === 1) expect(store.blobs.path(hash)).toBeUndefined();
      expect(store.blobs.get(hash)).toBeUndefined();
      expect(store.holds(rows[0] as Row)).toBe(false);
      expect(damage).toEqual([expect.objectContaining({ what: 'blob', id: hash, path: join(folder, '.telar', 'damaged', hash) })]);
      expect(existsSync(blobFile(folder, hash))).toBe(false);
      expect(store.blobs.put(good)).toBe(hash);
      expect(store.blobs.get(hash)).toEqual(good);
      expect(store.holds(rows[0] as Row)).toBe(true);
      await store.close();
    }
  });

  test('C3 a damaged blob file of the right size is not trusted by putting the same bytes', async () => {
    const { folder, rows } = await written();
    const hash = hashOf(rows[0] as Row);
    const good = Uint8Array.from(readFileSync(blobFile(folder, hash)));
    change(blobFile(folder, hash), (bytes) => { bytes[9] = 0; });
    const { store } = openIn(folder);
    expect(store.blobs.put(good)).toBe(hash);
    expect(store.blobs.get(hash)).toEqual(good);
  });

  test('C3 a blob file cut short is not whole', async () => {
    const { folder, rows } = await written();
    const hash = hashOf(rows[0] as Row);
    chmodSync(blobFile(folder, hash), 0o644);
    truncateSync(blobFile(folder, hash), 512);
    const { store } = openIn(folder);
    expect(store.holds(rows[0] as Row)).toBe(false);
    expect(store.blobs.get(hash)).toBeUndefined();
  });

  test('C3 a flipped bit in a small value', async () => {
    const { folder, rows } = await written();
    const row = rows[3] as Row;
    meddle(folder, `update small set bytes = cast('Y' || substr(cast(bytes as text), 2) as blob) where hash = '${hashOf(row)}'`);
    const { store, damage } = openIn(folder);
    expect(store.blobs.get(hashOf(row))).toBeUndefined();
    expect(damage.map(({ what, id }) => [what, id])).toEqual([['blob', hashOf(row)]]);
    expect(store.holds(row)).toBe(false);
    const again = rowOf(store, sha256, row.key, { value: '3'.padEnd(300, 'x') });
    await store.addRow(again);
    await store.close();
    const later = openIn(folder);
    expect(later.store.holds(later.store.rows(row.key)[0] as Row)).toBe(true);
    expect(new TextDecoder().decode(later.store.blobs.get(hashOf(row)))).toBe('3'.padEnd(300, 'x'));
    expect(later.damage).toEqual([]);
  });

  test('C3 a flipped bit in a row: it is not told, and a new result takes its place', async () => {
    const { folder, rows } = await written();
    const row = rows[5] as Row;
    meddle(folder, `update rows set body = replace(body, '"ms":1', '"ms":3') where id = x'${row.id}'`);
    const { store, damage } = openIn(folder);
    expect(store.rows(row.key)).toEqual([]);
    expect(store.row(row.id)).toBeUndefined();
    expect(damage[0]?.what).toBe('row');
    expect(await store.addRow(row)).toEqual({ row, evidence: false });
    await store.flush();
    expect(openIn(folder).store.rows(row.key)).toEqual([row]);
  });

  test('C3 flipped bits in steps, runs and caches are left out', async () => {
    const { folder } = await written();
    meddle(folder, `update steps set body = replace(body, 'fresh', 'fresk') where node = 'k3'; update runs set body = replace(body, 'ok', 'ko')`);
    const { store, damage } = openIn(folder);
    expect(store.steps('r').map((step) => step.node)).not.toContain('k3');
    expect(store.steps('r').length).toBe(11);
    expect(store.lastStep('a.telar.md', 'k3')).toBeUndefined();
    expect(store.run('r')).toBeUndefined();
    expect(damage.length).toBeGreaterThan(0);
  });

  test('C3 a row whose id is damaged in the table or in an index: a new result takes its place for good', async () => {
    const { folder, rows } = await written();
    const row = rows[5] as Row;
    const path = join(folder, '.telar', 'telar.db');
    const whole = readFileSync(path);
    let places = 0;
    for (let at = whole.indexOf(row.id, 0, 'hex'); at >= 0; at = whole.indexOf(row.id, at + 1, 'hex'), places++) {
      const copy = freshFolder();
      cpSync(join(folder, '.telar'), join(copy, '.telar'), { recursive: true });
      change(join(copy, '.telar', 'telar.db'), (bytes) => { bytes[at + 7] = (bytes[at + 7] as number) ^ 16; });
      for (let turn = 0; turn < 2; turn++) {
        const { store } = openIn(copy);
        await store.addRow(rowOf(store, sha256, row.key, { value: '5'.padEnd(300, 'x') }));
        await store.close();
      }
      const { store, damage } = openIn(copy);
      // Where the index had lost it, it is there twice.
      expect(store.rows(row.key)[0]).toEqual(row);
      for (const each of store.rows(row.key)) expect(each).toEqual(row);
      expect(store.row(row.id)).toEqual(row);
      expect(damage).toEqual([]);
    }
    expect(places).toBeGreaterThanOrEqual(2);
  });

  /** Whatever a damaged database still tells is what was written; and the store can be written again. */
  async function expectHonest(folder: string, rows: readonly Row[]): Promise<void> {
    let store;
    try {
      ({ store } = openIn(folder));
    } catch (error) {
      expect(error).toBeInstanceOf(TelarError);
      return;
    }
    for (const row of rows) {
      const found = store.rows(row.key);
      expect([[], [row]]).toContainEqual(found);
      const bytes = store.blobs.get(hashOf(row));
      if (bytes !== undefined) expect(sha256(bytes)).toBe(hashOf(row));
    }
    const row = rowOf(store, sha256, 'new', { value: 'new' });
    await store.addRow(row);
    expect(store.rows('new')).toEqual([row]);
    await store.close();
  }

  test('B41 the database cut at any 512 bytes', { timeout: 60_000 }, async () => {
    const { folder, rows } = await written();
    const whole = readFileSync(join(folder, '.telar', 'telar.db'));
    for (let at = 0; at < whole.length; at += 512) {
      const copy = freshFolder();
      cpSync(join(folder, '.telar'), join(copy, '.telar'), { recursive: true });
      truncateSync(join(copy, '.telar', 'telar.db'), at);
      await expectHonest(copy, rows);
      rmSync(copy, { recursive: true });
    }
  });

  test('B41 one flipped bit in the database', { timeout: 60_000 }, async () => {
    const { folder, rows } = await written();
    const whole = Uint8Array.from(readFileSync(join(folder, '.telar', 'telar.db')));
    for (let at = 0; at < whole.length; at += at < 100 ? 1 : 389) {
      const copy = freshFolder();
      cpSync(join(folder, '.telar'), join(copy, '.telar'), { recursive: true });
      change(join(copy, '.telar', 'telar.db'), (bytes) => { bytes[at] = (bytes[at] as number) ^ (1 << (at % 8)); });
      await expectHonest(copy, rows);
      rmSync(copy, { recursive: true });
    }
  });

  test('C3 a database that turns out damaged while it is open is replaced, and the open run goes on', async () => {
    const { folder, rows } = await written();
    const { store, damage } = openIn(folder);
    change(join(folder, '.telar', 'telar.db'), (bytes) => bytes.fill(0x5a, 1024));
    store.openRun(runOf('r2'));
    expect(store.rows((rows[2] as Row).key)).toEqual([]);
    expect(damage).toEqual([expect.objectContaining({ what: 'database', path: join(folder, '.telar', 'telar.db.damaged-1') })]);
    const row = rowOf(store, sha256, 'k2', { value: 'again' });
    store.addStep(stepOf('r2', 'n', { key: row.key, row: row.id }));
    await store.addRow(row);
    await store.closeRun('r2', 'ok', '2026-01-01T00:00:00.000Z');
    await store.close();
    const later = openIn(folder).store;
    expect(later.rows('k2')).toEqual([row]);
    expect([later.run('r2')?.status, later.steps('r2').length]).toEqual(['ok', 1]);
    expect(later.blobs.has(hashOf(rows[0] as Row))).toBe(true);
  });

  test('C3 of two that find a database damaged one replaces it, and the other takes the new one', async () => {
    const { folder, rows } = await written();
    const [one, other] = [openIn(folder), openIn(folder)];
    change(join(folder, '.telar', 'telar.db'), (bytes) => bytes.fill(0x5a, 1024));
    const { key } = rows[2] as Row;
    expect(one.store.rows(key)).toEqual([]);
    const row = rowOf(one.store, sha256, 'kept since', { value: 'again' });
    await one.store.addRow(row);
    expect(other.store.rows(key)).toEqual([]);
    expect(other.store.rows('kept since')).toEqual([row]);
    expect([one.damage.length, other.damage.length]).toEqual([1, 0]);
  });

  test('C3 a file that is no database is moved aside with its name told, the blobs remain', async () => {
    const { folder, rows } = await written();
    writeFileSync(join(folder, '.telar', 'telar.db'), 'not a database, but long enough to look at '.repeat(99));
    const { store, damage } = openIn(folder);
    expect(damage).toEqual([expect.objectContaining({ what: 'database', path: join(folder, '.telar', 'telar.db.damaged-1') })]);
    expect(store.rows('k0')).toEqual([]);
    expect(store.blobs.has(hashOf(rows[0] as Row))).toBe(true);
    await store.addRow(rowOf(store, sha256, 'k0', { value: 'new' }));
    expect(readdirSync(join(folder, '.telar')).filter((name) => name.includes('damaged'))).toEqual(['telar.db.damaged-1']);
  });
});

describe('C9 generations', () => {
  test('C9 a store of a newer generation is refused and left as it is', async () => {
    const { folder } = await written();
    meddle(folder, `update meta set value = ${GENERATION + 1} where name = 'generation'; pragma user_version = ${GENERATION + 1}`);
    expect(() => openStore(folder)).toThrow(expect.objectContaining({ code: 'newer-generation' }));
    expect(readdirSync(join(folder, '.telar')).filter((name) => name.includes('damaged'))).toEqual([]);
  });

  test('C9 a new store says its generation, with the date of each migration', async () => {
    const { folder } = await written();
    const database = new DatabaseSync(join(folder, '.telar', 'telar.db'), { readOnly: true });
    expect(database.prepare("select value from meta where name = 'generation'").get()).toEqual({ value: GENERATION });
    expect(database.prepare('select generation from migrations').all().map((row) => row.generation)).toEqual(Array.from({ length: GENERATION }, (_, index) => index + 1));
    database.close();
  });

  test('C2 the store ignores itself in git', async () => {
    const { folder } = await written();
    expect(readFileSync(join(folder, '.telar', '.gitignore'), 'utf8')).toBe('*\n');
  });
});
