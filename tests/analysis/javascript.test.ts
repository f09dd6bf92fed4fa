/** Analysis of JavaScript: names, imports, the value's place, the normal form. */
import { readFileSync } from 'node:fs';
import { tokenizer } from 'acorn';
import { transform } from 'esbuild';
import * as fc from 'fast-check';
import { newQuickJSWASMModuleFromVariant } from 'quickjs-emscripten-core';
import { describe, expect, test } from 'vitest';
import { builtins } from '../../nodes/javascript/builtins.ts';
import { analyseJavaScript, analyseJavaScriptExpression, splitJavaScript } from '../../nodes/javascript/index.ts';

const reads = (body: string): string => analyseJavaScript(body).reads.filter((read) => read.builtin !== true)
  .map((read) => `${read.name}${read.members === undefined ? '' : `.{${read.members.join()}}`}${read.rebound === true ? '~' : ''}`).sort().join(' ');
const binds = (body: string): string => analyseJavaScript(body).binds.map((bind) => `${bind.name}:${bind.what}${bind.output ? '' : '-'}`).join(' ');
const value = (body: string): string | undefined => {
  const at = splitJavaScript(body)?.lastExpression;
  return at && body.slice(at.from, at.to);
};

test.each([
  ['a + b.c', 'a b.{c}'], ['`${warmest.m}: ${warmest.t.toFixed(1)} °C`', 'warmest.{m,t}'], ['rows.map(row => row.x + k)', 'k rows.{map}'],
  ['const {monthly, daily: d} = station; station.yearly', 'station.{monthly,daily,yearly}'], ['const {a, ...rest} = station', 'station'], ['station["a b"]; station.c', 'station.{a b,c}'],
  ['station[key]', 'key station'], ['f?.x', 'f.{x}'], ['typeof q', 'q'], ['let df = df.filter(Boolean)', 'df.{filter}~'], ['const x = 1; { const x = y }', 'y'], ['x; var x = 2', 'x~'],
  ['function f() { return x } const x = 1; f()', ''], ['const f = (a, b = a, {c} = d, ...e) => a + b + c + e + g', 'd g'], ['try { a } catch (e) { e } ', 'a'],
  ['for (const i of list) i; for (let j = 0; j < n; j++) j', 'list n'], ['label: for (;;) break label', ''], ['class A extends B { #p = q; static s = A; m() { return this.#p + r } }', 'B q r'],
  ['const o = { a, b: c, [d]: 1, e() { return f } }', 'a c d f'], ['import h, { k as l } from "./h.js"; h(l, m)', 'm'], ['x = 5', ''], ['x += 1', 'x'], ['await load(url)', 'load url'], ['new Thing(a)', 'Thing a'],
  ['tag`a ${b}`', 'b tag'], ['{a: b}', 'b'], ['{ const a = 1; b(a) }', 'b'], ['eval("zz"); q', 'q'], ['a = b = c', 'c'], ['using f = open; f', 'open'], ['', ''], ['// nothing', ''],
])('G5 %s reads %s', (body, expected) => expect(reads(body)).toBe(expected));

test.each([
  ['const a = 1, {b, c: [d]} = x; let e; var f', 'a:value b:value d:value e:value f:value'], ['function f() {} class A {} const g = () => 1, H = class {}', 'f:function A:class g:function H:class'],
  ['import x, * as y from "m"', 'x:value- y:value-'], ['for (var i = 0; i < 1; i++) {} for (const j of []) {}', 'i:value-'], ['const _p = 1; let _ = 2', '_p:value- _:value-'], ['{ let a; const b = 1; }', ''],
  ['if (q) { var a = 1 }', 'a:value'], ['(function f() {})', ''], ['async function* f() {}', 'f:function'],
])('G5 %s binds %s', (body, expected) => expect(binds(body)).toBe(expected));

test('G5 every use of a name has its place, and so has every import', () => {
  const body = "import h from './h.js';\nconst m = await import('pkg');\nconst t = { weather };\nweather.x + h(weather)";
  const { reads: [read], imports, binds: [bind] } = analyseJavaScript(body);
  expect(read?.ranges.map(({ from, to }) => [from, body.slice(from, to)])).toEqual([[67, 'weather'], [78, 'weather'], [92, 'weather']]);
  expect(imports.map(({ module, at }) => [module, body.slice(at.from, at.to)])).toEqual([['./h.js', "'./h.js'"], ['pkg', "'pkg'"]]);
  expect(bind?.ranges.map(({ from, to }) => body.slice(from, to))).toEqual(['h', 'h']);
});

test('G5 what QuickJS has is a builtin, and nothing else is missing', async () => {
  const context = (await newQuickJSWASMModuleFromVariant(import('@jitl/quickjs-wasmfile-release-sync') as never)).newContext();
  const names = context.unwrapResult(context.evalCode('Object.getOwnPropertyNames(globalThis)')).consume((handle) => context.dump(handle) as string[]);
  context.dispose();
  expect(names.length).toBeGreaterThan(50);
  expect(names.filter((name) => !builtins.has(name))).toEqual([]);
});

describe('the value of a body', () => {
  test.each([
    ['{a: 1}', '{a: 1}'], ['/* c */ {a: 1}; // d', '{a: 1}'], ['const x = 1;\nx + 1;', 'x + 1'], ['(x)', '(x)'], ['x\n;;', 'x\n'], ['const x = 1', undefined], ['{ x }', '{ x }'], ['{ const x = 1; x }', undefined],
    ['function f() {}', undefined], ['x /* c */ ;', 'x /* c */ '], ['a; b', 'b'], ['"text"', '"text"'], ['async () => 1', 'async () => 1'], ['', undefined],
  ])('C8 of %s is %s', (body, expected) => expect(value(body)?.trim()).toBe(expected?.trim()));

  test('C8 a split tells names, imports and rebound reads by place', () => {
    const body = "let df = df.filter(Boolean);\nimport h from './h.js';\ndf";
    const split = splitJavaScript(body);
    expect(split).toMatchObject({ expression: false, names: ['df', 'h'], rebound: [{ name: 'df', at: { from: 9, to: 11 } }] });
    expect(split?.imports.map(({ module, at }) => [module, body.slice(at.from, at.to)])).toEqual([['./h.js', "import h from './h.js';"]]);
    expect(splitJavaScript('{a}')?.expression).toBe(true);
    expect(splitJavaScript('a +')).toBeUndefined();
  });
});

test.each([
  ['a +', 'syntax', 3], ['return 1', 'syntax', 0], ['let a; let a', 'syntax', 11], ['export const a = 1', 'syntax', 0], ['zz = 1', 'undeclared-write', 0], ['const s = "abc', 'syntax', 10], ['a b', 'syntax', 2],
])('D4 %s has the problem %s at %i', (body, code, from) => expect(analyseJavaScript(body).problems[0]).toMatchObject({ code, at: { from } }));

test('D4 a body too deep to walk is a problem, never an exception', () => {
  expect(analyseJavaScript(`${'['.repeat(1e5)}${']'.repeat(1e5)}`).problems[0]?.code).toBe('syntax');
  expect(analyseJavaScript(`1${' + 1'.repeat(1e5)}`).problems[0]?.code).toBe('syntax');
});

test.each([['a > b.c', 'a b.{c}', 0], ['{a: x}', 'x', 0], ['a; b', '', 1], ['a;', 'a', 0], ['const a = 1', '', 1], ['a) || (b', '', 1], ['', '', 1]])('G5 the expression %s', (text, expected, problems) => {
  const analysis = analyseJavaScriptExpression(text);
  expect(analysis.reads.map((read) => `${read.name}${read.members === undefined ? '' : `.{${read.members.join()}}`}`).join(' ')).toBe(expected);
  expect(analysis.problems).toHaveLength(problems);
});

const normal = (body: string): string => analyseJavaScript(body).normal;
/** Real programs, some thousand lines. */
const files = ['acorn/dist/acorn.mjs', 'eslint-scope/lib/referencer.js', 'eslint-scope/lib/scope.js', 'yaml/browser/dist/compose/composer.js', 'yaml/browser/dist/parse/lexer.js', 'esrecurse/esrecurse.js', 'estraverse/estraverse.js', 'eslint-scope/lib/pattern-visitor.js', 'yaml/browser/dist/parse/parser.js', 'acorn/dist/acorn.js']
  .map((file) => new URL(`../../node_modules/${file}`, import.meta.url)).map((file) => readFileSync(file, 'utf8'));

test.each(files.map((text, index) => [index, text] as const))('P2 a formatter does not change the normal form of real program %i', async (_, text) => {
  const tight = await transform(text, { minifyWhitespace: true, charset: 'utf8', legalComments: 'none' });
  const wide = await transform(text, { charset: 'utf8', legalComments: 'none' });
  expect(text.length).toBeGreaterThan(300);
  expect(tight.code.length).toBeLessThan(wide.code.length);
  expect(normal(tight.code)).toBe(normal(wide.code));
});

test.each([
  ["f('a')", 'f("\\x61")'], ['(a)', 'a'], ['a;;', 'a'], ['{a: 1}', "{'a': 1}"], ['f(a,)', 'f(a)'], ['0x10 + 1_000', '16 + 1e3'], ['x => x', '(x) => x'], ['`a${b}`', '`\\x61${b}`'], ['a // c', '/* d */ a'], ['if (a) { b }', 'if (a) { b; }'],
])('P2 %s is %s', (one, other) => expect(normal(other)).toBe(normal(one)));

test.each([
  ['1', '"1"'], ['1n', '1'], ['a.b', 'a?.b'], ['(a?.b).c', 'a?.b.c'], ['tag`\\x61`', 'tag`a`'], ['/a/g', '/a/'], ['{a}', '{b}'], ['let a', 'const a = 1'], ['x => x', 'x => { x }'], ['class A { a }', 'class A { #a }'], ['a - (b - c)', 'a - b - c'],
  ['async () => 1', '() => 1'], ['f(...a)', 'f(a)'], ['{[a]: 1}', '{a: 1}'], ['a;b', 'b;a'], ['for (const a of b);', 'for (const a in b);'], ['null', 'undefined'], ['if (a) b; else c', 'if (a) b; c'], ['a => 1', 'b => 1'],
])('P2 %s is not %s', (one, other) => expect(normal(one)).not.toBe(normal(other)));

test('P2 a changed name, number, string or operator gives another normal form', () => {
  const bodies = files.filter((file) => file.length < 12_000);
  let compared = 0;
  fc.assert(fc.property(fc.constantFrom(...bodies), fc.nat(), (body, which) => {
    const tokens = [...tokenizer(body, { ecmaVersion: 'latest', sourceType: 'module' })].filter((token) => /^(?:name|num|string|\+|-|\*|===|!==|<|>|&&|\|\|)/.test(token.type.label) || token.type.label.includes('/'));
    const token = tokens[which % tokens.length] as (typeof tokens)[number];
    const raw = body.slice(token.start, token.end);
    const other = token.type.label === 'string' ? `${raw.slice(0, -1)}q${raw.at(-1)}` : token.type.label === 'num' ? '7.25' : token.type.label === 'name' ? `${raw}1` : raw === '+' ? '-' : raw === '&&' ? '||' : raw === '===' ? '!==' : raw === '<' ? '>=' : raw;
    fc.pre(other !== raw);
    const changed = body.slice(0, token.start) + other + body.slice(token.end);
    fc.pre(splitJavaScript(changed) !== undefined);
    compared += 1;
    expect(normal(changed)).not.toBe(normal(body));
  }), { seed: 20261120, numRuns: 200 });
  expect(compared).toBeGreaterThan(100);
});
