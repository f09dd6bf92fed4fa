/**
 * Opening the database: its settings are set and asserted, its schema brought up to date, and a file that is damaged or no
 * database at all is moved aside, for all that it holds can be computed again and the blobs remain.
 *
 * `node:sqlite` and not a native add-on: it comes with the pinned Node, so there is nothing to build. `synchronous=FULL`,
 * because under NORMAL a power cut may undo a commit that was acknowledged (C2).
 */
import { accessSync, constants, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { TelarError } from '../../contracts/errors.ts';
import { salvage, type Salvaged } from './salvage.node.ts';
import { GENERATION, migrate } from './schema.node.ts';
import type { Damage } from './store.ts';
import { sqliteCode, typed } from './trouble.node.ts';

/** How long one process waits for another's transaction, in milliseconds. */
const PATIENCE = 10_000;

/**
 * Opens the database at a path, or begins one, and lets `use` prepare its statements on it. When either finds it damaged it is
 * moved aside and a new one begun, once.
 * @throws TelarError `read-only`, `disk-full`, `locked`, `newer-generation`, `damaged` (the damaged one cannot be moved)
 */
export function openDatabase<T>(path: string, use: (database: DatabaseSync) => T, onDamage: (damage: Damage) => void): T {
  try {
    return begin(path, use);
  } catch (error) {
    const code = sqliteCode(error);
    // 1 (no such table or column), for a flipped bit in the schema's text reads like a bug of ours.
    // 8 (read-only) on a file that may be written means that its header claims a format from the future.
    const damaged = code === 1 || code === 11 || code === 26 || (code === 8 && mayWrite(path)) || (error instanceof TelarError && error.code === 'damaged');
    if (!damaged) throw typed(error, path);
  }
  onDamage({ what: 'database', id: path, path: setAside(path), message: 'The database was damaged and has been moved aside; a new one is begun. Results will be computed again where they are needed.' });
  try {
    return begin(path, use);
  } catch (error) {
    throw typed(error, path);
  }
}

/**
 * Opens a database that cannot be written, as it is.
 * @throws TelarError `read-only` when it would have to be brought up to date first; `damaged`, `newer-generation`
 */
export function openReadOnly<T>(path: string, use: (database: DatabaseSync) => T): T {
  const place = pathToFileURL(path);
  // Beside a write-ahead log SQLite reads by the log; without one, or one that was only begun, it would make it, unless it is told that nobody writes.
  if (!((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0)) place.searchParams.set('immutable', '1');
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(place, { readOnly: true, timeout: PATIENCE });
    migrate(database, path);
    return use(database);
  } catch (error) {
    database?.close();
    throw typed(error, path);
  }
}

/** Makes a database at a path of what can be read of a damaged one. @throws TelarError as `openDatabase`; then nothing is there */
export function salvageInto(path: string, from: DatabaseSync): Salvaged {
  const remove = (): void => { for (const part of ['-wal', '-shm', '']) rmSync(path + part, { force: true }); };
  // What an earlier one left that was cut off.
  remove();
  try {
    return begin(path, (into) => {
      const salvaged = salvage(from, into);
      into.close();
      return salvaged;
    });
  } catch (error) {
    remove();
    throw typed(error, path);
  }
}

/** Moves a database aside and gives its new path. @throws TelarError `damaged` when it cannot be moved */
export function setAside(path: string): string {
  let number = 1;
  while (existsSync(`${path}.damaged-${number}`)) number++;
  const aside = `${path}.damaged-${number}`;
  try {
    for (const part of ['-wal', '-shm', '']) {
      if (existsSync(path + part)) renameSync(path + part, aside + part);
    }
  } catch (error) {
    throw new TelarError('damaged', `${path} is damaged and cannot be moved aside. End other processes that use this workspace, or move the file yourself.`, { path }, { cause: error });
  }
  return aside;
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    accessSync(dirname(path), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function begin<T>(path: string, use: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(path, { timeout: PATIENCE, enableForeignKeyConstraints: true });
  try {
    const ask = (pragma: string): unknown => Object.values(database.prepare(`pragma ${pragma}`).get() ?? {})[0];
    // Most tables of a workspace are small: pages of a KiB halve what an empty or young store takes, and cost look-ups nothing.
    database.exec('pragma page_size = 1024; pragma wal_autocheckpoint = 4000');
    patiently(() => { if (ask('journal_mode') !== 'wal') ask('journal_mode = wal'); });
    database.exec('pragma synchronous = full');
    if (ask('journal_mode') !== 'wal' || ask('synchronous') !== 2 || ask('foreign_keys') !== 1) {
      throw new TelarError('read-only', `The file system of ${path} does not let SQLite keep a write-ahead log. Name a workspace on a local disk with --workspace.`, { path });
    }
    migrate(database, path);
    // A write that is taken back: of a database that it cannot write, SQLite says nothing before.
    database.exec(`begin immediate; pragma user_version = ${GENERATION}; rollback`);
    return use(database);
  } catch (error) {
    if (database.isOpen) database.close();
    throw error;
  }
}

/** Tries again while another process holds the lock: SQLite does not wait by itself when the journal mode changes. */
function patiently(act: () => void): void {
  const until = Date.now() + PATIENCE;
  for (;;) {
    try {
      return act();
    } catch (error) {
      if (sqliteCode(error) !== 5 || Date.now() > until) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}
