/**
 * Retention (C6): which runs go, and what goes with them.
 *
 * Runs go with their steps and logs, then the rows that no kept run names, all in one transaction. A blob that nothing names is
 * *condemned* first and freed by a later collection, for a reader may have its name in hand. While any process is at work in the
 * store (`lease.node.ts`) neither rows nor blobs go: what it has seen stays until it has recorded what it made of it. So no writer
 * ever has to ask whether a blob is about to go.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { fault } from '../faults.ts';
import type { DiskBlobs } from './blobs.node.ts';
import { heldLeases } from './lease.node.ts';
import { namesIn } from './names.node.ts';
import { unseal } from './records.node.ts';
import type { RunRecord } from './store.ts';
import { isPassing, typed } from './trouble.node.ts';

/** What to keep, and what time it is. */
export interface CollectOptions {
  /** Newest runs of each file that stay, beside pinned, shown and living ones. */
  readonly keep: number;
  /** Tell, and change nothing. */
  readonly dryRun?: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What went; or, of a dry run, what would. */
export interface Collected {
  /** Runs that cannot be shown, verified or forked any more. Newest first. */
  readonly runs: readonly { readonly run: string; readonly file: string; readonly started?: string }[];
  readonly rows: number;
  /** Values freed, and their bytes. */
  readonly values: number;
  readonly bytes: number;
  /** Values that nothing names, to be freed by a later collection; and their bytes. */
  readonly condemned: number;
  readonly condemnedBytes: number;
  /** Processes at work in the store, for which rows and values stay this time. */
  readonly living: number;
}

/** Pages of the database that may be empty, of 1 KiB. */
const MOST_EMPTY = 1_024;

/** How long a condemned blob stays at least, in milliseconds. */
const GRACE = 60 * 60 * 1000;

/**
 * Collects. What was gathered has been committed.
 * @throws SQLite's error; then nothing has gone that a record names
 */
export function collect(database: DatabaseSync, folder: string, blobs: DiskBlobs, options: CollectOptions): Collected {
  const fileOf = (hash: string): string | undefined => blobs.fileOf(hash);
  const { free, version, ...told } = within(database, options.dryRun !== true, () => {
    const held = heldLeases(folder);
    // Named until now: its time begins when what names it goes.
    const before = namesIn(database, fileOf).blobs;
    pardon(database, (hash) => before.has(hash));
    const runs = dropRuns(database, new Set(held), options.keep);
    const rows = dropRows(database, held.length > 0);
    fault('gc-rows');
    const names = namesIn(database, fileOf);
    if (held.length === 0) dropWords(database, names.words);
    database.exec("update meta set value = value + 1 where name = 'collected'");
    return { runs, rows, living: held.length, version: versionOf(database), ...judge(database, orphans(database, blobs, names.blobs), held.length > 0, options.now) };
  });
  if (options.dryRun !== true) {
    if (free.length > 0) release(database, folder, blobs, free, version);
    shrink(database);
    dropUseless(folder, blobs);
  }
  return told;
}

/** Does something in one transaction that writes. */
function within<T>(database: DatabaseSync, keep: boolean, act: () => T): T {
  database.exec('begin immediate');
  try {
    const done = act();
    database.exec(keep ? 'commit' : 'rollback');
    return done;
  } catch (error) {
    if (database.isTransaction) database.exec('rollback');
    throw error;
  }
}

/** Changes whenever another connection has committed. */
const versionOf = (database: DatabaseSync): unknown => database.prepare('pragma data_version').get()?.data_version;

/**
 * Frees values. In a transaction of its own: were a file removed in the one that drops rows, a crash would bring back the rows
 * without it. When anybody has written in between they are left to the next collection.
 */
function release(database: DatabaseSync, folder: string, blobs: DiskBlobs, free: readonly string[], version: unknown): void {
  within(database, true, () => {
    if (versionOf(database) !== version || heldLeases(folder).length > 0) return;
    const drop = database.prepare('delete from small where hash = ?');
    for (const hash of free) {
      drop.run(hash);
      blobs.removeFile(hash);
      fault('gc-blobs');
    }
  });
}

/** Gives back room that the database does not use, when it is much. Without it all is as well. */
function shrink(database: DatabaseSync): void {
  const ask = (pragma: string): number => Object.values(database.prepare(`pragma ${pragma}`).get() ?? {})[0] as number;
  if (ask('freelist_count') < Math.max(MOST_EMPTY, ask('page_count') / 4)) return;
  try {
    database.exec('vacuum; pragma wal_checkpoint(truncate)');
  } catch (error) {
    if (!isPassing(typed(error, ''))) throw error;
  }
}

/** Removes what was put aside as damaged and has been made again since. */
function dropUseless(folder: string, blobs: DiskBlobs): void {
  const aside = join(folder, 'damaged');
  for (const name of existsSync(aside) ? readdirSync(aside) : []) if (blobs.has(name)) rmSync(join(aside, name), { force: true });
}

/** Drops the runs that are old enough, with their steps and logs. */
function dropRuns(database: DatabaseSync, held: ReadonlySet<string>, keep: number): Collected['runs'] {
  const found = database.prepare(`select seq, id, file, pinned, lease, body,
      exists (select 1 from marks where what = 'shown' and name = runs.file and value = runs.id) as shown,
      row_number() over (partition by file order by seq desc) as age
    from runs order by seq desc`).all() as { seq: number; id: string; file: string; pinned: number; lease: string | null; body: string; shown: number; age: number }[];
  const gone = found.filter(({ age, pinned, shown, lease }) => age > keep && pinned === 0 && shown === 0 && !(lease !== null && held.has(lease)));
  const drop = database.prepare('delete from runs where seq = ?');
  for (const { seq } of gone) drop.run(seq);
  return gone.map(({ id, file, body }) => {
    const text = unseal(body);
    return { run: id, file, ...(text !== undefined && { started: (JSON.parse(text) as RunRecord).started }) };
  });
}

/** A row of class `effect` is a receipt: without it the effect would be made again (P7). Not so of one that a bundle brought. */
export const RECEIPT = `instr(body, '"effect":"effect"') > 0 and not (typeof(key) = 'text' and key like 'imported/%')`;

/** Drops the rows that no step names, with their evidence; receipts stay. */
function dropRows(database: DatabaseSync, busy: boolean): number {
  if (busy) return 0;
  database.exec('create temp table named (row any primary key) strict, without rowid; insert or ignore into named select row from steps where row is not null');
  const { changes } = database.prepare(`delete from rows where id not in named and not (${RECEIPT})`).run();
  database.exec('drop table named');
  return Number(changes);
}

function dropWords(database: DatabaseSync, named: ReadonlySet<number>): void {
  const drop = database.prepare('delete from words where id = ?');
  for (const { id } of database.prepare('select id from words').all() as { id: number }[]) if (!named.has(id)) drop.run(id);
}

/** Blobs that nothing names, with their bytes. */
export function orphans(database: DatabaseSync, blobs: DiskBlobs, named: ReadonlySet<string>): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { hash, bytes } of database.prepare('select hash, length(bytes) as bytes from small').iterate() as Iterable<{ hash: string; bytes: number }>) {
    if (!named.has(hash)) found.set(hash, bytes);
  }
  for (const { hash, bytes } of blobs.files()) if (!named.has(hash)) found.set(hash, bytes);
  return found;
}

const CONDEMNED = "what = 'condemned'";

/** Takes the mark from blobs. */
function pardon(database: DatabaseSync, which: (hash: string) => boolean): void {
  const drop = database.prepare(`delete from marks where ${CONDEMNED} and name = ?`);
  for (const { name } of database.prepare(`select name from marks where ${CONDEMNED}`).all() as { name: string }[]) if (which(name)) drop.run(name);
}

/** Condemns orphans, and tells which have been condemned for long enough. A clock that went back begins their time anew. */
function judge(database: DatabaseSync, found: ReadonlyMap<string, number>, busy: boolean, now: number) {
  const since = database.prepare(`select value from marks where ${CONDEMNED} and name = ?`);
  const condemn = database.prepare("insert or replace into marks (what, name, value) values ('condemned', ?, ?)");
  pardon(database, (hash) => !found.has(hash));
  const free: string[] = [];
  const told = { values: 0, bytes: 0, condemned: 0, condemnedBytes: 0 };
  for (const [hash, bytes] of found) {
    const at = (since.get(hash) as { value: number } | undefined)?.value;
    if (at === undefined || at > now) condemn.run(hash, now);
    if (!busy && at !== undefined && at <= now && now - at >= GRACE) {
      free.push(hash);
      told.values++;
      told.bytes += bytes;
    } else {
      told.condemned++;
      told.condemnedBytes += bytes;
    }
  }
  return { free, ...told };
}
