/** Binds a value to a parameter of native DuckDB with its exact type: from a column of one row, so every type goes one road. */
import duckdb, { type LogicalType, type PreparedStatement, type Value } from '@duckdb/node-bindings';
import { type ColumnData, decodeRows } from '../../values/column.ts';
import { type DuckType, formatType, unsupported } from '../../values/duckdb-types.ts';

/** Binds row 0 of a column. */
export function bindColumn(statement: PreparedStatement, index: number, data: ColumnData): void {
  if (isNull(data, 0)) duckdb.bind_null(statement, index);
  else duckdb.bind_value(statement, index, valueOf(data, 0));
}

const isNull = (data: ColumnData, row: number): boolean => data.validity !== undefined && (((data.validity[row >> 3] ?? 0) >> (row & 7)) & 1) === 0;

function valueOf(data: ColumnData, row: number): Value {
  if (isNull(data, row)) return duckdb.create_null_value();
  const { type } = data;
  const bytes = data.buffers[0] ?? new Uint8Array(0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (type.kind) {
    case 'decimal': return duckdb.create_decimal({ width: type.width, scale: type.scale, value: (view.getBigInt64(16 * row + 8, true) << 64n) | view.getBigUint64(16 * row, true) });
    case 'list': return duckdb.create_list_value(logicalOf(type.item), items(data, row));
    case 'map': {
      const entries = data.children[0];
      const from = view.getInt32(4 * row, true);
      const rows = Array.from({ length: view.getInt32(4 * row + 4, true) - from }, (_, index) => from + index);
      const part = (child: number): Value[] => rows.map((at) => valueOf(entries?.children[child] as ColumnData, at));
      return duckdb.create_map_value(logicalOf(type), part(0), part(1));
    }
    case 'struct': return duckdb.create_struct_value(logicalOf(type), data.children.map((child) => valueOf(child, row)));
    case 'plain': return plainValue(type.name, data, view, row);
    default: throw unsupported(formatType(type));
  }
}

function items(data: ColumnData, row: number): Value[] {
  const offsets = data.buffers[0] ?? new Uint8Array(8);
  const view = new DataView(offsets.buffer, offsets.byteOffset, offsets.byteLength);
  const from = view.getInt32(4 * row, true);
  return Array.from({ length: view.getInt32(4 * row + 4, true) - from }, (_, index) => valueOf(data.children[0] as ColumnData, from + index));
}

function plainValue(name: string, data: ColumnData, view: DataView, row: number): Value {
  const [value] = decodeRows(data, row, 1);
  const micros = (): bigint => view.getBigInt64(8 * row, true);
  switch (name) {
    case 'BOOLEAN': return duckdb.create_bool(value === true);
    // A small whole number is bound as INTEGER, as a literal would be.
    case 'BIGINT': return BigInt.asIntN(32, micros()) === micros() ? duckdb.create_int32(Number(micros())) : duckdb.create_int64(micros());
    case 'HUGEINT': return duckdb.create_hugeint(BigInt(value as bigint));
    case 'UHUGEINT': return duckdb.create_uhugeint(BigInt(value as bigint));
    case 'BIGNUM': return duckdb.create_varchar(String(value));
    case 'DOUBLE': return duckdb.create_double(Number(value));
    case 'FLOAT': return duckdb.create_float(Number(value));
    case 'DATE': return duckdb.create_date({ days: view.getInt32(4 * row, true) });
    case 'TIME': return duckdb.create_time({ micros: micros() });
    case 'TIME_NS': return duckdb.create_time_ns({ nanos: micros() });
    case 'TIME WITH TIME ZONE': return duckdb.create_time_tz_value({ bits: view.getBigUint64(8 * row, true) });
    case 'TIMESTAMP': return duckdb.create_timestamp({ micros: micros() });
    case 'TIMESTAMP_NS': return duckdb.create_timestamp_ns({ nanos: micros() });
    case 'TIMESTAMP WITH TIME ZONE': return duckdb.create_timestamp_tz({ micros: micros() });
    case 'INTERVAL': return duckdb.create_interval({ months: view.getInt32(16 * row, true), days: view.getInt32(16 * row + 4, true), micros: view.getBigInt64(16 * row + 8, true) });
    case 'BLOB': return duckdb.create_blob(value as Uint8Array);
    case 'VARCHAR': case 'JSON': case 'UUID': case 'BIT': return duckdb.create_varchar(String(value));
    default: return duckdb.create_int64(BigInt(value as number | bigint));
  }
}

function logicalOf(type: DuckType): LogicalType {
  switch (type.kind) {
    case 'decimal': return duckdb.create_decimal_type(type.width, type.scale);
    case 'list': return duckdb.create_list_type(logicalOf(type.item));
    case 'map': return duckdb.create_map_type(logicalOf(type.key), logicalOf(type.value));
    case 'struct': return duckdb.create_struct_type(type.members.map((member) => logicalOf(member.type)), type.members.map((member) => member.name));
    case 'plain': {
      const id = LOGICAL[type.name];
      if (id === undefined) throw unsupported(type.name);
      return duckdb.create_logical_type(id);
    }
    default: throw unsupported(formatType(type));
  }
}

const { Type } = duckdb;
/** Types of bound values; inference (`infer.ts`) gives no others. */
const LOGICAL: Readonly<Record<string, (typeof Type)[keyof typeof Type]>> = {
  BOOLEAN: Type.BOOLEAN, INTEGER: Type.INTEGER, BIGINT: Type.BIGINT, HUGEINT: Type.HUGEINT, UHUGEINT: Type.UHUGEINT, BIGNUM: Type.VARCHAR, DOUBLE: Type.DOUBLE, FLOAT: Type.FLOAT, DATE: Type.DATE, TIME: Type.TIME,
  TIME_NS: Type.TIME_NS, 'TIME WITH TIME ZONE': Type.TIME_TZ, TIMESTAMP: Type.TIMESTAMP, TIMESTAMP_NS: Type.TIMESTAMP_NS, 'TIMESTAMP WITH TIME ZONE': Type.TIMESTAMP_TZ, INTERVAL: Type.INTERVAL,
  BLOB: Type.BLOB, VARCHAR: Type.VARCHAR, JSON: Type.VARCHAR,
};
