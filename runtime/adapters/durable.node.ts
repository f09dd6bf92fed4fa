/**
 * Writing files so that they survive: into a temporary file, synced, renamed into place. Readers see the old bytes or the new
 * ones. Whoever fails leaves no temporary file behind.
 */
import { closeSync, copyFileSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';

/** Most bytes in one call of the system; larger ones are refused or cut by some. Reads are fastest in small pieces. */
const WRITE_PIECE = 2 ** 26;
const READ_PIECE = 2 ** 20;

/** Points that `writeDurably` passes, for fault tests. */
interface Passed { temporary?(): void; written?(): void; synced?(): void }

/**
 * Writes a file whole.
 * @param path where it shall be; an older file there is replaced
 * @param temporary a path on the same file system that nobody else uses
 * @throws the file system's error; then `path` is as it was
 */
export function writeDurably(path: string, temporary: string, bytes: Uint8Array, mode = 0o644, passed: Passed = {}): void {
  try {
    const descriptor = openSync(temporary, 'wx', mode);
    try {
      passed.temporary?.();
      for (let at = 0; at < bytes.byteLength;) at += writeSync(descriptor, bytes, at, Math.min(WRITE_PIECE, bytes.byteLength - at));
      passed.written?.();
      fsyncSync(descriptor);
      passed.synced?.();
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Makes the names in a folder durable. Windows has no such call, and needs none. */
export function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Reads a file of a known size whole, also beyond the two gibibytes of one read. @throws the file system's error */
export function readWhole(path: string, size: number): Uint8Array {
  return readAt(path, 0, size);
}

/** Reads so many bytes from a place in a file; fewer where it ends. @throws the file system's error */
export function readAt(path: string, from: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const descriptor = openSync(path, 'r');
  try {
    let at = 0;
    while (at < size) {
      const got = readSync(descriptor, bytes, at, Math.min(READ_PIECE, size - at), from + at);
      if (got === 0) break;
      at += got;
    }
    return at === size ? bytes : bytes.subarray(0, at);
  } finally {
    closeSync(descriptor);
  }
}

/** Moves a file, by copying it where the file system does not allow more. Not durable by itself. */
export function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    copyFileSync(from, to);
    rmSync(from);
  }
}
