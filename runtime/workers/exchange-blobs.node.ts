/**
 * A worker's blobs for one task: what it was given, and what is made of it. Small ones stay in memory and go with the result; large ones are
 * files of the task's folder, named by their hash, which the coordinator takes over.
 */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Blobs } from '../../contracts/values.ts';
import { move } from '../adapters/durable.node.ts';
import { sha256, sha256File } from '../adapters/hash.node.ts';
import { MOST_BULK } from './link/messages.ts';

/** A worker's blobs: the inputs, and what was made of them. */
export interface ExchangeBlobs extends Blobs {
  adopt(path: string): string;
  /** What was put, by its hash: the bytes, or the file's path. */
  readonly made: ReadonlyMap<string, Uint8Array | string>;
  readonly folder: string;
}

/** Blobs over what a task was given (bytes, or the path of a file), and a folder for what is made; it is made when first needed. */
export function openBlobs(given: ReadonlyMap<string, Uint8Array | string>, folder: string): ExchangeBlobs {
  const made = new Map<string, Uint8Array | string>();
  const find = (hash: string): Uint8Array | string | undefined => made.get(hash) ?? given.get(hash);
  const place = (hash: string): string => {
    mkdirSync(folder, { recursive: true });
    return join(folder, hash);
  };
  const put = (bytes: Uint8Array): string => {
    const hash = sha256(bytes);
    if (find(hash) !== undefined) return hash;
    if (bytes.length <= MOST_BULK) made.set(hash, Uint8Array.from(bytes));
    else {
      const path = place(hash);
      writeFileSync(path, bytes);
      made.set(hash, path);
    }
    return hash;
  };
  return {
    made, folder, put,
    get(hash) {
      const found = find(hash);
      if (typeof found !== 'string') return found?.slice();
      try {
        return new Uint8Array(readFileSync(found));
      } catch {
        return undefined;
      }
    },
    has: (hash) => find(hash) !== undefined,
    path(hash) {
      const found = find(hash);
      return typeof found === 'string' ? found : undefined;
    },
    adopt(path) {
      if (statSync(path).size <= MOST_BULK) {
        const hash = put(new Uint8Array(readFileSync(path)));
        rmSync(path);
        return hash;
      }
      const hash = sha256File(path);
      if (find(hash) === undefined) {
        move(path, place(hash));
        made.set(hash, place(hash));
      } else rmSync(path);
      return hash;
    },
  };
}
