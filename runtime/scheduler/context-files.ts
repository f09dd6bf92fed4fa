/**
 * What a step sees of the files beside its notebook, and the record of all that it saw (P9).
 *
 * Paths are relative to the notebook's folder and may go up, but never out of the workspace; `.git` and `.telar` are hidden.
 * Reads are recorded once each, with what was seen first.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { ObservedRead } from '../../contracts/node.ts';
import { nearest } from '../../nodes/nearest.ts';
import type { Files, Sha256 } from '../ports.ts';
import { glob } from '../glob.ts';

/** Files as a step sees them. */
export interface StepFiles {
  /** The bytes; recorded. @throws TelarError `missing-file` (recorded too), `refused`, `bad-file` */
  read(path: string): Uint8Array;
  /** Files that match, sorted; every folder looked at is recorded. @throws TelarError `refused` */
  glob(pattern: string): readonly string[];
  /** Adds what an engine saw. */
  add(reads: readonly ObservedRead[]): void;
  /** All that was seen, sorted by path. */
  reads(): readonly ObservedRead[];
}

/**
 * @param folder of the notebook, relative to the workspace root; `''` for the root
 */
export function createStepFiles(files: Files, folder: string, sha256: Sha256): StepFiles {
  const seen = new Map<string, ObservedRead>();
  const note = (what: ObservedRead['what'], path: string, saw: string): void => {
    const key = `${what} ${path}`;
    if (!seen.has(key)) seen.set(key, { what, path, saw });
  };

  const list = (path: string): readonly string[] | undefined => {
    const place = resolve(folder, path);
    const names = files.list(place);
    if (names !== undefined) note('list', path, sha256(names.join('\n')));
    else if (files.stat(place) === undefined) note('missing', path, '');
    return names;
  };

  return {
    read: (path) => {
      const place = resolve(folder, path);
      const stat = files.stat(place);
      if (stat?.kind === 'folder') throw new TelarError('bad-file', `\`${path}\` is a folder; name a file in it.`, { file: path });
      if (stat === undefined) {
        note('missing', path, '');
        throw missingFile(files, folder, path);
      }
      const bytes = files.read(place);
      note('file', path, sha256(bytes));
      return bytes;
    },
    glob: (pattern) => glob(pattern, list),
    add: (reads) => { for (const read of reads) note(read.what, read.path, read.saw); },
    reads: () => [...seen.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.what < b.what ? -1 : 1)),
  };
}

/** The error of a file that is not there, with the nearest name in its folder. */
function missingFile(files: Files, folder: string, path: string): TelarError {
  const place = resolve(folder, path);
  const cut = place.lastIndexOf('/');
  const parent = place.slice(0, Math.max(cut, 0));
  const names = files.list(parent);
  if (names?.includes(place.slice(cut + 1)) === true) {
    return new TelarError('missing-file', `\`${path}\` is a link that leads to nothing, or out of the workspace; copy the file there in its place.`, { file: path });
  }
  const near = names === undefined ? undefined : nearest(place.slice(cut + 1), names);
  const found = near === undefined ? undefined : path.slice(0, path.lastIndexOf('/') + 1) + near;
  const help = found !== undefined ? `Did you mean \`${found}\`?`
    : names === undefined ? `There is no folder \`${parent}\` in the workspace either.` : 'Put it there, or correct the path (it is relative to the notebook).';
  return new TelarError('missing-file', `There is no file \`${path}\`. ${help}`, { file: path, ...(found === undefined ? {} : { nearest: found }) });
}

/**
 * A path beside the notebook as a path from the workspace root.
 * @throws TelarError `refused` for an absolute path, a URL, one that leaves the workspace, or one into `.git` or `.telar`
 */
export function resolve(folder: string, path: string): string {
  if (/^(?:[\\/]|[A-Za-z]:|[a-z][a-z0-9+.-]*:\/\/)/.test(path) || path.includes('\0')) {
    throw new TelarError('refused', `\`${path.replaceAll('\0', '␀')}\` is not a path beside the notebook; write one relative to it, with \`/\`.`, { file: path });
  }
  const parts: string[] = folder === '' ? [] : folder.split('/');
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) throw new TelarError('refused', `\`${path}\` lies outside the workspace; move the file into it.`, { file: path });
  }
  // Case is folded because some file systems do: `.GIT` is `.git` there.
  const hidden = parts.find((part) => ['.git', '.telar'].includes(part.toLowerCase()));
  if (hidden !== undefined) throw new TelarError('refused', `\`${path}\` is inside \`${hidden}\`, which notebooks do not see.`, { file: path });
  return parts.join('/');
}

/**
 * A path beside the notebook that a step may write, from the workspace root.
 * @throws TelarError `refused`, as `resolve`, and for notebooks and names that begin with a dot: tools obey such files without a question
 */
export function writable(files: Files, folder: string, path: string): string {
  const place = resolve(folder, path);
  // A link may lead to another name.
  for (const name of [place, files.absolute?.(place) ?? place]) {
    if (/\.telar\.[a-z.]+$/i.test(name)) throw new TelarError('refused', `\`${path}\` is a notebook or belongs to one; a step does not write those. Choose another name.`, { file: path });
  }
  if (place.split('/').some((part) => part.startsWith('.'))) throw new TelarError('refused', `\`${path}\` has a name that begins with a dot; programs obey such files unseen, so a step does not write them. Choose another name.`, { file: path });
  if (place === '' || /[\\/]$/.test(path) || files.stat(place)?.kind === 'folder') throw new TelarError('refused', `\`${path}\` is a folder; name a file in it.`, { file: path });
  return place;
}
