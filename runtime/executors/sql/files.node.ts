/**
 * The files of a SQL step: which it may open, and what it read (P9).
 */
import { createHash } from 'node:crypto';
import { createReadStream, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import { TelarError } from '../../../contracts/errors.ts';
import type { ObservedRead, Program } from '../../../contracts/node.ts';
import { tokenize } from '../../../nodes/sql/tokens.ts';
import { matchPath } from '../../glob.ts';

/** A granted file. `real` is absent when it is not there. */
export interface StepFile { readonly path: string; readonly absolute: string; readonly real?: string }

/**
 * The files that the program names, inside the workspace.
 * @throws TelarError `refused` for one outside it (also by a symbolic link), or in `.git` or `.telar`
 */
export function stepFiles(program: Program, root: string): StepFile[] {
  const top = realpathSync(root);
  return (program.files ?? []).map((path) => {
    const absolute = isAbsolute(path) ? path : join(top, program.folder, path);
    let real: string | undefined;
    try {
      real = realpathSync(absolute);
    } catch {
      real = undefined;
    }
    const inside = relative(top, real ?? absolute);
    if (inside.startsWith(`..${sep}`) || inside === '..' || isAbsolute(inside)) throw new TelarError('refused', `“${path}” lies outside the workspace; copy it in, or open a workspace that holds it.`, { path });
    if (/(?:^|[/\\])\.(?:git|telar)(?:[/\\]|$)/i.test(inside)) throw new TelarError('refused', `“${path}” belongs to the workspace's own records and is not read by steps.`, { path });
    return { path, absolute, ...(real === undefined || !statSync(real).isFile() ? {} : { real }) };
  });
}

/** All spellings under which DuckDB may open the files: absolute, relative, and texts of the SQL that name them or match them. */
export function allowedPaths(sql: string, files: readonly StepFile[], folder: string): string[] {
  const allowed = new Set(files.flatMap(({ path, absolute, real }) => (real === undefined ? [] : [path, absolute, real])));
  const known = new Set(allowed);
  for (const token of tokenize(sql).tokens) {
    if (token.kind !== 'text' && token.kind !== 'name') continue;
    const spelled = token.value;
    const matches = /[*?[]/.test(spelled) ? [...known].some((path) => matchPath(normal(spelled, folder), path)) : known.has(normal(spelled, folder));
    if (matches) allowed.add(spelled);
  }
  return [...allowed];
}

const normal = (path: string, folder: string): string => (isAbsolute(path) ? join(path) : join(folder, path));

/** What is recorded of a file that was not the same from the beginning of a step to its end: no file ever looks so, and the row is not used again. */
const CHANGED = 'changed while it was read';

/**
 * Does the work, and tells what each file held meanwhile. They are hashed beside the work, since both take their time.
 * @returns what the work gave, and the reads in the order of the files
 */
export async function observing<T>(files: readonly StepFile[], work: () => Promise<T>): Promise<[T, ObservedRead[]]> {
  const before = files.map(stampOf);
  const [result, reads] = await Promise.all([work(), Promise.all(files.map(look))]);
  return [result, reads.map((read, index) => (stampOf(files[index]!) === before[index] ? read : { what: 'file', path: read.path, saw: CHANGED }))];
}

/** Differs when the file may have been written or replaced. */
function stampOf({ absolute }: StepFile): string {
  const found = statSync(absolute, { throwIfNoEntry: false, bigint: true });
  return found === undefined ? '' : `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}`;
}

async function look({ path, real }: StepFile): Promise<ObservedRead> {
  if (real === undefined) return { what: 'missing', path, saw: '' };
  const hash = createHash('sha256');
  try {
    for await (const piece of createReadStream(real, { highWaterMark: 1_048_576 })) hash.update(piece as Uint8Array);
  } catch {
    return { what: 'file', path, saw: CHANGED };
  }
  return { what: 'file', path, saw: hash.digest('hex') };
}
