/** The JavaScript engine: bodies, inputs, outputs, lines, chance. Its prison is in `javascript-sandbox.test.ts`. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Blobs } from '../../contracts/values.ts';
import { NumberArray } from '../../runtime/values/array.ts';
import { Tagged, Tuple } from '../../runtime/values/scalars.ts';
import { blobs, engine, input, programOf, run, table } from '../support/javascript.ts';

afterAll(() => engine.close());

const value = async (...args: Parameters<typeof run>): Promise<unknown> => (await run(...args)).value;
const months = table({
  m: ['INTEGER', [1, 2, 3]], t: ['DOUBLE', [1.5, null, NaN]], s: ['VARCHAR', ['a', null, 'c']], big: ['BIGINT', [1, 2, 3]], huge: ['BIGINT', [2n ** 60n, 2, 3]],
  d: ['DATE', ['2020-01-31', '2020-02-29', '2021-01-01'].map((text) => new Tagged('date', text))], n: ['DECIMAL(9,2)', ['1.10', '2.00', '0.05'].map((text) => new Tagged('decimal', text))], l: ['INTEGER[]', [[1], [], null]], b: ['BOOLEAN', [true, null, false]],
});

describe('C8 bodies', () => {
  it.each<[string, unknown]>([
    ['1 + 1', 2], ['const a = 1; // note\na + 1;', 2], ['{a: 1}', { a: 1 }], ['({a: 1})', { a: 1 }], ['let a = 1', null], ['', null], ['await Promise.resolve(4)', 4], ['Promise.resolve(5)', 5], ['`a${1}`', 'a1'],
    ['const cell = [1, 2]; cell.length', [1, 2]], ['let cell = 1; cell += 1; "other"', 2], ['function f() { return this }\nf()', null], ['// only\n7 // a note', 7], ['if (true) { 3 }', null], ['[1, , undefined]', [1, null, null]], ['({a: undefined})', {}],
    ['new Date(0)', new Tagged('timestamptz', '1970-01-01T00:00:00Z')], ['2n ** 64n', 2n ** 64n], ['5n', 5], ['-0', -0], ['new Uint8Array([1])', new Uint8Array([1])], ['new Int16Array([1, -1])', NumberArray.of(new Int16Array([1, -1]))], ['new Map([[1, {2: "x"}]])', new Map([[1, { 2: 'x' }]])],
  ])('C8 %j gives %o', async (code, expected) => {
    expect(await value(code)).toStrictEqual(expected);
  });

  it('C1 wanted names are handed out, others summarised', async () => {
    const { outcome } = await run('const a = [1], b = {x: 1};\nfunction f() {}\nclass K {}\na', {}, { wanted: ['a', 'f', 'K'] });
    expect(outcome.outputs.a!.ref).toMatchObject({ form: 'record' });
    expect(outcome.outputs.b).toStrictEqual({ summary: { type: 'record of 1', preview: '{x: 1}' } });
    expect(outcome.outputs.f!.ref).toMatchObject({ form: 'live', live: { what: 'function', language: 'javascript' } });
    expect(outcome.outputs.K!.ref).toMatchObject({ form: 'live', live: { what: 'class' } });
  });

  it('C8 an object with methods is live', async () => {
    expect(await value('new (class A { m() {} })()')).toMatchObject({ form: 'live', live: { what: 'object' } });
    expect(await value('({m() {}})')).toMatchObject({ form: 'live', live: { what: 'object' } });
  });

  it.each([['const a = {}; a.b = [a]; a', '.b[0]'], ['({a: [1, Symbol("x")]})', '.a[1]'], ['[new Date(NaN)]', '[0]'], ['let a = []; for (let i = 0; i < 600; i++) a = [a]; a', '[0]']])('C8 %s is refused with its place', async (code, path) => {
    await expect(run(code)).rejects.toMatchObject({ code: 'value-type', data: { path: expect.stringContaining(path) as string } });
  });

  it('D2 helpers beside the notebook can be imported, and import each other', async () => {
    const modules = { 'helpers.js': 'import { k } from "./lib/consts.mjs";\nexport const twice = (x) => x * k;', 'lib/consts.mjs': 'export { k } from "./two.js";', 'lib/two.js': 'export const k = 2;' };
    expect(await value('import { twice } from "./helpers.js";\ntwice(4)', {}, { modules })).toBe(8);
    expect(await value('(await import("helpers")).twice(5)', {}, { modules })).toBe(10);
  });

  it('R5 a module that is not there is named as it was written, with the line of its import', async () => {
    const refused = (specifier: string, line?: number) => ({ code: 'exception', line, message: expect.stringContaining(`There is no module “${specifier}” here`) as string });
    await expect(run('const a = "fs";\nimport fs from "fs";\nfs')).rejects.toMatchObject(refused('fs', 11));
    await expect(run('1;\n\nimport {\n  a,\n} from \'../up.js\';')).rejects.toMatchObject(refused('../up.js', 14));
    await expect(run('1;\nawait import("node:fs")')).rejects.toMatchObject(refused('node:fs', 11));
    await expect(run('import "./one.js";', {}, { modules: { 'one.js': '\n\nimport "./two.js";' } })).rejects.toMatchObject(refused('./two.js'));
  });

  it('P8 a producer from another folder has its own helpers, though they bear the same names', async () => {
    const producer = { ...programOf('import { one } from "./helpers.js";\nfunction f() { return one; }', { id: 'f', modules: { 'helpers.js': 'export const one = "theirs";' } }), file: 'part/inner.telar.md', folder: 'part' };
    const inputs = { f: { producer, inputs: {}, output: 'value' } };
    expect(await value('import { one } from "./helpers.js";\n[f(), one]', inputs, { modules: { 'helpers.js': 'export const one = "ours";' } })).toEqual(['theirs', 'ours']);
  });

  it('R2 a step that was cancelled before it began is cancelled, and no fault of the engine', async () => {
    await expect(run('1', {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('C8 inputs', () => {
  it('C8 a table is rows and typed columns', async () => {
    expect(await value('[...t]', { t: months })).toStrictEqual([
      { m: 1, t: 1.5, s: 'a', big: 1, huge: 2n ** 60n, d: new Tagged('date', '2020-01-31'), n: new Tagged('decimal', '1.10'), l: [1], b: true },
      { m: 2, t: null, s: null, big: 2, huge: 2, d: new Tagged('date', '2020-02-29'), n: new Tagged('decimal', '2.00'), l: [], b: null },
      { m: 3, t: NaN, s: 'c', big: 3, huge: 3, d: new Tagged('date', '2021-01-01'), n: new Tagged('decimal', '0.05'), l: null, b: false },
    ]);
    expect(await value('[t.length, t[0].m, t.at(-1).m, t[3] === undefined, t.columns[1].name, typeof t.column("big")[0], typeof t.column("huge")[1], t.column("m").constructor.name]', { t: months }))
      .toStrictEqual([3, 1, 3, true, 't', 'number', 'bigint', 'Int32Array']);
    expect(await value('[t.filter((row) => row.m > 1).map((row) => row.m), t.reduce((sum, row) => sum + row.m, 0), t.slice(1, 2).length, t.find((row) => row.s === "c").m]', { t: months })).toStrictEqual([[2, 3], 6, 1, 3]);
    await expect(run('t.column("nope")', { t: months })).rejects.toMatchObject({ code: 'exception', message: expect.stringContaining('it has m, t, s') as string });
  });

  it('C8 dates and decimals order, print and convert', async () => {
    expect(await value('[t[0].d < t[1].d, `${t[0].d}`, t[0].n * 2, t[0].d.toDate().getUTCFullYear(), JSON.stringify(t[0].n)]', { t: months })).toStrictEqual([true, '2020-01-31', 2.2, 2020, '"1.10"']);
  });

  it('C8 many rows cross by file, exactly', async () => {
    const size = 50_000;
    const big = table({ a: ['DOUBLE', Array.from({ length: size }, (_, at) => at / 7)], b: ['BIGINT', Array.from({ length: size }, (_, at) => at)], s: ['VARCHAR', Array.from({ length: size }, (_, at) => `s${at}`)] });
    expect(await value('let ok = 0; let at = 0; for (const row of t) { if (row.a === at / 7 && row.b === at && row.s === "s" + at) ok++; at++; } ok', { t: big })).toBe(size);
  });

  it('C8 a stored file is read where it lies, and left there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'telar-blobs-'));
    try {
      const path = (hash: string): string => join(folder, hash);
      const onDisk: Blobs = { ...blobs, get: (hash) => (existsSync(path(hash)) ? undefined : blobs.get(hash)), path: (hash) => (existsSync(path(hash)) ? path(hash) : undefined) };
      const x = input('é'.repeat(100_000));
      writeFileSync(path(x.ref.hash), blobs.get(x.ref.hash)!);
      const context = { blobs: onDisk, limits: { time: 20_000, memory: 512e6, output: 64e6 }, signal: new AbortController().signal, emit: () => {} };
      const outcome = await engine.execute(programOf('x.length'), { x }, context);
      expect(outcome.outputs.value!.summary.preview).toBe('100000');
      expect(existsSync(path(x.ref.hash))).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each<[string, unknown, string, unknown]>([
    ['a list', [3, 1], 'x.length', 2], ['tags', { a: new Tagged('float', '3'), b: Tuple.of(1, 2), c: 2n ** 60n }, 'x.a.toFixed(1) + x.b[1] + typeof x.c', '3.02bigint'], ['text', 'héllo', 'x + x.length', 'héllo5'],
    ['bytes', new Uint8Array([1, 2]), 'x.length + x[1]', 4], ['an array', new NumberArray('float64', [2, 1], Float64Array.of(1, 2)), '[...x.shape, x[1], x.constructor.name]', [2, 1, 2, 'Float64Array']], ['a mapping', new Map([[1, 'a']]), 'x.get(1)', 'a'],
  ])('C8 %s is natural inside', async (_, given, code, expected) => {
    expect(await value(code, { x: input(given) })).toStrictEqual(expected);
  });

  it('C8 what is given out untouched is the same value, to the byte', async () => {
    for (const x of [months, input({ f: new Tagged('float', '3') }), input(new NumberArray('uint8', [2, 2], Uint8Array.of(1, 2, 3, 4))), input(new Uint8Array([7]))]) {
      expect((await run('x', { x })).outcome.outputs.value!.ref).toStrictEqual(x.ref);
    }
  });

  it('C8 dotted ports are members of a frozen namespace', async () => {
    expect(await value('station.monthly + station.yearly', { 'station.monthly': input(1), 'station.yearly': input(2) })).toBe(3);
    await expect(run('station.monthly = 2', { 'station.monthly': input(1) })).rejects.toMatchObject({ code: 'exception' });
  });

  it('D2 a name that is read and rebound is local', async () => {
    expect(await value('let df = df.filter((x) => x > 1);\ndf', { df: input([1, 2, 3]) })).toStrictEqual([2, 3]);
    expect(await value('df = df.filter((x) => x > 1);\ndf', { df: input([1, 2, 3]) })).toStrictEqual([2, 3]);
  });

  it('P8 functions and classes come by running their producer in the same realm', async () => {
    const producer = programOf('let calls = 0;\nfunction f(x) { calls += 1; return x * base + calls }\nclass P { hi() { return 1 } }', { id: 'made' });
    const inputs = { base: input(21) };
    expect(await value('[f(2), f(2), new P().hi()]', { f: { producer, inputs, output: 'f' }, P: { producer, inputs, output: 'P' } })).toStrictEqual([43, 44, 1]);
  });

  it('C8 values that JavaScript cannot take name their port', async () => {
    await expect(run('x', { x: { ref: { form: 'opaque', hash: '0'.repeat(64), bytes: 1 } } })).rejects.toMatchObject({ code: 'value-type', data: { port: 'x' } });
    await expect(run('x', { x: { ref: { form: 'text', hash: '0'.repeat(64), bytes: 1 } } })).rejects.toMatchObject({ code: 'value-missing' });
  });
});

describe('R7 inputs belong to others', () => {
  it.each([
    ['x.sort(); x', input([3, 1, 2]), [1, 2, 3], 'input “x”'], ['x.a.b = 2; x', input({ a: { b: 1 } }), { a: { b: 2 } }, 'input “x”'], ['x.get(1).push(1); 5', input(new Map([[1, [2]]])), 5, 'input “x”'],
    ['x[0] = 9; 5', input(Float64Array.of(1)), 5, 'input “x”'], ['x.column("m").reverse(); x.map((row) => row.m)', months, [3, 2, 1], 'column “m” of input “x”'],
  ])('R7 %s is told', async (code, x, expected, what) => {
    const before = x.ref.hash;
    const { value: got, outcome } = await run(code, { x });
    expect(got).toStrictEqual(expected);
    expect(outcome.warnings).toStrictEqual([expect.stringContaining(what)]);
    expect((await run('x', { x })).outcome.outputs.value!.ref!.hash).toBe(before);
  });

  it('R7 work on copies is not told', async () => {
    const { outcome } = await run('const own = [...x].sort(); const rows = t.toArray().sort((a, b) => b.m - a.m); rows[0].m = 7; own', { x: input([3, 1]), t: months });
    expect(outcome.warnings).toBeUndefined();
  });
});

describe('R4 what a body says', () => {
  it('R4 the console streams in order', async () => {
    expect((await run('console.log("a", {b: [1]}); console.error("bad"); console.warn(new Error("x")); console.log(1)')).said).toBe('a {b: [1]}\n[bad\nError: x\n]1\n');
  });

  it.each([
    ['const a = 1;\n\nfoo.bar;', 'exception', 12, /ReferenceError/], ['let a = `\n\n`;\nfunction f() {\n  null.x;\n}\nf();', 'exception', 14, /TypeError/], ['let a = 1;\nlet b = ;', 'syntax', 11, /SyntaxError/],
    ['\nthrow "text"', 'exception', undefined, /text/], ['await 1;\nawait (async () => { throw new Error("late") })()', 'exception', 11, /^Error: late$/], ['throw new Error()', 'exception', 10, /^Error$/], ['\nJSON.parse("{")', 'exception', 11, /SyntaxError/], ['x.y\n.z', 'exception', 11, /cannot read/],
  ])('R4 %j fails in the line of the notebook', async (code, kind, line, message) => {
    await expect(run(code, { x: input({}) })).rejects.toMatchObject({ code: kind, line, message: expect.stringMatching(message) as string });
  });
});

describe('R9 chance', () => {
  it('R9 a seed gives the same numbers, none gives others', async () => {
    const [a, b, c, d] = [await value('Math.random()', {}, { seed: 7 }), await value('Math.random()', {}, { seed: 7 }), await value('Math.random()', {}, { seed: 8 }), await value('Math.random()')];
    expect(a).toBe(b);
    expect(new Set([a, c, d, await value('Math.random()')]).size).toBe(4);
    expect(await value('let n = 0; for (let i = 0; i < 10000; i++) n += Math.random(); n / 10000', {}, { seed: 1 })).toBeCloseTo(0.5, 1);
  });

  it('P1 the time zone is UTC', async () => {
    expect(await value('[new Date(2020, 6, 1).getTimezoneOffset(), new Date(2020, 6, 1).getTime()]')).toStrictEqual([0, Date.UTC(2020, 6, 1)]);
  });

  it('P1 a step leaves nothing for the next', async () => {
    await run('globalThis.left = 1; Array.prototype.left = 1; Object.freeze(Math)');
    expect(await value('[typeof left, typeof [].left]')).toStrictEqual(['undefined', 'undefined']);
  });
});
