import { spawn } from 'node:child_process';
import { cpSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import type { Row, Store } from '../../runtime/checkpoints/store.ts';
import { FAULT_POINTS } from '../../runtime/faults.ts';
import { rowOf, runOf, stepOf } from '../suites/store.ts';
import { freshFolder, openIn } from './workbench.ts';

const child = join(import.meta.dirname, 'crash-child.ts');

/** Runs the child and tells how it ended. */
function write(folder: string, point: string, nth: number): Promise<number | NodeJS.Signals> {
  return new Promise((resolve, reject) => {
    const process_ = spawn(process.execPath, [child, folder, point, String(nth)], { stdio: ['ignore', 'ignore', 'inherit'] });
    process_.on('error', reject);
    process_.on('exit', (code, signal) => resolve(signal ?? code ?? -1));
  });
}

function acknowledged(folder: string): Row[] {
  const path = join(folder, 'acknowledged');
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Row) : [];
}

function expectWhole(store: Store, row: Row): void {
  expect(store.rows(row.key)).toEqual([row]);
  expect(store.holds(row)).toBe(true);
  const { hash } = (row.outputs.value as { ref: { hash: string } }).ref;
  expect(sha256(store.blobs.get(hash) as Uint8Array)).toBe(hash);
}

describe('C2 a crash loses nothing acknowledged', () => {
  for (const point of FAULT_POINTS.slice(0, FAULT_POINTS.indexOf('acknowledged') + 1)) {
    for (const nth of point === 'run' ? [1] : [1, 8]) {
      test(`C2 kill -9 at ${point}, pass ${nth}`, async () => {
        const folder = freshFolder();
        expect(await write(folder, point, nth)).toBe('SIGKILL');
        const { store, damage } = openIn(folder);
        const rows = acknowledged(folder);
        if (nth > 1) expect(rows.length).toBeGreaterThan(0);
        for (const row of rows) expectWhole(store, row);
        expect(damage).toEqual([]);
        expect(readdirSync(join(folder, '.telar', 'blobs')).filter((name) => name.startsWith('.tmp'))).toEqual([]);
        // And it goes on: the same work again, by another process.
        expect(await write(folder, 'none', 1)).toBe(0);
        for (const row of acknowledged(folder)) expectWhole(store, row);
      });
    }
  }

  test('C2 a copy of the folder, taken while it is written, has every row acknowledged before', async () => {
    const folder = freshFolder();
    const { store } = openIn(folder);
    const before = rowOf(store, sha256, 'before', { value: 'x'.repeat(70_000), small: 'y' });
    await store.addRow(before);
    const waiting = store.addRow(rowOf(store, sha256, 'after', { value: 'z' }));
    const copy = freshFolder();
    cpSync(join(folder, '.telar'), join(copy, '.telar'), { recursive: true });
    await waiting;
    const other = openIn(copy).store;
    expectWhole(other, before);
    expect(other.rows('after')).toEqual([]);
  });
});

describe('C2 two processes on one workspace', () => {
  test('C2 both write at once, and each sees what both have written', async () => {
    const folder = freshFolder();
    expect(await Promise.all([write(folder, 'none', 15), write(folder, 'none', 15), write(folder, 'none', 15)])).toEqual([0, 0, 0]);
    const { store, damage } = openIn(folder);
    const rows = acknowledged(folder);
    expect(rows.length).toBe(3 * 15 * 3);
    for (const row of rows) expectWhole(store, row);
    expect(store.runs().map((run) => run.status)).toEqual(['ok', 'ok', 'ok']);
    expect(damage).toEqual([]);
  });

  test('C2 a row that another store has committed is seen, and wins (C5)', async () => {
    const folder = freshFolder();
    const [one, two] = [openIn(folder).store, openIn(folder).store];
    const [first, second] = [rowOf(one, sha256, 'k', { value: 'one' }), rowOf(two, sha256, 'k', { value: 'two' })];
    const late = two.addRow(second);
    void one.addRow(first);
    await one.flush();
    expect(await late).toEqual({ row: first, evidence: true });
    expect(two.rows('k')).toEqual([first]);
    expect(one.evidence(first.id)).toEqual([second]);
  });

  test('C2 a process whose run was taken over cannot write to it any more', async () => {
    const folder = freshFolder();
    const [old, young] = [openIn(folder).store, openIn(folder).store];
    old.openRun(runOf('r'));
    old.addStep(stepOf('r', 'a', { key: 'k' }));
    await old.flush();
    young.openRun(runOf('r'));
    young.addStep(stepOf('r', 'b', { key: 'k' }));
    await young.flush();
    old.addStep(stepOf('r', 'late', { key: 'k' }));
    old.addLog('r', 'late', 'stdout', 'late');
    await expect(old.closeRun('r', 'ok', '2026-01-01T00:00:00.000Z')).rejects.toMatchObject({ code: 'lost' });
    expect(young.steps('r').map((step) => step.node)).toEqual(['a', 'b']);
    expect(young.logs('r')).toEqual([]);
    await young.closeRun('r', 'ok', '2026-01-01T00:00:00.000Z');
    expect(old.run('r')?.status).toBe('ok');
  });
});
