/**
 * Parsing a JavaScript body: an expression alone, or the statements of a module whose last expression is the value.
 *
 * `{a: 1}` alone would be a block with a label, so a body that starts with a brace is tried as an expression first; all else is
 * a module, where `function f() {}` declares. Not a runner: QuickJS finds out at run time what only running can tell.
 */
import { parse, parseExpressionAt, tokTypes, tokenizer } from 'acorn';
import type { Expression, Options, Program } from 'acorn';
import type { BodyProblem, Range } from '../../contracts/errors.ts';

/** How every body is read. `preserveParens` is needed to know where an expression ends. */
const options: Options = { ecmaVersion: 'latest', sourceType: 'module', allowAwaitOutsideFunction: true, ranges: true };

/** A body as a syntax tree, or what is wrong with it. */
export type Parsed =
  | { readonly program: Program; readonly expression: boolean; readonly problem?: undefined }
  | { readonly program?: undefined; readonly expression: boolean; readonly problem: BodyProblem };

/** Reads a body: an expression in braces, or a module. */
export function parseBody(body: string): Parsed {
  if (/^(?:\s|\/\/.*|\/\*[^]*?\*\/)*\{/.test(body)) {
    const alone = parseExpression(body);
    if (alone.program !== undefined) return alone;
  }
  try {
    return { program: parse(body, options), expression: false };
  } catch (error) {
    return { expression: false, problem: problemOf(error, body) };
  }
}

/** Reads a text that must be one expression (`when=`, the claims of a check); one final semicolon is allowed. */
export function parseExpression(text: string): Parsed {
  try {
    // With parentheses kept, the end of the tree is the end of the text of the expression.
    const end = parseExpressionAt(text, 0, { ...options, preserveParens: true }).end;
    const rest = [...tokenizer(text.slice(end), options)];
    const extra = rest[0]?.type === tokTypes.semi ? rest[1] : rest[0];
    if (extra !== undefined) {
      const at = { from: end + extra.start, to: end + extra.end };
      return { expression: true, problem: { code: 'syntax', severity: 'error', message: 'Unexpected text after the expression; write one expression.', at } };
    }
    const expression = parseExpressionAt(text, 0, options);
    return { expression: true, program: programOf(expression, text.length) };
  } catch (error) {
    return { expression: true, problem: problemOf(error, text) };
  }
}

function programOf(expression: Expression, end: number): Program {
  const statement = { type: 'ExpressionStatement' as const, expression, start: expression.start, end: expression.end, range: [expression.start, expression.end] as [number, number] };
  return { type: 'Program', sourceType: 'module', body: [statement], start: 0, end, range: [0, end] };
}

function problemOf(error: unknown, text: string): BodyProblem {
  if (!(error instanceof SyntaxError)) throw error;
  const { pos, message } = error as { pos?: number; message: string };
  const at: Range = pos === undefined ? { from: 0, to: text.length } : { from: Math.min(pos, text.length), to: Math.min(pos + 1, text.length) };
  const what = message.replace(/ \(\d+:\d+\)$/, '');
  const advice = what.startsWith("'return' outside") ? '; the value of a body is its last expression, so leave out `return`' : '';
  return { code: 'syntax', severity: 'error', message: `JavaScript: ${what}${advice}.`, at };
}
