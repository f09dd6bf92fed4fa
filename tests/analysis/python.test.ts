/** Names of a Python body: one case for each trap that names fall into. */
import { beforeAll, describe, expect, it } from 'vitest';
import { analysePython, analysePythonExpression, preparePython } from '../../nodes/python/analyse.ts';
import { python } from '../../nodes/python/index.ts';
import type { Outcome, Program, Step, StepContext } from '../../contracts/node.ts';
import { resources } from './cpython.node.ts';

beforeAll(() => preparePython(resources));

const free = (body: string): string[] => analysePython(body).reads.filter((read) => read.builtin !== true).map((read) => read.name);
const outputs = (body: string): string[] => analysePython(body).binds.filter((bind) => bind.output).map((bind) => bind.name);
const locals = (body: string): string[] => analysePython(body).binds.filter((bind) => !bind.output).map((bind) => bind.name);
const words = (body: string, ranges: readonly { from: number; to: number }[]): string[] => ranges.map(({ from, to }) => body.slice(from, to));

describe('G5 free names of Python', () => {
  it.each([
    ['a name read', 'print(sales)', ['sales']],
    ['not what is bound', 'x = 1\nprint(x)', []],
    ['bound further down, read in a function', 'def f(): return later\nlater = 1', []],
    ['in nested functions', 'def f():\n  def g(): return deep\n  return g', ['deep']],
    ['not parameters', 'def f(a, /, b, *c, d=dflt, **e): return a, b, c, d, e', ['dflt']],
    ['defaults and decorators in the scope around', '@wrap\ndef f(wrap, x=wrap2): return wrap', ['wrap', 'wrap2']],
    ['lambda', 'f = lambda x, y=z: x + y + w', ['z', 'w']],
    ['comprehension', '[x * k for x in data if x in other]', ['data', 'other', 'k']],
    ['nested comprehension', '[y for x in rows for y in x.items]', ['rows']],
    ['a class body is not seen from its methods', 'class C:\n  rate = 1\n  def f(self): return rate', ['rate']],
    ['nor from its comprehensions, but for the first iterable', 'class C:\n  xs = [1]\n  k = 2\n  ys = [k for x in xs]', ['k']],
    ['a class body reads before it binds', 'class C:\n  k = k', ['k']],
    ['a class body sees itself afterwards', 'class C:\n  k = 1\n  j = k', []],
    ['__class__ in a method', 'class C:\n  def f(self): return __class__', []],
    ['private names are mangled', 'class C:\n  def f(self): return __x', ['_C__x']],
    ['but not dunders', 'class _C:\n  def f(self): return __x__', ['__x__']],
    ['global in a function defines', 'def f():\n  global total\n  total = 1\nprint(total)', []],
    ['global alone does not', 'def f():\n  global total\n  return total', ['total']],
    ['nonlocal', 'def f():\n  n = 0\n  def g():\n    nonlocal n\n    n += 1\n  return g', []],
    ['attributes and keywords are no names', 'sales.total(by=region)', ['sales', 'region']],
    ['targets of attribute and item are read', 'frame.x = 1\nframe[key] = 2', ['frame', 'key']],
    ['annotation alone binds nothing', 'x: int\nprint(x)', ['x']],
    ['annotation alone makes a local in a function', 'def f():\n  x: int\n  return x', []],
    ['annotations are read', 'def f(a: Station) -> Result: pass', ['Station', 'Result']],
    ['annotations in a class see the class', 'class C:\n  T = int\n  def f(self, a: T): pass', []],
    ['not those of a function\'s own variables', 'def f():\n  x: Nothing = 1\n  return x', []],
    ['not with annotations from the future', 'from __future__ import annotations\ndef f(a: Station): pass\nx: Thing = 1', []],
    ['walrus', 'if (n := count(data)) > 3: print(n)', ['count', 'data']],
    ['walrus out of a comprehension', '[y for x in data if (y := x)]\nprint(y)', ['data']],
    ['except as', 'try: pass\nexcept Wrong as e: print(e)', ['Wrong']],
    ['several exceptions without parentheses', 'try: pass\nexcept A, B: pass', ['A', 'B']],
    ['with', 'with open(path) as f, g() as (a, b): print(f, a, b)', ['path', 'g']],
    ['parenthesised with', 'with (a as b, c as d): print(b, d)', ['a', 'c']],
    ['del binds', 'def f():\n  del x\n  return x', []],
    ['match captures and reads', 'match shape:\n  case Point(x=0, y=yy): yy\n  case Kind.A | Kind.B: pass\n  case {"k": v, **rest}: v, rest\n  case [first, *others] as all_: pass\n  case _: pass', ['shape', 'Point', 'Kind']],
    ['f-strings', 'f"{a} {b!r:>{width}} {{c}} {d=}"', ['a', 'b', 'width', 'd']],
    ['a format that looks like a walrus', 'f"{a:=1}"\nprint(f"{b:=+{w}}")', ['a', 'b', 'w']],
    ['t-strings', 't"{a}"', ['a']],
    ['nested quotes', 'f"{d["k"]}"', ['d']],
    ['type alias', 'type Pair[T] = tuple[T, Other]', ['Other']],
    ['type parameters', 'def f[T: Bound, *Ts, **P](x: T) -> list[T]: return T', ['Bound']],
    ['defaults of type parameters', 'class C[T: B = D, U = list[T]](Base[T]): pass\ntype A[K = E] = K', ['Base', 'B', 'D', 'E']],
    ['a normal form is not changed by them', 'def f[T = int](x: T): pass', []],
    ['print of old is read', 'print >> log, "x"', ['log']],
    ['a bracket that continues too far left', 'def f():\n    return a[-\n1] + b', ['a', 'b']],
    ['NFKC', 'ﬁnd(data)', ['find', 'data']],
    ['star target', 'a, *b = data\nprint(a, b)', ['data']],
    ['await and async', 'async with session as s:\n  async for row in s: await use(row)', ['session', 'use']],
  ])('%s', (_, body, names) => { expect(free(body).sort()).toEqual([...names].sort()); });

  it('builtins are marked, and what site adds is never missed', () => {
    const { reads } = analysePython('print(range(3), __name__, license)');
    expect(reads.filter((read) => read.builtin).map((read) => read.name)).toEqual(['print', 'range', '__name__']);
    expect(reads.find((read) => read.name === 'license')).toMatchObject({ optional: true });
  });

  it('a star import leaves names to run time and warns', () => {
    const { open, problems } = analysePython('from math import *\nprint(sqrt(2))');
    expect(open).toBe(true);
    expect(problems).toMatchObject([{ code: 'star-import', severity: 'warning', at: { from: 17, to: 18 } }]);
  });

  it('places cover every use, in nested scopes too', () => {
    const body = 'def f(x):\n  return [k * x for _ in k]\nclass C(k): v = k\nprint(f"{k}", "é😀", k)';
    const read = analysePython(body).reads.find(({ name }) => name === 'k')!;
    expect(words(body, read.ranges)).toEqual(['k', 'k', 'k', 'k', 'k', 'k']);
    expect(read.members).toBeUndefined();
  });

  it('members are told when every use is one', () => {
    const { reads } = analysePython('a.y; a.x(1).z; b.x; b\ndef f() -> a.t: pass');
    expect(reads.find(({ name }) => name === 'a')!.members).toEqual(['t', 'x', 'y']);
    expect(reads.find(({ name }) => name === 'b')!.members).toBeUndefined();
  });

  it.each([
    ['df = df.dropna()', ['df'], false],
    ['x += 1', ['x'], false],
    ['x = 1\nx += 1', [], false],
    ['[x for _ in y]\nx = 1', ['x'], false],
    ['gen = (later for _ in y)\nlater = 1', [], false],
    ['class C:\n  k = k\nk = 2', ['k'], false],
    ['if y: x = 1\nprint(x)', [], false],
    ['del x', ['x'], false],
    ['for row in y:\n  if row: print(last)\n  last = row', ['last'], true],
  ])('%j reads before it binds: %j', (body, names, soft) => {
    const rebound = analysePython(body).reads.filter((read) => read.rebound);
    expect(rebound.map((read) => read.name)).toEqual(names);
    for (const read of rebound) expect(read.optional ?? false).toBe(soft);
  });

  it('a rebinding is both read and bound, each with its places', () => {
    const body = 'df = df.dropna()\ndf.head()';
    const { reads: [read], binds: [bind] } = analysePython(body);
    expect(read!.ranges).toEqual([{ from: 5, to: 7 }]);
    expect(read!.members).toEqual(['dropna']);
    expect(bind!.ranges).toEqual([{ from: 0, to: 2 }, { from: 17, to: 19 }]);
  });
});

describe('G7 names a Python body gives out', () => {
  it('by assignment, def and class', () => {
    const { binds } = analysePython('a = b = 1\n(c, [d, *e]) = q\nf: int = 2\ndef g(): pass\nclass H: pass\ntype I = int\nif a:\n  j = 1\nfor k in q: l = k\nm = 1\nm += 1\n(n := 3)\n@deco\ndef o(): pass');
    expect(Object.fromEntries(binds.filter((bind) => bind.output).map((bind) => [bind.name, bind.what]))).toEqual({
      a: 'value', b: 'value', c: 'value', d: 'value', e: 'value', f: 'value', g: 'function', H: 'class', I: 'class', j: 'value', l: 'value', m: 'value', n: 'value', o: 'function',
    });
  });

  it('never by import, for, with, except, a comprehension or match, nor private ones, nor `value`', () => {
    const body = 'import a.b, c as d\nfrom e import f as g, h\nfor i in q: pass\nwith q as (j, k): pass\ntry: pass\nexcept q as l: pass\n[m := n for n in q]\nmatch q:\n  case o: pass\n_p = __q__ = 1\nvalue = 2\nr: int';
    expect(outputs(body)).toEqual([]);
    expect(locals(body).sort()).toEqual(['_p', '__q__', 'a', 'd', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'o', 'value'].sort());
  });

  it('a name that is imported and then assigned is given out; one that is deleted is not', () => {
    expect(outputs('from q import x\nx = wrap(x)\ny = 1\ndel y\nz = 1\ndel z\nz = 2')).toEqual(['x', 'z']);
  });

  it('G8 functions of one body may call each other', () => {
    expect(free('def even(n): return n == 0 or odd(n - 1)\ndef odd(n): return n != 0 and even(n - 1)')).toEqual([]);
  });

  it('places cover definition, uses and global statements', () => {
    const body = 'total = 0\ndef add(n):\n  global total\n  total += n\nprint(total)';
    const bind = analysePython(body).binds.find(({ name }) => name === 'total')!;
    expect(words(body, bind.ranges)).toEqual(['total', 'total', 'total', 'total', 'total']);
    expect(new Set(bind.ranges.map(({ from }) => from)).size).toBe(4);
  });
});

describe('P1 imports of Python', () => {
  it('are told by module, with what may be a module in one', () => {
    const body = 'import helpers, pkg.mod as m\nfrom tools import x, y as z\nfrom . import near\nfrom .. up import v\nfrom ..far.off import w\nfrom __future__ import annotations\ndef f(): import lazy';
    expect(analysePython(body).imports.map(({ module }) => module)).toEqual([
      'helpers', 'pkg.mod', 'tools', 'tools.x', 'tools.y', './near', '../up', '../up.v', '../far.off', '../far.off.w', 'lazy',
    ]);
    expect(words(body, [analysePython(body).imports[1]!.at])).toEqual(['pkg.mod']);
  });
});

describe('D4 a broken body is still analysed', () => {
  it('warns at the place and gives what it can', () => {
    const { reads, binds, problems } = analysePython('x = a +\nprint(b)\n');
    expect(reads.map(({ name }) => name)).toContain('b');
    expect(binds.map(({ name }) => name)).toEqual(['x']);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ code: 'syntax', severity: 'warning' });
  });

  it.each(['(', '"""', 'def', 'f"{', '}', '\0', 'x = = 1', `${'('.repeat(3000)}`, `x${'+1'.repeat(60_000)}`, ''])('never throws: %j', (body) => {
    expect(analysePython(body.slice(0, 200_000)).normal).toMatch(/^py0\.25[;!]/);
  });

  it('leaves magics out, and only them', () => {
    const body = '%matplotlib inline\nx = (a\n  % b)\nif x:\n    !pip \\\n  install\ns = """\n%no\n"""\n%%time\ny = x';
    const analysis = analysePython(body);
    expect(analysis.problems.map(({ at, code, severity }) => [body.slice(at.from, at.to), code, severity])).toEqual([
      ['%matplotlib inline', 'syntax', 'warning'], ['!pip \\\n  install', 'syntax', 'warning'], ['%%time', 'syntax', 'warning'],
    ]);
    expect(analysis.reads.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(words(body, analysis.binds.find(({ name }) => name === 'y')!.ranges)).toEqual(['y']);
  });

  it('reads old line ends', () => {
    expect(free('a\rb\r\nc')).toEqual(['a', 'b', 'c']);
    expect(analysePython('x = """a\r\nb"""\r\n').normal).toBe(analysePython('x = "a\\nb"').normal);
  });
});

describe('P1 a step of Python', () => {
  it('is one program with all that can change its result', async () => {
    const body = '%time\nwarmest = max(monthly)\n_k = 1\nhot = 2\n';
    const cell = { id: 'warmest', kind: 'python', language: 'python', body, params: {} };
    const step: Step = {
      node: 'by/warmest', cell, analysis: python.analyse(cell), inputs: { monthly: { ref: { form: 'record', hash: 'a', bytes: 1 } } }, wanted: ['hot'],
      params: { seed: 7, tables: 'pandas' }, file: 'n.telar.md', line: 12, modules: { helpers: 'x = 1' }, folder: 'sub',
    };
    let handed: [Program, Step['inputs']] | undefined;
    const outcome: Outcome = { outputs: {}, reads: [] };
    const context = { execute: async (program: Program, inputs: Step['inputs']) => { handed = [program, inputs]; return outcome; } } as unknown as StepContext;
    expect(await python.run(step, context)).toBe(outcome);
    expect(handed).toEqual([{
      engine: 'python', code: body.replace('%time', '     '), file: 'n.telar.md', line: 12, id: 'warmest', wanted: ['hot'], binds: ['hot'],
      modules: { helpers: 'x = 1' }, folder: 'sub', seed: 7, settings: { tables: 'pandas' },
    }, step.inputs]);
  });
});

describe('R10 expressions of checks', () => {
  it('may take several lines, with places in the text', () => {
    const text = 'len(monthly)\n  == want # twelve';
    const { reads, problems } = analysePythonExpression(text);
    expect(problems).toEqual([]);
    expect(reads.map(({ name, ranges }) => [name, words(text, ranges)])).toEqual([['len', ['len']], ['monthly', ['monthly']], ['want', ['want']]]);
  });

  it.each(['', 'x = 1', 'a) or (b', 'a; b', 'a b'])('%j is none', (text) => {
    expect(analysePythonExpression(text).problems).toMatchObject([{ code: 'syntax' }]);
  });

  it.each(['a, b', '(x for x in y)', 'x for x in y', '(a := 1)', 'not a'])('%j is one', (text) => {
    expect(analysePythonExpression(text).problems).toEqual([]);
  });
});
