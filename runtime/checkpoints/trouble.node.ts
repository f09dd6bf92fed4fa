/**
 * What the file system and SQLite say, in Telar's codes. Only what a person can act on is translated; any other error goes
 * on as it is, for it is a bug.
 */
import { TelarError } from '../../contracts/errors.ts';

/** The primary result code of a SQLite error; `undefined` for any other error. */
export function sqliteCode(error: unknown): number | undefined {
  const { code, errcode } = error as { code?: string; errcode?: number };
  return code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' ? errcode & 0xff : undefined;
}

/** Whether SQLite says that the file is malformed (11) or no database (26). */
export function isCorrupt(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === 11 || code === 26;
}

/** Failures that pass when somebody makes room or lets go: what could not be written may be tried again. */
export function isPassing(error: unknown): boolean {
  return error instanceof TelarError && ['disk-full', 'read-only', 'locked'].includes(error.code);
}

// SQLITE_IOERR_SHMSIZE, _WRITE, _FSYNC, _TRUNCATE and _SHMMAP: on a full disk SQLite reports these as often as SQLITE_FULL.
const FULL_IOERR = new Set([4874, 778, 1034, 1546, 5386]);

// SQLite's unix files have room for 512 bytes, 8 of them for `-journal`; the longest of ours is a lease.
const LONGEST = 512 - 8 - '/living/1234567-0123456789ab'.length;

/** What is wrong with a `.telar` folder whose path is too long for SQLite, which itself says only that it cannot open the file. */
export function tooLong(folder: string): TelarError | undefined {
  const bytes = Buffer.byteLength(folder);
  if (process.platform === 'win32' || bytes <= LONGEST) return undefined;
  return new TelarError('read-only', `The path ${folder} is too long: it has ${bytes} bytes, and SQLite leaves room for ${LONGEST}. Move the notebook to a shorter path, or name a workspace with one (--workspace).`, { place: folder });
}

/** The error in Telar's words: `disk-full`, `read-only`, `locked`, `damaged`; or the same error. */
export function typed(error: unknown, place: string): unknown {
  const { code, errcode } = error as { code?: string; errcode?: number };
  const say = (as: 'disk-full' | 'read-only' | 'locked' | 'damaged', message: string): TelarError =>
    new TelarError(as, message, { place }, { cause: error });
  const sqlite = sqliteCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT' || sqlite === 13 || FULL_IOERR.has(errcode ?? 0)) {
    return say('disk-full', `There is no room left to write in ${place}. What was committed before is kept; make room and run again.`);
  }
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM' || code === 'ENOTDIR' || sqlite === 8 || sqlite === 14) {
    return say('read-only', `${place} cannot be written. Allow writing there, or name another workspace with --workspace.`);
  }
  if (code === 'ENOENT') return new TelarError('missing-file', `There is no folder for ${place}. Name one that exists with --workspace.`, { place }, { cause: error });
  if (sqlite === 5 || sqlite === 6) {
    return say('locked', `Another process has kept the database in ${place} locked for too long. Wait for it or end it, then run again.`);
  }
  if (isCorrupt(error)) return say('damaged', `The database in ${place} is damaged. Start again: it will be set aside and a new one begun.`);
  return error;
}
