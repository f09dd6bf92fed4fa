/**
 * What an engine must know of a body to evaluate it: where the value is, which names the top level binds, what is imported.
 * All by place in the body as it was written, so that an engine can rewrite without moving a line.
 */
import type { Range } from '../../contracts/errors.ts';
import { scopeFacts } from './analyse.ts';
import { parseBody } from './parse.ts';
import { rangeOf } from './walk.ts';

/** A body taken apart. Ranges are in UTF-16 units of the body, in the order of the text. */
export interface SplitJavaScript {
  /** The whole body is one expression (which as a program would be a block): evaluate it in parentheses. */
  readonly expression: boolean;
  /** The final expression statement's expression, with its parentheses and without its semicolon: the value. */
  readonly lastExpression?: Range;
  /** Names bound at the top level, imported ones too. */
  readonly names: readonly string[];
  /** `import` statements, each with its module; they may stand anywhere at the top level. */
  readonly imports: readonly { readonly module: string; readonly at: Range }[];
  /** Reads of another node's value by a name that the body binds later at its top level (`let df = df.filter(…)`). */
  readonly rebound: readonly { readonly name: string; readonly at: Range }[];
}

/** Takes a body apart; `undefined` when it does not parse (its analysis says why). */
export function splitJavaScript(body: string): SplitJavaScript | undefined {
  const { program, expression } = parseBody(body);
  if (program === undefined) return undefined;
  const facts = scopeFacts(program);
  const last = program.body.findLast((statement) => statement.type !== 'EmptyStatement');
  return {
    expression, names: facts.binds.map((bind) => bind.name),
    ...(last?.type === 'ExpressionStatement' ? { lastExpression: withoutSemicolon(body, last.start, last.end) } : {}),
    imports: program.body.flatMap((statement) => (statement.type === 'ImportDeclaration' ? [{ module: String(statement.source.value), at: rangeOf(statement) }] : [])),
    rebound: facts.reads.flatMap((read) => (read.rebound === true ? read.ranges.map((at) => ({ name: read.name, at })) : [])),
  };
}

/** A statement's own range holds the parentheses that the expression's lacks. */
function withoutSemicolon(body: string, from: number, to: number): Range {
  return body[to - 1] === ';' ? { from, to: to - 1 } : { from, to };
}
