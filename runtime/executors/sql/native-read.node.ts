/**
 * From DuckDB's vectors to columns, out of raw memory: no object per row.
 *
 * A text is 16 bytes: its length, then either the text itself (up to 12 bytes) or four bytes of it and a pointer. Texts that lie next to each other are fetched in one piece.
 * This layout is DuckDB's own, so the version is pinned, and the suite compares every type with SQL.
 */
import duckdb, { type Vector } from '@duckdb/node-bindings';
import type { ColumnBuilder, Rows, Source } from '../../values/column.ts';
import { type DuckType, shapeOf } from '../../values/duckdb-types.ts';

/** Shows the first `count` rows of a vector. Valid while its chunk is held. */
export function sourceOf(vector: Vector, type: DuckType, count: number): Source {
  const validity = (duckdb.vector_get_validity(vector, ((count + 63) >> 6) * 8) as Uint8Array | null) ?? undefined;
  const shape = shapeOf(type);
  switch (shape.shape) {
    case 'bit': {
      const bytes = duckdb.vector_get_data(vector, count);
      return { validity, bit: (row) => bytes[row] !== 0 };
    }
    case 'fixed': return { validity, bytes: fixedBytes(vector, type, count, shape.width) };
    case 'text': return { validity, text: textOf(duckdb.vector_get_data(vector, count * 16), type) };
    case 'list': {
      const words = wordsOf(duckdb.vector_get_data(vector, count * 16));
      return {
        validity, start: (row) => words[4 * row] ?? 0, size: (row) => words[4 * row + 2] ?? 0,
        children: [sourceOf(duckdb.list_vector_get_child(vector), shape.child, duckdb.list_vector_get_size(vector))],
      };
    }
    case 'array': return { validity, children: [sourceOf(duckdb.array_vector_get_child(vector), shape.child, count * shape.size)] };
    default: return { validity, children: shape.children.map((child, index) => sourceOf(duckdb.struct_vector_get_child(vector, index), child, count)) };
  }
}

const wordsOf = (bytes: Uint8Array): Uint32Array => new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);

/** Bytes that DuckDB uses for one decimal of so many digits. */
export const decimalBytes = (digits: number): 2 | 4 | 8 | 16 => (digits <= 4 ? 2 : digits <= 9 ? 4 : digits <= 18 ? 8 : 16);

function fixedBytes(vector: Vector, type: DuckType, count: number, width: number): Uint8Array {
  if (type.kind === 'decimal') return widen(duckdb.vector_get_data(vector, count * decimalBytes(type.width)), decimalBytes(type.width), count);
  const bytes = duckdb.vector_get_data(vector, count * width);
  return type.kind === 'plain' && type.name === 'UUID' ? turnUuids(bytes) : bytes;
}

/** Signed integers of so many bytes as 16-byte ones. */
function widen(bytes: Uint8Array, width: 2 | 4 | 8 | 16, count: number): Uint8Array {
  if (width === 16) return bytes;
  const wide = new Int32Array(count * 4);
  const narrow = width === 2 ? new Int16Array(bytes.buffer, bytes.byteOffset, count) : new Int32Array(bytes.buffer, bytes.byteOffset, count * (width >> 2));
  for (let row = 0; row < count; row += 1) {
    const low = narrow[width === 8 ? 2 * row : row] ?? 0;
    const high = width === 8 ? narrow[2 * row + 1] ?? 0 : low >> 31;
    wide[4 * row] = low;
    wide[4 * row + 1] = high;
    wide[4 * row + 2] = high >> 31;
    wide[4 * row + 3] = high >> 31;
  }
  return new Uint8Array(wide.buffer);
}

/** DuckDB keeps a UUID as a little-endian integer with its top bit turned; everybody else as big-endian bytes. */
function turnUuids(bytes: Uint8Array): Uint8Array {
  const turned = Uint8Array.from(bytes);
  for (let at = 0; at < turned.length; at += 16) {
    turned.subarray(at, at + 16).reverse();
    turned[at] = (turned[at] ?? 0) ^ 0x80;
  }
  return turned;
}

function textOf(data: Uint8Array, type: DuckType): NonNullable<Source['text']> {
  const name = type.kind === 'plain' ? type.name : '';
  return name === 'BIT' || name === 'BIGNUM' ? odd(data, name === 'BIT' ? bitText : bigText) : plain(data);
}

function plain(data: Uint8Array): NonNullable<Source['text']> {
  const words = wordsOf(data);
  return (rows, mask, into) => {
    const first = into.length;
    let total = 0;
    for (let index = 0; index < rows.count; index += 1) {
      if (mask === undefined || mask[index] !== 0) total += words[4 * rowOf(rows, index)] ?? 0;
    }
    let at = into.claim(total);
    const target = into.data;
    // A run of texts whose bytes follow each other in memory.
    let run = -1;
    let runStart = 0;
    let runEnd = 0;
    let pieces: number[] = [];
    const flush = (): void => {
      if (run < 0) return;
      const bytes = duckdb.get_data_from_pointer(data.buffer as ArrayBuffer, data.byteOffset + 16 * run + 8, runEnd - runStart);
      for (let piece = 0, from = 0; piece < pieces.length; piece += 2) {
        const size = pieces[piece + 1] ?? 0;
        target.set(bytes.subarray(from, from + size), pieces[piece]);
        from += size;
      }
      run = -1;
      pieces = [];
    };
    for (let index = 0; index < rows.count; index += 1) {
      if (mask === undefined || mask[index] !== 0) {
        const row = rowOf(rows, index);
        const size = words[4 * row] ?? 0;
        if (size <= 12) {
          for (let offset = 0, from = 16 * row + 4; offset < size; offset += 1) target[at + offset] = data[from + offset] ?? 0;
        } else {
          const pointer = (words[4 * row + 2] ?? 0) + (words[4 * row + 3] ?? 0) * 4_294_967_296;
          if (run < 0 || pointer !== runEnd) { flush(); run = row; runStart = pointer; runEnd = pointer; }
          runEnd += size;
          pieces.push(at, size);
        }
        at += size;
      }
      into.end(first + index, at);
    }
    flush();
  };
}

const rowOf = (rows: Rows, index: number): number => (rows.picks === undefined ? rows.from + index : rows.picks[index] ?? 0);

/** Types that are kept as text here and in a binary form there. */
function odd(data: Uint8Array, form: (bytes: Uint8Array) => string): NonNullable<Source['text']> {
  const words = wordsOf(data);
  const encoder = new TextEncoder();
  return (rows, mask, into: ColumnBuilder) => {
    for (let index = 0; index < rows.count; index += 1) {
      if (mask === undefined || mask[index] !== 0) {
        const row = rowOf(rows, index);
        const size = words[4 * row] ?? 0;
        const bytes = size <= 12 ? data.subarray(16 * row + 4, 16 * row + 4 + size) : duckdb.get_data_from_pointer(data.buffer as ArrayBuffer, data.byteOffset + 16 * row + 8, size);
        const text = encoder.encode(form(bytes));
        const at = into.claim(text.length);
        into.data.set(text, at);
      }
      into.end(into.length + index, into.used);
    }
  };
}

/** One byte of padding, then the bits. */
const bitText = (bytes: Uint8Array): string => Array.from(bytes.subarray(1), (byte) => byte.toString(2).padStart(8, '0')).join('').slice(bytes[0]);

/** Three bytes of head (top bit: not negative), then the magnitude, big-endian; a negative one has every bit turned. */
function bigText(bytes: Uint8Array): string {
  const negative = ((bytes[0] ?? 0) & 0x80) === 0;
  const hex = Array.from(bytes.subarray(3), (byte) => (negative ? byte ^ 0xff : byte).toString(16).padStart(2, '0')).join('');
  return `${negative ? '-' : ''}${BigInt(`0x${hex === '' ? '0' : hex}`)}`;
}
