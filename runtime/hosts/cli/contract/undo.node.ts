/** `telar contract undo`: the code as it was before it was last made from its contract. Undone twice, it is as it was made. */
import { relative, sep } from 'node:path';
import { TelarError } from '../../../../contracts/errors.ts';
import { lastReplaced } from '../../../regenerate/archive.ts';
import type { Arguments } from '../arguments.node.ts';
import { openHost } from '../host.node.ts';
import { terminal } from '../terminal.node.ts';
import { findContract } from './find.node.ts';
import { replaceCode } from './replace.node.ts';

export async function run(args: Arguments, words: readonly string[]): Promise<number> {
  const [id] = words;
  if (id === undefined || words.length > 1) throw new TelarError('usage', 'Usage: telar contract undo ID, where ID is a contract\'s metadata.id or its file.');
  const { file } = await findContract(id, args);
  const { contract, code, root } = file;
  if (code === undefined) throw new TelarError('usage', `${file.shown} does not say where its code lies, so there is nothing to undo.`);
  const host = openHost(file.path, args);
  try {
    const found = lastReplaced(host.store, relative(root, code.path).split(sep).join('/'), contract.id);
    if (found === undefined) throw new TelarError('usage', `The code of ${contract.id} was never replaced here, or what it was is not kept any more; there is nothing to undo.`);
    const done = await replaceCode({ before: code.text, after: found.before, what: `undo: ${found.record.edits?.[0] ?? found.record.id}` }, { contract: contract.id, path: code.path, shown: code.shown, root }, host, args);
    if (args.flags.json === true) terminal.out(`${JSON.stringify({ type: 'contract-undo', id: contract.id, code: code.shown, undone: found.record.id, ...done })}\n`);
    return done.written ? 0 : 1;
  } finally {
    await host.close();
  }
}
