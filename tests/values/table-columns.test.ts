/** Columns and tables: every type there and back, canonical bytes, readable by a stock Arrow reader. */
import { tableFromIPC } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { buildColumn, ColumnBuilder, columnLayout, decodeColumn, encodeColumn, frameColumn, type Source } from '../../runtime/values/column.ts';
import { formatType, parseType } from '../../runtime/values/duckdb-types.ts';
import { inferType, tableFromArray, tableFromRecords } from '../../runtime/values/infer.ts';
import { NumberArray } from '../../runtime/values/array.ts';
import { Tagged, type Tag } from '../../runtime/values/scalars.ts';
import { distinctNames, openTable, storeTable } from '../../runtime/values/table.ts';
import { memoryBlobs } from '../support/memory-blobs.ts';

const tag = (name: Tag, text: string): Tagged => new Tagged(name, text);

/** Type, values, and what a stock Arrow reader calls the type. */
const COLUMNS: [string, unknown[], string][] = [
  ['BOOLEAN', [true, false, null, true, true, true, true, true, false, true], 'Bool'],
  ['TINYINT', [-128, 127, null], 'Int8'], ['SMALLINT', [-32768, 32767], 'Int16'], ['INTEGER', [1, null, -2147483648], 'Int32'], ['BIGINT', [5, null, -9007199254740991], 'Int64'],
  ['BIGINT', [9007199254740993n, -9223372036854775808n], 'Int64'], ['UTINYINT', [255], 'Uint8'], ['USMALLINT', [65535], 'Uint16'], ['UINTEGER', [4294967295], 'Uint32'],
  ['UBIGINT', [18446744073709551615n, null], 'Uint64'], ['HUGEINT', [-170141183460469231731687303715884105728n, null, 5n], 'FixedSizeBinary[16]'], ['UHUGEINT', [340282366920938463463374607431768211455n], 'FixedSizeBinary[16]'],
  ['FLOAT', [1.5, null, -0], 'Float32'], ['DOUBLE', [1.5, -0, NaN, Infinity, -Infinity, null, 5e-324], 'Float64'],
  ['DECIMAL(18,3)', [tag('decimal', '1.100'), null, tag('decimal', '-0.001')], 'Decimal[18e+3]'], ['DECIMAL(38,0)', [tag('decimal', '-99999999999999999999999999999999999999')], 'Decimal[38e0]'],
  ['VARCHAR', ['a', 'ü€😀', null, '', '\u0000', '\ufeffx'], 'Utf8'], ['BLOB', [new Uint8Array([0, 255]), null, new Uint8Array(0)], 'Binary'], ['BIT', ['0101', null], 'Utf8'], ['JSON', ['{"a":1}', null], 'Utf8'], ['BIGNUM', [10n ** 60n, null], 'Utf8'],
  ['UUID', ['00112233-4455-6677-8899-aabbccddeeff', null], 'FixedSizeBinary[16]'],
  ['DATE', ['2020-02-29', '0044-03-15 (BC)', 'infinity', '-infinity', '1969-12-31', '0001-01-01', '294247-01-10', '1600-02-29'].map((text) => tag('date', text)), 'Date32<DAY>'],
  ['TIME', [tag('time', '23:59:59.999999'), tag('time', '00:00:00'), null], 'Time64<MICROSECOND>'], ['TIME_NS', [tag('time', '23:59:59.000000001')], 'Time64<NANOSECOND>'], ['TIME WITH TIME ZONE', [tag('time', '12:00:00.5-02:30'), tag('time', '00:00:00+15:59:59')], 'FixedSizeBinary[8]'],
  ['TIMESTAMP', [tag('timestamp', '2020-01-01T00:00:00.000001'), tag('timestamp', 'infinity'), null, tag('timestamp', '1960-01-01T23:59:59.5')], 'Timestamp<MICROSECOND>'],
  ['TIMESTAMP_S', [tag('timestamp', '1500-01-01T00:00:01')], 'Timestamp<SECOND>'], ['TIMESTAMP_MS', [tag('timestamp', '2020-01-01T00:00:00.001')], 'Timestamp<MILLISECOND>'], ['TIMESTAMP_NS', [tag('timestamp', '2020-01-01T00:00:00.000000001'), null], 'Timestamp<NANOSECOND>'],
  ['TIMESTAMP WITH TIME ZONE', [tag('timestamptz', '2020-01-01T00:00:00Z'), tag('timestamptz', '-infinity'), null, tag('timestamptz', '290000-12-22T00:00:00Z')], 'Timestamp<MICROSECOND, UTC>'],
  ['INTERVAL', [tag('duration', '1,-2,9223372036854775807'), null], 'FixedSizeBinary[16]'], ["ENUM('a', 'b''c')", ['a', "b'c", null, 'a'], 'Dictionary<Uint8, Utf8>'],
  ['INTEGER[]', [[1, null], null, [], [3]], 'List<Int32>'], ['INTEGER[3]', [[1, 2, 3], null, [4, null, 6]], 'FixedSizeList[3]<Int32>'], ['VARCHAR[][]', [[['a'], null], [], null], 'List<List<Utf8>>'],
  ['STRUCT(a INTEGER, "b c" VARCHAR[])', [{ a: 1, 'b c': ['x', null] }, null, { a: null, 'b c': null }], 'Struct<{a:Int32, b c:List<Utf8>}>'],
  ['MAP(INTEGER, VARCHAR)', [new Map([[2, 'b'], [1, 'a']]), null, {}], 'Map<{key:Int32, value:Utf8}>'], ['MAP(VARCHAR, INTEGER)', [{ b: 1, a: null }], 'Map<{key:Utf8, value:Int32}>'],
  ['UNION(a INTEGER, b VARCHAR)', [{ a: 1 }, { b: 'x' }, null, { a: null }], 'Struct<{$tag:Uint8, a:Int32, b:Utf8}>'],
  ["STRUCT(x ENUM('p', 'q'), y STRUCT(z DOUBLE[])[])", [{ x: 'p', y: [{ z: [1, 2] }, null] }, null, { x: null, y: [] }], 'Struct<{x:Dictionary<Uint8, Utf8>, y:List<Struct<{z:List<Float64>}>>}>'],
  ['INTEGER', [], 'Int32'], ['VARCHAR[]', [], 'List<Utf8>'],
];

describe('C8 columns', () => {
  it.each(COLUMNS)('C8 %s comes back exactly, and an Arrow reader takes it', (type, values, arrow) => {
    const blob = encodeColumn(type, values);
    expect(decodeColumn(blob)).toStrictEqual(values);
    expect(columnLayout(blob)).toMatchObject({ type, length: values.length, nullCount: values.filter((value) => value === null).length });
    const read = tableFromIPC(blob);
    expect(String(read.schema.fields[0]?.type)).toBe(arrow);
    expect(read.numRows).toBe(values.length);
    // Every value is reached, so that a wrong buffer would throw; nulls are where they were. (That reader cannot make a Date of an infinity.)
    if (values.some((value) => value instanceof Tagged && value.text.includes('infinity'))) return;
    expect(Array.from(read.getChildAt(0) ?? [], (value) => value === null)).toEqual(values.map((value) => value === null));
  });

  it('C8 buffers are aligned to 8 bytes, validity is absent without nulls, and null slots are zero', () => {
    const blob = encodeColumn('INTEGER', [7, null, 9]);
    const { validity, buffers: [data] } = columnLayout(blob);
    expect([validity?.from, data?.from].every((at) => at !== undefined && at % 8 === 0)).toBe(true);
    expect([...new Int32Array(blob.slice(data?.from, data?.to).buffer)]).toEqual([7, 0, 9]);
    expect(columnLayout(encodeColumn('INTEGER', [7])).validity).toBeUndefined();
  });

  it('C8 one NaN, two zeros: payloads of NaN vanish, −0 stays', () => {
    const odd = new Float64Array(new BigUint64Array([0xfff8_0000_0000_0001n]).buffer)[0];
    expect(encodeColumn('DOUBLE', [odd])).toEqual(encodeColumn('DOUBLE', [NaN]));
    expect(encodeColumn('DOUBLE', [-0])).not.toEqual(encodeColumn('DOUBLE', [0]));
  });

  it('C8 chunks, gaps, order of list items and rubbish under nulls do not change the bytes', () => {
    const type = parseType('INTEGER[]');
    const items: Source = { validity: undefined, bytes: new Uint8Array(new Int32Array([99, 3, 1, 2, 77]).buffer) };
    const starts = [2, 0, 1];
    const sizes = [2, 5, 1];
    const builder = new ColumnBuilder(type);
    for (const from of [0, 1, 2]) builder.append({ validity: Uint8Array.of(0b101), start: (row) => starts[row] ?? 0, size: (row) => sizes[row] ?? 0, children: [items] }, { from, count: 1 });
    expect(frameColumn(builder.finish())).toEqual(encodeColumn('INTEGER[]', [[1, 2], null, [3]]));
    const whole = new ColumnBuilder(type);
    whole.append({ validity: Uint8Array.of(0b101), start: (row) => starts[row] ?? 0, size: (row) => sizes[row] ?? 0, children: [items] }, { from: 0, count: 3 });
    expect(frameColumn(whole.finish())).toEqual(encodeColumn('INTEGER[]', [[1, 2], null, [3]]));
  });

  it('C8 a value that the type cannot hold exactly is refused', () => {
    for (const [type, value] of [['TINYINT', 128], ['INTEGER', 1.5], ['DECIMAL(4,2)', tag('decimal', '1.005')], ['DECIMAL(4,2)', 100], ['VARCHAR', 5], ["ENUM('a')", 'b'], ['INTEGER[2]', [1]], ['DATE', 'soon'], ['TIME', tag('time', '00:00:00.0000001')]] as const) {
      expect(() => encodeColumn(type, [value]), type).toThrow(/fit|not a/);
    }
  });

  it('C8 damage is found, not read', () => {
    const blob = encodeColumn('VARCHAR', ['a', 'b']);
    expect(() => decodeColumn(blob.subarray(0, 100))).toThrow(expect.objectContaining({ code: 'damaged' }));
    expect(() => decodeColumn(new Uint8Array(64))).toThrow(expect.objectContaining({ code: 'damaged' }));
  });
});

describe('C8 types', () => {
  it.each([
    ['int', 'INTEGER'], ['numeric(10, 2)', 'DECIMAL(10,2)'], ['decimal', 'DECIMAL(18,3)'], ['timestamptz[]', 'TIMESTAMP WITH TIME ZONE[]'], ['varchar(20)', 'VARCHAR'], ['time with time zone', 'TIME WITH TIME ZONE'],
    ['struct(a int, "B c" text[3])', 'STRUCT(a INTEGER, "B c" VARCHAR[3])'], ['STRUCT("select" INTEGER)', 'STRUCT("select" INTEGER)'], ["ENUM('it''s',  'b')", "ENUM('it''s', 'b')"],
    ['MAP(VARCHAR, STRUCT(x INTEGER)[])', 'MAP(VARCHAR, STRUCT(x INTEGER)[])'], ['UNION(num INTEGER, str VARCHAR)', 'UNION(num INTEGER, str VARCHAR)'],
  ])('C8 %s is %s', (given, canonical) => { expect(formatType(parseType(given))).toBe(canonical); });

  it.each(['VARIANT', 'STRUCT(INTEGER, VARCHAR)', 'GEOMETRY', 'INTEGER[', 'MAP(INTEGER)', ''])('C8 “%s” is refused with what to do', (text) => {
    expect(() => parseType(text)).toThrow(expect.objectContaining({ code: 'unsupported-type', message: expect.stringContaining('cast') }));
  });
});

describe('C8 inference', () => {
  it.each([
    [[1, 2], 'BIGINT'], [[1, 2.5], 'DOUBLE'], [[1, NaN], 'DOUBLE'], [[2n ** 63n, 1], 'HUGEINT'], [[2n ** 200n], 'BIGNUM'], [[null], 'INTEGER'], [[], 'INTEGER'], [[true, null], 'BOOLEAN'], [['a'], 'VARCHAR'],
    [[1, 'a'], 'JSON'], [[tag('decimal', '1.10'), tag('decimal', '123.4')], 'DECIMAL(5,2)'], [[tag('decimal', '1.10'), 3], 'DECIMAL(21,2)'], [[tag('decimal', '1.10'), 1.5], 'DOUBLE'], [[tag('float', '3')], 'DOUBLE'],
    [[tag('date', '2020-01-01'), tag('timestamp', '2020-01-01T00:00:00')], 'TIMESTAMP'], [[tag('timestamp', '2020-01-01T00:00:00.1234567')], 'TIMESTAMP_NS'], [[new Date(0)], 'TIMESTAMP WITH TIME ZONE'], [[tag('duration', '0,1,0')], 'INTERVAL'],
    [[[1], [], [null]], 'BIGINT[]'], [[{ a: 1 }, { b: 'x' }, {}], 'STRUCT(a BIGINT, b VARCHAR)'], [[{}], 'MAP(VARCHAR, INTEGER)'], [[new Map([[1, 'a']])], 'MAP(BIGINT, VARCHAR)'], [[new Uint8Array(1)], 'BLOB'],
  ] as [unknown[], string][])('C8 %o is %s, and its values fit', (values, type) => {
    expect(inferType(values)).toBe(type);
    expect(buildColumn(parseType(type), values).length).toBe(values.length);
  });

  it('C8 records of one shape: columns in the order met, missing keys null', () => {
    expect(tableFromRecords([{ b: 1 }, { a: 'x', b: 2 }])).toEqual({ rows: 2, columns: [{ name: 'b', type: 'BIGINT', values: [1, 2] }, { name: 'a', type: 'VARCHAR', values: [null, 'x'] }] });
    expect(tableFromRecords([3, 4]).columns).toEqual([{ name: 'value', type: 'BIGINT', values: [3, 4] }]);
    expect(() => tableFromRecords([{ f: () => 1 }])).toThrow(/Column “f”/);
  });

  it('C8 arrays become columns', () => {
    expect(tableFromArray(new NumberArray('int32', [2, 2], new Int32Array([1, 2, 3, 4]))).columns).toEqual([{ name: 'c0', type: 'INTEGER', values: [1, 3] }, { name: 'c1', type: 'INTEGER', values: [2, 4] }]);
    expect(tableFromArray(new NumberArray('float64', [1, 2, 1], new Float64Array([1, 2]))).columns[0]).toEqual({ name: 'value', type: 'DOUBLE[][]', values: [[[1], [2]]] });
    expect(tableFromArray(new NumberArray('bool', [2], new Uint8Array([1, 0]))).columns[0]?.values).toEqual([true, false]);
  });
});

describe('C8 tables', () => {
  const view = { rows: 2, columns: [{ name: 'a', type: 'INTEGER' }, { name: 'b', type: 'VARCHAR' }], column: (name: string) => (name === 'a' ? [1, 2] : ['x', 'y']) };

  it('C8 the manifest is the value; columns are read one by one, once', () => {
    const blobs = memoryBlobs();
    const ref = storeTable(view, blobs);
    const manifest = new TextDecoder().decode(blobs.held.get(ref.hash));
    expect(manifest).toMatch(/^\{"rows":2,"columns":\[\{"name":"a","type":"INTEGER","blob":"[\da-f]{64}","bytes":\d+\},/);
    const table = openTable(ref, blobs);
    blobs.gets = 0;
    expect(table.column('b')).toEqual(['x', 'y']);
    expect(table.column('b')).toEqual(['x', 'y']);
    expect(blobs.gets).toBe(1);
    expect(table.row(1)).toEqual({ a: 2, b: 'y' });
    expect(storeTable(table, blobs)).toBe(ref);
  });

  it('C8 a renamed column is the same blob, and equal tables have equal hashes', () => {
    const blobs = memoryBlobs();
    const one = storeTable(view, blobs);
    const held = blobs.held.size;
    storeTable({ ...view, columns: [{ name: 'z', type: 'INTEGER' }, { name: 'b', type: 'VARCHAR' }], column: (name) => view.column(name === 'z' ? 'a' : name) }, blobs);
    expect(blobs.held.size).toBe(held + 1);
    expect(storeTable(view, blobs)).toEqual(one);
  });

  it('C8 a missing column says what to do', () => {
    const blobs = memoryBlobs();
    const table = openTable(storeTable(view, blobs), blobs);
    expect(() => table.column('c')).toThrow(/it has a, b/);
    for (const hash of [...blobs.held.keys()].slice(0, 1)) blobs.held.delete(hash);
    expect(() => table.column('a')).toThrow(expect.objectContaining({ code: 'value-missing' }));
  });

  it('C8 names are made distinct as SQL sees them', () => {
    expect(distinctNames(['a', 'A', 'a_1', 'a', ''])).toEqual(['a', 'A_2', 'a_1', 'a_3', 'column']);
  });
});
