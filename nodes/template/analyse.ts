/**
 * Names that a template reads: root paths. What stands in a block that changes the context (`each`, `with`) is a field of that
 * context and no name, unless it says `../` up to the root, or `@root`.
 */
import type { BodyProblem, Range } from '../../contracts/errors.ts';
import type { Analysis, Read } from '../../contracts/node.ts';
import type { Dialect } from './dialect.ts';
import { blocks, helpers } from './helpers.ts';
import { parseTemplate, rangeOf } from './tree.ts';
import type { Block, BlockStatement, Expression, Path, Statement, SubExpression, Mustache } from './tree.ts';

interface Use { readonly name: string; readonly member: string | undefined; readonly at: Range }

/** Analyses a template. Every character counts in its normal form: prose has no layout to ignore. @param dialect helpers beyond those of every template */
export function analyseTemplate(text: string, dialect?: Dialect): Analysis {
  const parsed = parseTemplate(text);
  if (parsed.tree === undefined) return { reads: [], binds: [], imports: [], normal: text, problems: [parsed.problem] };
  const found = new Walk(text, dialect);
  found.block(parsed.tree, 0, new Set());
  const reads = [...Map.groupBy(found.uses, (use) => use.name)].map(([name, uses]): Read => {
    const members = uses.map((use) => use.member);
    return { name, ranges: uses.map((use) => use.at), ...(members.every((member) => member !== undefined) ? { members: [...new Set(members)] } : {}) };
  });
  return { reads, binds: [], imports: [], normal: text, problems: found.problems };
}

class Walk {
  readonly uses: Use[] = [];
  readonly problems: BodyProblem[] = [];
  private readonly text: string;
  private readonly dialect: Dialect | undefined;

  constructor(text: string, dialect: Dialect | undefined) {
    this.text = text;
    this.dialect = dialect;
  }

  /** @param depth how many contexts lie above this one; @param locals names that `as |a b|` gave */
  block(block: Block | undefined, depth: number, locals: ReadonlySet<string>): void {
    const inner = new Set([...locals, ...block?.blockParams ?? []]);
    for (const statement of block?.body ?? []) this.statement(statement, depth, inner);
  }

  private statement(statement: Statement, depth: number, locals: ReadonlySet<string>): void {
    switch (statement.type) {
      case 'MustacheStatement':
        if (statement.params.length === 0 && statement.hash === undefined) this.expression(statement.path, depth, locals);
        else if (this.dialect !== undefined && statement.path.type === 'PathExpression' && this.dialect.helpers.has(statement.path.original)) this.own(statement, this.dialect, depth, locals);
        else this.call(statement, this.dialect === undefined ? helpers : new Set([...helpers, ...this.dialect.helpers]), 'helper', depth, locals);
        break;
      case 'BlockStatement': this.blockStatement(statement, depth, locals); break;
      case 'ContentStatement': case 'CommentStatement': break;
      default: this.problem(statement, 'partials and decorators are not part of templates here; write the text out');
    }
  }

  private blockStatement(statement: BlockStatement, depth: number, locals: ReadonlySet<string>): void {
    const name = this.call(statement, blocks, 'block', depth, locals);
    const shifts = name === 'each' || name === 'with';
    this.block(statement.program, shifts ? depth + 1 : depth, locals);
    this.block(statement.inverse, depth, locals);
  }

  /** A call of a helper of the dialect: it says itself what is wrong with it. */
  private own(call: Mustache, dialect: Dialect, depth: number, locals: ReadonlySet<string>): void {
    const fault = dialect.fault((call.path as Path).original, call.params, call.hash?.pairs ?? []);
    if (fault !== undefined) this.problem(call, fault);
    for (const argument of [...call.params, ...call.hash?.pairs.map((pair) => pair.value) ?? []]) this.expression(argument, depth, locals);
  }

  /** A call of a helper that we have, with its arguments. */
  private call(call: Mustache | BlockStatement | SubExpression, known: ReadonlySet<string>, what: string, depth: number, locals: ReadonlySet<string>): string {
    const name = call.path.type === 'PathExpression' ? call.path.original : '';
    if (!known.has(name)) this.problem(call, `there is no ${what} “${name}”; there are ${[...known].join(', ')}`);
    else if (call.params.length === 0 || (what === 'block' && call.params.length > 1)) this.problem(call, `“${name}” needs ${what === 'block' ? 'exactly one value' : 'a value'} after its name`);
    for (const argument of [...call.params, ...call.hash?.pairs.map((pair) => pair.value) ?? []]) this.expression(argument, depth, locals);
    return name;
  }

  private expression(expression: Expression, depth: number, locals: ReadonlySet<string>): void {
    if (expression.type === 'SubExpression') this.call(expression, helpers, 'helper', depth, locals);
    if (expression.type === 'PathExpression') this.path(expression, depth, locals);
  }

  private path(path: Path, depth: number, locals: ReadonlySet<string>): void {
    const root = path.data && path.parts[0] === 'root';
    const parts = root ? path.parts.slice(1) : path.parts;
    const [name, member] = parts;
    if (name === undefined || (path.data && !root) || (!root && path.depth !== depth)) return;
    if (!root && path.depth === 0 && locals.has(name) && !/^(?:this\b|\.)/.test(path.original)) return;
    const { from } = rangeOf(this.text, path);
    const prefix = /^(?:@root[./])?(?:\.\.\/)*(?:\.\/|this[./])?\[?/.exec(this.text.slice(from))?.[0].length ?? 0;
    this.uses.push({ name, member, at: { from: from + prefix, to: from + prefix + name.length } });
  }

  private problem(node: Statement | SubExpression, message: string): void {
    this.problems.push({ code: 'syntax', severity: 'error', message: `Template: ${message}.`, at: rangeOf(this.text, node) });
  }
}
