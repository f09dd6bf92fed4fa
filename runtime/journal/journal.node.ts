/**
 * The journal on disk (S39): one writer, JSON lines, pino's field names. Writing a record costs a few microseconds and waits for nothing; a
 * tenth of a second later it goes to the file. What cannot be written (a full disk, a folder that may only be read) is dropped and counted, and
 * said once: a journal is no reason to fail.
 *
 * Two processes may be at work in one workspace. Each writes files of its own (`files.ts`), under a lock that the system lets go of when the
 * process ends, however it ends. The road not taken: pino. Its file transports write from a worker thread, know neither a second process nor
 * our bounds, and of the rest little is left that is not a line of JSON.
 */
import { mkdirSync, write, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isBusy, takeLock, type Lock } from '../adapters/lock.node.ts';
import { BOUNDS, MOST_WRITERS, dayOf, type JournalBounds } from './files.ts';
import { lineOf } from './format.ts';
import { JournalFolder } from './folder.node.ts';
import { LEVELS, type Journal, type JournalFields, type Level } from './record.ts';
import { createRedactor, isSecretName, type Redactor } from './redact.ts';

/** Shortest value of a variable that counts as a secret for its name alone. */
const LEAST_SECRET = 8;

/** What a journal may be told. */
export interface JournalOptions {
  readonly redact?: Redactor;
  /** The least that is kept (default: `debug`, or what TELAR_JOURNAL says). */
  readonly level?: Level;
  /** Called once, when records are lost. */
  readonly onTrouble?: (message: string) => void;
  readonly bounds?: Partial<JournalBounds>;
  /** Wall clock in milliseconds, for records and the names of files. */
  readonly now?: () => number;
}

/** A redactor that knows what this process's environment holds under the name of a secret. */
export function environmentRedactor(environment: Readonly<Record<string, string | undefined>> = process.env): Redactor {
  return createRedactor(Object.entries(environment).filter(([name, value]) => isSecretName(name) && (value ?? '').length >= LEAST_SECRET).map(([, value]) => value));
}

/** A journal on disk. */
export interface OpenJournal extends Journal {
  /** Takes secrets out of all that is written; it may be told of more. */
  readonly redactor: Redactor;
}

/** Opens the journal of a workspace. Nothing is touched before the first record. @param state the workspace's `.telar`; absolute */
export function openJournal(state: string, options: JournalOptions = {}): OpenJournal {
  return new DiskJournal(join(state, 'journal'), options);
}

function leastLevel(level: Level | undefined): number {
  const said = level ?? process.env.TELAR_JOURNAL;
  return LEVELS[said !== undefined && Object.hasOwn(LEVELS, said) ? said as Level : 'debug'];
}

class DiskJournal implements OpenJournal {
  readonly #folder: string;
  readonly #options: JournalOptions;
  readonly #bounds: JournalBounds;
  readonly #least: number;
  readonly #now: () => number;
  #redact: Redactor | undefined;
  /** Lines that wait, and their characters. */
  #waiting: string[] = [];
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  /** What is being written now. */
  #underway: Promise<void> | undefined;
  #lost = 0;
  #lostAt = 0;
  #told = false;
  #closed = false;
  #armed = false;
  #lock: Lock | undefined;
  #files: JournalFolder | undefined;
  readonly #atExit = (): void => { this.#flushNow(); };

  constructor(folder: string, options: JournalOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#bounds = { ...BOUNDS, ...options.bounds };
    this.#least = leastLevel(options.level);
    this.#now = options.now ?? Date.now;
  }

  get redactor(): Redactor { return this.#redact ??= this.#options.redact ?? environmentRedactor(); }

  write(level: Level, msg: string, fields: JournalFields = {}): void {
    if (this.#closed || LEVELS[level] < this.#least) return;
    let line: string;
    try { line = lineOf(level, msg, fields, { time: this.#now(), pid: process.pid }, this.redactor, this.#bounds.record); } catch { this.#lose(1, 'a record could not be told as JSON'); return; }
    if (this.#size + line.length > this.#bounds.waiting) { this.#lose(1, 'the disk does not keep up'); return; }
    this.#waiting.push(line);
    this.#size += line.length;
    if (this.#timer !== undefined) return;
    if (!this.#armed) process.on('exit', this.#atExit);
    this.#armed = true;
    this.#timer = setTimeout(() => { this.#timer = undefined; void this.#flush(); }, this.#bounds.pause).unref();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#underway;
    // There is nothing left that a write could keep waiting.
    this.#flushNow();
    process.off('exit', this.#atExit);
    this.#files?.close();
    this.#lock?.end();
    this.#files = undefined;
    this.#lock = undefined;
  }

  /** Brings what waits to the file; one at a time. */
  async #flush(): Promise<void> {
    if (this.#underway !== undefined) { await this.#underway; return; }
    const taken = this.#take();
    if (taken === undefined) return;
    this.#underway = this.#put(taken).finally(() => { this.#underway = undefined; });
    await this.#underway;
  }

  #take(): { text: string; many: number } | undefined {
    if (this.#waiting.length === 0) return undefined;
    const taken = { text: this.#waiting.join(''), many: this.#waiting.length };
    this.#waiting = [];
    this.#size = 0;
    return taken;
  }

  async #put({ text, many }: { text: string; many: number }): Promise<void> {
    try {
      const bytes = Buffer.from(this.#withLosses(text));
      const file = this.#ready(bytes.length);
      const written = await new Promise<number>((resolve, reject) => { write(file, bytes, (error, count) => { if (error === null) resolve(count); else reject(error); }); });
      this.#wrote(written, bytes.length);
    } catch (error) { this.#lose(many, error); }
  }

  /** At the end: what waits is written at once. */
  #flushNow(): void {
    const taken = this.#take();
    if (taken === undefined) return;
    try {
      const bytes = Buffer.from(this.#withLosses(taken.text));
      this.#wrote(writeSync(this.#ready(bytes.length), bytes), bytes.length);
    } catch (error) { this.#lose(taken.many, error); }
  }

  /** The open file, with room for so many bytes. @throws the file system's error */
  #ready(size: number): number {
    if (this.#files === undefined) {
      mkdirSync(this.#folder, { recursive: true });
      const slot = this.#takeSlot();
      this.#files = new JournalFolder(this.#folder, slot, this.#bounds);
    }
    return this.#files.ready(dayOf(this.#now()), size);
  }

  /** A short write leaves a torn line: the next one begins anew. */
  #wrote(count: number, whole: number): void {
    this.#files?.wrote(count, count < whole);
    if (count < whole) throw new Error('the disk took only a part');
    this.#lost = 0;
  }

  #withLosses(text: string): string {
    if (this.#lost === 0) return text;
    return `${lineOf('warn', `${this.#lost} records before this one are lost`, { event: 'lost', lost: this.#lost }, { time: this.#lostAt, pid: process.pid }, this.redactor, this.#bounds.record)}${text}`;
  }

  /** The first slot that nobody holds. */
  #takeSlot(): number {
    for (let slot = 1; slot <= MOST_WRITERS; slot++) {
      try {
        this.#lock = takeLock(join(this.#folder, `writer-${slot}.lock`), 0);
        return slot;
      } catch (error) {
        if (!isBusy(error)) throw error;
      }
    }
    throw new Error(`${MOST_WRITERS} processes write here already`);
  }

  #lose(many: number, why: unknown): void {
    this.#lost += many;
    this.#lostAt = this.#now();
    if (this.#told) return;
    this.#told = true;
    const reason = typeof why === 'string' ? why : (why as NodeJS.ErrnoException).code ?? (why as Error).message;
    this.#options.onTrouble?.(`The journal in ${this.#folder} cannot be written (${reason}); what happens is not recorded. The run goes on. Make room, or allow writing there.`);
  }
}
