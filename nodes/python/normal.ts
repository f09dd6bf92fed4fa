/**
 * The normal form of a Python text, for keys (P2): the tree without what does not count. Comments, layout, quotes, redundant
 * parentheses, trailing commas, semicolons and ways of writing a number do not; everything else does, docstrings and every byte
 * of a string included.
 *
 * Each node is written as `symbol(parts)`, the symbol being its number in the grammar, whose version therefore stands in front.
 * Where the grammar gives one meaning two shapes (`1, 2` and `(1, 2)`), both are written alike; the test compares with
 * CPython's own tree. A text that the grammar does not accept is its own normal form: nothing is known about it.
 * Road not taken: printing tokens, which keeps parentheses and loses where a block ends.
 */
import { decoded } from './strings.ts';
import type { Syntax } from './tree.ts';

const DROPPED = new Set([',', ';', '(', ')', '[', ']', '{', '}']);

/** Writes a tree that has no error. @param text what was written, of the same length as what was parsed */
export function normalForm(root: Syntax, text: string): string {
  const writer = new Writer(text);
  writer.node(root);
  return writer.out.join('');
}

class Writer {
  readonly out: string[] = [];
  private readonly text: string;
  /** Inside a `case`, where tuples and lists are the same pattern. */
  private inCase = false;

  constructor(text: string) { this.text = text; }

  node(node: Syntax): void {
    const { type, children } = node;
    const first = children[0];
    if (first === undefined) return this.token(node);
    switch (type) {
      case 'identifier': return this.token(node);
      case 'string': case 'concatenated_string': return this.string(type === 'string' ? [node] : children);
      case 'parenthesized_expression': return this.node(children[1]!);
      case 'type': case 'case_pattern': case 'as_pattern_target':
        return children.length === 1 ? this.node(first) : this.group(symbol(node), items(children));
      case 'tuple_pattern': return children.length === 3 ? this.node(children[1]!) : this.sequence(children);
      case 'tuple': case 'expression_list': case 'pattern_list': return this.sequence(children);
      case 'list': case 'list_pattern': return this.group(this.inCase ? 'T' : 'L', items(children));
      case 'list_splat': case 'list_splat_pattern': case 'splat_type': return this.group(first.type, children.slice(1));
      case 'expression_statement': return this.group('Q', [], () => this.several(children));
      case 'subscript': return this.group('I', [first], () => this.several(children.slice(2, -1)));
      case 'generic_type': return this.group('I', [first], () => this.several(children[1]!.children.slice(1, -1)));
      case 'attribute': case 'member_type': return this.group('.', [first, children.at(-1)!]);
      case 'binary_operator': case 'union_type': return this.group('B', children);
      // The second colon of `a[i:j:]` says nothing.
      case 'slice': return this.group('Z', children.at(-1)!.type === ':' && children.filter((child) => child.type === ':').length === 2 ? children.slice(0, -1) : children);
      case 'call': return this.group('C', [first], () => this.group('A', children[1]!.type === 'argument_list' ? items(children[1]!.children) : [children[1]!]));
      case 'class_definition': return this.group(symbol(node), children.filter((child) => child.type !== 'argument_list' || child.children.length > 2));
      case 'assignment': return this.group(`${symbol(node)}${parenthesised(node) ? 'P' : ''}`, children);
      case 'if_statement': return this.group(symbol(node), [], () => this.branches(children));
      case 'match_statement': case 'except_clause': return this.clause(node);
      case 'case_clause': return this.case(node);
      default: this.group(symbol(node), items(children));
    }
  }

  /** The text itself is asked, for `:` may stand for the `=` of a type parameter's default. */
  private token(node: Syntax): void {
    const text = this.slice(node.from, node.to);
    switch (node.type) {
      case 'identifier': return this.leaf(text.normalize('NFKC'));
      case 'integer': case 'float': return this.leaf(number(text));
      case 'import_prefix': return this.leaf(text.replace(/[^.]/g, ''));
      // Nothing but comments.
      case 'module': case 'block': return this.leaf(symbol(node));
      case 'not in': case 'is not': return this.leaf(node.type.replace(' ', '-'));
      default: this.leaf(text);
    }
  }

  private slice(from: number, to: number): string { return this.text.slice(from, to); }

  private leaf(text: string): void { this.out.push(text, ' '); }

  private group(name: string, nodes: readonly Syntax[], more?: () => void): void {
    this.out.push(name, '(');
    for (const node of nodes) this.node(node);
    more?.();
    this.out.push(')');
  }

  private sequence(nodes: readonly Syntax[]): void { this.group('T', items(nodes)); }

  /** One expression; or several, one and a comma, one with a star, which make a tuple. */
  private several(nodes: readonly Syntax[]): void {
    if (nodes.length === 1 && nodes[0]!.type !== 'list_splat') this.node(nodes[0]!);
    else this.sequence(nodes);
  }

  /** `else: if` is `elif`. */
  private branches(children: readonly Syntax[]): void {
    for (const child of children) {
      const only = child.type === 'else_clause' ? child.children.at(-1)!.children : [];
      if (only.length === 1 && only[0]!.type === 'if_statement') this.branches(only[0]!.children);
      else if (child.type === 'elif_clause') this.branches(child.children);
      else if (child.type === 'elif' || child.type === 'if') this.leaf('if');
      else this.node(child);
    }
  }

  /** `match a, b:` and `except A, B:` mean tuples. */
  private clause(node: Syntax): void {
    const colon = node.children.findIndex((child) => child.type === ':');
    const start = node.children[1]?.type === '*' ? 2 : 1;
    const subject = node.children.slice(start, colon);
    this.group(symbol(node), node.children.slice(0, start), () => {
      if (subject.length > 0) this.several(subject);
      for (const child of node.children.slice(colon)) this.node(child);
    });
  }

  private case(node: Syntax): void {
    const end = node.children.findIndex((child) => child.type === 'if_clause' || child.type === ':');
    this.group(symbol(node), [], () => {
      this.inCase = true;
      this.several(node.children.slice(1, end));
      this.inCase = false;
      for (const child of node.children.slice(end)) this.node(child);
    });
  }

  /** Neighbouring literals are one. What stands before a field or at the end is written when it is known to be whole. */
  private string(parts: readonly Syntax[]): void {
    const starts = parts.map((part) => this.slice(part.children[0]!.from, part.children[0]!.to));
    const prefixes = starts.map((start) => start.replace(/["']+/, '').toLowerCase());
    const run = new Run(this.out);
    this.out.push(['t', 'f', 'b'].find((letter) => prefixes.some((prefix) => prefix.includes(letter))) ?? '');
    for (const [index, { children, to }] of parts.entries()) {
      const prefix = prefixes[index]!;
      // Not where the grammar's end token begins: that of `r'\\'` takes the backslashes in.
      this.fields(children, children[0]!.to, to - (starts[index]!.length - prefix.length), prefix, run);
    }
    run.end();
  }

  /** Text with replacement fields, of an f-string or of the format within a field. */
  private fields(children: readonly Syntax[], from: number, to: number, prefix: string, run: Run): void {
    let at = from;
    for (const child of children) {
      if (child.type !== 'interpolation' && child.type !== 'format_expression') continue;
      run.add(decoded(this.slice(at, child.from), prefix));
      this.field(child, prefix, run);
      at = child.to;
    }
    run.add(decoded(this.slice(at, to), prefix));
  }

  private field({ children }: Syntax, prefix: string, run: Run): void {
    const expression = children[1]!;
    const find = (type: string): Syntax | undefined => children.find((child) => child.type === type);
    const echo = children.findIndex((child) => child.type === '=');
    const conversion = find('type_conversion');
    const format = find('format_specifier');
    // `{x = }` shows its own text; a t-string keeps it.
    if (echo > 0) run.add(decoded(this.slice(children[0]!.to, children[echo + 1]!.from), 'r'));
    run.flush();
    this.out.push('{');
    if (prefix.includes('t')) this.leaf(JSON.stringify(this.slice(expression.from, expression.to)));
    if (expression.type === 'named_expression') {
      // `{a:=10}` formats `a` by `=10`.
      this.node(expression.children[0]!);
      this.leaf(`:"${decoded(this.slice(expression.children[1]!.from + 1, children.at(-1)!.from), prefix)}"`);
    } else {
      this.node(expression);
      if (conversion !== undefined) this.token(conversion);
      else if (echo > 0 && format === undefined) this.leaf('!r');
      if (format !== undefined) {
        this.out.push(':');
        const inner = new Run(this.out);
        this.fields(format.children, format.from + 1, format.to, prefix, inner);
        inner.end();
      }
    }
    this.out.push('}');
  }
}

/** A run of literal text that goes on over neighbouring literals. */
class Run {
  private readonly out: string[];
  private text = '';
  private written = false;

  constructor(out: string[]) { this.out = out; }

  add(text: string): void { this.text += text; }

  flush(): void {
    if (this.text !== '') this.out.push('"', this.text, '"');
    this.text = '';
    this.written = true;
  }

  end(): void {
    if (!this.written && this.text === '') this.out.push('""');
    this.flush();
    this.out.push(' ');
  }
}

function symbol(node: Syntax): string { return node.symbol.toString(36); }

function items(nodes: readonly Syntax[]): Syntax[] { return nodes.filter((node) => !DROPPED.has(node.type)); }

/** `(x): int` is not `x: int`, which makes `x` known as annotated. */
function parenthesised({ children }: Syntax): boolean { return children[1]!.type === ':' && children[0]!.type === 'tuple_pattern'; }

/** A number by its value and kind; one too long to be worth it, by its digits. */
function number(text: string): string {
  const digits = text.replaceAll('_', '').toLowerCase();
  if (/^0[xob]/.test(digits) || /^[0-9]+$/.test(digits)) return digits.length > 400 ? digits : BigInt(digits).toString();
  if (digits.endsWith('j')) return `${Number(digits.slice(0, -1))}j`;
  return digits.endsWith('l') ? digits : `${Number(digits)}f`;
}
