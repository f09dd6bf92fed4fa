/** A secret key in a file, for keyed hashes; only its owner may read it. */
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/** The key of a file; `undefined` where there is none. */
export function readKey(path: string): Buffer | undefined {
  try {
    const key = readFileSync(path);
    return key.length === 32 ? key : undefined;
  } catch {
    return undefined;
  }
}

/** The key of a file, made where there is none. Of two processes that make it at once, both take the one that came first. @throws the file system's error */
export function makeKey(path: string): Buffer {
  const known = readKey(path);
  if (known !== undefined) return known;
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, randomBytes(32), { mode: 0o600, flush: true });
  try {
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  return readKey(path) as Buffer;
}
