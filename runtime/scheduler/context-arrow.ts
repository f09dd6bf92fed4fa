/**
 * Arrow's own bytes as a table of the store: the stream and the file form (Feather), of any batches and dictionaries.
 *
 * Types become DuckDB's; what DuckDB has no type for (unions, run-end encoding, intervals of days) is refused by name. It decodes by
 * value, as files beside a notebook are read once; tables between engines do not come this way.
 */
import { DataType, tableFromIPC, TimeUnit, type Vector } from 'apache-arrow';
import { TelarError } from '../../contracts/errors.ts';
import type { TableView } from '../../contracts/values.ts';
import { Tagged } from '../values/scalars.ts';

/** Reads Arrow IPC bytes. @throws TelarError `bad-file` when they are none, `unsupported-type` with the column and its type */
export function tableFromArrow(bytes: Uint8Array): TableView {
  let table: ReturnType<typeof tableFromIPC>;
  try {
    table = tableFromIPC(bytes);
  } catch (error) {
    throw new TelarError('bad-file', `These bytes are no Arrow stream or file: ${(error as Error).message}`, {}, { cause: error });
  }
  if (table.schema.fields.length === 0) throw new TelarError('bad-file', 'These bytes hold no Arrow columns.');
  const columns = table.schema.fields.map((field, index) => {
    const reader = readerOf(field.type as DataType, field.name);
    return { name: field.name, type: reader.type, values: Array.from(cells(table.getChildAt(index) as Vector), (value) => reader.read(value)) };
  });
  return {
    rows: table.numRows,
    columns: columns.map(({ name, type }) => ({ name, type })),
    column: (name) => columns.find((column) => column.name === name)?.values ?? [],
    row: (index) => Object.fromEntries(columns.map(({ name, values }) => [name, values[index] ?? null])),
  };
}

interface Reader { readonly type: string; read(value: unknown): unknown }

function readerOf(type: DataType, column: string): Reader {
  const given = (name: string, read: (value: never) => unknown): Reader => ({ type: name, read: (value) => (value === null || value === undefined ? null : read(value as never)) });
  const same = (name: string): Reader => given(name, (value: unknown) => value);
  if (DataType.isDictionary(type)) return readerOf(type.dictionary as DataType, column);
  if (DataType.isBool(type)) return same('BOOLEAN');
  if (DataType.isInt(type)) {
    const name = ({ 8: 'TINYINT', 16: 'SMALLINT', 32: 'INTEGER', 64: 'BIGINT' } as Record<number, string>)[type.bitWidth]!;
    return given(type.isSigned ? name : `U${name}`, (value: number | bigint) => (typeof value === 'bigint' ? exact(value) : value));
  }
  if (DataType.isFloat(type)) return same(type.precision === 2 ? 'DOUBLE' : 'FLOAT');
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return same('VARCHAR');
  if (DataType.isBinary(type) || DataType.isLargeBinary(type) || DataType.isFixedSizeBinary(type)) return same('BLOB');
  if (DataType.isDecimal(type) && type.bitWidth === 128) return given(`DECIMAL(${type.precision},${type.scale})`, (value: Uint32Array) => new Tagged('decimal', decimal(value, type.scale)));
  if (DataType.isDate(type)) return given('DATE', (value: number | Date) => new Tagged('date', new Date(value).toISOString().slice(0, 10)));
  if (DataType.isTimestamp(type)) return timestamp(type.unit, type.timezone ?? null, column);
  if (DataType.isTime(type)) return given('TIME', (value: number | bigint) => new Tagged('time', clock(BigInt(value), type.unit)));
  if (DataType.isNull(type)) return given('INTEGER', () => null);
  if (DataType.isList(type) || DataType.isFixedSizeList(type)) {
    const item = readerOf(type.children[0]!.type as DataType, column);
    return given(`${item.type}[]`, (value: Iterable<unknown>) => Array.from(value, (one) => item.read(one)));
  }
  if (DataType.isStruct(type)) {
    const members = type.children.map((child) => ({ name: child.name, reader: readerOf(child.type as DataType, column) }));
    const name = `STRUCT(${members.map((member) => `"${member.name.replaceAll('"', '""')}" ${member.reader.type}`).join(', ')})`;
    return given(name, (value: Record<string, unknown>) => Object.fromEntries(members.map((member) => [member.name, member.reader.read(value[member.name])])));
  }
  throw new TelarError('unsupported-type', `Column \`${column}\` has Arrow's type ${String(type)}, which cannot be read; write the file with another type for it.`, { column, type: String(type) });
}

const exact = (value: bigint): number | bigint => (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value);

/** A decimal's text from its little-endian two's complement words. */
function decimal(words: Uint32Array, scale: number): string {
  let value = 0n;
  for (let index = words.length - 1; index >= 0; index -= 1) value = (value << 32n) | BigInt(words[index]!);
  value = BigInt.asIntN(words.length * 32, value);
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return value < 0n ? `-${text}` : text;
}

const PER_SECOND: Readonly<Record<number, bigint>> = { [TimeUnit.SECOND]: 1n, [TimeUnit.MILLISECOND]: 1000n, [TimeUnit.MICROSECOND]: 1_000_000n, [TimeUnit.NANOSECOND]: 1_000_000_000n };

/** The values of a column; moments as the integers that they are, since the library rounds them to milliseconds. */
function* cells(column: Vector): Generator<unknown> {
  if (!DataType.isTimestamp(column.type as DataType)) { yield* column; return; }
  for (const chunk of column.data) {
    const ticks = chunk.values as BigInt64Array;
    for (let index = 0; index < chunk.length; index += 1) yield chunk.getValid(index) ? ticks[index] : null;
  }
}

function timestamp(unit: TimeUnit, zone: string | null, column: string): Reader {
  if (zone !== null && unit === TimeUnit.NANOSECOND) throw new TelarError('unsupported-type', `Column \`${column}\` has nanoseconds and a zone, which SQL has not together; write it with microseconds.`, { column });
  const name = zone !== null ? 'TIMESTAMP WITH TIME ZONE' : ({ [TimeUnit.SECOND]: 'TIMESTAMP_S', [TimeUnit.MILLISECOND]: 'TIMESTAMP_MS', [TimeUnit.MICROSECOND]: 'TIMESTAMP', [TimeUnit.NANOSECOND]: 'TIMESTAMP_NS' } as Record<number, string>)[unit]!;
  const per = PER_SECOND[unit]!;
  const read = (value: unknown): Tagged => {
    if (typeof value === 'number' && unit === TimeUnit.NANOSECOND) throw new TelarError('unsupported-type', `Column \`${column}\` has nanoseconds inside a list or struct; write them with microseconds.`, { column });
    const ticks = typeof value === 'bigint' ? value : BigInt(Math.round((value as number) * Number(per) / 1000));
    return new Tagged(zone === null ? 'timestamp' : 'timestamptz', moment(ticks, per) + (zone === null ? '' : 'Z'));
  };
  return { type: name, read: (value) => (value === null || value === undefined ? null : read(value)) };
}

function moment(ticks: bigint, per: bigint): string {
  const rest = ((ticks % per) + per) % per;
  const second = new Date(Number((ticks - rest) / per) * 1000).toISOString().slice(0, -5);
  return per === 1n ? second : `${second}.${String(rest).padStart(String(per).length - 1, '0')}`;
}

function clock(value: bigint, unit: TimeUnit): string {
  const per = PER_SECOND[unit]!;
  const seconds = Number(value / per);
  const fraction = per === 1n ? '' : `.${String(value % per).padStart(String(per).length - 1, '0')}`;
  return `${new Date(seconds * 1000).toISOString().slice(11, 19)}${fraction}`;
}
