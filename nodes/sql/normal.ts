/**
 * The normal form of SQL: its tokens with one space between, keywords, functions and types in lower case. Names never are:
 * `as Foo` names a column. Words that are a keyword only in places are folded only where the place shows it; where it does
 * not, the word counts as written, so that a doubt costs one run and never a wrong reuse (P3).
 */
import type { Token } from './tokens.ts';
import { bareClock, keywords } from './words.ts';

/** Two words that are keywords when they stand together. */
const pairs = new Set((
  'partition by|insert into|delete from|merge into|with recursive|as materialized|not materialized|nulls first|nulls last|unbounded preceding|unbounded following|'
  + 'current row|rows between|range between|groups between|rows unbounded|range unbounded|or replace|create table|create view|create temp|create temporary|'
  + 'create schema|create macro|create type|create index|create sequence|temp table|temporary table|temp view|temporary view|replace table|replace view|replace macro|replace temp|'
  + 'replace temporary|if not|if exists|not exists|primary key|foreign key|within group|ignore nulls|respect nulls|with ties|with ordinality|'
  + 'for update|using sample|default values|values (|at time|time zone|drop table|drop view|insert or|do update|do nothing|when matched|not matched|double precision|grouping sets'
).split('|'));
/** Before these a called word is the name of a table or alias, not a function. */
const naming = new Set(['as', 'into', 'table', 'view', 'with', 'exists', 'update', 'join', 'references', 'recursive']);
/** After these, and never as a name, an operator or clause of a word class that may also name a column. */
const afterOperand = new Set(['between', 'over', 'filter', 'set', 'escape']);
/** Keywords that begin a statement and are no reserved words. */
const heads = new Set('insert update delete merge copy drop alter call explain prepare execute attach detach use set reset pragma begin commit rollback truncate vacuum'.split(' '));

/** The normal form. Semicolons at the end, and between nothing, do not count. */
export function normalForm(tokens: readonly Token[]): string {
  const inCast = castTypes(tokens);
  return tokens
    .map((token, index) => (folds(tokens, index, inCast) ? token.raw.toLowerCase() : exact(token)))
    .join(' ').replace(/^(?:; ?)+|(?: ?;)+$/g, '').replace(/;(?: ;)+/g, ';');
}

function exact(token: Token): string {
  if (token.kind === 'template') return `{{${token.raw.slice(2, -2).trim()}}}`;
  if (token.kind === 'number') return token.raw.toLowerCase();
  return token.kind === 'text' && /^[exb]'/i.test(token.raw) ? token.raw[0]?.toLowerCase() + token.raw.slice(1) : token.raw;
}

function folds(tokens: readonly Token[], index: number, inCast: ReadonlySet<number>): boolean {
  const word = (tokens[index] as Token).key;
  const before = tokens[index - 1];
  const after = tokens[index + 1];
  if (word === '' || before?.raw === '.') return false;
  const previous = before?.key || before?.raw || '';
  const next = after?.key || after?.raw || '';
  // An alias may be any word. Only what defines something by a query has a keyword after AS.
  if (previous === 'as') return inCast.has(index) || next === '(' && word === 'materialized' || (/^(?:select|from|with|values|table)$/.test(word) && definesByQuery(tokens, index));
  if (keywords.has(word) || bareClock.has(word) || previous === '::' || inCast.has(index)) return true;
  if (pairs.has(`${previous} ${word}`) || pairs.has(`${word} ${next}`)) return true;
  if (heads.has(word) && (index === 0 || previous === ';')) return true;
  if (next === '(') return !naming.has(previous);
  if (after?.kind === 'text') return before === undefined || !isOperand(before);
  return afterOperand.has(word) && before !== undefined && (isOperand(before) || previous === 'not');
}

const isOperand = (token: Token): boolean => token.kind === 'op' ? /^[)\]}]$/.test(token.raw) : !keywords.has(token.key);

/** Is this the AS of `CREATE … AS SELECT`, outside of all brackets? */
function definesByQuery(tokens: readonly Token[], index: number): boolean {
  let depth = 0;
  for (let at = index - 1; at >= 0; at -= 1) {
    const token = tokens[at] as Token;
    if (/^[)\]}]$/.test(token.raw)) depth += 1;
    else if (/^[([{]$/.test(token.raw)) depth -= 1;
    if (depth < 0) return false;
    if (depth === 0 && (token.raw === ';' || token.key === 'select' || token.key === 'from')) return false;
    if (depth === 0 && (token.key === 'create' || token.key === 'prepare')) return true;
  }
  return false;
}

/** Places of the words of a type in `CAST(x AS decimal(3, 1))`. */
function castTypes(tokens: readonly Token[]): ReadonlySet<number> {
  const found = new Set<number>();
  const open: { cast: boolean; inType: boolean }[] = [];
  for (const [index, token] of tokens.entries()) {
    const level = open.at(-1);
    if (/^[([{]$/.test(token.raw)) open.push({ cast: /^(?:try_)?cast$/.test(tokens[index - 1]?.key ?? ''), inType: false });
    else if (/^[)\]}]$/.test(token.raw)) open.pop();
    else if (level?.cast === true && token.key === 'as') level.inType = true;
    else if (level?.inType === true) found.add(index);
  }
  return found;
}
