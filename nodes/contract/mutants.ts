/**
 * Mutants of JavaScript: the code with one small fault each. Own ones, by acorn: conditions negated, statements and calls dropped, constants and operators
 * changed, early returns, a `try` that catches nothing. The order is that of the text, and choosing some of many is done by even steps, so the same code
 * has the same mutants.
 */
import type { AnyNode } from 'acorn';
import { parseSource } from './javascript-module.ts';

/** One faulty version. */
export interface Mutant { readonly what: string; readonly line: number; readonly code: string }

interface Fault { readonly from: number; readonly to: number; readonly text: string; readonly what: string }

const OTHER: Readonly<Record<string, string>> = {
  '+': '-', '-': '+', '*': '/', '/': '*', '%': '*', '<': '>=', '>': '<=', '<=': '>', '>=': '<', '===': '!==', '!==': '===', '==': '!=', '!=': '==', '&&': '||', '||': '&&', '??': '&&', '**': '*', '&': '|', '|': '&', '<<': '>>', '>>': '<<',
};

/** All mutants, or `most` of them by even steps. @throws SyntaxError when the code does not parse */
export function mutantsOf(code: string, most: number): readonly Mutant[] {
  const { parents } = parseSource(code);
  const of = (node: { start: number; end: number }): string => code.slice(node.start, node.end);
  const faults = [...parents].flatMap(([node, parent]) => faultsOf(node, parent, of)).filter((fault) => code.slice(fault.from, fault.to) !== fault.text).sort((a, b) => a.from - b.from || a.to - b.to);
  const step = Math.max(1, faults.length / most);
  const some = Array.from({ length: Math.min(most, faults.length) }, (_, index) => faults[Math.floor(index * step)]!);
  // Two faults may come to the same text.
  const chosen = [...new Map(some.map((fault) => [code.slice(0, fault.from) + fault.text + code.slice(fault.to), fault]))];
  return chosen.filter(([mutant]) => parses(mutant)).map(([mutant, { from, what }]) => ({ what, line: code.slice(0, from).split('\n').length, code: mutant }));
}

function faultsOf(node: AnyNode, parent: AnyNode | undefined, of: (node: { start: number; end: number }) => string): Fault[] {
  const replace = (at: { start: number; end: number }, text: string, what: string): Fault => ({ from: at.start, to: at.end, text, what });
  switch (node.type) {
    case 'IfStatement': case 'ConditionalExpression': case 'WhileStatement':
      return [replace(node.test, `!(${of(node.test)})`, 'a condition negated')];
    case 'BinaryExpression': case 'LogicalExpression': {
      const other = OTHER[node.operator];
      return other === undefined ? [] : [replace(node, `(${of(node.left)}) ${other} (${of(node.right)})`, `${node.operator} made ${other}`)];
    }
    case 'UnaryExpression': return node.operator === '!' ? [replace(node, `(${of(node.argument)})`, '! dropped')] : [];
    case 'ExpressionStatement': return node.directive !== undefined || wrapsAll(node.expression) ? [] : [replace(node, ';', 'a statement dropped')];
    case 'ReturnStatement': return node.argument === null || node.argument === undefined ? [] : [replace(node, 'return undefined;', 'nothing returned')];
    case 'ThrowStatement': return [replace(node, ';', 'an error not thrown')];
    case 'TryStatement': return node.handler === null || node.handler === undefined ? [] : [
      replace(node, `${of(node.block)}${node.finalizer === null || node.finalizer === undefined ? '' : of(node.finalizer)}`, 'errors not caught'), { from: node.handler.body.start, to: node.handler.body.end, text: '{ throw new Error("mutant"); }', what: 'a caught error thrown again' }];
    case 'FunctionDeclaration': case 'FunctionExpression': return [{ from: node.body.start, to: node.body.start + 1, text: '{ return undefined;', what: 'a function that returns at once' }];
    case 'ArrowFunctionExpression': return node.body.type === 'BlockStatement' ? (wrapsExports(node, parent) ? [] : [{ from: node.body.start, to: node.body.start + 1, text: '{ return undefined;', what: 'a function that returns at once' }]) : [replace(node.body, 'undefined', 'a function that gives nothing')];
    case 'CallExpression': return parent?.type === 'ExpressionStatement' || wrapsAll(node) ? [] : [replace(node, 'undefined', 'a call dropped')];
    case 'AssignmentExpression': return OTHER[node.operator.slice(0, -1)] === undefined ? [] : [replace(node, `${of(node.left)} ${OTHER[node.operator.slice(0, -1)]!}= ${of(node.right)}`, `${node.operator} changed`)];
    case 'UpdateExpression': return [replace(node, node.prefix ? `${node.operator === '++' ? '--' : '++'}${of(node.argument)}` : `${of(node.argument)}${node.operator === '++' ? '--' : '++'}`, `${node.operator} turned round`)];
    case 'SpreadElement': return [replace(node.argument, '[]', 'a spread of nothing')];
    case 'Literal': return literalFaults(node, parent, replace);
    default: return [];
  }
}

function literalFaults(node: Extract<AnyNode, { type: 'Literal' }>, parent: AnyNode | undefined, replace: (at: AnyNode, text: string, what: string) => Fault): Fault[] {
  if (parent === undefined || /^(?:Import|Export)/.test(parent.type) || parent.type === 'ExpressionStatement' || (parent.type === 'Property' && parent.key === node)) return [];
  if (typeof node.value === 'boolean') return [replace(node, String(!node.value), `${String(node.value)} made ${String(!node.value)}`)];
  if (typeof node.value === 'number') return [replace(node, `(${node.raw} + 1)`, `${node.raw!} made one more`)];
  if (typeof node.value === 'string') return [replace(node, JSON.stringify(`${node.value}~`), 'a text changed')];
  return [];
}

/** An IIFE around everything: without it there is no code left, which says nothing. */
const wrapsAll = (node: AnyNode): boolean => node.type === 'CallExpression' && /^(?:Arrow)?FunctionExpression$/.test(node.callee.type);
const wrapsExports = (node: AnyNode, parent: AnyNode | undefined): boolean => parent?.type === 'CallExpression' && parent.callee === node;

function parses(code: string): boolean {
  try {
    parseSource(code);
    return true;
  } catch {
    return false;
  }
}
