/** `telar skills convert`: skills of either form as folders of the open format. It writes new folders and touches nothing that is there. */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { TelarError } from '../../../contracts/errors.ts';
import type { SkillProblem } from '../../../nodes/skill/library.ts';
import { convertSkill } from '../../skills/convert.ts';
import { openSkillFolder, readAlone } from '../../skills/folder.node.ts';
import type { Arguments } from './arguments.node.ts';
import { exit, tellProblems } from './skills-words.node.ts';
import { clean, colour, terminal } from './terminal.node.ts';

export function convert(paths: readonly string[], args: Arguments): number {
  const output = args.text('output');
  if (output === undefined || paths.length === 0) throw new TelarError('usage', 'Say what and where to: `telar skills convert OLD.md... -o DIR`.');
  const done: { from: string; name: string; folder: string; remarks: readonly string[] }[] = [];
  const problems: SkillProblem[] = [];
  for (const path of paths) {
    try {
      const folder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? openSkillFolder(path) : undefined;
      const converted = convertSkill(folder?.read('SKILL.md') ?? readAlone(path), folder === undefined ? path : `${path}/SKILL.md`);
      const files = new Map<string, Uint8Array>([['SKILL.md', new TextEncoder().encode(converted.text)]]);
      const remarks = [...converted.remarks];
      for (const { path: file, kind } of folder?.entries ?? []) {
        if (file === 'SKILL.md') continue;
        if (kind === 'file') files.set(file, folder!.read(file));
        else remarks.push(`\`${file}\` was left out: it is no file that can be read.`);
      }
      const target = join(output, converted.name);
      place(target, files);
      done.push({ from: path, name: converted.name, folder: relative('.', target) || '.', remarks });
    } catch (error) {
      if (!(error instanceof TelarError)) throw error;
      problems.push({ rule: error.code, level: 'error', message: error.message, file: path, line: 1, column: 1 });
    }
  }
  if (args.flags.json === true) terminal.out(`${JSON.stringify({ type: 'skills', act: 'convert', converted: done, problems })}\n`);
  else {
    tellProblems(problems);
    if (args.flags.quiet !== true) for (const { from, folder, remarks } of done) terminal.out(`${colour.green('✓')} ${clean(from)} → ${clean(folder)}/SKILL.md\n${remarks.map((remark) => `    ${clean(remark)}\n`).join('')}`);
  }
  return exit(problems);
}

/** Writes a skill's files into a folder that is not there yet. @throws TelarError `refused`, `read-only` */
function place(target: string, files: ReadonlyMap<string, Uint8Array>): void {
  try {
    mkdirSync(dirname(target), { recursive: true });
    mkdirSync(target);
    for (const [path, bytes] of files) {
      mkdirSync(dirname(join(target, path)), { recursive: true });
      writeFileSync(join(target, path), bytes, { flag: 'wx' });
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') throw new TelarError('refused', `There is something at ${target} already. Remove it, or choose another folder with -o.`, { path: target }, { cause: error });
    throw new TelarError(code === 'ENOSPC' ? 'disk-full' : 'read-only', `${target} cannot be written (${code}).`, { path: target }, { cause: error });
  }
}
