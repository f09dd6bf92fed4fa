/**
 * A column's blob: a canonical Arrow IPC stream of one column, which any Arrow reader takes.
 *
 * Schema, dictionaries (an ENUM's values, in order), one record batch, end. The one piece of metadata is `telar:type`, DuckDB's exact type, because Arrow
 * lacks HUGEINT, UHUGEINT and BIT, and says others less exactly: HUGEINT, UHUGEINT, UUID (big-endian), INTERVAL (months, days: 32 bits; microseconds:
 * 64 bits) and TIME WITH TIME ZONE (DuckDB's 64 bits) are fixed binary, BIT, BIGNUM and JSON are text, a UNION is a struct whose first child tells the member.
 * The field has no name of its own (`value`): a renamed column is the same blob. Buffers are 8-byte aligned, padding is zero.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { ColumnData } from './column-builder.ts';
import { byte, FlatTable, int, long, type Part, type Scalar, short, writeFlat } from './column-flatbuffer.ts';
import { type DuckType, enumWidth, formatType } from './duckdb-types.ts';

const utf8 = new TextEncoder();
const pad8 = (size: number): number => Math.ceil(size / 8) * 8;
const table = (...fields: (Part | Scalar | undefined)[]): Part => ({ table: fields });
const text = (value: string): Part => ({ text: value });

/** Arrow's number of a type, and its table. */
function arrowType(type: DuckType): readonly [number, Part] {
  switch (type.kind) {
    case 'decimal': return [7, table(int(type.width), int(type.scale), int(128))];
    case 'enum': return [5, table()];
    case 'list': return [12, table()];
    case 'array': return [16, table(int(type.size))];
    case 'map': return [17, table(byte(0))];
    case 'struct': case 'union': return [13, table()];
    default: return plainType(type.name);
  }
}

function plainType(name: string): readonly [number, Part] {
  const whole = /^(U?)(TINY|SMALL|BIG|)INT(?:EGER)?$/.exec(name);
  if (whole !== null) return [2, table(int({ TINY: 8, SMALL: 16, BIG: 64 }[whole[2] ?? ''] ?? 32), byte(whole[1] === 'U' ? 0 : 1))];
  switch (name) {
    case 'BOOLEAN': return [6, table()];
    case 'FLOAT': return [3, table(short(1))];
    case 'DOUBLE': return [3, table(short(2))];
    case 'BLOB': return [4, table()];
    case 'DATE': return [8, table(short(0))];
    case 'TIME': return [9, table(short(2), int(64))];
    case 'TIME_NS': return [9, table(short(3), int(64))];
    case 'TIMESTAMP_S': return [10, table(short(0))];
    case 'TIMESTAMP_MS': return [10, table(short(1))];
    case 'TIMESTAMP': return [10, table(short(2))];
    case 'TIMESTAMP_NS': return [10, table(short(3))];
    case 'TIMESTAMP WITH TIME ZONE': return [10, table(short(2), text('UTC'))];
    case 'HUGEINT': case 'UHUGEINT': case 'UUID': case 'INTERVAL': return [15, table(int(16))];
    case 'TIME WITH TIME ZONE': return [15, table(int(8))];
    default: return [5, table()];
  }
}

/** Children by name, as `shapeOf` orders them. */
export function childNames(type: DuckType): readonly string[] {
  switch (type.kind) {
    case 'list': case 'array': return ['item'];
    case 'map': return ['entries'];
    case 'struct': return type.members.map((member) => member.name);
    case 'union': return ['$tag', ...type.members.map((member) => member.name)];
    default: return [];
  }
}

/** A field of the schema. Dictionaries are numbered in the order in which they are met. `entries`: a map's entries, or their key, which are never null. */
function field(name: string, column: ColumnData, dictionaries: DuckType[], top: boolean, entries = false): Part {
  const { type } = column;
  const [number, arrow] = arrowType(type);
  let encoding: Part | undefined;
  if (type.kind === 'enum') encoding = table(long(dictionaries.push(type) - 1), table(int(8 * enumWidth(type.values.length)), byte(0)), byte(0));
  const names = childNames(type);
  const children = column.children.map((child, index) => field(names[index] ?? (index === 0 ? 'key' : 'value'), child, dictionaries, false, type.kind === 'map' || (entries && index === 0)));
  const metadata: Part | undefined = top ? { list: [table(text('telar:type'), text(formatType(type)))] } : undefined;
  return table(text(name), byte(entries ? 0 : 1), byte(number), arrow, encoding, { list: children }, metadata);
}

/** Nodes and buffers of a column in Arrow's order: before its children, validity first. */
function lay(column: ColumnData, nodes: number[][], buffers: Uint8Array[]): void {
  nodes.push([column.length, column.nullCount]);
  buffers.push(column.validity ?? new Uint8Array(0), ...column.buffers);
  for (const child of column.children) lay(child, nodes, buffers);
}

function batch(columns: readonly ColumnData[], rows: number): { part: Part; buffers: Uint8Array[]; size: number } {
  const nodes: number[][] = [];
  const buffers: Uint8Array[] = [];
  for (const column of columns) lay(column, nodes, buffers);
  let size = 0;
  const places = buffers.map((buffer) => { const place = [size, buffer.length]; size += pad8(buffer.length); return place; });
  return { part: table(long(rows), { structs: nodes }, { structs: places }), buffers, size };
}

function dictionary(values: readonly string[]): ColumnData {
  const texts = values.map((value) => utf8.encode(value));
  const offsets = new Int32Array(values.length + 1);
  texts.forEach((value, index) => { offsets[index + 1] = (offsets[index] ?? 0) + value.length; });
  const data = new Uint8Array(offsets[values.length] ?? 0);
  texts.forEach((value, index) => data.set(value, offsets[index]));
  return { type: { kind: 'plain', name: 'VARCHAR' }, length: values.length, nullCount: 0, buffers: [new Uint8Array(offsets.buffer), data], children: [] };
}

/** A whole table as one stream, with names: for other programs and for engines that take one. */
export function frameTable(columns: readonly { readonly name: string; readonly data: ColumnData }[], rows: number): Uint8Array<ArrayBuffer> {
  const dictionaries: DuckType[] = [];
  const fields = columns.map(({ name, data }) => field(name, data, dictionaries, true));
  const message = (kind: number, header: Part, body: number): Uint8Array => writeFlat(table(short(4), byte(kind), header, long(body)));
  const parts: { head: Uint8Array; buffers: readonly Uint8Array[]; size: number }[] = [{ head: message(1, table(short(0), { list: fields }), 0), buffers: [], size: 0 }];
  dictionaries.forEach((type, id) => {
    const values = type.kind === 'enum' ? type.values : [];
    const { part, buffers, size } = batch([dictionary(values)], values.length);
    parts.push({ head: message(2, table(long(id), part, byte(0)), size), buffers, size });
  });
  const { part, buffers, size } = batch(columns.map((column) => column.data), rows);
  parts.push({ head: message(3, part, size), buffers, size });
  const out = new Uint8Array(parts.reduce((sum, each) => sum + 8 + each.head.length + each.size, 8));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const { head, buffers: bodies } of parts) {
    view.setInt32(at, -1, true);
    view.setInt32(at + 4, head.length, true);
    out.set(head, at + 8);
    at += 8 + head.length;
    for (const body of bodies) { out.set(body, at); at += pad8(body.length); }
  }
  view.setInt32(at, -1, true);
  return out;
}

/** A column's blob. */
export const frameColumn = (data: ColumnData): Uint8Array<ArrayBuffer> => frameTable([{ name: 'value', data }], data.length);

/** What a blob holds, unread: its type, rows, and each buffer's and node's place, in Arrow's order. */
export interface RawColumn {
  readonly type: string;
  readonly rows: number;
  readonly nodes: readonly (readonly [number, number])[];
  /** `[from, size]` within the blob. */
  readonly buffers: readonly (readonly [number, number])[];
}

/** Reads the messages of a blob. @throws TelarError `damaged` when it is no column of ours */
export function readFrame(blob: Uint8Array): RawColumn {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  let type = '';
  try {
    for (let at = 0; at + 8 <= blob.length;) {
      const size = view.getInt32(at + 4, true);
      if (view.getInt32(at, true) !== -1 || size <= 0) break;
      const message = FlatTable.root(view, at + 8);
      const header = message.table(2);
      const body = at + 8 + size;
      if (message.byte(1) === 1) type = header?.tables(1)[0]?.tables(6)[0]?.text(1) ?? '';
      if (message.byte(1) === 3 && header !== undefined && type !== '') {
        const buffers = header.pairs(2).map(([from, length]): [number, number] => [body + from, length]);
        if (buffers.some(([from, length]) => from + length > blob.length)) break;
        return { type, rows: header.long(0), nodes: header.pairs(1), buffers };
      }
      at = body + message.long(3);
    }
  } catch (error) {
    throw new TelarError('damaged', 'A stored column cannot be read; run the node that made it again.', {}, { cause: error });
  }
  throw new TelarError('damaged', 'A stored column is not whole; run the node that made it again.');
}
