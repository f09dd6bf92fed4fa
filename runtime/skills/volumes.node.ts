/** Which volumes of skills a command means, and the library over them. */
import { statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { volumeOf, type Volume } from '../../nodes/skill/folders.ts';
import { readLibrary, type Library, type SkillProblem } from '../../nodes/skill/library.ts';
import { diskSkills } from './folder.node.ts';

/** A library, and the volumes that it is of; one that is not there is a problem of it. */
export interface OpenedLibrary extends Library { readonly volumes: readonly (Volume & { readonly skills: number })[] }

/**
 * Opens a library over folders. Paths that it tells are from `cwd`.
 * @param said `DIR` or `NAME=DIR` from `cwd`; `undefined`: `skills/` in each folder from `cwd` up to `root`
 */
export function openLibrary(said: readonly string[] | undefined, cwd: string, root: string): OpenedLibrary {
  const problems: SkillProblem[] = [];
  const tell = (rule: string, message: string, file: string): void => { problems.push({ rule, level: 'error', message, file, line: 1, column: 1 }); };
  const volumes = said === undefined ? usual(cwd, root) : said.map(volumeOf);
  const there = volumes.map((volume): Volume => ({ ...volume, path: relative(cwd, resolve(cwd, volume.path)).split(sep).join('/') || '.' })).filter(({ name, path }) => {
    if (statSync(resolve(cwd, path), { throwIfNoEntry: false })?.isDirectory() === true) return true;
    tell('missing-file', `There is no folder \`${name}\`. Check the spelling.`, path);
    return false;
  });
  const library = readLibrary(diskSkills(cwd, [root, ...there.map(({ path }) => resolve(cwd, path))], (path, error) => { tell(error.code, error.message, path); }), there);
  return { skills: library.skills, problems: [...problems, ...library.problems], volumes: there.map((volume) => ({ ...volume, skills: library.skills.filter((skill) => skill.volume === volume.name).length })) };
}

/** `skills/` here and above, where there is one. */
function usual(cwd: string, root: string): Volume[] {
  const found: Volume[] = [];
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    if (statSync(join(folder, 'skills'), { throwIfNoEntry: false })?.isDirectory() === true) found.push(volumeOf(relative(cwd, join(folder, 'skills')).split(sep).join('/')));
    if (folder === root || folder === dirname(folder) || !folder.startsWith(root)) return found;
  }
}
