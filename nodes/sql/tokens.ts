/**
 * Tokens of DuckDB's SQL, with Telar's `{{ path }}` as one more. Not a parser: DuckDB's own parser has the last word on what is
 * valid. General SQL parsers understand a third to nearly all of DuckDB's dialect; its tokens are few and stable.
 */
import type { BodyProblem } from '../../contracts/errors.ts';

/** - `word`: an unquoted name or keyword; `name`: a quoted name; `text`: a string; `template`: `{{ … }}`; `op`: all the rest. */
export interface Token {
  readonly kind: 'word' | 'name' | 'text' | 'number' | 'template' | 'parameter' | 'op';
  /** As written. */
  readonly raw: string;
  /** A word or name without quotes, as written; a string decoded; else `raw`. */
  readonly value: string;
  /** A word in lower case; else `''`. So a keyword is found by one comparison, and a quoted name never is one. */
  readonly key: string;
  readonly from: number;
  readonly to: number;
}

/** Short tokens only: a regular expression over a string of fifty megabytes would overflow its stack. */
const patterns: readonly (readonly [Token['kind'], RegExp])[] = [
  ['template', /\{\{[^{}]{0,9999}\}\}/y],
  ['word', /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y],
  ['number', /(?:\d[\d_]*(?:\.(?!\.)[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?/y],
  ['parameter', /\$\w+|\?\d*/y],
  ['op', /::|:=|[+\-*/<>=~!@#%^&|`]+|[^]/y],
];
const stringPrefix = /[eExXbB]?'/y;
const dollar = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
const openings: Readonly<Record<string, string>> = { "'": 'string', '"': 'quoted name', '$': 'dollar-quoted string', '{': 'template' };

/** Tokens of a text, and what is unterminated in it. Comments and layout are left out. */
export function tokenize(text: string): { readonly tokens: readonly Token[]; readonly problems: readonly BodyProblem[] } {
  const tokens: Token[] = [];
  const problems: BodyProblem[] = [];
  let at = 0;
  /** Whether a line ended since the last token: two strings on two lines are one (an old rule of SQL). */
  let lineEnded = false;
  while (at < text.length) {
    if (isSpace(text.charCodeAt(at))) { lineEnded ||= text[at] === '\n' || text[at] === '\r'; at += 1; continue; }
    if (text.startsWith('--', at)) { at = endOfLine(text, at); continue; }
    if (text.startsWith('/*', at)) {
      const to = endOfComment(text, at);
      if (to === undefined) problems.push(unterminated('comment', at, text.length));
      at = to ?? text.length;
      continue;
    }
    const token = read(text, at);
    if (token.kind === 'op' && openings[token.raw] !== undefined && (token.raw !== '{' || text[at + 1] === '{')) {
      problems.push(unterminated(openings[token.raw] as string, at, text.length));
      break;
    }
    const last = tokens.at(-1);
    if (last?.kind === 'text' && token.raw.startsWith("'") && lineEnded && last.raw.endsWith("'")) {
      tokens[tokens.length - 1] = { ...last, raw: last.raw.slice(0, -1) + token.raw.slice(1), value: last.value + token.value, to: token.to };
    } else tokens.push(token);
    lineEnded = false;
    at = token.to;
  }
  return { tokens, problems };
}

function read(text: string, at: number): Token {
  const long = endOfQuoted(text, at);
  if (long !== undefined) {
    const kind = text[at] === '"' ? 'name' : 'text';
    const raw = text.slice(at, long);
    return { kind, raw, value: decode(kind, raw), key: '', from: at, to: long };
  }
  for (const [kind, pattern] of patterns) {
    const raw = match(pattern, text, at);
    if (raw === undefined) continue;
    const exact = kind === 'op' ? operator(raw) : raw;
    return { kind, raw: exact, value: decode(kind, exact), key: kind === 'word' ? exact.toLowerCase() : '', from: at, to: at + exact.length };
  }
  throw new Error('unreachable: the last pattern matches any character');
}

/** A run of operator characters ends before a comment, and is not allowed to end in a sign unless it has a special character. */
function operator(run: string): string {
  const comment = run.search(/--|\/\*/);
  let raw = comment > 0 ? run.slice(0, comment) : run;
  while (raw.length > 1 && /[+-]$/.test(raw) && !/[~!@#%^&|`]/.test(raw)) raw = raw.slice(0, -1);
  return raw;
}

function decode(kind: Token['kind'], raw: string): string {
  if (kind === 'name') return raw.slice(1, -1).replaceAll('""', '"');
  if (kind !== 'text') return raw;
  if (raw.startsWith('$')) return raw.slice(raw.indexOf('$', 1) + 1, raw.lastIndexOf('$', raw.length - 2));
  return raw.slice(raw.indexOf("'") + 1, -1).replaceAll("''", "'");
}

/** End of a string or quoted name that begins here; `undefined` when none begins, or it never ends. */
function endOfQuoted(text: string, at: number): number | undefined {
  const tag = match(dollar, text, at);
  if (tag !== undefined) {
    const to = text.indexOf(tag, at + tag.length);
    return to < 0 ? undefined : to + tag.length;
  }
  const prefix = text[at] === '"' ? '"' : match(stringPrefix, text, at);
  if (prefix === undefined) return undefined;
  const quote = prefix.at(-1) as string;
  const escapes = prefix.length === 2 && /^e/i.test(prefix);
  for (let from = at + prefix.length; ;) {
    const to = text.indexOf(quote, from);
    if (to < 0) return undefined;
    const escape = escapes ? text.indexOf('\\', from) : -1;
    if (escape >= 0 && escape < to) from = escape + 2;
    else if (text[to + 1] === quote) from = to + 2;
    else return to + 1;
  }
}

const isSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13) || code === 0xa0 || code === 0x3000 || code === 0xfeff || (code >= 0x2000 && code <= 0x200b);

function endOfLine(text: string, at: number): number {
  const feed = text.indexOf('\n', at);
  const line = feed < 0 ? text.length : feed;
  const carriage = text.slice(at, line).indexOf('\r');
  return carriage < 0 ? line : at + carriage;
}

/** Comments nest, as in PostgreSQL. */
function endOfComment(text: string, from: number): number | undefined {
  let depth = 0;
  for (const mark of text.slice(from).matchAll(/\/\*|\*\//g)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return from + mark.index + 2;
  }
  return undefined;
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

const unterminated = (what: string, from: number, to: number): BodyProblem =>
  ({ code: 'syntax', severity: 'error', message: `SQL: this ${what} is never closed; close it.`, at: { from, to } });
