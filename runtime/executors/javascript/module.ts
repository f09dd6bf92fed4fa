/**
 * Module: a body rewritten as an ECMAScript module, without moving a line, so that places in its errors are places in the notebook.
 *
 * Inputs become `let` names on the first line (a body may rebind them: locally); the last expression becomes the default export; the
 * names that are handed out are exported under names that no body can write. Not here: running it (`realm.ts`).
 */
import type { Program, StepInput } from '../../../contracts/node.ts';
import type { ValueRef } from '../../../contracts/values.ts';
import { splitJavaScript } from '../../../nodes/javascript/split.ts';
import { INPUTS } from './prelude.ts';

/** A body ready for a realm. Plain data: it crosses to the engine's process. */
export interface Module {
  readonly source: string;
  readonly file: string;
  readonly line: number;
  readonly id: string;
  /** Export name of the node's value; absent when the body has none (then it is null). */
  readonly value?: string;
  /** Export name by output name: all that the body hands out. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly wanted: readonly string[];
  readonly inputs: Readonly<Record<string, Input>>;
  readonly modules: Readonly<Record<string, string>>;
  readonly seed?: number;
}

/** An input of a module: a stored value, or the output of a module that runs first in the same realm (P8). */
type Input = { readonly ref: ValueRef } | { readonly producer: Module; readonly output: string };

const exportName = (name: string): string => `telar$${name}`;

/** Rewrites a program and all its producers. A body that does not parse is left as it is: the engine says what is wrong with it. */
export function buildModule(program: Program, inputs: Readonly<Record<string, StepInput>>, built = new Map<Program, Module>()): Module {
  const known = built.get(program);
  if (known !== undefined) return known;
  const split = splitJavaScript(program.code);
  const names = new Set(split?.names);
  const roots = [...new Set(Object.keys(inputs).map((port) => port.split('.')[0]!))];
  const rebound = new Set(split?.rebound.map(({ name }) => name));
  const given = roots.flatMap((root) => (rebound.has(root) ? [`${root}: ${exportName(root)}`] : names.has(root) ? [] : [root]));
  const handedOut = [...new Set([...program.binds, ...program.wanted])].filter((name) => names.has(name) && name !== 'value');
  const own = names.has(program.id);
  const exported = own && !handedOut.includes(program.id) ? [...handedOut, program.id] : handedOut;
  const value = own ? exportName(program.id) : split?.expression === true || split?.lastExpression !== undefined ? 'default' : undefined;
  const module: Module = {
    source: split === undefined ? program.code : rewrite(program.code, split, given, exported),
    file: program.file, line: program.line, id: program.id, wanted: program.wanted, modules: program.modules,
    outputs: Object.fromEntries(handedOut.map((name) => [name, exportName(name)])),
    inputs: Object.fromEntries(Object.entries(inputs).map(([port, input]): [string, Input] => [
      port, 'ref' in input ? input : { producer: buildModule(input.producer, input.inputs, built), output: input.output }])),
    ...(value === undefined ? {} : { value }),
    ...(program.seed === undefined ? {} : { seed: program.seed }),
  };
  built.set(program, module);
  return module;
}

type Split = NonNullable<ReturnType<typeof splitJavaScript>>;

function rewrite(code: string, split: Split, given: readonly string[], exported: readonly string[]): string {
  const prefix = given.length === 0 ? '' : `let {${given.join(', ')}} = globalThis[${JSON.stringify(INPUTS)}]; `;
  if (split.expression) return `${prefix}export default (${code}\n)`;
  const last = split.lastExpression;
  const edits = [
    ...split.rebound.map(({ name, at }) => ({ ...at, text: exportName(name) })),
    ...(last === undefined ? [] : [{ from: last.from, to: last.from, text: 'export default (' }, { from: last.to, to: last.to, text: '\n)' }]),
  ].sort((a, b) => b.from - a.from || b.to - a.to);
  const body = edits.reduce((text, { from, to, text: insert }) => text.slice(0, from) + insert + text.slice(to), code);
  return `${prefix}${body}\n;${exported.length === 0 ? '' : `export {${exported.map((name) => `${name} as ${exportName(name)}`).join(', ')}};`}`;
}
