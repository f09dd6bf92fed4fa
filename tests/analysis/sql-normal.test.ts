/** The normal form of SQL: the same under any layout and case of keywords, another under any change that can be seen. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { analyseSql } from '../../nodes/sql/index.ts';
import { tokenize } from '../../nodes/sql/tokens.ts';
import { keywords } from '../../nodes/sql/words.ts';
import { handMade } from './sql-corpus.ts';
import { generateQuery } from './sql-grammar.ts';

const normal = (sql: string): string => analyseSql(sql).normal;
const seed = 20261120;
const query = fc.oneof(fc.constantFrom(...handMade), fc.integer({ min: 0, max: 1e6 }).map(generateQuery));

test('P2 layout, comments and the case of reserved words do not count', () => {
  const gap = fc.constantFrom(' ', '\n', '  \t', ' -- from nowhere\n', '/* a /* b */ */', '\r\n');
  fc.assert(fc.property(query, fc.array(gap, { minLength: 1, maxLength: 9 }), fc.boolean(), (sql, gaps, upper) => {
    const words = tokenize(sql).tokens.map((token, index, all) => {
      const reserved = keywords.has(token.key) && !['as', '.'].includes(all[index - 1]?.raw ?? '');
      return reserved ? (upper ? token.raw.toUpperCase() : token.raw.toLowerCase()) : token.raw;
    });
    const other = words.map((word, index) => `${word}${gaps[index % gaps.length]}`).join('');
    expect(normal(other)).toBe(normal(sql));
  }), { seed, numRuns: 400 });
});

test('P2 the normal form is its own normal form', () => {
  fc.assert(fc.property(query, (sql) => { expect(normal(normal(sql))).toBe(normal(sql)); }), { seed, numRuns: 300 });
});

test('P2 a name of another case, another literal, a token more or less: another normal form', () => {
  const functions = /^\s*\(/;
  fc.assert(fc.property(query, fc.nat(), fc.nat(4), (sql, which, how) => {
    const tokens = tokenize(sql).tokens;
    fc.pre(tokens.length > 0);
    const token = tokens[which % tokens.length] as (typeof tokens)[number];
    fc.pre(token.raw !== ';');
    const put = (text: string): string => sql.slice(0, token.from) + text + sql.slice(token.to);
    const plainName = /^(?:a|b|c|x|y|z|p|q|k|weather|a_from)$/i.test(token.raw) && !functions.test(sql.slice(token.to));
    const changed = [
      put(''), put(`${token.raw} , `), put(` zz ${token.raw}`), token.kind === 'text' ? put(token.raw.replace(/.$/, ' $&')) : put('0'),
      plainName ? put(token.raw === token.raw.toLowerCase() ? token.raw.toUpperCase() : token.raw.toLowerCase()) : put(''),
    ][how] as string;
    // Taking a token away may join its neighbours into one; then the text did change and so must the form.
    fc.pre(changed !== sql && !(token.raw === '0' && how === 3));
    expect(normal(changed)).not.toBe(normal(sql));
  }), { seed, numRuns: 4000 });
});

test.each([
  ['select Sum(X) as Foo from T', 'SELECT SUM(X) AS Foo FROM T'],
  ['select cast(x as Decimal(3, 1)), y::Int from t', 'select CAST(x AS DECIMAL(3, 1)), y::INT from t;'],
  ['with recursive c as (select 1 union all select x from c) insert into t select * from c', 'WITH RECURSIVE c AS (SELECT 1 UNION ALL SELECT x FROM c) INSERT INTO t SELECT * FROM c'],
  ['select sum(x) over (partition by y order by z desc nulls last rows between unbounded preceding and current row) from t', 'SELECT SUM(x) OVER (PARTITION BY y ORDER BY z DESC NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM t'],
  ['create or replace temp table t as select 1; update t set x = 2 where y between 1 and 2', 'CREATE OR REPLACE TEMP TABLE t AS SELECT 1;\nUPDATE t SET x = 2 WHERE y BETWEEN 1 AND 2;'],
  ["select date '2020-01-01', interval '1' day, current_date", "SELECT DATE '2020-01-01', INTERVAL '1' day, CURRENT_DATE"],
  ['select {{year}}, 1e5', 'select {{ year }}, 1E5'],
  ["select 'ab'", "select 'a'\n  'b'"],
  ['select a--b\n-1', 'select a -1'], ['select a < - b', 'select a<-b'],
])('P2 %s is %s', (one, other) => expect(normal(other)).toBe(normal(one)));

test.each([
  ['select x as Foo', 'select x as foo'], ['select Year from t', 'select year from t'], ['select Date from t', 'select date from t'], ['select t.From', 'select t.from'],
  ['select x as Select', 'select x as select'], ['select Over, Filter from t', 'select over, filter from t'], ['select "Values"', 'select "values"'], ["select 'A'", "select 'a'"],
  ['select 1.0', 'select 1.00'], ["select 'a' 'b'", "select 'a'\n'b'"], ['select {{ a }}', 'select {{ A }}'], ['select x', 'select "x"'],
  ['select Between from t', 'select between from t'], ['select Time, Timestamp, Name from t', 'select time, timestamp, name from t'], ['select 1 /* a */', 'select 1 + 1'],
])('P2 %s is not %s', (one, other) => expect(normal(one)).not.toBe(normal(other)));
