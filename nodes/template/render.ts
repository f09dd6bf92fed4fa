/**
 * Filling a template by walking its tree. Handlebars' own compiler makes a function from text, which a strict page forbids, and
 * had its prototype holes; here a member is an own property, a key of a map, an element, or nothing.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { BodyProblem } from '../../contracts/errors.ts';
import { analyseTemplate } from './analyse.ts';
import type { Dialect, Writing } from './dialect.ts';
import { callHelper, isTable, isTagged, print } from './helpers.ts';
import { parseTemplate } from './tree.ts';
import type { Block, BlockStatement, Expression, Mustache, Path, Statement } from './tree.ts';

/** Where a path is looked up: the context, the one above it, `@` variables, and names from `as |a b|`. */
interface Frame {
  readonly context: unknown;
  readonly above?: Frame;
  readonly data: Readonly<Record<string, unknown>>;
  readonly locals: ReadonlyMap<string, unknown>;
  /** What may still be written; one object for the whole rendering. */
  readonly left: { parts: number; characters: number };
  readonly writing: Writing;
}

/** Most parts (texts, values, blocks) and characters that one rendering writes: a loop in a loop in a loop ends with an error, not the host. */
const MOST = { parts: 20_000_000, characters: 250_000_000 };

/** How templates write unless a dialect does otherwise. */
const PLAIN: Writing = { content: (text) => text, print };

/**
 * Fills a template. A value that is not there prints nothing; nothing is escaped.
 * @param values by root name
 * @param line of the template's first line in the notebook, for errors
 * @throws TelarError `syntax` when it is no template, or uses what templates here have not; `output-limit` when it writes too much
 */
export function renderTemplate(text: string, values: Readonly<Record<string, unknown>>, line = 1, dialect?: Dialect & { readonly writing: Writing }): string {
  const { tree, problem = analyseTemplate(text, dialect).problems[0] } = parseTemplate(text);
  if (tree === undefined || problem !== undefined) throw failure(text, problem as BodyProblem, line);
  try {
    return block(tree, { context: values, data: { root: values }, locals: new Map(), left: { ...MOST }, writing: dialect?.writing ?? PLAIN });
  } catch (error) {
    throw error instanceof TelarError ? new TelarError(error.code, error.message, { ...error.data, line }, { cause: error }) : error;
  }
}

function failure(text: string, problem: BodyProblem, line: number): TelarError {
  return new TelarError('syntax', problem.message, { line: line + (text.slice(0, problem.at.from).match(/\r\n?|\n/g)?.length ?? 0) });
}

const block = (tree: Block | undefined, frame: Frame): string => (tree?.body ?? []).map((statement) => counted(write(statement, frame), statement, frame)).join('');

/** What a part has written, taken off what is left; a block's text was counted by its parts. */
function counted(text: string, { type }: Statement, { left }: Frame): string {
  left.parts -= 1;
  if (type !== 'BlockStatement') left.characters -= text.length;
  if (left.parts >= 0 && left.characters >= 0) return text;
  const what = left.parts < 0 ? `${MOST.parts.toLocaleString('en')} parts` : `${MOST.characters.toLocaleString('en')} characters`;
  throw new TelarError('output-limit', `This text would have more than ${what}. Let it go through less, or make it in SQL, Python or JavaScript.`);
}

function write(statement: Statement, frame: Frame): string {
  switch (statement.type) {
    case 'ContentStatement': return frame.writing.content(statement.value);
    case 'MustacheStatement': return writeMustache(statement, frame);
    case 'BlockStatement': return writeBlock(statement, frame);
    default: return '';
  }
}

function writeMustache(statement: Mustache, frame: Frame): string {
  const { writing } = frame;
  const name = statement.path.type === 'PathExpression' ? statement.path.original : '';
  const bare = statement.params.length === 0 && statement.hash === undefined;
  const calls = (bare ? writing.bare : writing.helpers) ?? {};
  const own = Object.hasOwn(calls, name) ? calls[name] : undefined;
  if (own === undefined) return writing.print(bare ? evaluate(statement.path, frame) : call(statement, frame));
  return own(bare ? [evaluate(statement.path, frame)] : statement.params.map((param) => evaluate(param, frame)), optionsOf(statement, frame));
}

function writeBlock(statement: BlockStatement, frame: Frame): string {
  const value = evaluate(statement.params[0] as Expression, frame);
  const [first, second] = statement.program?.blockParams ?? [];
  const within = (context: unknown, key: unknown, data: Readonly<Record<string, unknown>>): string => {
    frame.left.parts -= 1;
    const locals = new Map(frame.locals);
    if (first !== undefined) locals.set(first, context);
    if (second !== undefined) locals.set(second, key);
    return block(statement.program, { context, above: frame, data: { ...frame.data, ...data }, locals, left: frame.left, writing: frame.writing });
  };
  switch ((statement.path as Path).original) {
    case 'if': return block(isTrue(value) ? statement.program : statement.inverse, frame);
    case 'unless': return block(isTrue(value) ? statement.inverse : statement.program, frame);
    case 'with': return isTrue(value) ? within(value, undefined, {}) : block(statement.inverse, frame);
    default: {
      const items = [...itemsOf(value)];
      if (items.length === 0) return block(statement.inverse, frame);
      return items.map(([key, item], index) => within(item, key, { key, index, first: index === 0, last: index === items.length - 1 })).join('');
    }
  }
}

function call(site: { readonly path: Expression; readonly params: readonly Expression[]; readonly hash?: BlockStatement['hash'] }, frame: Frame): unknown {
  return callHelper((site.path as Path).original, site.params.map((param) => evaluate(param, frame)), optionsOf(site, frame));
}

const optionsOf = (site: { readonly hash?: BlockStatement['hash'] }, frame: Frame): Readonly<Record<string, unknown>> => (
  Object.fromEntries((site.hash?.pairs ?? []).map((pair) => [pair.key, evaluate(pair.value, frame)])));

function evaluate(expression: Expression, frame: Frame): unknown {
  switch (expression.type) {
    case 'PathExpression': return lookUp(expression, frame);
    case 'SubExpression': return call(expression, frame);
    case 'NullLiteral': return null;
    case 'UndefinedLiteral': return undefined;
    default: return expression.value;
  }
}

function lookUp(path: Path, frame: Frame): unknown {
  const [first = '', ...rest] = path.parts;
  if (path.data) return rest.reduce(member, member(frame.data, first));
  if (path.depth === 0 && frame.locals.has(first) && !/^(?:this\b|\.)/.test(path.original)) return rest.reduce(member, frame.locals.get(first));
  let from: Frame | undefined = frame;
  for (let up = path.depth; up > 0; up -= 1) from = from?.above;
  return path.parts.reduce(member, from?.context);
}

/** A member of data: never of a prototype, never a function. */
function member(value: unknown, name: string): unknown {
  if (typeof value === 'string') return name === 'length' ? value.length : undefined;
  if (typeof value !== 'object' || value === null || isTagged(value)) return undefined;
  if (isTable(value)) {
    if (/^\d+$/.test(name)) return Number(name) < value.rows ? value.row(Number(name)) : undefined;
    return value.columns.some((column) => column.name === name) ? value.column(name) : name === 'length' ? value.rows : undefined;
  }
  if (value instanceof Map) return value.get(name);
  const found: unknown = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
  return typeof found === 'function' ? undefined : found;
}

function itemsOf(value: unknown): Iterable<readonly [unknown, unknown]> {
  if (typeof value !== 'object' || value === null || isTagged(value)) return [];
  if (isTable(value)) return Array.from({ length: value.rows }, (_, index) => [index, value.row(index)] as const);
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<unknown>, (item, index) => [index, item] as const);
  if (value instanceof Map) return value;
  if (value instanceof Set) return [...value].map((item, index) => [index, item] as const);
  return Object.entries(value);
}

/** As in Handlebars: nothing, false, zero, an empty text, an empty list (or table) are not true. */
function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return isTable(value) ? value.rows > 0 : Boolean(value);
}
