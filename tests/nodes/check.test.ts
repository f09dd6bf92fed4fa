import { afterAll, describe, expect, test } from 'vitest';
import { check } from '../../nodes/check/index.ts';
import { Tagged } from '../../runtime/values/scalars.ts';
import { analyse, stepBench } from '../support/steps.ts';

const bench = stepBench();
afterAll(() => bench.close());

interface Result { ok: boolean; that: string; because?: string; counterexample?: Record<string, unknown>; error?: string }
const report = (body: string, inputs: Record<string, unknown>): Promise<Result[]> => bench.value(check, body, { inputs }) as Promise<Result[]>;
const monthly = [{ m: 1, t: 5.5 }, { m: 2, t: 50 }];

describe('check: expressions', () => {
  test('R10 claims in three languages are judged one by one, in order', async () => {
    const results = await report([
      '- that: len(monthly) == 2', '  because: two months', '- that: monthly.length === 3', '  language: javascript',
      '- that: (select count(*) from monthly) = 2', '  language: sql', '- that: monthly[7] > 1', '- that: "nothing.here()"', '  language: js', '- that: (select max(t) from monthly) < 1', '  language: sql', '',
    ].join('\n'), { monthly });
    expect(results.map((result) => result.ok)).toEqual([true, false, true, false, false, false]);
    expect(results[0]).toEqual({ ok: true, that: 'len(monthly) == 2', because: 'two months' });
    expect(results[1]!.counterexample).toEqual({ 'monthly.length': 2 });
    expect(results[3]!.error).toMatch(/^IndexError/);
    expect(results[4]!.error).toMatch(/^ReferenceError/);
    expect(results[5]!.counterexample).toEqual({ value: false });
  });

  test('R10 a red claim shows what was seen: sides of a comparison, the failing operand, the first element', async () => {
    const results = await report('- that: len(rows) == 12\n- that: len(rows) > 0 and rows[1]["t"] < 45\n- that: all(r["t"] < 45 for r in rows)\n- that: not rows\n', { rows: monthly });
    expect(results.map((result) => result.counterexample)).toEqual([{ 'len(rows)': 2 }, { "rows[1]['t']": 50 }, { r: "{'m': 2, 't': 50}" }, { rows: "[{'m': 1, 't': 5.5}, {'m': 2, 't': 50}]" }]);
  });

  test('R10 the error names the first red claim, its reason, its counter-example and its line', async () => {
    const { outcome } = await bench.run(check, '- that: "True"\n- that: n > 3\n  because: small is bad\n- that: n > 4\n', { inputs: { n: 2 } });
    expect(outcome.error).toEqual({ code: 'check-red', line: 11, message: 'This does not hold: n > 3, though small is bad. Seen: n = 2. 1 more of 3 claims does not hold either.', data: { that: 'n > 3', red: 2, claims: 3, counterexample: { n: 2 } } });
    expect(outcome.outputs.value!.ref!.mediaType).toBe('application/vnd.telar.check+json');
    expect((await bench.run(check, '- that: n == 2\n', { inputs: { n: 2 } })).outcome.error).toBeUndefined();
  });
});

describe('check: tables', () => {
  const table = { people: [
    { id: 1n, mail: 'ana@example.org', age: new Tagged('decimal', '41.5'), born: new Tagged('date', '1983-04-02') },
    { id: 2, mail: 'nobody', age: null, born: new Tagged('date', '1899-01-01') },
    { id: 2, mail: null, age: new Tagged('decimal', '-1.0'), born: null },
  ] };
  const one = async (rule: string): Promise<Result> => (await report(`- table: people\n  ${rule}\n`, table))[0]!;

  test.each<[string, boolean, unknown]>([
    ['rows: 3', true, undefined], ['rows: {max: 2}', false, { rows: 3 }], ['unique: [id, mail]', true, undefined], ['unique: [id]', false, { rows: [1, 2], id: 2 }],
    ['columns: {age: {not_null: true}}', false, expect.objectContaining({ row: 1 })], ['columns: {age: {min: 0}}', false, expect.objectContaining({ row: 2 })],
    ['columns: {age: {between: [-1, 41.5]}}', true, undefined], ['columns: {born: {min: 1900-01-01}}', false, expect.objectContaining({ row: 1 })],
    ['columns: {born: {max: 1983-04-02}}', true, undefined], ['columns: {id: {in: [1, 2]}}', true, undefined], ['columns: {mail: {in: [nobody]}}', false, expect.objectContaining({ row: 0 })],
    ['columns: {mail: {matches: "@"}}', false, { row: 1, mail: 'nobody' }], ['columns: {mail: {matches: "^(a+)+|n"}}', true, undefined],
    ['columns: {mail: {type: text}}', true, undefined], ['columns: {mail: {type: integer}}', false, { type: 'VARCHAR' }], ['columns: {age: {not_null: false, max: 50}}', true, undefined],
  ])('R10 %s', async (rule, ok, counterexample) => {
    const result = await one(rule);
    expect([result.ok, result.counterexample]).toEqual([ok, counterexample]);
  });

  test('R10 a column that is not there is red, with the nearest; a broken pattern too', async () => {
    expect((await one('columns: {mial: {not_null: true}}')).error).toBe('There is no column `mial`. Did you mean `mail`?');
    expect((await one('columns: {mail: {matches: "("}}')).error).toBeTruthy();
    expect((await report('- table: n\n  rows: 1\n', { n: 3 }))[0]!.error).toMatch(/no table/);
  });

  test('S5 a pattern that would run away elsewhere ends', async () => {
    const result = (await report('- table: t\n  columns: {s: {matches: "^(a+)+$"}}\n', { t: [{ s: `${'a'.repeat(50_000)}!` }] }))[0]!;
    expect(result.ok).toBe(false);
  });
});

describe('check: analysis', () => {
  test('G5 names in claims are reads at their places in the YAML; builtins are said to be', async () => {
    const body = '- that: len(monthly) == 12\n- that: "limit > monthly.length"\n  language: javascript\n- that: |\n    sum(\n      limit)\n- table: by_year.t\n  rows: 1\n- that: (select max(a) from Other) = 1\n  language: sql\n';
    const analysis = await analyse(check, body);
    const reads = Object.fromEntries(analysis.reads.map((read) => [read.name, read.ranges.map(({ from, to }) => body.slice(from, to))]));
    expect(reads).toMatchObject({ monthly: ['monthly', 'monthly'], limit: ['limit', 'limit'], by_year: ['by_year'], Other: ['Other'] });
    expect(analysis.reads.find((read) => read.name === 'len')?.builtin).toBe(true);
    expect(analysis.reads.find((read) => read.name === 'by_year')?.members).toEqual(['t']);
    expect(analysis.reads.find((read) => read.name === 'Other')?.fold).toBe(true);
    expect(analysis.problems).toEqual([]);
  });

  test('P1 only the engines that its claims need are in the key', async () => {
    const engines = (body: string): readonly string[] => check.engines({ id: 'it', kind: 'check', language: 'yaml', body, params: {} });
    expect(engines('- table: t\n  rows: 1\n')).toEqual([]);
    expect(engines('- table: t\n  columns: {a: {matches: x}}\n- that: a\n')).toEqual(['python', 'sql']);
  });

  test.each([
    ['', 'syntax'], ['- 3\n', 'missing-key'], ['- that: a\n  becuase: b\n', 'unknown-key'], ['- that: a\n  language: perl\n', 'bad-value'], ['- that: {a: 1}\n', 'bad-value'],
    ['- table: t\n', 'missing-key'], ['- table: t\n  columns: {a: {betwen: [1, 2]}}\n', 'bad-value'], ['- table: t\n  columns: {a: {between: [1]}}\n', 'bad-value'], ['- that: a +\n  language: javascript\n', 'syntax'],
    ['- table: "t; drop"\n  rows: 1\n', 'bad-value'],
  ])('D4 %j has the problem %s', async (body, code) => {
    expect((await analyse(check, body)).problems.map((problem) => problem.code)).toContain(code);
  });
});
