/**
 * Leases: how one process knows that another is still at work in a store.
 *
 * A lease is a file under `.telar/living/` on which its process holds a lock. The system lets go of the lock when the process ends,
 * however it ends.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { isLocked, takeLock } from '../adapters/lock.node.ts';

/** Longest time that a look of another process at the lock is waited for, in milliseconds. */
const PATIENCE = 5_000;
/** Other records of the living lie there too. */
const LEASE = /^(\d+-[0-9a-f]{12})(?:-journal)?$/;

/** A lease that this process holds. */
export interface Lease { readonly name: string; end(): void }

const folderOf = (folder: string): string => join(folder, 'living');

/**
 * Takes a lease in a `.telar` folder, and removes those of processes that were killed. Only within a transaction that writes.
 * @throws the file system's or SQLite's error
 */
export function takeLease(folder: string): Lease {
  const name = `${process.pid}-${randomBytes(6).toString('hex')}`;
  mkdirSync(folderOf(folder), { recursive: true });
  heldLeases(folder);
  const lock = takeLock(join(folderOf(folder), name), PATIENCE);
  return { name, end: () => { lock.end('remove'); } };
}

/** Whether the process that took a lease still holds it. */
export const isHeld = (folder: string, name: string): boolean => isLocked(join(folderOf(folder), name));

/** The leases that are held now; files of those that are not are removed. Only within a transaction that writes: leases begin in one. */
export function heldLeases(folder: string): readonly string[] {
  const names = existsSync(folderOf(folder)) ? [...new Set(readdirSync(folderOf(folder)).flatMap((name) => LEASE.exec(name)?.[1] ?? []))] : [];
  const held = names.filter((name) => isHeld(folder, name));
  for (const name of names) {
    if (held.includes(name)) continue;
    // SQLite's journal stays where a process was killed.
    for (const file of [name, `${name}-journal`]) rmSync(join(folderOf(folder), file), { force: true });
  }
  return held;
}
