/**
 * Workers: B12 (a dispatch and back, beside zeromq.js alone between two processes), B14 (how long a killed or stopped worker is missed), B10 (SQL through a worker
 * beside DuckDB itself) and B9 (Python in a worker, beside stock Pyodide).
 */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { Router } from 'zeromq';
import type { Program } from '../../contracts/node.ts';
import type { Blobs } from '../../contracts/values.ts';
import { createFixedGovernor } from '../../runtime/governor/fixed.ts';
import type { Dispatcher, Task } from '../../runtime/workers/dispatcher.ts';
import { createZeromq } from '../../runtime/workers/zeromq.node.ts';
import { memoryBlobs } from '../support/memory-blobs.ts';
import { links, signal } from '../support/processes.ts';
import { inFolder, median, type Figure } from './bench.ts';
import { stockPython } from './million.ts';

const CHILD = fileURLToPath(new URL('echo-worker-child.ts', import.meta.url));
const ROUNDS = 2_000;
let tasks = 0;

function taskOf(engine: string, code: string, blobs: Blobs, inputs: Task['inputs'] = {}, emit: Task['emit'] = () => undefined): Task {
  const program: Program = { engine, code, file: 'a.telar.md', line: 1, id: 'a', wanted: [], binds: [], modules: {}, folder: '' };
  return { id: `b${tasks += 1}`, program, inputs, limits: { time: 120_000, memory: 2e9, output: 64e6 }, blobs, emit };
}

async function withWorkers<T>(act: (dispatcher: Dispatcher, folder: string) => Promise<T>, { entry, warm = 0 }: { entry?: string; warm?: number } = {}): Promise<T> {
  return inFolder(async (root) => {
    const state = join(root, '.telar');
    mkdirSync(state);
    const dispatcher = createZeromq({ root, state, available: () => ({ ok: true }), governor: () => createFixedGovernor(2, warm), ...(entry === undefined ? {} : { entry }) });
    try {
      return await act(dispatcher, root);
    } finally {
      await dispatcher.close();
    }
  });
}

/** Microseconds of one way there and back, ours and theirs by turns. */
async function roundTrips(): Promise<{ ours: number; peer: number }> {
  return withWorkers(async (dispatcher, folder) => {
    const blobs = memoryBlobs();
    const bytes = new Uint8Array(64).fill(7);
    const x = { ref: { form: 'bytes' as const, hash: blobs.put(bytes), bytes: 64 } };
    const socket = new Router({ linger: 0, mandatory: true });
    await socket.bind(`ipc://${join(folder, 'echo.sock')}`);
    const child = spawn(process.execPath, ['--no-warnings', CHILD, `ipc://${join(folder, 'echo.sock')}`], { stdio: 'inherit' });
    await socket.receive();
    const [ours, peer]: [number[], number[]] = [[], []];
    try {
      for (let round = -200; round < ROUNDS; round++) {
        const from = performance.now();
        await dispatcher.submit(taskOf('echo', '', blobs, { x }));
        const between = performance.now();
        await socket.send(['echo', bytes]);
        await socket.receive();
        const end = performance.now();
        if (round < 0) continue;
        ours.push((between - from) * 1_000);
        peer.push((end - between) * 1_000);
      }
    } finally {
      child.kill();
      socket.close();
    }
    return { ours: median(ours), peer: median(peer) };
  }, { entry: CHILD });
}

/** Milliseconds from a signal to the next dispatch of the step. */
async function missed(name: 'SIGKILL' | 'SIGSTOP', times: number): Promise<number> {
  const taken: number[] = [];
  for (let time = 0; time < times; time++) {
    taken.push(await withWorkers(async (dispatcher) => {
      let begun: (() => void) | undefined;
      const running = new Promise<void>((resolve) => { begun = resolve; });
      let dispatched = 0;
      const again = new Promise<number>((resolve) => { dispatcher.events(({ event }) => { if (event === 'dispatch' && (dispatched += 1) === 2) resolve(performance.now()); }); });
      const done = dispatcher.submit(taskOf('javascript', 'console.log("on"); const from = Date.now(); while (Date.now() - from < 400); 1', memoryBlobs(), {}, () => { begun?.(); }));
      await running;
      const [pid] = links();
      const from = performance.now();
      signal([pid!], name);
      const at = await again;
      await done;
      signal([pid!], 'SIGKILL');
      return at - from;
    }));
  }
  return median(taken);
}

const QUERIES = ['select sum(i * 2) s, count(*) n from range(50000000) t(i)', 'select i % 100 k, count(*) n, sum(i) s from range(50000000) t(i) group by k order by k'];

/** Milliseconds of two queries over fifty million rows, in a worker and in DuckDB itself with as many threads. */
async function sql(): Promise<{ ours: number; peer: number }> {
  return withWorkers(async (dispatcher) => {
    const blobs = memoryBlobs();
    const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
    const [ours, peer]: [number[], number[]] = [[], []];
    await dispatcher.submit(taskOf('sql', 'select 1 a', blobs));
    for (let turn = -1; turn < 5; turn++) {
      const from = performance.now();
      for (const query of QUERIES) await dispatcher.submit(taskOf('sql', query, blobs));
      const between = performance.now();
      for (const query of QUERIES) await (await connection.runAndReadAll(query)).getRowObjectsJson();
      const end = performance.now();
      if (turn < 0) continue;
      ours.push(between - from);
      peer.push(end - between);
    }
    connection.closeSync();
    return { ours: median(ours), peer: median(peer) };
  });
}

/** Milliseconds from nothing to the end of the first step of Python in a worker, and of the first that a spare one does; beside Pyodide as it comes. */
async function python(): Promise<{ ready: number; spare: number; stock: number }> {
  const [ready, spare, stock]: [number[], number[], number[]] = [[], [], []];
  for (let pass = 0; pass < 6; pass++) {
    await withWorkers(async (dispatcher) => {
      const blobs = memoryBlobs();
      const from = performance.now();
      await dispatcher.submit(taskOf('python', '1', blobs));
      const between = performance.now();
      // While the first worker is busy, a spare one gets ready.
      const long = taskOf('python', 'import time\ntime.sleep(60)', blobs);
      const busy = dispatcher.submit(long).catch(() => undefined);
      await new Promise((done) => { setTimeout(done, 2_500); });
      const begun = performance.now();
      await dispatcher.submit(taskOf('python', '2', blobs));
      const end = performance.now();
      dispatcher.cancel(long.id, 'it was only to be busy');
      await busy;
      // The first pass makes the snapshot, once for a machine.
      if (pass > 0) { ready.push(between - from); spare.push(end - begun); }
    }, { warm: 1 });
    const beside = await stockPython();
    beside.end();
    if (pass > 0) stock.push(beside.ready);
  }
  return { ready: median(ready), spare: median(spare), stock: median(stock) };
}

export async function figures(): Promise<readonly Figure[]> {
  const trip = await roundTrips();
  const [killed, stopped] = [await missed('SIGKILL', 5), await missed('SIGSTOP', 3)];
  const query = await sql();
  const start = await python();
  return [
    { id: 'B12', what: 'dispatch to a worker and back, 64 B in and out', ours: trip.ours, unit: 'µs', reach: { ratio: 3 }, peer: { name: 'zeromq.js alone, two processes', value: trip.peer } },
    { id: 'B14', what: 'worker killed, until its step is dispatched again', ours: killed, unit: 'ms', reach: { most: 1_500 } },
    { id: 'B14', what: 'worker stopped, until its step is dispatched again', ours: stopped, unit: 'ms', reach: { most: 4_000 } },
    { id: 'B10', what: 'two queries over 50 million rows, in a worker', ours: query.ours, unit: 'ms', reach: { ratio: 1.05 }, peer: { name: 'DuckDB in this process, one thread', value: query.peer } },
    { id: 'B9', what: 'Python in a new worker, from nothing to the end of its first step', ours: start.ready, unit: 'ms', reach: { ratio: 0.2 }, peer: { name: 'stock Pyodide in a Node child, until ready', value: start.stock } },
    { id: 'B9', what: 'first step of a spare worker, begun and ended', ours: start.spare, unit: 'ms', reach: { most: 20 } },
  ];
}
