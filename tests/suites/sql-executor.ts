/** The suite that every SQL executor passes. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome, Program, StepInput } from '../../contracts/node.ts';
import type { Blobs, ValueForm, ValueRef } from '../../contracts/values.ts';
import type { Executor } from '../../runtime/ports.ts';
import { encodeRecord } from '../../runtime/values/record.ts';
import { Tagged } from '../../runtime/values/scalars.ts';
import { openTable } from '../../runtime/values/table.ts';

/** What the engines do not have in common. */
export interface SqlTraits {
  /** Rows of the large table. */
  readonly rows: number;
  /** JSON, Parquet, time zones, patterns of file names. */
  readonly extensions: boolean;
}

/** Types of `engines.md`, as rows of SQL: edges, and null. */
const TYPES: [string, string, boolean?][] = [
  ['BOOLEAN', '(true), (false), (null)'], ['TINYINT', '(-128), (127), (null)'], ['SMALLINT', '(-32768), (null)'], ['INTEGER', '(-2147483648), (2147483647), (null)'], ['BIGINT', '(-9223372036854775808), (9007199254740993), (null)'],
  ['UTINYINT', '(255), (null)'], ['USMALLINT', '(65535)'], ['UINTEGER', '(4294967295)'], ['UBIGINT', '(18446744073709551615), (null)'],
  ['HUGEINT', '(-170141183460469231731687303715884105728), (9007199254740993), (null)'], ['UHUGEINT', '(340282366920938463463374607431768211455), (null)'], ['BIGNUM', "('-123456789012345678901234567890123456789012345678901234567890'), ('5'), (null)"],
  ['FLOAT', "('1.5'), ('-0'), ('nan'), ('-inf'), (null)"], ['DOUBLE', "(0.1), ('-0'), ('nan'), ('inf'), ('-inf'), (5e-324), (null)"],
  ['DECIMAL(4,1)', '(-999.9), (null)'], ['DECIMAL(9,2)', '(1234567.89)'], ['DECIMAL(18,3)', '(-0.001), (123456789012345.678), (null)'], ['DECIMAL(38,0)', '(-99999999999999999999999999999999999999), (null)'],
  ['VARCHAR', "(''), ('short'), ('exactly 12 b'), ('longer than twelve bytes'), ('ü€😀 and more of it'), (null)"], ['BLOB', "('\\x00\\xff'::blob), (''::blob), ('a blob longer than twelve \\x80'::blob), (null)"],
  ['BIT', "('0'), ('0101'), ('111111110000000011111111000000001111111100000000111111110000000010101'), (null)"], ['UUID', "('00112233-4455-6677-8899-aabbccddeeff'), ('ffffffff-ffff-ffff-ffff-ffffffffffff'), (null)"],
  ['DATE', "('2020-02-29'), ('0044-03-15 (BC)'), ('infinity'), ('-infinity'), ('290000-01-01'), (null)"], ['TIME', "('23:59:59.999999'), (null)"], ['TIME WITH TIME ZONE', "('12:00:00.5-02:30'), ('00:00:00+15:59:59'), (null)"],
  ['TIMESTAMP', "('2020-01-01 00:00:00.000001'), ('infinity'), ('1960-01-01'), (null)"], ['TIMESTAMP_S', "('1500-01-01 00:00:01'), (null)"], ['TIMESTAMP_MS', "('2020-01-01 00:00:00.001'), (null)"], ['TIMESTAMP_NS', "('2020-01-01 00:00:00.000000001'), (null)"],
  ['TIMESTAMP WITH TIME ZONE', "('2020-01-01 00:00:00+00'), ('infinity'), ('-infinity'), ('290000-12-22 00:00:00+00'), (null)"], ['INTERVAL', "('14 months -3 days 12:34:56.789'), ('-1 year'), ('100000 hours'), (null)"],
  ["ENUM('sad', 'it''s')", "('sad'), ('it''s'), (null)"], ['INTEGER[]', '([1, null]), ([]), (null), ([3])'], ['VARCHAR[][]', "([['a', 'a text longer than twelve'], null]), ([]), (null)"], ['INTEGER[3]', '([1, 2, 3]), (null), ([4, null, 6])'],
  ['STRUCT(a INTEGER, "b c" VARCHAR[])', "({'a': 1, 'b c': ['x', null]}), (null), ({'a': null, 'b c': null})"], ['MAP(INTEGER, VARCHAR)', "(map {2: 'b', 1: null}), (map {}), (null)"], ['UNION(a INTEGER, b VARCHAR)', "(union_value(a := 1)::union(a int, b varchar)), (union_value(b := 'x')::union(a int, b varchar)), (null)"],
  ["STRUCT(h HUGEINT, u UUID[], i INTERVAL)", "({'h': 1, 'u': ['00112233-4455-6677-8899-aabbccddeeff', null], 'i': '2 days'}), (null)"], ['DECIMAL(10,2)[]', '([1.25, null]), (null)'], ["MAP(VARCHAR, ENUM('a', 'b')[])", "(map {'k': ['a', null]}), (null)"], ['HUGEINT[2]', '([1, null]), (null)'],
  ['JSON', `('{"a": [1]}'), (null)`, true], ['TIME_NS', "('23:59:59.000000001'), (null)"],
];

/** A store in files and memory. */
function fileBlobs(folder: string): Blobs {
  const held = new Map<string, Uint8Array>();
  const path = (hash: string): string => join(folder, hash);
  return {
    put(bytes) {
      const hash = createHash('sha256').update(bytes).digest('hex');
      if (!held.has(hash)) { held.set(hash, Uint8Array.from(bytes)); if (bytes.length > 65_536) writeFileSync(path(hash), bytes); }
      return hash;
    },
    get: (hash) => held.get(hash), has: (hash) => held.has(hash),
    path: (hash) => ((held.get(hash)?.length ?? 0) > 65_536 ? path(hash) : undefined),
    adopt(file) { const bytes = readFileSync(file); rmSync(file); return this.put(bytes); },
  };
}

/** Runs the suite. */
export function sqlExecutorSuite(create: (root: string) => Executor, traits: SqlTraits): void {
  let root = '';
  let executor: Executor;
  let blobs: Blobs;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'telar-suite-'));
    mkdirSync(join(root, 'nb', 'data'), { recursive: true });
    mkdirSync(join(root, 'store'));
    blobs = fileBlobs(join(root, 'store'));
    executor = create(root);
    for (const [name, text] of Object.entries({ 'a.csv': 'x,y\n1,a\n2,b\n', 'b.csv': 'x,y\n3,c\n', 'bad.csv': 'x,y\n3,c\n4,d\n5,e,f\n6,g\n', 'types.csv': 'n\n1\ntwo\n', 'r.json': '[{"a": 1}, {"a": 2}]', 'r.ndjson': '{"a": 1}\n{"a": 3}\n' })) writeFileSync(join(root, 'nb', 'data', name), text);
    writeFileSync(join(root, 'top.csv'), 'k\n7\n');
  });
  afterAll(async () => { await executor.close(); rmSync(root, { recursive: true, force: true }); });

  interface Extra { inputs?: Record<string, StepInput>; files?: string[]; time?: number; memory?: number; output?: number; signal?: AbortSignal; settings?: Record<string, unknown> }
  const execute = (code: string, extra: Extra = {}): Promise<Outcome> => {
    const program: Program = { engine: executor.engine, code, file: 'nb/a.telar.md', line: 10, id: 'x', wanted: [], binds: [], modules: {}, folder: 'nb', files: extra.files ?? [], ...(extra.settings === undefined ? {} : { settings: extra.settings }) };
    return executor.execute(program, extra.inputs ?? {}, { blobs, limits: { time: extra.time ?? 60_000, memory: extra.memory ?? 2 ** 31, output: extra.output ?? 2 ** 30 }, signal: extra.signal ?? new AbortController().signal, emit: () => undefined });
  };
  const table = async (code: string, extra: Extra = {}): Promise<ValueRef> => (await execute(code, extra)).outputs.value?.ref as ValueRef;
  const rows = async (code: string, extra: Extra = {}): Promise<Record<string, unknown>[]> => {
    const view = openTable(await table(code, extra), blobs);
    return Array.from({ length: view.rows }, (_, index) => view.row(index));
  };
  const record = (value: unknown, form: ValueForm = 'record'): StepInput => {
    const bytes = form === 'text' ? new TextEncoder().encode(String(value)) : encodeRecord(value);
    return { ref: { form, hash: blobs.put(bytes), bytes: bytes.length } };
  };

  describe('C8 types', () => {
    it.each(TYPES)('C8 %s goes out and in without loss, both ways', async (type, values, extension) => {
      const query = `select v::${type} v from (values ${values}) t(v)`;
      if (extension === true && !traits.extensions) {
        await expect(execute(query)).rejects.toMatchObject({ code: expect.stringMatching(/unavailable|exception/) });
        return;
      }
      const ref = await table(query);
      expect(openTable(ref, blobs).columns[0]?.type).toBe(type);
      const inputs = { t: { ref } };
      expect((await table('from t', { inputs })).hash).toBe(ref.hash);
      // EXCEPT ALL in both directions; NaN equals itself there, −0 equals 0, so the hash above says more.
      const different = `select (select count(*) from (from t except all (${query}))) + (select count(*) from ((${query}) except all from t)) n`;
      expect(await rows(different, { inputs })).toEqual([{ n: 0 }]);
    });

    it('C8 an empty table keeps its types', async () => {
      const query = `select 1::hugeint h, 'a'::enum('a', 'b') e, [1] l, {'x': 1.5::double} s where false`;
      const ref = await table(query);
      expect(openTable(ref, blobs)).toMatchObject({ rows: 0, columns: [{ type: 'HUGEINT' }, { type: "ENUM('a', 'b')" }, { type: 'INTEGER[]' }, { type: 'STRUCT(x DOUBLE)' }] });
      expect((await table('from t', { inputs: { t: { ref } } })).hash).toBe(ref.hash);
    });

    it('C8 values in portable form are exact', async () => {
      expect(await rows("select 9007199254740993::bigint b, 1.10::decimal(4,2) d, date '2020-01-01' dd, 'nan'::double n, null z, true t, [1, null] l, {'a': 'x'} s")).toEqual([
        { b: 9007199254740993n, d: new Tagged('decimal', '1.10'), dd: new Tagged('date', '2020-01-01'), n: NaN, z: null, t: true, l: [1, null], s: { a: 'x' } }]);
    });

    it('C8 VARIANT and structs without names are refused with what to do', async () => {
      await expect(execute('select row(1, 2) v')).rejects.toMatchObject({ code: 'unsupported-type', message: expect.stringContaining('cast') });
      if (traits.extensions) await expect(execute('select 5::variant v')).rejects.toMatchObject({ code: 'unsupported-type', message: expect.stringContaining('VARIANT') });
    });

    it(`C8 a large table: one hash however its rows came, and back`, async () => {
      const columns = `i::integer a, i * 1.5::double b, 's' || i || case when i % 3 = 0 then ' and a longer text' else '' end c, case when i % 5 = 0 then null else date '2020-01-01' + (i % 1000)::int end d, timestamp '2020-01-01' + interval (i) second e, (i / 7)::decimal(18,3) f, [i, null] g`;
      const half = traits.rows / 2;
      const one = await table(`select ${columns} from range(${traits.rows}) t(i)`);
      const two = await table(`select ${columns} from range(${half - 1}) t(i) union all select ${columns} from range(${half - 1}, ${traits.rows}) t(i)`);
      expect(two.hash).toBe(one.hash);
      const inputs = { t: { ref: one } };
      expect((await table('from t', { inputs })).hash).toBe(one.hash);
      expect(await rows('select count(*) n, sum(a) a, count(d) d, max(length(c)) c, sum(f) = (select sum((i / 7)::decimal(18,3)) from range(' + traits.rows + ') r(i)) f from t', { inputs })).toEqual([
        { n: traits.rows, a: traits.rows * (traits.rows - 1) / 2, d: traits.rows * 4 / 5, c: 1 + 18 + String(traits.rows - 1).length, f: true }]);
      // A column that did not change is one blob.
      const less = openTable(await table('select a, b, d from t', { inputs }), blobs).columns as unknown as readonly { blob: string }[];
      const all = openTable(one, blobs).columns as unknown as readonly { blob: string }[];
      expect(less.map(({ blob }) => blob)).toEqual([all[0], all[1], all[3]].map((column) => column?.blob));
    }, 120_000);
  });

  describe('R statements', () => {
    it('R1 the last of several statements gives the value; one without rows gives null', async () => {
      expect(await rows('create table z as select 1 a; insert into z values (2); select sum(a)::int s from z')).toEqual([{ s: 3 }]);
      expect((await execute('create table z as select 1 a')).outputs.value).toMatchObject({ ref: { form: 'record', bytes: 4 }, summary: { type: 'null' } });
      expect((await execute('-- nothing\n')).outputs.value?.summary.type).toBe('null');
    });

    it('R1 steps do not see each other', async () => {
      await execute('create table z as select 1 a; create macro m(x) as x + 1; select 1');
      await expect(execute('from z')).rejects.toMatchObject({ code: 'exception', message: expect.stringContaining('z') });
      await expect(execute('select m(1)')).rejects.toMatchObject({ code: 'exception' });
    });

    it('R1 steps run beside each other', async () => {
      const all = await Promise.all([1, 2, 3, 4].map((number) => rows(`select ${number} n, count(*) c from range(200000)`)));
      expect(all.map(([row]) => row?.n)).toEqual([1, 2, 3, 4]);
    });

    it('R1 the summary tells rows, columns and a preview', async () => {
      expect((await execute("select 1 a, 'x' b union all select 2, 'y' order by a")).outputs.value?.summary).toMatchObject({ type: 'table 2 × 2', rows: 2, columns: [{ name: 'a', type: 'INTEGER' }, { name: 'b', type: 'VARCHAR' }], preview: expect.stringContaining('x') });
    });

    it('R1 equal names of columns are made distinct', async () => {
      expect(await rows('select 1 a, 2 a')).toEqual([{ a: 1, a_1: 2 }]);
    });

    it('R1 an error names the line in the notebook, in DuckDB’s own words', async () => {
      await expect(execute('select 1;\nselect\n  nope from range(2)')).rejects.toMatchObject({ code: 'exception', line: 12, message: expect.stringContaining('"nope" not found') });
      await expect(execute('select 1;\n\nselec')).rejects.toMatchObject({ code: 'syntax', line: 12 });
      await expect(execute("-- ü\nselect cast(x as int) from (values ('1'), ('q')) t(x)")).rejects.toMatchObject({ code: 'exception', line: 11, message: expect.stringContaining("'q'") });
      await expect(execute("select 1;\n\n\nselect error('boo')")).rejects.toMatchObject({ code: 'exception', line: 13, message: 'boo' });
    });
  });

  describe('G inputs', () => {
    it('G1 lists of records, one record, a list and a text become tables; dotted ports have a schema', async () => {
      const inputs = { r: record([{ a: 1, b: 'x' }, { a: 2.5 }]), one: record({ k: 'v' }), l: record([1, 2, 3]), 'deep.t': record([{ z: new Tagged('decimal', '1.5') }]) };
      expect(await rows('select sum(a) s, count(b) c, (select k from one) k, (select sum(value)::int from l) l, (select z from deep.t) z from r', { inputs })).toEqual([{ s: 3.5, c: 1, k: 'v', l: 6, z: new Tagged('decimal', '1.5') }]);
    });

    it('G1 names match without case, and odd ones by quotes', async () => {
      expect(await rows('select "Odd Name" o, TOTAL t from WEATHER', { inputs: { Weather: record([{ 'Odd Name': 1, total: 2, Total: 3 }]) } })).toEqual([{ o: 1, t: 2 }]);
    });

    it('G1 {{ }} binds a value with its type, and never splices text', async () => {
      const inputs = { r: record({ n: 2, s: "it's; drop table t", d: new Tagged('date', '2020-01-01'), l: [1, 2], big: 2n ** 70n, z: null, f: 1.5, b: true, ts: new Tagged('timestamptz', '2020-01-01T00:00:00Z'), q: new Tagged('duration', '1,2,3') }), t: record([{ a: 1 }, { a: 2 }, { a: 3 }]) };
      expect(await rows('select {{ r.n }} n, typeof({{ r.n }}) tn, {{ r.s }} s, {{ r.d }} d, {{ r.l }} l, {{ r.big }} big, {{ r.z }} is null z, {{ r.f }} f, {{ r.b }} b, {{ r.ts }} ts, {{ r.q }} q from t where a < {{ r.n }}', { inputs })).toEqual([{
        n: 2, tn: 'INTEGER', s: "it's; drop table t", d: new Tagged('date', '2020-01-01'), l: [1, 2], big: 2n ** 70n, z: true, f: 1.5, b: true, ts: new Tagged('timestamptz', '2020-01-01T00:00:00Z'), q: new Tagged('duration', '1,2,3') }]);
      expect(await rows("select a from t where date '2020-01-01' = {{ day }} limit {{ r.n }}", { inputs: { ...inputs, day: record('2020-01-01') } })).toEqual([{ a: 1 }, { a: 2 }]);
    });

    it('G1 a value of a table with one row; a path that leads nowhere says so', async () => {
      const inputs = { w: record([{ m: 7 }]), one: { ref: await table('select 7 m') }, two: { ref: await table('select * from range(2) r(m)') } };
      expect(await rows('select {{ one.m }} a, {{ w.0.m }} b, {{ two.1.m }} c', { inputs })).toEqual([{ a: 7, b: 7, c: 1 }]);
      await expect(execute('select 1,\n {{ one.nope }}', { inputs })).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining('nope') });
      await expect(execute('select {{ two.m }}', { inputs })).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining('2 rows') });
    });

    it('G1 what SQL cannot read is refused by port and type', async () => {
      await expect(execute('from o', { inputs: { o: { ref: { form: 'opaque', hash: blobs.put(new Uint8Array([1])), bytes: 1 } } } })).rejects.toMatchObject({ code: 'value-type', data: { port: 'o' } });
    });
  });

  describe('P9 files', () => {
    it('P9 a file beside the notebook is read, and its content recorded', async () => {
      const outcome = await execute("select * from 'data/a.csv'", { files: ['data/a.csv'] });
      expect(outcome.reads).toEqual([{ what: 'file', path: 'data/a.csv', saw: createHash('sha256').update('x,y\n1,a\n2,b\n').digest('hex') }]);
      const pattern = rows("from read_csv('data/?.csv') order by x", { files: ['data/a.csv', 'data/b.csv'] });
    if (traits.extensions) expect(await pattern).toMatchObject([{ x: 1 }, { x: 2 }, { x: 3 }]);
    else await expect(pattern).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('one by one') });
      expect(await rows("from './data/../data/a.csv'", { files: ['data/a.csv'] })).toHaveLength(2);
      expect(await rows("from '../top.csv'", { files: ['../top.csv'] })).toEqual([{ k: 7 }]);
    });

    it('P9 JSON, NDJSON and Parquet too, or a clear word', async () => {
      if (!traits.extensions) {
        for (const [code, file] of [["from read_json('data/r.json')", 'data/r.json'], ["from read_parquet('data/r.parquet')", 'data/r.parquet']] as const) await expect(execute(code, { files: [file] })).rejects.toMatchObject({ code: 'unavailable' });
        await expect(execute("select timezone('Europe/Berlin', timestamp '2020-01-01')")).rejects.toMatchObject({ code: 'unavailable', data: { extension: 'icu' } });
        return;
      }
      expect(await rows("from 'data/r.json'", { files: ['data/r.json'] })).toEqual([{ a: 1 }, { a: 2 }]);
      expect(await rows("from read_ndjson('data/r.ndjson')", { files: ['data/r.ndjson'] })).toEqual([{ a: 1 }, { a: 3 }]);
      expect(await rows("select timezone('Europe/Berlin', timestamp '2020-01-01') t")).toEqual([{ t: new Tagged('timestamptz', '2019-12-31T23:00:00Z') }]);
    });

    it('P9 a missing file and a malformed row say which, and which line', async () => {
      await expect(execute("from 'data/none.csv'", { files: ['data/none.csv'] })).rejects.toMatchObject({ code: 'missing-file', message: expect.stringContaining('data/none.csv') });
      await expect(execute("from read_csv('data/bad.csv', delim = ',', header = true)", { files: ['data/bad.csv'] })).rejects.toMatchObject({ code: 'bad-file', message: expect.stringContaining('bad.csv, line 4: there are 3 columns where 2'), data: { file: 'data/bad.csv', fileLine: 4 } });
      await expect(execute("from read_csv('data/types.csv', columns = {'n': 'int'}, header = true, auto_detect = false)", { files: ['data/types.csv'] })).rejects.toMatchObject({ code: 'bad-file', message: expect.stringContaining('types.csv, line 3'), data: { fileLine: 3 } });
    });
  });

  describe('security 7', () => {
    it.each([
      ["from read_csv('/etc/passwd')"], ["from read_text('/etc/hostname')"], ["from read_csv('../top.csv')"], ["from read_csv('data/a.csv')"], ["from glob('/*')"], ["attach 'x.db'"], ["attach ':memory:' as m"], ['install httpfs'], ['load httpfs'],
      ["copy (select 1) to 'x.csv'"], ["copy (select 1 as \"from\") to '/tmp/x.csv'"], ['export database \'x\''], ["prepare p as copy (select 1) to 'x.csv'"], ["explain analyze copy (select 1) to 'x.csv'"], ['set threads = 4'], ["set allowed_paths = ['/']"], ['set enable_external_access = true'], ['reset lock_configuration'],
      ["from read_csv('https://example.com/a.csv')"], ["select 1; copy (select 2) to 'data/a.csv'"], ["create persistent secret s (type s3)"],
    ])('security 7: %s is refused', async (code) => {
      await expect(execute(code, code.includes('; copy') ? { files: ['data/a.csv'] } : {})).rejects.toMatchObject({ code: expect.stringMatching(/^(refused|exception|missing-file|unavailable)$/) });
      expect(readFileSync(join(root, 'nb', 'data', 'a.csv'), 'utf8')).toBe('x,y\n1,a\n2,b\n');
    });

    it('security 7: a granted file cannot be written, and nothing outside the workspace be granted', async () => {
      await expect(execute(`copy (select 1) to '${join(root, 'nb', 'data', 'a.csv')}' (use_tmp_file false)`, { files: ['data/a.csv'] })).rejects.toMatchObject({ code: 'refused' });
      await expect(execute("from '../../x.csv'", { files: ['../../x.csv'] })).rejects.toMatchObject({ code: 'refused' });
      symlinkSync('/etc/hostname', join(root, 'nb', 'link.csv'));
      await expect(execute("from 'link.csv'", { files: ['link.csv'] })).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('outside') });
    });

    it('R5 what writes or opens another database says how a table gets into a file', async () => {
      for (const code of ["copy (select 1) to 'x.csv'", "attach 'x.db'"]) await expect(execute(code)).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('`telar show FILE ID -o PATH`') });
    });

    it('security 7: COPY … FROM a granted file is no writing', async () => {
      expect(await rows("create table t (x int, y varchar); copy t from 'data/a.csv'; select count(*) n from t", { files: ['data/a.csv'] })).toEqual([{ n: 2 }]);
    });
  });

  describe('R5 limits', () => {
    const endless = 'select count(*) from range(1000000000000) a(i) where i % 7 = 3';

    it('R5 time: a typed failure, and the next step is not hit', async () => {
      await expect(execute(endless, { time: 300 })).rejects.toMatchObject({ code: 'timeout', message: expect.stringContaining('0.3 s') });
      expect(await rows('select 1 a')).toEqual([{ a: 1 }]);
    });

    it('R2 cancel stops it', async () => {
      const controller = new AbortController();
      const running = execute(endless, { signal: controller.signal });
      setTimeout(() => controller.abort(), 200);
      await expect(running).rejects.toMatchObject({ code: 'cancelled' });
      await expect(execute('select 1', { signal: controller.signal })).rejects.toMatchObject({ code: 'cancelled' });
      expect(await rows('select 2 a')).toEqual([{ a: 2 }]);
    });

    it('R5 memory and output', async () => {
      await expect(execute('select list(i) l from range(100000000) a(i)', { memory: 1e8 })).rejects.toMatchObject({ code: 'memory', message: expect.stringContaining('memory=') });
      await expect(execute('select i, i + 1 j from range(1000000) a(i)', { output: 1e6 })).rejects.toMatchObject({ code: 'output-limit' });
      expect(await rows('select 3 a')).toEqual([{ a: 3 }]);
    });
  });

  it('P1 the identity names engine, version, threads and zone, before anything has started', () => {
    expect(create(root).identity({ settings: {} })).toEqual(executor.identity());
    expect(executor.identity()).toMatchObject({ engine: expect.stringContaining('duckdb'), version: expect.stringMatching(/^\d+\.\d+/), threads: '1', timezone: 'UTC' });
    expect(executor.available()).toEqual({ ok: true });
  });
}
