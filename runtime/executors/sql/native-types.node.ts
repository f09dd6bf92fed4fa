/** DuckDB's logical types as ours. */
import duckdb, { type LogicalType } from '@duckdb/node-bindings';
import { type DuckType, type Member, unsupported } from '../../values/duckdb-types.ts';

const { Type } = duckdb;
const NAMES = new Map<number, string>([
  [Type.BOOLEAN, 'BOOLEAN'], [Type.TINYINT, 'TINYINT'], [Type.SMALLINT, 'SMALLINT'], [Type.INTEGER, 'INTEGER'], [Type.BIGINT, 'BIGINT'], [Type.HUGEINT, 'HUGEINT'],
  [Type.UTINYINT, 'UTINYINT'], [Type.USMALLINT, 'USMALLINT'], [Type.UINTEGER, 'UINTEGER'], [Type.UBIGINT, 'UBIGINT'], [Type.UHUGEINT, 'UHUGEINT'], [Type.FLOAT, 'FLOAT'], [Type.DOUBLE, 'DOUBLE'],
  [Type.DATE, 'DATE'], [Type.TIME, 'TIME'], [Type.TIME_NS, 'TIME_NS'], [Type.TIME_TZ, 'TIME WITH TIME ZONE'], [Type.TIMESTAMP, 'TIMESTAMP'], [Type.TIMESTAMP_S, 'TIMESTAMP_S'], [Type.TIMESTAMP_MS, 'TIMESTAMP_MS'],
  [Type.TIMESTAMP_NS, 'TIMESTAMP_NS'], [Type.TIMESTAMP_TZ, 'TIMESTAMP WITH TIME ZONE'], [Type.INTERVAL, 'INTERVAL'], [Type.VARCHAR, 'VARCHAR'], [Type.BLOB, 'BLOB'], [Type.BIT, 'BIT'], [Type.BIGNUM, 'BIGNUM'],
  [Type.UUID, 'UUID'], [Type.SQLNULL, 'INTEGER'],
]);

/** @throws TelarError `unsupported-type`, naming the column */
export function typeOf(logical: LogicalType, column: string): DuckType {
  const inner = (type: LogicalType): DuckType => typeOf(type, column);
  const members = (count: number, name: (index: number) => string, type: (index: number) => LogicalType): Member[] => (
    Array.from({ length: count }, (_, index) => ({ name: name(index), type: inner(type(index)) })));
  const id = duckdb.get_type_id(logical);
  switch (id) {
    case Type.DECIMAL: return { kind: 'decimal', width: duckdb.decimal_width(logical), scale: duckdb.decimal_scale(logical) };
    case Type.ENUM: return { kind: 'enum', values: Array.from({ length: duckdb.enum_dictionary_size(logical) }, (_, index) => duckdb.enum_dictionary_value(logical, index)) };
    case Type.LIST: return { kind: 'list', item: inner(duckdb.list_type_child_type(logical)) };
    case Type.ARRAY: return { kind: 'array', item: inner(duckdb.array_type_child_type(logical)), size: duckdb.array_type_array_size(logical) };
    case Type.MAP: return { kind: 'map', key: inner(duckdb.map_type_key_type(logical)), value: inner(duckdb.map_type_value_type(logical)) };
    case Type.UNION: return { kind: 'union', members: members(duckdb.union_type_member_count(logical), (at) => duckdb.union_type_member_name(logical, at), (at) => duckdb.union_type_member_type(logical, at)) };
    case Type.STRUCT: {
      const fields = members(duckdb.struct_type_child_count(logical), (at) => duckdb.struct_type_child_name(logical, at), (at) => duckdb.struct_type_child_type(logical, at));
      if (fields.some(({ name }) => name === '')) throw unsupported('STRUCT without names', column);
      return { kind: 'struct', members: fields };
    }
    default: {
      const alias = duckdb.logical_type_get_alias(logical);
      const name = alias === 'JSON' ? alias : NAMES.get(id);
      if (name === undefined || (alias !== null && alias !== '' && alias !== 'JSON' && id === Type.BLOB)) throw unsupported(alias ?? Type[id] ?? String(id), column);
      return { kind: 'plain', name };
    }
  }
}
