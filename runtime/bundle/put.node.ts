/**
 * Putting the blobs of a checked bundle into a store: small ones by memory, large ones by way of a file that the store takes over.
 * They are hashed again as they are put, for a file may change between two readings.
 */
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { TelarError } from '../../contracts/errors.ts';
import type { SizedBlobs } from '../checkpoints/store.ts';
import { badFile, PIECE, type ListedBlob } from './format.ts';
import { blobsOf, joined, type Body, type Pieces } from './pieces.node.ts';
import { rest, type Progress } from './progress.node.ts';

/** Larger blobs are put by way of a file. */
const LARGE = 8 * PIECE;

/**
 * Puts the blobs of a bundle that has been checked.
 * @param scratch a folder, made where it is missing, on the file system of the blobs
 * @throws TelarError `bad-file` (it changed meanwhile), `disk-full`, `cancelled`
 */
export async function putBlobs(body: Body, blobs: SizedBlobs, scratch: string, progress: Progress): Promise<void> {
  mkdirSync(scratch, { recursive: true });
  const folder = mkdtempSync(join(scratch, `bundle-${process.pid}-`));
  try {
    for (const { blob, pieces } of blobsOf(body)) {
      const put = blob.bytes > LARGE && blobs.adopt !== undefined ? await adopted(pieces, join(folder, blob.hash), blobs.adopt, { body, progress }) : await assembled(blob, pieces, blobs, { body, progress });
      if (put !== blob.hash) throw badFile('it changed while it was read.');
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Reading { readonly body: Body; readonly progress: Progress }

async function assembled({ bytes }: ListedBlob, pieces: Pieces, blobs: SizedBlobs, { body, progress }: Reading): Promise<string> {
  const kept: Uint8Array[] = [];
  for (const { piece, at } of pieces) {
    kept.push(piece);
    await rest(progress, 0.5 + 0.5 * (at / body.end));
  }
  return blobs.put(joined(kept, bytes));
}

async function adopted(pieces: Pieces, path: string, adopt: (path: string) => string, { body, progress }: Reading): Promise<string> {
  const descriptor = openSync(path, 'wx');
  try {
    for (const { piece, at } of pieces) {
      for (let from = 0; from < piece.byteLength;) from += writeSync(descriptor, piece, from);
      await rest(progress, 0.5 + 0.5 * (at / body.end));
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ENOSPC' || code === 'EDQUOT' ? new TelarError('disk-full', 'There is no room for the values of the bundle. Make room and try again.', {}, { cause: error }) : error;
  } finally {
    closeSync(descriptor);
  }
  return adopt(path);
}
