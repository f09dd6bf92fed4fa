/**
 * The two languages that contracts speak of code in: what an expression calls, what it is made of, and literals. By parsing, never by running.
 *
 * Acorn reads JavaScript and tree-sitter Python; for Python `preparePython` must have been awaited. What crosses to `truth.ts` is plain: texts of parts.
 */
import { parse as parseJavaScript } from 'acorn';
import type { AnyNode, CallExpression } from 'acorn';
import { scopeFacts } from '../javascript/analyse.ts';
import { parseBody, parseExpression } from '../javascript/parse.ts';
import { parentsOf } from '../javascript/walk.ts';
import { analysePythonExpression } from '../python/analyse.ts';
import { parse as parsePython, type Syntax } from '../python/tree.ts';
import type { Language } from './types.ts';

/** A call by a plain name, with the texts of its arguments. */
interface Call { readonly name: string; readonly args: readonly string[] }

/** One expression, understood. */
export interface Expression {
  readonly code: string;
  /** Every call in it by a plain name, in the order of the text; the outer one of nested calls first. */
  readonly calls: readonly Call[];
  /** It is nothing but this call. */
  readonly call?: Call;
  /** It is a comparison of two sides. */
  readonly sides?: { readonly operator: string; readonly left: string; readonly right: string };
  /** It is joined by `or` or `and`, which a sentence means otherwise: `X returns 'a' or 'b'`. */
  readonly words?: true;
  /** Free names that the language itself does not give. */
  readonly free: readonly string[];
}

/** Reads a text that must be one expression and nothing else; `undefined` when it is not. */
export function expressionOf(text: string, language: Language): Expression | undefined {
  return language === 'python' ? pythonExpression(text) : javaScriptExpression(text);
}

/** Reads what is done in a `when`: expressions, in JavaScript several of them with semicolons between. */
export function statementsOf(text: string, language: Language): readonly Expression[] | undefined {
  const one = expressionOf(text, language);
  if (one !== undefined || language === 'python') return one && [one];
  try {
    const { body } = parseJavaScript(text, { ecmaVersion: 'latest', sourceType: 'module', allowAwaitOutsideFunction: true });
    const all = body.map((statement) => (statement.type === 'ExpressionStatement' ? javaScriptExpression(text.slice(statement.expression.start, statement.expression.end)) : undefined));
    return all.every((expression) => expression !== undefined) ? all : undefined;
  } catch {
    return undefined;
  }
}

/** What keeps a text from being code of the language at all; `undefined` when it can be parsed. */
export function syntaxFault(text: string, language: Language): string | undefined {
  return language === 'python' ? analysePythonExpression(text).problems[0]?.message : parseBody(text).problem?.message;
}

/** Plain data as a literal of the language. */
export function literalOf(value: unknown, language: Language): string {
  if (language === 'javascript') return JSON.stringify(value) ?? 'undefined';
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Array.isArray(value)) return `[${value.map((item) => literalOf(item, language)).join(', ')}]`;
  if (typeof value === 'object') return `{${Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${literalOf(item, language)}`).join(', ')}}`;
  return JSON.stringify(value);
}

/** `{key: 'a', b: [1]}`, as contracts write data whatever their language, in the language; other texts as they are. */
export function dataText(text: string, language: Language): string {
  if (language === 'javascript') return text;
  const { program } = parseExpression(text);
  const statement = program?.body[0];
  return (statement?.type === 'ExpressionStatement' ? pythonLiteral(statement.expression as AnyNode, text) : undefined) ?? text;
}

/** The pairs of `a: 1, b: 'x'`, as texts. */
export function pairsOf(text: string, language: Language): readonly { readonly key: string; readonly value: string }[] | undefined {
  const source = `{${text.trim().replace(/^\{([^]*)\}$/, '$1')}}`;
  const { program } = parseExpression(source);
  const statement = program?.body[0];
  if (statement?.type !== 'ExpressionStatement' || statement.expression.type !== 'ObjectExpression') return undefined;
  const pairs = statement.expression.properties.map((property) => {
    if (property.type !== 'Property' || property.computed || property.shorthand || property.kind !== 'init' || property.method) return undefined;
    const key = property.key.type === 'Identifier' ? property.key.name : property.key.type === 'Literal' ? String(property.key.value) : undefined;
    return key === undefined ? undefined : { key, value: dataText(source.slice(property.value.start, property.value.end), language) };
  });
  return pairs.length > 0 && pairs.every((pair) => pair !== undefined) ? pairs : undefined;
}

/** The arguments of `emit('a', {b: 1})`, as texts. */
export function argumentsOf(text: string, language: Language): { readonly name: string; readonly args: readonly string[] } | undefined {
  const call = javaScriptExpression(text)?.call;
  return call === undefined ? undefined : { name: call.name, args: call.args.map((arg) => dataText(arg, language)) };
}

function pythonLiteral(node: AnyNode, text: string): string | undefined {
  const all = (nodes: readonly (AnyNode | null)[]): string[] | undefined => {
    const texts = nodes.map((item) => (item === null ? undefined : pythonLiteral(item, text)));
    return texts.every((item) => item !== undefined) ? texts : undefined;
  };
  switch (node.type) {
    case 'Literal': return typeof node.value === 'string' || typeof node.value === 'number' || typeof node.value === 'boolean' || node.value === null ? literalOf(node.value, 'python') : undefined;
    case 'Identifier': return ({ True: 'True', False: 'False', None: 'None', undefined: 'None' } as Record<string, string>)[node.name];
    case 'UnaryExpression': return node.operator === '-' && node.argument.type === 'Literal' ? `-${text.slice(node.argument.start, node.argument.end)}` : undefined;
    case 'ArrayExpression': {
      const items = all(node.elements as AnyNode[]);
      return items && `[${items.join(', ')}]`;
    }
    case 'ObjectExpression': {
      const pairs = node.properties.map((property) => {
        if (property.type !== 'Property' || property.computed || property.shorthand) return undefined;
        const key = property.key.type === 'Identifier' ? JSON.stringify(property.key.name) : property.key.type === 'Literal' ? literalOf(property.key.value, 'python') : undefined;
        const value = pythonLiteral(property.value as AnyNode, text);
        return key === undefined || value === undefined ? undefined : `${key}: ${value}`;
      });
      return pairs.every((pair) => pair !== undefined) ? `{${pairs.join(', ')}}` : undefined;
    }
    default: return undefined;
  }
}

// ---- JavaScript

const COMPARING = new Set(['==', '!=', '<', '>', '<=', '>=', '===', '!==']);
const COERCING = new Set(['==', '!=', '<', '>', '<=', '>=', '+', '-', '*', '/', '%', '**']);

function javaScriptExpression(text: string): Expression | undefined {
  const { program } = parseExpression(text);
  const statement = program?.body[0];
  if (program === undefined || statement?.type !== 'ExpressionStatement') return undefined;
  const root = statement.expression as AnyNode;
  if (root.type === 'AssignmentExpression' || root.type === 'SequenceExpression') return undefined;
  const nodes = [...parentsOf(root).keys()];
  const of = (node: { start: number; end: number }): string => text.slice(node.start, node.end);
  const callOf = (node: AnyNode): Call | undefined => (node.type === 'CallExpression' && node.callee.type === 'Identifier' ? { name: node.callee.name, args: (node as CallExpression).arguments.map(of) } : undefined);
  // Operands of what would ask an object for its number or text are guarded: an object could answer what it likes.
  const edits = nodes.flatMap((node) => (node.type === 'BinaryExpression' && COERCING.has(node.operator)
    ? [node.left, node.right].flatMap(({ start, end }) => [{ at: start, text: 'telar$plain(', order: -end }, { at: end, text: ')', order: -start }]) : []));
  const apply = (from: number, to: number): string => edits.filter(({ at }) => at >= from && at <= to).sort((a, b) => b.at - a.at || (a.text === ')' ? 1 : 0) - (b.text === ')' ? 1 : 0) || b.order - a.order)
    .reduce((code, { at, text: insert }) => code.slice(0, at - from) + insert + code.slice(at - from), text.slice(from, to));
  const call = callOf(root);
  const whole = root.type === 'AwaitExpression' ? callOf(root.argument) : call;
  const sides = root.type === 'BinaryExpression' && COMPARING.has(root.operator) ? { operator: root.operator, left: apply(root.left.start, root.left.end), right: apply(root.right.start, root.right.end) } : undefined;
  return {
    code: apply(root.start, root.end), calls: nodes.flatMap((node) => callOf(node) ?? []), ...(whole === undefined ? {} : { call: whole }), ...(sides === undefined ? {} : { sides }),
    free: scopeFacts(program).reads.filter((read) => read.builtin !== true).map((read) => read.name),
  };
}

// ---- Python

const LEFT_OUT = new Set(['(', ')', ',']);

function pythonExpression(text: string): Expression | undefined {
  const analysis = analysePythonExpression(text);
  if (analysis.problems.length > 0 || text.trim() === '') return undefined;
  const source = `(${text}\n)`;
  const { root } = parsePython(source);
  const bracket = root.children[0]?.children[0];
  if (bracket?.type !== 'parenthesized_expression') return undefined;
  const inner = bracket.children.find((child) => !LEFT_OUT.has(child.type));
  if (inner === undefined) return undefined;
  const of = (node: Syntax): string => source.slice(node.from, node.to);
  const callOf = (node: Syntax): Call | undefined => {
    const [callee, args] = node.children;
    if (node.type !== 'call' || callee?.type !== 'identifier' || args === undefined) return undefined;
    return { name: of(callee), args: args.type === 'argument_list' ? args.children.filter((child) => !LEFT_OUT.has(child.type)).map(of) : [of(args)] };
  };
  const calls: Call[] = [];
  const visit = (node: Syntax): void => {
    const call = callOf(node);
    if (call !== undefined) calls.push(call);
    node.children.forEach(visit);
  };
  visit(inner);
  const [left, operator, right, more] = inner.children;
  const sides = inner.type === 'comparison_operator' && right !== undefined && more === undefined ? { operator: of(operator!), left: of(left!), right: of(right) } : undefined;
  const call = callOf(inner);
  return {
    code: text.trim(), calls, ...(call === undefined ? {} : { call }), ...(sides === undefined ? {} : { sides }), ...(inner.type === 'boolean_operator' ? { words: true } : {}),
    free: analysis.reads.filter((read) => read.builtin !== true && !['true', 'false', 'null'].includes(read.name)).map((read) => read.name),
  };
}
