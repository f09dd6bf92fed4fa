/** A store in memory, which counts its reads. */
import { createHash } from 'node:crypto';
import type { Blobs } from '../../contracts/values.ts';

/** @returns a store with what it holds, and how often it was asked */
export function memoryBlobs(): Blobs & { readonly held: Map<string, Uint8Array>; gets: number } {
  const held = new Map<string, Uint8Array>();
  return {
    held, gets: 0,
    put(bytes) { const hash = createHash('sha256').update(bytes).digest('hex'); held.set(hash, Uint8Array.from(bytes)); return hash; },
    get(hash) { this.gets += 1; return held.get(hash); },
    has: (hash) => held.has(hash), path: () => undefined,
  };
}
