/**
 * The command line: B13 (a run in a new process that reuses all, beside a Node that does nothing), and a notebook of 2,000
 * nodes through the host of the command line with its real engines: opened, run, one edit, run.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openHost, type Host } from '../../runtime/hosts/cli/host.node.ts';
import type { Notebook } from '../../runtime/runtime.ts';
import type { RunResult } from '../../runtime/scheduler/run-plan.ts';
import { NODE, TELAR, js, py, sql } from '../support/cli.ts';
import { inFolder, median, type Figure } from './bench.ts';

const three = sql('monthly', 'select range m, range * 1.5 t from range(12)') + py('warmest', 'max(monthly, key=lambda row: row["t"])') + js('label', '`${warmest.m}: ${warmest.t}`');

/** Milliseconds of both, by turns, so that both see the same machine. */
async function allReused(folder: string): Promise<{ telar: number; node: number }> {
  mkdirSync(join(folder, '.telar'));
  writeFileSync(join(folder, 'three.telar.md'), three);
  const run = (args: readonly string[]): string => execFileSync(NODE, args, { cwd: folder, encoding: 'utf8' });
  const telar = (): string => run([TELAR, 'run', 'three.telar.md', '--json']);
  const taken: { telar: number[]; node: number[] } = { telar: [], node: [] };
  telar();
  for (let pass = 0; pass < 12; pass++) {
    const from = performance.now();
    const last = telar().trim().split('\n').at(-1) as string;
    const middle = performance.now();
    run(['-e', '0']);
    const end = performance.now();
    if (last.split('"how":"reused"').length !== 4) throw new Error(`not all was reused: ${last}`);
    if (pass > 1) { taken.telar.push(middle - from); taken.node.push(end - middle); }
  }
  return { telar: median(taken.telar), node: median(taken.node) };
}

/** A hundred chains of twenty. */
const twoThousand = (edit: string): string => Array.from({ length: 100 }, (_, chain) => Array.from({ length: 20 }, (__, i) =>
  js(`n${chain}_${i}`, i === 0 ? String(chain) : `n${chain}_${i - 1} + 1${chain === 50 && i === 10 ? edit : ''}`)).join('')).join('');

interface Session { readonly opened: number; readonly refreshed: number; readonly run: number; readonly ran: number }

/** Opens the notebook as a new process would, changes it, and runs it. */
async function session(path: string, edit: string): Promise<Session> {
  const from = performance.now();
  const host: Host = openHost(path, { text: () => undefined });
  try {
    const notebook: Notebook = await host.open();
    const opened = performance.now();
    writeFileSync(path, twoThousand(edit));
    await notebook.refresh();
    const refreshed = performance.now();
    const result: RunResult = await notebook.run({ jobs: 2, failFast: false, signal: new AbortController().signal, emit: () => undefined });
    const end = performance.now();
    if (result.status !== 'ok') throw new Error(result.status);
    return { opened: opened - from, refreshed: refreshed - opened, run: end - refreshed, ran: [...result.nodes.values()].filter((node) => node.how === 'ran').length };
  } finally {
    await host.close();
  }
}

async function large(folder: string): Promise<{ readonly first: Session; readonly same: Session; readonly edited: Session }> {
  mkdirSync(join(folder, '.telar'));
  const path = join(folder, 'large.telar.md');
  writeFileSync(path, twoThousand(''));
  const first = await session(path, '');
  const same: Session[] = [];
  const edited: Session[] = [];
  for (let pass = 1; pass <= 5; pass++) {
    same.push(await session(path, pass === 1 ? '' : ` + ${pass - 1}`));
    edited.push(await session(path, ` + ${pass}`));
  }
  const middle = (all: readonly Session[]): Session => ({
    opened: median(all.map((one) => one.opened)), refreshed: median(all.map((one) => one.refreshed)), run: median(all.map((one) => one.run)), ran: median(all.map((one) => one.ran)),
  });
  return { first, same: middle(same), edited: middle(edited) };
}

export async function figures(): Promise<readonly Figure[]> {
  const { telar, node } = await inFolder(allReused);
  const { first, same, edited } = await inFolder(large);
  const of2000 = (what: string, ours: number, unit = 'ms'): Figure => ({ id: '2,000', what: `notebook of 2,000 nodes: ${what}`, ours, unit, reach: {} });
  return [
    { id: 'B13', what: '`telar run` of three nodes, all reused, above `node -e 0`', ours: telar - node, unit: 'ms', reach: { most: 250 } },
    { id: 'B13', what: 'the same, whole, beside `node -e 0`', ours: telar, unit: 'ms', reach: {}, peer: { name: 'node -e 0', value: node } },
    of2000('opened for the first time', first.opened), of2000('run for the first time', first.run),
    of2000('opened again, in a new session', same.opened), of2000('run again, all reused', same.run),
    of2000('one edit taken up', edited.refreshed), of2000('run after the edit', edited.run), of2000('ran of them after the edit', edited.ran, 'nodes'),
  ];
}
