/**
 * A record of the journal (S39): one line of JSON in `.telar/journal/YYYY-MM-DD.jsonl`, with pino's field names. One process writes a file;
 * workers send their records over the link. Redaction happens before a record is sent or written.
 */

/** pino's numbers. */
export const LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 } as const;

/** The name of a level. */
export type Level = keyof typeof LEVELS;

/** What may be said with a record beside its message. */
export interface JournalFields {
  /** One word that programs can look for: `run`, `step`, `spawn`, `dead`, `again`, `poison`, … */
  readonly event?: string;
  readonly run?: string;
  readonly node?: string;
  readonly worker?: string;
  readonly epoch?: number;
  readonly task?: string;
  readonly class?: string;
  readonly [key: string]: unknown;
}

/** A record as it is written. `time`: milliseconds since 1970. */
export interface JournalRecord extends JournalFields {
  readonly level: number;
  readonly time: number;
  readonly pid: number;
  readonly msg: string;
}

/** Where records go. Writing never throws and never waits for the disk; a journal that cannot be written is no reason to fail. */
export interface Journal {
  write(level: Level, msg: string, fields?: JournalFields): void;
  close(): Promise<void>;
}

/** A journal that keeps nothing: for hosts without one, and tests. */
export const noJournal: Journal = { write() { /* nobody reads it */ }, close: () => Promise.resolve() };
