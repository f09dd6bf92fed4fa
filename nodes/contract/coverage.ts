/**
 * Counting statements and loops of JavaScript: the code with a mark before each statement, on the same lines. Own marks over acorn, for the sandbox has no
 * V8 coverage. Python counts by itself (`python-harness.ts`), so its code is left as it is.
 */
import type { AnyNode } from 'acorn';
import { parseSource } from './javascript-module.ts';
import type { Version } from './jobs.ts';
import type { Language } from './types.ts';

/** Code that counts, and its statements by line. */
export interface Covered extends Version { readonly statements: readonly number[] }

interface Edit { readonly at: number; readonly text: string; readonly order: number }

/** The code with marks; `undefined` when it does not parse. */
export function coveredVersion(code: string, language: Language): Covered | undefined {
  if (language === 'python') return { code, metered: true, statements: [] };
  let source: ReturnType<typeof parseSource>;
  try {
    source = parseSource(code);
  } catch {
    return undefined;
  }
  const edits: Edit[] = [];
  const statements: number[] = [];
  for (const [node, parent] of source.parents) {
    if (!isStatement(node) || parent === undefined) continue;
    const mark = `telar$hit(${statements.length});`;
    if (parent.type === 'Program' || parent.type === 'BlockStatement' || parent.type === 'StaticBlock' || parent.type === 'SwitchCase') {
      edits.push({ at: node.start, text: mark, order: 1 });
    } else if (isBody(node, parent)) edits.push({ at: node.start, text: `{${mark}`, order: 0 }, { at: node.end, text: '}', order: 2 });
    else continue;
    statements.push(node.loc!.start.line);
  }
  for (const [node] of source.parents) {
    // An arrow whose body is an expression is a statement in all but form.
    if (node.type !== 'ArrowFunctionExpression' || !node.expression) continue;
    const from = node.body.start;
    // One in parentheses of its own may be an object, or several: it is left out.
    if (code.slice(Math.max(0, from - 40), from).trimEnd().endsWith('(')) continue;
    edits.push({ at: from, text: `(telar$hit(${statements.length}), `, order: 0 }, { at: node.body.end, text: ')', order: 2 });
    statements.push(node.body.loc!.start.line);
  }
  return { code: insert(code, edits), metered: true, statements };
}

/** The code with a tick in each loop and function, so that endless ones end. */
export function tickingCode(code: string): string {
  const { parents } = parseSource(code);
  const edits: Edit[] = [];
  for (const [node] of parents) {
    if (/^(?:While|DoWhile|For|ForIn|ForOf)Statement$/.test(node.type)) {
      const { body } = node as unknown as { body: AnyNode };
      if (body.type === 'BlockStatement') edits.push({ at: body.start + 1, text: 'telar$tick();', order: 0 });
      else edits.push({ at: body.start, text: '{telar$tick();', order: 0 }, { at: body.end, text: '}', order: 2 });
    }
  }
  return insert(code, edits);
}

/** Ends before beginnings at one place; of equal ones those that came first stand outside. */
function insert(code: string, edits: readonly Edit[]): string {
  const sorted = edits.map((edit, index) => ({ ...edit, index })).sort((a, b) => a.at - b.at || (a.order === 2 ? 0 : 1) - (b.order === 2 ? 0 : 1) || (a.order === 2 ? b.index - a.index : a.index - b.index));
  let from = 0;
  let out = '';
  for (const { at, text } of sorted) {
    out += code.slice(from, at) + text;
    from = at;
  }
  return out + code.slice(from);
}

const NOT_RUN = new Set(['FunctionDeclaration', 'ImportDeclaration', 'ExportAllDeclaration', 'ExportDefaultDeclaration', 'EmptyStatement', 'BlockStatement', 'ClassDeclaration']);

function isStatement(node: AnyNode): boolean {
  if (NOT_RUN.has(node.type)) return false;
  if (node.type === 'ExportNamedDeclaration') return node.declaration?.type === 'VariableDeclaration';
  return node.type.endsWith('Statement') || node.type === 'VariableDeclaration';
}

/** The single statement of an `if`, a loop or a label, which needs braces for a second one. */
const isBody = (node: AnyNode, parent: AnyNode): boolean => node.type !== 'VariableDeclaration'
  && ((parent.type === 'IfStatement' && (parent.consequent === node || parent.alternate === node)) || (/^(?:While|DoWhile|For|ForIn|ForOf)Statement$/.test(parent.type) && (parent as unknown as { body: AnyNode }).body === node));
