/** `telar journal`: what runs, steps and workers did, by time; for people, or as the records themselves. It opens no store unless a run is asked for by a word. */
import { join } from 'node:path';
import { findWorkspace } from '../../adapters/workspace.node.ts';
import { hasStore } from '../../checkpoints/connection.node.ts';
import { findRun } from '../../checkpoints/find-run.ts';
import { templatePath } from '../../graph/node.ts';
import { levelOf } from '../../journal/format.ts';
import { JournalReader, type Wanted } from '../../journal/read.node.ts';
import { LEVELS, type JournalRecord, type Level } from '../../journal/record.ts';
import type { Arguments } from './arguments.node.ts';
import { openHost } from './host.node.ts';
import { stoppable } from './stoppable.node.ts';
import { clean, colour, duration, terminal } from './terminal.node.ts';

export async function run(args: Arguments): Promise<number> {
  const place = args.text('workspace') ?? '.';
  const state = join(findWorkspace(place, args.text('workspace')).root, '.telar');
  const wanted = await wantedBy(args, state);
  const reader = new JournalReader(state);
  const json = args.flags.json === true;
  const widths = { event: 6, who: 0 };
  let told = 0;
  const tell = (records: readonly JournalRecord[]): void => {
    told += records.length;
    for (const record of records) terminal.out(json ? `${JSON.stringify(record)}\n` : line(record, widths));
  };
  if (args.flags.follow === true) {
    await stoppable(async (signal) => { for await (const records of reader.follow(wanted, signal)) tell(records); });
    return 0;
  }
  for (const records of reader.look(wanted)) tell(records);
  if (json) terminal.out(`${JSON.stringify({ type: 'journal', records: told })}\n`);
  else if (told === 0) terminal.out(anyAt(state) ? 'Nothing in the journal is like that. `--level debug` shows more.\n' : 'The journal is empty. A run writes it.\n');
  return 0;
}

const anyAt = (state: string): boolean => !new JournalReader(state).look(() => true).next().done;

/** @throws TelarError `unknown-run` */
async function wantedBy(args: Arguments, state: string): Promise<Wanted> {
  const least = LEVELS[(args.text('level') ?? 'info') as Level];
  const node = args.text('node');
  const text = args.text('run');
  const ofRun = text === undefined ? undefined : await runsMeant(text, args, state);
  return (record) => record.level >= least
    && (ofRun === undefined || ofRun(record.run))
    && (node === undefined || (typeof record.node === 'string' && (record.node === node || templatePath(record.node) === node || record.node.startsWith(`${node}/`))));
}

/** A run that is going on may be in the journal and not in the store yet; one that was collected may be in the journal still. */
async function runsMeant(text: string, args: Arguments, state: string): Promise<(run: unknown) => boolean> {
  const known = new Set<string>();
  for (const records of new JournalReader(state).look((record) => typeof record.run === 'string')) for (const { run: id } of records) known.add(id as string);
  const begun = known.has(text) ? [text] : [...known].filter((id) => text !== '' && id.startsWith(text));
  if (begun.length === 1) return (run) => run === begun[0];
  const waits = args.flags.follow === true && text === 'last' && known.size === 0;
  if (waits && !hasStore(join(state, '..'))) return firstRun();
  if (!hasStore(join(state, '..'))) findRun({ run: () => undefined, runs: () => [] }, text);
  const host = openHost(args.text('workspace') ?? '.', args, 'read');
  try {
    // The first run may have begun its store, and not itself yet.
    if (waits && host.store.runs().length === 0) return firstRun();
    const { id } = findRun(host.store, text);
    return (run) => run === id;
  } finally {
    await host.close();
  }
}

/** The first run that the journal tells of: it has not begun yet. */
function firstRun(): (run: unknown) => boolean {
  let first: unknown;
  return (run) => run !== undefined && run === (first ??= run);
}

/** `21:14:03.120  warn  dead    by_station  python-2  the worker's process ended (SIGKILL)` */
function line({ level, time, event, node, worker, run, msg, ms }: JournalRecord, widths: { event: number; who: number }): string {
  const name = levelOf(level);
  const paint = level >= LEVELS.error ? colour.red : level >= LEVELS.warn ? colour.yellow : level < LEVELS.info ? colour.grey : (text: string): string => text;
  const what = clean(event ?? '');
  const who = [node, worker].filter((one) => one !== undefined && one !== '').map(clean).join('  ') || (run === undefined ? '' : clean(run));
  widths.event = Math.max(widths.event, Math.min(12, what.length));
  widths.who = Math.max(widths.who, Math.min(36, who.length));
  const took = typeof ms === 'number' ? colour.grey(`  ${duration(ms)}`) : '';
  return `${colour.grey(local(time))}  ${paint(name.padEnd(5))}  ${what.padEnd(widths.event)}  ${colour.blue(who.padEnd(widths.who))}  ${paint(clean(msg))}${took}\n`;
}

/** The day too, where it is another one than today. */
function local(time: number): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return 'no such time';
  const two = (number: number, digits = 2): string => String(number).padStart(digits, '0');
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${two(date.getMilliseconds(), 3)}`;
  return date.toDateString() === new Date().toDateString() ? clock : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock}`;
}
