/** `telar skills validate`: skills, or folders of skills, by every rule of a profile. */
import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { TelarError } from '../../../contracts/errors.ts';
import type { SkillProblem } from '../../../nodes/skill/library.ts';
import { openSkillFolder } from '../../skills/folder.node.ts';
import type { SkillProfile } from '../../skills/rules.ts';
import { validateSkill } from '../../skills/validate.ts';
import type { OpenedLibrary } from '../../skills/volumes.node.ts';
import type { Arguments } from './arguments.node.ts';
import { exit, tellProblems } from './skills-words.node.ts';
import { clean, colour, count, terminal } from './terminal.node.ts';

/** @param library opened only where no path is said */
export function validate(paths: readonly string[], library: () => OpenedLibrary, args: Arguments): number {
  const profile = (args.text('profile') ?? 'standard') as SkillProfile;
  const problems: SkillProblem[] = [];
  const folders: string[] = [];
  if (paths.length === 0) {
    const { skills, problems: told, volumes } = library();
    problems.push(...told.filter(({ file }) => !/(?:^|\/)SKILL\.md$/.test(file)));
    for (const volume of volumes) folders.push(...below(volume.path, problems));
    for (const { form, folder, file } of skills) if (folder === undefined && form === 'older') problems.push({ rule: 'skill-md', level: 'error', message: 'It is a skill in the older form. `telar skills convert` makes a folder with a SKILL.md of it.', file, line: 1, column: 1 });
  }
  for (const path of paths) folders.push(...within(path, problems));
  const results = folders.map((folder) => {
    try {
      const { valid, problems: found } = validateSkill(openSkillFolder(folder), profile);
      return { folder, valid, problems: found.map((problem) => ({ ...problem, file: problem.file === '.' ? folder : `${folder}/${problem.file}` })) };
    } catch (error) {
      if (!(error instanceof TelarError)) throw error;
      return { folder, valid: false, problems: [{ rule: error.code, level: 'error' as const, message: error.message, file: folder, line: 1, column: 1 }] };
    }
  });
  const all = [...problems, ...results.flatMap((one) => one.problems)];
  if (args.flags.json === true) terminal.out(`${JSON.stringify({ type: 'skills', act: 'validate', profile, valid: exit(all) === 0, skills: results, problems })}\n`);
  else {
    tellProblems(all);
    const bad = results.filter(({ valid }) => !valid).length;
    if (args.flags.quiet !== true) terminal.out(`${exit(all) === 0 ? colour.green('✓') : colour.red('✗')} ${count(results.length, 'skill')}, ${bad === 0 ? 'all valid' : `${bad} not valid`} by the profile ${clean(profile)}\n`);
  }
  return exit(all);
}

/** The skill at a path, or those in the folder. */
function within(path: string, problems: SkillProblem[]): string[] {
  const shown = path.replace(/\/+$/, '') || path;
  if (!existsSync(shown) || !lstatSync(shown).isDirectory() || /^skill\.md$/im.test(names(shown).join('\n'))) return [shown];
  const found = below(shown, problems);
  // A folder without a single skill is meant to be one.
  return found.length === 0 && !problems.some(({ file }) => file === shown) ? [shown] : found;
}

/** The folders in a volume that have a SKILL.md, in whatever letters. */
function below(volume: string, problems: SkillProblem[]): string[] {
  try {
    return readdirSync(volume, { withFileTypes: true }).filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => join(volume, name)).sort()
      .filter((folder) => names(folder) === UNREADABLE || /^skill\.md$/im.test(names(folder).join('\n')));
  } catch (error) {
    problems.push({ rule: 'bad-file', level: 'error', message: `The folder cannot be read (${(error as NodeJS.ErrnoException).code}). Check who may read it.`, file: volume, line: 1, column: 1 });
    return [];
  }
}

const UNREADABLE: readonly string[] = [];

function names(folder: string): readonly string[] {
  try { return readdirSync(folder); } catch { return UNREADABLE; }
}
