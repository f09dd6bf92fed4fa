/** `telar import skill DIR`: the notebook of an exported skill, with its files and pinned results. Nothing of it is run. */
import { join } from 'node:path';
import { TelarError } from '../../../contracts/errors.ts';
import { sha256 } from '../../adapters/hash.node.ts';
import { readSkillFolder, writeNew } from '../../export/folder.node.ts';
import { checkExport } from '../../export/schema.node.ts';
import { unpackSkill } from '../../export/unpack.ts';
import type { Arguments } from './arguments.node.ts';
import { colour, count, terminal } from './terminal.node.ts';

export async function run(args: Arguments): Promise<number> {
  const [what, from] = args.positionals as readonly [string, string];
  if (what !== 'skill') throw new TelarError('usage', `\`${what}\` cannot be imported. Usage: telar import skill DIR [-o FOLDER]; a bundle is imported by \`telar bundle import FILE\`.`);
  const { name, notebook, files } = unpackSkill(readSkillFolder(from), sha256, checkExport);
  const folder = args.text('output') ?? name;
  writeNew(folder, files);
  const path = join(folder, notebook);
  if (args.flags.json === true) terminal.out(`${JSON.stringify({ type: 'import-skill', name, notebook: path, files: [...files.keys()].sort() })}\n`);
  else if (args.flags.quiet !== true) terminal.out(`${colour.bold(path)} and ${count(files.size - 1, 'other file')}. \`telar run ${path}\` runs it.\n`);
  return 0;
}
