/** `telar verify`: does the steps of a past run again on what they were given, and tells what does not come out the same, and why. */
import { findRun } from '../../checkpoints/find-run.ts';
import { openReplay } from '../../replay/replay.ts';
import { verifyRun, type LeftOut, type VerifyReport } from '../../replay/verify.ts';
import type { ReplayPorts } from '../../replay/replica.ts';
import type { Arguments } from './arguments.node.ts';
import { openHost } from './host.node.ts';
import { Report } from './report.node.ts';
import { jobsOf } from './run.node.ts';
import { stoppable } from './stoppable.node.ts';
import { verifySummary } from './summary.ts';
import { colour, duration, exitOfVerify, terminal } from './terminal.node.ts';

/** Most lines of one difference that are shown. */
const MOST_LINES = 8;

export async function run(args: Arguments): Promise<number> {
  const jobs = jobsOf(args);
  const host = openHost(args.text('workspace') ?? '.', args, 'read');
  try {
    return await tellVerify(host, findRun(host.store, args.positionals[0] as string).id, args, jobs);
  } finally {
    await host.close();
  }
}

/** Verifies a run and tells it, for people or as JSON lines. @returns the exit status */
export async function tellVerify(ports: ReplayPorts, id: string, args: Pick<Arguments, 'flags' | 'list'>, jobs: number): Promise<number> {
  const json = args.flags.json === true;
  const quiet = args.flags.quiet === true;
  const to = args.list('to');
  const replay = await openReplay(ports, id);
  try {
    const report = new Report([...replay.steps.keys()], quiet, (file) => file);
    const result = await stoppable((signal) => verifyRun(replay, {
      jobs, signal, ...(to === undefined ? {} : { to }),
      emit: (operation) => { if (json) terminal.out(`${JSON.stringify(operation)}\n`); else report.operation(operation); },
    })).finally(() => { report.close(); });
    if (json) terminal.out(`${JSON.stringify(verifySummary(result))}\n`);
    else tell(result, quiet);
    return exitOfVerify(result);
  } finally {
    await replay.close();
  }
}

function tell(report: VerifyReport, quiet: boolean): void {
  const { divergent, identical, equal, total, leftOut, ms, run } = report;
  const [first] = divergent;
  const gone = leftOut.filter(({ why }) => why === 'input-gone' || why === 'unavailable');
  for (const one of gone) terminal.out(`${colour.yellow(one.node)}: ${one.reason ?? ''}\n`);
  if (first !== undefined) {
    terminal.out(`\n${colour.red('first divergence')}  ${colour.bold(`${first.node}.${first.output}`)}: ${first.summary}\n`);
    terminal.out(`  was ${first.expected || 'nothing'}\n  is  ${first.actual || 'nothing'}\n  cause: ${first.cause}\n`);
    for (const line of first.lines.slice(0, MOST_LINES)) terminal.out(`  ${colour.grey(line)}\n`);
    for (const other of divergent.slice(1)) terminal.out(`also ${other.node}.${other.output}: ${other.summary} (cause: ${other.cause})\n`);
  }
  if (quiet) return;
  const verdict = first !== undefined ? colour.red('divergent') : gone.length > 0 ? colour.yellow('not all verified') : colour.green('verified');
  const parts = [`${identical} identical`, ...(equal > 0 ? [`${equal} equal`] : []), ...(divergent.length > 0 ? [`${divergent.length} divergent`] : [])];
  terminal.out(`\n${verdict}  ${parts.join(', ')} of ${total} outputs in ${duration(ms)}  ${colour.grey(`run ${run}`)}\n`);
  const told = leftOutLine(leftOut);
  if (told !== '') terminal.out(colour.grey(`${told}\n`));
}

const WHY: Readonly<Record<LeftOut['why'], string>> = {
  observe: 'reading the world', effect: 'changing the world', gather: 'handing on what others gave', 'no-result': 'without a result',
  'input-gone': 'lacking what they read', unavailable: 'lacking an engine',
};

function leftOutLine(leftOut: readonly LeftOut[]): string {
  const counts = [...Map.groupBy(leftOut, ({ why }) => why)].map(([why, all]) => `${all.length} ${WHY[why]}`);
  return counts.length === 0 ? '' : `Steps left out: ${counts.join(', ')}.`;
}
