/**
 * Reading the journal: the files of all writers, merged by time; lines that are no records are skipped. Following looks at the files once in
 * 200 ms, over days, full files and new writers.
 */
import { closeSync, fstatSync, openSync, readSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { filesAmong } from './files.ts';
import { parseLine } from './format.ts';
import type { JournalRecord } from './record.ts';

/** Milliseconds between two looks. */
const INTERVAL = 200;
/** Most bytes taken at once: no line is longer by far. */
const PIECE = 2 ** 20;

/** Which records are wanted. */
export type Wanted = (record: JournalRecord) => boolean;

/** How far a file was read, by its own identity: a name may be given to another file. */
interface Place { offset: number; rest: Uint8Array }

/** The journal of one workspace. */
export class JournalReader {
  readonly #folder: string;
  readonly #places = new Map<string, Place>();

  /** @param state the workspace's `.telar` */
  constructor(state: string) { this.#folder = join(state, 'journal'); }

  /** What came since the last look, by time; a day at a time, so that no more than one is in memory. */
  *look(wanted: Wanted): Generator<readonly JournalRecord[]> {
    let names: string[] = [];
    try { names = readdirSync(this.#folder); } catch (error) { if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error; }
    const days = Map.groupBy(filesAmong(names), ({ day }) => day);
    for (const files of days.values()) {
      const records: JournalRecord[] = [];
      for (const { name } of files) for (const record of this.#read(name)) if (wanted(record)) records.push(record);
      if (records.length > 0) yield records.sort((a, b) => a.time - b.time);
    }
  }

  /** All that there is, and what comes, until the signal ends it. */
  async *follow(wanted: Wanted, signal: AbortSignal): AsyncGenerator<readonly JournalRecord[]> {
    while (!signal.aborted) {
      yield* this.look(wanted);
      await pause(INTERVAL, undefined, { signal }).catch(() => undefined);
    }
  }

  *#read(name: string): Generator<JournalRecord> {
    let file: number;
    try { file = openSync(join(this.#folder, name), 'r'); } catch (error) {
      // It went between the two looks: its day is over, or it is full and has another name now.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    try {
      const { ino, dev, birthtimeMs, size } = fstatSync(file);
      const key = `${dev}:${ino}:${birthtimeMs}`;
      const place = this.#places.get(key) ?? { offset: 0, rest: new Uint8Array() };
      this.#places.set(key, place);
      if (size < place.offset) { place.offset = 0; place.rest = new Uint8Array(); }
      while (place.offset < size) {
        const bytes = Buffer.allocUnsafe(Math.min(PIECE, size - place.offset));
        const got = readSync(file, bytes, 0, bytes.length, place.offset);
        if (got === 0) break;
        place.offset += got;
        const all = Buffer.concat([place.rest, bytes.subarray(0, got)]);
        const end = all.lastIndexOf(10) + 1;
        // A line that never ends is not ours.
        place.rest = all.length - end > PIECE ? new Uint8Array() : all.subarray(end);
        for (const line of all.toString('utf8', 0, end).split('\n')) { const record = parseLine(line); if (record !== undefined) yield record; }
      }
    } finally {
      closeSync(file);
    }
  }
}
