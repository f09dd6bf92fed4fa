/** `telar gc`: tells which runs go, which results and values go with them, and does it. */
import { TelarError } from '../../../contracts/errors.ts';
import type { Collected } from '../../checkpoints/collect.node.ts';
import { isOnDisk } from '../../checkpoints/sqlite.node.ts';
import type { Arguments } from './arguments.node.ts';
import { openHost } from './host.node.ts';
import { colour, count, size, terminal } from './terminal.node.ts';

/** Runs of each notebook that stay when nobody says. */
const KEEP = 20;

/** Most runs that are named. */
const MOST_RUNS = 20;

export async function run(args: Arguments): Promise<number> {
  const keep = keepOf(args.text('keep'));
  const dryRun = args.flags['dry-run'] === true;
  const host = openHost(args.text('workspace') ?? '.', args, 'read');
  try {
    const done = isOnDisk(host.store) ? host.store.collect({ keep, dryRun, now: host.clock.date().getTime() }) : NOTHING;
    if (!dryRun && isOnDisk(host.store)) host.journal.write('info', `gc: ${count(done.runs.length, 'run')}, ${count(done.rows, 'result')} and ${count(done.values, 'value')} gone`, { event: 'gc', runs: done.runs.length, rows: done.rows, values: done.values, bytes: done.bytes });
    if (args.flags.json === true) terminal.out(`${JSON.stringify({ type: 'gc', dryRun, ...done })}\n`);
    else if (args.flags.quiet !== true) tell(done, dryRun, host.clock.date().getTime());
    return 0;
  } finally {
    await host.close();
  }
}

const NOTHING: Collected = { runs: [], rows: 0, values: 0, bytes: 0, condemned: 0, condemnedBytes: 0, living: 0 };

function keepOf(text: string | undefined): number {
  if (text === undefined) return KEEP;
  if (!/^\d{1,9}$/.test(text)) throw new TelarError('usage', `--keep takes a number of runs, 0 or more; \`${text}\` is none.`);
  return Number(text);
}

function tell({ runs, rows, values, bytes, condemned, condemnedBytes, living }: Collected, dryRun: boolean, now: number): void {
  const verb = dryRun ? 'would go' : 'gone';
  if (runs.length > 0) terminal.out(`${colour.bold(verb)}: ${count(runs.length, 'run')}, not to be shown, verified or forked any more\n`);
  for (const { run, file, started } of runs.slice(0, MOST_RUNS)) terminal.out(`  ${run}  ${file}  ${colour.grey(age(started, now))}\n`);
  if (runs.length > MOST_RUNS) terminal.out(`  and ${runs.length - MOST_RUNS} more\n`);
  if (rows > 0) terminal.out(`${colour.bold(verb)}: ${count(rows, 'result')} that no other run names; a step that needs one runs again\n`);
  if (values > 0) terminal.out(`${colour.bold(verb)}: ${count(values, 'value')}, ${size(bytes)}\n`);
  if (condemned > 0) terminal.out(`${colour.bold(dryRun ? 'would wait' : 'waiting')}: ${count(condemned, 'value')} that nothing names, ${size(condemnedBytes)}; a \`telar gc\` an hour from now or later frees them\n`);
  if (living > 0) terminal.out(`${colour.yellow('A run is going on')} in this workspace: results and values stay until it has ended.\n`);
  if (runs.length + rows + condemned + values === 0) terminal.out('There is nothing to collect.\n');
}

/** `3 days old`. A time to come counts as now. */
function age(started: string | undefined, now: number): string {
  const minutes = Math.floor(Math.max(0, now - Date.parse(started ?? '')) / 60_000);
  if (Number.isNaN(minutes)) return '';
  if (minutes < 60) return `${count(minutes, 'minute')} old`;
  return minutes < 48 * 60 ? `${count(Math.floor(minutes / 60), 'hour')} old` : `${count(Math.floor(minutes / 60 / 24), 'day')} old`;
}
