/** Analysis of SQL: tables and values read, files named, how it meets the world, its normal form. Never by running. */
import type { BodyProblem } from '../../contracts/errors.ts';
import type { Analysis, Read } from '../../contracts/node.ts';
import type { TableUse } from './levels.ts';
import { normalForm } from './normal.ts';
import { isOrdered } from './ordered.ts';
import { scan } from './scan.ts';
import type { Scan } from './scan.ts';
import { pathOf } from './template.ts';
import { tokenize } from './tokens.ts';
import type { Token } from './tokens.ts';

/**
 * Analyses a body of one or several statements.
 * A name read both as a table and as a value gives two reads: the table matches without case (`fold`), the value does not.
 */
export function analyseSql(body: string): Analysis {
  const { tokens, problems } = tokenize(body);
  const { tables, files, misplaced, effect, problem: deep } = scanned(tokens);
  const values = tokens.filter((token) => token.kind === 'template');
  return {
    reads: [...tableReads(tables), ...valueReads(values)], binds: [], imports: [], normal: normalForm(tokens), effect,
    ...(files.length > 0 ? { files } : {}),
    ...(isOrdered(tokens) ? { ordered: true } : {}),
    problems: [...problems, ...(deep === undefined ? [] : [deep]), ...brackets(tokens), ...values.flatMap(templateProblem),
      ...misplaced.map((token) => problem(token, `SQL: ${token.raw} stands where a table must be named; only values are bound. Write the table's name.`)),
      ...parameters(tokens)],
  };
}

/** The scan, or for what is nested too deep for the stack a problem. */
function scanned(tokens: readonly Token[]): Scan & { readonly problem?: BodyProblem } {
  try {
    return scan(tokens);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const at = { from: 0, to: tokens.at(-1)?.to ?? 0 };
    return { tables: [], files: [], misplaced: [], effect: 'pure', problem: { code: 'syntax', severity: 'error', message: 'SQL: this is nested too deep to analyse; divide it.', at } };
  }
}

function tableReads(tables: readonly TableUse[]): Read[] {
  return [...Map.groupBy(tables, (use) => (use.parts[0] as string).toLowerCase()).values()].map((uses) => read(uses, uses.map((use) => use.parts[1]), { fold: true }));
}

function valueReads(values: readonly Token[]): Read[] {
  const uses = values.flatMap((token) => {
    const parts = pathOf(token.raw.slice(2, -2));
    const from = token.from + token.raw.search(/[A-Za-z_]/);
    return parts === undefined ? [] : [{ parts, token: { ...token, from, to: from + (parts[0] as string).length } }];
  });
  return [...Map.groupBy(uses, (use) => use.parts[0]).values()].map((same) => read(same, same.map((use) => use.parts[1]), { fold: false }));
}

function read(uses: readonly TableUse[], members: readonly (string | undefined)[], more: Partial<Read>): Read {
  return {
    name: uses[0]?.parts[0] as string, ranges: uses.map(({ token }) => ({ from: token.from, to: token.to })), ...more,
    ...(members.every((member) => member !== undefined) ? { members: [...new Set(members)] } : {}),
  };
}

function templateProblem(token: Token): BodyProblem[] {
  if (pathOf(token.raw.slice(2, -2)) !== undefined) return [];
  return [problem(token, `SQL: ${token.raw} is not a name or a path like {{ name.member }}; only values are bound here.`)];
}

function parameters(tokens: readonly Token[]): BodyProblem[] {
  if (tokens.some((token) => token.key === 'prepare')) return [];
  return tokens.filter((token) => token.kind === 'parameter').map((token) => problem(token, `SQL: nothing binds the parameter ${token.raw}; write {{ name }} to bind a value.`));
}

const pairOf: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

function brackets(tokens: readonly Token[]): BodyProblem[] {
  const open: Token[] = [];
  for (const token of tokens) {
    if (token.kind !== 'op') continue;
    if (/^[([{]$/.test(token.raw)) open.push(token);
    else if (pairOf[token.raw] !== undefined && open.pop()?.raw !== pairOf[token.raw]) return [problem(token, `SQL: this ${token.raw} closes nothing; remove it, or open it before.`)];
  }
  return open.slice(-1).map((token) => problem(token, `SQL: this ${token.raw} is never closed; close it.`));
}

const problem = (token: Token, message: string): BodyProblem => ({ code: 'syntax', severity: 'error', message, at: { from: token.from, to: token.to } });
