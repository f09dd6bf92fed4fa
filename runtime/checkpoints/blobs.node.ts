/**
 * Values by content, on disk: up to 64 KiB inside the database, larger ones as files `blobs/ab/cdef…`.
 *
 * A file is synced before it is renamed into place, its folder before the next commit (C2). Bytes are hashed at their first
 * read in this process; what does not match is set aside and never served (C3). A file that engines open by path is checked
 * before its path is told, and is read-only.
 */
import { chmodSync, copyFileSync, fsyncSync, closeSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readWhole, syncFolder, writeDurably } from '../adapters/durable.node.ts';
import { sha256, sha256File } from '../adapters/hash.node.ts';
import { removeLeftovers } from '../adapters/leftovers.node.ts';
import { fault } from '../faults.ts';
import type { Damage, SizedBlobs } from './store.ts';
import { typed } from './trouble.node.ts';

/** Largest blob that is kept inside the database, in bytes. */
const SMALL = 64 * 1024;

/** The database's side of small blobs. */
interface SmallBlobs {
  read(hash: string): Uint8Array | undefined;
  size(hash: string): number | undefined;
  drop(hash: string): void;
}

/** Blobs with what the group commit needs of them. */
export interface DiskBlobs extends SizedBlobs {
  adopt(path: string): string;
  /** Small ones that are not committed yet. */
  readonly pending: ReadonlyMap<string, Uint8Array>;
  /** Syncs the folders of files renamed since the last call. */
  settle(): void;
  /** What was pending has been committed, or could not be and is given up: then it is as if it had never been put. */
  settled(hashes: Iterable<string>, committed: boolean): void;
  /** The path of a blob that is a file, unread. */
  fileOf(hash: string): string | undefined;
  /** The blobs that are files. */
  files(): Iterable<{ readonly hash: string; readonly bytes: number }>;
  /** Removes the file of a blob, if it is one. */
  removeFile(hash: string): void;
  /** Forgets what was known: the database has been replaced, or another process has collected. */
  forget(): void;
}

/**
 * Opens the blobs of a `.telar` folder.
 * @param told of a blob about to be put; of the bytes that wait for a commit whenever a small one was put; asked whether anything may be written
 */
export function openBlobs(folder: string, small: SmallBlobs, onDamage: (damage: Damage) => void, told: { before(): void; pending(bytes: number): void; mayWrite(): boolean }): DiskBlobs {
  const root = join(folder, 'blobs');
  const pending = new Map<string, Uint8Array>();
  const sizes = new Map<string, number>();
  const checked = new Set<string>();
  const checkedFiles = new Set<string>();
  const unsynced = new Set<string>();
  let waiting = 0;
  let temporaries = 0;
  removeLeftovers(root, /^\.tmp-(\d+)-/);

  const fileOf = (hash: string): string => join(root, hash.slice(0, 2), hash.slice(2));
  const temporary = (): string => join(root, `.tmp-${process.pid}-${temporaries++}`);
  const fileSize = (hash: string): number | undefined => statSync(fileOf(hash), { throwIfNoEntry: false })?.size;

  function size(hash: string): number | undefined {
    const known = pending.get(hash)?.byteLength ?? sizes.get(hash);
    if (known !== undefined) return known;
    const found = small.size(hash) ?? fileSize(hash);
    if (found !== undefined) sizes.set(hash, found);
    return found;
  }

  function damaged(hash: string, bytes: Uint8Array | undefined): void {
    sizes.delete(hash);
    checked.delete(hash);
    checkedFiles.delete(hash);
    const aside = join(folder, 'damaged', hash);
    if (!told.mayWrite()) {
      onDamage({ what: 'blob', id: hash, message: 'A stored value is damaged and is not served. The store cannot be written, so it stays where it is.' });
      return;
    }
    const message = 'A stored value was damaged. It has been set aside and will be computed again when it is needed.';
    try {
      mkdirSync(dirname(aside), { recursive: true });
      if (bytes === undefined) renameSync(fileOf(hash), aside);
      else {
        rmSync(aside, { force: true });
        writeDurably(aside, temporary(), bytes);
      }
      onDamage({ what: 'blob', id: hash, path: aside, message });
    } catch {
      // No room to keep it for a look: it must be gone all the same.
      rmSync(fileOf(hash), { force: true });
      onDamage({ what: 'blob', id: hash, message });
    }
    if (bytes !== undefined) small.drop(hash);
  }

  /** Bytes are hashed at their first read in this process; wrong ones are set aside. @param inside bytes from the database, none for a file */
  function isProven(hash: string, known: Set<string>, hashed: () => string, inside?: Uint8Array): boolean {
    if (known.has(hash)) return true;
    if (hashed() !== hash) {
      damaged(hash, inside);
      return false;
    }
    known.add(hash);
    return true;
  }

  const fileIsSound = (hash: string): boolean => fileSize(hash) !== undefined && isProven(hash, checkedFiles, () => sha256File(fileOf(hash)));

  function get(hash: string): Uint8Array | undefined {
    const waits = pending.get(hash);
    if (waits !== undefined) return waits.slice();
    const inside = small.read(hash);
    if (inside !== undefined) return isProven(hash, checked, () => sha256(inside), inside) ? inside : undefined;
    const bytes = fileSize(hash);
    if (bytes === undefined) {
      sizes.delete(hash);
      return undefined;
    }
    const whole = readWhole(fileOf(hash), bytes);
    return isProven(hash, checkedFiles, () => sha256(whole)) ? whole : undefined;
  }

  function intoPlace(hash: string, act: (path: string) => void): void {
    const path = fileOf(hash);
    try {
      if (mkdirSync(dirname(path), { recursive: true }) !== undefined) unsynced.add(root);
      act(path);
    } catch (error) {
      throw typed(error, folder);
    }
    fault('blob-renamed', path);
    unsynced.add(dirname(path));
    checkedFiles.add(hash);
  }

  function writeFile(hash: string, bytes: Uint8Array): void {
    const aside = temporary();
    intoPlace(hash, (path) => writeDurably(path, aside, bytes, 0o444, {
      temporary: () => fault('blob-temporary'), written: () => fault('blob-written', aside), synced: () => fault('blob-synced'),
    }));
  }

  /** Whether a blob is there and right. What is there unread is read now: nobody may lean on it unseen. */
  const isSound = (hash: string, bytes: number): boolean =>
    size(hash) === bytes && (pending.has(hash) || checked.has(hash) || checkedFiles.has(hash) || get(hash) !== undefined);

  function put(bytes: Uint8Array): string {
    told.before();
    const hash = sha256(bytes);
    if (isSound(hash, bytes.byteLength)) return hash;
    if (bytes.byteLength > SMALL) writeFile(hash, bytes);
    else {
      pending.set(hash, Uint8Array.from(bytes));
      waiting += bytes.byteLength;
      told.pending(waiting);
    }
    sizes.set(hash, bytes.byteLength);
    return hash;
  }

  return {
    pending, put, get, size,
    has: (hash) => size(hash) !== undefined,
    path(hash) {
      if (fileIsSound(hash)) return fileOf(hash);
      const bytes = get(hash);
      if (bytes === undefined) return undefined;
      writeFile(hash, bytes);
      return fileOf(hash);
    },
    adopt(path) {
      told.before();
      const bytes = statSync(path).size;
      if (bytes <= SMALL) {
        const hash = put(readWhole(path, bytes));
        rmSync(path);
        return hash;
      }
      const hash = sha256File(path);
      if (isSound(hash, bytes)) rmSync(path);
      else intoPlace(hash, (to) => moveDurably(path, to, temporary()));
      sizes.set(hash, bytes);
      return hash;
    },
    settle() {
      for (const path of unsynced) syncFolder(path);
      unsynced.clear();
      fault('folders-synced');
    },
    settled(hashes, committed) {
      for (const hash of hashes) {
        waiting -= pending.get(hash)?.byteLength ?? 0;
        pending.delete(hash);
        if (committed) checked.add(hash);
        else sizes.delete(hash);
      }
    },
    fileOf: (hash) => (fileSize(hash) === undefined ? undefined : fileOf(hash)),
    * files() {
      for (const start of readdirSync(root).filter((name) => /^[0-9a-f]{2}$/.test(name))) {
        for (const rest of readdirSync(join(root, start))) {
          const bytes = fileSize(start + rest);
          if (bytes !== undefined) yield { hash: start + rest, bytes };
        }
      }
    },
    removeFile(hash) { rmSync(fileOf(hash), { force: true }); },
    forget() {
      sizes.clear();
      checked.clear();
      checkedFiles.clear();
    },
  };
}

/** Moves a finished file; copies it where the file system will not move it. */
function moveDurably(from: string, to: string, temporary: string): void {
  try {
    try {
      renameSync(from, temporary);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
      copyFileSync(from, temporary);
      rmSync(from);
    }
    const descriptor = openSync(temporary, 'r+');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    chmodSync(temporary, 0o444);
    renameSync(temporary, to);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
