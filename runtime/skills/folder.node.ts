/** Skills in real folders: what the validator sees of one, and how a library reads several. No link is followed by the validator. */
import { lstatSync, readdirSync, readFileSync, realpathSync, statSync, type Dirent } from 'node:fs';
import { basename, join, resolve, sep } from 'node:path';
import { TelarError } from '../../contracts/errors.ts';
import type { SkillFiles } from '../../nodes/skill/library.ts';
import { LARGEST_SKILL } from '../../nodes/skill/read.ts';
import { glob } from '../glob.ts';
import { MOST_BYTES } from './folder.ts';
import type { FolderEntry, SkillFolder } from './folder.ts';

/** Things that are looked at in one skill; one that has more is cut. */
const MOST_LOOKED = 4_096;
const DEEPEST = 16;

/** A skill's folder on the disk. @throws TelarError `missing-file`, `bad-file` */
export function openSkillFolder(path: string): SkillFolder {
  const root = resolve(path);
  const name = nameOf(root, path);
  const entries: FolderEntry[] = [];
  let cut = false;
  const walk = (folder: string, depth: number): void => {
    let names: Dirent[];
    try {
      names = readdirSync(join(root, folder), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch {
      entries.push({ path: folder === '' ? '.' : folder, kind: 'unreadable', size: 0 });
      return;
    }
    for (const entry of names) {
      if (entries.length >= MOST_LOOKED) { cut = true; return; }
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isSymbolicLink()) entries.push({ path, kind: 'link', size: 0 });
      else if (entry.isFile()) entries.push({ path, kind: 'file', size: lstatSync(join(root, path), { throwIfNoEntry: false })?.size ?? 0 });
      else if (!entry.isDirectory()) entries.push({ path, kind: 'other', size: 0 });
      else if (entry.name === '.git') continue;
      else if (depth >= DEEPEST) cut = true;
      else walk(path, depth + 1);
    }
  };
  walk('', 0);
  return {
    name, entries: entries.sort((a, b) => (a.path < b.path ? -1 : 1)), ...(cut ? { cut } : {}),
    read: (file) => {
      if (!entries.some(({ path, kind }) => path === file && kind === 'file')) throw new TelarError('missing-file', `There is no file \`${file}\` in the skill.`, { file });
      return readBounded(join(root, file), MOST_BYTES);
    },
  };
}

/** The name of a folder that is there. */
function nameOf(root: string, path: string): string {
  try {
    if (lstatSync(root, { throwIfNoEntry: false }) === undefined) throw new TelarError('missing-file', `There is no folder ${path}. Check the spelling.`, { file: path });
    if (!statSync(root, { throwIfNoEntry: false })?.isDirectory()) throw new TelarError('bad-file', `${path} is no folder. A skill is a folder with a file SKILL.md.`, { file: path });
    return basename(realpathSync(root));
  } catch (error) {
    throw error instanceof TelarError ? error : unreadable(path, error);
  }
}

/**
 * How a library reads, with paths from a folder. A folder that may not be looked into is as good as empty, and told.
 * @param within folders out of which no link may lead
 * @param refused is told of each such folder
 */
export function diskSkills(root: string, within: readonly string[], refused: (path: string, error: TelarError) => void): SkillFiles {
  const told = new Set<string>();
  const list = (path: string): readonly string[] | undefined => {
    const place = resolve(root, path);
    try {
      if (statSync(place, { throwIfNoEntry: false })?.isDirectory() !== true) return undefined;
      return readdirSync(place).filter((name) => !name.startsWith('.')).sort();
    } catch (error) {
      if (!told.has(path)) refused(path, unreadable(path, error));
      told.add(path);
      return undefined;
    }
  };
  const tops = within.map((folder) => `${realOf(folder, folder)}${sep}`.replace(/[\\/]{2}$/, sep));
  const read = (path: string): Uint8Array => {
    const real = realOf(resolve(root, path), path);
    if (!tops.some((top) => real.startsWith(top))) throw new TelarError('refused', `${path} is a link out of its folder of skills. Copy what it leads to, or name that folder with --skills.`, { file: path });
    return readBounded(real, LARGEST_SKILL + 1, path);
  };
  return { read, glob: (pattern) => glob(pattern, list) };
}

function realOf(place: string, shown: string): string {
  try { return realpathSync(place); } catch (error) { throw unreadable(shown, error); }
}

/** The bytes of a regular file, at most so many: one that is larger is told by its first part being too large. */
function readBounded(place: string, most: number, shown = place): Uint8Array {
  try {
    const found = statSync(place);
    if (!found.isFile()) throw new TelarError('bad-file', `${shown} is no regular file.`, { file: shown });
    if (found.size > most) throw new TelarError('bad-file', `${shown} has ${found.size} bytes, which is too much for a skill. Move what is long into files beside it.`, { file: shown });
    return readFileSync(place);
  } catch (error) {
    throw error instanceof TelarError ? error : unreadable(shown, error);
  }
}

function unreadable(path: string, error: unknown): TelarError {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR' ? new TelarError('missing-file', `There is no file ${path}.`, { file: path }, { cause: error })
    : new TelarError('bad-file', `${path} cannot be read (${code ?? (error as Error).message}). Check who may read it.`, { file: path }, { cause: error });
}

/** A file that is a skill alone. @throws TelarError `missing-file`, `bad-file` */
export const readAlone = (path: string): Uint8Array => readBounded(path, LARGEST_SKILL + 1);
