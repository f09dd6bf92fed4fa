/** Any value into the store and back, with its summary. */
import { describe, expect, it } from 'vitest';
import { arrayOf, decodeArray, encodeArray, NumberArray } from '../../runtime/values/array.ts';
import { loadValue, storeValue } from '../../runtime/values/kinds.ts';
import { Tagged, Tuple } from '../../runtime/values/scalars.ts';
import { summarise } from '../../runtime/values/summary.ts';
import { memoryBlobs } from '../support/memory-blobs.ts';

const table = { rows: 2, columns: [{ name: 'a', type: 'INTEGER' }], column: () => [1, null], row: (at: number) => ({ a: [1, null][at] }) };

describe('C8 storing and loading', () => {
  it.each<[string, unknown, string]>([
    ['a number', 3.5, 'record'], ['null', null, 'record'], ['a list', [1, { a: new Tagged('date', '2020-01-31') }], 'record'], ['text', 'ü\ufeff', 'text'], ['text with a mark', '\ufeffx', 'text'],
    ['bytes', new Uint8Array([1, 2]), 'bytes'], ['numbers', new NumberArray('int16', [2, 1], new Int16Array([1, -1])), 'array'],
  ])('C8 %s comes back from the store', (_, value, form) => {
    const blobs = memoryBlobs();
    const { ref } = storeValue(value, blobs);
    expect(ref!.form).toBe(form);
    expect(ref!.bytes).toBe(blobs.get(ref!.hash)!.length);
    expect(loadValue(ref!, blobs)).toStrictEqual(value);
  });

  it('C8 a table view is kept by column and read back', () => {
    const blobs = memoryBlobs();
    const { ref, summary } = storeValue(table, blobs);
    const back = loadValue(ref!, blobs) as typeof table;
    expect(back).toMatchObject({ rows: 2, columns: [{ name: 'a', type: 'INTEGER' }] });
    expect([back.row(0), back.row(1)]).toStrictEqual([{ a: 1 }, { a: null }]);
    expect(summary).toMatchObject({ type: 'table 2 × 1', rows: 2 });
  });

  it('C8 the form can be asked for, and a media type is kept', () => {
    const blobs = memoryBlobs();
    expect(storeValue('a', blobs, { form: 'record' }).ref).toMatchObject({ form: 'record', bytes: 3 });
    expect(storeValue('<svg/>', blobs, { mediaType: 'image/svg+xml' }).ref).toMatchObject({ form: 'text', mediaType: 'image/svg+xml' });
  });

  it('C8 a lost value and live code are typed errors', () => {
    const blobs = memoryBlobs();
    expect(() => loadValue({ form: 'text', hash: '0'.repeat(64), bytes: 1 }, blobs)).toThrow(expect.objectContaining({ code: 'value-missing' }) as Error);
    expect(() => loadValue({ form: 'live', hash: '', bytes: 0 }, blobs)).toThrow(expect.objectContaining({ code: 'value-type' }) as Error);
  });
});

describe('C8 arrays', () => {
  it('C8 the blob is a header line and little-endian data', () => {
    const blob = encodeArray(NumberArray.of(new Int32Array([1, -2])));
    expect(new TextDecoder().decode(blob.subarray(0, blob.indexOf(10)))).toBe('{"type":"int32","shape":[2]}');
    expect([...blob.subarray(blob.indexOf(10) + 1)]).toStrictEqual([1, 0, 0, 0, 254, 255, 255, 255]);
    expect(decodeArray(blob)).toStrictEqual(NumberArray.of(new Int32Array([1, -2])));
  });

  it('C8 nested lists follow the shape', () => {
    expect(new NumberArray('int8', [2, 3], Int8Array.of(1, 2, 3, 4, 5, 6)).toList()).toStrictEqual([[1, 2, 3], [4, 5, 6]]);
    expect(new NumberArray('bool', [2], Uint8Array.of(1, 0)).toList()).toStrictEqual([true, false]);
    expect(new NumberArray('complex128', [1], Float64Array.of(1, 2)).toList()).toStrictEqual([[1, 2]]);
    expect(new NumberArray('float64', [], Float64Array.of(7)).toList()).toBe(7);
    expect(new NumberArray('int8', [0, 3], new Int8Array(0)).toList()).toStrictEqual([]);
  });

  it('C8 data that does not fill its shape is refused', () => {
    expect(() => arrayOf('float64', [1], new Uint8Array(7))).toThrow(expect.objectContaining({ code: 'damaged' }) as Error);
    expect(() => arrayOf('int8', [3], new Uint8Array(2))).toThrow(expect.objectContaining({ code: 'value-type' }) as Error);
    expect(() => decodeArray(new TextEncoder().encode('{"type":"evil","shape":[1]}\nx'))).toThrow(expect.objectContaining({ code: 'damaged' }) as Error);
  });
});

describe('C1 summaries', () => {
  it.each<[unknown, string, string]>([
    [12, 'integer', '12'], [1.5, 'number', '1.5'], [null, 'null', 'null'], ['abc', 'text of 3 characters', 'abc'], [[1, 'a'], 'list of 2', '[1, "a"]'], [Tuple.of(1), 'tuple of 1', '(1)'],
    [{ a: { b: { c: { d: 1 } } } }, 'record of 1', '{a: {b: {c: {…}}}}'], [new Map([[1, 2]]), 'record of 1', '{1: 2}'], [new Set([1]), 'set of 1', '{1}'], [new Uint8Array(5), '5 bytes', '<5 bytes>'],
    [NumberArray.of(new Float32Array([1, 2])), 'array float32 2', '[1, 2]'], [new Tagged('decimal', '1.10'), 'decimal', '1.10'], [true, 'boolean', 'true'],
  ])('C1 %j is %s', (value, type, preview) => {
    expect(summarise(value)).toStrictEqual({ type, preview });
  });

  it('C1 a preview is short however large the value', () => {
    const { preview } = summarise(Array.from({ length: 1e5 }, () => '😀'.repeat(1000)));
    expect(preview.length).toBeLessThanOrEqual(400);
    expect(preview.isWellFormed()).toBe(true);
  });
});
