/** `telar run`: runs a notebook and tells what was done, what was reused and why. With `--watch`, again at every change. */
import { TelarError, type Problem } from '../../../contracts/errors.ts';
import type { Operation } from '../../../contracts/protocol.ts';
import type { Notebook } from '../../runtime.ts';
import type { RunResult } from '../../scheduler/run-plan.ts';
import type { Arguments } from './arguments.node.ts';
import { defaultJobs, openHost, type Host } from './host.node.ts';
import { shownPath } from './paths.node.ts';
import { previewValue } from './preview.node.ts';
import { Report } from './report.node.ts';
import { runSummary } from './summary.ts';
import { colour, duration, exitOfRun, terminal } from './terminal.node.ts';
import { FileWatch } from './watch.node.ts';

/** Milliseconds within which two signals are one press of a key. */
const ONE_PRESS = 250;

export async function run(args: Arguments): Promise<number> {
  const host = openHost(args.positionals[0] as string, args);
  const stop = new AbortController();
  let pressed = -Infinity;
  const interrupt = (): void => {
    // A terminal tells the whole group, and the launcher under an older Node passes it on: one press may come twice.
    const since = performance.now() - pressed;
    if (since < ONE_PRESS) return;
    if (since < Infinity) process.exit(130);
    pressed = performance.now();
    stop.abort(new TelarError('cancelled', 'Stopped by the keyboard.'));
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    const watch = args.flags.watch === true ? new FileWatch(host.workspace.root) : undefined;
    watch?.follow([host.workspace.file], Infinity);
    let began = Date.now();
    const notebook = await host.open();
    let status = await runOnce(host, notebook, args, stop.signal);
    while (watch !== undefined) {
      watch.follow(notebook.sources(), began);
      const changed = await watch.next(stop.signal);
      if (changed.length === 0) break;
      began = Date.now();
      status = await runAgain(host, notebook, args, stop.signal, changed) ?? status;
    }
    return status;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    await host.close();
  }
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
  const json = args.flags.json === true;
  const quiet = args.flags.quiet === true;
  const problems = notebook.problems();
  if (json) { if (problems.length > 0) print({ type: 'problems', file: notebook.file, problems }); }
  else for (const problem of problems) if (!quiet || problem.severity === 'error') terminal.error(problemLine({ ...problem, file: shownPath(host.workspace, problem.file ?? notebook.file) }));
  const report = new Report([...notebook.graph.nodes()].map((node) => node.path), quiet, (file) => shownPath(host.workspace, file));
  const result = await notebook.run({
    ...planOptions(args), jobs: jobsOf(args), failFast: args.flags['fail-fast'] === true, signal,
    emit: (operation) => { if (json) print(operation); else report.operation(operation); },
  }).finally(() => { report.close(); });
  if (json) print(runSummary(result));
  else if (!quiet) tellResult(host, notebook, result, problems.filter((problem) => problem.severity === 'error').length);
  return exitOfRun(result.status === 'cancelled', result.nodes.values(), problems.some((problem) => problem.severity === 'error'));
}

/** What `run`, `plan` and `why` have in common. @throws TelarError `usage` */
export function planOptions(args: Arguments): { to?: readonly string[]; from?: readonly string[]; noReuse?: boolean; set?: Record<string, string> } {
  const to = args.list('to');
  const from = args.list('from');
  const values = ([] as unknown[]).concat(args.flags.set ?? []).map(String);
  const set = Object.create(null) as Record<string, string>;
  for (const one of values) {
    const at = one.indexOf('=');
    if (at < 1) throw new TelarError('usage', `--set takes NAME=VALUE; \`${one}\` has no name or no \`=\`.`);
    set[one.slice(0, at)] = one.slice(at + 1);
  }
  return { ...(to === undefined ? {} : { to }), ...(from === undefined ? {} : { from }), ...(args.flags['no-reuse'] === true ? { noReuse: true } : {}), ...(values.length === 0 ? {} : { set }) };
}

function jobsOf(args: Arguments): number {
  const text = args.text('jobs');
  if (text === undefined) return defaultJobs();
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new TelarError('usage', `--jobs takes a number from 1; \`${text}\` is none.`);
  return Number(text);
}

/** `FILE:LINE:COLUMN: error code: message`, as editors read it. */
export function problemLine(problem: Problem): string {
  const kind = problem.severity === 'error' ? colour.red('error') : colour.yellow(problem.severity);
  return `${problem.file ?? ''}:${problem.line}:${problem.column}: ${kind} ${problem.code}: ${problem.message}`;
}

function tellResult(host: Host, notebook: Notebook, result: RunResult, errors: number): void {
  const count = { ran: 0, reused: 0, failed: 0, other: 0 };
  for (const status of result.nodes.values()) {
    if (status.state === 'fresh') count[status.how === 'ran' ? 'ran' : 'reused'] += 1;
    else count[status.state === 'failed' ? 'failed' : 'other'] += 1;
  }
  for (const name of notebook.graph.root.document.frontMatter.outputs ?? []) {
    const [id, output = 'value'] = name.split('.');
    const value = result.nodes.get(id as string)?.outputs?.[output];
    if (value !== undefined) terminal.out(`\n${colour.bold(name)}\n${previewValue(value, host.store.blobs)}\n`);
  }
  const parts = [`${count.ran} ran`, `${count.reused} reused`, ...(count.failed > 0 ? [colour.red(`${count.failed} failed`)] : []), ...(count.other > 0 ? [`${count.other} not run`] : [])];
  const verdict = result.status === 'ok' ? colour.green('ok') : result.status === 'failed' ? colour.red('failed') : colour.yellow('cancelled');
  terminal.out(`\n${verdict}  ${parts.join(', ')} in ${duration(result.ms)}  ${colour.grey(`run ${result.run}`)}\n`);
  if (errors > 0 && result.status === 'ok') terminal.out(colour.yellow(`The file has ${errors === 1 ? 'an error' : `${errors} errors`} elsewhere; see above.\n`));
}

const print = (value: Operation | Record<string, unknown>): void => { terminal.out(`${JSON.stringify(value)}\n`); };
