/**
 * The engines: B9 (Python ready from spawn, and from a warm spare), B16 (a million rows from SQL to Python to SQL, through the
 * real engines and store), and a SQL step beside the same query in DuckDB itself. Peers: Pyodide as it comes, in a Node child;
 * row objects as JSON between DuckDB and that Pyodide.
 */
import { fork } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import type { TableView } from '../../contracts/values.ts';
import { createPython } from '../../runtime/executors/python/python.node.ts';
import { openHost } from '../../runtime/hosts/cli/host.node.ts';
import { loadValue } from '../../runtime/values/kinds.ts';
import { py, sql, yaml } from '../support/cli.ts';
import { inFolder, median, type Figure } from './bench.ts';

/** Pyodide in a Node child: when it was ready, and then what the road by JSON takes. */
interface Stock { readonly ready: number; sum(json: string): Promise<string>; end(): void }

async function stockPython(): Promise<Stock> {
  const from = performance.now();
  const child = fork(fileURLToPath(new URL('stock-pyodide-child.ts', import.meta.url)), { serialization: 'advanced' });
  const answer = (): Promise<string> => new Promise((resolve, reject) => {
    child.once('message', (text) => { child.removeAllListeners('exit'); resolve(String(text)); });
    child.once('exit', (code) => { reject(new Error(`Pyodide ended with ${code}`)); });
  });
  await answer();
  return {
    ready: performance.now() - from,
    sum: (json) => { const sum = answer(); child.send(json); return sum; },
    end: () => { child.removeAllListeners('exit'); child.kill(); },
  };
}

async function python(folder: string): Promise<{ ready: number; warm: number; stock: number }> {
  const [ready, warm, stock]: number[][] = [[], [], []];
  const program = { engine: 'python', code: '1', file: 'a.telar.md', line: 1, id: 'a', wanted: [], binds: [], modules: {}, folder: '' };
  for (let pass = 0; pass < 8; pass++) {
    const engine = createPython({ root: folder, cache: join(folder, 'cache'), scratch: join(folder, `scratch-${pass}`), spares: 0 });
    const from = performance.now();
    await engine.warm();
    const ended = performance.now();
    // A spare stands ready for a while before it is wanted.
    await new Promise((done) => { setTimeout(done, 300); });
    const begun = performance.now();
    const blobs = { put: () => 'hash', get: () => undefined, has: () => false, path: () => undefined };
    await engine.execute(program, {}, { blobs, limits: { time: 20_000, memory: 512e6, output: 1e6 }, signal: new AbortController().signal, emit: () => undefined });
    const end = performance.now();
    await engine.close();
    const beside = await stockPython();
    beside.end();
    // The first pass makes the snapshot, once for a machine.
    if (pass > 0) { ready?.push(ended - from); warm?.push(end - begun); stock?.push(beside.ready); }
  }
  return { ready: median(ready ?? []), warm: median(warm ?? []), stock: median(stock ?? []) };
}

const million = (turn: string): string => `select i as id, i % 97 + ${turn} as a, i * 0.25 as b, 'name ' || (i % 1000) as c, date '2020-01-01' + (i % 365)::int as d, i % 2 = 0 as e from range(1000000) t(i)`;
const notebook = yaml('turn', 'input', 'type: integer\ndefault: 0') + sql('warm_sql', 'select 1 one') + py('warm_python', 'len(warm_sql)')
  + sql('flights', million('{{ turn }}')) + py('total', 'sum(flights["a"])') + sql('back', 'select {{ total }} * 2 as twice')
  + sql('counted', 'select c, count(*) n, sum(a) s from flights group by c order by c');

/** A workspace through the host of the command line, its engines warm. Each turn of it is another table. */
async function overHost<T>(folder: string, act: (run: (to: string, turn: number) => Promise<{ ms: number; value: unknown }>) => Promise<T>): Promise<T> {
  mkdirSync(join(folder, '.telar'));
  const path = join(folder, 'million.telar.md');
  writeFileSync(path, notebook);
  const host = openHost(path, { text: () => undefined });
  try {
    const open = await host.open();
    const run = async (to: string, turn: number): Promise<{ ms: number; value: unknown }> => {
      const from = performance.now();
      const result = await open.run({ to: [to], set: { turn }, jobs: 2, failFast: false, signal: new AbortController().signal, emit: () => undefined });
      const ms = performance.now() - from;
      const last = result.nodes.get(to);
      const ref = last?.outputs?.value?.ref;
      if (ref === undefined) throw new Error(`${to}: ${JSON.stringify(last)}`);
      return { ms, value: loadValue(ref, host.store.blobs) };
    };
    await run('warm_python', 0);
    return await act(run);
  } finally {
    await host.close();
  }
}

async function ours(folder: string): Promise<{ across: number; step: number }> {
  return overHost(folder, async (run) => {
    const [across, step]: number[][] = [[], []];
    for (let turn = 1; turn <= 6; turn++) {
      const { ms, value } = await run('back', turn);
      const { ms: alone } = await run('counted', turn);
      const [twice] = (value as TableView).column('twice') as readonly number[];
      if (Number(twice) !== 2 * sumOf(turn)) throw new Error(`the sum is wrong: ${twice}`);
      if (turn > 1) { across?.push(ms); step?.push(alone); }
    }
    return { across: median(across ?? []), step: median(step ?? []) };
  });
}

/** Sum of `i % 97 + turn` over a million. */
function sumOf(turn: number): number {
  let sum = 0;
  for (let i = 0; i < 1_000_000; i++) sum += i % 97 + turn;
  return sum;
}

/** The same by row objects as JSON, and the aggregate by DuckDB alone over its own table. */
async function raw(): Promise<{ across: number; step: number }> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  const stock = await stockPython();
  try {
    const [across, step]: number[][] = [[], []];
    for (let turn = 1; turn <= 3; turn++) {
      const from = performance.now();
      const rows = (await connection.runAndReadAll(million(String(turn)))).getRowObjectsJson();
      const sum = await stock.sum(JSON.stringify(rows));
      const [back] = (await connection.runAndReadAll(`select ${sum} * 2 as twice`)).getRowObjectsJson();
      if (Number(back?.twice) !== 2 * sumOf(turn)) throw new Error(`the sum is wrong: ${JSON.stringify(back)}`);
      across?.push(performance.now() - from);
      await connection.run(`create or replace table flights as ${million(String(turn))}`);
      const begun = performance.now();
      await connection.runAndReadAll('select c, count(*) n, sum(a) s from flights group by c order by c');
      step?.push(performance.now() - begun);
    }
    return { across: median(across ?? []), step: median(step ?? []) };
  } finally {
    stock.end();
    connection.closeSync();
  }
}

export async function figures(): Promise<readonly Figure[]> {
  const start = await inFolder(python);
  const telar = await inFolder(ours);
  const peer = await raw();
  return [
    { id: 'B9', what: 'Python ready, from spawn', ours: start.ready, unit: 'ms', reach: { ratio: 0.2 }, peer: { name: 'stock Pyodide in a Node child', value: start.stock } },
    { id: 'B9', what: 'first step of a warm spare, begun and ended', ours: start.warm, unit: 'ms', reach: { most: 20 } },
    { id: 'B16', what: 'a million rows by six columns: SQL to Python to SQL, stored and synced', ours: telar.across, unit: 'ms', reach: { most: 1200, ratio: 0.1 }, peer: { name: 'row objects as JSON, nothing stored', value: peer.across } },
    { id: 'SQL', what: 'step that groups a stored table of a million rows', ours: telar.step, unit: 'ms', reach: {}, peer: { name: 'DuckDB, its own table in memory', value: peer.step } },
  ];
}
