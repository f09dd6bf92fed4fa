/** Records: canonical bytes, there and back. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TelarError } from '../../contracts/errors.ts';
import { canonicalRecord, decodeRecord, encodeRecord, MAX_DEPTH, recordText } from '../../runtime/values/record.ts';
import { Complex, normalText, type Tag, Tagged, Tuple } from '../../runtime/values/scalars.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const two = (most: number): fc.Arbitrary<string> => fc.integer({ min: 0, max: most }).map((value) => String(value).padStart(2, '0'));
const day = fc.tuple(fc.integer({ min: 1, max: 9999 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
  .map(([year, month, date]) => `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(date).padStart(2, '0')}`);
const clock = fc.tuple(two(23), two(59), two(59), fc.constantFrom('', '.5', '.123456', '.000000001')).map(([h, m, s, fraction]) => `${h}:${m}:${s}${fraction}`);
const tagged = fc.oneof(
  fc.tuple(fc.bigInt(), fc.integer({ min: 0, max: 9 })).map(([whole, part]) => new Tagged('decimal', `${whole}.${part}0`)),
  day.map((value) => new Tagged('date', value)), clock.map((value) => new Tagged('time', value)),
  fc.tuple(day, clock).map(([date, time]) => new Tagged('timestamp', `${date}T${time}`)),
  fc.tuple(day, clock, fc.constantFrom('Z', '+02:00', '-11:30')).map(([date, time, zone]) => new Tagged('timestamptz', date + 'T' + time + zone)),
  fc.tuple(fc.integer(), fc.integer(), fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n })).map((parts) => new Tagged('duration', parts.join(','))),
  fc.integer().map((value) => new Tagged('float', String(value))),
);
const scalar = fc.oneof(
  fc.constant(null), fc.boolean(), fc.double(), fc.integer(), fc.bigInt({ min: 2n ** 53n }), fc.bigInt({ max: -(2n ** 53n) }),
  fc.string({ unit: 'binary' }), fc.uint8Array({ maxLength: 20 }).map((bytes) => new Uint8Array(bytes)), tagged,
  fc.tuple(fc.double(), fc.double()).map(([re, im]) => new Complex(re, im)),
);
const key = fc.oneof(fc.string(), fc.constantFrom('$a', '$int', '0', '7', 'constructor', 'toString', 'then', ''));
const { value: anything } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, scalar, tie('list'), tie('tuple'), tie('object'), tie('map')),
  list: fc.array(tie('value'), { maxLength: 5 }),
  tuple: fc.array(tie('value'), { maxLength: 4 }).map((items) => Tuple.from(items)),
  object: fc.dictionary(key.filter((name) => name !== '__proto__'), tie('value'), { maxKeys: 5, noNullPrototype: true }),
  // Only a Map that no plain object can stand for stays a Map: this one has a key that is a number.
  map: fc.tuple(fc.integer(), tie('value'), fc.array(fc.tuple(fc.string(), tie('value')), { maxLength: 3 })).map(([first, item, rest]) => new Map<unknown, unknown>([[first, item], ...rest])),
}));

describe('C8 records', () => {
  it('C8 what is decoded is what was encoded', () => {
    fc.assert(fc.property(anything, (value) => { expect(isDeepStrictEqual(decodeRecord(encodeRecord(value)), value)).toBe(true); }), { numRuns: 500 });
  });

  it('C8 equal values have equal bytes, and canonical bytes stay as they are', () => {
    fc.assert(fc.property(anything, (value) => {
      const bytes = text(encodeRecord(value));
      expect(text(encodeRecord(decodeRecord(encodeRecord(value))))).toBe(bytes);
      expect(text(canonicalRecord(bytes))).toBe(bytes);
    }), { numRuns: 500 });
  });

  it.each([
    ['{ "a" : 1.0, "b": [ 1e2 ] }', '{"a":1,"b":[100]}'], ['{"$int":"5"}', '5'], ['{"$int":"9007199254740993"}', '{"$int":"9007199254740993"}'],
    ['{"$float":"3.0"}', '{"$float":"3"}'], ['{"$float":"1e+300"}', '{"$float":"1e+300"}'], ['{"$float":"0"}', '{"$float":"0"}'], ['{"$float":"-0.0"}', '{"$float":"-0"}'], ['{"$float":"2.5"}', '2.5'], ['-0', '{"$float":"-0"}'],
    ['{"$map":[["a",1]]}', '{"a":1}'], ['{"$map":[["b",1],["1",2]]}', '{"$map":[["b",1],["1",2]]}'], ['{"a":1,"$b":2}', '{"$map":[["a",1],["$b",2]]}'], ['{"1":2}', '{"$map":[["1",2]]}'], ['{"__proto__":1}', '{"$map":[["__proto__",1]]}'],
    ['{"$set":[3,1,10,1]}', '{"$set":[1,10,3]}'], ['{"$timestamptz":"2020-01-31 12:00:00.500+00:00"}', '{"$timestamptz":"2020-01-31T12:00:00.5Z"}'], ['{"$time":"01:02:03.000"}', '{"$time":"01:02:03"}'],
    ['{"$complex":[{"$float":"1"},{"$float":"NaN"}]}', '{"$complex":[1,{"$float":"NaN"}]}'], ['"\\u00e9"', '"é"'],
  ])('C8 %s is canonically %s', (given, wanted) => {
    expect(text(canonicalRecord(given))).toBe(wanted);
  });

  it.each(['{"$nonsense":1}', '{"$int":"1.5"}', '{"$date":"yesterday"}', '{"$float":""}', '{"$map":[[1]]}', '{"$bytes":"?"}', '{"$tuple":1}', '{"a":', ''])('C8 %s is refused as no tagged JSON', (given) => {
    expect(() => canonicalRecord(given)).toThrow(expect.objectContaining({ code: 'value-type' }) as Error);
  });

  it('C8 key order counts, and is kept also for keys that JavaScript reorders', () => {
    expect(recordText({ b: 1, a: 2 })).toBe('{"b":1,"a":2}');
    const ordered = new Map([['10', 'x'], ['9', 'y']]);
    expect(decodeRecord(encodeRecord(ordered))).toStrictEqual(ordered);
    expect(decodeRecord(encodeRecord(new Map([['9', 'y'], ['10', 'x']])))).toStrictEqual({ 9: 'y', 10: 'x' });
  });

  it('C8 a mapping cannot reach a prototype', () => {
    const value = decodeRecord(encodeRecord(JSON.parse('{"__proto__":{"polluted":true}}')));
    expect(value).toBeInstanceOf(Map);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  const cyclic: unknown[] = [1];
  cyclic.push({ again: cyclic });
  let deep: unknown = 1;
  for (let level = 0; level <= MAX_DEPTH; level += 1) deep = [deep];
  it.each<[string, unknown, string]>([
    ['a cycle', { a: cyclic }, '.a[1].again'], ['a function', { a: [1, 2, 3, () => 1] }, '.a[3]'], ['a symbol', [{ 'b c': Symbol('x') }], '[0]["b c"]'],
    ['an instance', { x: new (class Foo {})() }, '.x'], ['an invalid date', { d: new Date(NaN) }, ''], ['deep nesting', deep, '[0]'],
  ])('C8 %s is refused with its place', (_, value, path) => {
    try {
      encodeRecord(value);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(TelarError);
      expect((error as TelarError).code).toBe('value-type');
      if (path !== '') expect((error as TelarError).data.path).toContain(path);
    }
  });

  it('C8 the same object twice is no cycle', () => {
    const shared = [1];
    expect(recordText({ a: shared, b: shared })).toBe('{"a":[1],"b":[1]}');
  });

  it('C8 bytes that are no record are damaged', () => {
    for (const bytes of [new Uint8Array([0xff]), new TextEncoder().encode('{'), new TextEncoder().encode('{"$x":"y"}')]) {
      expect(() => decodeRecord(bytes)).toThrow(expect.objectContaining({ code: 'damaged' }) as Error);
    }
  });
});

describe('C8 scalars', () => {
  it.each<[Tag, string, number]>([
    ['decimal', '1.50', 1.5], ['date', '2020-01-31', Date.UTC(2020, 0, 31)], ['date', 'infinity', Infinity], ['date', '0044-03-15 (BC)', Date.UTC(-43, 2, 15)], ['time', '01:00:00.5', 3_600_500],
    ['timestamp', '2020-01-31T00:00:01.25', Date.UTC(2020, 0, 31, 0, 0, 1, 250)], ['timestamptz', '2020-01-31T02:00:00+02:00', Date.UTC(2020, 0, 31)], ['timestamptz', '2020-01-31T00:00:00-00:30', Date.UTC(2020, 0, 31, 0, 30)],
    ['duration', '1,2,3000', (30 + 2) * 86_400_000 + 3], ['float', '3', 3],
  ])('C8 %s %s orders as %d', (tag, given, number) => {
    expect(new Tagged(tag, given).valueOf()).toBe(number);
    expect(String(new Tagged(tag, given))).toBe(given);
  });

  it('C8 the text of a tag has one form', () => {
    fc.assert(fc.property(tagged, (value) => { expect(normalText(value.tag, value.text)).toBe(value.text); }));
    expect(normalText('timestamptz', '2020-01-31 12:00:00+02')).toBe('2020-01-31T12:00:00+02:00');
  });
});
