/**
 * Kinds: any portable value into the store and back, whatever its form. Engines have bridges of their own; this is for everyone else.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { OutputValue } from '../../contracts/node.ts';
import type { Blobs, ValueForm, ValueRef } from '../../contracts/values.ts';
import { decodeArray, encodeArray, NumberArray, type Numbers } from './array.ts';
import { decodeRecord, encodeRecord } from './record.ts';
import { isTableView, summarise } from './summary.ts';
import { openTable, storeTable } from './table.ts';

/** How a value is to be kept where its JavaScript form does not say it all. */
export interface StoreOptions { readonly form?: 'text' | 'record' | 'bytes'; readonly mediaType?: string }

/**
 * Keeps a value: a table view as a table, a string as text (or, with `form: 'record'`, as a record), a Uint8Array as bytes, a `NumberArray` or
 * other typed array as an array, all else as a record.
 * @throws TelarError `value-type` with the path of what is no plain data
 */
export function storeValue(value: unknown, blobs: Blobs, options: StoreOptions = {}): OutputValue {
  if (isTableView(value) && options.form === undefined) return { ref: storeTable(value, blobs), summary: summarise(value) };
  const [form, blob] = encode(value, options.form);
  const media = options.mediaType === undefined ? {} : { mediaType: options.mediaType };
  return { ref: { form, hash: blobs.put(blob), bytes: blob.length, ...media }, summary: summarise(value) };
}

function encode(value: unknown, form: StoreOptions['form']): [ValueForm, Uint8Array] {
  if (form === 'record') return ['record', encodeRecord(value)];
  if (form === 'text' || (typeof value === 'string' && form === undefined)) return ['text', new TextEncoder().encode(String(value))];
  if (form === 'bytes' && typeof value === 'string') return ['bytes', new TextEncoder().encode(value)];
  if (value instanceof Uint8Array) return ['bytes', value];
  if (value instanceof ArrayBuffer) return ['bytes', new Uint8Array(value)];
  if (value instanceof NumberArray) return ['array', encodeArray(value)];
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return ['array', encodeArray(NumberArray.of(value as Numbers))];
  return ['record', encodeRecord(value)];
}

/**
 * A stored value in portable form: a `TableView`, plain data, a string, a Uint8Array, a `NumberArray`.
 * @throws TelarError `value-missing` when its bytes are gone, `value-type` for an opaque or live value
 */
export function loadValue(ref: ValueRef, blobs: Blobs): unknown {
  if (ref.form === 'opaque' || ref.form === 'live') {
    throw new TelarError('value-type', `This value is ${ref.form === 'live' ? 'live code' : 'a Python object'}: only its own language can read it. Give out plain data instead.`, { type: ref.form });
  }
  if (ref.form === 'table') return openTable(ref, blobs);
  const blob = blobs.get(ref.hash);
  if (blob === undefined) throw new TelarError('value-missing', 'This value is not in the store any more; run its producer again.', { hash: ref.hash });
  switch (ref.form) {
    case 'record': return decodeRecord(blob);
    case 'text': return new TextDecoder('utf-8', { ignoreBOM: true }).decode(blob);
    case 'array': return decodeArray(blob);
    case 'bytes': return new Uint8Array(blob.buffer, blob.byteOffset, blob.byteLength);
  }
}
