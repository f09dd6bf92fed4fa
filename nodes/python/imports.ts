/** What an import statement says, from its syntax alone: which modules it names, and which names it binds. Scopes are not its business. */
import type { Range } from '../../contracts/errors.ts';
import type { Syntax } from './tree.ts';

/** One import statement, read. */
export interface Imported {
  /** By full dotted name; `.b` is `./b`, `..b` is `../b`. `from pkg import part` gives both `pkg` and `pkg.part`: only the files can tell which it means. */
  readonly modules: readonly { readonly module: string; readonly at: Range }[];
  /** The identifiers that it binds. */
  readonly names: readonly Syntax[];
  readonly stars: readonly Range[];
  /** `from __future__ import annotations`: annotations are texts from here on. */
  readonly textAnnotations: boolean;
}

/** Reads an import statement. @param text the text that was parsed */
export function readImport({ type, children }: Syntax, text: string): Imported {
  const ofFuture = type === 'future_import_statement';
  const at = after(children, 'from');
  const source = at > 0 && !ofFuture ? children[at] : undefined;
  const module = source === undefined ? '' : moduleName(source, text);
  const modules: { module: string; at: Range }[] = [];
  const names: Syntax[] = [];
  const stars: Range[] = [];
  let textAnnotations = false;
  if (source !== undefined && module !== './') modules.push({ module, at: { from: source.from, to: source.to } });
  for (const child of children.slice(after(children, 'import'))) {
    if (child.type === 'wildcard_import') stars.push({ from: child.from, to: child.to });
    if (child.type !== 'dotted_name' && child.type !== 'aliased_import') continue;
    const path = child.type === 'dotted_name' ? child : child.children[0];
    const name = child.type === 'dotted_name' ? child.children[0] : child.children.at(-1);
    if (name !== undefined) names.push(name);
    if (path === undefined) continue;
    const imported = moduleName(path, text);
    if (ofFuture) textAnnotations ||= imported === 'annotations';
    else modules.push({ module: source === undefined ? imported : `${module}${module.endsWith('/') ? '' : '.'}${imported}`, at: { from: path.from, to: path.to } });
  }
  return { modules, names, stars, textAnnotations };
}

function moduleName(node: Syntax, text: string): string {
  const name = text.slice(node.from, node.to).replace(/\\\r?\n|\s/g, '').normalize('NFKC');
  const dots = /^\.*/.exec(name)![0].length;
  return dots === 0 ? name : `${dots === 1 ? './' : '../'.repeat(dots - 1)}${name.slice(dots)}`;
}

/** Index after the first token of that type, or 0 when there is none. */
export function after(children: readonly Syntax[], token: string): number { return children.findIndex((child) => child.type === token) + 1; }
