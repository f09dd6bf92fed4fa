/** `telar contract diff`: how two interfaces differ and whether the version says so; of two files, or of a file and a revision of git. */
import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { TelarError } from '../../../../contracts/errors.ts';
import { readContract } from '../../../../nodes/contract/read.ts';
import type { CodeContract } from '../../../../nodes/contract/types.ts';
import { diffContracts, type Level } from '../../../contracts/diff.ts';
import type { Arguments } from '../arguments.node.ts';
import { colour, terminal } from '../terminal.node.ts';
import { isReadable, loadContract } from './load.node.ts';

/** Milliseconds that git may take, and bytes that it may say. */
const PATIENCE = 10_000;
const MOST = 1024 * 1024;
const PAINT: Readonly<Record<Level, (text: string) => string>> = { major: colour.red, minor: colour.yellow, patch: colour.grey };

export async function run(args: Arguments, paths: readonly string[]): Promise<number> {
  const against = args.text('against');
  const [first, second] = paths as readonly [string, string?];
  if (paths.length !== (against === undefined ? 2 : 1)) throw new TelarError('usage', 'Usage: telar contract diff OLD NEW, or telar contract diff FILE --against REVISION');
  const before = against === undefined ? fromDisk(first, args) : await fromGit(first, against);
  const after = fromDisk(against === undefined ? second as string : first, args);
  const difference = diffContracts(before.raw, after.raw);
  if (args.flags.json === true) terminal.out(`${JSON.stringify({ type: 'contract-diff', id: after.id, ...difference })}\n`);
  else {
    for (const { level, path, message } of difference.changes) if (args.flags.quiet !== true || level === 'major') terminal.out(`${PAINT[level](level.padEnd(5))}  ${path}: ${message}\n`);
    if (difference.fault !== undefined) terminal.error(colour.red(difference.fault));
    else if (args.flags.quiet !== true) terminal.out(difference.level === undefined ? 'No difference.\n' : `The difference is ${difference.level}, and ${difference.before} to ${difference.after} says so.\n`);
  }
  return difference.ok ? 0 : 2;
}

function fromDisk(path: string, args: Arguments): CodeContract {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) throw new TelarError('missing-file', `There is no contract ${path}. Check the spelling.`, { path });
  const file = loadContract(resolve(path), args);
  if (!isReadable(file)) throw new TelarError('unreadable', `${path}: ${file.findings[0]?.message ?? 'it cannot be read'}`, { path });
  return file.contract;
}

/** The file as it was in a revision. It is read by git itself, and nothing is checked out. */
async function fromGit(path: string, revision: string): Promise<CodeContract> {
  if (!/^[\w@{}^~./:+-]{1,200}$/.test(revision) || revision.startsWith('-') || revision.includes(':')) throw new TelarError('usage', `\`${revision}\` is no revision of git; write it like HEAD, main or v1.2.0.`);
  const full = resolve(path);
  let text: string;
  try {
    const { stdout } = await promisify(execFile)('git', ['show', '--end-of-options', `${revision}:./${basename(full)}`], { cwd: dirname(full), encoding: 'utf8', timeout: PATIENCE, maxBuffer: MOST, env: { ...process.env, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' } });
    text = stdout;
  } catch (error) {
    const { code, stderr = '' } = error as { code?: string | number; stderr?: string };
    if (code === 'ENOENT') throw new TelarError('unavailable', 'There is no program `git` here; compare two files instead.', { lacks: 'git' }, { cause: error });
    throw new TelarError('usage', `git has no ${path} in ${revision}: ${stderr.trim().split('\n')[0]?.replace(/^fatal: /, '').replace(/\.+$/, '') ?? 'it said nothing'}.`, { path, revision }, { cause: error });
  }
  const { contract, problems } = readContract(text, `${revision}:${path}`);
  if (contract === undefined) throw new TelarError('unreadable', `${path} in ${revision}: ${problems[0]?.message ?? 'it cannot be read'}`, { path });
  return contract;
}
