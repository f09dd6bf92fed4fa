/**
 * Code under test as a module that a harness can load: an ES module as it is, and the older forms (an IIFE in a top-level name, functions at the top level,
 * `module.exports`, names on `window`) with an export added at the end. No line moves. What it imports is answered by doubles that record.
 */
import { parse } from 'acorn';
import type { AnyNode, Program } from 'acorn';
import { scopeFacts } from '../javascript/analyse.ts';
import { helperPath } from '../javascript/specifier.ts';
import { parentsOf, type Parents } from '../javascript/walk.ts';

/** A parsed implementation. */
export interface Source { readonly code: string; readonly program: Program; readonly parents: Parents }

/** Code ready to be loaded. */
export interface Prepared {
  readonly code: string;
  /** What it imports, as written, with the members that it takes. */
  readonly imports: readonly { readonly module: string; readonly members: readonly string[] }[];
}

/** Parses code. @throws SyntaxError acorn's, with `loc` */
export function parseSource(code: string): Source {
  const program = parse(code, { ecmaVersion: 'latest', sourceType: 'module', allowAwaitOutsideFunction: true, allowHashBang: true, ranges: true, locations: true });
  return { code, program, parents: parentsOf(program) };
}

/** Makes code loadable. @param marked it bears marks of ours, whose names it may not have by itself @throws SyntaxError */
export function prepareModule(code: string, names: readonly string[], marked = false): Prepared {
  const source = parseSource(code);
  const { program, parents } = source;
  if (!marked && [...parents.keys()].some((node) => node.type === 'Identifier' && node.name.startsWith('telar$'))) throw new SyntaxError('names that begin with telar$ are taken');
  const imports = importsIn(source);
  if (program.body.some(({ type }) => type.startsWith('Export'))) return { code, imports };
  const facts = scopeFacts(program);
  const bound = facts.binds.map(({ name }) => name);
  const common = facts.reads.some(({ name }) => name === 'module' || name === 'exports') && !bound.includes('module') && !bound.includes('exports');
  const free = [...parents.keys()].filter((node) => node.type === 'ThisExpression' && !inFunction(node, parents));
  const body = free.toSorted((a, b) => b.start - a.start).reduce((text, { start, end }) => `${text.slice(0, start)}globalThis${text.slice(end)}`, code);
  const candidates = [...bound.filter((name) => !names.includes(name)), ...(common ? ['module.exports'] : [])];
  const direct = names.filter((name) => bound.includes(name));
  return {
    imports,
    code: `${common ? 'const module = {exports: {}}, exports = module.exports; ' : ''}${body}\n;export const telar$found = [${candidates.map((name) => `() => ${name}`).join(', ')}];${direct.length === 0 ? '' : ` export {${direct.join(', ')}};`}`,
  };
}

function inFunction(node: AnyNode, parents: Parents): boolean {
  for (let above = parents.get(node); above !== undefined; above = parents.get(above)) {
    if (above.type === 'FunctionDeclaration' || above.type === 'FunctionExpression' || above.type === 'PropertyDefinition' || above.type === 'StaticBlock' || above.type === 'MethodDefinition') return true;
  }
  return false;
}

/** Every module that code asks for by a literal name: `import`, `export … from`, `import()`, `require()`, `importScripts()`. */
export function importsIn({ parents, code }: Omit<Source, 'program'>): Prepared['imports'] {
  const found = new Map<string, Set<string>>();
  const add = (module: string, members: readonly string[]): void => { found.set(module, new Set([...found.get(module) ?? [], ...members])); };
  for (const node of parents.keys()) {
    if (node.type === 'ImportDeclaration') {
      add(String(node.source.value), node.specifiers.flatMap((one) => {
        if (one.type === 'ImportSpecifier') return [one.imported.type === 'Identifier' ? one.imported.name : String(one.imported.value)];
        if (one.type === 'ImportDefaultSpecifier') return ['default'];
        return [...code.matchAll(new RegExp(`\\b${one.local.name.replace(/\$/g, '\\$')}\\s*\\??\\.\\s*([A-Za-z_$][\\w$]*)`, 'g'))].map((match) => match[1]!);
      }));
    } else if ((node.type === 'ExportNamedDeclaration' || node.type === 'ExportAllDeclaration') && node.source !== null && node.source !== undefined) {
      add(String(node.source.value), node.type === 'ExportNamedDeclaration' ? node.specifiers.flatMap(({ local }) => (local.type === 'Identifier' ? [local.name] : [])) : []);
    } else if (node.type === 'ImportExpression' && node.source.type === 'Literal') add(String(node.source.value), ['default']);
  }
  return [...found].map(([module, members]) => ({ module, members: [...members] }));
}

/** Modules that stand for what code imports from beside itself, by path; bare names get none, and fail when they are imported. */
export function doublesFor(imports: Prepared['imports'], home: string, extra: readonly string[]): Record<string, string> {
  return Object.fromEntries(imports.filter(({ module }) => /^\.{1,2}\//.test(module)).flatMap(({ module, members }) => {
    const path = helperPath(module, home);
    if (path === undefined) return [];
    const receiver = module.replace(/^.*\//, '').replace(/\.[cm]?js$/, '');
    const named = [...new Set([...members, ...extra])].filter((name) => name !== 'default' && /^[A-Za-z_$][\w$]*$/.test(name));
    const lines = named.map((name, index) => `const d${index} = telar$double(${JSON.stringify(receiver)}, ${JSON.stringify(name)}); export {d${index} as ${name}};`);
    return [[path, `${lines.join('\n')}\nexport default telar$double(${JSON.stringify(receiver)}, 'default');\n`]];
  }));
}
