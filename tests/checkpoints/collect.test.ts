import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import type { DiskStore } from '../../runtime/checkpoints/sqlite.node.ts';
import type { Row, RunRecord } from '../../runtime/checkpoints/store.ts';
import { armFault, type FaultPoint } from '../../runtime/faults.ts';
import { rowOf, runOf, stepOf } from '../suites/store.ts';
import { finally_, freshFolder, openIn } from './workbench.ts';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-11-20T12:00:00Z');
const hashOf = (row: Row): string => (row.outputs.value as { ref: { hash: string } }).ref.hash;

/** A run of one step with a value of its own, which is small or a file. */
async function runOnce(store: DiskStore, id: string, { size = 100, ...more }: Partial<RunRecord> & { size?: number } = {}): Promise<Row> {
  store.openRun({ ...runOf(id, more.file), ...more });
  const row = rowOf(store, sha256, `key of ${id}`, { value: id.padEnd(size, 'x') }, { producedBy: id });
  store.addStep(stepOf(id, 'n', { key: row.key, row: row.id }));
  store.addLog(id, 'n', 'stdout', 'said');
  await store.addRow(row);
  await store.closeRun(id, 'ok', '2026-01-01T00:00:01.000Z');
  return row;
}

const ids = (store: DiskStore): string[] => store.runs().map((run) => run.id).sort();

describe('C6 retention', () => {
  test('C6 the newest runs of each file stay, and the pinned, and the shown one', async () => {
    const { store } = openIn(freshFolder());
    for (const id of ['a1', 'a2', 'a3', 'a4', 'a5']) await runOnce(store, id);
    for (const id of ['b1', 'b2']) await runOnce(store, id, { file: 'b.telar.md' });
    await store.pin('a1', true);
    await store.show('a.telar.md', 'a2');
    const done = store.collect({ keep: 2, now: NOW });
    expect(done.runs).toEqual([{ run: 'a3', file: 'a.telar.md', started: '2026-01-01T00:00:00.000Z' }]);
    expect(done.rows).toBe(1);
    expect(ids(store)).toEqual(['a1', 'a2', 'a4', 'a5', 'b1', 'b2']);
    expect([store.steps('a3'), store.logs('a3'), store.rows('key of a3')]).toEqual([[], [], []]);
  });

  test('C6 the rows that a fork names stay when its parent goes, and those of an import', async () => {
    const { store } = openIn(freshFolder());
    const row = await runOnce(store, 'parent');
    store.openRun({ ...runOf('fork'), parent: 'parent' });
    store.addStep(stepOf('fork', 'n', { key: row.key, row: row.id }));
    await store.closeRun('fork', 'ok', '2026-01-01T00:00:01.000Z');
    const brought = rowOf(store, sha256, 'imported/k', { value: 'brought' });
    await store.importRun({ ...runOf('far', 'far.telar.md'), bundle: 'x.telarrun' }, { steps: [stepOf('far', 'n', { key: brought.key, row: brought.id, file: 'far.telar.md' })], rows: [brought], logs: [] });
    expect(store.collect({ keep: 1, now: NOW }).runs.map((one) => one.run)).toEqual(['parent']);
    for (const one of [row, brought]) {
      expect(store.row(one.id)).toEqual(one);
      expect(store.holds(one)).toBe(true);
    }
  });

  test('C6 a dry run tells the same and changes nothing', async () => {
    const { store } = openIn(freshFolder());
    const rows = [await runOnce(store, 'r1', { size: 70_000 }), await runOnce(store, 'r2')];
    const before = store.collect({ keep: 1, now: NOW, dryRun: true });
    expect(before).toMatchObject({ rows: 1, values: 0, condemned: 1, condemnedBytes: 70_000, living: 0 });
    expect(ids(store)).toEqual(['r1', 'r2']);
    expect(rows.every((row) => store.holds(store.row(row.id) as Row))).toBe(true);
    expect(store.collect({ keep: 1, now: NOW, dryRun: true })).toEqual(before);
    expect(store.collect({ keep: 1, now: NOW })).toEqual(before);
  });

  for (const size of [100, 70_000]) {
    test(`C6 a value of ${size} bytes that nothing names is condemned, and freed an hour later`, async () => {
      const { store } = openIn(freshFolder());
      const row = await runOnce(store, 'r1', { size });
      await runOnce(store, 'r2');
      expect(store.collect({ keep: 1, now: NOW })).toMatchObject({ condemned: 1, condemnedBytes: size, values: 0 });
      expect(store.collect({ keep: 1, now: NOW + HOUR - 1 })).toMatchObject({ condemned: 1, values: 0 });
      expect(store.blobs.has(hashOf(row))).toBe(true);
      expect(store.collect({ keep: 1, now: NOW + HOUR })).toMatchObject({ condemned: 0, values: 1, bytes: size });
      expect(store.blobs.has(hashOf(row))).toBe(false);
      expect(store.examine()).toMatchObject({ missing: [], orphans: 0 });
    });
  }

  test('C6 a value that is named again is spared, and its hour begins anew when that goes', async () => {
    const { store } = openIn(freshFolder());
    await runOnce(store, 'r1', { size: 70_000 });
    await runOnce(store, 'r2');
    store.collect({ keep: 1, now: NOW });
    const again = await runOnce(store, 'r1', { size: 70_000 });
    await runOnce(store, 'r3');
    expect(store.collect({ keep: 1, now: NOW + 2 * HOUR }).values).toBe(0);
    expect(store.blobs.get(hashOf(again))).toBeDefined();
    expect(store.collect({ keep: 1, now: NOW + 3 * HOUR }).values).toBe(2);
  });

  test('C6 a clock that went back frees nothing early and keeps nothing for ever', async () => {
    const { store } = openIn(freshFolder());
    await runOnce(store, 'r1');
    await runOnce(store, 'r2');
    store.collect({ keep: 1, now: NOW + 1000 * HOUR });
    expect(store.collect({ keep: 1, now: NOW })).toMatchObject({ condemned: 1, values: 0 });
    expect(store.collect({ keep: 1, now: NOW + HOUR - 1 })).toMatchObject({ condemned: 1, values: 0 });
    expect(store.collect({ keep: 1, now: NOW + HOUR })).toMatchObject({ condemned: 0, values: 1 });
  });

  test('C6 evidence goes with its row; the columns of a table stay with theirs', async () => {
    const { store } = openIn(freshFolder());
    const row = await runOnce(store, 'r1');
    expect((await store.addRow(rowOf(store, sha256, row.key, { value: 'another' }))).evidence).toBe(true);
    const column = store.blobs.put(new TextEncoder().encode('a column'));
    const manifest = store.blobs.put(new TextEncoder().encode(JSON.stringify({ rows: 1, columns: [{ name: 'a', type: 'INTEGER', blob: column, bytes: 8 }] })));
    store.openRun(runOf('r2'));
    const table = rowOf(store, sha256, 't', {}, { outputs: { value: { ref: { form: 'table', hash: manifest, bytes: 99 }, summary: { type: 'table', preview: '' } } } });
    store.addStep(stepOf('r2', 'n', { key: 't', row: table.id }));
    await store.addRow(table);
    await store.closeRun('r2', 'ok', '2026-01-01T00:00:01.000Z');
    expect(store.collect({ keep: 1, now: NOW })).toMatchObject({ rows: 1, condemned: 2 });
    expect(store.evidence(row.id)).toEqual([]);
    expect(store.collect({ keep: 1, now: NOW + HOUR }).values).toBe(2);
    expect(store.holds(table)).toBe(true);
  });

  for (const point of ['gc-rows', 'gc-blobs'] as const satisfies readonly FaultPoint[]) {
    test(`C6 a collection that ends at ${point} loses nothing that a record names`, async () => {
      const folder = freshFolder();
      const { store } = openIn(folder);
      for (const id of ['r1', 'r2']) await runOnce(store, id, { size: 70_000 });
      store.collect({ keep: 1, now: NOW });
      const row = await runOnce(store, 'r3', { size: 70_000 });
      finally_(armFault(point, () => { throw new Error('it ends here'); }));
      expect(() => store.collect({ keep: 1, now: NOW + HOUR })).toThrow('it ends here');
      const { store: later } = openIn(folder);
      expect(later.examine()).toMatchObject({ missing: [], damaged: [], broken: [] });
      expect(later.holds(row)).toBe(true);
    });
  }
});

describe('C6 while a run is going on', () => {
  test('C6 it stays itself, and with it every row and value', async () => {
    const folder = freshFolder();
    const [one, two] = [openIn(folder).store, openIn(folder).store];
    const row = await runOnce(one, 'r1', { size: 70_000 });
    await runOnce(one, 'r2');
    one.openRun(runOf('going'));
    await one.flush();
    await runOnce(two, 'r3');
    expect([two.isLiving('going'), two.isLiving('r1'), two.isLiving('none')]).toEqual([true, false, false]);
    expect(two.collect({ keep: 1, now: NOW })).toMatchObject({ runs: [{ run: 'r2' }, { run: 'r1' }], rows: 0, living: 1 });
    expect(ids(two)).toEqual(['going', 'r3']);
    // What it has seen before, it may still name.
    one.addStep(stepOf('going', 'n', { key: row.key, row: row.id }));
    await one.closeRun('going', 'ok', '2026-01-01T00:00:01.000Z');
    expect(two.isLiving('going')).toBe(false);
    two.collect({ keep: 2, now: NOW + 2 * HOUR });
    two.collect({ keep: 2, now: NOW + 4 * HOUR });
    expect(two.row(row.id)).toEqual(row);
    expect(two.holds(row)).toBe(true);
  });

  test('C6 what a process knew of before another collected, it does not lean on afterwards', async () => {
    const folder = freshFolder();
    const [one, two] = [openIn(folder).store, openIn(folder).store];
    for (const size of [100, 70_000]) {
      const row = await runOnce(one, `old ${size}`, { size });
      await runOnce(one, `new ${size}`);
      two.collect({ keep: 1, now: NOW });
      two.collect({ keep: 1, now: NOW + HOUR });
      expect(two.blobs.has(hashOf(row))).toBe(false);
      const again = await runOnce(one, `old ${size}`, { size });
      expect(again.id).toBe(row.id);
      expect(two.holds(again)).toBe(true);
      expect(openIn(folder).store.blobs.get(hashOf(row))?.byteLength).toBe(size);
    }
  });

  /** A process that has a run open in a store. */
  async function elsewhere(folder: string, run = 'elsewhere'): Promise<ChildProcess> {
    const code = `import { openStore } from ${JSON.stringify(join(import.meta.dirname, '../../runtime/checkpoints/sqlite.node.ts'))};
      const store = openStore(${JSON.stringify(folder)});
      store.openRun(${JSON.stringify(runOf(run))});
      await store.flush();
      console.log('open');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    finally_(() => { child.kill('SIGKILL'); });
    await once(child.stdout, 'data');
    return child;
  }

  test('C2 a run whose process was killed is unfinished, one whose process was stopped goes on', async () => {
    const folder = freshFolder();
    const { store } = openIn(folder);
    const child = await elsewhere(folder);
    expect(store.isLiving('elsewhere')).toBe(true);
    child.kill('SIGSTOP');
    expect(store.isLiving('elsewhere')).toBe(true);
    expect(store.collect({ keep: 0, now: NOW })).toMatchObject({ runs: [], living: 1 });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(store.isLiving('elsewhere')).toBe(false);
    expect(store.run('elsewhere')?.status).toBeUndefined();
    expect(store.collect({ keep: 0, now: NOW })).toMatchObject({ runs: [{ run: 'elsewhere' }], living: 0 });
    expect(readdirSync(join(folder, '.telar', 'living'))).toEqual([]);
  });

  test('C2 what a killed process leaves of its lease goes with the next run; what another one holds, or is no lease, stays', async () => {
    const folder = freshFolder();
    const living = join(folder, '.telar', 'living');
    const killed = await elsewhere(folder);
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    expect(readdirSync(living).length).toBeGreaterThan(0);
    const child = await elsewhere(folder, 'beside');
    const held = readdirSync(living).sort();
    expect(held.filter((name) => !name.startsWith(`${child.pid}-`))).toEqual([]);
    writeFileSync(join(living, 'workers-0.json'), '{}');
    writeFileSync(join(living, '999999-0123456789ab-journal'), '');
    const { store } = openIn(folder);
    store.openRun(runOf('here'));
    await store.flush();
    expect(readdirSync(living).filter((name) => !name.startsWith(`${process.pid}-`)).sort()).toEqual([...held, 'workers-0.json'].sort());
    await store.close();
  });

  test('C2 a process that has lost its lease, and then its run, is told', async () => {
    const folder = freshFolder();
    const [one, two] = [openIn(folder).store, openIn(folder).store];
    one.openRun(runOf('r'));
    await one.flush();
    rmSync(join(folder, '.telar', 'living'), { recursive: true });
    expect(two.isLiving('r')).toBe(false);
    two.collect({ keep: 0, now: NOW });
    one.addStep(stepOf('r', 'n', { key: 'k' }));
    await expect(one.closeRun('r', 'ok', '2026-01-01T00:00:01.000Z')).rejects.toMatchObject({ code: 'lost' });
    expect(existsSync(join(folder, '.telar', 'telar.db'))).toBe(true);
  });
});
