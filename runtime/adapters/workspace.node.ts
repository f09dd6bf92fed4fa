/** Finding the workspace of a notebook, as `document.md` says. Looks only at what exists; creates nothing. */
import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { TelarError } from '../../contracts/errors.ts';

/** Where a notebook lives. */
export interface Workspace {
  /** Absolute. */
  readonly root: string;
  /** Folder of the notebook relative to the root, with `/`; `''` for the root itself. */
  readonly folder: string;
  /** The notebook relative to the root, with `/`. */
  readonly file: string;
}

/**
 * The nearest folder at or above a notebook that has `.telar/`, else the root of its git work tree, else its own folder.
 * @param path the notebook (which need not exist yet), or a folder: then `file` is that folder
 * @param given a root named by the person, which wins
 * @throws TelarError `usage` when the given root is no folder, or the file is not inside it
 */
export function findWorkspace(path: string, given?: string): Workspace {
  const file = real(resolve(path));
  const isFolder = statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
  const folder = isFolder ? file : dirname(file);
  const root = given === undefined ? nearest(folder, '.telar') ?? nearest(folder, '.git') ?? folder : real(resolve(given));
  if (given !== undefined && statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new TelarError('usage', `There is no folder ${given}. Name one that exists with --workspace.`, { root });
  }
  const within = relative(root, file);
  if (within === '..' || within.startsWith(`..${sep}`) || resolve(within) === within) {
    throw new TelarError('usage', `${path} is not inside the workspace ${root}. Name a workspace that holds it.`, { path, root });
  }
  return { root, folder: slashes(relative(root, folder)), file: slashes(within) };
}

function nearest(folder: string, name: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, name))) return at;
    if (dirname(at) === at) return undefined;
  }
}

/** The real path of the folder, and the name as it was given: a linked notebook stays where its link is. */
function real(path: string): string {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return realpathSync(path);
  return existsSync(dirname(path)) ? join(realpathSync(dirname(path)), basename(path)) : path;
}

const slashes = (path: string): string => path.split(sep).join('/');
