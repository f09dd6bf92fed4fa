/**
 * Names of Python against CPython's own symbol tables, over its whole standard library. Where the two differ, the reason is
 * written here, proved, and its cases counted; a difference without a reason fails.
 */
import { beforeAll, expect, it } from 'vitest';
import { analysePython, preparePython } from '../../nodes/python/analyse.ts';
import { BUILTINS, SITE } from '../../nodes/python/names.ts';
import { type CPython, resources, startCPython } from './cpython.node.ts';

let python: CPython;
beforeAll(async () => {
  await preparePython(resources);
  python = await startCPython();
}, 60_000);

/** Where symtable and the text disagree; `holds` proves that the name is such a case, mostly by asking CPython again in other words. */
const REASONS: readonly { readonly why: string; readonly names: number; holds(name: string, text: string, side: 'bound' | 'free'): boolean }[] = [
  {
    why: 'it adds the targets of an inlined comprehension to the scope around it; the text binds them nowhere else there',
    names: 41,
    holds: (name, text, side) => side === 'bound' && python.onlyInComprehensions(name, text),
  },
  {
    why: 'it notes a use of __class__ wherever `super` is named, also outside of classes; under another name there is none',
    names: 3,
    holds: (name, text) => name === '__class__' && !without(text, 'super').includes(name),
  },
  {
    why: 'it takes a function called `top` for the module, and its variables for global ones; under another name it does not',
    names: 3,
    holds: (name, text) => /def top\(/.test(text) && !without(text, 'top').includes(name),
  },
  {
    why: 'it calls a name in an annotation global although the class around binds it, where it is looked up first',
    names: 1,
    holds: (name, text, side) => side === 'free' && python.annotatedInClass(name, text),
  },
];

/** Free names when every `word` is spelled otherwise. */
function without(text: string, word: string): string[] {
  return python.names(text.replace(new RegExp(`\\b${word}\\b`, 'g'), `${word}_`))!.free;
}

it('G5 the builtins are those of the interpreter', () => {
  const known = python.evaluate('dir(builtins)') as string[];
  const pyodides = new Set(['___EvalCodeResultException']);
  expect(known.filter((name) => !BUILTINS.has(name) && !SITE.has(name) && !pyodides.has(name))).toEqual([]);
  expect([...BUILTINS, ...SITE].filter((name) => !known.includes(name)).sort()).toEqual(['__annotations__', '__builtins__', '__file__']);
});

it('G5 free and bound names are those of symtable in every file of the standard library', () => {
  const unexplained: string[] = [];
  const explained = new Map(REASONS.map((reason) => [reason, 0]));
  let names = 0;
  for (const [file, text] of python.library) {
    const told = python.names(text);
    expect(told, file).toBeDefined();
    const ours = analysePython(text);
    expect(ours.problems.filter(({ code }) => code === 'syntax'), file).toEqual([]);
    const sides = { bound: [ours.binds.map(({ name }) => name), told!.bound], free: [ours.reads.filter(({ rebound }) => rebound !== true).map(({ name }) => name), told!.free] } as const;
    for (const side of ['bound', 'free'] as const) {
      const [mine, theirs] = sides[side];
      names += theirs.length;
      for (const name of mine.filter((each) => !theirs.includes(each))) unexplained.push(`${file}: ${name} is ${side} here only`);
      for (const name of theirs.filter((each) => !mine.includes(each))) {
        const reason = REASONS.find((each) => each.holds(name, text, side));
        if (reason === undefined) unexplained.push(`${file}: ${name} is ${side} in symtable only`);
        else explained.set(reason, explained.get(reason)! + 1);
      }
    }
  }
  expect(unexplained).toEqual([]);
  expect(python.library.size).toBe(559);
  expect(names).toBe(18_279);
  for (const [{ why, names: expected }, found] of explained) expect(found, why).toBe(expected);
}, 120_000);
