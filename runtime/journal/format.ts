/** A record as a line of the journal, and back: redacted, bounded, one line of JSON. */
import { LEVELS, type JournalFields, type JournalRecord, type Level } from './record.ts';
import type { Redactor } from './redact.ts';

/** Longest text that is looked at; what is beyond was never going to be written. */
const LOOKED_AT = 2 ** 18;
/** What remains of a record that is too long: of its message, and of each other text. */
const MESSAGE = 2 ** 14;
const TEXT = 2 ** 10;
/** Fields that a record which was cut keeps. */
const KEPT = ['event', 'run', 'node', 'worker', 'epoch', 'task', 'class', 'code'];

/** Who writes, and when. */
export interface Stamp { readonly time: number; readonly pid: number }

/** A record's line, with its end. It is never longer than `most` characters. */
export function lineOf(level: Level, msg: string, fields: JournalFields, { time, pid }: Stamp, redactor: Redactor, most: number): string {
  const said = redactor.value(shortened(fields)) as Record<string, unknown>;
  const message = redactor.text(String(msg).slice(0, LOOKED_AT));
  const record = { ...said, level: LEVELS[level], time, pid, msg: message };
  const line = ordered(record);
  if (line.length < most) return `${line}\n`;
  const cut: Record<string, unknown> = { level: LEVELS[level], time, pid, msg: `${message.slice(0, Math.min(MESSAGE, most >> 3))}…`, cut: line.length };
  for (const name of KEPT) { const one = said[name]; if (one !== undefined) cut[name] = typeof one === 'string' ? one.slice(0, Math.min(TEXT, most >> 6)) : typeof one === 'number' ? one : undefined; }
  return `${ordered(cut)}\n`;
}

/** pino's order: level, time, pid, then the rest, and the message last. */
function ordered({ level, time, pid, msg, ...rest }: Record<string, unknown>): string {
  return JSON.stringify({ level, time, pid, ...rest, msg });
}

function shortened(fields: JournalFields): JournalFields {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' && value.length > LOOKED_AT ? value.slice(0, LOOKED_AT) : value]));
}

/** A line as a record; `undefined` when it is none: torn by a kill, or from somewhere else. */
export function parseLine(line: string): JournalRecord | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const record = JSON.parse(line) as Partial<JournalRecord>;
    return typeof record.level === 'number' && typeof record.time === 'number' && typeof record.msg === 'string' ? { ...record, pid: record.pid ?? 0 } as JournalRecord : undefined;
  } catch {
    return undefined;
  }
}

/** The name of a level's number: the highest that it reaches. */
export function levelOf(number: number): Level {
  return (Object.keys(LEVELS) as Level[]).findLast((name) => LEVELS[name] <= number) ?? 'trace';
}
