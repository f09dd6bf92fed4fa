/**
 * Files of one workspace. Nothing outside it can be reached: not by `..`, not by an absolute path, not by a symbolic link.
 * `.git` and `.telar` do not exist here, in any spelling of their letters.
 *
 * A guard for honest notebooks and for links that lead astray. It does not hold back a program that swaps folders for links
 * while we look: code that may do that runs under the permission model, elsewhere.
 */
import { type BigIntStats, existsSync, mkdirSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { TelarError } from '../../contracts/errors.ts';
import { fault } from '../faults.ts';
import type { FileStat, Files } from '../ports.ts';
import { readWhole, syncFolder, writeDurably } from './durable.node.ts';
import { sha256File } from './hash.node.ts';
import { removeLeftovers } from './leftovers.node.ts';

/** A file this young may be written again without its times changing, so its stamp never equals a later one. Milliseconds. */
const YOUNG = 2_000;

/** Files on a disk: they have real paths, and can be hashed without being loaded. */
export interface DiskFiles extends Files {
  absolute(path: string): string;
  /** SHA-256 of a file's bytes. @throws as `read` */
  hash(path: string): string;
  /** Removes what processes that are gone left beside a file as they wrote it. */
  tidy(path: string): void;
}

/** Opens a folder as the files of a workspace. @throws the file system's error when there is no such folder */
export function createFiles(root: string): DiskFiles {
  const top = realpathSync(root);
  let looks = 0;
  let writes = 0;

  /** The real path. @throws TelarError `refused` when it is outside, or hidden and to be written */
  function locate(path: string): string {
    const wanted = resolve(top, path);
    if (path.includes('\0') || !isWithin(top, wanted)) throw refused(path);
    // Of what does not exist yet, the nearest folder that does decides.
    let there = wanted;
    while (!existsSync(there) && there !== top) there = dirname(there);
    const real = join(realpathSync(there), relative(there, wanted));
    if (!isWithin(top, real)) throw refused(path);
    return real;
  }

  const isHidden = (real: string): boolean => relative(top, real).split(sep).some(isHiddenName);

  /** The real path of something that may be looked at; `undefined` when it may not. */
  function visible(path: string): string | undefined {
    try {
      const real = locate(path);
      return isHidden(real) ? undefined : real;
    } catch (error) {
      if (error instanceof TelarError || isNode(error)) return undefined;
      throw error;
    }
  }

  /** What is at a real path; nothing, where a name is too long or a folder may not be searched. */
  function look(real: string): BigIntStats | undefined {
    try {
      return statSync(real, { throwIfNoEntry: false, bigint: true });
    } catch (error) {
      if (isNode(error)) return undefined;
      throw error;
    }
  }

  function reading<T>(path: string, act: (real: string) => T): T {
    const real = locate(path);
    try {
      if (!isHidden(real)) return act(real);
    } catch (error) {
      if (!isNode(error)) throw error;
      if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') {
        throw new TelarError('bad-file', `${path} cannot be read (${error.code ?? error.message}). Check what it is and who may read it.`, { path }, { cause: error });
      }
    }
    throw new TelarError('missing-file', `There is no file ${path} in the workspace. Check the spelling, or put the file there.`, { path });
  }

  /** Removes what was left beside a file, under the names that `write` gives. */
  function clear(real: string): void {
    removeLeftovers(dirname(real), new RegExp(`^\\.${basename(real).replace(/[$()*+.?[\\\]^{|}]/g, '\\$&')}\\.(\\d+)-\\d+\\.tmp$`));
  }

  return {
    absolute: locate,
    tidy: (path) => { clear(locate(path)); },
    read: (path) => reading(path, (real) => readWhole(real, regularSize(real))),
    hash: (path) => reading(path, (real) => { regularSize(real); return sha256File(real); }),
    stat(path) {
      const real = visible(path);
      const found = real === undefined ? undefined : look(real);
      if (found === undefined) return undefined;
      const kind: FileStat['kind'] = found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other';
      const changed = Number(found.mtimeMs > found.ctimeMs ? found.mtimeMs : found.ctimeMs);
      const young = Date.now() - changed < YOUNG ? `:young:${process.pid}.${Date.now()}.${looks++}` : '';
      const stamp = `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}${young}`;
      return { kind, size: kind === 'file' ? Number(found.size) : 0, stamp };
    },
    list(path) {
      const real = visible(path);
      if (real === undefined || look(real)?.isDirectory() !== true) return undefined;
      return reading(path, (folder) => readdirSync(folder)).filter((name) => !isHiddenName(name)).sort();
    },
    write(path, bytes) {
      const real = locate(path);
      if (isHidden(real) || real === top) throw refused(path);
      const folder = dirname(real);
      try {
        mkdirSync(folder, { recursive: true });
        clear(real);
        const mode = statSync(real, { throwIfNoEntry: false })?.mode ?? 0o644;
        const aside = join(folder, `.${basename(real)}.${process.pid}-${writes++}.tmp`);
        writeDurably(real, aside, bytes, mode & 0o777, { written: () => fault('file-written', aside) });
        fault('file-renamed');
        syncFolder(folder);
      } catch (error) {
        throw unwritten(error, path);
      }
    },
  };
}

const isHiddenName = (name: string): boolean => /^\.(git|telar)$/i.test(name);
const isWithin = (top: string, path: string): boolean => path === top || path.startsWith(top.endsWith(sep) ? top : top + sep);
const isNode = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'code' in error;

function refused(path: string): TelarError {
  return new TelarError('refused', `${path} is outside of the workspace, or kept for git or Telar. Copy the file into the workspace, or open a wider one with --workspace.`, { path });
}

/** Size of a regular file. A folder, a pipe or a device has no bytes to read. @throws TelarError `bad-file` */
function regularSize(real: string): number {
  const found = statSync(real);
  if (!found.isFile()) throw new TelarError('bad-file', `${basename(real)} is not a regular file, so it has no content to read.`, { path: real });
  return found.size;
}

function unwritten(error: unknown, path: string): unknown {
  if (!isNode(error)) return error;
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') return new TelarError('disk-full', `There is no room to write ${path}; the old file is as it was. Make room and try again.`, { path }, { cause: error });
  if (error.code === 'EROFS' || error.code === 'EACCES' || error.code === 'EPERM') return new TelarError('read-only', `${path} cannot be written; the old file is as it was. Allow writing there.`, { path }, { cause: error });
  return new TelarError('bad-file', `${path} cannot be written (${error.code}).`, { path }, { cause: error });
}
