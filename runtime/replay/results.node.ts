/**
 * Results of steps that are done again: the store's values with a layer above that nobody keeps. What the store has already, as is
 * usual, is not written; what it lacks is not synced, for it goes away with the replica (a step that differs is copied by its keeper).
 */
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { move, readWhole } from '../adapters/durable.node.ts';
import { sha256, sha256File } from '../adapters/hash.node.ts';
import type { SizedBlobs } from '../checkpoints/store.ts';

/** Largest value that is held in memory, in bytes. */
const SMALL = 64 * 1024;

/** @param folder for larger values; made when the first one comes */
export function createResults(kept: SizedBlobs, folder: string): SizedBlobs {
  const small = new Map<string, Uint8Array>();
  const large = new Map<string, number>();
  const fileOf = (hash: string): string => join(folder, hash);

  function write(hash: string, act: (path: string) => void, bytes: number): void {
    mkdirSync(folder, { recursive: true });
    act(fileOf(hash));
    large.set(hash, bytes);
  }

  const size = (hash: string): number | undefined => small.get(hash)?.byteLength ?? large.get(hash) ?? kept.size(hash);

  function put(bytes: Uint8Array): string {
    const hash = sha256(bytes);
    if (size(hash) === bytes.byteLength) return hash;
    if (bytes.byteLength > SMALL) write(hash, (path) => { writeFileSync(path, bytes); }, bytes.byteLength);
    else small.set(hash, Uint8Array.from(bytes));
    return hash;
  }

  return {
    put, size,
    get: (hash) => {
      const bytes = large.get(hash);
      return small.get(hash)?.slice() ?? (bytes === undefined ? kept.get(hash) : readWhole(fileOf(hash), bytes));
    },
    has: (hash) => size(hash) !== undefined,
    path(hash) {
      const bytes = small.get(hash);
      if (bytes !== undefined) {
        write(hash, (path) => { writeFileSync(path, bytes); }, bytes.byteLength);
        small.delete(hash);
      }
      return large.has(hash) ? fileOf(hash) : kept.path(hash);
    },
    adopt(path) {
      const bytes = statSync(path).size;
      const hash = sha256File(path);
      if (size(hash) === bytes) rmSync(path);
      else write(hash, (to) => { move(path, to); }, bytes);
      return hash;
    },
  };
}
