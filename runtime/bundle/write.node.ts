/**
 * Writing a bundle: into a temporary file beside its place, hashed as it grows, synced, renamed. Whoever is killed leaves nothing
 * under the final name; the next one who writes there removes what he left. One blob's piece is in memory at a time.
 */
import { closeSync, existsSync, fsyncSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { basename, dirname, join, resolve } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { TelarError } from '../../contracts/errors.ts';
import { syncFolder } from '../adapters/durable.node.ts';
import { removeLeftovers } from '../adapters/leftovers.node.ts';
import type { SizedBlobs } from '../checkpoints/store.ts';
import { fault } from '../faults.ts';
import { firstLine, MANIFEST_LIMIT, PIECE, PIECE_HEAD, STORED, ZSTD, type ListedBlob, type Manifest } from './format.ts';
import { rest, type Progress } from './progress.node.ts';

/** Larger blobs are read from their file, piece by piece. */
const LARGE = 8 * PIECE;
/** A piece is kept as zstd when it becomes smaller than this part of itself. */
const PAYS = 0.9;

/**
 * Writes a bundle.
 * @param path where it shall be; it must not exist
 * @returns bytes of the file
 * @throws TelarError `usage` (the file exists), `refused` (more records than a bundle holds), `value-missing` (a value turned out damaged), `disk-full`, `read-only`, `cancelled`
 */
export async function writeBundle(path: string, manifest: Manifest, blobs: SizedBlobs, progress: Progress): Promise<number> {
  if (existsSync(path)) throw new TelarError('usage', `${path} exists already. Remove it, or choose another name.`, { path });
  const folder = dirname(resolve(path));
  removeLeftovers(folder, /^\..+\.telarrun-(\d+)\.tmp$/);
  const temporary = join(folder, `.${basename(path)}.telarrun-${process.pid}.tmp`);
  try {
    const descriptor = openSync(temporary, 'wx');
    try {
      await fill(descriptor, manifest, blobs, progress);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    fault('bundle-written');
    renameSync(temporary, path);
    syncFolder(folder);
    return statSync(path).size;
  } catch (error) {
    rmSync(temporary, { force: true });
    throw unwritten(error, path);
  }
}

async function fill(descriptor: number, manifest: Manifest, blobs: SizedBlobs, progress: Progress): Promise<void> {
  const seal = createHash('sha256');
  const write = (bytes: Uint8Array): void => {
    seal.update(bytes);
    writeWhole(descriptor, bytes);
  };
  const text = new TextEncoder().encode(JSON.stringify(manifest));
  if (text.byteLength > MANIFEST_LIMIT) throw new TelarError('refused', `The records of run ${manifest.run.id} take ${text.byteLength} bytes; a bundle holds ${MANIFEST_LIMIT}.`, { run: manifest.run.id });
  write(new TextEncoder().encode(firstLine(text.byteLength)));
  write(text);
  const total = manifest.blobs.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  for (const blob of manifest.blobs) {
    const hash = createHash('sha256');
    let pays = true;
    for (const piece of piecesOf(blob, blobs)) {
      hash.update(piece);
      const packed: Uint8Array | undefined = pays ? zstdCompressSync(piece) : undefined;
      // What gains nothing is not tried again in the rest of its blob: noise stays noise.
      pays = packed !== undefined && packed.byteLength < piece.byteLength * PAYS;
      const kept = pays ? packed as Uint8Array : piece;
      const head = new DataView(new ArrayBuffer(PIECE_HEAD));
      head.setUint8(0, pays ? ZSTD : STORED);
      head.setUint32(1, kept.byteLength, true);
      write(new Uint8Array(head.buffer));
      write(kept);
      fault('bundle-writing');
      done += piece.byteLength;
      await rest(progress, done / total);
    }
    if (hash.digest('hex') !== blob.hash) throw damaged(blob);
  }
  writeWhole(descriptor, seal.digest());
}

function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.byteLength;) at += writeSync(descriptor, bytes, at);
}

function* piecesOf(blob: ListedBlob, blobs: SizedBlobs): Generator<Uint8Array> {
  const path = blob.bytes > LARGE ? blobs.path(blob.hash) : undefined;
  if (path !== undefined) {
    yield* piecesOfFile(path);
    return;
  }
  const bytes = blobs.get(blob.hash);
  if (bytes === undefined) throw damaged(blob);
  for (let at = 0; at < bytes.byteLength; at += PIECE) yield bytes.subarray(at, at + PIECE);
}

function* piecesOfFile(path: string): Generator<Uint8Array> {
  const descriptor = openSync(path, 'r');
  try {
    for (;;) {
      const piece = new Uint8Array(PIECE);
      let got = 0;
      for (let more = 1; more > 0 && got < PIECE; got += more) more = readSync(descriptor, piece, got, PIECE - got, null);
      if (got > 0) yield piece.subarray(0, got);
      if (got < PIECE) return;
    }
  } finally {
    closeSync(descriptor);
  }
}

const damaged = ({ hash }: ListedBlob): TelarError =>
  new TelarError('value-missing', `A stored value (${hash.slice(0, 12)}) is damaged, so the run cannot be bundled. \`telar fsck --repair\` computes again what it can.`, { hash });

function unwritten(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof TelarError || code === undefined) return error;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new TelarError('disk-full', `There is no room to write ${path}; nothing was left of it. Make room and try again.`, { path }, { cause: error });
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return new TelarError('read-only', `${path} cannot be written. Allow writing there, or choose another place.`, { path }, { cause: error });
  return new TelarError('bad-file', `${path} cannot be written (${code}).`, { path }, { cause: error });
}
