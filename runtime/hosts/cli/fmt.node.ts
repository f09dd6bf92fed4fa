/** `telar fmt`: fence lines and front matter in their usual form; nothing else of a file moves. Runs nothing. */
import { TelarError } from '../../../contracts/errors.ts';
import { createFiles } from '../../adapters/files.node.ts';
import { findWorkspace } from '../../adapters/workspace.node.ts';
import { decodeNotebook } from '../../document/decode.ts';
import { formatDocument } from '../../document/format.ts';
import { currentGeneration, newerMessage } from '../../document/generations.ts';
import { parseDocument } from '../../document/parse.ts';
import type { Arguments } from './arguments.node.ts';
import { exitOf, terminal } from './terminal.node.ts';

export async function run(args: Arguments): Promise<number> {
  const isCheck = args.flags.check === true;
  let status = 0;
  let changed = 0;
  for (const file of args.positionals) {
    try {
      if (!format(file, args.text('workspace'), !isCheck)) continue;
      changed += 1;
      if (args.flags.quiet !== true) terminal.out(`${file}: ${isCheck ? 'would change' : 'changed'}\n`);
    } catch (error) {
      const failure = TelarError.from(error);
      if (failure.code === 'internal') throw error;
      terminal.error(`telar: ${failure.message}`);
      status = Math.max(status, exitOf(failure));
    }
  }
  if (changed === 0 && status === 0 && args.flags.quiet !== true) terminal.out('Nothing to change.\n');
  return status > 0 ? status : isCheck && changed > 0 ? 1 : 0;
}

/** @returns whether the file changed, or would. @throws TelarError as reading and writing do, `newer-generation` */
function format(path: string, root: string | undefined, write: boolean): boolean {
  const workspace = findWorkspace(path, root);
  const files = createFiles(workspace.root);
  const text = decodeNotebook(files.read(workspace.file), path);
  const document = parseDocument(text, workspace.file);
  if (document.frontMatter.telar > currentGeneration) throw new TelarError('newer-generation', `${path}: ${newerMessage(document.frontMatter.telar)}`, { file: path });
  const formatted = formatDocument(document);
  if (formatted === text) return false;
  if (write) files.write(workspace.file, new TextEncoder().encode(formatted));
  return true;
}
