/**
 * `{{ path }}` in SQL: a value that is bound, never text that is spliced. Only a path of names and positions; what a template
 * elsewhere may say (blocks, helpers) has no meaning in SQL.
 */
import type { Range } from '../../contracts/errors.ts';
import { tokenize } from './tokens.ts';

/** `year`, `limits.max`, `rows.0.m`, `station.[odd name]`. */
const pathPattern = /^[A-Za-z_][\w]*(?:\.(?:\w+|\[[^\]{}]*\]))*$/;

/** The segments of a template's inside; `undefined` when it is no path. */
export function pathOf(inside: string): readonly string[] | undefined {
  const path = inside.trim();
  if (!pathPattern.test(path)) return undefined;
  return [...path.matchAll(/\[([^\]]*)\]|\w+/g)].map((segment) => segment[1] ?? segment[0]);
}

/** SQL with parameters, and what each stands for: `params[0]` is number 1. */
export interface BoundSql {
  readonly sql: string;
  readonly params: readonly { readonly path: readonly string[]; readonly at: Range }[];
}

/**
 * Puts `$1`, `$2` … where values stand, one number per path. Strings and comments are left alone; line ends stay where they are.
 * @param code the body as written
 * @param prefix of a parameter's name: `v` gives `$v1`. DuckDB cannot bind a statement whose only parameter is `$2`, but any name;
 *   so a body of several statements needs one where each statement is bound apart
 */
export function bindTemplate(code: string, prefix = ''): BoundSql {
  const params: { path: readonly string[]; at: Range }[] = [];
  const numbers = new Map<string, number>();
  let sql = '';
  let at = 0;
  for (const token of tokenize(code).tokens) {
    if (token.kind !== 'template') continue;
    const path = pathOf(token.raw.slice(2, -2));
    if (path === undefined) continue;
    const name = JSON.stringify(path);
    if (!numbers.has(name)) numbers.set(name, params.push({ path, at: { from: token.from, to: token.to } }));
    sql += `${code.slice(at, token.from)}$${prefix}${numbers.get(name)}${token.raw.replace(/[^\n\r]/g, '')}`;
    // `{{a}}1` must not become `$11`, nor `{{a}}{{b}}` the opening `$v1$` of a string.
    if (/[\w{$]/.test(code[token.to] ?? '')) sql += ' ';
    at = token.to;
  }
  return { sql: sql + code.slice(at), params };
}
