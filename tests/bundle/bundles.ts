/** What the tests of bundles share: a run on a bench as a bundle's bytes, and bundles made wrong on purpose but sealed anew. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { collectBundle } from '../../runtime/bundle/collect.ts';
import { firstLine, type Manifest } from '../../runtime/bundle/format.ts';
import { importBundle, isHere } from '../../runtime/bundle/import.ts';
import { openBundle } from '../../runtime/bundle/read.node.ts';
import type { Progress } from '../../runtime/bundle/progress.node.ts';
import { writeBundle } from '../../runtime/bundle/write.node.ts';
import { createMemoryStore } from '../../runtime/checkpoints/memory.ts';
import type { RunRecord, Store } from '../../runtime/checkpoints/store.ts';
import { createBench, type Bench } from '../support/workbench.ts';

/** Nobody watches, nobody stops. */
const quietly: Progress = { signal: new AbortController().signal, done: () => undefined };

let count = 0;

/** Writes a run of a store into a folder. @returns path and bytes of the bundle */
export async function exported(store: Store, run: RunRecord, folder: string): Promise<{ readonly path: string; readonly bytes: Uint8Array; readonly manifest: Manifest }> {
  const manifest = collectBundle(run, { store, sha256, places: [] });
  const path = join(folder, `b${count++}.telarrun`);
  await writeBundle(path, manifest, store.blobs, quietly);
  return { path, bytes: new Uint8Array(readFileSync(path)), manifest };
}

/** Takes bytes as a bundle into a store, as `telar bundle import` does. @returns whether the run was there already */
export async function imported(bytes: Uint8Array, folder: string, store: Store = createMemoryStore(sha256)): Promise<{ readonly store: Store; readonly manifest: Manifest; readonly known: boolean }> {
  const path = join(folder, `i${count++}.telarrun`);
  writeFileSync(path, bytes);
  const bundle = await openBundle(path, quietly);
  try {
    const known = isHere(bundle.manifest, store, sha256, []);
    if (!known) {
      await bundle.putBlobs(store.blobs, join(folder, 'scratch'), quietly);
      await importBundle(bundle.manifest, 'there.telarrun', store, sha256);
    }
    return { store, manifest: bundle.manifest, known };
  } finally {
    bundle.close();
  }
}

/** A small run on a bench: a diamond with a print and a failure. */
export async function smallRun(): Promise<{ readonly bench: Bench; readonly run: RunRecord }> {
  const node = (id: string, body: string): string => `\`\`\`javascript {#${id}}\n${body}\n\`\`\`\n\n`;
  const bench = createBench(`# Small\n\n${node('a', '({ n: 20, list: [1, 2, 3] })')}${node('b', 'a.n + 1')}${node('c', '"x".repeat(3000) + a.n')}${node('d', 'c.length + b')}${node('e', 'b.not.there')}`);
  const { run } = await bench.run();
  return { bench, run: bench.store.run(run) as RunRecord };
}

/** A bundle's manifest and the bytes of its blobs as they stand in the file. */
export function taken(bytes: Uint8Array): { readonly text: string; readonly body: Uint8Array } {
  const end = bytes.indexOf(0x0a) + 1;
  const length = Number(new TextDecoder().decode(bytes.subarray(0, end)).trim().split(' ')[2]);
  return { text: new TextDecoder().decode(bytes.subarray(end, end + length)), body: bytes.subarray(end + length, -32) };
}

/** Puts a bundle together and seals it, whatever it says. */
export function sealed(text: string, body: Uint8Array, head?: string): Uint8Array {
  const manifest = new TextEncoder().encode(text);
  const all = Buffer.concat([new TextEncoder().encode(head ?? firstLine(manifest.byteLength)), manifest, body]);
  return new Uint8Array(Buffer.concat([all, createHash('sha256').update(all).digest()]));
}

type Loose = { [name: string]: any }; // oxlint-disable-line typescript/no-explicit-any

/** The same bundle with another manifest, sealed anew: what a forger can do. */
export function reforged(bytes: Uint8Array, change: (manifest: Loose) => void): Uint8Array {
  const { text, body } = taken(bytes);
  const manifest = JSON.parse(text) as Loose;
  change(manifest);
  return sealed(JSON.stringify(manifest), body);
}
