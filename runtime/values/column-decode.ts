/**
 * From a column to values in the portable JavaScript form (`scalars.ts`).
 *
 * Whole-number columns give Numbers when every value of the column is exact as one, else BigInt throughout. A struct is a plain object, a map a plain object or
 * a Map (as in records), a union an object with one key: its member. BIT and UUID are strings.
 */
import type { ColumnData } from './column-builder.ts';
import { childNames } from './column-ipc.ts';
import { dateText, timestampText, timeText, timeTzText } from './column-time.ts';

import { readColumn } from './layout.ts';
import { isIndex } from './record.ts';
import { Tagged } from './scalars.ts';

/** All values of a blob. @throws TelarError `damaged` */
export function decodeColumn(blob: Uint8Array): unknown[] {
  const data = readColumn(blob);
  return decodeRows(data, 0, data.length);
}

/** Values of some rows. */
export function decodeRows(data: ColumnData, from: number, count: number): unknown[] {
  const values = decodeAll(data, from, count);
  const { validity } = data;
  if (validity !== undefined) for (let row = 0; row < count; row += 1) if ((((validity[(from + row) >> 3] ?? 0) >> ((from + row) & 7)) & 1) === 0) values[row] = null;
  return values;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const EMPTY = new Uint8Array(0);

function decodeAll(data: ColumnData, from: number, count: number): unknown[] {
  const { type } = data;
  const first = data.buffers[0] ?? EMPTY;
  switch (type.kind) {
    case 'plain': return decodePlain(type.name, data, from, count);
    case 'decimal': return fixed(first, from, count, 16, (view, at) => new Tagged('decimal', decimalText(wide(view, at), type.scale)));
    case 'enum': {
      const width = type.values.length <= 255 ? 1 : type.values.length <= 65_535 ? 2 : 4;
      return fixed(first, from, count, width, (view, at) => type.values[width === 1 ? view.getUint8(at) : width === 2 ? view.getUint16(at, true) : view.getUint32(at, true)]);
    }
    case 'list': return lists(data, from, count, (items) => items);
    case 'map': return lists(data, from, count, (items) => mapValue(items as { key: unknown; value: unknown }[]));
    case 'array': {
      const items = data.children[0] === undefined ? [] : decodeRows(data.children[0], from * type.size, count * type.size);
      return Array.from({ length: count }, (_, row) => items.slice(row * type.size, (row + 1) * type.size));
    }
    case 'union': {
      const [tags = [], ...members] = data.children.map((child) => decodeRows(child, from, count));
      return tags.map((tag, row) => (tag === null ? null : record([[type.members[Number(tag)]?.name ?? '', members[Number(tag)]?.[row] ?? null]])));
    }
    default: return structs(childNames(type), data.children.map((child) => decodeRows(child, from, count)), count);
  }
}

function structs(names: readonly string[], columns: readonly unknown[][], count: number): unknown[] {
  return Array.from({ length: count }, (_, row) => record(names.map((name, index) => [name, columns[index]?.[row]])));
}

/** A plain object, whatever the names. */
function record(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [name, value] of entries) {
    if (name === '__proto__') Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
    else object[name] = value;
  }
  return object;
}

function mapValue(entries: readonly { key: unknown; value: unknown }[]): unknown {
  const plain = entries.every(({ key }) => typeof key === 'string' && !key.startsWith('$') && key !== '__proto__' && !isIndex(key));
  return plain ? record(entries.map(({ key, value }) => [String(key), value])) : new Map(entries.map(({ key, value }) => [key, value]));
}

function lists(data: ColumnData, from: number, count: number, form: (items: unknown[]) => unknown): unknown[] {
  const offsets = viewOf(data.buffers[0] ?? EMPTY);
  const at = (row: number): number => offsets.getInt32(4 * row, true);
  const start = at(from);
  const items = data.children[0] === undefined ? [] : decodeRows(data.children[0], start, at(from + count) - start);
  return Array.from({ length: count }, (_, row) => form(items.slice(at(from + row) - start, at(from + row + 1) - start)));
}

function fixed<T>(bytes: Uint8Array, from: number, count: number, width: number, read: (view: DataView, at: number) => T): T[] {
  const view = viewOf(bytes);
  return Array.from({ length: count }, (_, row) => read(view, (from + row) * width));
}

/** Numbers if all are exact as such. */
function whole(values: bigint[]): unknown[] {
  return values.every((value) => value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) ? values.map(Number) : values;
}

const wide = (view: DataView, at: number): bigint => (view.getBigInt64(at + 8, true) << 64n) | view.getBigUint64(at, true);
const unsignedWide = (view: DataView, at: number): bigint => (view.getBigUint64(at + 8, true) << 64n) | view.getBigUint64(at, true);

/** A scaled integer as a decimal's text. */
export function decimalText(value: bigint, scale: number): string {
  if (scale === 0) return String(value);
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

const hex = (value: number): string => value.toString(16).padStart(2, '0');

const INTEGERS: Readonly<Record<string, readonly [number, (view: DataView, at: number) => number]>> = {
  TINYINT: [1, (view, at) => view.getInt8(at)], SMALLINT: [2, (view, at) => view.getInt16(at, true)], INTEGER: [4, (view, at) => view.getInt32(at, true)],
  UTINYINT: [1, (view, at) => view.getUint8(at)], USMALLINT: [2, (view, at) => view.getUint16(at, true)], UINTEGER: [4, (view, at) => view.getUint32(at, true)],
  FLOAT: [4, (view, at) => view.getFloat32(at, true)], DOUBLE: [8, (view, at) => view.getFloat64(at, true)],
};

/** Digits of a second, and zone. */
const TIMESTAMPS: Readonly<Record<string, readonly [number, string]>> = { TIMESTAMP_S: [0, ''], TIMESTAMP_MS: [3, ''], TIMESTAMP: [6, ''], TIMESTAMP_NS: [9, ''], 'TIMESTAMP WITH TIME ZONE': [6, 'Z'] };

function decodePlain(name: string, data: ColumnData, from: number, count: number): unknown[] {
  const bytes = data.buffers[0] ?? EMPTY;
  const number = INTEGERS[name];
  if (number !== undefined) return fixed<unknown>(bytes, from, count, number[0], number[1]);
  const stamp = TIMESTAMPS[name];
  if (stamp !== undefined) return fixed<unknown>(bytes, from, count, 8, (view, at) => new Tagged(stamp[1] === '' ? 'timestamp' : 'timestamptz', timestampText(view.getBigInt64(at, true), stamp[0], stamp[1])));
  switch (name) {
    case 'BOOLEAN': return Array.from({ length: count }, (_, row) => (((bytes[(from + row) >> 3] ?? 0) >> ((from + row) & 7)) & 1) === 1);
    case 'BIGINT': return whole(fixed(bytes, from, count, 8, (view, at) => view.getBigInt64(at, true)));
    case 'UBIGINT': return whole(fixed(bytes, from, count, 8, (view, at) => view.getBigUint64(at, true)));
    case 'HUGEINT': return whole(fixed(bytes, from, count, 16, wide));
    case 'UHUGEINT': return whole(fixed(bytes, from, count, 16, unsignedWide));
    case 'DATE': return fixed<unknown>(bytes, from, count, 4, (view, at) => new Tagged('date', dateText(view.getInt32(at, true))));
    case 'TIME': return fixed<unknown>(bytes, from, count, 8, (view, at) => new Tagged('time', timeText(view.getBigInt64(at, true), 6)));
    case 'TIME_NS': return fixed<unknown>(bytes, from, count, 8, (view, at) => new Tagged('time', timeText(view.getBigInt64(at, true), 9)));
    case 'TIME WITH TIME ZONE': return fixed<unknown>(bytes, from, count, 8, (view, at) => new Tagged('time', timeTzText(view.getBigUint64(at, true))));
    case 'INTERVAL': return fixed<unknown>(bytes, from, count, 16, (view, at) => new Tagged('duration', `${view.getInt32(at, true)},${view.getInt32(at + 4, true)},${view.getBigInt64(at + 8, true)}`));
    case 'UUID': return fixed<unknown>(bytes, from, count, 16, (view, at) => Array.from({ length: 16 }, (_, index) => hex(view.getUint8(at + index))).join('').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'));
    default: return texts(name, data, from, count);
  }
}

function texts(name: string, data: ColumnData, from: number, count: number): unknown[] {
  const offsets = viewOf(data.buffers[0] ?? EMPTY);
  const bytes = data.buffers[1] ?? EMPTY;
  const slice = (row: number): Uint8Array => bytes.subarray(offsets.getInt32(4 * row, true), offsets.getInt32(4 * (row + 1), true));
  if (name === 'BLOB') return Array.from({ length: count }, (_, row) => slice(from + row).slice());
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const start = offsets.getInt32(4 * from, true);
  const all = bytes.subarray(start, offsets.getInt32(4 * (from + count), true));
  // One decoding for the whole column where every byte is one UTF-16 unit.
  const joined = all.length < 0x1000_0000 && all.every((value) => value < 0x80) ? decoder.decode(all) : undefined;
  const values = Array.from({ length: count }, (_, row) => (joined === undefined ? decoder.decode(slice(from + row))
    : joined.slice(offsets.getInt32(4 * (from + row), true) - start, offsets.getInt32(4 * (from + row + 1), true) - start)));
  return name === 'BIGNUM' ? values.map((value) => BigInt(value || '0')) : values;
}

