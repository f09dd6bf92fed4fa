/**
 * SHA-256 in Node. One shot for what is at hand (twice as fast as a stream for small things, equal for large ones), by pieces
 * for files that should not be in memory.
 */
import { createHash, hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import type { Sha256 } from '../ports.ts';

const GIBIBYTE = 2 ** 30;
const PIECE = 2 ** 20;

/** SHA-256 of a text (as UTF-8) or of bytes, in lower-case hex. */
export const sha256: Sha256 = (data) => {
  if (typeof data === 'string' || data.byteLength <= GIBIBYTE) return hash('sha256', data);
  const running = createHash('sha256');
  for (let at = 0; at < data.byteLength; at += GIBIBYTE) running.update(data.subarray(at, at + GIBIBYTE));
  return running.digest('hex');
};

/** SHA-256 of a file's bytes. @throws the file system's error */
export function sha256File(path: string): string {
  const running = createHash('sha256');
  const piece = new Uint8Array(PIECE);
  const descriptor = openSync(path, 'r');
  try {
    for (let got = readSync(descriptor, piece); got > 0; got = readSync(descriptor, piece)) running.update(piece.subarray(0, got));
  } finally {
    closeSync(descriptor);
  }
  return running.digest('hex');
}
