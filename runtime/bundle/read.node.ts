/**
 * Reading a bundle that nobody vouches for. It is read twice: first all of it is checked, and nothing is kept; then its blobs are
 * put. So a bundle that is refused leaves nothing behind. No size that it claims is believed before the file could hold it, and
 * one piece of a blob is in memory at a time. A bundle among the blobs is bytes like any others: it is never opened.
 */
import { closeSync, fstatSync, openSync, type Stats } from 'node:fs';
import { createHash } from 'node:crypto';
import { TelarError } from '../../contracts/errors.ts';
import type { TableManifest } from '../../contracts/values.ts';
import { sha256 } from '../adapters/hash.node.ts';
import type { SizedBlobs } from '../checkpoints/store.ts';
import { checkBlobs, checkManifest, readTable } from './check.ts';
import { badFile, FIRST_LINE, forged, parseManifest, PIECE, PIECE_HEAD, readFirstLine, SEAL, type Manifest } from './format.ts';
import { namedBlobs } from './named.ts';
import { blobsOf, joined, readAt, type Body } from './pieces.node.ts';
import { rest, type Progress } from './progress.node.ts';
import { putBlobs } from './put.node.ts';
import { checkSchema } from './schema.node.ts';

/** Most bytes of one table's manifest, and of all of them, which are in memory together. */
const TABLE_LIMIT = 16 * 2 ** 20;
const TABLES_LIMIT = 256 * 2 ** 20;

/** A bundle of which everything has been checked. */
export interface SoundBundle {
  readonly manifest: Manifest;
  /** Of the file. */
  readonly bytes: number;
  /**
   * Puts its blobs.
   * @param scratch a folder, made where it is missing, on the file system of the blobs
   */
  putBlobs(blobs: SizedBlobs, scratch: string, progress: Progress): Promise<void>;
  close(): void;
}

/**
 * Opens a bundle and checks all of it.
 * @throws TelarError `missing-file`, `bad-file` (no bundle, or cut or damaged on its way), `newer-generation`, `forged`, `cancelled`
 */
export async function openBundle(path: string, progress: Progress): Promise<SoundBundle> {
  const descriptor = opened(path);
  try {
    const bytes = regular(fstatSync(descriptor), path);
    const { start, manifestBytes } = readFirstLine(new TextDecoder('latin1').decode(readAt(descriptor, 0, Math.min(FIRST_LINE, bytes))));
    if (start + manifestBytes + SEAL > bytes) throw badFile('it was cut off.');
    await checkSeal(descriptor, bytes, progress);
    const manifest = readManifest(readAt(descriptor, start, manifestBytes), bytes);
    const body = { descriptor, start: start + manifestBytes, end: bytes - SEAL, blobs: manifest.blobs };
    checkBlobs(manifest, await readTables(body, manifest, progress));
    return {
      manifest, bytes,
      putBlobs: (blobs, scratch, putting) => putBlobs(body, blobs, scratch, putting),
      close: () => { closeSync(descriptor); },
    };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function opened(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new TelarError('missing-file', `There is no file ${path}. Check the spelling.`, { path }, { cause: error });
    throw new TelarError('bad-file', `${path} cannot be read (${code}). Check what it is and who may read it.`, { path }, { cause: error });
  }
}

function regular(stats: Stats, path: string): number {
  if (stats.isFile()) return stats.size;
  throw new TelarError('bad-file', `${path} is not a regular file. Name a file that \`telar bundle\` wrote.`, { path });
}

/** Whether the bytes are those that were written. Damage is told apart from forgery so: who forges seals anew. */
async function checkSeal(descriptor: number, bytes: number, progress: Progress): Promise<void> {
  const seal = createHash('sha256');
  const end = bytes - SEAL;
  for (let at = 0; at < end; at += PIECE) {
    seal.update(readAt(descriptor, at, Math.min(PIECE, end - at)));
    await rest(progress, at / end / 4);
  }
  if (!seal.digest().equals(readAt(descriptor, end, SEAL))) throw badFile('it was cut off, or its bytes were damaged.');
}

function readManifest(bytes: Uint8Array, fileBytes: number): Manifest {
  let text: string;
  try { text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes); } catch { throw forged('the manifest', 'is no UTF-8.'); }
  const manifest = checkSchema(parseManifest(text));
  const pieces = manifest.blobs.reduce((sum, blob) => sum + Math.ceil(blob.bytes / PIECE), 0);
  if (pieces * PIECE_HEAD > fileBytes) throw forged('the list of blobs', 'would not fit into the file.');
  checkManifest(manifest, sha256);
  return manifest;
}

/** Reads all blobs, holds them against the list, and gives the tables' manifests. */
async function readTables(body: Body, manifest: Manifest, progress: Progress): Promise<ReadonlyMap<string, TableManifest>> {
  const wanted = new Set([...namedBlobs(manifest)].filter((one) => one.isTable).map((one) => one.hash));
  const tables = new Map<string, TableManifest>();
  let room = TABLES_LIMIT;
  for (const { blob, pieces } of blobsOf(body)) {
    const hash = createHash('sha256');
    const isTable = wanted.has(blob.hash);
    if (isTable && (blob.bytes > TABLE_LIMIT || (room -= blob.bytes) < 0)) throw forged(`the table ${blob.hash.slice(0, 12)}`, `is described by ${blob.bytes} bytes, which is too much.`);
    const kept: Uint8Array[] = [];
    for (const { piece, at } of pieces) {
      hash.update(piece);
      if (isTable) kept.push(piece);
      await rest(progress, 0.25 + 0.25 * (at / body.end));
    }
    if (hash.digest('hex') !== blob.hash) throw forged(`the blob ${blob.hash.slice(0, 12)}`, 'has another content than its name says.');
    if (isTable) tables.set(blob.hash, readTable(joined(kept, blob.bytes), blob.hash));
  }
  return tables;
}
