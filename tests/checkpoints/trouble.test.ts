import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, statfsSync, writeFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { openStore } from '../../runtime/checkpoints/sqlite.node.ts';
import type { Row } from '../../runtime/checkpoints/store.ts';
import { store as looked } from '../../runtime/hosts/cli/doctor-places.node.ts';
import { armFault, FAULT_POINTS, FAULTS } from '../../runtime/faults.ts';
import { rowOf, runOf, stepOf } from '../suites/store.ts';
import { finally_, freshFolder, openIn } from './workbench.ts';

const temporaries = (folder: string): string[] =>
  readdirSync(join(folder, '.telar'), { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.tmp'));

/** A small disk of its own, where this process may mount one. */
function mounted(options: string): string | undefined {
  const folder = freshFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  finally_(() => execFileSync('umount', ['-l', folder]));
  return folder;
}

const canMount = ((): boolean => {
  try {
    const folder = freshFolder();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder]);
    return true;
  } catch {
    return false;
  }
})();

describe('B42 a full disk', () => {
  const full = (): void => { throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }); };

  for (const point of FAULT_POINTS.filter((name) => FAULTS[name].full === true && FAULT_POINTS.indexOf(name) < FAULT_POINTS.indexOf('acknowledged'))) {
    test(`B42 full at ${point}: a typed failure, no leftovers, and it goes on when there is room`, async () => {
      const folder = freshFolder();
      const { store } = openIn(folder);
      const before = rowOf(store, sha256, 'before', { value: 'b' });
      await store.addRow(before);
      store.openRun(runOf('r'));
      const disarm = armFault(point, full);
      const attempt = async (): Promise<unknown> => store.addRow(rowOf(store, sha256, 'k', { value: 'x'.repeat(70_000), small: 'y' }));
      store.addStep(stepOf('r', 'n', { key: 'k' }));
      try {
        await expect(attempt()).rejects.toMatchObject({ code: 'disk-full', message: expect.stringContaining('make room') });
        expect(store.rows('k')).toEqual([]);
        expect(store.rows('before')).toEqual([before]);
        expect(temporaries(folder)).toEqual([]);
      } finally {
        disarm();
      }
      await attempt();
      await store.closeRun('r', 'ok', '2026-01-01T00:00:00.000Z');
      await store.close();
      const later = openIn(folder).store;
      expect(later.rows('k').map((row) => later.holds(row))).toEqual([true]);
      expect(later.run('r')?.status).toBe('ok');
      expect(later.steps('r').map((step) => step.node)).toEqual(['n']);
    });
  }

  test.runIf(canMount)('B42 a disk that really fills, and is emptied again', async () => {
    const folder = mounted('size=2m') as string;
    const { store, damage } = openIn(folder);
    writeFileSync(join(folder, 'ballast'), new Uint8Array(600_000));
    const kept: string[] = [];
    let failures = 0;
    for (let index = 0; index < 60; index++) {
      try {
        await store.addRow(rowOf(store, sha256, `k${index}`, { value: `${index}`.padEnd(index % 2 === 0 ? 40_000 : 100_000, 'x') }));
        kept.push(`k${index}`);
      } catch (error) {
        expect(error).toMatchObject({ code: 'disk-full' });
        failures++;
      }
    }
    expect(failures).toBeGreaterThan(0);
    expect(kept.length).toBeGreaterThan(0);
    expect(temporaries(folder)).toEqual([]);
    rmSync(join(folder, 'ballast'));
    expect(statfsSync(folder).bavail).toBeGreaterThan(0);
    await store.addRow(rowOf(store, sha256, 'after', { value: 'there is room' }));
    await store.close();
    const later = openIn(folder).store;
    for (const key of [...kept, 'after']) {
      const [row] = later.rows(key);
      expect(row !== undefined && later.holds(row)).toBe(true);
    }
    expect(damage).toEqual([]);
  });

  test.runIf(canMount)('B42 no room to begin a store', () => {
    const folder = mounted('size=64k') as string;
    try {
      writeFileSync(join(folder, 'ballast'), new Uint8Array(64 * 1024 - 8192));
    } catch {}
    expect(() => openStore(folder)).toThrow(expect.objectContaining({ code: 'disk-full' }));
  });
});

describe('a folder that cannot be written', () => {
  test.runIf(canMount)('C2 opening a store there is `read-only`, with what to do', () => {
    const folder = mounted('ro') as string;
    expect(() => openStore(folder)).toThrow(expect.objectContaining({ code: 'read-only', message: expect.stringContaining('--workspace') }));
  });

  test.runIf(canMount)('C2 a store on a disk that became read-only is told, and is whole when it may be written again', async () => {
    const folder = mounted('size=4m') as string;
    const { store } = openIn(folder);
    const row = rowOf(store, sha256, 'k', { value: 'x'.repeat(70_000) });
    await store.addRow(row);
    await store.close();
    execFileSync('mount', ['-o', 'remount,ro', folder]);
    expect(() => openStore(folder)).toThrow(expect.objectContaining({ code: 'read-only' }));
    execFileSync('mount', ['-o', 'remount,rw', folder]);
    expect(openIn(folder).store.rows('k')).toEqual([row]);
  });

  test.runIf(canMount)('C2 a store that cannot be written can be read, by who asks for no more', async () => {
    const folder = mounted('size=4m') as string;
    const { store } = openIn(folder);
    const row = rowOf(store, sha256, 'k', { value: 'v', large: 'x'.repeat(70_000) });
    store.openRun(runOf('r'));
    await store.addRow(row);
    await store.closeRun('r', 'ok', '2026-01-01T00:00:00.000Z');
    await store.close();
    execFileSync('mount', ['-o', 'remount,ro', folder]);
    const reader = openStore(folder, { orReadOnly: true });
    expect([reader.rows('k'), reader.holds(row), reader.runs().length]).toEqual([[row], true, 1]);
    expect(reader.blobs.get((row.outputs.large as { ref: { hash: string } }).ref.hash)?.byteLength).toBe(70_000);
    reader.setAnalysis('a', '{}');
    expect(reader.blobs.get(reader.blobs.put(new Uint8Array(9)))?.byteLength).toBe(9);
    await expect(reader.pin('r', true)).rejects.toMatchObject({ code: 'read-only' });
    expect(() => reader.collect({ keep: 0, now: 0 })).toThrow(expect.objectContaining({ code: 'read-only' }));
    expect(reader.examine()).toMatchObject({ damaged: [], missing: [], broken: [], pages: [] });
    await reader.close();
    execFileSync('mount', ['-o', 'remount,rw', folder]);
  });

  test.runIf(canMount)('B42 a store on a disk without a byte left can be read, by who asks for no more, and what writes is told why not', async () => {
    const folder = mounted('size=4m') as string;
    const { store } = openIn(folder);
    const row = rowOf(store, sha256, 'k', { value: 'v' });
    store.openRun(runOf('r'));
    await store.addRow(row);
    await store.closeRun('r', 'ok', '2026-01-01T00:00:00.000Z');
    await store.close();
    const { bavail, bsize } = statfsSync(folder);
    writeFileSync(join(folder, 'ballast'), new Uint8Array(bavail * bsize));
    expect(() => openStore(folder)).toThrow(expect.objectContaining({ code: 'disk-full' }));
    const reader = openStore(folder, { orReadOnly: true });
    expect([reader.rows('k'), reader.holds(row), reader.runs().length]).toEqual([[row], true, 1]);
    expect(reader.examine()).toMatchObject({ damaged: [], missing: [], broken: [], pages: [] });
    await expect(reader.pin('r', true)).rejects.toMatchObject({ code: 'disk-full' });
    expect(() => reader.collect({ keep: 0, now: 0 })).toThrow(expect.objectContaining({ code: 'disk-full' }));
    await reader.close();
  });

  test.runIf(canMount)('P7 what the database of a store that cannot be written has lost of effects is told all the same', async () => {
    const folder = mounted('size=4m') as string;
    const { store } = openIn(folder);
    const intent = (id: string) => ({ id, key: id, run: 'r1', node: 'n', file: 'a.telar.md', started: '2026-01-01T00:00:00.000Z', what: 'write out.txt', take: 0 });
    for (const id of ['made', 'open']) await store.addIntent(intent(id));
    const { row } = await store.addRow(rowOf(store, sha256, 'made', { value: 'v' }, { effect: 'effect' }), 'made');
    await store.close();
    const database = new DatabaseSync(join(folder, '.telar', 'telar.db'));
    database.exec('delete from rows; delete from small; delete from intents');
    database.close();
    execFileSync('mount', ['-o', 'remount,ro', folder]);
    const reader = openStore(folder, { orReadOnly: true });
    for (const key of ['made', 'open']) reader.recall(key);
    expect([reader.rows('made'), reader.holds(row), reader.intents()]).toEqual([[row], true, [intent('open')]]);
    await expect(reader.dropIntent('open')).rejects.toMatchObject({ code: 'read-only' });
    await reader.close();
    execFileSync('mount', ['-o', 'remount,rw', folder]);
  });

  test('C2 a file in the place of the store is told', () => {
    const folder = freshFolder();
    writeFileSync(join(folder, '.telar'), 'a file');
    expect(() => openStore(folder)).toThrow(expect.objectContaining({ code: 'read-only' }));
    rmSync(join(folder, '.telar'));
    mkdirSync(join(folder, '.telar', 'telar.db'), { recursive: true });
    expect(() => openStore(folder)).toThrow(expect.objectContaining({ code: 'read-only' }));
  });

  test('C2 a commit that another process locked out gives up what waited for it, and no value that waits for its row', async () => {
    const { store } = openIn(freshFolder());
    const rows = ['one', 'two'].map((value) => rowOf(store, sha256, value, { value }));
    const disarm = armFault('begun', () => { throw Object.assign(new Error('database is locked'), { code: 'ERR_SQLITE_ERROR', errcode: 5 }); });
    const refused = store.addRow(rows[0] as Row);
    await expect(store.flush()).rejects.toMatchObject({ code: 'locked' });
    await expect(refused).rejects.toMatchObject({ code: 'locked' });
    disarm();
    for (const row of rows) expect((await store.addRow(row)).row).toEqual(row);
  });

  test('C2 a lock that another process holds for a while is waited out', async () => {
    const folder = freshFolder();
    const { store } = openIn(folder);
    const other = spawn(process.execPath, ['-e', `
      const { DatabaseSync } = require('node:sqlite');
      const database = new DatabaseSync(process.argv[1]);
      database.exec('begin immediate');
      require('node:fs').writeSync(1, 'locked');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
      database.exec('commit');
      database.close();`, join(folder, '.telar', 'telar.db')], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(other.stdout, 'data');
    const row = rowOf(store, sha256, 'k', { value: 'v' });
    const reader = openIn(folder).store;
    expect(await store.addRow(row)).toEqual({ row, evidence: false });
    expect(reader.rows('k')).toEqual([row]);
    if (other.exitCode === null) await once(other, 'exit');
    expect(other.exitCode).toBe(0);
  });
});

test.skipIf(process.platform === 'win32')('C2 a path that is too long for SQLite is told as that, by the store and by doctor', async () => {
  for (const length of [480, 820]) {
    let folder = freshFolder();
    while (folder.length < length) folder = join(folder, 'x'.repeat(Math.min(200, Math.max(1, length - folder.length - 1))));
    mkdirSync(folder, { recursive: true });
    expect(await looked(folder)).toMatchObject({ ok: false, fix: expect.stringMatching(/is too long.*shorter path/) as string });
    expect(() => { const store = openStore(folder, { onDamage: () => undefined }); try { store.openRun(runOf('one')); } finally { void store.close(); } }).toThrow(expect.objectContaining({ code: 'read-only', message: expect.stringMatching(/is too long.*shorter path/) as string }) as Error);
    expect(await looked(folder)).toMatchObject({ ok: false, fix: expect.stringMatching(/is too long.*shorter path/) as string });
  }
});
