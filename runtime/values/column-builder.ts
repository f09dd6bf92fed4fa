/**
 * Columns in memory, in Arrow's layout: finished (`ColumnData`), and being built from any engine's chunks (`ColumnBuilder`).
 *
 * What makes a column canonical happens here and nowhere else: null slots are zero down to the deepest child, every NaN has one bit
 * pattern, lists hold no gaps, validity is absent where there are no nulls (C8). An engine shows a chunk as a `Source` and knows nothing of that.
 */
import { TelarError } from '../../contracts/errors.ts';
import { type DuckType, shapeOf, type Shape } from './duckdb-types.ts';

/** A finished column. `buffers`: `bit`, `fixed` one of data; `text` offsets and data; `list` offsets; `array`, `struct` none. */
export interface ColumnData {
  readonly type: DuckType;
  readonly length: number;
  readonly nullCount: number;
  readonly validity?: Uint8Array;
  readonly buffers: readonly Uint8Array[];
  readonly children: readonly ColumnData[];
}

/** Rows of a source: a stretch, or picked ones. */
export interface Rows { readonly from: number; readonly count: number; readonly picks?: Int32Array }

/** A chunk of one column as an engine has it. Which members are there follows from the type's shape. */
export interface Source {
  /** Bit i tells that row i is not null; absent: none is null. */
  readonly validity: Uint8Array | undefined;
  /** `fixed`: row i at i times the width. */
  readonly bytes?: Uint8Array;
  readonly bit?: (row: number) => boolean;
  /** `text`: appends the rows to the builder by `text` and `blank`, or in one go. `mask[i]` is 0 for a null. */
  readonly text?: (rows: Rows, mask: Uint8Array | undefined, into: ColumnBuilder) => void;
  readonly start?: (row: number) => number;
  readonly size?: (row: number) => number;
  readonly children?: readonly Source[];
}

const rowOf = (rows: Rows, index: number): number => (rows.picks === undefined ? rows.from + index : rows.picks[index] ?? 0);

/** A column that grows. */
export class ColumnBuilder {
  readonly type: DuckType;
  readonly shape: Shape;
  readonly children: readonly ColumnBuilder[];
  length = 0;
  /** Bytes of `data` in use. */
  used = 0;
  data: Uint8Array = new Uint8Array(0);
  #offsets: Int32Array = new Int32Array(0);
  #validity: Uint8Array | undefined;
  #nulls = 0;

  constructor(type: DuckType) {
    this.type = type;
    this.shape = shapeOf(type);
    const types = this.shape.shape === 'struct' ? this.shape.children : this.shape.shape === 'list' || this.shape.shape === 'array' ? [this.shape.child] : [];
    this.children = types.map((child) => new ColumnBuilder(child));
  }

  /** Bytes held so far, children too: what an output limit counts. */
  get bytes(): number {
    const own = this.shape.shape === 'text' || this.shape.shape === 'list' ? this.length * 4 : 0;
    return this.used + own + (this.#nulls > 0 ? this.length >> 3 : 0) + this.children.reduce((sum, child) => sum + child.bytes, 0);
  }

  /** Room for so many more bytes of data; gives where they go, and counts them as used. */
  claim(size: number): number {
    const at = this.used;
    this.used += size;
    if (this.used > this.data.length) {
      if (this.shape.shape === 'text' && this.used > 0x7fff_ffff) throw new TelarError('output-limit', 'One column of text holds more than 2 GiB; select less of it, or split it.');
      const grown = new Uint8Array(Math.max(this.used, this.data.length * 2, 1024));
      grown.set(this.data.subarray(0, at));
      this.data = grown;
    }
    return at;
  }

  /** Says of the next rows which are null (0 in the mask); every row is said once, before or after its data. */
  rows(count: number, mask: Uint8Array | undefined): void {
    const end = this.length + count;
    if (mask !== undefined && this.#validity === undefined) {
      this.#validity = new Uint8Array(Math.max((end >> 3) + 1, 256));
      this.#validity.fill(0xff, 0, this.length >> 3);
      if ((this.length & 7) > 0) this.#validity[this.length >> 3] = (1 << (this.length & 7)) - 1;
    }
    const bits = this.#validity;
    if (bits !== undefined) {
      let grown = bits;
      if ((end >> 3) >= bits.length) {
        grown = new Uint8Array(((end >> 3) + 1) * 2);
        grown.set(bits);
        this.#validity = grown;
      }
      for (let index = 0; index < count; index += 1) {
        const row = this.length + index;
        if (mask === undefined || mask[index] !== 0) grown[row >> 3] = (grown[row >> 3] ?? 0) | (1 << (row & 7));
        else this.#nulls += 1;
      }
    }
    this.length = end;
  }

  /** `text` and `list`: says that row `row` ends at `end` (bytes of text, rows of the child). */
  end(row: number, end: number): void {
    if (row + 1 >= this.#offsets.length) {
      const grown = new Int32Array(Math.max(256, (row + 2) * 2));
      grown.set(this.#offsets);
      this.#offsets = grown;
    }
    this.#offsets[row + 1] = end;
  }

  /** Appends rows of a chunk. `parent[i]` 0 makes row i null whatever the chunk says. */
  append(source: Source, rows: Rows, parent?: Uint8Array): void {
    const mask = maskOf(source.validity, rows, parent);
    const first = this.length;
    switch (this.shape.shape) {
      case 'fixed': this.#fixed(source.bytes ?? new Uint8Array(0), rows, mask, this.shape.width, this.shape.float); break;
      case 'bit': for (let index = 0; index < rows.count; index += 1) this.bit(first + index, (mask === undefined || mask[index] !== 0) && source.bit?.(rowOf(rows, index)) === true); break;
      case 'text': source.text?.(rows, mask, this); break;
      case 'list': this.#list(source, rows, mask); break;
      case 'array': this.#array(source, rows, mask, this.shape.size); break;
      default: this.children.forEach((child, index) => { const inner = source.children?.[index]; if (inner !== undefined) child.append(inner, rows, mask); });
    }
    this.rows(rows.count, mask);
  }

  /** `bit`: sets the bit of the next row. */
  bit(row: number, value: boolean): void {
    if ((row >> 3) >= this.used) this.claim(1);
    if (value) this.data[row >> 3] = (this.data[row >> 3] ?? 0) | (1 << (row & 7));
  }

  #fixed(bytes: Uint8Array, rows: Rows, mask: Uint8Array | undefined, width: number, float: boolean): void {
    const at = this.claim(rows.count * width);
    const { data } = this;
    if (rows.picks === undefined) data.set(bytes.subarray(rows.from * width, (rows.from + rows.count) * width), at);
    else for (let index = 0; index < rows.count; index += 1) data.set(bytes.subarray((rows.picks[index] ?? 0) * width, ((rows.picks[index] ?? 0) + 1) * width), at + index * width);
    if (mask !== undefined) for (let index = 0; index < rows.count; index += 1) if (mask[index] === 0) data.fill(0, at + index * width, at + (index + 1) * width);
    if (float) oneNaN(data, at, rows.count, width);
  }

  #list(source: Source, rows: Rows, mask: Uint8Array | undefined): void {
    const child = this.children[0];
    const inner = source.children?.[0];
    if (child === undefined || inner === undefined || source.start === undefined || source.size === undefined) return;
    const before = child.length;
    let total = 0;
    let from = -1;
    let together = true;
    for (let index = 0; index < rows.count; index += 1) {
      const row = rowOf(rows, index);
      const size = mask === undefined || mask[index] !== 0 ? source.size(row) : 0;
      if (size > 0) {
        const start = source.start(row);
        if (from < 0) from = start;
        else if (start !== from + total) together = false;
      }
      total += size;
      this.end(this.length + index, before + total);
    }
    if (total === 0) return;
    if (together) { child.append(inner, { from, count: total }); return; }
    const picks = new Int32Array(total);
    for (let index = 0, at = 0; index < rows.count; index += 1) {
      const row = rowOf(rows, index);
      const size = mask === undefined || mask[index] !== 0 ? source.size(row) : 0;
      for (let item = 0, start = size > 0 ? source.start(row) : 0; item < size; item += 1, at += 1) picks[at] = start + item;
    }
    child.append(inner, { from: 0, count: total, picks });
  }

  #array(source: Source, rows: Rows, mask: Uint8Array | undefined, size: number): void {
    const inner = source.children?.[0];
    if (inner === undefined) return;
    const count = rows.count * size;
    const picks = rows.picks === undefined ? undefined : Int32Array.from({ length: count }, (_, index) => rowOf(rows, Math.floor(index / size)) * size + (index % size));
    const deep = mask === undefined ? undefined : Uint8Array.from({ length: count }, (_, index) => mask[Math.floor(index / size)] ?? 0);
    this.children[0]?.append(inner, { from: rows.from * size, count, ...(picks === undefined ? {} : { picks }) }, deep);
  }

  /** The finished column. The builder must not be used after. */
  finish(): ColumnData {
    const bytes = (this.length + 7) >> 3;
    const data = this.data.subarray(0, this.used);
    const offsets = (): Uint8Array => {
      if (this.#offsets.length === 0) this.#offsets = new Int32Array(1);
      return new Uint8Array(this.#offsets.buffer, 0, 4 * (this.length + 1));
    };
    const { shape } = this.shape;
    return {
      type: this.type, length: this.length, nullCount: this.#nulls,
      ...(this.#nulls > 0 && this.#validity !== undefined ? { validity: this.#validity.subarray(0, bytes) } : {}),
      buffers: shape === 'text' ? [offsets(), data] : shape === 'list' ? [offsets()] : shape === 'bit' || shape === 'fixed' ? [data] : [],
      children: this.children.map((child) => child.finish()),
    };
  }
}

/** One byte a row, 0 where it is null; `undefined` when none is. */
function maskOf(validity: Uint8Array | undefined, rows: Rows, parent: Uint8Array | undefined): Uint8Array | undefined {
  if (validity === undefined) return parent?.includes(0) === true ? parent : undefined;
  const mask = new Uint8Array(rows.count);
  let nulls = false;
  for (let index = 0; index < rows.count; index += 1) {
    const row = rowOf(rows, index);
    const valid = ((validity[row >> 3] ?? 0) >> (row & 7)) & (parent?.[index] ?? 1);
    mask[index] = valid & 1;
    if ((valid & 1) === 0) nulls = true;
  }
  return nulls ? mask : undefined;
}

/** Gives every NaN the one bit pattern that JavaScript writes. */
function oneNaN(data: Uint8Array, at: number, count: number, width: number): void {
  const values = width === 8 ? new Float64Array(data.buffer, data.byteOffset + at, count) : new Float32Array(data.buffer, data.byteOffset + at, count);
  for (let index = 0; index < count; index += 1) if (Number.isNaN(values[index])) values[index] = NaN;
}
