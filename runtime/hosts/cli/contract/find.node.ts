/** A contract by what a person calls it: its id, or its file. Others of the same folders come with it, since it may need them. */
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { TelarError } from '../../../../contracts/errors.ts';
import { nearest } from '../../../../nodes/nearest.ts';
import { findWorkspace } from '../../../adapters/workspace.node.ts';
import type { Arguments } from '../arguments.node.ts';
import { prepareLanguages } from './judge.node.ts';
import { contractPaths, isReadable, loadContract, nameOf, type Readable } from './load.node.ts';

/** What was found: the contract, and all contracts that it could need. */
export interface Found { readonly file: Readable; readonly known: readonly Readable[] }

/** @throws TelarError `usage` for an id that nobody or more than one has, `unreadable` for a contract with errors, `missing-file` */
export async function findContract(id: string, args: Arguments): Promise<Found> {
  const isFile = statSync(id, { throwIfNoEntry: false })?.isFile() === true;
  const from = args.text('workspace') ?? (isFile ? dirname(resolve(id)) : '.');
  const root = isFile ? from : findWorkspace(resolve(from), args.text('workspace')).root;
  const all = contractPaths([root]).map((path) => loadContract(path, args));
  const found = isFile ? all.filter(({ path }) => path === resolve(id)) : all.filter((one) => nameOf(one) === id);
  if (found.length > 1) throw new TelarError('usage', `${found.length} contracts have the id ${id}: ${found.map(({ shown }) => shown).join(', ')}. Name the file.`);
  const [file] = found;
  if (file === undefined) {
    const near = nearest(id, all.map(nameOf));
    throw new TelarError('usage', `There is no contract ${id} in ${root}.${near === undefined ? '' : ` Did you mean ${near}?`}`);
  }
  const fault = file.findings.find(({ severity }) => severity === 'error');
  if (!isReadable(file) || fault !== undefined) throw new TelarError('unreadable', `${file.shown}:${fault?.line ?? 1}:${fault?.column ?? 1}: ${fault?.message ?? 'it cannot be read'}`, { path: file.path });
  const known = all.filter(isReadable);
  await prepareLanguages([file]);
  return { file, known };
}
