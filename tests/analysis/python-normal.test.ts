/**
 * P2 The normal form of Python: equal under every change of layout, different under every change of meaning. Real functions of
 * the standard library are changed by a seeded generator, and CPython's own tree tells which of the two a change was.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { analysePython, preparePython } from '../../nodes/python/analyse.ts';
import { parse, type Syntax } from '../../nodes/python/tree.ts';
import { type CPython, resources, startCPython } from './cpython.node.ts';

let python: CPython;
let cells: readonly string[];
beforeAll(async () => {
  await preparePython(resources);
  python = await startCPython();
  cells = pieces([...python.library.values()]).filter((_, index) => index % 23 === 7);
}, 60_000);

const normal = (text: string): string => analysePython(text).normal;

/** Top-level functions and classes of 4 to 40 lines. */
function pieces(texts: readonly string[]): string[] {
  return texts.flatMap((text) => parse(text).root.children.filter(({ type }) => /definition/.test(type)).map(({ from, to }) => `${text.slice(from, to)}\n`))
    .filter((text) => { const lines = text.split('\n').length; return lines > 4 && lines <= 40; });
}

/** A small generator with a seed (mulberry32). */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

function nodes(root: Syntax, into: Syntax[] = []): Syntax[] {
  into.push(root);
  if (root.type !== 'string') for (const child of root.children) nodes(child, into);
  return into;
}

const leaves = (text: string): Syntax[] => nodes(parse(text).root).filter((node) => node.children.length === 0 || node.type === 'string');
const splice = (text: string, { from, to }: { from: number; to: number }, insert: string): string => text.slice(0, from) + insert + text.slice(to);

/** The same program, laid out otherwise. */
function relaid(text: string, pick: (below: number) => number): string {
  let depth = 0;
  let out = '';
  let end = 0;
  for (const leaf of leaves(text)) {
    const gap = text.slice(end, leaf.from);
    if (')]}'.includes(leaf.type)) depth--;
    if (depth > 0) out += [gap, ' ', '\n', '  # said in passing\n\t', ' \\\n '][pick(5)] + (/\w$/.test(out) ? ' ' : '');
    else out += gap.includes('\n') && pick(3) === 0 ? gap.replace(/^/, '  # a remark').replace(/\n/, '\n\n        # another, badly placed\n') : gap;
    const word = text.slice(leaf.from, leaf.to);
    const plain = /^'([^'"\\{}\n]*)'$/.exec(word);
    out += plain !== null && pick(2) === 0 ? [`"${plain[1]}"`, `'''${plain[1]}'''`, `("${plain[1]}")`, `u'${plain[1]}'`][pick(4)] : word;
    if ('([{'.includes(leaf.type)) depth++;
    end = leaf.to;
  }
  return `# first of all\n\n${out}${text.slice(end)}   # last of all\n\n`;
}

/** Parentheses around some expression. */
function wrapped(text: string, pick: (below: number) => number): string {
  const expressions = nodes(parse(text).root).filter(({ type }) => /^(call|attribute|subscript|identifier|integer|string|.*operator|conditional_expression|lambda|list)$/.test(type));
  const node = expressions[pick(expressions.length)];
  return node === undefined ? text : splice(text, node, `(${text.slice(node.from, node.to)})`);
}

const OTHER: Readonly<Record<string, string>> = { '+': '-', '-': '+', '*': '/', '==': '!=', '!=': '==', '<': '<=', '>': '>=', '<=': '<', '>=': '>', and: 'or', or: 'and', is: 'is not', in: 'not in', if: 'while', True: 'False', False: 'True', None: '0', return: 'yield', '=': '+=', '+=': '-=', '%': '//', pass: '...', '.': '+', break: 'continue', def: 'async def', ',': ';' };

/** A change at one token, of a kind that the round chooses; most change the meaning, some break the text, a few do neither. */
function mutated(text: string, pick: (below: number) => number): string {
  const all = leaves(text);
  const leaf = all[pick(all.length)]!;
  const word = text.slice(leaf.from, leaf.to);
  switch (pick(8)) {
    case 0: return splice(text, leaf, '');
    case 1: return splice(text, leaf, `${word} ${word}`);
    case 2: return splice(text, { from: leaf.to, to: leaf.to }, ['\n', ',', ' ,', '()', ';', '\\\n', '*', '_', '0', '.'][pick(10)]!);
    case 3: {
      const other = all[pick(all.length)]!;
      const [a, b] = leaf.from < other.from ? [leaf, other] : [other, leaf];
      return a === b ? text : text.slice(0, a.from) + text.slice(b.from, b.to) + text.slice(a.to, b.from) + text.slice(a.from, a.to) + text.slice(b.to);
    }
    case 4: {
      const statements = nodes(parse(text).root).filter(({ type }) => type.endsWith('_statement'));
      const gone = statements[pick(statements.length)];
      return gone === undefined ? text : splice(text, gone, ['pass', '', 'None'][pick(3)]!);
    }
    case 5: return leaf.type === 'string' ? splice(text, { from: leaf.to - 1 - pick(Math.max(1, word.length - 2)), to: leaf.to - 1 }, ['', '\\', 'x', '\\x4', '{', ' '][pick(6)]! + word.at(-2)) : splice(text, leaf, `(${word})`);
    case 6: return leaf.type === 'integer' ? splice(text, leaf, [`${word}.0`, `0x${word}`, `0${word}`, `${word}_`, `${word}j`, `-${word}`][pick(6)]!) : splice(text, leaf, `${word}x`);
    default: return splice(text, leaf, OTHER[word] ?? `${word}_`);
  }
}

describe('P2 comments and layout of Python do not count', () => {
  it.each([
    ['comments and blank lines', 'x = 1\ny = 2', '# a\nx = 1  # b\n\n\ny = 2\n# c'],
    ['semicolons', 'x = 1\ny = 2', 'x = 1; y = 2;'],
    ['indentation', 'if a:\n  b', 'if a:\n\tb'],
    ['a block on the line', 'if a:\n  b', 'if a: b'],
    ['quotes', 'x = "a"', "x = '''a'''"],
    ['joined strings', 'x = "ab"', "x = ('a'\n  'b')"],
    ['escapes', 'x = "\\n\\x41\\u00e9"', 'x = """\nA\u00e9"""'],
    ['raw strings', "x = r'\\d'", "x = '\\\\d'"],
    ['raw backslashes', "x = r'\\\\'", "x = '\\\\\\\\'"],
    ['joined f-strings', 'x = f"a{b}c"', 'x = "a" f"{b}" "c"'],
    ['an echo', 'x = f"{a=}"', 'x = f"a={a!r}"'],
    ['numbers', 'x = 0xFF + 1_000 + 1E3 + 2J', 'x = 255 + 1000 + 1000.0 + 2j'],
    ['parentheses', 'x = a + b * c', 'x = (a + (b * (c)))'],
    ['a tuple', 'x = 1, 2', 'x = (1, 2,)'],
    ['a tuple as index', 'x[1, 2]', 'x[(1, 2)]'],
    ['trailing commas', 'f(a, [b], {c: d}, {e})', 'f(a, [b,], {c: d,}, {e,},)'],
    ['parameters', 'def f(a, *, b=1): pass', 'def f(\n  a,\n  *,\n  b=(1),\n): pass'],
    ['imports', 'from a import b, c', 'from a import (\n  b,\n  c,\n)'],
    ['a class without bases', 'class A: pass', 'class A(): pass'],
    ['a generator', 'f(x for x in y)', 'f((x for x in y))'],
    ['with', 'with a as b, c as d: pass', 'with (a as b, c as d,): pass'],
    ['continued lines', 'x = a + b', 'x = a \\\n  + b'],
    ['elif', 'if a: b\nelif c: d\nelse: e', 'if a: b\nelse:\n  if c: d\n  else: e'],
    ['exceptions', 'try: a\nexcept (B, C): d', 'try: a\nexcept B, C: d'],
    ['patterns', 'match a:\n  case (b, c): d', 'match a:\n  case [b, c]: d'],
    ['one identifier in two spellings', 'ﬁ = 1', 'fi = 1'],
    ['nothing at all', '', '# nothing'],
  ])('%s', (_, a, b) => {
    expect(python.same(a, b)).toBe(true);
    expect(normal(a)).toBe(normal(b));
  });

  it.each([
    ['one-tuples', 'x = 1', 'x = 1,'],
    ['one-tuples as targets', 'x = y', 'x, = y'],
    ['one-tuples as index', 'x[1]', 'x[1,]'],
    ['nesting', 'a - (b - c)', '(a - b) - c'],
    ['chained comparison', 'a < b < c', '(a < b) < c'],
    ['kinds of numbers', 'x = 1', 'x = 1.0'],
    ['docstrings', '"a"\nx', '"a "\nx'],
    ['prefixes', 'x = "a"', 'x = b"a"'],
    ['f-strings', 'x = "{a}"', 'x = f"{a}"'],
    ['space within an echo', 'f"{a=}"', 'f"{a =}"'],
    ['space within a format', 'f"{a:>3}"', 'f"{a: >3}"'],
    ['surrogate halves', 'x = "\\ud83d\\ude00"', 'x = "\\U0001f600"'],
    ['annotated in parentheses', 'x: int = 1', '(x): int = 1'],
    ['a default for a bound', 'def f[T: int](): pass', 'def f[T = int](): pass'],
    ['assert of a tuple', 'assert a, b', 'assert (a, b)'],
    ['slices', 'x[:a]', 'x[a:]'],
    ['stars', 'def f(a, b): pass', 'def f(a, *, b): pass'],
    ['the end of a block', 'if a:\n  b\nc', 'if a:\n  b\n  c'],
    ['raw and not', "r'\\\\'", "r''"],
  ])('but not: %s', (_, a, b) => {
    expect(python.same(a, b)).toBe(false);
    expect(normal(a)).not.toBe(normal(b));
  });

  it('holds when files of the library are written anew from its tree alone', () => {
    const different = [...python.library].filter(([file]) => file.length % 5 === 0 || KNOWN.has(file))
      .filter(([, text]) => normal(text) !== normal(python.unparse(text))).map(([file]) => file);
    expect(different.sort()).toEqual([...KNOWN].sort());
  }, 60_000);

  it('holds for generated layouts of real functions', () => {
    const pick = chance(20260);
    let tried = 0;
    for (const cell of cells) {
      for (const other of [relaid(cell, pick), relaid(cell, pick), wrapped(cell, pick), wrapped(cell, pick), wrapped(cell, pick)]) {
        if (other === cell || python.same(cell, other) !== true) continue;
        tried++;
        if (normal(other) !== normal(cell)) expect.fail(`the same program has another normal form:\n${cell}\n${other}`);
      }
    }
    expect(tried).toBeGreaterThan(500);
  }, 60_000);
});

/**
 * Files whose normal form changes when they are written anew, though the tree does not: `with a if b else c as d`, where the
 * grammar takes `c as d` for one; and `f(k=v, *rest)`, where the tree forgets which was first, but Python evaluates them so.
 */
const KNOWN = new Set(['compileall.py', 'pickle.py']);

describe('P2 everything else of Python counts', () => {
  it.each([
    ['x = a +\nb', 'x = a + b'], ['import a,', 'import a'], ['f(,)', 'f()'], ['{,}', '{}'], ['x = 01', 'x = 1'], ['x = 1_', 'x = 1'], ['f((*a))', 'f(*a)'],
    ['x = (*a)', 'x = *a,'], ['x := 1', '(x := 1)'], ['x = "\\x4"', 'x = "\\\\x4"'], ['"a" b"b"', 'b"ab"'], ['ur"a"', 'r"a"'], ['def f((a)): pass', 'def f(a): pass'],
    ['try: a\nexcept B as (c): d', 'try: a\nexcept B as c: d'], ['with a,: b', 'with a: b'], ['[yield]', '[(yield)]'], ['[x for x in y,]', '[x for x in y]'],
  ])('%j is no Python, so it is not taken for %j', (broken, sound) => {
    expect(python.same(broken, broken)).toBeUndefined();
    expect(normal(broken)).not.toBe(normal(sound));
    expect(analysePython(broken).problems).toMatchObject([{ code: 'syntax', severity: 'warning' }]);
  });

  it('no change of one token that CPython sees goes unseen, nor one that breaks the text', () => {
    const pick = chance(314);
    const counts = { changed: 0, broken: 0, same: 0 };
    for (const cell of cells) {
      const before = normal(cell);
      for (let round = 0; round < 10; round++) {
        const other = mutated(cell, pick);
        if (other === cell) continue;
        const same = python.same(cell, other);
        counts[same === undefined ? 'broken' : same ? 'same' : 'changed']++;
        // Analysed in any case: it must not throw on broken texts either.
        if (normal(other) === before && same !== true) expect.fail(`${same === false ? 'another program' : 'a broken text'} has the same normal form:\n${cell}\n${other}`);
      }
    }
    expect(counts.changed).toBeGreaterThan(400);
    expect(counts.broken).toBeGreaterThan(600);
  }, 120_000);
});
