/**
 * Columns: how one column of a table crosses into a realm: machine numbers as memory, all else as one JSON text.
 *
 * Integers of 64 bits become Numbers where the whole column is exact, else BigInts. Rows are never sent: as JSON they cost a
 * hundred times more than memory.
 */
import { type ArrayType } from '../../values/array.ts';
import { columnLayout, decodeColumn } from '../../values/column.ts';
import { recordText } from '../../values/record.ts';

/** A column on its way in. `nulls` is one byte per row, 1 where the value is null; `tagged`: the JSON holds tags. */
export type Crossing =
  | { readonly kind: 'typed'; readonly type: ArrayType; readonly data: ArrayBuffer; readonly nulls?: ArrayBuffer }
  | { readonly kind: 'json'; readonly text: string; readonly tagged: boolean };

const NARROW: Readonly<Record<string, ArrayType>> = {
  TINYINT: 'int8', SMALLINT: 'int16', USMALLINT: 'uint16', INTEGER: 'int32', UINTEGER: 'uint32', FLOAT: 'float32', DOUBLE: 'float64',
};

/** The crossing form of a column's blob. @throws TelarError `damaged` */
export function crossColumn(blob: Uint8Array): Crossing {
  const { type, buffers, validity, length } = columnLayout(blob);
  const wide = type === 'BIGINT' || type === 'UBIGINT';
  const narrow = NARROW[type];
  if (narrow === undefined && !wide) {
    const text = recordText(decodeColumn(blob));
    return { kind: 'json', text, tagged: text.includes('"$') };
  }
  const data = new Uint8Array(blob.subarray(buffers[0]!.from, buffers[0]!.to)).buffer;
  const nulls = validity === undefined ? {} : { nulls: nullBytes(blob.subarray(validity.from, validity.to), length) };
  if (narrow !== undefined) return { kind: 'typed', type: narrow, data, ...nulls };
  const whole = type === 'BIGINT' ? new BigInt64Array(data, 0, length) : new BigUint64Array(data, 0, length);
  const numbers = new Float64Array(length);
  for (let at = 0; at < length; at += 1) {
    const number = Number(whole[at]!);
    if (!Number.isSafeInteger(number)) return { kind: 'typed', type: type === 'BIGINT' ? 'int64' : 'uint64', data, ...nulls };
    numbers[at] = number;
  }
  return { kind: 'typed', type: 'float64', data: numbers.buffer, ...nulls };
}

function nullBytes(validity: Uint8Array, length: number): ArrayBuffer {
  const flags = new Uint8Array(length);
  for (let at = 0; at < length; at += 1) flags[at] = (validity[at >> 3]! >> (at & 7)) & 1 ? 0 : 1;
  return flags.buffer;
}
