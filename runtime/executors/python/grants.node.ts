/**
 * Grants of files, as a child shows them: folders outside the workspace, mounted read-only where they really lie. What was not
 * granted in such a folder does not exist there.
 */
import { realpathSync, statSync } from 'node:fs';
import { dirname, relative, sep } from 'node:path';
import { TelarError } from '../../../contracts/errors.ts';

/** A folder that is mounted, and what of it is there. */
export interface GrantedFolder { readonly folder: string; readonly shows: readonly string[] }

/**
 * The mounts for what was granted; none lies in another.
 * @throws TelarError `missing-file`; `refused` for a path that leads elsewhere by a link, since that is not what was allowed
 */
export function grantedFolders(files: readonly string[]): readonly GrantedFolder[] {
  const found = files.map((path) => {
    const plain = path.length > 1 ? path.replace(/[\\/]+$/, '') : path;
    let real: string;
    try {
      real = realpathSync(plain);
    } catch (error) {
      throw new TelarError('missing-file', `\`${path}\` was granted and is not there; put it there, or take it out of \`files\`.`, { file: path }, { cause: error });
    }
    if (real !== plain) throw new TelarError('refused', `\`${path}\` leads to \`${real}\` by a link; name that in \`files\`, so that what is allowed is what is read.`, { file: path });
    return { real, folder: statSync(real).isDirectory() ? real : dirname(real) };
  });
  const roots = [...new Set(found.map(({ folder }) => folder))];
  return roots.filter((root) => !roots.some((other) => other !== root && within(root, other)))
    .map((folder) => ({ folder, shows: found.map(({ real }) => real).filter((real) => within(real, folder)) }));
}

/** Whether something is there for those who were granted `shows`: it, what lies in it, and the way to it. */
export function isShown(path: string, shows: readonly string[] | undefined): boolean {
  return shows === undefined || shows.some((granted) => within(path, granted) || within(granted, path));
}

/** The names in a folder that only leads to what was granted; `undefined` for any other. */
export function namesOnTheWay(path: string, shows: readonly string[] | undefined): readonly string[] | undefined {
  if (shows === undefined || shows.some((granted) => within(path, granted))) return undefined;
  const names = shows.filter((granted) => within(granted, path)).map((granted) => relative(path, granted).split(sep)[0]!);
  return names.length === 0 ? undefined : [...new Set(names)].sort();
}

function within(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || !(way === '..' || way.startsWith(`..${sep}`) || /^[A-Za-z]:/.test(way));
}
