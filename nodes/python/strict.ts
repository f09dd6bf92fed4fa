/**
 * What the grammar lets through and Python does not, as far as it matters for keys: a text that Python refuses must never have
 * the normal form of one that ran, or its error would hide behind an old result. So these are the places where what the normal
 * form leaves out (line ends, commas, parentheses, ways of writing literals) is not free. The tests break texts at random and
 * compare with CPython.
 */
import type { Syntax } from './tree.ts';

const CLAUSES = new Set(['elif_clause', 'else_clause', 'except_clause', 'finally_clause', 'case_clause', 'decorator']);
/** Where a walrus needs no parentheses of its own. */
const WALRUS = new Set([
  'parenthesized_expression', 'if_statement', 'elif_clause', 'while_statement', 'if_clause', 'argument_list', 'subscript', 'list', 'set', 'tuple',
  'match_statement', 'decorator', 'list_comprehension', 'set_comprehension', 'generator_expression', 'interpolation',
]);
const YIELD = new Set(['parenthesized_expression', 'expression_statement', 'assignment', 'augmented_assignment', 'interpolation', 'format_expression']);
const NUMBER = /^(?:0x(?:_?[\da-f])+|0o(?:_?[0-7])+|0b(?:_?[01])+|0(?:_?0)*|[1-9](?:_?\d)*|\d(?:_?\d)*j|(?:(?:\d(?:_?\d)*)?\.\d(?:_?\d)*|\d(?:_?\d)*\.)(?:e[+-]?\d(?:_?\d)*)?j?|\d(?:_?\d)*e[+-]?\d(?:_?\d)*j?)$/i;
const PREFIX = /^(?:[rubft]?|br|rb|fr|rf|tr|rt)$/;
const BAD_BYTES = /^(?:[^\\]|\\[^])*?\\x(?![\da-fA-F]{2})/;
const BAD_ESCAPE = /^(?:[^\\]|\\[^])*?\\(?:x(?![\da-fA-F]{2})|u(?![\da-fA-F]{4})|U(?!00(?:0[\da-fA-F]|10)[\da-fA-F]{4})|N(?!\{[^{}]+\}))/;

/** The first such place, or `undefined`. */
export function tooLax(root: Syntax, text: string): Syntax | undefined {
  let end = 0;
  let depth = 0;
  let found: Syntax | undefined;
  const walk = (node: Syntax, parent: Syntax, begins: boolean): void => {
    if (found !== undefined) return;
    if (lax(node, parent, text)) found = node;
    const starts = begins || parent.type === 'module' || parent.type === 'block' || CLAUSES.has(node.type)
      || (parent.type === 'decorated_definition' && node.type.endsWith('definition'));
    if (node.children.length === 0 || node.type === 'string') {
      if (depth === 0 && !starts && node.from > end && /\n/.test(text.slice(end, node.from).replace(/#[^\n]*|\\\r?\n/g, ''))) found ??= node;
      if ('([{'.includes(node.type)) depth++;
      if (')]}'.includes(node.type)) depth--;
      end = node.to;
    }
    if (node.type === 'string') depth++;
    for (const [index, child] of node.children.entries()) walk(child, node, starts && index === 0);
    if (node.type === 'string') depth--;
    end = Math.max(end, node.to);
  };
  walk(root, root, true);
  return found;
}

function lax(node: Syntax, parent: Syntax, text: string): boolean {
  const { type, children } = node;
  switch (type) {
    case 'integer': case 'float': return !NUMBER.test(text.slice(node.from, node.to));
    case 'string': return badString(node, text);
    case 'concatenated_string': return mixed(children, text);
    case 'import_statement': case 'import_from_statement': case 'future_import_statement': case 'with_clause': return children.at(-1)!.type === ',';
    case 'argument_list': case 'dictionary': return children[1]!.type === ',';
    case 'as_pattern': return parent.type === 'except_clause' && children.at(-1)!.children[0]!.type !== 'identifier';
    case 'for_in_clause': return children.some((child) => child.type === ',');
    case 'parenthesized_expression': case 'tuple': return children.length === 3 && /splat/.test(children[1]!.type);
    case 'tuple_pattern': return /parameter/.test(parent.type) || (children.length === 3 && /splat/.test(children[1]!.type));
    case 'named_expression': return !WALRUS.has(parent.type) || (parent.type === 'subscript' && parent.children[0] === node);
    case 'yield': return children.length > 0 && !YIELD.has(parent.type);
    case 'print_statement': case 'exec_statement': return true;
    default: return false;
  }
}

function badString({ from, to, children }: Syntax, text: string): boolean {
  const whole = text.slice(from, to);
  const prefix = /^[a-z]*/i.exec(whole)![0].toLowerCase();
  if (!PREFIX.test(prefix)) return true;
  if (prefix.includes('r') || !whole.includes('\\')) return false;
  let own = '';
  let at = from;
  for (const child of children) {
    if (child.type !== 'interpolation') continue;
    own += text.slice(at, child.from);
    at = child.to;
  }
  return (prefix === 'b' ? BAD_BYTES : BAD_ESCAPE).test(own + text.slice(at, to));
}

function mixed(parts: readonly Syntax[], text: string): boolean {
  const kinds = parts.map((part) => /^[a-z]*/i.exec(text.slice(part.from, part.to))![0].toLowerCase().replace(/[^bt]/g, ''));
  return new Set(kinds).size > 1;
}
