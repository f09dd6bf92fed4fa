/**
 * The engines: B9 (Python ready from spawn, and from a warm spare), B16 (a million rows from SQL to Python to SQL, through the
 * real engines and store), and a SQL step beside the same query in DuckDB itself. Peers: Pyodide as it comes, in a Node child;
 * row objects as JSON between DuckDB and that Pyodide.
 */
import { fork } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TableView } from '../../contracts/values.ts';
import { createPython } from '../../runtime/executors/python/python.node.ts';
import { openHost } from '../../runtime/hosts/cli/host.node.ts';
import { loadValue } from '../../runtime/values/kinds.ts';
import { py, sql, yaml } from '../support/cli.ts';
import { inFolder, median, type Figure } from './bench.ts';
import { aMillion, stockPython, sumOf } from './million.ts';
import type { RowsAsJson } from './rows-as-json-child.ts';

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

const notebook = yaml('turn', 'input', 'type: integer\ndefault: 0') + sql('warm_sql', 'select 1 one') + py('warm_python', 'len(warm_sql)')
  + sql('flights', aMillion('{{ turn }}')) + py('total', 'sum(flights["a"])') + sql('back', 'select {{ total }} * 2 as twice')
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

/** Both roads by turns, so that both see the same machine; the peer in a process of its own, for its garbage is its own. */
async function across(folder: string): Promise<Record<'ours' | 'peer' | 'step' | 'peerStep', number>> {
  const child = fork(fileURLToPath(new URL('rows-as-json-child.ts', import.meta.url)));
  const peer = (turn: number): Promise<RowsAsJson> => new Promise((resolve, reject) => {
    child.once('message', (taken) => { child.removeAllListeners('exit'); resolve(taken as RowsAsJson); });
    child.once('exit', (code) => { reject(new Error(`the peer ended with ${code}`)); });
    child.send(turn);
  });
  try {
    return await overHost(folder, async (run) => {
      const taken = { ours: [] as number[], peer: [] as number[], step: [] as number[], peerStep: [] as number[] };
      for (let turn = 1; turn <= 6; turn++) {
        const { ms, value } = await run('back', turn);
        const { ms: alone } = await run('counted', turn);
        const [twice] = (value as TableView).column('twice') as readonly number[];
        if (Number(twice) !== 2 * sumOf(turn)) throw new Error(`the sum is wrong: ${twice}`);
        const beside = await peer(turn);
        if (turn === 1) continue;
        taken.ours.push(ms);
        taken.step.push(alone);
        taken.peer.push(beside.across);
        taken.peerStep.push(beside.step);
      }
      return { ours: median(taken.ours), peer: median(taken.peer), step: median(taken.step), peerStep: median(taken.peerStep) };
    });
  } finally {
    child.removeAllListeners('exit');
    child.kill();
  }
}

export async function figures(): Promise<readonly Figure[]> {
  const start = await inFolder(python);
  const million = await inFolder(across);
  return [
    { id: 'B9', what: 'Python ready, from spawn', ours: start.ready, unit: 'ms', reach: { ratio: 0.2 }, peer: { name: 'stock Pyodide in a Node child', value: start.stock } },
    { id: 'B9', what: 'first step of a warm spare, begun and ended', ours: start.warm, unit: 'ms', reach: { most: 20 } },
    { id: 'B16', what: 'a million rows by six columns: SQL to Python to SQL, stored and synced', ours: million.ours, unit: 'ms', reach: { most: 1200, ratio: 0.1 }, peer: { name: 'row objects as JSON, nothing stored', value: million.peer } },
    { id: 'SQL', what: 'step that groups a stored table of a million rows', ours: million.step, unit: 'ms', reach: {}, peer: { name: 'DuckDB, its own table in memory', value: million.peerStep } },
  ];
}
