/**
 * What a SQL step may say: the kinds of statements that can reach outside it are refused before they run, whatever DuckDB's own locks allow.
 * (DuckDB's list of allowed files grants writing too, so `COPY … TO` is stopped here.)
 */
import { TelarError } from '../../../contracts/errors.ts';
import { type Token, tokenize } from '../../../nodes/sql/tokens.ts';

const OUTSIDE = new Set(['attach', 'export', 'import', 'install', 'load', 'prepare', 'execute', 'update_extensions', 'checkpoint', 'force']);

/** Where each statement starts, in bytes of UTF-8. */
export function statementStarts(sql: string): number[] {
  const starts: number[] = [];
  let open = true;
  for (const token of tokenize(sql).tokens) {
    const end = token.kind === 'op' && token.raw === ';';
    if (open && !end) starts.push(bytesBefore(sql, token.from));
    open = end;
  }
  return starts;
}

const bytesBefore = (sql: string, at: number): number => new TextEncoder().encode(sql.slice(0, at)).length;

/** Throws `refused` for a text with a statement that writes files, opens databases, loads extensions or hides another statement. */
export function refuseOutside(sql: string): void {
  let statement: Token[] = [];
  for (const token of [...tokenize(sql).tokens, undefined]) {
    if (token !== undefined && !(token.kind === 'op' && token.raw === ';')) { statement.push(token); continue; }
    check(statement, sql);
    statement = [];
  }
}

function check(tokens: readonly Token[], sql: string): void {
  const rest = withoutExplain(tokens);
  const [first] = rest;
  if (first === undefined || !(OUTSIDE.has(first.key) || (first.key === 'copy' && writes(rest)))) return;
  const what = first.key === 'copy' ? 'COPY … TO writes a file' : `${first.key.toUpperCase()} reaches outside the step`;
  throw new TelarError('refused', `${what}, which a SQL step may not do; give a table as its value, and \`telar show FILE ID -o PATH\` writes it to a file.`, { position: bytesBefore(sql, first.from) });
}

function withoutExplain(tokens: readonly Token[]): readonly Token[] {
  let at = 0;
  if (tokens[at]?.key !== 'explain') return tokens;
  at += 1;
  if (tokens[at]?.key === 'analyze' || tokens[at]?.key === 'analyse' || tokens[at]?.key === 'verbose') at += 1;
  if (tokens[at]?.raw === '(' && tokens[at + 1]?.key !== 'select') at = afterGroup(tokens, at);
  return withoutExplain(tokens.slice(at));
}

function afterGroup(tokens: readonly Token[], from: number): number {
  let depth = 0;
  for (let at = from; at < tokens.length; at += 1) {
    if (tokens[at]?.raw === '(') depth += 1;
    if (tokens[at]?.raw === ')' && (depth -= 1) === 0) return at + 1;
  }
  return tokens.length;
}

/** Whether a COPY goes to a file: `to` comes before `from`, outside parentheses. */
function writes(tokens: readonly Token[]): boolean {
  for (let at = 1; at < tokens.length; at += 1) {
    if (tokens[at]?.raw === '(') at = afterGroup(tokens, at) - 1;
    else if (tokens[at]?.key === 'to') return true;
    else if (tokens[at]?.key === 'from') return tokens[at + 1]?.key === 'database';
  }
  return true;
}
