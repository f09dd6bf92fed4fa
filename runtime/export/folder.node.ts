/** Folders of skills on a disk: read whole and bounded, without following a link; written beside and then put in place at once. */
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { TelarError } from '../../contracts/errors.ts';
import { openSkillFolder } from '../skills/folder.node.ts';
import { LOCK, MOST_BYTES, MOST_FILES, notWhole, type SkillFiles } from './format.ts';

/** All files of a folder. @throws TelarError `missing-file`, `bad-file`, `forged` for a link, or what is too much */
export function readSkillFolder(path: string): Map<string, Uint8Array> {
  const folder = openSkillFolder(path);
  const odd = folder.entries.find(({ kind }) => kind !== 'file');
  if (odd !== undefined) throw notWhole(`${odd.path} ${odd.kind === 'unreadable' ? 'cannot be read' : 'is a link or something else that is no file'}.`, { file: odd.path });
  const bytes = folder.entries.reduce((sum, { size }) => sum + size, 0);
  if (folder.cut === true || folder.entries.length > MOST_FILES || bytes > MOST_BYTES) throw notWhole(`it has more than ${MOST_FILES} files or ${MOST_BYTES} bytes, or folders that are too deep.`);
  return new Map(folder.entries.map(({ path: file }) => [file, new Uint8Array(folder.read(file))]));
}

/** Writes a skill. One that is there already is replaced; anything else is not. @throws TelarError `refused`, `read-only` */
export function writeSkillFolder(folder: string, files: SkillFiles): void {
  const root = resolve(folder);
  const there = lstatSync(root, { throwIfNoEntry: false });
  if (there !== undefined && !(there.isDirectory() && (readdirSync(root).length === 0 || isExported(root)))) {
    throw new TelarError('refused', `${folder} is there already and is no exported skill, or has further files in it; it was left as it is. Name another folder with -o.`, { file: folder });
  }
  try {
    mkdirSync(dirname(root), { recursive: true });
    const beside = mkdtempSync(join(dirname(root), '.telar-skill-'));
    try {
      writeAll(join(beside, 'new'), files);
      if (there !== undefined) renameSync(root, join(beside, 'old'));
      renameSync(join(beside, 'new'), root);
    } finally {
      rmSync(beside, { recursive: true, force: true });
    }
  } catch (error) {
    throw unwritten(folder, error);
  }
}

/** Whether a folder has a lock, and no file that the lock does not name. */
function isExported(root: string): boolean {
  try {
    const own = Object((JSON.parse(readFileSync(join(root, LOCK), 'utf8')) as { files?: unknown } | null)?.files) as object;
    return readdirSync(root, { recursive: true, withFileTypes: true }).every((one) => { const path = relative(root, join(one.parentPath, one.name)).split(sep).join('/'); return one.isDirectory() || path === LOCK || Object.hasOwn(own, path); });
  } catch {
    return false;
  }
}

/** Writes files into a folder where none of them is yet, or is the same. @throws TelarError `refused`, `read-only` */
export function writeNew(folder: string, files: SkillFiles): void {
  const root = resolve(folder);
  for (const [path, bytes] of files) {
    for (let at = join(root, path); at.length > root.length; at = dirname(at)) {
      const there = lstatSync(at, { throwIfNoEntry: false });
      if (there?.isSymbolicLink() === true) throw new TelarError('refused', `${at} is a link; nothing is written through it. Name another folder with -o.`, { file: at });
    }
    const place = join(root, path);
    const there = lstatSync(place, { throwIfNoEntry: false });
    if (there !== undefined && (!there.isFile() || !readFileSync(place).equals(bytes))) throw new TelarError('refused', `${place} is there already and is another file. Nothing was written; name another folder with -o.`, { file: place });
  }
  try {
    writeAll(root, files);
  } catch (error) {
    throw unwritten(folder, error);
  }
}

function writeAll(root: string, files: SkillFiles): void {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), bytes, { mode: path.startsWith('scripts/') ? 0o755 : 0o644 });
  }
}

function unwritten(folder: string, error: unknown): TelarError {
  const { code } = error as NodeJS.ErrnoException;
  return new TelarError(code === 'ENOSPC' || code === 'EDQUOT' ? 'disk-full' : 'read-only', `${folder} cannot be written (${code ?? (error as Error).message}).`, { file: folder }, { cause: error });
}
