/**
 * `telar contract accept` and `waive`: what a person has decided of a line, written into the contract. Accepting an idiom agrees with its
 * shown meaning; accepting a check (`--check`) freezes it to the hash of the prose; waiving lets a pending line go, with a reason.
 */
import { TelarError } from '../../../../contracts/errors.ts';
import { addItem, type Item } from '../../../../nodes/contract/edit.ts';
import { readContract } from '../../../../nodes/contract/read.ts';
import { executable, proseHash, truthOf } from '../../../../nodes/contract/truth.ts';
import type { Truth, TruthLine } from '../../../../nodes/contract/types.ts';
import { nearest } from '../../../../nodes/nearest.ts';
import { sha256 } from '../../../adapters/hash.node.ts';
import type { Arguments } from '../arguments.node.ts';
import { deliver } from '../paths.node.ts';
import { terminal } from '../terminal.node.ts';
import { prepareLanguages } from './judge.node.ts';
import { contractPaths, isReadable, loadContract, type Readable } from './load.node.ts';

export async function run(args: Arguments, words: readonly string[], verb: string): Promise<number> {
  const [path = '', test, which] = words;
  if (words.length !== 3 || test === undefined || which === undefined) throw new TelarError('usage', verb === 'accept' ? 'Usage: telar contract accept FILE TEST LINE [--check TEXT], like T003 3' : 'Usage: telar contract waive FILE TEST LINE --reason TEXT, like T003 3 (TEST `-` and a constraint as LINE waive that)');
  const paths = contractPaths([path]);
  if (paths.length !== 1) throw new TelarError('usage', `${path} holds ${paths.length} contracts; name one.`);
  const file = loadContract(paths[0] as string, args);
  if (!isReadable(file)) throw new TelarError('unreadable', `${file.shown}: ${file.findings[0]?.message ?? 'it cannot be read'}`, { path });
  await prepareLanguages([file]);
  const { section, item, said } = verb === 'accept' ? acceptance(file, test, which, args) : waiver(file, test, which, args);
  const text = addItem(file.contract.text, section, item);
  const { contract } = readContract(text, file.shown);
  if (contract === undefined) throw new TelarError('refused', `${file.shown} could not be read after the change; it is as it was.`, { path });
  deliver([text], file.path);
  const line = truthOf(contract, sha256).lines.find(({ id }) => id === `${test}.${which}`);
  if (args.flags.json === true) terminal.out(`${JSON.stringify({ type: `contract-${verb}`, file: file.shown, section, item, ...(line === undefined ? {} : { line: { id: line.id, status: line.status, meaning: line.meaning } }) })}\n`);
  else if (args.flags.quiet !== true) terminal.out(`${said}${verb === 'accept' && line !== undefined ? `: ${line.meaning}` : ''}\n`);
  return 0;
}

interface Decision { readonly section: 'idioms' | 'frozen' | 'waivers'; readonly item: Item; readonly said: string }

function acceptance(file: Readable, test: string, which: string, args: Arguments): Decision {
  const line = lineOf(truthOf(file.contract, sha256), test, which);
  const checks = ([] as unknown[]).concat(args.flags.check ?? []).map((one) => String(one).trim()).filter((one) => one !== '');
  if (checks.length > 0) {
    if (line.status !== 'pending') throw new TelarError('usage', `${line.id} is checked already: ${line.meaning}`);
    const item = { line: line.text, test: line.test, sha256: proseHash(line.text, sha256), check: checks };
    const { lines, problems } = truthOf(readContract(addItem(file.contract.text, 'frozen', item), file.shown).contract ?? file.contract, sha256);
    const now = lines.find(({ id }) => id === line.id);
    if (now?.status !== 'frozen') throw new TelarError('usage', `\`${checks.join('`, `')}\` cannot be frozen to ${line.id}: ${problems[0]?.message ?? now?.meaning ?? 'it is neither an expression nor a step'}`);
    return { section: 'frozen', item, said: `${line.id} \`${line.text}\` is frozen` };
  }
  if (line.idiom === undefined) throw new TelarError('usage', line.status === 'pending' ? `${line.id} is no idiom. Say what it means: --check 'EXPRESSION'. (${line.meaning})` : `${line.id} needs no acceptance: ${line.meaning}`);
  return { section: 'idioms', item: line.text, said: `${line.id} \`${line.text}\` is accepted` };
}

function waiver(file: Readable, test: string, which: string, args: Arguments): Decision {
  const reason = args.text('reason')?.trim() ?? '';
  if (reason === '') throw new TelarError('usage', 'A waiver has a reason: --reason TEXT.');
  if (test === '-') {
    const known = file.contract.constraints.map(({ name }) => name);
    if (!known.includes(which)) throw new TelarError('usage', `There is no constraint \`${which}\`; there are ${known.join(', ') || 'none'}.`);
    return { section: 'waivers', item: { constraint: which, reason }, said: `The constraint ${which} is waived: ${reason}` };
  }
  const line = lineOf(truthOf(file.contract, sha256), test, which);
  if (executable(line)) throw new TelarError('usage', `${line.id} is not pending (${line.meaning}); a line that can be checked is not waived.`);
  // By its text: the waiver stays with the words when lines are added before them, and goes when they change.
  return { section: 'waivers', item: { line: line.text, reason }, said: `${line.id} \`${line.text}\` is waived: ${reason}` };
}

/** A `then` line by its test and number, or by its text. */
function lineOf({ lines }: Truth, test: string, which: string): TruthLine {
  const found = lines.find(({ id }) => id === `${test}.${which}` || id === which) ?? lines.find((line) => line.test === test && line.text.trim() === which.trim());
  if (found !== undefined) return found;
  const ids = lines.map(({ id }) => id);
  const near = nearest(`${test}.${which}`, ids);
  throw new TelarError('usage', `There is no line ${test}.${which}; there are ${ids.slice(0, 20).join(', ')}${ids.length > 20 ? ', …' : ''}.${near === undefined ? '' : ` Did you mean ${near}?`}`);
}
