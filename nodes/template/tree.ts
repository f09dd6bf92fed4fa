/** The part of Handlebars' syntax tree that templates use, and how a text becomes it. */
import handlebars from 'handlebars/dist/cjs/handlebars/compiler/base.js';
import type { BodyProblem, Range } from '../../contracts/errors.ts';

interface Place { readonly start: { readonly line: number; readonly column: number }; readonly end: { readonly line: number; readonly column: number } }
interface Placed { readonly loc: Place }

/** `a.b`, `../a`, `@root.a`, `this`. */
export interface Path extends Placed { readonly type: 'PathExpression'; readonly data: boolean; readonly depth: number; readonly parts: readonly string[]; readonly original: string }
type Literal = Placed & (
  | { readonly type: 'StringLiteral' | 'NumberLiteral' | 'BooleanLiteral'; readonly value: unknown }
  | { readonly type: 'NullLiteral' | 'UndefinedLiteral' });
interface Call { readonly path: Expression; readonly params: readonly Expression[]; readonly hash?: { readonly pairs: readonly { readonly key: string; readonly value: Expression }[] } }
export interface SubExpression extends Call, Placed { readonly type: 'SubExpression' }
export type Expression = Path | Literal | SubExpression;

export interface Mustache extends Call, Placed { readonly type: 'MustacheStatement' }
export interface BlockStatement extends Call, Placed { readonly type: 'BlockStatement'; readonly program?: Block; readonly inverse?: Block }
interface Content extends Placed { readonly type: 'ContentStatement'; readonly value: string }
interface Other extends Placed { readonly type: 'CommentStatement' | 'PartialStatement' | 'PartialBlockStatement' | 'Decorator' | 'DecoratorBlock' }
export type Statement = Mustache | BlockStatement | Content | Other;
export interface Block { readonly body: readonly Statement[]; readonly blockParams?: readonly string[] }

/** A template as a tree, or why it is none. */
export type ParsedTemplate = { readonly tree: Block; readonly problem?: undefined } | { readonly tree?: undefined; readonly problem: BodyProblem };

/** Deepest nesting of blocks, and of calls in a call; the parser's time grows with its square. */
const DEEPEST = 200;

/** Parses; whitespace of block lines is treated as Handlebars does. Runs nothing. */
export function parseTemplate(text: string): ParsedTemplate {
  const deep = tooDeep(text);
  if (deep !== undefined) return { problem: { code: 'syntax', severity: 'error', message: `Template: ${text[deep] === '(' ? 'calls' : 'blocks'} may be nested ${DEEPEST} deep, and here begins one more. Take some out.`, at: { from: deep, to: deep + 2 } } };
  try {
    return { tree: handlebars.parse(text) as Block };
  } catch (error) {
    const { message, lineNumber, column } = error as Error & { lineNumber?: number; column?: number };
    const line = lineNumber ?? Number(/on line (\d+)/.exec(message)?.[1] ?? 1);
    const from = offsetOf(text, line, column ?? 0);
    const to = column === undefined ? endOfLine(text, from) : Math.min(from + 1, text.length);
    // A message of the generated parser is four lines with a drawing; its last line says what was met.
    const what = message.split('\n').at(-1)?.replace(/ - \d+:\d+$/, '') ?? message;
    return { problem: { code: 'syntax', severity: 'error', message: `Template: ${what}. Correct the {{ }} here; a brace that is text is written \\{{.`, at: { from, to } } };
  }
}

/** Where more blocks, or calls, are open than may be. */
function tooDeep(text: string): number | undefined {
  let depth = 0;
  let calls = Number.NEGATIVE_INFINITY;
  for (const { 0: mark, 1: sign, index } of text.matchAll(/\{\{~?([#/]?)|\}\}|[()]/g)) {
    if (mark === '(' || mark === ')') calls += mark === '(' ? 1 : -1;
    else calls = mark === '}}' ? Number.NEGATIVE_INFINITY : 0;
    if (sign === '#') depth += 1;
    else if (sign === '/') depth = Math.max(0, depth - 1);
    if (depth > DEEPEST || calls > DEEPEST) return index;
  }
  return undefined;
}

/** Place of a node in the text. */
export function rangeOf(text: string, { loc }: Placed): Range {
  return { from: offsetOf(text, loc.start.line, loc.start.column), to: offsetOf(text, loc.end.line, loc.end.column) };
}

/** Handlebars ends a line at CR, LF or both. */
function offsetOf(text: string, line: number, column: number): number {
  let at = 0;
  const ends = /\r\n?|\n/g;
  for (let left = line - 1; left > 0; left -= 1) {
    const lineEnd = ends.exec(text);
    if (lineEnd === null) break;
    at = ends.lastIndex;
  }
  return Math.min(at + column, text.length);
}

function endOfLine(text: string, from: number): number {
  const length = text.slice(from).search(/[\r\n]/);
  return length < 0 ? text.length : from + length;
}
