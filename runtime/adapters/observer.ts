/**
 * The observer: what would a step's observed reads see now (P9)? Only the answer's digest is told; equal digests mean that the
 * step would see what it saw.
 *
 * A file is hashed again only when its stamp has changed; the store remembers hash and stamp across processes. Nothing here
 * throws for what the world looks like: a file that cannot be read any more is something else than what was seen.
 */
import type { ObservedRead } from '../../contracts/node.ts';
import { digestReads, type Store } from '../checkpoints/store.ts';
import type { Files, Observer, Sha256 } from '../ports.ts';

/** What an observer looks with. `hash` is used where the files can be hashed without being loaded. */
export interface ObserverParts {
  readonly files: Files & { hash?(path: string): string };
  readonly store: Pick<Store, 'fileHash' | 'setFileHash'>;
  readonly sha256: Sha256;
}

/** An observer that can also tell a file's hash, for kinds that know which file they read. */
export interface FileObserver extends Observer {
  /** SHA-256 of a file's bytes now, by path from the workspace root; `undefined` when there is no such file. */
  fileHash(path: string): string | undefined;
  /** What one read would see now; what is gone is seen as `gone`. */
  look(folder: string, read: ObservedRead): string;
}

/** Makes the observer of a workspace. */
export function createObserver({ files, store, sha256 }: ObserverParts): FileObserver {
  function fileHash(path: string): string | undefined {
    const found = files.stat(path);
    if (found?.kind !== 'file') return undefined;
    const known = store.fileHash(path, found.stamp);
    if (known !== undefined) return known;
    try {
      const hash = files.hash?.(path) ?? sha256(files.read(path));
      // Only if it stayed as it was while it was hashed. A young file's stamp never does.
      if (files.stat(path)?.stamp === found.stamp) store.setFileHash(path, found.stamp, hash);
      return hash;
    } catch {
      return undefined;
    }
  }

  function listing(path: string): string | undefined {
    try {
      return seenList(files.list(path), sha256);
    } catch {
      return undefined;
    }
  }

  function look(folder: string, read: ObservedRead): string {
    const path = folder === '' ? read.path : `${folder}/${read.path}`;
    if (read.what === 'file') return fileHash(path) ?? 'gone';
    if (read.what === 'list') return listing(path) ?? 'gone';
    const found = files.stat(path);
    if (read.what === 'missing') return found === undefined ? read.saw : 'there';
    return found === undefined ? 'gone' : `${found.kind}:${found.size}`;
  }

  return {
    fileHash, look,
    digest: (folder, reads) => digestReads(sha256, reads.map((read) => ({ ...read, saw: look(folder, read) }))),
  };
}

/** What a listing saw: the hash of its sorted names, a line each. */
export function seenList(names: readonly string[] | undefined, sha256: Sha256): string | undefined {
  return names === undefined ? undefined : sha256(names.join('\n'));
}
