/**
 * Verifying a run beside the run itself: whole, each in a new session of the command line's host, engines started anew; by turns, so
 * that both see the same machine. A verify is more (a replica, a comparison of each output) and less (nothing is synced).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openHost, type Host } from '../../runtime/hosts/cli/host.node.ts';
import { openReplay } from '../../runtime/replay/replay.ts';
import { verifyRun } from '../../runtime/replay/verify.ts';
import { js, py, sql, yaml } from '../support/cli.ts';
import { inFolder, median, type Figure } from './bench.ts';

const JOBS = 2;
const signal = new AbortController().signal;

/** Tables of a million rows through three languages. */
const heavy = yaml('raw', 'data', 'file: raw.csv')
  + sql('table', 'select range id, range % 97 station, sin(range) * 10 t, cos(range) r, range % 365 as day, range / 7 as share from range(1000000)')
  + sql('daily', 'select station, day, avg(t) t, sum(r) r from "table" group by all order by all')
  + py('sums', 'import math\n[math.fsum(row["t"] for row in daily if row["station"] == s) for s in range(20)]')
  + js('most', 'sums.reduce((a, b) => Math.max(a, b))') + sql('joined', 'select d.*, v.v from daily d join raw v using (station)') + py('text', 'f"{most:.3f} of {len(joined)}"');

/** A hundred small steps. */
const small = Array.from({ length: 20 }, (_, chain) => Array.from({ length: 5 }, (__, i) => js(`n${chain}_${i}`, i === 0 ? String(chain) : `n${chain}_${i - 1} + 1`)).join('')).join('');

async function inHost<T>(path: string, act: (host: Host) => Promise<T>): Promise<T> {
  const host = openHost(path, { text: () => undefined });
  try { return await act(host); } finally { await host.close(); }
}

/** Milliseconds of both. */
async function both(folder: string, text: string): Promise<{ run: number; verify: number; outputs: number }> {
  mkdirSync(join(folder, '.telar'));
  const path = join(folder, 'main.telar.md');
  writeFileSync(path, text);
  writeFileSync(join(folder, 'raw.csv'), `station,v\n${Array.from({ length: 97 }, (_, i) => `${i},${i * i}`).join('\n')}\n`);
  const taken: { run: number[]; verify: number[] } = { run: [], verify: [] };
  let outputs = 0;
  for (let pass = 0; pass < 7; pass += 1) {
    const from = performance.now();
    const id = await inHost(path, async (host) => {
      const result = await (await host.open()).run({ jobs: JOBS, failFast: false, signal, noReuse: true, emit: () => undefined });
      if (result.status !== 'ok') throw new Error(JSON.stringify([...result.nodes]));
      return result.run;
    });
    const middle = performance.now();
    const report = await inHost(path, async (host) => {
      const replay = await openReplay(host, id);
      try { return await verifyRun(replay, { jobs: JOBS, signal }); } finally { await replay.close(); }
    });
    const end = performance.now();
    if (report.identical !== report.total) throw new Error(JSON.stringify(report));
    outputs = report.total;
    if (pass > 1) { taken.run.push(middle - from); taken.verify.push(end - middle); }
  }
  return { run: median(taken.run), verify: median(taken.verify), outputs };
}

export async function figures(): Promise<readonly Figure[]> {
  const tables = await inFolder((folder) => both(folder, heavy));
  const steps = await inFolder((folder) => both(folder, small));
  const figure = (what: string, { run, verify, outputs }: typeof tables): Figure => ({
    id: 'C4', what: `verify of ${what}, ${outputs} outputs`, ours: verify, unit: 'ms', peer: { name: 'the run itself', value: run }, reach: { ratio: 1.15 },
  });
  return [figure('tables of a million rows in three languages', tables), figure('a hundred small steps', steps)];
}
