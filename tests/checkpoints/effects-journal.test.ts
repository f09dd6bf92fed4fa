/** P7 what was done to the world outlives the database: receipts and open intents come back from the journal of effects. */
import { appendFileSync, existsSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import type { DiskStore } from '../../runtime/checkpoints/sqlite.node.ts';
import type { Intent, Row } from '../../runtime/checkpoints/store.ts';
import { armFault } from '../../runtime/faults.ts';
import { rowOf, runOf } from '../suites/store.ts';
import { finally_, freshFolder, openIn } from './workbench.ts';

const intent = (id: string, more: Partial<Intent> = {}): Intent =>
  ({ id, key: `key of ${id}`, run: 'r1', node: 'n', file: 'a.telar.md', started: '2026-01-01T00:00:00.000Z', what: 'write out.txt', take: 0, ...more });
const journal = (folder: string): string => join(folder, '.telar', 'effects.jsonl');
const database = (folder: string): string => join(folder, '.telar', 'telar.db');
const receiptOf = (store: DiskStore, id: string): Row => rowOf(store, sha256, `key of ${id}`, { value: `written by ${id}`, large: 'x'.repeat(70_000) }, { effect: 'effect' });

/** Makes an effect as a run does. */
async function make(store: DiskStore, id: string): Promise<Row> {
  await store.addIntent(intent(id));
  return (await store.addRow(receiptOf(store, id), id)).row;
}

/** A closed store: `made` has its receipt, `open` is in doubt, `gone` was dropped. */
async function written(): Promise<{ folder: string; made: Row }> {
  const folder = freshFolder();
  const { store } = openIn(folder);
  const made = await make(store, 'made');
  await store.addIntent(intent('open'));
  await store.addIntent(intent('gone'));
  await store.dropIntent('gone');
  await store.close();
  return { folder, made };
}

const LOSSES: Readonly<Record<string, (path: string) => void>> = {
  removed: (path) => rmSync(path),
  'cut short': (path) => truncateSync(path, 5_000),
  'cut to nothing': (path) => truncateSync(path, 0),
  garbage: (path) => writeFileSync(path, 'no database'.repeat(999)),
  'zeroed behind its header': (path) => writeFileSync(path, Buffer.concat([readFileSync(path).subarray(0, 1024), Buffer.alloc(readFileSync(path).length - 1024)])),
};

/** Changes the database behind the store's back. */
function meddle(folder: string, sql: string): void {
  const open = new DatabaseSync(database(folder));
  open.exec(sql);
  open.close();
}

/** All is known again, and stays known. */
async function expectKnown(folder: string, made: Row): Promise<void> {
  const { store } = openIn(folder);
  expect(store.intents()).toEqual([intent('open')]);
  for (const key of [made.key, 'key of open']) store.recall(key);
  expect(store.rows(made.key)).toEqual([made]);
  expect(store.holds(made)).toBe(true);
  expect([store.intent(made.key), store.intent('key of open'), store.intent('key of gone')]).toEqual([undefined, intent('open'), undefined]);
  await store.close();
  const { store: later } = openIn(folder);
  expect(later.rows(made.key)).toEqual([made]);
  await later.close();
  // The database knows it by itself.
  const kept = readFileSync(journal(folder));
  rmSync(journal(folder));
  const { store: alone } = openIn(folder);
  expect([alone.rows(made.key), alone.intents()]).toEqual([[made], [intent('open')]]);
  await alone.close();
  writeFileSync(journal(folder), kept);
}

describe('P7 the database is lost', () => {
  test('B7 a store without effects has no journal', async () => {
    const folder = freshFolder();
    const { store } = openIn(folder);
    await store.addRow(rowOf(store, sha256, 'k', { value: 'v' }));
    store.recall('k');
    await store.dropIntent('never');
    expect(store.collect({ keep: 0, now: Date.now() }).rows).toBe(1);
    await store.close();
    expect(existsSync(journal(folder))).toBe(false);
  });

  test.each(Object.keys(LOSSES))('P7 C3 the database is %s: receipts come back with their values, what is open stays in doubt', async (how) => {
    const { folder, made } = await written();
    LOSSES[how]!(database(folder));
    await expectKnown(folder, made);
  });

  test('P7 while the store is open the database turns out damaged: what is made goes on', async () => {
    const { folder, made } = await written();
    const { store, damage } = openIn(folder);
    await store.addIntent(intent('other'));
    const bytes = readFileSync(database(folder));
    writeFileSync(database(folder), bytes.fill(0xa5, 1024));
    await store.addRow(receiptOf(store, 'other'), 'other');
    await store.close();
    const { store: later } = openIn(folder);
    for (const key of [made.key, 'key of other']) later.recall(key);
    expect([later.rows(made.key).length, later.rows('key of other').length, later.intents()]).toEqual([1, 1, [intent('open')]]);
    expect(damage.length).toBeLessThanOrEqual(1);
  });

  test('P7 the database forgets nothing that a person deleted with the folder: a new folder knows nothing', async () => {
    const { folder, made } = await written();
    rmSync(join(folder, '.telar'), { recursive: true });
    const { store } = openIn(folder);
    store.recall(made.key);
    expect([store.rows(made.key), store.intents()]).toEqual([[], []]);
  });

  test.each([
    ['the record', "update rows set body = replace(body, 'effect', 'effecs')"], ['its key', "update rows set key = 'key of mbde'"], ['its take', 'update rows set take = 3'],
    ['its value', "update small set bytes = cast(replace(cast(bytes as text), 'written', 'vritten') as blob)"], ['the row itself', 'delete from rows'], ['its values', 'delete from small'],
    ['the intent', "update intents set body = replace(body, 'write', 'writf')"], ['the key of the intent', "update intents set key = 'key of opem'"],
  ])('P7 C3 %s is damaged: it is as it was', async (_, sql) => {
    const { folder, made } = await written();
    meddle(folder, sql);
    await expectKnown(folder, made);
  });

  test('P7 C3 B41 one flipped bit anywhere in the database: no receipt and no doubt is forgotten', { timeout: 120_000 }, async () => {
    const { folder, made } = await written();
    const bytes = readFileSync(database(folder));
    const kept = readFileSync(journal(folder));
    for (let at = 0; at < bytes.length; at += 89) {
      for (const name of readdirSync(join(folder, '.telar'))) if (name.startsWith('telar.db')) rmSync(join(folder, '.telar', name));
      const flipped = Uint8Array.from(bytes);
      flipped[at]! ^= 1 << (at % 8);
      writeFileSync(database(folder), flipped);
      writeFileSync(journal(folder), kept);
      const { store } = openIn(folder);
      store.recall(made.key);
      const [row] = store.rows(made.key);
      expect([at, row?.id, row !== undefined && store.holds(row), store.intents().map(({ id }) => id)]).toEqual([at, made.id, true, ['open']]);
      await store.close();
    }
  });

  test('P7 a value that is a file and lost leaves the receipt standing: nothing is made again unseen', async () => {
    const { folder, made } = await written();
    rmSync(database(folder));
    rmSync(join(folder, '.telar', 'blobs'), { recursive: true });
    const { store } = openIn(folder);
    store.recall(made.key);
    expect([store.rows(made.key), store.holds(made)]).toEqual([[made], false]);
  });

  test('P7 an import and a row without an intent are no effects of this place', async () => {
    const folder = freshFolder();
    const { store } = openIn(folder);
    const row = { ...rowOf(store, sha256, 'imported/k', { value: 'v' }, { effect: 'effect' }) };
    await store.importRun({ ...runOf('r'), status: 'ok', ended: '2026-01-01T00:00:00.000Z', bundle: 'a.telarrun' }, { steps: [], rows: [row], logs: [] });
    await store.addRow(rowOf(store, sha256, 'k2', { value: 'v' }));
    expect(existsSync(journal(folder))).toBe(false);
  });
});

describe('P7 the journal itself', () => {
  test('P7 a last line torn anywhere has not been said, and the next one stands in its place', async () => {
    const { folder, made } = await written();
    const whole = readFileSync(journal(folder));
    const before = whole.lastIndexOf(10, whole.length - 2) + 1;
    for (let at = before; at < whole.length; at += 9) {
      rmSync(database(folder), { force: true });
      writeFileSync(journal(folder), whole.subarray(0, at));
      if (at % 2 === 0) appendFileSync(journal(folder), Buffer.alloc(40));
      const { store, damage } = openIn(folder);
      // The line said that `gone` was dropped.
      expect(store.intents().map(({ id }) => id).sort()).toEqual(['gone', 'open']);
      await store.dropIntent('gone');
      store.recall(made.key);
      expect([store.intents().map(({ id }) => id), store.rows(made.key), damage]).toEqual([['open'], [made], []]);
      expect(store.examine().broken).toEqual([]);
      await store.close();
      expect(readFileSync(journal(folder))).toEqual(whole);
    }
  });

  test('P7 C3 a flipped bit anywhere: the database says it still, fsck finds it and writes the journal anew', async () => {
    const { length } = readFileSync(journal((await written()).folder));
    for (let at = 0; at < length; at += 97) {
      const { folder, made } = await written();
      const flipped = Uint8Array.from(readFileSync(journal(folder)));
      flipped[at]! ^= 1 << (at % 8);
      writeFileSync(journal(folder), flipped);
      const { store, damage } = openIn(folder);
      expect(store.intents().map(({ id }) => id)).toContain('open');
      expect([store.rows(made.key), store.intent(made.key)]).toEqual([[made], undefined]);
      const found = store.examine();
      expect([at, found.broken]).toEqual([at, [expect.objectContaining({ table: 'effects' })]]);
      expect(damage).toEqual([expect.objectContaining({ what: 'row', message: expect.stringContaining('fsck --repair') })]);
      store.mend(found);
      expect(store.examine().broken).toEqual([]);
      // What a damaged line dropped may be in doubt again: a person ends it.
      if (store.intent('key of gone') !== undefined) await store.dropIntent('gone');
      await store.close();
      rmSync(database(folder));
      await expectKnown(folder, made);
    }
  });

  test('P7 a receipt whose commit failed is one: it comes back, and a person who says otherwise is believed', async () => {
    for (const word of ['', 'again'] as const) {
      const folder = freshFolder();
      const { store } = openIn(folder);
      await store.addIntent(intent('i'));
      const disarm = armFault('committing', () => { throw Object.assign(new Error('no space'), { code: 'ENOSPC' }); });
      finally_(disarm);
      await expect(store.addRow(receiptOf(store, 'i'), 'i')).rejects.toMatchObject({ code: 'disk-full' });
      disarm();
      if (word === 'again') await store.dropIntent('i');
      store.recall('key of i');
      expect([store.rows('key of i').length, store.intents()]).toEqual([word === 'again' ? 0 : 1, []]);
      await store.close();
      rmSync(database(folder));
      const { store: later } = openIn(folder);
      later.recall('key of i');
      expect([later.rows('key of i').length, later.intents()]).toEqual([word === 'again' ? 0 : 1, []]);
    }
  });

  test('P7 without room for its line nothing is begun, and nothing is in doubt', async () => {
    const folder = freshFolder();
    const { store } = openIn(folder);
    await make(store, 'a');
    const before = readFileSync(journal(folder));
    const disarm = armFault('effect-noted', () => { throw Object.assign(new Error('no space'), { code: 'ENOSPC' }); });
    finally_(disarm);
    await expect(store.addIntent(intent('b'))).rejects.toMatchObject({ code: 'disk-full' });
    disarm();
    expect([store.intents(), readFileSync(journal(folder))]).toEqual([[], before]);
    await store.addIntent(intent('b'));
    expect(store.intents()).toEqual([intent('b')]);
  });

  test('P7 begun and found to be done: what drops the second intent leaves the receipt', async () => {
    const folder = freshFolder();
    const { store } = openIn(folder);
    const made = await make(store, 'i');
    await store.addIntent(intent('i', { run: 'r2' }));
    await store.dropIntent('i');
    await store.close();
    rmSync(database(folder));
    const { store: later } = openIn(folder);
    later.recall(made.key);
    expect([later.rows(made.key), later.intents()]).toEqual([[made], []]);
  });

  test('P7 C6 gc writes it anew when half of it has ended, and who has read it before reads on', async () => {
    const folder = freshFolder();
    const [one, two] = [openIn(folder).store, openIn(folder).store];
    const made = await make(one, 'made');
    expect(two.intents()).toEqual([]);
    for (let at = 0; at < 40; at += 1) {
      await one.addIntent(intent(`i${at}`, { what: 'write '.repeat(50) }));
      await one.dropIntent(`i${at}`);
    }
    await one.addIntent(intent('open'));
    const before = readFileSync(journal(folder)).length;
    one.collect({ keep: 20, now: Date.now(), dryRun: true });
    expect(readFileSync(journal(folder)).length).toBe(before);
    one.collect({ keep: 20, now: Date.now() });
    expect(readFileSync(journal(folder), 'utf8').split('\n').length).toBe(3);
    await two.addIntent(intent('later'));
    expect([...one.intents(), ...two.intents()].map(({ id }) => id).sort()).toEqual(['later', 'later', 'open', 'open']);
    for (const store of [one, two]) await store.close();
    for (const name of readdirSync(join(folder, '.telar'))) if (name.startsWith('telar.db')) rmSync(join(folder, '.telar', name));
    const { store } = openIn(folder);
    store.recall(made.key);
    expect([store.rows(made.key), store.intents().map(({ id }) => id).sort()]).toEqual([[made], ['later', 'open']]);
  });

  test('P7 C6 a database is lost: gc takes no value that a receipt names', async () => {
    const { folder, made } = await written();
    rmSync(database(folder));
    const { store } = openIn(folder);
    const now = Date.now();
    for (const hours of [0, 2, 4]) expect(store.collect({ keep: 20, now: now + hours * 3_600_000 })).toMatchObject({ values: 0, living: 0 });
    expect([store.rows(made.key), store.holds(made)]).toEqual([[made], true]);
  });
});
