/**
 * Leases: how one process knows that another is still at work in a store.
 *
 * A lease is a file under `.telar/living/` on which its process holds SQLite's exclusive lock. The system lets go of the lock
 * when the process ends, however it ends. The road not taken: the number of the process and the time it began, which another
 * container, another machine, or a number given out again make wrong.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sqliteCode } from './trouble.node.ts';

/** Longest time that a look of another process at the lock is waited for, in milliseconds. */
const PATIENCE = 5_000;

/** A lease that this process holds. */
export interface Lease { readonly name: string; end(): void }

const folderOf = (folder: string): string => join(folder, 'living');

/** Takes a lease in a `.telar` folder. @throws the file system's or SQLite's error */
export function takeLease(folder: string): Lease {
  const name = `${process.pid}-${randomBytes(6).toString('hex')}`;
  mkdirSync(folderOf(folder), { recursive: true });
  const path = join(folderOf(folder), name);
  const lock = new DatabaseSync(path, { timeout: PATIENCE });
  try {
    lock.exec('begin exclusive');
  } catch (error) {
    lock.close();
    throw error;
  }
  return {
    name,
    end() {
      lock.close();
      rmSync(path, { force: true });
    },
  };
}

/** Whether the process that took a lease still holds it. */
export function isHeld(folder: string, name: string): boolean {
  const path = join(folderOf(folder), name);
  if (!existsSync(path)) return false;
  const lock = new DatabaseSync(path, { readOnly: true, timeout: 0 });
  try {
    lock.exec('select 1 from sqlite_schema');
    return false;
  } catch (error) {
    // What else is wrong with the file is no lock.
    return sqliteCode(error) === 5;
  } finally {
    lock.close();
  }
}

/** The leases that are held now; files of those that are not are removed. Only within a transaction that writes: leases begin in one. */
export function heldLeases(folder: string): readonly string[] {
  const names = existsSync(folderOf(folder)) ? readdirSync(folderOf(folder)) : [];
  const held = names.filter((name) => isHeld(folder, name));
  for (const name of names) if (!held.includes(name)) rmSync(join(folderOf(folder), name), { force: true });
  return held;
}
