/**
 * The part of a bundle that holds blobs, read piece by piece. Whoever asks for a piece gets no more bytes than the manifest's list
 * allows it, whatever stands in the file.
 */
import { readSync } from 'node:fs';
import { constants, zstdDecompressSync } from 'node:zlib';
import { badFile, forged, PIECE, PIECE_HEAD, STORED, ZSTD, type ListedBlob } from './format.ts';

/** A zstd frame may not ask for a larger window than a piece: the decoder would make room for it. */
const WINDOW = Math.log2(PIECE);

/** The part of a file that holds blobs. */
export interface Body { readonly descriptor: number; readonly start: number; readonly end: number; readonly blobs: readonly ListedBlob[] }

/** A blob's bytes, in order. `at` is the place in the file that has been read so far. */
export type Pieces = Iterable<{ readonly piece: Uint8Array; readonly at: number }>;

/** Bytes of a file. @throws TelarError `bad-file` when it ends before */
export function readAt(descriptor: number, at: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let got = 0;
  for (let more = 1; more > 0 && got < length; got += more) more = readSync(descriptor, bytes, got, length - got, at + got);
  if (got < length) throw badFile('it was cut off.');
  return bytes;
}

/** The blobs one after another. Each must have been read to its end before the next. @throws TelarError `forged` */
export function* blobsOf({ descriptor, start, end, blobs }: Body): Generator<{ readonly blob: ListedBlob; readonly pieces: Pieces }> {
  let at = start;
  for (const blob of blobs) {
    yield { blob, pieces: piecesOf(blob) };
  }
  if (at !== end) throw forged('the file', `has ${end - at} bytes more than the listed blobs.`);

  function* piecesOf({ hash, bytes }: ListedBlob): Pieces & Generator {
    const place = `the blob ${hash.slice(0, 12)}`;
    for (let left = bytes; left > 0;) {
      const whole = Math.min(PIECE, left);
      if (at + PIECE_HEAD > end) throw forged(place, 'is not there.');
      const head = new DataView(readAt(descriptor, at, PIECE_HEAD).buffer);
      const method = head.getUint8(0);
      const length = head.getUint32(1, true);
      if (method === STORED ? length !== whole : method !== ZSTD || length >= whole) throw forged(place, 'has a piece of a size or kind that cannot be.');
      at += PIECE_HEAD;
      if (at + length > end) throw forged(place, 'is longer than the file.');
      const stored = readAt(descriptor, at, length);
      at += length;
      left -= whole;
      yield { piece: method === STORED ? stored : inflated(stored, whole, place), at };
    }
  }
}

function inflated(stored: Uint8Array, whole: number, place: string): Uint8Array {
  try {
    const piece = zstdDecompressSync(stored, { maxOutputLength: whole, params: { [constants.ZSTD_d_windowLogMax]: WINDOW } });
    if (piece.byteLength === whole) return piece;
  } catch { /* told below */ }
  throw forged(place, 'does not inflate to its listed size.');
}

/** Pieces as one. */
export function joined(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  if (pieces.length === 1) return pieces[0] as Uint8Array;
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.byteLength;
  }
  return all;
}
