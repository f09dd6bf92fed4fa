/** Verdicts and words for every form of value. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OutputValue } from '../../contracts/node.ts';
import { compareValues } from '../../runtime/compare/compare.ts';
import { NumberArray } from '../../runtime/values/array.ts';
import { Tagged, Tuple } from '../../runtime/values/scalars.ts';
import { bench, record, rule } from './tools.ts';

const { blobs, table, value, compare } = bench();
const of = (one: unknown): OutputValue => value(one, record);
const told = (a: unknown, b: unknown): readonly [string, readonly string[]] => { const { verdict, summary, lines } = compare(of(a), of(b)); expect(verdict).toBe('different'); return [summary, lines]; };
/** The form and bytes of a value, as another media type. */
const as = (one: OutputValue, mediaType: string): OutputValue => ({ ...one, ref: { ...one.ref as NonNullable<OutputValue['ref']>, mediaType } });

describe('C4 verdicts', () => {
  const data = fc.jsonValue({ maxDepth: 3 });
  test('C4 identical exactly when form, bytes and media type are the same; the verdict is the same both ways', () => {
    fc.assert(fc.property(data, data, fc.constantFrom(undefined, 'exact', 'close(1e-3)', 'unordered', 'ignore'), (a, b, compared) => {
      const [x, y] = [of(a), of(b)];
      const { verdict } = compare(x, y, rule(compared));
      expect(verdict === 'identical').toBe(x.ref?.hash === y.ref?.hash);
      expect(compare(y, x, rule(compared)).verdict).toBe(verdict);
      if (compared === 'ignore') expect(verdict).not.toBe('different');
      if (compared === 'exact' || compared === undefined) expect(verdict).not.toBe('equal');
    }));
  });

  test('C4 numbers of a record: noise below the tolerance is equal, above it different, wherever they stand', () => {
    const float = fc.double({ min: 1e-100, max: 1e100, noNaN: true });
    fc.assert(fc.property(float, fc.boolean(), (x, low) => {
      const at = (one: number): OutputValue => of({ a: [{ b: one }, 'x'], c: null });
      const verdict = compare(at(x), at(x * (low ? 1 + 1e-7 : 1 + 1e-5)), rule('close(1e-6)')).verdict;
      expect(verdict).toBe(low ? 'equal' : 'different');
    }));
  });

  test('C4 by default records, texts and arrays are compared to the last bit; only tables have a tolerance', () => {
    expect(compare(of(1), of(1 + 1e-15)).verdict).toBe('different');
    expect(compare(of(0), of(-0)).summary).toBe('the same value, written differently (the sign of a zero)');
    expect(compare(value(new Float64Array([1])), value(new Float64Array([1 + 1e-15]))).verdict).toBe('different');
    expect(compare(table({ x: ['DOUBLE', [1]] }), table({ x: ['DOUBLE', [1 + 1e-15]] })).verdict).toBe('equal');
    expect(compare(table({ x: ['DOUBLE', [1]] }), table({ x: ['DOUBLE', [1 + 1e-15]] }), rule('exact')).verdict).toBe('different');
    expect(compare(table({ x: ['BIGINT', [1]] }), table({ x: ['BIGINT', [2]] }), rule('close(0.9)')).verdict).toBe('different');
  });

  test('C4 with `unordered` lists are multisets at every depth', () => {
    fc.assert(fc.property(fc.array(data, { maxLength: 6 }), (items) => {
      const { verdict } = compare(of({ a: [items, 1] }), of({ a: [1, items.toReversed()] }), rule('unordered'));
      expect(verdict).not.toBe('different');
    }));
    expect(compare(of([1, 1, 2]), of([1, 2, 2]), rule('unordered'))).toMatchObject({ verdict: 'different', lines: ['[]: removed 1', '[]: added 2'] });
  });

  test('C4 a form or media type that changed is told first', () => {
    expect(compare(table({ a: ['INTEGER', [1]] }), of([1])).summary).toBe('table → record: table 1 × 1 → list of 1');
    expect(compare(as(value('a'), 'text/html'), value('a')).summary).toBe('media type text/html → none, the same bytes');
  });

  test('C4 what was only summarised is compared by its summary, and says so', () => {
    const bare = ({ summary }: OutputValue): OutputValue => ({ summary });
    const [a, b] = [table({ x: ['DOUBLE', [1, 2]] }), table({ x: ['DOUBLE', [2, 1]] })];
    expect(compare(bare(a), b)).toEqual({ verdict: 'equal', summary: 'the same table 2 × 1 as far as is known: only summaries were kept', lines: [] });
    expect(compare(bare(a), b, rule('exact')).verdict).toBe('different');
    expect(compare(bare(a), bare(table({ x: ['DOUBLE', [1]] }))).summary).toBe('table 2 × 1 → table 1 × 1 (only summaries were kept)');
    expect(compare(bare(value('a')), value('b')).summary).toBe('"a" → "b" (only summaries were kept)');
  });

  test('C4 a value that is gone or no value is a typed error; one that need not be read is not missed', () => {
    const [a, b] = [of({ a: 1 }), of({ a: 2 })];
    blobs.held.delete(b.ref?.hash ?? '');
    expect(() => compare(a, b)).toThrow(expect.objectContaining({ code: 'value-missing' }));
    expect(compare(b, b).verdict).toBe('identical');
    expect(compare(a, b, rule('ignore')).verdict).toBe('equal');
    const forged = (text: string): OutputValue => ({ ref: { form: 'table', hash: blobs.put(new TextEncoder().encode(text)), bytes: 1 }, summary: { type: 'table', preview: '' } });
    for (const text of ['null', '[]', '{"rows":1}', '{"rows":-1,"columns":[]}', '{"rows":1,"columns":[null]}', '{"rows":1e400,"columns":[]}', 'x']) {
      expect(() => compare(forged(text), forged(`${text} `)), text).toThrow(expect.objectContaining({ code: 'damaged' }));
    }
    const column = table({ x: ['INTEGER', [1, 2]] });
    const blob = JSON.parse(new TextDecoder().decode(blobs.held.get(column.ref?.hash ?? ''))).columns[0].blob as string;
    for (const [rows, type] of [[3, 'INTEGER'], [2, 'VARCHAR'], [2e9, 'INTEGER']]) {
      const lie = forged(JSON.stringify({ rows, columns: [{ name: 'x', type, blob, bytes: 1 }] }));
      const other = forged(JSON.stringify({ rows, columns: [{ name: 'x', type, blob: blobs.put(new Uint8Array(9)), bytes: 1 }] }));
      expect(() => compare(lie, other), `${rows} ${type}`).toThrow(expect.objectContaining({ code: 'damaged' }));
    }
    expect(compare(forged('{"rows":2000000000,"columns":[]}'), forged('{"rows":1999999999,"columns":[]}')).summary).toBe('2000000000 → 1999999999 rows');
  });
});

describe('C4 differences in words', () => {
  test.each([
    [1, 2, '1 → 2 (+1, +100 %)'], [0, -0.5, '0 → -0.5 (-0.5)'], ['a', 'b', '"a" → "b"'], [null, false, 'null → false'], [10n ** 20n, 10n ** 20n + 1n, '100000000000000000000 → 100000000000000000001'],
    [{ a: { b: [0, 0, 0, 1] } }, { a: { b: [0, 0, 0, 2] } }, 'a.b[3]: 1 → 2 (+1, +100 %)'], [{ 'a b': 1, 2: 3 }, { 'a b': 2, 2: 3 }, '["a b"]: 1 → 2 (+1, +100 %)'],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, 'keys in another order'], [{ a: 1 }, {}, 'a: removed 1'], [{}, { a: [1] }, 'a: added [1]'], [[1, 2, 3, 4], [1, 3, 4], '[1]: removed 2'], [[1, 2], [1, 9, 2], '[1]: added 9'],
    [Tuple.of(1), [1], '(1) → [1]'], [new Tagged('date', '2020-01-01'), new Tagged('date', '2020-01-02'), '2020-01-01 → 2020-01-02'], [new Set([1]), new Set([2]), '{1} → {2}'],
    [new Map([[{ a: 1 }, 1]]), new Map([[{ a: 1 }, 2]]), '[{a: 1}]: 1 → 2 (+1, +100 %)'],
  ])('C4 %o to %o', (a, b, words) => { expect(told(a, b)[0]).toBe(words); });

  test('C4 of many differences the count, the first, and some lines', () => {
    const [summary, lines] = told(Array.from({ length: 500 }, (_, at) => at), Array.from({ length: 500 }, (_, at) => at + 1));
    expect(summary).toBe('500 differences: [0]: 0 → 1 (+1), …');
    expect(lines).toHaveLength(30);
    expect(lines[2]).toBe('[2]: 2 → 3 (+1, +50 %)');
  });

  test('C4 the data of a chart is told by its rows, not by its hash', () => {
    const chart = (hash: string, rows: number): unknown => ({ spec: { mark: 'bar' }, data: { days: { form: 'table', hash, bytes: 1, rows } } });
    expect(told(chart('aa', 3), chart('bb', 4))[0]).toBe('data.days: other data (3 → 4 rows)');
  });

  test('C4 arrays: type and shape, how many numbers, by how much, where', () => {
    const array = (type: 'float64' | 'int64', shape: number[], data: Float64Array | BigInt64Array): OutputValue => value(new NumberArray(type, shape, data));
    const [a, b] = [array('float64', [2, 2], new Float64Array([1, 2, NaN, 4])), array('float64', [2, 2], new Float64Array([1, 2, NaN, 5]))];
    expect(compare(a, b).summary).toBe('1 of 4 numbers differ, by at most 1 (20 %); first at [1, 1]: 4 → 5');
    expect(compare(a, b, rule('close(0.2)')).verdict).toBe('equal');
    expect(compare(a, array('float64', [4], new Float64Array([1, 2, NaN, 4])), rule('close(0.2)')).summary).toBe('array float64 2 × 2 → float64 4');
    expect(compare(array('int64', [1], new BigInt64Array([1n])), array('int64', [1], new BigInt64Array([2n])), rule('close(0.9)')).verdict).toBe('different');
  });

  test('C4 bytes and what only Python reads: size and first difference', () => {
    expect(compare(value(new Uint8Array([1, 2, 3])), value(new Uint8Array([1, 9, 3]))).summary).toBe('3 bytes, different from byte 1 on');
    expect(compare(value(new Uint8Array([1, 2])), value(new Uint8Array([1, 2, 3]))).summary).toBe('2 → 3 bytes, the same up to byte 2');
    const opaque = (bytes: number[]): OutputValue => ({ ref: { form: 'opaque', hash: blobs.put(Uint8Array.from(bytes)), bytes: bytes.length }, summary: { type: 'Fraction', preview: '' } });
    expect(compare(opaque([1, 2]), opaque([1, 3]), rule('close(0.1)')).summary).toBe('2 bytes, different from byte 1 on');
  });

  test('C4 no value can put a line end or a command to the terminal into a line', () => {
    const [summary] = told({ 'a\u001b[2J': 1 }, { 'a\u001b[2J': '\u001b]0;x\u0007\n\u202e' });
    expect(summary).toMatch(/^[^\p{Cc}\u202e]+$/u);
    expect(compare(table({ '\u001b[1m': ['INTEGER', [1]] }), table({ b: ['INTEGER', [1]] })).summary).toBe('column added: b; column removed: \\u001b[1m');
  });

  test('C4 records nested as deep as can be are compared; deeper ones are damaged, and nothing overflows', () => {
    const deep = (levels: number, end: number): unknown => Array.from({ length: levels }).reduce<unknown>((inner) => [inner, 0], end);
    expect(told(deep(490, 1), deep(490, 2))[0]).toContain('…');
    for (const by of ['close(0.1)', 'unordered']) expect(compare(of(deep(490, 1)), of(deep(490, 2)), rule(by)).verdict).toBe('different');
    // Lists within lists, each of another length than its like: looking for what they share must not double the work with each level.
    const uneven = (end: number): unknown => Array.from({ length: 400 }).reduce<unknown>((inner) => [0, inner, ...Array.from({ length: end }, () => 0)], end);
    expect(compare(of(uneven(1)), of(uneven(2))).verdict).toBe('different');
    const raw = (text: string): OutputValue => ({ ref: { form: 'record', hash: blobs.put(new TextEncoder().encode(text)), bytes: text.length }, summary: { type: 'list', preview: '' } });
    expect(() => compare(raw('['.repeat(1e5) + ']'.repeat(1e5)), of(1))).toThrow(expect.objectContaining({ code: 'damaged' }));
  });

  test('C4 a record that is too large is told by its bytes', () => {
    const size = 32 * 1024 * 1024 + 1;
    const huge = new Uint8Array(size).fill(0x20);
    const held = new Map([['a', huge], ['b', huge.with(7, 0x31)]]);
    const one = (form: 'record' | 'text', hash: string): OutputValue => ({ ref: { form, hash, bytes: 1 }, summary: { type: form, preview: '' } });
    for (const form of ['record', 'text'] as const) {
      expect(compareValues(one(form, 'a'), one(form, 'b'), rule('close(0.1)'), { ...blobs, get: (hash) => held.get(hash) }).summary).toBe(`too large to compare by its contents: ${size} bytes, different from byte 7 on`);
    }
  });
});
