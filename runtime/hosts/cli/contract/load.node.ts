/**
 * Contracts on the disk: which files a path means, and each with its code, its lock and its computed status. Reading only; a file that
 * cannot be read is a finding, and the others go on.
 */
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, posix, relative, resolve, sep } from 'node:path';
import { TelarError } from '../../../../contracts/errors.ts';
import { digestsOf, type Digests } from '../../../../nodes/contract/digest.ts';
import { readContract } from '../../../../nodes/contract/read.ts';
import { contractLockPath, parseContractLock, type ContractLock } from '../../../../nodes/contract/lock.ts';
import { statusOf, type StatusReport } from '../../../../nodes/contract/status.ts';
import type { CodeContract } from '../../../../nodes/contract/types.ts';
import { createFiles } from '../../../adapters/files.node.ts';
import { sha256 } from '../../../adapters/hash.node.ts';
import { findWorkspace } from '../../../adapters/workspace.node.ts';
import type { Arguments } from '../arguments.node.ts';
import type { Finding } from '../check/finding.ts';

/** Code under a contract: where it lies, or would. */
export interface CodeFile { readonly path: string; readonly shown: string; readonly text?: string }

/** A contract's file. */
export interface ContractFile {
  /** Absolute, and as the person reads it. */
  readonly path: string;
  readonly shown: string;
  readonly root: string;
  readonly contract?: CodeContract;
  readonly findings: readonly Finding[];
  readonly code?: CodeFile;
  readonly lockPath: string;
  readonly lock?: ContractLock;
  readonly digests?: Digests;
  readonly status?: StatusReport;
}

/** A contract that could be read. */
export type Readable = ContractFile & Required<Pick<ContractFile, 'contract' | 'digests' | 'status'>>;

/** Largest contract, code or lock that is read. */
const LARGEST = 4 * 1024 * 1024;
/** Most contracts of one command. */
const MOST = 5000;

/** Whether a file is a contract by its name. */
const isContractName = (name: string): boolean => /\.contract\.ya?ml$/i.test(name);

/** A path from the folder where the command was given. */
export function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return (near === '' ? '.' : near.startsWith(`..${sep}..${sep}..`) || near.length > path.length ? path : near).split(sep).join('/');
}

/** Files that paths mean: a file itself, of a folder the contracts at and below it. @throws TelarError `missing-file`, `usage` */
export function contractPaths(paths: readonly string[]): string[] {
  const found = new Set<string>();
  for (const path of paths) {
    const kind = statSync(path, { throwIfNoEntry: false });
    if (kind === undefined) throw new TelarError('missing-file', `There is no file or folder ${path}. Check the spelling.`, { path });
    if (!kind.isDirectory()) { found.add(resolve(path)); continue; }
    const before = found.size;
    walk(resolve(path), found);
    if (found.size === before && paths.length === 1) throw new TelarError('usage', `There is no contract (*.contract.yaml) in ${path}.`, { path });
  }
  if (found.size > MOST) throw new TelarError('usage', `These are ${found.size} contracts, more than ${MOST}; name fewer.`);
  return [...found];
}

function walk(folder: string, found: Set<string>): void {
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isDirectory()) { if (!entry.name.startsWith('.') && entry.name !== 'node_modules') walk(join(folder, entry.name), found); }
    else if (entry.isFile() && isContractName(entry.name)) found.add(join(folder, entry.name));
  }
}

/** Reads a contract with all that belongs to it. Throws nothing for what the files hold. */
export function loadContract(path: string, args: Pick<Arguments, 'text'>): ContractFile {
  const findings: Finding[] = [];
  const said = shown(path);
  const tell = (error: unknown, severity: Finding['severity'] = 'error'): void => {
    const { code, message } = TelarError.from(error);
    findings.push({ code, message, severity, file: said, line: 1, column: 1 });
  };
  const lockPath = contractLockPath(path);
  let root = dirname(path);
  let text: string | undefined;
  try {
    root = findWorkspace(path, args.text('workspace')).root;
    text = readText(path);
  } catch (error) {
    tell(error);
  }
  if (text === undefined) return { path, shown: said, root, findings, lockPath };
  const { contract, problems } = readContract(text, said);
  for (const problem of problems) findings.push({ ...problem, file: said });
  if (contract === undefined) return { path, shown: said, root, findings, lockPath };
  let lock: ContractLock | undefined;
  let code: CodeFile | undefined;
  try { code = codeOf(contract, join(realpathSync(dirname(path)), basename(path)), root, args.text('code')); } catch (error) { tell(error); }
  try {
    if (statSync(lockPath, { throwIfNoEntry: false })?.isFile() === true) lock = parseContractLock(readText(lockPath), shown(lockPath));
  } catch (error) {
    tell(error);
  }
  const digests = digestsOf(contract, code?.text, sha256);
  return {
    path, shown: said, root, findings, contract, lockPath, digests, status: statusOf(contract, digests, lock),
    ...(code === undefined ? {} : { code }), ...(lock === undefined ? {} : { lock }),
  };
}

/** Whether a contract could be read; what is wrong in it may still be told. */
export const isReadable = (file: ContractFile): file is Readable => file.contract !== undefined;

/**
 * Where a contract's code lies: `metadata.file` from the contract's folder, or else from one above it within the workspace. Where it is not
 * there yet, it would come beside the contract.
 * @throws TelarError `refused` for a path out of the workspace, `bad-file`
 */
function codeOf(contract: CodeContract, path: string, root: string, asked: string | undefined): CodeFile | undefined {
  if (asked !== undefined) {
    if (statSync(asked, { throwIfNoEntry: false })?.isFile() !== true) throw new TelarError('missing-file', `There is no file ${asked} for --code.`, { path: asked });
    return { path: resolve(asked), shown: shown(resolve(asked)), text: readText(resolve(asked)) };
  }
  if (contract.file === undefined || contract.kind === true) return undefined;
  const file = posix.normalize(contract.file.replaceAll('\\', '/'));
  if (isAbsolute(file) || file.startsWith('..') || file.endsWith('/')) throw new TelarError('refused', `\`metadata.file: ${contract.file}\` is no path to a file below the contract's folder or the workspace.`, { path: contract.file });
  const files = createFiles(root);
  const first = dirname(path);
  for (let folder = first; ; folder = dirname(folder)) {
    const full = join(folder, file);
    const inner = relative(root, full).split(sep).join('/');
    if (inner.startsWith('..')) break;
    if (files.stat(inner)?.kind === 'file') return { path: full, shown: shown(full), text: decode(files.read(inner), full) };
    if (folder === root || dirname(folder) === folder) break;
  }
  // A link may lead out of the workspace, and what is made would be written there.
  files.absolute(relative(root, join(first, file)).split(sep).join('/'));
  return { path: join(first, file), shown: shown(join(first, file)) };
}

function readText(path: string): string {
  const { size } = statSync(path, { throwIfNoEntry: false }) ?? { size: 0 };
  if (size > LARGEST) throw new TelarError('bad-file', `${shown(path)} is larger than 4 MiB, which no contract and no code under one is.`, { path });
  try {
    return decode(readFileSync(path), path);
  } catch (error) {
    if (error instanceof TelarError) throw error;
    throw new TelarError('bad-file', `${shown(path)} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}).`, { path }, { cause: error });
  }
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new TelarError('bad-file', `${shown(path)} is not UTF-8; save it as UTF-8.`, { path }, { cause: error });
  }
}

/** What a person calls a contract: its id, or the file's name where it has none. */
export const nameOf = ({ contract, path }: ContractFile): string => (contract === undefined || contract.id === '' ? basename(path) : contract.id);
