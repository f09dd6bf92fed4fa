/**
 * The little of FlatBuffers that Arrow's messages need: a tree of tables written front to back, and fields read by slot.
 *
 * Written here because the bytes go into content hashes: a library's next version may lay the same message out differently.
 */

/** A part of a message. Scalars are little-endian integers of so many bytes; `structs` are rows of 64-bit integers. */
export type Part =
  | { readonly table: readonly (Part | Scalar | undefined)[] }
  | { readonly text: string }
  | { readonly list: readonly Part[] }
  | { readonly structs: readonly (readonly number[])[] };

/** An inline field of a table. */
export interface Scalar { readonly bytes: 1 | 2 | 4 | 8; readonly value: number }

export const byte = (value: number): Scalar => ({ bytes: 1, value });
export const short = (value: number): Scalar => ({ bytes: 2, value });
export const int = (value: number): Scalar => ({ bytes: 4, value });
export const long = (value: number): Scalar => ({ bytes: 8, value });

const utf8 = new TextEncoder();

class Writer {
  bytes = new Uint8Array(1024);
  view = new DataView(this.bytes.buffer);
  at = 0;

  claim(size: number, align: number): number {
    const start = Math.ceil(this.at / align) * align;
    this.at = start + size;
    if (this.at > this.bytes.length) {
      const grown = new Uint8Array(this.at * 2);
      grown.set(this.bytes);
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    return start;
  }

  /** Writes a part and sets the reference at `from` to it. */
  put(part: Part, from: number): void {
    const start = 'table' in part ? this.#table(part.table) : 'text' in part ? this.#text(part.text) : 'list' in part ? this.#list(part.list) : this.#structs(part.structs);
    this.view.setUint32(from, start - from, true);
  }

  #table(fields: readonly (Part | Scalar | undefined)[]): number {
    let size = 4;
    const places = fields.map((field) => {
      if (field === undefined) return 0;
      const width = 'bytes' in field ? field.bytes : 4;
      const place = Math.ceil(size / width) * width;
      size = place + width;
      return place;
    });
    const names = this.claim(4 + 2 * fields.length, 2);
    const start = this.claim(size, 8);
    this.view.setUint16(names, 4 + 2 * fields.length, true);
    this.view.setUint16(names + 2, size, true);
    this.view.setInt32(start, start - names, true);
    places.forEach((place, slot) => this.view.setUint16(names + 4 + 2 * slot, place, true));
    fields.forEach((field, slot) => {
      const place = start + (places[slot] ?? 0);
      if (field === undefined) return;
      if (!('bytes' in field)) this.put(field, place);
      else if (field.bytes === 8) this.view.setBigInt64(place, BigInt(field.value), true);
      else if (field.bytes === 4) this.view.setInt32(place, field.value, true);
      else if (field.bytes === 2) this.view.setInt16(place, field.value, true);
      else this.view.setUint8(place, field.value);
    });
    return start;
  }

  #text(text: string): number {
    const encoded = utf8.encode(text);
    const start = this.claim(4 + encoded.length + 1, 4);
    this.view.setUint32(start, encoded.length, true);
    this.bytes.set(encoded, start + 4);
    return start;
  }

  #list(items: readonly Part[]): number {
    const start = this.claim(4 + 4 * items.length, 4);
    this.view.setUint32(start, items.length, true);
    items.forEach((item, index) => this.put(item, start + 4 + 4 * index));
    return start;
  }

  #structs(rows: readonly (readonly number[])[]): number {
    let start = this.claim(4, 4);
    if (start % 8 === 0) start = this.claim(4, 4);
    const first = this.claim(rows.length * 8 * (rows[0]?.length ?? 0), 8);
    this.view.setUint32(start, rows.length, true);
    rows.flat().forEach((value, index) => this.view.setBigInt64(first + 8 * index, BigInt(value), true));
    return start;
  }
}

/** The bytes of a message whose root is this table; a multiple of 8. */
export function writeFlat(root: Part): Uint8Array {
  const writer = new Writer();
  writer.claim(4, 4);
  writer.put(root, 0);
  writer.claim(0, 8);
  return writer.bytes.subarray(0, writer.at);
}

/** A table being read. Absent fields give 0, `''`, `undefined` or no items. */
export class FlatTable {
  readonly #view: DataView;
  readonly #at: number;

  constructor(view: DataView, at: number) {
    this.#view = view;
    this.#at = at;
  }

  /** The root of the message that starts at `at`. */
  static root(view: DataView, at: number): FlatTable { return new FlatTable(view, at + view.getUint32(at, true)); }

  #place(slot: number): number {
    const names = this.#at - this.#view.getInt32(this.#at, true);
    const place = 4 + 2 * slot < this.#view.getUint16(names, true) ? this.#view.getUint16(names + 4 + 2 * slot, true) : 0;
    return place === 0 ? 0 : this.#at + place;
  }

  #target(slot: number): number {
    const place = this.#place(slot);
    return place === 0 ? 0 : place + this.#view.getUint32(place, true);
  }

  byte(slot: number): number { const place = this.#place(slot); return place === 0 ? 0 : this.#view.getUint8(place); }

  long(slot: number): number { const place = this.#place(slot); return place === 0 ? 0 : Number(this.#view.getBigInt64(place, true)); }

  table(slot: number): FlatTable | undefined { const at = this.#target(slot); return at === 0 ? undefined : new FlatTable(this.#view, at); }

  text(slot: number): string {
    const at = this.#target(slot);
    if (at === 0) return '';
    return new TextDecoder().decode(new Uint8Array(this.#view.buffer, this.#view.byteOffset + at + 4, this.#view.getUint32(at, true)));
  }

  tables(slot: number): FlatTable[] {
    const at = this.#target(slot);
    return Array.from({ length: at === 0 ? 0 : this.#view.getUint32(at, true) }, (_, index) => {
      const item = at + 4 + 4 * index;
      return new FlatTable(this.#view, item + this.#view.getUint32(item, true));
    });
  }

  /** Rows of two 64-bit integers. */
  pairs(slot: number): [number, number][] {
    const at = this.#target(slot);
    return Array.from({ length: at === 0 ? 0 : this.#view.getUint32(at, true) }, (_, index) => (
      [Number(this.#view.getBigInt64(at + 4 + 16 * index, true)), Number(this.#view.getBigInt64(at + 12 + 16 * index, true))]));
  }
}
