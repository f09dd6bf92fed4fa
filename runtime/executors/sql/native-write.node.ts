/**
 * From columns to DuckDB's tables, by data chunks of raw memory.
 *
 * Long texts are not handed over one by one: the whole column's bytes go into one scratch text, and each row's 16 bytes point into it; the appender copies them.
 */
import duckdb, { type Connection, type DataChunk, type Vector } from '@duckdb/node-bindings';
import type { ColumnData } from '../../values/column.ts';
import { quoteName, shapeOf } from '../../values/duckdb-types.ts';
import { decimalBytes } from './native-read.node.ts';

/** Makes a table and fills it. Names are distinct without regard to case. */
export async function loadTable(connection: Connection, schema: string | undefined, name: string, columns: readonly { readonly name: string; readonly type: string; readonly data: ColumnData }[], rows: number): Promise<void> {
  const path = `${schema === undefined ? '' : `${quoteName(schema)}.`}${quoteName(name)}`;
  await duckdb.query(connection, `CREATE TABLE ${path} (${columns.map((column) => `${quoteName(column.name)} ${column.type}`).join(', ')})`);
  if (rows === 0) return;
  const appender = duckdb.appender_create_ext(connection, null, schema ?? null, name);
  const types = columns.map((_, index) => duckdb.appender_column_type(appender, index));
  const step = duckdb.vector_size();
  const writers = columns.map((column) => writerOf(column.data));
  const chunk = duckdb.create_data_chunk(types);
  for (let from = 0; from < rows; from += step) {
    const count = Math.min(step, rows - from);
    if (from > 0) duckdb.data_chunk_reset(chunk);
    writers.forEach((write, index) => write(duckdb.data_chunk_get_vector(chunk, index), from, count));
    duckdb.data_chunk_set_size(chunk, count);
    duckdb.append_data_chunk(appender, chunk);
  }
  duckdb.appender_close_sync(appender);
}

type Write = (vector: Vector, from: number, count: number) => void;

function writerOf(data: ColumnData): Write {
  const write = bodyWriter(data);
  const { validity } = data;
  if (validity === undefined) return write;
  return (vector, from, count) => {
    write(vector, from, count);
    duckdb.vector_ensure_validity_writable(vector);
    const bits = new Uint8Array(((count + 63) >> 6) * 8);
    if ((from & 7) === 0) bits.set(validity.subarray(from >> 3, (from + count + 7) >> 3));
    else for (let row = 0; row < count; row += 1) if ((((validity[(from + row) >> 3] ?? 0) >> ((from + row) & 7)) & 1) === 1) bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7));
    duckdb.copy_data_to_vector_validity(vector, 0, bits.buffer, 0, bits.length);
  };
}

const put = (vector: Vector, bytes: Uint8Array): void => duckdb.copy_data_to_vector(vector, 0, bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
const EMPTY = new Uint8Array(0);

function bodyWriter(data: ColumnData): Write {
  const shape = shapeOf(data.type);
  const first = data.buffers[0] ?? EMPTY;
  switch (shape.shape) {
    case 'bit': return (vector, from, count) => put(vector, Uint8Array.from({ length: count }, (_, row) => ((first[(from + row) >> 3] ?? 0) >> ((from + row) & 7)) & 1));
    case 'fixed': {
      const rows = (from: number, count: number): Uint8Array => first.subarray(from * shape.width, (from + count) * shape.width);
      const { type } = data;
      if (type.kind === 'decimal') return (vector, from, count) => put(vector, narrow(rows(from, count), decimalBytes(type.width), count));
      if (type.kind === 'plain' && type.name === 'UUID') return (vector, from, count) => put(vector, turn(rows(from, count)));
      return (vector, from, count) => put(vector, rows(from, count));
    }
    case 'text': return data.type.kind === 'plain' && (data.type.name === 'BIT' || data.type.name === 'BIGNUM') ? oddWriter(data) : textWriter(data);
    case 'list': return listWriter(data, first);
    case 'array': {
      const inner = data.children.map(writerOf)[0];
      return (vector, from, count) => inner?.(duckdb.array_vector_get_child(vector), from * shape.size, count * shape.size);
    }
    default: {
      const children = data.children.map(writerOf);
      return (vector, from, count) => children.forEach((write, index) => write(duckdb.struct_vector_get_child(vector, index), from, count));
    }
  }
}

/** 16-byte integers as narrower ones, of which the rest is only sign. */
function narrow(bytes: Uint8Array, width: 2 | 4 | 8 | 16, count: number): Uint8Array {
  if (width === 16) return bytes;
  const out = new Uint8Array(count * width);
  for (let row = 0; row < count; row += 1) for (let index = 0; index < width; index += 1) out[row * width + index] = bytes[row * 16 + index] ?? 0;
  return out;
}

function turn(bytes: Uint8Array): Uint8Array {
  const turned = Uint8Array.from(bytes);
  for (let at = 0; at < turned.length; at += 16) {
    turned[at] = (turned[at] ?? 0) ^ 0x80;
    turned.subarray(at, at + 16).reverse();
  }
  return turned;
}

const offsetsOf = (bytes: Uint8Array): Int32Array => (
  (bytes.byteOffset & 3) === 0 ? new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2) : new Int32Array(bytes.slice().buffer));

function listWriter(data: ColumnData, first: Uint8Array): Write {
  const offsets = offsetsOf(first);
  const inner = data.children.map(writerOf)[0];
  return (vector, from, count) => {
    const start = offsets[from] ?? 0;
    const total = (offsets[from + count] ?? 0) - start;
    const words = new Uint32Array(count * 4);
    for (let row = 0; row < count; row += 1) {
      words[4 * row] = (offsets[from + row] ?? 0) - start;
      words[4 * row + 2] = (offsets[from + row + 1] ?? 0) - (offsets[from + row] ?? 0);
    }
    put(vector, new Uint8Array(words.buffer));
    duckdb.list_vector_reserve(vector, total);
    duckdb.list_vector_set_size(vector, total);
    if (total > 0) inner?.(duckdb.list_vector_get_child(vector), start, total);
  };
}

/** Holds bytes in DuckDB's memory, and says where. */
function scratch(bytes: Uint8Array): { readonly chunk: DataChunk; readonly address: number } {
  const chunk = duckdb.create_data_chunk([duckdb.create_logical_type(duckdb.Type.BLOB)]);
  const vector = duckdb.data_chunk_get_vector(chunk, 0);
  duckdb.vector_assign_string_element_len(vector, 0, bytes);
  const view = duckdb.vector_get_data(vector, 16);
  const words = new Uint32Array(view.buffer, view.byteOffset, 4);
  return { chunk, address: (words[2] ?? 0) + (words[3] ?? 0) * 4_294_967_296 };
}

function textWriter(data: ColumnData): Write {
  const offsets = offsetsOf(data.buffers[0] ?? EMPTY);
  const bytes = data.buffers[1] ?? EMPTY;
  const held = bytes.length > 12 ? scratch(bytes) : undefined;
  return (vector, from, count) => {
    const out = new Uint8Array(count * 16);
    const words = new Uint32Array(out.buffer);
    for (let row = 0; row < count; row += 1) {
      const start = offsets[from + row] ?? 0;
      const size = (offsets[from + row + 1] ?? 0) - start;
      words[4 * row] = size;
      const inline = size <= 12 ? size : 4;
      for (let index = 0; index < inline; index += 1) out[16 * row + 4 + index] = bytes[start + index] ?? 0;
      if (size > 12 && held !== undefined) {
        const pointer = held.address + start;
        words[4 * row + 2] = pointer % 4_294_967_296;
        words[4 * row + 3] = Math.floor(pointer / 4_294_967_296);
      }
    }
    put(vector, out);
  };
}

/** BIT and BIGNUM, in DuckDB's binary forms (see `native-read.node.ts`). */
function oddWriter(data: ColumnData): Write {
  const offsets = offsetsOf(data.buffers[0] ?? EMPTY);
  const decoder = new TextDecoder();
  const form = data.type.kind === 'plain' && data.type.name === 'BIT' ? bitBytes : bigBytes;
  return (vector, from, count) => {
    for (let row = from; row < from + count; row += 1) {
      const text = decoder.decode((data.buffers[1] ?? EMPTY).subarray(offsets[row], offsets[row + 1]));
      if (text !== '') duckdb.vector_assign_string_element_len(vector, row - from, form(text));
    }
  };
}

function bitBytes(text: string): Uint8Array {
  const padding = (8 - (text.length % 8)) % 8;
  const bits = '1'.repeat(padding) + text;
  return Uint8Array.of(padding, ...Array.from({ length: bits.length / 8 }, (_, index) => Number.parseInt(bits.slice(8 * index, 8 * index + 8), 2)));
}

function bigBytes(text: string): Uint8Array {
  const value = BigInt(text);
  const negative = value < 0n;
  const plain = (negative ? -value : value).toString(16);
  const hex = plain.length % 2 === 0 ? plain : `0${plain}`;
  const size = hex.length / 2;
  const bytes = Uint8Array.of(0x80 | (size >> 16), (size >> 8) & 0xff, size & 0xff, ...Array.from({ length: size }, (_, index) => Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16)));
  return negative ? bytes.map((byte) => byte ^ 0xff) : bytes;
}
