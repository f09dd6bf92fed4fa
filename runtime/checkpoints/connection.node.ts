/**
 * The connection of a store: one open database, and what becomes of one that turns out damaged while it is open: it is moved aside and a new
 * one begun, under the same hands. What must be told to a new database is its owner's matter (`healed`).
 */
import { existsSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TelarError } from '../../contracts/errors.ts';
import { syncFolder } from '../adapters/durable.node.ts';
import { openDatabase, openReadOnly, salvageInto, setAside } from './database.node.ts';
import { journalOf } from './effects-journal.node.ts';
import { prepare, type Statements } from './statements.node.ts';
import type { Damage } from './store.ts';
import { isCorrupt, sqliteCode, tooLong, typed } from './trouble.node.ts';

/** An open database. */
export interface Connection {
  /** The statements of now. */
  readonly sql: Statements;
  readonly isReadOnly: boolean;
  /** Why what writes is refused, if it is. */
  readonly refusal: TelarError | undefined;
  /** Asks; a database found damaged is replaced and the new one asked. @throws TelarError as `connect` */
  ask<T>(question: (sql: Statements) => T): T;
  /** Does something in a transaction of its own that no other process writes beside. It is kept also when this throws. */
  alone<T>(act: (sql: Statements) => T): T;
  /** Puts a database that turned out damaged aside and goes on with a new one; with the one of another process that has done so already. */
  heal(): void;
  /** Puts the damaged database aside and goes on with a new one that holds what can be read of it. @throws TelarError as `connect`; then the damaged one is in its place */
  salvage(): void;
}

const databaseOf = (folder: string): string => join(folder, 'telar.db');

/** Whether a workspace has anything that a store would tell of. Of a lost database, what it did to the world is known still. */
export const hasStore = (root: string): boolean => [databaseOf, journalOf].some((path) => existsSync(path(join(root, '.telar'))));

/** How to connect. */
interface ConnectOptions {
  /** One that cannot be written, or has no room to, is opened for reading. */
  readonly orReadOnly: boolean;
  onDamage(damage: Damage): void;
  /** Called with a new database in the place of a damaged one. */
  healed(): void;
}

/**
 * Opens the database of a `.telar` folder, and begins both where there are none.
 * @throws TelarError `read-only`, `disk-full`, `locked`, `newer-generation`, `damaged` (a damaged database that cannot be moved aside)
 */
export function connect(folder: string, { orReadOnly, onDamage, healed }: ConnectOptions): Connection {
  const path = databaseOf(folder);
  const long = tooLong(folder);
  if (long !== undefined) throw long;
  let refusal: TelarError | undefined;
  let sql = begin();
  let file = fileOf(path);

  function begin(): Statements {
    try {
      makeFolder(folder);
      return openDatabase(path, prepare, onDamage);
    } catch (error) {
      if (!orReadOnly || !(error instanceof TelarError) || !['read-only', 'disk-full'].includes(error.code) || !existsSync(path)) throw error;
      refusal = error;
      return openAsItIs(error);
    }
  }

  /** One that would have to be written first is refused for what keeps it from being written. */
  function openAsItIs(why: TelarError): Statements {
    try {
      return openReadOnly(path, prepare);
    } catch (error) {
      throw TelarError.from(error).code === 'read-only' ? why : error;
    }
  }

  function heal(): void {
    if (replaced()) return;
    sql.database.close();
    onDamage({ what: 'database', id: path, path: setAside(path), message: 'The database turned out to be damaged and has been moved aside; a new one is begun. Results will be computed again where they are needed.' });
    again();
  }

  /** Whether another process has put a new database in the place of this one; then that one is taken. */
  function replaced(): boolean {
    if (fileOf(path) === file) return false;
    sql.database.close();
    again();
    return true;
  }

  function again(): void {
    sql = openDatabase(path, prepare, onDamage);
    file = fileOf(path);
    healed();
  }

  function salvage(): void {
    if (replaced()) return;
    const anew = `${path}.salvaged`;
    const { kept, lost } = salvageInto(anew, sql.database);
    sql.database.close();
    const aside = setAside(path);
    renameSync(anew, path);
    syncFolder(folder);
    onDamage({
      what: 'database', id: path, path: aside,
      message: `The database is damaged and has been moved aside, to ${aside}. What can be read of it is in a new one: ${kept} records and values. At least ${lost} could not be read.`,
    });
    again();
  }

  function ask<T>(question: (sql: Statements) => T): T {
    try {
      return question(sql);
    } catch (error) {
      // Within a transaction the commit heals, for it must begin again as a whole.
      if (!isCorrupt(error) || sql.database.isTransaction) throw sql.database.isTransaction ? error : sqliteCode(error) === 8 && refusal !== undefined ? refusal : typed(error, folder);
      heal();
      return question(sql);
    }
  }

  return {
    ask, heal, salvage, refusal, isReadOnly: refusal !== undefined,
    get sql() { return sql; },
    alone: (act) => ask((now) => {
      now.database.exec('begin immediate');
      try {
        return act(now);
      } finally {
        now.database.exec('commit');
      }
    }),
  };
}

/** Which file stands at a path: another one after it has been replaced. */
const fileOf = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.ino;

function makeFolder(folder: string): void {
  try {
    // One by one: on a read-only file system a recursive call says that the folder above is missing.
    for (const each of [folder, join(folder, 'blobs')]) {
      if (existsSync(each)) continue;
      mkdirSync(each);
      syncFolder(dirname(each));
    }
    if (!existsSync(join(folder, '.gitignore'))) writeFileSync(join(folder, '.gitignore'), '*\n');
  } catch (error) {
    throw typed(error, folder);
  }
}
