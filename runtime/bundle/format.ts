/**
 * The bundle: one run in one file, `NAME.telarrun`, to be read, verified and forked elsewhere (C7). Data only: nothing in it is
 * run by reading it, and no pickle is ever in it.
 *
 *     telarrun 1 48213\n      the magic word, the generation, the bytes of the manifest that follow
 *     {"telarrun":1,…}        the manifest: JSON as `JSON.stringify` writes it, of contracts/schema/bundle.schema.json
 *     blob after blob         in the order of the manifest's list, each in pieces of 1 MiB (the last one is shorter):
 *       1 byte                how the piece is stored: 0 as it is, 1 as a zstd frame
 *       4 bytes               little-endian, how many bytes follow; of a piece stored as it is, its own
 *     32 bytes                SHA-256 of all that came before
 *
 * The manifest comes first and tells each blob's size, so a reader knows how much a piece may become before it inflates it, and
 * holds one piece at a time. The same run gives the same manifest on every machine, also after an import: there is no
 * time, name or place of the export in it.
 *
 * Roads not taken: a zip or tar, whose names are paths (here nothing has one) and whose lists can contradict each other; a
 * database, which would be opened before it is checked; one compression over all, which would hide the sizes.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { Row, RunLog, RunRecord, StepRecord } from '../checkpoints/store.ts';

/** The generation of bundles that this Telar writes. It reads all up to it. */
export const BUNDLE_GENERATION = 1;
/** Bytes of a blob that are compressed, checked and written at once. */
export const PIECE = 2 ** 20;
/** Most bytes of a manifest. */
export const MANIFEST_LIMIT = 64 * 2 ** 20;
/** Most bytes of all blobs of a bundle, inflated. */
export const CONTENT_LIMIT = 64 * 2 ** 30;
/** Most characters of logs in a bundle; what is beyond is left out. */
export const LOG_LIMIT = 16 * 2 ** 20;
/** Bytes of a piece's head, and of the hash at the end. */
export const PIECE_HEAD = 5;
export const SEAL = 32;
/** How a piece is stored. */
export const STORED = 0;
export const ZSTD = 1;

/** Lists and maps within each other in a manifest; the values of a run have few. */
const DEEPEST = 64;
/** Most characters of the first line. */
export const FIRST_LINE = 40;

/** What a bundle names and does not carry. */
export interface LeftOut {
  /** `opaque`: a pickled object; `file`, `list`: what a step read and nobody kept; `input`: a value nobody kept; `log`: text beyond the limit. */
  readonly what: 'opaque' | 'file' | 'list' | 'input' | 'log';
  /** The value (`monthly.hottest`), the path, or the node. */
  readonly where: string;
  readonly hash?: string;
}

/** A blob of a bundle. */
export interface ListedBlob { readonly hash: string; readonly bytes: number }

/** A run as its store tells it, under the keys under which it was made. */
export interface RunParts {
  readonly run: Omit<RunRecord, 'bundle' | 'pinned'>;
  readonly steps: readonly StepRecord[];
  readonly rows: readonly Row[];
  readonly logs: readonly RunLog[];
}

/** What stands before the blobs. */
export interface Manifest extends RunParts {
  readonly telarrun: number;
  readonly leftOut: readonly LeftOut[];
  readonly blobs: readonly ListedBlob[];
}

/** The error of a bundle that says what cannot be. @param where the place in it */
export function forged(where: string, what: string): TelarError {
  return new TelarError('forged', `This bundle cannot be trusted: ${where} ${what} Ask for it anew from where it was made.`, { where });
}

/** The error of a file that is no whole bundle. */
export function badFile(what: string): TelarError {
  return new TelarError('bad-file', `This is no whole bundle: ${what} Fetch the file again.`);
}

/** The first line of a bundle. */
export function firstLine(manifestBytes: number): string {
  return `telarrun ${BUNDLE_GENERATION} ${manifestBytes}\n`;
}

/**
 * Reads a first line.
 * @param head the first `FIRST_LINE` bytes, as Latin letters
 * @throws TelarError `bad-file`, `newer-generation`, `forged` (a manifest beyond the limit)
 */
export function readFirstLine(head: string): { readonly start: number; readonly manifestBytes: number } {
  const found = /^telarrun ([1-9]\d{0,5}) (0|[1-9]\d{0,15})\n/.exec(head);
  if (found === null) throw badFile('it does not begin as one.');
  const generation = Number(found[1]);
  if (generation > BUNDLE_GENERATION) {
    throw new TelarError('newer-generation', `This bundle was written by a newer Telar (generation ${generation}; this one reads up to ${BUNDLE_GENERATION}). Update Telar.`, { generation });
  }
  const manifestBytes = Number(found[2]);
  if (manifestBytes > MANIFEST_LIMIT) throw forged('the manifest', `would have ${manifestBytes} bytes; ${MANIFEST_LIMIT} is the most.`);
  return { start: found[0].length, manifestBytes };
}

/**
 * Reads the manifest's text as JSON, before any of it is believed.
 * @throws TelarError `forged`: no JSON, too deep, a name twice, `__proto__`, or anything else that `JSON.stringify` would not have written
 */
export function parseManifest(text: string): unknown {
  checkDepth(text);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text, (name, value: unknown) => {
      if (name === '__proto__') throw forged('the manifest', 'has a name `__proto__`.');
      return value;
    });
  } catch (error) {
    throw error instanceof TelarError ? error : forged('the manifest', 'is no JSON.');
  }
  if (JSON.stringify(parsed) !== text) throw forged('the manifest', 'is not written as Telar writes it (a name twice, blanks, or a number that cannot be).');
  return parsed;
}

function checkDepth(text: string): void {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text.charCodeAt(at);
    if (quoted) {
      if (letter === 0x5c) at += 1;
      else if (letter === 0x22) quoted = false;
    } else if (letter === 0x22) quoted = true;
    else if (letter === 0x7b || letter === 0x5b) {
      depth += 1;
      if (depth > DEEPEST) throw forged('the manifest', `has lists or maps more than ${DEEPEST} deep.`);
    } else if (letter === 0x7d || letter === 0x5d) depth -= 1;
  }
}
