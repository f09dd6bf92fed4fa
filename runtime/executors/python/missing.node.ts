/** An import that found nothing, told with what to do about it: Pyodide's own lock knows which package a name comes from. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TelarError } from '../../../contracts/errors.ts';
import type { Program } from '../../../contracts/node.ts';
import { PyodidePackages, type PyodideLock } from '../../packages/pyodide.ts';

let known: PyodidePackages | undefined;

/** The packages of Pyodide's own release. */
export function pyodidePackages(folder: string): PyodidePackages {
  return known ??= new PyodidePackages(JSON.parse(readFileSync(join(folder, 'pyodide-lock.json'), 'utf8')) as PyodideLock);
}

/** The error of a step; of a missing module with the command that adds its package. */
export function namedPackage(error: unknown, { file }: Pick<Program, 'file'>, pyodide: string): unknown {
  if (!(error instanceof TelarError) || error.code !== 'exception') return error;
  const [, module] = /^ModuleNotFoundError: No module named '([\w.]+)'/.exec(error.message) ?? [];
  if (module === undefined) return error;
  const top = module.split('.')[0] as string;
  const name = pyodidePackages(pyodide).packageOf(top);
  const help = name === undefined
    ? `Python here has its standard library, the helpers beside the notebook (${top}.py), and the packages of the front matter: \`telar packages add ${file} ${top}\`, if its package is called so.`
    : `It comes with the package \`${name}\`: \`telar packages add ${file} ${name}\`.`;
  const told = new TelarError(error.code, `ModuleNotFoundError: No module named '${module}'. ${help}`, { ...error.data, ...(name === undefined ? {} : { package: name }) }, { cause: error.cause });
  return told;
}
