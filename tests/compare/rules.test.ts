/** Rules: what `compare=` says, what holds where it says nothing, and which queries order their rows. */
import { describe, expect, test } from 'vitest';
import { parseComparators } from '../../nodes/comparators.ts';
import { parseParams, type KindParam } from '../../nodes/params.ts';
import { analyseSql } from '../../nodes/sql/index.ts';
import { ruleFor } from '../../runtime/compare/rules.ts';
import { bench, rule } from './tools.ts';

describe('C4 the key `compare`', () => {
  test.each([
    ['exact', { '*': { how: 'exact' } }], [' unordered ', { '*': { how: 'unordered' } }], ['close(1e-6)', { '*': { how: 'close', tolerance: 1e-6 } }], ['close( 0 )', { '*': { how: 'close', tolerance: 0 } }],
    ['total: close(1e-6), value: exact', { total: { how: 'close', tolerance: 1e-6 }, value: { how: 'exact' } }], ['größe:ignore, exact', { größe: { how: 'ignore' }, '*': { how: 'exact' } }],
  ])('C4 `%s`', (text, comparators) => { expect(parseComparators(text)).toEqual(comparators); });

  test.each(['', 'close', 'close()', 'close(x)', 'close(-1)', 'close(1)', 'close(Infinity)', 'nearly', 'exact,', 'exact, close(0.1)', 'a: exact, a: ignore', 'a b: exact', 'exact exact', 'a: b: exact'])('C4 `%s` is none', (text) => {
    expect(parseComparators(text)).toBeUndefined();
    const key: KindParam = { name: 'compare', type: 'comparators', required: false, key: false, place: 'fence', description: '' };
    const { problems } = parseParams([key], { compare: text });
    expect(problems).toMatchObject([{ key: 'compare', code: 'bad-value' }]);
    expect(problems[0]?.message).toContain('`close(1e-6)`');
  });

  test('C4 a comparator of one output leaves the others as usual', () => {
    const usual = rule();
    expect(rule('total: exact', 'sql', 'value')).toEqual(usual);
    expect(rule('total: exact', 'sql', 'total')).toEqual({});
    expect(rule('total: exact, ignore', 'sql', 'value')).toEqual({ ignore: true });
    expect(rule('exact', 'sql', 'constructor')).toEqual({});
    expect(rule('close(0.5)')).toEqual({ tables: { tolerance: 0.5, ordered: false }, others: { tolerance: 0.5, ordered: true } });
  });
});

describe('C4 whether a query orders its rows', () => {
  test.each([
    ['select * from t order by x', true], ['from t ORDER BY ALL', true], ['select * from t order by x limit 3', true], ['(select * from t order by x)', true], ['((from t order by x));;', true],
    ['with a as (from t) select * from a order by 1', true], ['from a union all from b order by x', true], ['create table u as from t; from u order by x;', true], ['from t /* order */ order -- hm\n by x', true],
    ['select * from t', false], ['select * from (from t order by x)', false], ['(from t order by x) union all (from u order by x)', false], ['select sum(x) over (order by y) from t', false], ['select list(x order by x) from t', false],
    ['create table u as from t order by x; from u', false], ["select 'order by x' from t", false], ['select "order" from t', false], ['select x from t -- order by x', false], ['with a as (from t order by x) from a', false], ['', false], [';', false], [')(', false],
  ])('C4 %s', (text, ordered) => { expect(analyseSql(text).ordered ?? false).toBe(ordered); });

  test('C4 rows of a query without order are a multiset; of any other kind, and of one with, they stand in order', () => {
    const { table, compare } = bench();
    const [a, b] = [table({ x: ['INTEGER', [1, 2]] }), table({ x: ['INTEGER', [2, 1]] })];
    const of = (kind: string, body: string): ReturnType<typeof rule> => ruleFor({ description: { kind, params: {}, analysis: analyseSql(body) } }, 'value');
    expect(compare(a, b, of('sql', 'from t')).verdict).toBe('equal');
    expect(compare(a, b, of('sql', 'from t order by x')).verdict).toBe('different');
    expect(compare(a, b, of('python', '')).verdict).toBe('different');
    expect(compare(a, b, rule('unordered', 'python')).verdict).toBe('equal');
  });
});
