/**
 * The store against its budgets: B5 (hit), B6 (executed step with 1 KiB), B7 (bytes for an unchanged value), B8 (100 MB).
 * Prints one JSON object: figures in milliseconds unless the name says otherwise, each the median of several.
 *
 *     node tests/bench/store.bench.ts [folder on the disk to measure]
 */
import { closeSync, fsyncSync, mkdtempSync, openSync, readdirSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { openStore } from '../../runtime/checkpoints/sqlite.node.ts';
import { rowOf, runOf, stepOf } from '../suites/store.ts';

const base = process.argv[2] ?? tmpdir();
const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] as number;
const round = (value: number): number => Number(value.toPrecision(3));

async function timed(times: number, act: (index: number) => unknown): Promise<number> {
  const all: number[] = [];
  for (let index = 0; index < times; index++) {
    const from = performance.now();
    await act(index);
    all.push(performance.now() - from);
  }
  return median(all);
}

async function inFolder<T>(act: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(base, 'telar-bench-'));
  try {
    return await act(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Values of one size, each of its own. */
const text = (index: number, size: number): string => `${index}`.padEnd(size, 'x');

async function hits(folder: string): Promise<Record<string, number>> {
  const written = openStore(folder);
  await Promise.all(Array.from({ length: 1000 }, (_, index) => written.addRow(rowOf(written, sha256, sha256(`k${index}`), { value: text(index, 1024) }))));
  await written.close();
  const passes: number[] = [];
  const warm: number[] = [];
  for (let pass = 0; pass < 5; pass++) {
    const store = openStore(folder);
    const keys = Array.from({ length: 1000 }, (_, index) => sha256(`k${index}`));
    for (const into of [passes, warm]) {
      const from = performance.now();
      for (const key of keys) if (!store.rows(key).some((row) => store.holds(row))) throw new Error('a row is missing');
      into.push(performance.now() - from);
    }
    await store.close();
  }
  const open = await timed(20, async () => { await openStore(folder).close(); });
  return { 'open and close a store': open, 'B5 1000 hits of a store just opened': median(passes), 'B5 1000 hits again': median(warm) };
}

async function steps(folder: string): Promise<Record<string, number>> {
  const store = openStore(folder);
  store.openRun(runOf('r'));
  const step = (name: string, index: number): Promise<unknown> => {
    const row = rowOf(store, sha256, sha256(`${name}${index}`), { value: `${name}${text(index, 1024)}` });
    store.addStep(stepOf('r', `${name}${index}`, { key: row.key, row: row.id }));
    return store.addRow(row);
  };
  const grouped = await timed(5, (pass) => Promise.all(Array.from({ length: 1000 }, (_, index) => step(`g${pass}-`, index)))) / 1000;
  const alone = await timed(200, (index) => step('a', index));
  const descriptor = openSync(join(folder, 'raw'), 'w');
  const raw = await timed(200, () => { writeSync(descriptor, new Uint8Array(4096)); fsyncSync(descriptor); });
  closeSync(descriptor);
  await store.close();
  return { 'B6 a step of 1 KiB, grouped': grouped, 'B6 a step of 1 KiB, each awaited': alone, 'peer: 4 KiB write and fsync': raw };
}

async function unchanged(folder: string): Promise<Record<string, number>> {
  const store = openStore(folder);
  const value = text(0, 2 ** 20);
  for (let index = 0; index < 20; index++) await store.addRow(rowOf(store, sha256, `k${index}`, { value }));
  await store.close();
  const bytes = readdirSync(join(folder, '.telar'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
  return { 'B7 MB for 20 steps with an unchanged 1 MiB value': bytes / 1e6 };
}

async function large(folder: string): Promise<Record<string, number>> {
  const bytes = new Uint8Array(100e6);
  for (let at = 0; at < bytes.length; at += 8) bytes[at] = at >> 9;
  const raw: number[] = [];
  const put: number[] = [];
  const again: number[] = [];
  const back: number[] = [];
  for (let index = 0; index < 5; index++) {
    bytes[1] = index;
    raw.push(await timed(1, () => { sha256(bytes); writeFileSync(join(folder, `raw-${index}`), bytes, { flush: true }); }));
    rmSync(join(folder, `raw-${index}`));
    const store = openStore(folder);
    let hash = '';
    put.push(await timed(1, async () => { hash = store.blobs.put(bytes); await store.flush(); }));
    again.push(await timed(1, () => store.blobs.put(bytes)));
    await store.close();
    const other = openStore(folder);
    back.push(await timed(1, () => other.blobs.get(hash)));
    await other.close();
    rmSync(join(folder, '.telar'), { recursive: true });
  }
  return { 'B8 put 100 MB': median(put), 'B8 put 100 MB again': median(again), 'B8 get 100 MB, checked': median(back), 'peer: hash, write, fsync 100 MB': median(raw), 'B8 ratio': median(put) / median(raw) };
}

const figures: Record<string, number> = {};
for (const part of [hits, steps, unchanged, large]) Object.assign(figures, await inFolder(part));
console.log(JSON.stringify(Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, round(value)])), null, 2));
