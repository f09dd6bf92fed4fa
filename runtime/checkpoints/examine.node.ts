/**
 * Examining a store (C3): every page, every record against its seal, every blob against its hash, and whether all that rows and
 * runs name is there. Examining changes nothing; `mend` puts aside and takes out what is damaged. What can be computed again is
 * the matter of `runtime/replay/repair.ts`.
 */
import type { DatabaseSync } from 'node:sqlite';
import { readFileSync } from 'node:fs';
import { sha256, sha256File } from '../adapters/hash.node.ts';
import type { DiskBlobs } from './blobs.node.ts';
import { orphans } from './collect.node.ts';
import type { EffectsJournal } from './effects-journal.node.ts';
import { namesIn } from './names.node.ts';
import { unpacked, unpackRow, unpackStep, unseal, wordId, type StoredRow, type StoredStep, type Words } from './records.node.ts';
import { valuesOf, type Row, type RunRecord } from './store.ts';
import { isCorrupt, sqliteCode } from './trouble.node.ts';

/** What was found. */
export interface Examined {
  /** Blobs, and records, that were read. */
  readonly values: number;
  readonly records: number;
  /** Hashes of blobs whose bytes are not theirs. */
  readonly damaged: readonly string[];
  /** Hashes of blobs that a row or a run needs and that are not there; with the damaged ones of them, `lost`. */
  readonly missing: readonly string[];
  readonly lost: readonly string[];
  /** Blobs that nothing names; `telar gc` frees them. */
  readonly orphans: number;
  /** Records that are not what was written, by the table they are in; lines of the journal of effects count as such. */
  readonly broken: readonly { readonly table: Table | 'effects'; readonly place: number }[];
  /** What SQLite says of its pages, when it is not `ok`. */
  readonly pages: readonly string[];
}

/** A part of the database, to be examined or mended. */
export interface Opened { readonly database: DatabaseSync; readonly blobs: DiskBlobs; readonly words: Words; readonly journal: EffectsJournal }

/** Those first of which others may be taken out along with what they belong to. */
const tables = ['words', 'intents', 'logs', 'evidence', 'steps', 'rows', 'runs'] as const;
type Table = (typeof tables)[number];

/** How the records of each table are read, and where they lie. A table without numbers of its own is counted through. */
const reading: Readonly<Record<Table, string>> = {
  runs: 'select seq as place, body from runs',
  rows: `select seq as place, ${unpacked('id')}, ${unpacked('key')}, take, body from rows`,
  evidence: 'select row_number() over (order by row, digest) as place, body from evidence order by row, digest',
  steps: `select steps.seq as place, runs.id as run, steps.file, node, ${unpacked('key')}, ${unpacked('row')}, steps.body from steps join runs on runs.seq = steps.run`,
  logs: 'select row_number() over (order by run, at) as place, runs.id as run, logs.body from logs join runs on runs.seq = logs.run order by run, at',
  intents: 'select row_number() over (order by id) as place, body from intents order by id',
  words: 'select id as place, text from words',
};

/** How each is taken out. */
const removing: Readonly<Record<Table, string>> = {
  runs: 'delete from runs where seq = ?', rows: 'delete from rows where seq = ?', steps: 'delete from steps where seq = ?', words: 'delete from words where id = ?',
  evidence: 'delete from evidence where (row, digest) = (select row, digest from evidence order by row, digest limit 1 offset ? - 1)',
  logs: 'delete from logs where (run, at) = (select run, at from logs order by run, at limit 1 offset ? - 1)',
  intents: 'delete from intents where id = (select id from intents order by id limit 1 offset ? - 1)',
};

type Found = { readonly place: number; readonly body: string; readonly run: string; readonly text: string };

const pagesOf = (database: DatabaseSync): string[] =>
  (database.prepare('pragma integrity_check(20)').all() as { integrity_check: string }[]).map((one) => one.integrity_check).filter((text) => text !== 'ok');

/** Reads all. @param progress told now and then how many blobs of how many have been read @throws SQLite's error */
export function examine({ database, blobs, words, journal }: Opened, progress: (done: number, of: number) => void): Examined {
  const pages = pagesOf(database);
  const told = journal.examine();
  const broken: { table: Table | 'effects'; place: number }[] = told.broken.map((place) => ({ table: 'effects', place }));
  const needed = new Set<string>();
  let records = told.lines;
  for (const table of tables) {
    for (const found of database.prepare(reading[table]).iterate() as Iterable<Found>) {
      records++;
      const record = read(table, found, words);
      if (record === undefined) broken.push({ table, place: found.place });
      else for (const hash of neededBy(table, record, blobs, database)) needed.add(hash);
    }
  }
  const sound = new Set<string>();
  const damaged = new Set<string>();
  for (const { hash, isSound } of hashed(database, blobs, progress)) (isSound ? sound : damaged).add(hash);
  const named = namesIn(database, (hash) => blobs.fileOf(hash)).blobs;
  const lost = [...needed].filter((hash) => !sound.has(hash)).sort();
  return {
    values: new Set([...sound, ...damaged]).size, records, broken, pages, damaged: [...damaged].sort(), lost, missing: lost.filter((hash) => !damaged.has(hash)),
    orphans: orphans(database, blobs, named).size,
  };
}

/** The record, or `undefined` when it is not what was written. A word counts as its own text. */
function read(table: Table, found: Found, words: Words): unknown {
  if (table === 'rows') return unpackRow(found as unknown as StoredRow, words);
  if (table === 'steps') return unpackStep(found as unknown as StoredStep, words);
  if (table === 'words') return wordId(found.text) === found.place ? found.text : undefined;
  const text = unseal(found.body, table === 'logs' ? found.run : '');
  return text === undefined ? undefined : JSON.parse(text);
}

function neededBy(table: Table, record: unknown, blobs: DiskBlobs, database: DatabaseSync): readonly string[] {
  if (table === 'runs') return Object.values((record as RunRecord).texts);
  return table === 'rows' || table === 'evidence' ? valuesOf(record as Row, (hash) => textOf(hash, blobs, database)) : [];
}

/** The text of a manifest, when it is there and what was written: what a damaged one names was never needed. */
function textOf(hash: string, blobs: DiskBlobs, database: DatabaseSync): string | undefined {
  const inside = database.prepare('select bytes from small where hash = ?').get(hash) as { bytes: Uint8Array } | undefined;
  const path = blobs.fileOf(hash);
  const bytes = inside?.bytes ?? (path === undefined ? undefined : readFileSync(path));
  return bytes === undefined || sha256(bytes) !== hash ? undefined : new TextDecoder().decode(bytes);
}

/** Every blob, in the database and in files, read and hashed. */
function* hashed(database: DatabaseSync, blobs: DiskBlobs, progress: (done: number, of: number) => void): Generator<{ readonly hash: string; readonly isSound: boolean }> {
  const { count } = database.prepare('select count(*) as count from small').get() as { count: number };
  const files = [...blobs.files()];
  let done = 0;
  for (const { hash, bytes } of database.prepare('select hash, bytes from small').iterate() as Iterable<{ hash: string; bytes: Uint8Array }>) {
    yield { hash, isSound: sha256(bytes) === hash };
    progress(++done, count + files.length);
  }
  for (const { hash } of files) {
    const path = blobs.fileOf(hash);
    if (path !== undefined) yield { hash, isSound: sha256File(path) === hash };
    progress(++done, count + files.length);
  }
}

/** Makes SQLite's indexes anew. @returns whether the database is sound then; if not, it is as it was */
export function mendPages(database: DatabaseSync): boolean {
  let isSound = false;
  try {
    database.exec('begin immediate; reindex');
    isSound = pagesOf(database).length === 0;
  } catch (error) {
    // 19: an index would hold the same twice.
    if (!isCorrupt(error) && sqliteCode(error) !== 19) throw error;
  } finally {
    if (database.isTransaction) database.exec(isSound ? 'commit' : 'rollback');
  }
  return isSound;
}

/** Puts damaged blobs aside and takes damaged records out. What has no place any more is gone already. */
export function mend({ database, blobs }: Opened, found: Examined): void {
  for (const hash of found.damaged) {
    blobs.get(hash);
    if (blobs.fileOf(hash) !== undefined) blobs.path(hash);
  }
  // From the last to the first, for places are counted.
  for (const table of tables) {
    for (const { place } of found.broken.filter((one) => one.table === table).toSorted((a, b) => b.place - a.place)) database.prepare(removing[table]).run(place);
  }
}
