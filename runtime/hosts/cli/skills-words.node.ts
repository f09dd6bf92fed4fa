/** How the acts of `telar skills` tell what is wrong, and end. */
import type { SkillProblem } from '../../../nodes/skill/library.ts';
import { clean, colour, terminal } from './terminal.node.ts';

/** Problems on standard error, one a line, as compilers write them. */
export function tellProblems(problems: readonly SkillProblem[]): void {
  for (const { level, file, line, column, rule, message } of problems) {
    const what = level === 'error' ? colour.red('error') : colour.yellow('warning');
    terminal.error(`${clean(file)}:${line}:${column} ${what} ${clean(message)} (${rule})`);
  }
}

/** 2 where something is not valid. */
export const exit = (problems: readonly Pick<SkillProblem, 'level'>[]): number => (problems.some(({ level }) => level === 'error') ? 2 : 0);
