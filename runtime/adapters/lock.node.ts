/**
 * Locks on files that the system lets go of when their process ends, however it ends.
 *
 * SQLite's exclusive lock on an empty database, since Node has no other. The road not taken: the number of the process and the time it
 * began, which another container, another machine, or a number given out again make wrong.
 */
import { existsSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** A lock that this process holds. */
export interface Lock {
  /** Lets go. @param how `remove`: the file goes too; only for names that nobody takes again */
  end(how?: 'remove'): void;
}

/**
 * Takes the lock on a file, which is made where there is none.
 * @param patience how long another process's lock is waited for, in milliseconds
 * @throws the file system's or SQLite's error; `isBusy` knows the one that says that it is held
 */
export function takeLock(path: string, patience: number): Lock {
  const database = new DatabaseSync(path, { timeout: patience });
  try {
    database.exec('begin exclusive');
  } catch (error) {
    database.close();
    throw error;
  }
  return {
    end(how) {
      database.close();
      if (how === 'remove') rmSync(path, { force: true });
    },
  };
}

/** Whether somebody holds the lock on a file. */
export function isLocked(path: string): boolean {
  if (!existsSync(path)) return false;
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true, timeout: 0 });
    database.exec('select 1 from sqlite_schema');
    return false;
  } catch (error) {
    // One that let go a moment ago has taken the file away.
    if (database === undefined && existsSync(path)) throw error;
    // What else is wrong with the file is no lock.
    return isBusy(error);
  } finally {
    database?.close();
  }
}

/** Whether an error says that another process holds a lock. */
export function isBusy(error: unknown): boolean {
  const { code, errcode } = error as { code?: string; errcode?: number };
  return code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' && (errcode & 0xff) === 5;
}
