/** SQL beyond single queries: statements, values, files, effects, problems. */
import { DuckDBInstance } from '@duckdb/node-api';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { analyseSql, bindTemplate } from '../../nodes/sql/index.ts';
import { bareClock, chance, clock, fileFunctions, keywords } from '../../nodes/sql/words.ts';

const tables = (sql: string): string => analyseSql(sql).reads.filter((read) => read.fold === true).map((read) => (read.members === undefined ? read.name : `${read.name}.{${read.members.join()}}`)).sort().join(' ');

describe('G5 names of statements', () => {
  test.each([
    ['create table t as from a; from t', 'a'],
    ['create or replace temp table t as select * from a where x in (from b); select * from t, c', 'a b c'],
    ['create temporary view if not exists v as from a; from V', 'a'],
    ['create view main.v as from a; from v', 'a'],
    ['from t; create table t as select 1', 't'],
    ['create table t (x integer, y varchar default now()); insert into t values (1, 2); from t', ''],
    ['create table t (x integer references p (k), check (x > 0)); from t', 'p'],
    ['create table t as from t; from t', 't'],
    ['create schema s; create table s.t as from a; from s.t', 'a'],
    ['create macro twice(x) as x * 2; select twice(y) from a', 'a'],
    ['create macro pick(n) as table select * from base where k = n; from pick(3)', 'base'],
    ['create or replace function f(a, b) as table from base join other using (k); from f(1, 2), c', 'base c other'],
    ['create macro f(a) as a, (a, b) as a + b; select f(1) from t', 't'],
    ['create type mood as enum (select m from moods); select x::mood from a', 'a moods'],
    ['create sequence s; select nextval(\'s\') from a', 'a'],
    ['create index i on t (x); from u', 't u'],
    ['insert into t select * from a', 'a t'],
    ['insert into t (x, y) select 1, 2 from a', 'a t'],
    ['insert or replace into t by name from a', 'a t'],
    ['insert into t as u values (1, 2) on conflict (x) do update set y = excluded.y returning *', 't'],
    ['insert into t values ((select max(x) from a))', 'a t'],
    ['with c as (from a) insert into t from c', 'a t'],
    ['insert into t with c as (from a) from c', 'a t'],
    ['create table c as from a; with c as (select 5) insert into c from c', 'a'],
    ['update t set x = 1, y = (select max(z) from a) where k in (from b)', 'a b t'],
    ['update t set x = u.x from u join v using (k), w where t.k = u.k', 't u v w'],
    ['delete from t where x in (from a)', 'a t'],
    ['delete from t using a, b where t.x = a.x and b.y = 1', 'a b t'],
    ['merge into t using a on t.k = a.k when matched then update set x = a.x, y = 2 when not matched then insert values (a.k, a.x)', 'a t'],
    ['merge into t using (from a join b using (k)) s using (k) when matched and s.x > 1 then delete', 'a b t'],
    ['drop table if exists t; from t', 't'],
    ['create table t as from a; drop table t; from t', 'a t'],
    ['alter table t add column x integer', 't'],
    ['copy t to \'out.csv\'', 't'],
    ['copy (from a where x in (from b)) to \'out.parquet\' (format parquet)', 'a b'],
    ['explain from a', 'a'],
    ['explain analyze select * from a, b', 'a b'],
    ['prepare p as select * from a where x = $1; execute p(3)', 'a'],
    ['set threads = 1; pragma version; use main; from a', 'a'],
    ["attach 'x.db' as other; from other.t, a", 'a'],
    ['set variable v = 1; select getvariable(\'v\') from a', 'a'],
    ['begin; from a; commit', 'a'],
    ['pivot a on y using sum(x)', 'a'],
    ['pivot a join b using (k) on y, z using sum(x), max(w) group by k', 'a b'],
    ["from query_table('a'), query_table(['b', 'c'])", 'a b c'],
    ["with a as (select 1) from query_table('a')", ''],
    ["from query('select * from a join b using (k)')", 'a b'],
    ["with a as (select 1) from query('from a, b')", 'b'],
    ['from by_station.monthly, by_station.daily', 'by_station.{monthly,daily}'],
    ['from by_station.monthly join by_station', 'by_station'],
    ['from Weather, weather, "WEATHER"', 'Weather'],
    ['from "a.parquet"', 'a.parquet'],
    ['', ''],
    ['-- nothing', ''],
  ])('G5 %s', (sql, expected) => expect(tables(sql)).toBe(expected));

  test('G5 every use of a name has its place, quotes included, also inside a literal', () => {
    const sql = 'from weather w join main."Weather" using (x) where x in (select weather.x from WEATHER) -- weather\n; from query_table(\'weather\')';
    const [read] = analyseSql(sql).reads;
    expect(read?.ranges.map(({ from, to }) => sql.slice(from, to))).toEqual(['weather', '"Weather"', 'WEATHER', 'weather']);
  });
});

describe('G5 values in SQL', () => {
  test('G5 a value is a read of its own, with its case; a table of the same name is another', () => {
    const sql = 'select * from year where y = {{ year }} and z = {{year.max}} and \'{{ no }}\' /* {{ no }} */ = "{{ no }}"';
    expect(analyseSql(sql).reads).toEqual([
      { name: 'year', fold: true, ranges: [{ from: 14, to: 18 }] },
      { name: 'year', fold: false, ranges: [{ from: 32, to: 36 }, { from: 50, to: 54 }] },
    ]);
    expect(analyseSql('select {{ a.b }}, {{ a.[c d].0 }}').reads).toEqual([{ name: 'a', fold: false, members: ['b', 'c d'], ranges: [{ from: 10, to: 11 }, { from: 21, to: 22 }] }]);
  });

  test('security 5: values are bound by number, one number a path, lines stay where they are', () => {
    const code = "select {{ a }}, {{\n a\n}}1, '{{ a }}', {{ b.c }} -- {{ d }}\n/* {{ d }} */ , $${{ d }}$$";
    const bound = bindTemplate(code);
    expect(bound.sql).toBe("select $1, $1\n\n 1, '{{ a }}', $2 -- {{ d }}\n/* {{ d }} */ , $${{ d }}$$");
    expect(bound.params).toEqual([{ path: ['a'], at: { from: 7, to: 14 } }, { path: ['b', 'c'], at: { from: 38, to: 47 } }]);
    expect(bindTemplate('select 1')).toEqual({ sql: 'select 1', params: [] });
  });

  test('security 5: with a prefix, each statement of several can be bound apart', async () => {
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const bound = bindTemplate('create table t as select {{ a }} as x; select {{ b }} as y, x from t where {{b}}{{ b }} is null', 'v');
    expect(bound.sql).toBe('create table t as select $v1 as x; select $v2 as y, x from t where $v2 $v2 is null');
    const statements = await connection.extractStatements(bound.sql.replace(' where $v2 $v2 is null', ''));
    const results: unknown[] = [];
    for (let index = 0; index < statements.count; index += 1) {
      const statement = await statements.prepare(index);
      for (let at = 1; at <= statement.parameterCount; at += 1) statement.bindInteger(at, Number(statement.parameterName(at).slice(1)) * 10);
      results.push((await statement.runAndReadAll()).getRowsJS());
    }
    expect(results.at(-1)).toEqual([[20, 10]]);
  });

  test('security 5: DuckDB takes what is bound as a value, whatever it says', async () => {
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const { sql } = bindTemplate('select {{ a }} as x, {{ b.c }} + 1 as y, {{ a }} as z');
    const rows = (await connection.runAndReadAll(sql, ["'; drop table t --", 2])).getRowsJS();
    expect(rows).toEqual([["'; drop table t --", 3, "'; drop table t --"]]);
  });
});

test.each([
  ["from 'a.csv'", ['a.csv']],
  ["from 'data/*.parquet' p join 'b''s.json' using (k)", ['data/*.parquet', "b's.json"]],
  ["from read_csv('a.csv', sep = ';', names = ['x', 'y'])", ['a.csv']],
  ["from READ_PARQUET(['a.parquet', 'b/**/*.parquet'])", ['a.parquet', 'b/**/*.parquet']],
  ["select * from glob('*.md'), read_text('x.txt')", ['*.md', 'x.txt']],
  ["create table t (x int); copy t from 'in.csv' (header true); from t", ['in.csv']],
  ["copy t to 'out.csv'", undefined],
  ["select 'a.csv', read_csv from t where x = 'b.csv'", undefined],
  ["describe 'a.csv'", ['a.csv']],
])('P9 files of %s', (sql, expected) => expect(analyseSql(sql).files).toEqual(expected));

describe('P7 effect of SQL by the stability of its functions', () => {
  test.each([
    ['select 1', 'pure'], ['select random()', 'seeded'], ['select setseed(0.5), uuid()', 'seeded'], ['select now()', 'observe'], ['select Current_Date', 'observe'],
    ['select random(), today()', 'observe'], ['select age(x) from t', 'observe'], ['select age(x, y) from t', 'pure'], ['select x.age() from t', 'pure'],
    ['select main.now()', 'observe'], ['select t.current_date, "current_date", now, random from t', 'pure'], ["select 'now()' -- random()", 'pure'],
    ['from t using sample 10 rows', 'seeded'], ['from t tablesample reservoir(10 rows) repeatable (3)', 'pure'], ['from t using sample 10% (system, 42)', 'pure'],
    ["from query('select now()')", 'observe'], ['select x as current_date from t', 'pure'],
  ])('P7 %s is %s', (sql, effect) => expect(analyseSql(sql).effect).toBe(effect));

  test('P7 DuckDB has no volatile function, no clock, no reserved word and no file function that our lists lack', async () => {
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const column = async (sql: string): Promise<string[]> => (await connection.runAndReadAll(sql)).getRowsJS().map((row) => String(row[0]));
    // `error` raises; it has no result to differ. `current_schema` and its like answer the same in every step of ours.
    const constant = ['error', 'current_schema', 'current_schemas', 'current_database', 'in_search_path'];
    const changing = await column("select distinct function_name from duckdb_functions() where stability <> 'CONSISTENT' and function_type = 'scalar'");
    expect(changing.length).toBeGreaterThan(15);
    expect(changing.filter((name) => !chance.has(name) && !clock.has(name) && !constant.includes(name))).toEqual([]);
    const reserved = await column("select keyword_name from duckdb_keywords() where keyword_category in ('reserved', 'type_function')");
    expect([...keywords].sort()).toEqual(reserved.sort());
    const reading = await column("select distinct function_name from duckdb_functions() where function_type = 'table' and regexp_matches(function_name, '^(read_|parquet_|sniff_|glob)')");
    expect(reading.filter((name) => !fileFunctions.has(name))).toEqual([]);
    for (const name of bareClock) await connection.run(`select ${name}`);
  });
});

test.each([
  ["select 'abc", 'string', [7, 11]], ['select "abc', 'quoted name', [7, 11]], ['select 1 /* a /* b */', 'comment', [9, 21]], ['select $$ abc', 'dollar-quoted', [7, 13]],
  ['select {{ a', 'template', [7, 11]], ['select (1, [2)', 'closes nothing', [13, 14]], ['select (1', 'never closed', [7, 8]], ['select {{ a b }}', 'path', [7, 16]], ['select $1', 'binds', [7, 9]],
  ['select 1 from a join {{ t }}', 'must be named', [21, 28]],
])('D4 %s has a problem with its place', (sql, message, [from, to]) => {
  const [problem] = analyseSql(sql).problems;
  expect(problem).toMatchObject({ code: 'syntax', severity: 'error', at: { from, to } });
  expect(problem?.message).toContain(message);
});

test('G5 a value after FROM that opens no table is no problem', () => {
  expect(analyseSql('select extract(year from {{ d }}), x is distinct from {{ d }} from a').problems).toEqual([]);
});

test('D4 any text is analysed without an exception and in time that grows as the text', () => {
  const piece = fc.constantFrom('select ', 'from ', 'with ', 'recursive ', 'a', '.', ',', '(', ')', '[', ']', '{', '{{', '}}', '}', ';', "'", '"', '$$', '--', '/*', '*/', '\n', ' ', 'as ', 'union ', 'create ', 'table ', 'macro ', 'insert into ', 'values ', 'pivot ', 'on ', 'join ', 'using ', 'query(', "'from a'", ':', 'copy ', 'drop ', 'describe ', 'merge into ', 'references ', 'é', '1', '-');
  fc.assert(fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
    const text = pieces.join('');
    const { reads } = analyseSql(text);
    for (const { ranges } of reads) for (const { from, to } of ranges) expect(from >= 0 && from < to && to <= text.length).toBe(true);
    expect(bindTemplate(text).sql.split('\n')).toHaveLength(text.split('\n').length);
  }), { seed: 20261120, numRuns: 5000 });
  expect(analyseSql(`select ${'('.repeat(1e5)}1${')'.repeat(1e5)}`).problems[0]?.code).toBe('syntax');
  expect(analyseSql(`select ${Array.from({ length: 2e4 }, (_, index) => `(select max(x) from t${index})`).join(' + ')}`).reads).toHaveLength(2e4);
  expect(analyseSql(`select '${'x'.repeat(5e7)}' from a`).reads).toHaveLength(1);
});
