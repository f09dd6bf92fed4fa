/**
 * DuckDB's types: their text, parsed and written, and how each lies in memory.
 *
 * The text is the name of a type everywhere (manifests, keys, blobs), so writing is canonical: `formatType(parseType(text))` is what
 * DuckDB itself prints. Not here: values, nor Arrow's bytes (`column*.ts`).
 */
import { TelarError } from '../../contracts/errors.ts';

/** A member of a struct or union. */
export interface Member { readonly name: string; readonly type: DuckType }

/** A type, parsed. `plain` covers all without parameters. */
export type DuckType =
  | { readonly kind: 'plain'; readonly name: string }
  | { readonly kind: 'decimal'; readonly width: number; readonly scale: number }
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  | { readonly kind: 'list'; readonly item: DuckType }
  | { readonly kind: 'array'; readonly item: DuckType; readonly size: number }
  | { readonly kind: 'struct'; readonly members: readonly Member[] }
  | { readonly kind: 'union'; readonly members: readonly Member[] }
  | { readonly kind: 'map'; readonly key: DuckType; readonly value: DuckType };

/**
 * How values lie in memory: `bit` one bit each, `fixed` a number of bytes each, `text` offsets and bytes; `list` offsets and a child
 * (a map's child is a struct of key and value); `array` a child of fixed length; `struct` children (a union's first child is its tag).
 */
export type Shape =
  | { readonly shape: 'bit' | 'text' }
  | { readonly shape: 'fixed'; readonly width: number; readonly float: boolean }
  | { readonly shape: 'list'; readonly child: DuckType }
  | { readonly shape: 'array'; readonly child: DuckType; readonly size: number }
  | { readonly shape: 'struct'; readonly children: readonly DuckType[] };

const WIDTHS: Readonly<Record<string, number>> = {
  TINYINT: 1, SMALLINT: 2, INTEGER: 4, BIGINT: 8, HUGEINT: 16, UTINYINT: 1, USMALLINT: 2, UINTEGER: 4, UBIGINT: 8, UHUGEINT: 16,
  FLOAT: 4, DOUBLE: 8, DATE: 4, TIME: 8, TIME_NS: 8, 'TIME WITH TIME ZONE': 8, TIMESTAMP: 8, TIMESTAMP_S: 8, TIMESTAMP_MS: 8, TIMESTAMP_NS: 8,
  'TIMESTAMP WITH TIME ZONE': 8, INTERVAL: 16, UUID: 16,
};

const TEXTS = new Set(['VARCHAR', 'BLOB', 'BIT', 'BIGNUM', 'JSON']);

const ALIASES: Readonly<Record<string, string>> = {
  BOOL: 'BOOLEAN', LOGICAL: 'BOOLEAN', INT1: 'TINYINT', INT2: 'SMALLINT', SHORT: 'SMALLINT', INT: 'INTEGER', INT4: 'INTEGER', SIGNED: 'INTEGER', INTEGRAL: 'INTEGER',
  INT8: 'BIGINT', LONG: 'BIGINT', INT128: 'HUGEINT', UINT8: 'UTINYINT', UINT16: 'USMALLINT', UINT32: 'UINTEGER', UINT64: 'UBIGINT', UINT128: 'UHUGEINT',
  REAL: 'FLOAT', FLOAT4: 'FLOAT', FLOAT8: 'DOUBLE', STRING: 'VARCHAR', TEXT: 'VARCHAR', CHAR: 'VARCHAR', BPCHAR: 'VARCHAR', BYTEA: 'BLOB', BINARY: 'BLOB', VARBINARY: 'BLOB',
  BITSTRING: 'BIT', DATETIME: 'TIMESTAMP', TIMESTAMP_US: 'TIMESTAMP', TIMESTAMPTZ: 'TIMESTAMP WITH TIME ZONE', TIMETZ: 'TIME WITH TIME ZONE', GUID: 'UUID', VARINT: 'BIGNUM', NULL: 'INTEGER',
};

/** Words that DuckDB quotes as names of members. */
const RESERVED = new Set((
  'all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create default deferrable desc describe distinct do else end except false '
  + 'fetch for foreign from grant group having in initially intersect into lambda lateral leading limit not null offset on only or order pivot pivot_longer pivot_wider placing primary '
  + 'qualify references returning select show some summarize symmetric table then to trailing true union unique unpivot using variadic when where window with').split(' '));

/** A name as SQL takes it, quoted always. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A text as SQL takes it. */
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const memberText = ({ name, type }: Member): string => `${/^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.has(name) ? name : quoteName(name)} ${formatType(type)}`;

/** The type's canonical text. */
export function formatType(type: DuckType): string {
  switch (type.kind) {
    case 'plain': return type.name;
    case 'decimal': return `DECIMAL(${type.width},${type.scale})`;
    case 'enum': return `ENUM(${type.values.map(quoteText).join(', ')})`;
    case 'list': return `${formatType(type.item)}[]`;
    case 'array': return `${formatType(type.item)}[${type.size}]`;
    case 'map': return `MAP(${formatType(type.key)}, ${formatType(type.value)})`;
    default: return `${type.kind.toUpperCase()}(${type.members.map(memberText).join(', ')})`;
  }
}

const parsed = new Map<string, DuckType>();

/**
 * Reads a type's text, in any spelling DuckDB takes.
 * @throws TelarError `unsupported-type` for a type that no table can hold (VARIANT, GEOMETRY, a struct without names) or that is unknown
 */
export function parseType(text: string): DuckType {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const parser = new Parser(text);
  const type = parser.type();
  parser.end();
  if (text.length < 1000) parsed.set(text, type);
  return type;
}

class Parser {
  readonly #text: string;
  readonly #tokens: string[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = text.match(/"(?:[^"]|"")*"|'(?:[^']|'')*'|[\p{L}\p{N}_]+|[()[\],]|\S/gu) ?? [];
  }

  type(): DuckType {
    let type = this.#base();
    while (this.#take('[')) {
      if (this.#take(']')) { type = { kind: 'list', item: type }; continue; }
      type = { kind: 'array', item: type, size: this.#number() };
      this.#need(']');
    }
    return type;
  }

  end(): void { if (this.#at < this.#tokens.length) this.#fail(); }

  #base(): DuckType {
    const word = (this.#tokens[this.#at++] ?? '').toUpperCase().replace(/^"NULL"$/, 'NULL');
    const name = ALIASES[word] ?? word;
    if (name === 'DECIMAL' || name === 'NUMERIC' || name === 'DEC') return this.#decimal();
    if (name === 'ENUM') return { kind: 'enum', values: this.#group(() => this.#string()) };
    if (name === 'STRUCT' || name === 'UNION' || name === 'ROW') {
      return { kind: name === 'UNION' ? 'union' : 'struct', members: this.#group(() => ({ name: this.#name(), type: this.type() })) };
    }
    if (name === 'MAP') {
      const [key, value] = this.#group(() => this.type());
      if (key === undefined || value === undefined) return this.#fail();
      return { kind: 'map', key, value };
    }
    if (name === 'VARCHAR' && this.#take('(')) { this.#number(); this.#need(')'); }
    if (name === 'TIME' || name === 'TIMESTAMP') {
      const zoned = /^WITH$/i.test(this.#tokens[this.#at] ?? '');
      if (zoned || /^WITHOUT$/i.test(this.#tokens[this.#at] ?? '')) this.#at += 3;
      return { kind: 'plain', name: zoned ? `${name} WITH TIME ZONE` : name };
    }
    if (name === 'BOOLEAN' || Object.hasOwn(WIDTHS, name) || TEXTS.has(name)) return { kind: 'plain', name };
    return this.#fail();
  }

  #decimal(): DuckType {
    if (!this.#take('(')) return { kind: 'decimal', width: 18, scale: 3 };
    const width = this.#number();
    const scale = this.#take(',') ? this.#number() : 0;
    this.#need(')');
    return { kind: 'decimal', width, scale };
  }

  #group<T>(read: () => T): T[] {
    this.#need('(');
    const items = [read()];
    while (this.#take(',')) items.push(read());
    this.#need(')');
    return items;
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at += 1;
    return true;
  }

  #need(token: string): void { if (!this.#take(token)) this.#fail(); }

  #number(): number {
    const number = Number(this.#tokens[this.#at++]);
    return Number.isInteger(number) ? number : this.#fail();
  }

  #string(): string {
    const token = this.#tokens[this.#at++] ?? '';
    return token.startsWith("'") ? token.slice(1, -1).replaceAll("''", "'") : this.#fail();
  }

  #name(): string {
    const token = this.#tokens[this.#at++] ?? '';
    if (/^[,()]$/.test(this.#tokens[this.#at] ?? ')')) return this.#fail();
    return token.startsWith('"') ? token.slice(1, -1).replaceAll('""', '"') : token;
  }

  #fail(): never { throw unsupported(this.#text); }
}

/** The error for a type that no table can hold. */
export function unsupported(type: string, column?: string): TelarError {
  const what = column === undefined ? `The type ${type}` : `Column “${column}” has the type ${type}, which`;
  return new TelarError('unsupported-type', `${what} cannot be kept in a table; cast it to another, such as VARCHAR or a STRUCT with named members.`, { type, ...(column === undefined ? {} : { column }) });
}

const plain = (name: string): DuckType => ({ kind: 'plain', name });

/** Bytes of one code of an ENUM with so many values. */
export const enumWidth = (count: number): 1 | 2 | 4 => (count <= 255 ? 1 : count <= 65_535 ? 2 : 4);

/** How values of the type lie in memory, here and (but for DECIMAL, always 16 bytes here, and text) in DuckDB. */
export function shapeOf(type: DuckType): Shape {
  switch (type.kind) {
    case 'plain':
      if (type.name === 'BOOLEAN') return { shape: 'bit' };
      if (TEXTS.has(type.name)) return { shape: 'text' };
      return { shape: 'fixed', width: WIDTHS[type.name] ?? 0, float: type.name === 'DOUBLE' || type.name === 'FLOAT' };
    case 'decimal': return { shape: 'fixed', width: 16, float: false };
    case 'enum': return { shape: 'fixed', width: enumWidth(type.values.length), float: false };
    case 'list': return { shape: 'list', child: type.item };
    case 'map': return { shape: 'list', child: { kind: 'struct', members: [{ name: 'key', type: type.key }, { name: 'value', type: type.value }] } };
    case 'array': return { shape: 'array', child: type.item, size: type.size };
    case 'struct': return { shape: 'struct', children: type.members.map((member) => member.type) };
    default: return { shape: 'struct', children: [plain('UTINYINT'), ...type.members.map((member) => member.type)] };
  }
}
