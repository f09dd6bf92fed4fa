/**
 * Analysis of JavaScript by acorn's tree and eslint-scope's scopes: which names a body reads from outside, which it binds, what
 * it imports. Never by running. A walker of our own would be shorter than a scope manager, and wrong about default parameters.
 */
import type { AnyNode, Identifier, Program } from 'acorn';
import { analyze } from 'eslint-scope';
import type { Definition, Reference, Scope, Variable } from 'eslint-scope';
import type { BodyProblem } from '../../contracts/errors.ts';
import type { Analysis, Bind, Read } from '../../contracts/node.ts';
import { builtins } from './builtins.ts';
import { normalForm } from './normal.ts';
import { parseBody, parseExpression } from './parse.ts';
import type { Parsed } from './parse.ts';
import { importsOf, membersOf, parentsOf, placeOf, rangeOf } from './walk.ts';
import type { Parents } from './walk.ts';

/** Analyses a body: one expression, or statements whose last expression is the value. */
export const analyseJavaScript = (body: string): Analysis => analyse(parseBody, body);

/** Analyses one expression, as `when=` and the claims of a check hold. */
export const analyseJavaScriptExpression = (text: string): Analysis => analyse(parseExpression, text);

/** The analysis of a text; one that is nested too deep for the stack gets a problem, as any text that cannot be read does. */
function analyse(read: (text: string) => Parsed, text: string): Analysis {
  try {
    return analyseParsed(read(text), text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const problem: BodyProblem = { code: 'syntax', severity: 'error', message: 'JavaScript: this is nested too deep to analyse; divide it.', at: { from: 0, to: text.length } };
    return analyseParsed({ expression: false, problem }, text);
  }
}

function analyseParsed(parsed: Parsed, text: string): Analysis {
  // A broken body keeps its text as its normal form; it is never run, so no key is made of it.
  if (parsed.program === undefined) return { reads: [], binds: [], imports: [], normal: text, language: 'javascript', problems: [parsed.problem] };
  const facts = scopeFacts(parsed.program);
  return {
    reads: facts.reads, binds: facts.binds, imports: facts.imports,
    normal: normalForm(parsed.program), language: 'javascript', problems: facts.problems,
  };
}

/** What scopes tell of a program. */
export interface ScopeFacts {
  readonly reads: readonly Read[];
  readonly binds: readonly Bind[];
  readonly imports: Analysis['imports'];
  readonly problems: readonly BodyProblem[];
}

/** Reads, top-level names and imports of a parsed program. */
export function scopeFacts(program: Program): ScopeFacts {
  const parents = parentsOf(program);
  const scopes = analyze(program as never, { ecmaVersion: 2026, sourceType: 'module', ignoreEval: true });
  const top = scopes.globalScope?.childScopes[0] as Scope;
  const outside = scopes.globalScope?.through ?? [];
  const problems: BodyProblem[] = outside.filter((reference) => reference.isWrite()).map(undeclaredWrite);
  const free = outside.filter((reference) => reference.isRead());
  const early = new Set(top.variables.flatMap((variable) => earlyReads(variable, top)));
  const byName = Map.groupBy([...free, ...early], (reference) => reference.identifier.name as string);
  const reads = [...byName].map(([name, references]): Read => {
    const members = membersOf(references.map((reference) => reference.identifier as unknown as Identifier), parents);
    return {
      name, ranges: references.map((reference) => placeOf(reference.identifier as unknown as AnyNode, parents)),
      ...(members === undefined ? {} : { members }), ...(builtins.has(name) ? { builtin: true } : {}),
      ...(references.some((reference) => early.has(reference)) ? { rebound: true } : {}),
    };
  });
  const problemsOfExports = program.body.filter((statement) => statement.type.startsWith('Export')).map(exportProblem);
  return { reads, binds: top.variables.map((variable) => bindOf(variable, parents)), imports: importsOf(parents), problems: [...problems, ...problemsOfExports] };
}

/** Reads of a top-level name that run before it is bound: `let df = df.filter(…)` means the `df` of another node. */
function earlyReads(variable: Variable, top: Scope): Reference[] {
  const definition = variable.defs[0];
  if (definition === undefined || (definition.type !== 'Variable' && definition.type !== 'ClassName')) return [];
  // A pattern binds only after its whole initialiser; a class only after its body, but its methods run later.
  const until = (definition.node as unknown as AnyNode).end;
  return variable.references.filter((reference) => reference.isRead() && reference.from.variableScope === top && (reference.identifier as unknown as AnyNode).end <= until);
}

function bindOf(variable: Variable, parents: Parents): Bind {
  const definition = variable.defs[0] as Definition;
  const uses = [...variable.identifiers, ...variable.references.map((reference) => reference.identifier)] as unknown as AnyNode[];
  return {
    name: variable.name, what: whatOf(definition),
    output: definition.type !== 'ImportBinding' && !variable.name.startsWith('_') && !isLoopVariable(definition, parents),
    ranges: uses.map((use) => placeOf(use, parents)).sort((a, b) => a.from - b.from).filter((range, index, all) => range.from !== all[index - 1]?.from),
  };
}

function whatOf(definition: Definition): Bind['what'] {
  if (definition.type === 'FunctionName') return 'function';
  if (definition.type === 'ClassName') return 'class';
  const { id, init } = definition.node as { id?: { type: string }; init?: { type: string } | null };
  if (id?.type !== 'Identifier') return 'value';
  if (init?.type === 'ArrowFunctionExpression' || init?.type === 'FunctionExpression') return 'function';
  return init?.type === 'ClassExpression' ? 'class' : 'value';
}

/** `for (var i …)` binds at the top level, but is no result. */
function isLoopVariable(definition: Definition, parents: Parents): boolean {
  const declaration = parents.get(definition.node as unknown as AnyNode);
  return declaration?.type === 'VariableDeclaration' && (parents.get(declaration)?.type ?? '').startsWith('For');
}

function undeclaredWrite(reference: Reference): BodyProblem {
  const { name } = reference.identifier;
  return {
    code: 'undeclared-write', severity: 'warning', at: rangeOf(reference.identifier as unknown as AnyNode), data: { name: String(name) },
    message: `JavaScript: ${String(name)} is written but never declared, which fails when it runs; write \`let ${String(name)}\` first.`,
  };
}

function exportProblem(statement: AnyNode): BodyProblem {
  return {
    code: 'syntax', severity: 'error', at: { from: statement.start, to: statement.start + 'export'.length },
    message: 'JavaScript: a body needs no `export`; names at its top level are outputs already.',
  };
}
