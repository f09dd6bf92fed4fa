/**
 * Values crossing: a value made in one engine goes through another and back, and is the same.
 *
 * Three roads, for every ordered pair of engines given: *untouched* (the other engine's body is its input: the hash must be the same); *wrapped* (the other
 * engine reads the value and writes it anew inside a record; unwrapped at home it must be equal); *rows* (a table is written anew as
 * a list of rows). `portable` is the runtime's own `loadValue` and `storeValue`, where even *untouched* reads and writes everything.
 *
 * Equal is by the canonical record, but for what the languages cannot say: JavaScript has one type of number, so a whole float
 * is an integer after it (3.0 → 3), a tuple, set, map, decimal, date, time or duration keeps its kind everywhere.
 */
import { afterAll, describe, expect, it } from 'vitest';
import type { Program } from '../../contracts/node.ts';
import type { TableView, ValueRef } from '../../contracts/values.ts';
import type { Executor } from '../../runtime/ports.ts';
import { loadValue, storeValue } from '../../runtime/values/kinds.ts';
import { recordText } from '../../runtime/values/record.ts';
import { isTableView } from '../../runtime/values/summary.ts';
import { memoryBlobs } from '../support/memory-blobs.ts';

/** The engines that can take part. */
export type CrossingEngine = 'sql' | 'python' | 'javascript' | 'portable';

interface Case { readonly name: string; readonly code: string; readonly table?: boolean }

const SQL: readonly Case[] = ([
  ['integers beyond 2^53', "select * from (values (1, 9007199254740993::bigint), (2, (-9223372036854775808)::bigint), (3, null)) t(i, v) order by i"],
  ['huge integers', "select * from (values (1, 170141183460469231731687303715884105727::hugeint), (2, null)) t(i, v) order by i"],
  ['unsigned integers', 'select 18446744073709551615::ubigint v, 255::utinyint w'],
  ['booleans', 'select * from (values (1, true), (2, false), (3, null)) t(i, v) order by i'],
  ['decimals', "select * from (values (1, 1.10::decimal(18,2)), (2, -0.01), (3, null)) t(i, v) order by i"],
  ['floats', "select * from (values (1, 'nan'::double), (2, 'infinity'::double), (3, '-infinity'::double), (4, -0.0::double), (5, 1e308), (6, 3.0::double), (7, null)) t(i, v) order by i"],
  ['dates', "select * from (values (1, date '2020-02-29'), (2, date '1600-01-01'), (3, null)) t(i, v) order by i"],
  ['times', "select time '23:59:59.123456' v"],
  ['timestamps', "select * from (values (1, timestamp '2020-01-31 12:34:56.123456'), (2, null)) t(i, v) order by i"],
  ['timestamps of nanoseconds', "select '2020-01-31 12:34:56.123456789'::timestamp_ns v"],
  ['timestamps with zone', "select '2020-01-31 12:34:56+02:00'::timestamptz v"],
  ['durations', "select interval '1 month 2 days 3 seconds' v"],
  ['nested lists and structs', "select {'a': [1, null, 3], 'b': {'c': ['x', null], 'd': [{'e': 1.5}]}} v, [[1], [], null] w"],
  ['categories', "select * from (values (1, 'b'::enum('a', 'b')), (2, null)) t(i, v) order by i"],
  ['binary', "select '\\x00\\xFFab'::blob v"],
  ['maps', "select map([1, 2], ['a', 'b']) v, map(['k'], [1]) w"],
  ['text', "select 'ü€😀 \"quoted\"' v, '' w, null::varchar x"],
  ['an empty table', "select 1 a, 'x' b, [1] c, 1.5::decimal(9,3) d where false"],
] as const).map(([name, code]) => ({ name, code, table: true }));

const PYTHON: readonly Case[] = ([
  ['integers beyond 2^53', '[2**53 + 1, -2**63, 2**200, 5]'],
  ['decimals', 'from decimal import Decimal\n[Decimal("1.10"), Decimal("-0.001"), Decimal("NaN")]'],
  ['floats', '[1.5, float("nan"), float("inf"), float("-inf"), -0.0, 3.0, 1e300]'],
  ['dates and times', 'import datetime as d\n[d.date(2020, 2, 29), d.time(1, 2, 3, 4000), d.datetime(2020, 1, 31, 12, 34, 56, 123456)]'],
  ['timestamps with zone', 'import datetime as d\n[d.datetime(2020, 1, 31, 12, tzinfo=d.timezone.utc), d.datetime(2020, 1, 31, 12, tzinfo=d.timezone(d.timedelta(hours=2)))]'],
  ['durations', 'import datetime as d\n[d.timedelta(days=1, seconds=3, microseconds=5), d.timedelta(seconds=-1)]'],
  ['nothing', 'None'],
  ['nested lists and mappings', '{"a": [1, {"b": [None, True, "x"]}], "c": {}, "d": []}'],
  ['keys of other types', '{1: "a", (1, 2): "b", "2": "c", "$x": "d"}'],
  ['tuples and sets', '[(1, (2, "x")), {3, 1, 2}, ()]'],
  ['binary', '[b"\\x00\\xffab", b""]'],
  ['complex numbers', '[1.5+2j]'],
  ['text', '"ü€😀\\n"'],
] as const).map(([name, code]) => ({ name, code }));

const JAVASCRIPT: readonly Case[] = ([
  ['integers beyond 2^53', '[2n ** 53n + 1n, -(2n ** 63n), 2n ** 200n, 5]'],
  ['floats', '[1.5, NaN, Infinity, -Infinity, -0, 3, 1e300, 1e21]'],
  ['instants', '[new Date(0), new Date(Date.UTC(2020, 0, 31, 12, 34, 56, 789))]'],
  ['nothing', 'null'],
  ['nested lists and objects', '({a: [1, {b: [null, true, "x"]}], c: {}, d: []})'],
  ['keys of other kinds', '[new Map([[1, "a"], ["k", new Map([[true, 2]])]]), {2: "c", 1: "d"}, {$x: 1}]'],
  ['sets', '[new Set([3, 1, "x"])]'],
  ['binary', '[new Uint8Array([0, 255, 97])]'],
  ['number arrays', 'new Float64Array([1.5, NaN, -0])'],
  ['byte strings', 'new Uint8Array([0, 255])'],
  ['text', '"ü€😀\\n"'],
] as const).map(([name, code]) => ({ name, code }));

const CASES: Readonly<Record<Exclude<CrossingEngine, 'portable'>, readonly Case[]>> = { sql: SQL, python: PYTHON, javascript: JAVASCRIPT };
const SAME: Readonly<Record<CrossingEngine, string>> = { sql: 'select * from x', python: 'x', javascript: 'x', portable: 'x' };
const WRAP: Partial<Record<CrossingEngine, string>> = { python: '{"inner": x}', javascript: '({inner: x})' };
const UNWRAP: Partial<Record<CrossingEngine, string>> = { python: 'x["inner"]', javascript: 'x.inner' };
const ROWS: Partial<Record<CrossingEngine, string>> = { python: '[dict(row) for row in x]', javascript: '[...x]' };

/** Runs the suite over every ordered pair of the engines; executors are made when first used and closed at the end. */
export function valuesCrossing(engines: Partial<Record<Exclude<CrossingEngine, 'portable'>, () => Executor>>): void {
  const made = new Map<CrossingEngine, Executor>();
  afterAll(async () => { for (const executor of made.values()) await executor.close(); });
  const blobs = memoryBlobs();

  const run = async (engine: CrossingEngine, code: string, x?: ValueRef): Promise<ValueRef> => {
    if (engine === 'portable') return storeValue(loadValue(x!, blobs), blobs, x!.form === 'record' ? { form: 'record' } : {}).ref!;
    const executor = made.get(engine) ?? engines[engine]!();
    made.set(engine, executor);
    const program: Program = { engine, code, file: 'crossing.telar.md', line: 1, id: 'made', wanted: [], binds: [], modules: {}, folder: '' };
    const outcome = await executor.execute(program, x === undefined ? {} : { x: { ref: x } }, {
      blobs, limits: { time: 60_000, memory: 1e9, output: 1e9 }, signal: new AbortController().signal, emit: () => {},
    });
    return outcome.outputs.value!.ref!;
  };

  const others = [...Object.keys(engines), 'portable'] as CrossingEngine[];
  for (const home of Object.keys(engines) as Exclude<CrossingEngine, 'portable'>[]) {
    for (const away of others) {
      // SQL reads tables only; what else becomes one (lists of records, arrays) is told in tests of tables.
      const cases = CASES[home].filter((one) => away !== 'sql' || one.table === true);
      if (cases.length > 0) describe(`C8 ${home} → ${away} → ${home}`, () => {
        it.each(cases)('C8 $name, untouched', async ({ code }) => {
          const first = await run(home, code);
          const there = await run(away, SAME[away], first);
          expect(there.hash).toBe(first.hash);
          expect((await run(home, SAME[home], there)).hash).toBe(first.hash);
        });
        // An array inside a record is opaque to Python, whose `array` is no plain data.
        const inner = cases.filter((one) => one.table !== true && (away !== 'python' || one.name !== 'number arrays'));
        if (WRAP[away] !== undefined && UNWRAP[home] !== undefined) {
          it.each(inner)('C8 $name, wrapped', async ({ code }) => {
            const first = await run(home, code);
            const back = await run(home, UNWRAP[home]!, await run(away, WRAP[away]!, first));
            const loose = home === 'javascript' || away === 'javascript';
            expect(plain(loadValue(back, blobs), loose)).toBe(plain(loadValue(first, blobs), loose));
          });
        }
        if (ROWS[away] !== undefined) {
          it.each(cases.filter((one) => one.table === true))('C8 $name, rows', async ({ code }) => {
            const first = await run(home, code);
            const rows = loadValue(await run(away, ROWS[away]!, first), blobs);
            expect(plain(rows, true)).toBe(plain(rowsOf(loadValue(first, blobs) as TableView), true));
          });
        }
      });
    }
  }

  for (const away of ['python', 'javascript'] as const) {
    if (engines.sql === undefined || engines[away] === undefined) continue;
    it(`C8 a million rows from sql to ${away} and back: the same table, and every value read`, async () => {
      const first = await run('sql', "select i, i / 2.0 as half, 'row ' || i % 1000 as name, date '2020-01-01' + (i % 1000)::int as day from range(1000000) t(i)");
      const there = await run(away, SAME[away], first);
      expect(there.hash).toBe(first.hash);
      expect(Number(loadValue(await run(away, SUM[away], first), blobs))).toBe(499_999_500_000);
      const back = loadValue(await run('sql', 'select sum(i)::bigint as i, sum(half) as half, count(distinct name) as names, max(day)::varchar as day from x', there), blobs) as TableView;
      expect(back.row(0)).toEqual({ i: 499_999_500_000, half: 249_999_750_000, names: 1000, day: '2022-09-26' });
    }, 120_000);
  }
}

/** What sums a column in each language, exactly. */
const SUM = { python: 'sum(x["i"])', javascript: "x.column('i').reduce((sum, i) => sum + Number(i), 0)" } as const;

const rowsOf = (table: TableView): unknown[] => Array.from({ length: table.rows }, (_, at) => table.row(at));

/** Canonical text; `loose` takes whole floats for integers. Number arrays inside a record are lists. */
function plain(value: unknown, loose: boolean): string {
  const text = recordText(isTableView(value) ? rowsOf(value) : value instanceof Object && 'toList' in value ? (value as { toList(): unknown }).toList() : value);
  return loose ? text.replace(/\{"\$float":"(-?[\d.e+]+)"\}/g, (whole, number: string) => (number === '-0' ? whole : String(Number(number)))) : text;
}
