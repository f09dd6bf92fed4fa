/**
 * From values in the portable JavaScript form to a column of a given type. A value that the type cannot hold exactly is an error, never rounded
 * (but for DOUBLE and FLOAT, which take any number).
 */
import { TelarError } from '../../contracts/errors.ts';
import { ColumnBuilder, type ColumnData } from './column-builder.ts';
import { frameColumn } from './column-ipc.ts';
import { parseDate, parseTime, parseTimestamp, parseTimeTz } from './column-time.ts';
import { type DuckType, formatType, parseType } from './duckdb-types.ts';
import { recordText } from './record.ts';
import { Complex, Tagged } from './scalars.ts';

/** The blob of a column. null and undefined are null. @throws TelarError `value-type`, `unsupported-type` */
export const encodeColumn = (type: string, values: readonly unknown[]): Uint8Array<ArrayBuffer> => frameColumn(buildColumn(parseType(type), values));

/** The column in memory. @throws TelarError `value-type` */
export function buildColumn(type: DuckType, values: readonly unknown[]): ColumnData {
  const builder = new ColumnBuilder(type);
  fill(builder, values);
  return builder.finish();
}

function refuse(value: unknown, type: DuckType): never {
  const shown = typeof value === 'object' && value !== null && !(value instanceof Tagged) ? Object.prototype.toString.call(value).slice(8, -1) : String(value).slice(0, 60);
  throw new TelarError('value-type', `The value ${shown} does not fit the type ${formatType(type)}; give a value of that type or another type.`, { type: formatType(type) });
}

function fill(builder: ColumnBuilder, values: readonly unknown[]): void {
  const { type, shape } = builder;
  const count = values.length;
  const mask = values.some((value) => value === null || value === undefined) ? Uint8Array.from(values, (value) => (value === null || value === undefined ? 0 : 1)) : undefined;
  const present = (row: number): boolean => mask === undefined || mask[row] !== 0;
  switch (shape.shape) {
    case 'bit': for (let row = 0; row < count; row += 1) builder.bit(row, present(row) && (typeof values[row] === 'boolean' ? values[row] === true : refuse(values[row], type))); break;
    case 'fixed': {
      builder.claim(count * shape.width);
      const view = new DataView(builder.data.buffer);
      const write = writerOf(type);
      for (let row = 0; row < count; row += 1) if (present(row)) write(view, row * shape.width, values[row]);
      break;
    }
    case 'text': fillText(builder, values, present); break;
    case 'list': {
      const items: unknown[] = [];
      for (let row = 0; row < count; row += 1) {
        if (present(row)) for (const item of type.kind === 'map' ? entriesOf(values[row], type) : itemsOf(values[row], type)) items.push(item);
        builder.end(row, items.length);
      }
      fillChild(builder, 0, items);
      break;
    }
    case 'array': {
      const { size } = shape;
      fillChild(builder, 0, values.flatMap((value, row) => {
        if (!present(row)) return Array.from({ length: size }, () => null);
        const items = itemsOf(value, type);
        return items.length === size ? items : refuse(value, type);
      }));
      break;
    }
    default: fillMembers(builder, values, present);
  }
  builder.rows(count, mask);
}

function fillChild(builder: ColumnBuilder, index: number, values: readonly unknown[]): void {
  const child = builder.children[index];
  if (child !== undefined) fill(child, values);
}

function fillText(builder: ColumnBuilder, values: readonly unknown[], present: (row: number) => boolean): void {
  const { type } = builder;
  const name = type.kind === 'plain' ? type.name : '';
  const encoder = new TextEncoder();
  values.forEach((value, row) => {
    if (present(row)) {
      const bytes = name === 'BLOB' ? bytesOf(value, type) : undefined;
      const text = bytes === undefined ? textOf(value, name, type) : '';
      const at = builder.claim(bytes?.length ?? text.length * 3);
      if (bytes === undefined) builder.used = at + encoder.encodeInto(text, builder.data.subarray(at)).written;
      else builder.data.set(bytes, at);
    }
    builder.end(row, builder.used);
  });
}

function bytesOf(value: unknown, type: DuckType): Uint8Array {
  return value instanceof Uint8Array ? value : value instanceof ArrayBuffer ? new Uint8Array(value) : refuse(value, type);
}

function textOf(value: unknown, name: string, type: DuckType): string {
  if (name === 'JSON' && typeof value !== 'string') return recordText(value);
  if (name === 'BIGNUM') return typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : refuse(value, type);
  if (name === 'BIT' && !(typeof value === 'string' && /^[01]+$/.test(value))) return refuse(value, type);
  return typeof value === 'string' ? value : value instanceof Tagged ? value.text : refuse(value, type);
}

function itemsOf(value: unknown, type: DuckType): unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  if (value instanceof Set || (ArrayBuffer.isView(value) && !(value instanceof DataView))) return [...value as Iterable<unknown>];
  return refuse(value, type);
}

function entriesOf(value: unknown, type: DuckType): { key: unknown; value: unknown }[] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return refuse(value, type);
  const entries: [unknown, unknown][] = value instanceof Map ? [...value as Map<unknown, unknown>] : Object.entries(value);
  return entries.map(([key, item]) => ({ key, value: item }));
}

/** A member of a struct-like value. */
export function memberOf(value: unknown, name: string): unknown {
  if (value instanceof Map) return (value as Map<unknown, unknown>).get(name) ?? null;
  if (value instanceof Complex) return name === 're' ? value.re : value.im;
  return value !== null && typeof value === 'object' && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] ?? null : null;
}

function fillMembers(builder: ColumnBuilder, values: readonly unknown[], present: (row: number) => boolean): void {
  const { type } = builder;
  if (type.kind !== 'struct' && type.kind !== 'union') return;
  values.forEach((value, row) => { if (present(row) && (typeof value !== 'object' || Array.isArray(value) || value instanceof Tagged)) refuse(value, type); });
  if (type.kind === 'struct') { type.members.forEach(({ name }, index) => fillChild(builder, index, values.map((value) => memberOf(value, name)))); return; }
  const tags = values.map((value, row) => {
    if (!present(row)) return null;
    const keys = value instanceof Map ? [...value.keys()] : Object.keys(value as object);
    const tag = type.members.findIndex((member) => member.name === keys[0]);
    return tag < 0 || keys.length !== 1 ? refuse(value, type) : tag;
  });
  fillChild(builder, 0, tags);
  type.members.forEach(({ name }, index) => fillChild(builder, index + 1, values.map((value, row) => (tags[row] === index ? memberOf(value, name) : null))));
}

type Write = (view: DataView, at: number, value: unknown) => void;

/** A whole number as BigInt, within bounds. */
function wholeOf(value: unknown, type: DuckType, bits: number, signed: boolean): bigint {
  const number = value instanceof Tagged && value.tag === 'float' ? Number(value.text) : value;
  const whole = typeof number === 'bigint' ? number : typeof number === 'number' && Number.isInteger(number) ? BigInt(number) : refuse(value, type);
  const fits = signed ? BigInt.asIntN(bits, whole) : BigInt.asUintN(bits, whole);
  return fits === whole ? whole : refuse(value, type);
}

function floatOf(value: unknown, type: DuckType): number {
  if (typeof value === 'number') return Number.isNaN(value) ? NaN : value;
  return typeof value === 'bigint' || (value instanceof Tagged && (value.tag === 'decimal' || value.tag === 'float')) ? Number(value) : refuse(value, type);
}

/** A decimal as the integer it is at the scale. */
function scaledOf(value: unknown, type: DuckType, width: number, scale: number): bigint {
  const text = value instanceof Tagged && (value.tag === 'decimal' || value.tag === 'float') ? value.text : typeof value === 'number' || typeof value === 'bigint' || typeof value === 'string' ? String(value) : refuse(value, type);
  const match = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) return refuse(value, type);
  const fraction = match[3] ?? '';
  const shift = scale - fraction.length + Number(match[4] ?? 0);
  if (Math.abs(shift) > 100) return refuse(value, type);
  const digits = BigInt(`${match[2]}${fraction}`);
  const cut = shift < 0 ? 10n ** BigInt(-shift) : 1n;
  const scaled = digits * 10n ** BigInt(Math.max(shift, 0)) / cut;
  if (scaled * cut !== digits * 10n ** BigInt(Math.max(shift, 0)) || scaled >= 10n ** BigInt(width)) return refuse(value, type);
  return match[1] === '-' ? -scaled : scaled;
}

function tagText(value: unknown, tags: readonly string[], type: DuckType): string {
  if (value instanceof Date) return value.toISOString();
  return value instanceof Tagged && tags.includes(value.tag) ? value.text : typeof value === 'string' ? value : refuse(value, type);
}

function writeWide(view: DataView, at: number, value: bigint): void {
  view.setBigUint64(at, BigInt.asUintN(64, value), true);
  view.setBigInt64(at + 8, BigInt.asIntN(64, value >> 64n), true);
}

function writerOf(type: DuckType): Write {
  if (type.kind === 'decimal') return (view, at, value) => writeWide(view, at, scaledOf(value, type, type.width, type.scale));
  if (type.kind === 'enum') {
    const codes = new Map(type.values.map((name, code) => [name, code]));
    return (view, at, value) => {
      const code = codes.get(value as string) ?? refuse(value, type);
      if (codes.size <= 255) view.setUint8(at, code); else if (codes.size <= 65_535) view.setUint16(at, code, true); else view.setUint32(at, code, true);
    };
  }
  const name = type.kind === 'plain' ? type.name : '';
  const whole = (bits: number, signed: boolean, write: (view: DataView, at: number, value: bigint) => void): Write => (view, at, value) => write(view, at, wholeOf(value, type, bits, signed));
  const stamp = (digits: number): Write => (view, at, value) => view.setBigInt64(at, parseTimestamp(tagText(value, ['timestamp', 'timestamptz', 'date'], type), digits), true);
  switch (name) {
    case 'TINYINT': return whole(8, true, (view, at, value) => view.setInt8(at, Number(value)));
    case 'SMALLINT': return whole(16, true, (view, at, value) => view.setInt16(at, Number(value), true));
    case 'INTEGER': return whole(32, true, (view, at, value) => view.setInt32(at, Number(value), true));
    case 'BIGINT': return whole(64, true, (view, at, value) => view.setBigInt64(at, value, true));
    case 'UTINYINT': return whole(8, false, (view, at, value) => view.setUint8(at, Number(value)));
    case 'USMALLINT': return whole(16, false, (view, at, value) => view.setUint16(at, Number(value), true));
    case 'UINTEGER': return whole(32, false, (view, at, value) => view.setUint32(at, Number(value), true));
    case 'UBIGINT': return whole(64, false, (view, at, value) => view.setBigUint64(at, value, true));
    case 'HUGEINT': return whole(128, true, writeWide);
    case 'UHUGEINT': return whole(128, false, writeWide);
    case 'FLOAT': return (view, at, value) => view.setFloat32(at, floatOf(value, type), true);
    case 'DOUBLE': return (view, at, value) => view.setFloat64(at, floatOf(value, type), true);
    case 'DATE': return (view, at, value) => view.setInt32(at, parseDate(tagText(value, ['date'], type)), true);
    case 'TIME': return (view, at, value) => view.setBigInt64(at, parseTime(tagText(value, ['time'], type), 6), true);
    case 'TIME_NS': return (view, at, value) => view.setBigInt64(at, parseTime(tagText(value, ['time'], type), 9), true);
    case 'TIME WITH TIME ZONE': return (view, at, value) => view.setBigUint64(at, parseTimeTz(tagText(value, ['time'], type)), true);
    case 'TIMESTAMP_S': return stamp(0);
    case 'TIMESTAMP_MS': return stamp(3);
    case 'TIMESTAMP_NS': return stamp(9);
    case 'TIMESTAMP': case 'TIMESTAMP WITH TIME ZONE': return stamp(6);
    case 'INTERVAL': return (view, at, value) => {
      const [months = '0', days = '0', micros = '0'] = tagText(value, ['duration'], type).split(',');
      view.setInt32(at, Number(months), true);
      view.setInt32(at + 4, Number(days), true);
      view.setBigInt64(at + 8, BigInt(micros), true);
    };
    default: return (view, at, value) => {
      const digits = typeof value === 'string' && /^[\da-f]{8}(-?[\da-f]{4}){3}-?[\da-f]{12}$/i.test(value) ? value.replaceAll('-', '') : refuse(value, type);
      for (let index = 0; index < 16; index += 1) view.setUint8(at + index, Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16));
    };
  }
}
