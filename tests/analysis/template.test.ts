/** Templates: which names they read, what they print, what they refuse. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TableView } from '../../contracts/values.ts';
import { analyseTemplate, renderTemplate } from '../../nodes/template/template.ts';

const reads = (text: string): string => analyseTemplate(text).reads.map((read) => `${read.name}${read.members === undefined ? '' : `.{${read.members.join()}}`}`).sort().join(' ');

test.each([
  ['Warmest month of {{ year }} was {{ warmest.m }}.', 'warmest.{m} year'], ['{{a.b}} {{a.c.d}}', 'a.{b,c}'], ['{{a.b}} {{a}}', 'a'], ['{{{a}}} {{&b}}', 'a b'],
  ['{{#each rows}}{{t}} {{this.u}} {{@index}} {{../title}} {{@root.year}}{{else}}{{none}}{{/each}}', 'none rows title year'], ['{{#each a}}{{#each b}}{{../c}} {{../../d}}{{/each}}{{/each}}', 'a d'],
  ['{{#if a}}{{b}}{{else if c}}{{d}}{{else}}{{e}}{{/if}}', 'a b c d e'], ['{{#unless a}}{{b.c}}{{/unless}}', 'a b.{c}'], ['{{#with a.b}}{{c}} {{../d}}{{else}}{{e}}{{/with}}', 'a.{b} d e'],
  ['{{#each rows as |row i|}}{{row.t}} {{i}} {{x}} {{../y}}{{/each}}', 'rows y'], ['{{#each rows}}{{#if t}}{{u}}{{../v}}{{/if}}{{/each}}', 'rows v'],
  ['{{round (json a) b}} {{table c rows=d}} {{json "x"}}', 'a b c d'], ['{{[odd name]}} {{@root.[x y].z}}', 'odd name x y.{z}'], ['{{!-- {{a}} --}}{{! b }}\\{{c}}', ''], ['{{this}} {{.}}', ''], ['{{this.a}} {{./b}}', 'a b'], ['plain', ''], ['{{json}} {{table}}', 'json table'],
])('G5 %s reads %s', (text, expected) => {
  expect(analyseTemplate(text).problems).toEqual([]);
  expect(reads(text)).toBe(expected);
});

test('G5 every use of a name has its place, on any line', () => {
  const text = 'é {{ year }}\r\n{{#each rows}}\n {{ @root.year }}{{../year}}{{@root.[year].x}}\n{{/each}}\n{{~ this.year ~}} {{round year 1}}';
  const year = analyseTemplate(text).reads.find((read) => read.name === 'year');
  expect(year?.ranges.map(({ from, to }) => text.slice(from, to))).toEqual(['year', 'year', 'year', 'year', 'year', 'year']);
  expect(new Set(year?.ranges.map(({ from }) => from)).size).toBe(6);
});

test('P2 every character of a template counts', () => {
  expect(analyseTemplate('a  b').normal).not.toBe(analyseTemplate('a b').normal);
});

test.each([
  ['a\n{{ b', 2], ['{{#if a}}x', 1], ['{{/if}}', 1], ['{{> part}}', 1], ['x\n\n{{#rows}}{{/rows}}', 3], ['{{shout a}}', 1], ['{{#each}}{{/each}}', 1], ['{{#if a b}}{{/if}}', 1], ['{{* decorator}}', 1], ['{{(evil)}}', 1], ['{{json (lookup a b)}}', 1],
])('D4 %j is refused at line %i', (text, line) => {
  const [problem] = analyseTemplate(text).problems;
  expect(problem).toMatchObject({ code: 'syntax', severity: 'error' });
  expect(text.slice(0, problem?.at.from).split('\n')).toHaveLength(line);
  expect(() => renderTemplate(text, { a: 1 }, 40)).toThrow(expect.objectContaining({ code: 'syntax', line: 39 + line }));
});

/** A table as engines give it. */
const tableOf = (rows: readonly Record<string, unknown>[]): TableView => ({
  rows: rows.length, columns: Object.keys(rows[0] ?? { x: 0 }).map((name) => ({ name, type: 'INTEGER' })), column: (name) => rows.map((row) => row[name]), row: (index) => ({ ...rows[index] }),
});
/** A scalar that JavaScript lacks. */
class Tagged { readonly tag = 'decimal'; readonly text: string; constructor(text: string) { this.text = text; } toString(): string { return this.text; } }

describe('what a template prints', () => {
  const rows = [{ m: 1, t: 2.5 }, { m: 2, t: null }];
  const many = tableOf(Array.from({ length: 25 }, (_, x) => ({ x })));
  test.each<[string, Record<string, unknown>, string]>([
    ['{{a}}|{{b}}|{{c}}|{{d}}|{{e}}', { a: 1, b: 'x<y & "z"', c: null, d: true, e: 10n ** 20n }, '1|x<y & "z"||true|100000000000000000000'],
    ['{{a.b.c}}{{a.x.y}}{{q}}', { a: { b: { c: 'deep' } } }, 'deep'], ['{{a.[1]}} {{a.length}} {{s.length}}', { a: ['x', 'y'], s: 'four' }, 'y 2 4'], ['{{a}}', { a: [1, new Tagged('1.10'), 'x'] }, '1, 1.10, x'],
    ['{{a}}', { a: { m: 8, d: new Tagged('2.50'), big: 2n ** 60n } }, '{"m":8,"d":"2.50","big":"1152921504606846976"}'], ['{{a.k}}', { a: new Map([['k', 'v']]) }, 'v'],
    ['{{round t 1}} {{round (round t 2)}} {{round none 1}}', { t: 2.449 }, '2.4 2 '], ['{{json a}}', { a: [{ b: null }] }, '[{"b":null}]'],
    ['{{#each a}}{{@index}}{{@key}}={{this}}{{#unless @last}},{{/unless}}{{/each}}', { a: { x: 1, y: 2 } }, '0x=1,1y=2'], ['{{#each a as |v k|}}{{k}}{{v}}{{/each}}', { a: ['p', 'q'] }, '0p1q'], ['{{#each a}}x{{else}}none{{/each}}', { a: [] }, 'none'],
    ['{{#if a}}y{{else if b}}z{{else}}n{{/if}}', { a: [], b: 1 }, 'z'], ['{{^if a}}no{{/if}}', { a: 0 }, 'no'], ['{{#with a}}{{b}}{{../c}}{{/with}}', { a: { b: 1 }, c: 2 }, '12'], ['{{#each rows}}\n- {{m}}\n{{/each}}\nend', { rows }, '- 1\n- 2\nend'],
    ['{{#each t}}{{m}}:{{t}};{{/each}} {{t.length}} {{t.1.m}} {{t.m}}', { t: tableOf(rows) }, '1:2.5;2:; 2 2 1, 2'], ['{{t}}', { t: tableOf(rows) }, '| m | t |\n| --- | --- |\n| 1 | 2.5 |\n| 2 |  |'], ['{{table r}}', { r: [{ a: 'x|y\nz' }] }, '| a |\n| --- |\n| x\\|y z |'],
    ['{{#if t}}some{{else}}none{{/if}}', { t: tableOf([]) }, 'none'], ['\\{{a}} {{!-- c --}}{{{a}}}', { a: '<' }, '{{a}} <'], ['  {{~a~}}  b', { a: 1 }, '1b'], ['{{a}}', { a: new Uint8Array(3) }, '"3 bytes"'],
  ])('C8 %j', (text, values, expected) => expect(renderTemplate(text, values)).toBe(expected));

  test('C8 a long table is cut, and says so', () => {
    const lines = renderTemplate('{{t}}', { t: many }).split('\n');
    expect(lines).toHaveLength(24);
    expect(lines.at(-1)).toBe('(20 of 25 rows)');
    expect(renderTemplate('{{table t rows=2}}', { t: many })).toBe('| x |\n| --- |\n| 0 |\n| 1 |\n\n(2 of 25 rows)');
  });
});

test('security 5: no prototype, no function, no constructor is reached', () => {
  const values = { a: { b: 1, f: () => 'called' }, list: [1], s: 'x', t: tableOf([{ x: 1 }]), d: new Tagged('1') };
  for (const path of ['constructor', '__proto__', '__proto__.x', 'a.constructor', 'a.__proto__', 'a.constructor.name', 'list.constructor', 'list.map', 's.constructor', 's.at', 't.row', 't.constructor', 'd.text', 'a.f', 'toString', 'a.toString', '@root.constructor', '@constructor', '@root.__proto__']) {
    expect(renderTemplate(`[{{${path}}}]`, values), path).toBe('[]');
    expect(renderTemplate(`{{#with a}}[{{../${path.replace('@root.', '')}}}]{{/with}}`.replace('../@', '@'), values), path).toBe('[]');
  }
  for (const text of ['{{lookup a "constructor"}}', '{{#constructor}}{{/constructor}}', '{{log a}}', '{{helperMissing a}}', '{{constructor a}}']) expect(() => renderTemplate(text, values), text).toThrow(/there is no/);
});

test('security 5: a value is never a template', () => {
  fc.assert(fc.property(fc.string(), (text) => { expect(renderTemplate('{{a}}', { a: text })).toBe(text); }), { seed: 20261120 });
  expect(renderTemplate('{{a}}', { a: '{{b}}', b: 'no' })).toBe('{{b}}');
});

test('D4 any text is analysed without an exception, and what has no problem can be filled', () => {
  const piece = fc.constantFrom('{{', '}}', '{{#if a}}', '{{/if}}', '{{#each a}}', '{{/each}}', '{{else}}', 'a', '.b', ' ', '\n', '../', '@root', '\\', '"', '(', ')', '{{a}}', '|', 'as |x|', '!', '>', '~', '[', ']');
  let filled = 0;
  fc.assert(fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
    const text = pieces.join('');
    if (analyseTemplate(text).problems.length > 0) return;
    filled += 1;
    expect(typeof renderTemplate(text, { a: [1] })).toBe('string');
  }), { seed: 20261120, numRuns: 2000 });
  expect(filled).toBeGreaterThan(100);
});
