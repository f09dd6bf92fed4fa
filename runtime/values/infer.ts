/**
 * Types of plain values: which DuckDB type a column of them has, and tables from records and arrays.
 *
 * The rule looks at kinds of values, never at their size, so that a type does not change as data grows: whole numbers are BIGINT (HUGEINT or BIGNUM only where a value
 * is beyond it), any fraction makes DOUBLE, decimals get the width that all of them need, nothing but nulls is INTEGER as in DuckDB, a missing key is
 * null, and kinds that do not go together become JSON text. INTEGER for small numbers was not taken: one more row would change the type and all keys.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { ArrayType, NumberArray } from './array.ts';
import { memberOf } from './column-encode.ts';
import { type DuckType, formatType, type Member } from './duckdb-types.ts';
import { Complex, isPlain, Tagged } from './scalars.ts';

/** Columns of plain values. */
export interface PlainTable { readonly columns: readonly { readonly name: string; readonly type: string; readonly values: readonly unknown[] }[]; readonly rows: number }

const plain = (name: string): DuckType => ({ kind: 'plain', name });
const JSON_TYPE = plain('JSON');
const WHOLE = ['BIGINT', 'HUGEINT', 'UHUGEINT', 'BIGNUM'];

/** The type of one value; `undefined` for null. An empty list has an item of no type yet. */
interface Open { readonly type: DuckType | undefined; readonly item?: Open; readonly members?: Map<string, Open>; readonly entries?: readonly [Open, Open] }
const NONE: Open = { type: undefined };
const of = (name: string): Open => ({ type: plain(name) });

function typeOfValue(value: unknown): Open {
  switch (typeof value) {
    case 'undefined': return NONE;
    case 'boolean': return of('BOOLEAN');
    case 'string': return of('VARCHAR');
    case 'number': return of(Number.isSafeInteger(value) && !Object.is(value, -0) ? 'BIGINT' : 'DOUBLE');
    case 'bigint': return of(BigInt.asIntN(64, value) === value ? 'BIGINT' : BigInt.asIntN(128, value) === value ? 'HUGEINT' : BigInt.asUintN(128, value) === value ? 'UHUGEINT' : 'BIGNUM');
    case 'object': return value === null ? NONE : typeOfObject(value);
    default: throw new TelarError('value-type', `A ${typeof value} cannot be a cell of a table; give data.`, { type: typeof value });
  }
}

function typeOfObject(value: object): Open {
  if (value instanceof Tagged) return typeOfTagged(value);
  if (value instanceof Date) return of('TIMESTAMP WITH TIME ZONE');
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) return of('BLOB');
  if (value instanceof Complex) return { type: undefined, members: new Map([['re', of('DOUBLE')], ['im', of('DOUBLE')]]) };
  if (Array.isArray(value) || value instanceof Set || (ArrayBuffer.isView(value) && !(value instanceof DataView))) return { type: undefined, item: joinAll(value as unknown as Iterable<unknown>) };
  if (value instanceof Map) return { type: undefined, entries: [joinAll(value.keys()), joinAll(value.values())] };
  if (isPlain(value)) {
    const keys = Object.entries(value);
    return keys.length === 0 ? { type: undefined, entries: [NONE, NONE] } : { type: undefined, members: new Map(keys.map(([key, item]) => [key, typeOfValue(item)])) };
  }
  throw new TelarError('value-type', `An instance of ${value.constructor?.name ?? 'a class'} cannot be a cell of a table; give plain data.`, { type: value.constructor?.name ?? 'object' });
}

function typeOfTagged({ tag, text }: Tagged): Open {
  switch (tag) {
    case 'date': return of('DATE');
    case 'time': return of(/[Z+-]/.test(text) ? 'TIME WITH TIME ZONE' : /\.\d{7,}/.test(text) ? 'TIME_NS' : 'TIME');
    case 'timestamp': return of(/\.\d{7,}/.test(text) ? 'TIMESTAMP_NS' : 'TIMESTAMP');
    case 'timestamptz': return of('TIMESTAMP WITH TIME ZONE');
    case 'duration': return of('INTERVAL');
    case 'decimal': {
      const match = /^-?(\d+)(?:\.(\d+))?$/.exec(text);
      if (match === null) return of('DOUBLE');
      const scale = match[2]?.length ?? 0;
      return decimal((match[1] ?? '').replace(/^0+/, '').length, scale);
    }
    default: return of('DOUBLE');
  }
}

const decimal = (whole: number, scale: number): Open => (whole + scale > 38 ? JSON_OPEN : { type: { kind: 'decimal', width: Math.max(whole + scale, 1), scale } });
const JSON_OPEN: Open = { type: JSON_TYPE };

function joinAll(values: Iterable<unknown>): Open {
  let all = NONE;
  for (const value of values) all = join(all, typeOfValue(value));
  return all;
}

const nothing = (open: Open): boolean => open.type === undefined && open.item === undefined && open.members === undefined && open.entries === undefined;

/** The type that holds both. */
function join(left: Open, right: Open): Open {
  if (nothing(left) || left === right) return right;
  if (nothing(right)) return left;
  if (left.item !== undefined && right.item !== undefined) return { type: undefined, item: join(left.item, right.item) };
  if (left.entries !== undefined && right.entries !== undefined) return { type: undefined, entries: [join(left.entries[0], right.entries[0]), join(left.entries[1], right.entries[1])] };
  if (left.members !== undefined && right.members !== undefined) {
    const members = new Map(left.members);
    for (const [name, open] of right.members) members.set(name, join(members.get(name) ?? NONE, open));
    return { type: undefined, members };
  }
  if (left.members !== undefined && right.entries !== undefined && nothing(right.entries[0])) return left;
  if (right.members !== undefined && left.entries !== undefined && nothing(left.entries[0])) return right;
  return left.type === undefined || right.type === undefined ? JSON_OPEN : joinTypes(left.type, right.type);
}

/** Digits before the point that a whole type may need. */
const digitsOf = (type: DuckType): readonly [number, number] | undefined => (
  type.kind === 'decimal' ? [type.width - type.scale, type.scale] : type.kind === 'plain' && type.name === 'BIGINT' ? [19, 0] : undefined);

const STAMPS = ['DATE', 'TIMESTAMP', 'TIMESTAMP_NS'];

function joinTypes(left: DuckType, right: DuckType): Open {
  const [one, other] = [formatType(left), formatType(right)];
  if (one === other) return { type: left };
  const [first, second] = [digitsOf(left), digitsOf(right)];
  if (first !== undefined && second !== undefined) return decimal(Math.max(first[0], second[0]), Math.max(first[1], second[1]));
  for (const order of [WHOLE, STAMPS, ['TIME', 'TIME_NS']]) if (order.includes(one) && order.includes(other)) return of(order[Math.max(order.indexOf(one), order.indexOf(other))] ?? one);
  const number = (type: DuckType, name: string): boolean => type.kind === 'decimal' || name === 'DOUBLE' || WHOLE.includes(name);
  return number(left, one) && number(right, other) ? of('DOUBLE') : JSON_OPEN;
}

function close(open: Open): DuckType {
  if (open.item !== undefined) return { kind: 'list', item: close(open.item) };
  if (open.entries !== undefined) return { kind: 'map', key: nothing(open.entries[0]) ? plain('VARCHAR') : close(open.entries[0]), value: close(open.entries[1]) };
  if (open.members !== undefined) return { kind: 'struct', members: [...open.members].map(([name, member]): Member => ({ name, type: close(member) })) };
  return open.type ?? plain('INTEGER');
}

/** The type of a column of these values. @throws TelarError `value-type` for a function, a symbol, an instance of a class */
export const inferType = (values: Iterable<unknown>): string => formatType(close(joinAll(values)));

const isRow = (value: unknown): boolean => (value instanceof Map ? [...value.keys()].every((key) => typeof key === 'string') : isPlain(value));

/**
 * A table of a list: of mappings, one row each with a column for every key in the order met; of anything else, one column `value`.
 * @throws TelarError `value-type`, naming the column
 */
export function tableFromRecords(values: readonly unknown[]): PlainTable {
  const rows = values.length;
  if (rows === 0 || !values.every(isRow)) return { rows, columns: [{ name: 'value', type: inferType(values), values }] };
  const names = new Set<string>();
  for (const value of values) for (const name of value instanceof Map ? value.keys() as MapIterator<string> : Object.keys(value as object)) names.add(name);
  const columns = [...names].map((name) => {
    const column = values.map((value) => memberOf(value, name));
    try {
      return { name, type: inferType(column), values: column };
    } catch (error) {
      throw new TelarError('value-type', `Column “${name}”: ${(error as Error).message}`, { ...(error instanceof TelarError ? error.data : {}), column: name }, { cause: error });
    }
  });
  return { rows, columns: columns.length === 0 ? [{ name: 'value', type: 'INTEGER', values: values.map(() => null) }] : columns };
}

const NUMBER_TYPES: Readonly<Record<ArrayType, string>> = {
  int8: 'TINYINT', int16: 'SMALLINT', int32: 'INTEGER', int64: 'BIGINT', uint8: 'UTINYINT', uint16: 'USMALLINT', uint32: 'UINTEGER', uint64: 'UBIGINT',
  float32: 'FLOAT', float64: 'DOUBLE', bool: 'BOOLEAN', complex64: 'STRUCT(re FLOAT, im FLOAT)', complex128: 'STRUCT(re DOUBLE, im DOUBLE)',
};

/** A table of an array of numbers: one dimension is a column `value`, two are columns `c0`, `c1` …, more are lists in `value`. */
export function tableFromArray(array: NumberArray): PlainTable {
  const { data } = array;
  const type = NUMBER_TYPES[array.type];
  const at = (index: number): unknown => (array.type === 'bool' ? data[index] !== 0 : array.type.startsWith('complex') ? { re: data[2 * index], im: data[2 * index + 1] } : data[index]);
  const [rows = 1, ...inner] = array.shape;
  const width = inner.reduce((product, size) => product * size, 1);
  if (inner.length === 1 && width > 0) {
    return { rows, columns: Array.from({ length: width }, (_, column) => ({ name: `c${column}`, type, values: Array.from({ length: rows }, (__, row) => at(row * width + column)) })) };
  }
  const nest = (start: number, sizes: readonly number[]): unknown => {
    const [size, ...rest] = sizes;
    const step = rest.reduce((product, each) => product * each, 1);
    return size === undefined ? at(start) : Array.from({ length: size }, (_, index) => nest(start + index * step, rest));
  };
  return { rows, columns: [{ name: 'value', type: `${type}${'[]'.repeat(inner.length)}`, values: Array.from({ length: rows }, (_, row) => nest(row * width, inner)) }] };
}
