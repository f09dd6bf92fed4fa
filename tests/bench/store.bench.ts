/**
 * The store under the real graph, planner and scheduler: B5 (reused step), B6 (executed step with 1 KiB, synced), B7 (bytes for a
 * value that does not change), B8 (a table of 100 MB). The peer of B6 and B7 is LangGraph.js with its SQLite saver; that of B8 a plain
 * hash, write and sync.
 */
import { closeSync, fsyncSync, openSync, readdirSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { openStore } from '../../runtime/checkpoints/sqlite.node.ts';
import type { ValueRef } from '../../contracts/values.ts';
import { encodeColumn } from '../../runtime/values/column-encode.ts';
import { openTable, putManifest, readManifest } from '../../runtime/values/table.ts';
import { rowOf } from '../suites/store.ts';
import { js } from '../support/graphs.ts';
import { createBench } from '../support/workbench.ts';
import { inFolder, median, time, type Figure } from './bench.ts';
import { langGraph } from './peer.ts';

/** Each value 1 KiB of its own: `a` sets one pass apart from the others. */
const chain = (n: number, a: string): string => Array.from({ length: n }, (_, i) => js(`x${i}`, i === 0 ? `'${a}'.padEnd(1024, '.')` : `x${i - 1}.slice(0, 1000).padEnd(1024, '${i}')`)).join('\n');

/** Microseconds for one look-up of a row whose value is there, in a store just opened. */
async function lookUp(folder: string): Promise<number> {
  const keys = Array.from({ length: 1000 }, (_, index) => sha256(`k${index}`));
  const written = openStore(folder);
  await Promise.all(keys.map((key, index) => written.addRow(rowOf(written, sha256, key, { value: `${index}`.padEnd(1024, 'x') }))));
  await written.close();
  let store = openStore(folder);
  const took = await time(() => {
    for (const key of keys) if (!store.rows(key).some((row) => store.holds(row))) throw new Error('a row is missing');
  }, { prepare: async () => { await store.close(); store = openStore(folder); } });
  await store.close();
  return took;
}

/** Milliseconds of a run in which all of `n` steps are reused, by a process that has just opened notebook and store. */
async function reused(folder: string, n: number): Promise<number> {
  const text = chain(n, 'same');
  const first = openStore(folder);
  await createBench(text, first).run();
  await first.close();
  const taken: number[] = [];
  for (let pass = 0; pass < 9; pass++) {
    const store = openStore(folder);
    const bench = createBench(text, store);
    const notebook = await bench.notebook();
    const from = performance.now();
    const result = await notebook.run({ jobs: 4, failFast: false, signal: new AbortController().signal, emit: () => undefined });
    taken.push(performance.now() - from);
    if (bench.engine.began.length > 0 || result.nodes.size !== n) throw new Error('not all was reused');
    await store.close();
  }
  return median(taken.slice(2));
}

/** Milliseconds per executed step: a chain, so that no step can begin before the one before it has ended. */
async function executed(folder: string, n: number): Promise<number> {
  const store = openStore(folder);
  let pass = 0;
  const bench = createBench('', store);
  const took = await time(async () => {
    const result = await bench.run();
    if (result.status !== 'ok') throw new Error(result.status);
  }, { runs: 7, prepare: async () => { bench.write(chain(n, String(pass++))); await bench.notebook(); } });
  await store.close();
  return took / n;
}

function syncedWrite(folder: string): Promise<number> {
  const descriptor = openSync(join(folder, 'raw'), 'w');
  return time(() => { writeSync(descriptor, new Uint8Array(4096)); fsyncSync(descriptor); }, { runs: 101 }).finally(() => { closeSync(descriptor); });
}

/** Megabytes on disk after a chain of steps has handed a value on that it did not change. */
async function unchanged(folder: string): Promise<number> {
  const store = openStore(folder);
  await createBench(Array.from({ length: 20 }, (_, i) => js(`x${i}`, i === 0 ? `'x'.repeat(${2 ** 20})` : `x${i - 1}`)).join('\n'), store).run();
  await store.close();
  return readdirSync(join(folder, '.telar'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0) / 1e6;
}

interface Large { readonly put: number; readonly raw: number; readonly lazy: number; readonly whole: number }

/** A table of ten columns of 10 MB: kept with its row; looked up, opened and read in one column by a store just opened; read whole. */
async function large(folder: string): Promise<Large> {
  const columns = Array.from({ length: 10 }, (_, at) => encodeColumn('DOUBLE', Array.from({ length: 1_250_000 }, (__, row) => row / (at + 3))));
  const [raw, put, lazy, whole]: [number[], number[], number[], number[]] = [[], [], [], []];
  const timed = async (into: number[], act: () => unknown): Promise<void> => {
    const from = performance.now();
    await act();
    into.push(performance.now() - from);
  };
  const summary = { type: 'table 1250000 × 10', preview: '' };
  for (let index = 0; index < 7; index++) {
    // A double in the middle becomes another one.
    for (const bytes of columns) bytes[bytes.length >> 1] = index;
    const all = Buffer.concat(columns);
    await timed(raw, () => { sha256(all); writeFileSync(join(folder, 'raw'), all, { flush: true }); });
    rmSync(join(folder, 'raw'));
    const store = openStore(folder);
    await timed(put, async () => {
      const ref = putManifest(columns.map((blob, at) => ({ name: `c${at}`, type: 'DOUBLE', blob: store.blobs.put(blob), bytes: blob.length })), 1_250_000, store.blobs);
      await store.addRow(rowOf(store, sha256, 'k', {}, { outputs: { value: { ref, summary } } }));
    });
    await store.close();
    const other = openStore(folder);
    const held = (): ValueRef => {
      const row = other.rows('k').find((one) => other.holds(one));
      if (row === undefined) throw new Error('the row is not held');
      return row.outputs.value?.ref as ValueRef;
    };
    await timed(lazy, () => { if (openTable(held(), other.blobs).column('c3')[6] !== 1) throw new Error('another value'); });
    await timed(whole, () => { for (const column of readManifest(held(), other.blobs).columns) other.blobs.get(column.blob); });
    await other.close();
    rmSync(join(folder, '.telar'), { recursive: true });
  }
  return { put: median(put), raw: median(raw), lazy: median(lazy), whole: median(whole) };
}

export async function figures(): Promise<readonly Figure[]> {
  const peer = langGraph();
  const beside = (value: number | undefined): Pick<Figure, 'peer' | 'note'> => (value === undefined ? { note: 'LangGraph.js is not installed here: `npm run bench:peers`' } : { peer: { name: `LangGraph.js${peer?.synced === false ? ', not synced' : ''}, Node ${peer?.node}`, value } });
  const look = await inFolder(lookUp);
  const run = await inFolder((folder) => reused(folder, 1000));
  const step = await inFolder((folder) => executed(folder, 500));
  const sync = await inFolder(syncedWrite);
  const megabytes = await inFolder(unchanged);
  const table = await inFolder(large);
  return [
    { id: 'B5', what: 'a hit in a store just opened', ours: look, unit: 'µs', reach: { most: 20 } },
    { id: 'B5', what: 'a run of 1,000 steps that are all reused: plan, decide, record, commit', ours: run, unit: 'ms', reach: { most: 100 } },
    { id: 'B6', what: 'executed step with 1 KiB, group commit, synced', ours: step, unit: 'ms', reach: { most: 0.5 }, ...beside(peer?.step) },
    { id: 'B6', what: 'the same step beside one plain synced write of 4 KiB', ours: step, unit: 'ms', reach: {}, peer: { name: 'write and fsync', value: sync } },
    { id: 'B7', what: 'stored for 20 steps that carry an unchanged 1 MiB', ours: megabytes, unit: 'MB', reach: { most: 1.1 }, ...beside(peer?.megabytes) },
    { id: 'B8', what: 'a table of 100 MB into the store, with its row', ours: table.put, unit: 'ms', reach: { ratio: 1.25 }, peer: { name: 'hash, write, fsync', value: table.raw } },
    { id: 'B8', what: 'and back, lazily: looked up, opened, one column read, checked and decoded', ours: table.lazy, unit: 'ms', reach: { most: 300 } },
    { id: 'B8', what: 'all columns read and checked', ours: table.whole, unit: 'ms', reach: {} },
  ];
}
