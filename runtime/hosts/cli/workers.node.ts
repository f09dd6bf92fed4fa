/**
 * `telar workers`: who is at work in this workspace. It reads what each coordinator says of itself (`workers/status.node.ts`), leaves out those whose
 * process is gone, and asks nobody: a run that hangs does not hang this.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isLocked } from '../../adapters/lock.node.ts';
import { findWorkspace } from '../../adapters/workspace.node.ts';
import type { GovernorView } from '../../governor/governor.ts';
import { openGovernor } from '../../governor/open.node.ts';
import type { WorkerView } from '../../workers/link/supervisor-types.ts';
import type { Arguments } from './arguments.node.ts';
import { governorLines } from './governor-lines.node.ts';
import { clean, colour, count, duration, size, terminal } from './terminal.node.ts';

/** A worker as it was written: ages in milliseconds instead of times. */
type Worker = Omit<WorkerView, 'since' | 'heard'> & { readonly age: number; readonly heard?: number; readonly node?: string };

/** One coordinator at work. */
interface Coordinator { readonly pid: number; readonly slot: number; readonly run?: string; readonly since: string; readonly governor: GovernorView; readonly workers: readonly Worker[] }

/** No status is larger by far. */
const LARGEST = 2 ** 22;

export async function run(args: Arguments): Promise<number> {
  const state = join(findWorkspace(args.text('workspace') ?? '.', args.text('workspace')).root, '.telar');
  const coordinators = coordinatorsAt(state);
  const governor = openGovernor();
  if (coordinators.length === 0 || args.flags.json === true) await governor.look();
  const view = governor.view();
  governor.close();
  if (args.flags.json === true) { terminal.out(`${JSON.stringify({ type: 'workers', coordinators, governor: view })}\n`); return 0; }
  for (const one of coordinators) terminal.out(`${colour.bold(one.run === undefined ? 'a run' : `run ${clean(one.run)}`)}  ${colour.grey(`process ${one.pid}, ${count(one.workers.length, 'worker')}`)}\n${table(one.workers)}\n`);
  if (coordinators.length === 0) terminal.out('No workers are at work here. `telar run` starts them for heavy steps.\n\n');
  for (const line of governorLines(coordinators[0]?.governor ?? view)) terminal.out(`${line}\n`);
  return 0;
}

/** What coordinators that live have written. One that cannot be read is being replaced, or is not ours. */
export function coordinatorsAt(state: string): readonly Coordinator[] {
  const folder = join(state, 'living');
  let names: string[];
  try { names = readdirSync(folder); } catch { return []; }
  return names.flatMap((name) => {
    const slot = /^workers-(\d{1,3})\.json$/.exec(name)?.[1];
    const read = slot === undefined ? undefined : readStatus(join(folder, name), Number(slot));
    return read !== undefined && isLocked(join(state, 'workers', `${slot}.lock`)) && isAlive(read.pid) ? [read] : [];
  }).sort((a, b) => a.slot - b.slot);
}

function readStatus(path: string, slot: number): Coordinator | undefined {
  try {
    const { size: bytes, mtimeMs } = statSync(path);
    if (bytes > LARGEST) return undefined;
    const { type, pid, run: running, since, governor, workers } = JSON.parse(readFileSync(path, 'utf8')) as Coordinator & { type: string };
    if (type !== 'workers' || !Number.isSafeInteger(pid) || pid <= 0 || typeof since !== 'string' || typeof governor?.sample?.memory?.available !== 'number' || !Array.isArray(workers)) return undefined;
    const old = Math.max(0, Math.round(Date.now() - mtimeMs));
    const aged = workers.map((one) => ({ ...one, age: one.age + old, ...(one.heard === undefined ? {} : { heard: one.heard + old }) }));
    return { pid, slot, ...(running === undefined ? {} : { run: running }), since, governor, workers: aged };
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try { return process.kill(pid, 0); } catch (error) { return (error as NodeJS.ErrnoException).code === 'EPERM'; }
}

const STATES: Readonly<Record<string, (text: string) => string>> = { busy: colour.green, hung: colour.red, dead: colour.red, silent: colour.yellow, starting: colour.blue, idle: colour.grey, stopping: colour.grey };

function table(workers: readonly Worker[]): string {
  const rows = [['worker', 'class', 'state', 'node', 'since', 'memory', 'pid', 'done'], ...workers.map(({ worker, class: of, state, node, age, memory, pid, done }) =>
    [clean(worker), clean(of), clean(state), clean(node ?? ''), duration(age), memory === undefined ? '' : size(memory), String(pid ?? ''), String(done)])];
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  return rows.map((row, line) => {
    const cells = row.map((cell, i) => { const padded = cell.padEnd(widths[i] ?? 0); return line === 0 ? colour.grey(padded) : i === 2 ? (STATES[cell] ?? String)(padded) : padded; });
    return `  ${cells.join('  ').trimEnd()}\n`;
  }).join('');
}
