/**
 * The journal's files: `YYYY-MM-DD.jsonl`, one for each day (UTC) and writer. The second process that is at work in a workspace writes
 * `YYYY-MM-DD.2.jsonl`, and so on; readers merge them by time. A file that is full becomes `….older.jsonl`, in the place of an earlier one,
 * and a new one is begun. The road not taken: one file for all processes, by appends that a system may or may not keep whole.
 */

/** What a file's name says. */
export interface JournalFile { readonly name: string; readonly day: string; readonly slot: number; readonly older: boolean }

/** What is kept, and how much of it. */
export interface JournalBounds {
  /** Days, the newest that have records. */
  readonly days: number;
  /** Bytes of one file; a day of a writer has at most two. */
  readonly file: number;
  /** Bytes of all files together. */
  readonly total: number;
  /** Characters of one record. */
  readonly record: number;
  /** Characters that may wait for the disk; what is beyond is dropped, and counted. */
  readonly waiting: number;
  /** Milliseconds that a record may wait. */
  readonly pause: number;
}

export const BOUNDS: JournalBounds = { days: 5, file: 8 * 2 ** 20, total: 96 * 2 ** 20, record: 64 * 2 ** 10, waiting: 4 * 2 ** 20, pause: 100 };

/** Writers at once; a further one keeps no journal, and says so. */
export const MOST_WRITERS = 16;

export const nameOf = (day: string, slot: number, older = false): string => `${day}${slot === 1 ? '' : `.${slot}`}${older ? '.older' : ''}.jsonl`;

/** The journal's files among the names in a folder, older ones first. */
export function filesAmong(names: Iterable<string>): JournalFile[] {
  const files: JournalFile[] = [];
  for (const name of names) {
    const found = /^(\d{4}-\d\d-\d\d)(?:\.(\d{1,2}))?(\.older)?\.jsonl$/.exec(name);
    if (found !== null) files.push({ name, day: found[1] as string, slot: Number(found[2] ?? 1), older: found[3] !== undefined });
  }
  return files.sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : a.slot - b.slot || Number(b.older) - Number(a.older)));
}

/** The day of a time; of one that no calendar has, the first day. */
export function dayOf(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) || date.getUTCFullYear() > 9999 || date.getUTCFullYear() < 0 ? '1970-01-01' : date.toISOString().slice(0, 10);
}

/**
 * The files that must go: of days beyond the newest ones, by the days that there are and not by the clock, which may jump; then the oldest,
 * until the rest is small enough. @param today is kept, whatever its date
 */
export function surplus(files: readonly (JournalFile & { readonly size: number })[], today: string, bounds: Pick<JournalBounds, 'days' | 'total'>): string[] {
  const days = new Set([...new Set([...files.map(({ day }) => day), today])].sort().slice(-bounds.days).concat(today));
  const gone = new Set(files.filter(({ day }) => !days.has(day)).map(({ name }) => name));
  let left = files.reduce((sum, { name, size }) => sum + (gone.has(name) ? 0 : size), 0);
  for (const { name, day, size, older } of [...files].sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : Number(b.older) - Number(a.older)))) {
    if (left <= bounds.total) break;
    if (gone.has(name) || (day === today && !older)) continue;
    gone.add(name);
    left -= size;
  }
  return [...gone];
}
