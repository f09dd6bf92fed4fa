import { gzipSync } from 'node:zlib';
import { Decimal, Field, makeData, makeVector, RecordBatch, Schema, Struct, Table, tableFromArrays, tableToIPC, TimestampNanosecond, vectorFromArray, DateDay, Utf8, Int64 } from 'apache-arrow';
import { afterAll, describe, expect, test } from 'vitest';
import type { TableView } from '../../contracts/values.ts';
import { data } from '../../nodes/data/index.ts';
import { analyse, stepBench } from '../support/steps.ts';

const bench = stepBench();
afterAll(() => bench.close());

const rows = (value: unknown): unknown[] => { const table = value as TableView; return Array.from({ length: table.rows }, (_, index) => Object.fromEntries(Object.entries(table.row(index)).map(([name, cell]) => [name, typeof cell === 'object' && cell !== null ? String(cell) : cell]))); };
const types = (value: unknown): string[] => (value as TableView).columns.map(({ name, type }) => `${name} ${type}`);

describe('data: tables', () => {
  test('C8 a CSV is a table with found and said types, nulls, and the separator of its first line', async () => {
    bench.put('rain.csv', 'day;mm;place\n2014-01-01;0.5;"a;b"\n2014-01-02;NA;\n');
    const value = await bench.value(data, 'file: rain.csv\nnull: NA\ntypes: {mm: "decimal(6,2)"}\n');
    expect(types(value)).toEqual(['day DATE', 'mm DECIMAL(6,2)', 'place VARCHAR']);
    expect(rows(value)).toEqual([{ day: '2014-01-01', mm: '0.50', place: 'a;b' }, { day: '2014-01-02', mm: null, place: null }]);
  });

  test('C8 a CSV without a header takes names; columns keep and order', async () => {
    bench.put('raw.tsv', '1\tx\n2\ty\n');
    expect(rows(await bench.value(data, 'file: raw.tsv\nnames: [n, s]\n'))).toEqual([{ n: 1, s: 'x' }, { n: 2, s: 'y' }]);
    expect(rows(await bench.value(data, 'file: raw.tsv\nheader: false\nnames: [n, s]\ncolumns: [s]\n'))).toEqual([{ s: 'x' }, { s: 'y' }]);
  });

  test('P9 a glob reads all that match, tells the file of each row by its relative path, and records files and folders', async () => {
    bench.put('years/2013.csv', 't\n1\n');
    bench.put('years/2014.csv', 't\n2.5\n');
    bench.put('years/notes.md', 'no');
    const { outcome, reads } = await bench.run(data, 'file: years/*.csv\n');
    const value = await bench.value(data, 'file: years/*.csv\n');
    expect(outcome.outputs.value!.summary.rows).toBe(2);
    expect(rows(value)).toEqual([{ t: 1, filename: 'years/2013.csv' }, { t: 2.5, filename: 'years/2014.csv' }]);
    expect(reads.map(({ what, path }) => `${what} ${path}`)).toEqual(['file years/2013.csv', 'file years/2014.csv', 'list years'].sort((a, b) => (a.slice(a.indexOf(' ')) < b.slice(b.indexOf(' ')) ? -1 : 1)));
  });

  test('C8 JSON records, NDJSON, gzip; integers beyond 2^53 stay exact', async () => {
    bench.put('a.json', ' [{"n": 9007199254740993, "d": "2014-01-01"}, {"n": 2}]');
    bench.put('b.ndjson.gz', gzipSync('{"n": 1}\n{"n": 2}\n'));
    bench.put('c.json', '{"n": 9007199254740993, "list": [1, "x", null], "__proto__": {"a": 1}}');
    bench.put('mixed.json', '[{"a": 1}, 2]');
    expect(rows(await bench.value(data, 'file: a.json\ntypes: {d: varchar}\n'))).toEqual([{ n: 9007199254740993n, d: '2014-01-01' }, { n: 2n, d: null }]);
    expect(rows(await bench.value(data, 'file: b.ndjson.gz\n'))).toEqual([{ n: 1 }, { n: 2 }]);
    const record = await bench.value(data, 'file: c.json\n') as Map<string, unknown>;
    expect(record.get('n')).toBe(9007199254740993n);
    expect(({} as { a?: number }).a).toBeUndefined();
    expect(await bench.value(data, 'file: mixed.json\n')).toEqual([{ a: 1 }, 2]);
  });

  test('C8 Arrow streams and files keep decimals, nanoseconds, dates and exact integers', async () => {
    const table = new Table({
      n: vectorFromArray([9007199254740993n, null], new Int64()),
      s: vectorFromArray(['é', 'é'], new Utf8()),
      d: vectorFromArray([new Date('2014-02-28'), null], new DateDay()),
      at: makeVector(makeData({ type: new TimestampNanosecond(), data: BigInt64Array.of(1_400_000_000_123_456_789n, -1n) })),
      x: makeVector(makeData({ type: new Decimal(2, 10, 128), data: Uint32Array.of(150, 0, 0, 0, 0xffff_ff9c, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff) })),
    });
    bench.put('t.arrows', tableToIPC(table, 'stream'));
    bench.put('t.feather', tableToIPC(table, 'file'));
    for (const file of ['t.arrows', 't.feather']) {
      const value = await bench.value(data, `file: ${file}\n`);
      expect(types(value)).toEqual(['n BIGINT', 's VARCHAR', 'd DATE', 'at TIMESTAMP_NS', 'x DECIMAL(10,2)']);
      expect(rows(value)).toEqual([
        { n: 9007199254740993n, s: 'é', d: '2014-02-28', at: '2014-05-13T16:53:20.123456789', x: '1.50' },
        { n: null, s: 'é', d: null, at: '1969-12-31T23:59:59.999999999', x: '-1.00' },
      ]);
    }
    bench.put('list.arrow', tableToIPC(tableFromArrays({ a: [1.5, 2.5] })));
    expect(rows(await bench.value(data, 'file: list.arrow\n'))).toEqual([{ a: 1.5 }, { a: 2.5 }]);
    bench.put('struct.arrow', tableToIPC(new Table(new RecordBatch(new Schema([new Field('p', new Struct([new Field('x', new Int64(), true)]), true)]), makeData({
      type: new Struct([new Field('p', new Struct([new Field('x', new Int64(), true)]), true)]), length: 1,
      children: [makeData({ type: new Struct([new Field('x', new Int64(), true)]), length: 1, children: [makeData({ type: new Int64(), data: BigInt64Array.of(7n) })] })],
    })))));
    const struct = await bench.value(data, 'file: struct.arrow\n') as TableView;
    expect(struct.row(0)).toEqual({ p: { x: 7 } });
  });

  test('C8 texts and bytes are themselves', async () => {
    bench.put('a.txt', '\uFEFFhola\n');
    bench.put('a.bin', Uint8Array.of(0, 255));
    expect(await bench.value(data, 'file: a.txt\n')).toBe('hola\n');
    expect(await bench.value(data, 'file: a.bin\n')).toEqual(Uint8Array.of(0, 255));
    bench.put('latin.txt', Uint8Array.of(0xe9));
    expect(await bench.value(data, 'file: latin.txt\nencoding: latin-1\n')).toBe('é');
  });
});

describe('data: bad input', () => {
  const cases: [string, string | Uint8Array, string, RegExp][] = [
    ['short.csv', 'a,b\n1,2\n3\n', '', /`short\.csv`, line 3, has 1 field, where the first line has 2/],
    ['long.csv', `a,b\n${'1,2\n'.repeat(30_000)}1,2,3\n`, '', /line 30002, has 3 fields/],
    ['quote.csv', 'a,b\n1,"2\n3,4\n', '', /line 2, opens a quote that never ends/],
    ['late.csv', `a,b\n${'1,2\n'.repeat(30_000)}1,abc\n`, '', /line 30002: column `b` holds `abc`, which is no BIGINT; mend it/],
    ['types.csv', 'a\nx\n', 'types: {a: date}\n', /line 2: column `a` holds `x`, which is no DATE/],
    ['absent.csv', 'amount\n1\n', 'columns: [amont]\n', /has no column `amont`\. Did you mean `amount`\?/],
    ['bytes.csv', Uint8Array.of(97, 44, 98, 10, 49, 44, 50, 10, 51, 44, 0xe9, 10), '', /line 3, is not UTF-8; save it as UTF-8/],
    ['bytes.txt', Uint8Array.of(97, 10, 0xff), '', /line 2, is not UTF-8/],
    ['bad.ndjson', '{"a":1}\n{"a":\n', '', /`bad\.ndjson`.* cannot be read as ndjson/],
    ['bad.json', '{"a": 1,\n "b": }', '', /`bad\.json`.*is not valid JSON/],
    ['no.arrow', 'not arrow at all', '', /`no\.arrow` cannot be read as Arrow/],
    ['no.parquet', 'not parquet', '', /`no\.parquet` cannot be read as parquet/],
    ['cut.txt.gz', gzipSync('hello').subarray(0, 12), '', /not whole gzip/],
  ];
  test.each(cases)('R5 %s is refused with its place and what to do', async (file, content, more, message) => {
    bench.put(file, content);
    const error = await bench.fault(data, `# the file\nfile: ${file}\n${more}`);
    expect(error.message).toMatch(message);
    expect(error.code).toBe('bad-file');
    expect(error.line).toBe(11);
    expect(error.message).not.toContain(bench.root);
  });

  test('R5 a line of 50 MB is refused, not read for ever', async () => {
    bench.put('wide.csv', `a,b\n1,${'x'.repeat(50_000_000)}\n`);
    expect((await bench.fault(data, 'file: wide.csv\n')).message).toMatch(/`wide\.csv`, line 2, is longer than 2 MB/);
    bench.put('wide.ndjson', `{"a":"${'x'.repeat(50_000_000)}"}\n`);
    expect((await bench.fault(data, 'file: wide.ndjson\n')).code).toBe('bad-file');
  });

  test('R5 a missing file is named with its neighbour; what is outside is refused', async () => {
    bench.put('here/weather.csv', 'a\n1\n');
    const missing = await bench.fault(data, 'file: here/weahter.csv\n');
    expect([missing.code, missing.message]).toEqual(['missing-file', expect.stringContaining('Did you mean `here/weather.csv`?')]);
    expect((await bench.fault(data, 'file: nothing*.csv\n')).code).toBe('missing-file');
    expect((await bench.fault(data, 'file: ../secret.csv\n')).code).toBe('refused');
    expect((await bench.fault(data, 'file: /etc/passwd\n')).code).toBe('refused');
    expect((await bench.fault(data, 'file: .git/config\n')).code).toBe('refused');
  });

  test('S7 what a body says is never SQL', async () => {
    bench.put("it's.csv", 'a\n1\n');
    expect(rows(await bench.value(data, `file: "it's.csv"\n`))).toEqual([{ a: 1 }]);
    bench.put('p.json', '[{"a": 1}]');
    expect((await bench.fault(data, 'file: p.json\ntypes: {a: "int), 1 as (b"}\n')).code).toBe('bad-file');
  });
});

describe('data: problems', () => {
  test.each([
    ['', 'missing-key'], ['file: [1]', 'bad-value'], ['fiel: a.csv', 'unknown-key'], ['url: ftp://example.org/a.csv', 'bad-value'], ['url: https://example.org/a.csv\nfile: a.csv', 'bad-value'], ['url: "https://example.org/{{ a }}.csv"', 'bad-value'], ['url: https://example.org/a.png\ndelim: ","\nformat: bytes', 'bad-value'],
    ['file: a.csv\nformat: xls', 'bad-value'], ['file: a.txt\ndelim: ","', 'bad-value'], ['file: a: b', 'syntax'], ['file: a.csv\nheader: maybe', 'bad-value'],
  ])('D4 %j has the problem %s', async (body, code) => {
    expect((await analyse(data, body)).problems.map((problem) => problem.code)).toContain(code);
  });

  test('P9 the analysis names the file, and its place is the value', async () => {
    expect((await analyse(data, 'file: data/a.csv\n')).files).toEqual(['data/a.csv']);
    const [problem] = (await analyse(data, 'file: a.csv\nformat: xls\n')).problems;
    expect('file: a.csv\nformat: xls\n'.slice(problem!.at.from, problem!.at.to)).toBe('xls');
  });
});
