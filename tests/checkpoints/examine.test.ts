import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import type { Row } from '../../runtime/checkpoints/store.ts';
import { rowOf, runOf, stepOf } from '../suites/store.ts';
import { freshFolder, openIn } from './workbench.ts';

const hashOf = (row: Row): string => (row.outputs.value as { ref: { hash: string } }).ref.hash;

/** A workspace with a run of two steps, one of them a file; all that a store can hold is in it. Its store is closed. */
async function written(): Promise<{ readonly folder: string; readonly rows: readonly [Row, Row] }> {
  const folder = freshFolder();
  const { store } = openIn(folder);
  store.openRun(runOf('r'));
  const rows = [rowOf(store, sha256, 'k0', { value: 'small' }), rowOf(store, sha256, 'k1', { value: 'x'.repeat(70_000) })] as const;
  for (const [index, row] of rows.entries()) {
    store.addStep(stepOf('r', `n${index}`, { key: row.key, row: row.id, components: { kind: 'core.sql@1', 'engine.sql': 'duckdb', code: sha256('c') } }));
    store.addLog('r', `n${index}`, 'stdout', `said ${index}`);
    await store.addRow(row);
  }
  await store.addRow(rowOf(store, sha256, 'k0', { value: 'otherwise' }));
  await store.addIntent({ id: 'i', key: 'k', run: 'r', node: 'n', file: 'a.telar.md', started: '2026-01-01T00:00:00.000Z', what: 'write out.txt', take: 0 });
  await store.closeRun('r', 'ok', '2026-01-01T00:00:01.000Z');
  await store.close();
  return { folder, rows };
}

const clean = { damaged: [], missing: [], lost: [], broken: [], pages: [] };

function meddle(folder: string, sql: string): void {
  const database = new DatabaseSync(join(folder, '.telar', 'telar.db'));
  database.exec(sql);
  database.close();
}

describe('C3 reading everything', () => {
  test('C3 a sound store is clean, and all of it was read', async () => {
    const { folder } = await written();
    const { store } = openIn(folder);
    store.blobs.put(new TextEncoder().encode('nobody names me'));
    const told: number[] = [];
    // A run, two rows, one that contradicts, two steps, two logs, an intent and its line in the journal, and the word of the components.
    expect(store.examine((done, of) => { told.push(done / of); })).toEqual({ ...clean, values: 4, records: 11, orphans: 1 });
    expect(told.at(-1)).toBe(1);
  });

  test('C3 a damaged and a missing value are told apart, and nothing is changed by looking', async () => {
    const { folder, rows } = await written();
    const file = join(folder, '.telar', 'blobs', hashOf(rows[1]).slice(0, 2), hashOf(rows[1]).slice(2));
    chmodSync(file, 0o644);
    writeFileSync(file, readFileSync(file).fill(0, 9, 10));
    meddle(folder, `delete from small where hash = '${hashOf(rows[0])}'`);
    const found = { damaged: [hashOf(rows[1])], missing: [hashOf(rows[0])], lost: [hashOf(rows[0]), hashOf(rows[1])].sort() };
    for (let time = 0; time < 2; time++) {
      const { store, damage } = openIn(folder);
      expect(store.examine()).toMatchObject({ ...found, broken: [], pages: [] });
      expect(damage).toEqual([]);
      await store.close();
    }
    const { store } = openIn(folder);
    store.mend(store.examine());
    expect(store.dropBroken().map((row) => row.id).sort()).toEqual(rows.map((row) => row.id).sort());
    expect(store.examine()).toMatchObject(clean);
  });

  for (const [table, where, set] of [
    ['rows', "key = 'k0'", 'body'], ['evidence', 'true', 'body'], ['runs', 'true', 'body'], ['steps', "node = 'n1'", 'body'], ['logs', "node = 'n0'", 'body'], ['intents', 'true', 'body'], ['words', 'true', 'text'],
  ] as const) {
    test(`C3 one flipped bit in a record of ${table} is found and taken out`, async () => {
      const { folder } = await written();
      meddle(folder, `update ${table} set ${set} = substr(${set}, 1, 20) || char(unicode(substr(${set}, 21, 1)) ^ 1) || substr(${set}, 22) where ${where}`.replace(/unicode\((.*?)\) \^ 1/, '(unicode($1) | 1) - (unicode($1) & 1)'));
      const { store } = openIn(folder);
      const found = store.examine();
      expect(new Set(found.broken.map((one) => one.table))).toContain(table);
      store.mend(found);
      expect(store.examine()).toMatchObject(clean);
    });
  }

  test('C3 a column beside a record is under its seal', async () => {
    const { folder, rows } = await written();
    meddle(folder, `update rows set key = 'k9' where key = 'k0'; update steps set node = 'm' where node = 'n0'`);
    const { store } = openIn(folder);
    expect(store.rows('k9')).toEqual([]);
    expect(store.row(rows[0].id)).toBeUndefined();
    expect(store.steps('r').map((step) => step.node)).toEqual(['n1']);
    expect(store.examine().broken.map((one) => one.table)).toEqual(['steps', 'rows']);
  });

  test('C3 an index that does not agree with its table is found, and mended', async () => {
    const { folder, rows } = await written();
    const path = join(folder, '.telar', 'telar.db');
    const database = new DatabaseSync(path);
    const { rootpage } = database.prepare("select rootpage from sqlite_schema where name = 'rows_by_key'").get() as { rootpage: number };
    database.close();
    const bytes = readFileSync(path);
    const at = bytes.indexOf('k0', (rootpage - 1) * 1024);
    expect(at).toBeLessThan(rootpage * 1024);
    bytes[at + 1] = '7'.charCodeAt(0);
    writeFileSync(path, bytes);
    const { store } = openIn(folder);
    const found = store.examine();
    expect(found.pages.length).toBeGreaterThan(0);
    store.mend(found);
    expect(store.examine()).toMatchObject(clean);
    expect(store.row(rows[0].id)).toEqual(rows[0]);
  });

  test('C3 a page that cannot be read: the database is put aside, and all the rest of it is in a new one', async () => {
    const folder = freshFolder();
    const path = join(folder, '.telar', 'telar.db');
    const { store: first } = openIn(folder);
    const rows: Row[] = [];
    for (let run = 0; run < 3; run++) {
      first.openRun(runOf(`r${run}`));
      for (let index = 0; index < 20; index++) {
        const row = rowOf(first, sha256, `k${run}.${index}`, { value: `${run} ${index}`.padEnd(300, 'x') });
        first.addStep(stepOf(`r${run}`, `n${index}`, { key: row.key, row: row.id }));
        first.addLog(`r${run}`, `n${index}`, 'stdout', 'said');
        rows.push((await first.addRow(row)).row);
      }
      await first.closeRun(`r${run}`, 'ok', '2026-01-01T00:00:00.000Z');
    }
    await first.pin('r1', true);
    await first.close();
    for (const [table, least] of [['small', 40], ['rows', 40], ['steps', 60], ['logs', 60]] as const) {
      const sound = readFileSync(path);
      const database = new DatabaseSync(path);
      const { rootpage } = database.prepare('select rootpage from sqlite_schema where name = ?').get(table) as { rootpage: number };
      database.close();
      // The pages below the first pointer cannot be reached any more.
      const bytes = Uint8Array.from(sound);
      const cell = new DataView(bytes.buffer).getUint16((rootpage - 1) * 1024 + 12);
      bytes[(rootpage - 1) * 1024 + cell] = 8;
      writeFileSync(path, bytes);
      const { store, damage } = openIn(folder);
      const found = store.examine();
      expect([table, found.pages.length]).toEqual([table, 1]);
      const mended = store.mend(found);
      store.dropBroken();
      expect(damage.filter((one) => one.what === 'database')).toMatchObject([{ path: `${path}.damaged-1`, message: expect.stringMatching(/At least \d+ could not be read/) }]);
      expect(mended.pages).toEqual(found.pages);
      expect(store.examine()).toMatchObject(clean);
      const held = rows.filter((row) => store.row(row.id) !== undefined);
      expect([table, held.length >= least, held.every((row) => store.holds(row))]).toEqual([table, true, true]);
      expect(store.runs().map(({ id, pinned }) => [id, pinned])).toEqual([['r2', undefined], ['r1', true], ['r0', undefined]]);
      expect(store.steps('r2').length).toBe(20);
      store.openRun(runOf('later'));
      await store.closeRun('later', 'ok', '2026-01-02T00:00:00.000Z');
      await store.close();
      for (const end of ['', '-wal', '-shm', '.damaged-1', '.damaged-1-wal', '.damaged-1-shm']) rmSync(path + end, { force: true });
      writeFileSync(path, sound);
    }
  });

  test('C3 what a damaged manifest names is not looked for', async () => {
    const folder = freshFolder();
    const { store } = openIn(folder);
    const column = store.blobs.put(new Uint8Array(9));
    const manifest = JSON.stringify({ rows: 1, columns: [{ name: 'a', blob: column, bytes: 9 }] });
    const hash = store.blobs.put(new TextEncoder().encode(manifest));
    await store.addRow(rowOf(store, sha256, 'k', {}, { outputs: { value: { type: 'table', ref: { form: 'table', hash, bytes: manifest.length } } as never } }));
    await store.close();
    meddle(folder, `update small set bytes = cast(replace(cast(bytes as text), '${column}', 'x${column.slice(1)}') as blob) where hash = '${hash}'`);
    expect(openIn(folder).store.examine()).toMatchObject({ damaged: [hash], missing: [], lost: [hash] });
  });

  test('C3 a store whose database is gone is told as damaged, and its values as nobody\'s', async () => {
    const { folder } = await written();
    rmSync(join(folder, '.telar', 'telar.db'));
    const { store: anew } = openIn(folder);
    expect(anew.examine()).toMatchObject({ ...clean, values: 1, orphans: 1 });
    await anew.close();
    writeFileSync(join(folder, '.telar', 'telar.db'), 'no database'.repeat(999));
    const { store } = openIn(folder);
    expect(store.damage.map((one) => one.what)).toEqual(['database']);
  });
});
