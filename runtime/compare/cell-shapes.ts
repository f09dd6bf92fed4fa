/**
 * The shapes of cells: bits, numbers, floats, texts, items, members. What a blob says of itself is checked before it is believed.
 */
import { TelarError } from '../../contracts/errors.ts';
import { type ColumnData, readColumn } from '../values/column.ts';
import { formatType, parseType, shapeOf, type Shape } from '../values/duckdb-types.ts';
import { Cells, mix } from './cells.ts';
import { isClose } from './numbers.ts';

/** A column's blob as cells. @throws TelarError `damaged` when it is no column of this type with so many rows */
export function readCells(blob: Uint8Array, type: string, rows: number): Cells {
  const data = readColumn(blob);
  if (data.length !== rows || rows > 0x7fff_ffff || formatType(data.type) !== formatType(parseType(type))) throw damaged();
  return cellsOf(data);
}

const damaged = (): TelarError => new TelarError('damaged', 'A stored column does not hold the rows that its table says; run the node that made it again.', {});

/** Bytes as whole numbers of so many bytes each. They are copied where the machine could not read them in place. */
function words(bytes: Uint8Array, width: number): Int8Array | Int16Array | Int32Array {
  const { buffer, byteOffset, length } = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  if (width === 1) return new Int8Array(buffer, byteOffset, length);
  return width === 2 ? new Int16Array(buffer, byteOffset, length >> 1) : new Int32Array(buffer, byteOffset, length >> 2);
}

function cellsOf(data: ColumnData): Cells {
  const shape: Shape = shapeOf(data.type);
  const [first = new Uint8Array(0), second = new Uint8Array(0)] = data.buffers;
  const need = (there: number, needed: number): void => { if (there < needed) throw damaged(); };
  if (data.validity !== undefined) need(data.validity.length * 8, data.length);
  switch (shape.shape) {
    case 'bit': need(first.length * 8, data.length); return new BitCells(data);
    case 'fixed': need(first.length, data.length * shape.width); return shape.float ? new FloatCells(data, first, shape.width) : new FixedCells(data, first, shape.width);
    case 'text': return new TextCells(data, offsetsOf(data, first, second.length), second);
    case 'list': return new ListCells(data, offsetsOf(data, first, data.children[0]?.length ?? 0), cellsOf(data.children[0] as ColumnData));
    case 'array': need(data.children[0]?.length ?? 0, data.length * shape.size); return new ArrayCells(data, shape.size, cellsOf(data.children[0] as ColumnData));
    default: for (const child of data.children) need(child.length, data.length); return new StructCells(data, data.children.map(cellsOf));
  }
}

/** Where each row ends, from the end of the one before. */
function offsetsOf({ length }: ColumnData, bytes: Uint8Array, end: number): Int32Array {
  const offsets = words(bytes, 4) as Int32Array;
  if (offsets.length < length + 1) throw damaged();
  for (let row = 0, last = 0; row <= length; row += 1) {
    const at = offsets[row] as number;
    if (at < last || at > end) throw damaged();
    last = at;
  }
  return offsets;
}

class BitCells extends Cells {
  #bit(row: number): number { return ((this.data.buffers[0]![row >> 3] as number) >> (row & 7)) & 1; }
  protected same(row: number, other: BitCells, at: number): boolean { return this.#bit(row) === other.#bit(at); }
  protected digest(row: number, seed: number): number { return mix(seed, this.#bit(row)); }
}

class FixedCells extends Cells {
  readonly #words: Int8Array | Int16Array | Int32Array;
  readonly #each: number;

  constructor(data: ColumnData, bytes: Uint8Array, width: number) {
    super(data);
    this.#words = words(bytes, Math.min(width, 4));
    this.#each = Math.max(1, width / 4);
  }

  protected same(row: number, other: FixedCells, at: number): boolean {
    for (let word = 0; word < this.#each; word += 1) if (this.#words[row * this.#each + word] !== other.#words[at * this.#each + word]) return false;
    return true;
  }

  protected digest(row: number, seed: number): number {
    let hash = seed;
    for (let word = 0; word < this.#each; word += 1) hash = mix(hash, this.#words[row * this.#each + word] as number);
    return hash;
  }
}

/** A column of FLOAT or DOUBLE. */
export class FloatCells extends Cells {
  readonly values: Float32Array | Float64Array;

  constructor(data: ColumnData, bytes: Uint8Array, width: number) {
    super(data);
    const at = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
    this.values = width === 8 ? new Float64Array(at.buffer, at.byteOffset, data.length) : new Float32Array(at.buffer, at.byteOffset, data.length);
  }

  override get floating(): boolean { return true; }
  protected same(row: number, other: FloatCells, at: number, tolerance: number): boolean { return isClose(this.values[row] as number, other.values[at] as number, tolerance); }
  protected digest(row: number, seed: number): number {
    const value = this.values[row] as number;
    return mix(seed, Number.isFinite(value) ? 0 : Number.isNaN(value) ? 1 : value > 0 ? 2 : 3);
  }
  protected override collect(row: number, into: number[]): void {
    const value = this.values[row] as number;
    if (Number.isFinite(value)) into.push(value);
  }
}

class TextCells extends Cells {
  readonly #offsets: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(data: ColumnData, offsets: Int32Array, bytes: Uint8Array) { super(data); this.#offsets = offsets; this.#bytes = bytes; }

  protected same(row: number, other: TextCells, at: number): boolean {
    const from = this.#offsets[row] as number;
    const start = other.#offsets[at] as number;
    const size = (this.#offsets[row + 1] as number) - from;
    if (size !== (other.#offsets[at + 1] as number) - start) return false;
    for (let index = 0; index < size; index += 1) if (this.#bytes[from + index] !== other.#bytes[start + index]) return false;
    return true;
  }

  protected digest(row: number, seed: number): number {
    const end = this.#offsets[row + 1] as number;
    let hash = mix(seed, end - (this.#offsets[row] as number));
    for (let at = this.#offsets[row] as number; at < end; at += 4) {
      hash = mix(hash, (this.#bytes[at] as number) | ((at + 1 < end ? this.#bytes[at + 1] as number : 0) << 8) | ((at + 2 < end ? this.#bytes[at + 2] as number : 0) << 16) | ((at + 3 < end ? this.#bytes[at + 3] as number : 0) << 24));
    }
    return hash;
  }
}

/** What holds items of one child: lists, maps, arrays of fixed size. */
abstract class Items extends Cells {
  readonly #child: Cells;

  constructor(data: ColumnData, child: Cells) { super(data); this.#child = child; }

  /** Where the items of a row begin and end in the child. */
  protected abstract span(row: number): readonly [number, number];
  override get floating(): boolean { return this.#child.floating; }

  protected same(row: number, other: Items, at: number, tolerance: number): boolean {
    const [from, to] = this.span(row);
    const [start, end] = other.span(at);
    if (to - from !== end - start) return false;
    for (let index = 0; index < to - from; index += 1) if (!this.#child.equal(from + index, other.#child, start + index, tolerance)) return false;
    return true;
  }

  protected digest(row: number, seed: number): number {
    const [from, to] = this.span(row);
    let hash = mix(seed, to - from);
    for (let index = from; index < to; index += 1) hash = this.#child.hash(index, hash);
    return hash;
  }

  protected override collect(row: number, into: number[]): void {
    const [from, to] = this.span(row);
    for (let index = from; index < to; index += 1) this.#child.floats(index, into);
  }
}

class ListCells extends Items {
  readonly #offsets: Int32Array;

  constructor(data: ColumnData, offsets: Int32Array, child: Cells) { super(data, child); this.#offsets = offsets; }

  protected span(row: number): readonly [number, number] { return [this.#offsets[row] as number, this.#offsets[row + 1] as number]; }
}

class ArrayCells extends Items {
  readonly #size: number;

  constructor(data: ColumnData, size: number, child: Cells) { super(data, child); this.#size = size; }

  protected span(row: number): readonly [number, number] { return [row * this.#size, (row + 1) * this.#size]; }
}

class StructCells extends Cells {
  readonly #children: readonly Cells[];

  constructor(data: ColumnData, children: readonly Cells[]) { super(data); this.#children = children; }

  override get floating(): boolean { return this.#children.some((child) => child.floating); }
  protected same(row: number, other: StructCells, at: number, tolerance: number): boolean {
    return this.#children.every((child, index) => child.equal(row, other.#children[index] as Cells, at, tolerance));
  }
  protected digest(row: number, seed: number): number { return this.#children.reduce((hash, child) => child.hash(row, hash), seed); }
  protected override collect(row: number, into: number[]): void { for (const child of this.#children) child.floats(row, into); }
}
