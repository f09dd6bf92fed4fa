/** `telar run`: runs a notebook and tells what was done, what was reused and why. With `--watch`, again at every change. */
import { TelarError } from '../../../contracts/errors.ts';
import { askedPolicy } from '../../governor/open.node.ts';
import type { Notebook } from '../../runtime.ts';
import type { Arguments } from './arguments.node.ts';
import { defaultJobs, openHost, type Host } from './host.node.ts';
import { stoppable } from './stoppable.node.ts';
import { tellRun } from './tell-run.node.ts';
import { colour, terminal } from './terminal.node.ts';
import { FileWatch } from './watch.node.ts';

export async function run(args: Arguments): Promise<number> {
  const host = openHost(args.positionals[0] as string, args);
  try {
    return await stoppable((signal) => runWhile(host, args, signal));
  } finally {
    await host.close();
  }
}

async function runWhile(host: Host, args: Arguments, signal: AbortSignal): Promise<number> {
  const watch = args.flags.watch === true ? new FileWatch(host.workspace.root) : undefined;
  watch?.follow([host.workspace.file], Infinity);
  let began = Date.now();
  const notebook = await host.open();
  let status = await runOnce(host, notebook, args, signal);
  while (watch !== undefined) {
    watch.follow(notebook.sources(), began);
    const changed = await watch.next(signal);
    if (changed.length === 0) break;
    began = Date.now();
    status = await runAgain(host, notebook, args, signal, changed) ?? status;
  }
  return status;
}

/** @returns the exit status, or `undefined` when the notebook cannot be read just now */
async function runAgain(host: Host, notebook: Notebook, args: Arguments, signal: AbortSignal, changed: readonly string[]): Promise<number | undefined> {
  try {
    const touched = await notebook.refresh();
    if (args.flags.json !== true) terminal.out(colour.grey(`\n${changed.join(', ')} changed${touched.size === 0 ? '' : `: ${[...touched].join(', ')}`}\n`));
    return await runOnce(host, notebook, args, signal);
  } catch (error) {
    terminal.error(`telar: ${TelarError.from(error).message}`);
    return undefined;
  }
}

async function runOnce(host: Host, notebook: Notebook, args: Arguments, signal: AbortSignal): Promise<number> {
  const told = tellRun(host, notebook, args);
  const result = await notebook.run({
    ...planOptions(args), jobs: jobsOf(args), failFast: args.flags['fail-fast'] === true, signal, emit: told.emit,
  }).finally(told.close);
  return told.end(result);
}

/** What `run`, `plan` and `why` have in common. @throws TelarError `usage` */
export function planOptions(args: Arguments): { to?: readonly string[]; from?: readonly string[]; noReuse?: boolean; trust?: boolean; set?: Record<string, string> } {
  const to = args.list('to');
  const from = args.list('from');
  const values = ([] as unknown[]).concat(args.flags.set ?? []).map(String);
  const set = Object.create(null) as Record<string, string>;
  for (const one of values) {
    const at = one.indexOf('=');
    if (at < 1) throw new TelarError('usage', `--set takes NAME=VALUE; \`${one}\` has no name or no \`=\`.`);
    set[one.slice(0, at)] = one.slice(at + 1);
  }
  return { ...(to === undefined ? {} : { to }), ...(from === undefined ? {} : { from }), ...(args.flags['no-reuse'] === true ? { noReuse: true } : {}), ...(args.flags.trust === true ? { trust: true } : {}), ...(values.length === 0 ? {} : { set }) };
}

/** Most steps at once. @throws TelarError `usage` */
export function jobsOf(args: Arguments): number {
  const text = args.text('jobs');
  if (text === undefined) return defaultJobs(askedPolicy(args.text('policy')));
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new TelarError('usage', `--jobs takes a number from 1; \`${text}\` is none.`);
  return Number(text);
}
