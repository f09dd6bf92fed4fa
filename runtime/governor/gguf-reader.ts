/**
 * The bytes of a GGUF head, one value after another. Each length is checked before it is believed, so a read costs at most the head itself,
 * and a head at most 64 MiB (the largest vocabularies take some 15).
 */
import { TelarError } from '../../contracts/errors.ts';

/** Bytes of a file from an offset on; fewer only at its end. */
export type ReadRange = (offset: number, length: number) => Uint8Array;

const MOST = 64 * 1024 ** 2;
const CHUNK = 256 * 1024;
/** The largest vocabularies have a quarter of a million tokens, and twice as many merges. */
const MOST_TEXTS = 4 * 1024 ** 2;
/** Arrays of numbers up to here are kept; longer ones are vocabularies. */
const KEPT = 4096;

/** Bytes of the scalar types by their number: 8 is a string, 9 an array. */
const SIZES: Readonly<Record<number, number>> = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 };
const STRING = 8;
const ARRAY = 9;

const text = new TextDecoder('utf-8', { fatal: true });

/** See the module's head. */
export class HeadReader {
  readonly total: number;
  /** Where the next value begins. */
  offset = 0;
  readonly #read: ReadRange;
  #chunk = new Uint8Array();
  #from = 0;

  constructor(read: ReadRange, total: number) {
    this.#read = read;
    this.total = total;
  }

  /** The error for what is wrong with the file, at a place. */
  bad(what: string, offset: number): TelarError {
    return new TelarError('bad-file', `The model’s file ${what} (at byte ${offset}). Get the file again, and check its SHA-256.`, { offset });
  }

  u32(): number { return this.#take(4).getUint32(0, true); }

  /** A number of 64 bits that has to be an exact one here. */
  size(): number {
    const at = this.offset;
    const value = Number(this.#take(8).getBigUint64(0, true));
    if (!Number.isSafeInteger(value)) throw this.bad(`has a length of ${value}`, at);
    return value;
  }

  /** How many of something follow, each of which takes `least` bytes. */
  count(what: string, most: number, least: number): number {
    const at = this.offset;
    const value = this.size();
    if (value > most || value * least > this.total - this.offset) throw this.bad(`claims ${value} ${what}`, at);
    return value;
  }

  string(what: string, most: number): string {
    const at = this.offset;
    const length = this.count(`bytes of ${what}`, most, 1);
    const view = this.#take(length);
    try {
      return text.decode(new Uint8Array(view.buffer, view.byteOffset, length));
    } catch {
      throw this.bad(`has ${what} that is no text`, at);
    }
  }

  /** A value of any type. Of long arrays and of long texts only the length is given. */
  value(): unknown {
    const at = this.offset;
    const type = this.u32();
    if (type === STRING) return this.#text();
    if (type !== ARRAY) return this.#scalar(type, at);
    const of = this.u32();
    if (of === ARRAY || (of !== STRING && SIZES[of] === undefined)) throw this.bad(`has an array of the type ${of}`, at);
    const length = this.count('values in an array', of === STRING ? MOST_TEXTS : MOST, of === STRING ? 8 : SIZES[of]!);
    if (of === STRING) for (let i = 0; i < length; i++) this.#skip(this.count('bytes of a text', MOST, 1));
    else if (length <= KEPT) return Array.from({ length }, () => this.#scalar(of, at));
    else this.#skip(length * SIZES[of]!);
    return { length };
  }

  #text(): unknown {
    const at = this.offset;
    const length = this.count('bytes of a text', MOST, 1);
    if (length > KEPT) { this.#skip(length); return { length }; }
    this.offset = at;
    return this.string('a text', KEPT);
  }

  #scalar(type: number, at: number): number | boolean {
    const size = SIZES[type];
    if (size === undefined) throw this.bad(`has a value of the unknown type ${type}`, at);
    const view = this.#take(size);
    switch (type) {
      case 0: return view.getUint8(0);
      case 1: return view.getInt8(0);
      case 2: return view.getUint16(0, true);
      case 3: return view.getInt16(0, true);
      case 4: return view.getUint32(0, true);
      case 5: return view.getInt32(0, true);
      case 6: return view.getFloat32(0, true);
      case 7: return view.getUint8(0) !== 0;
      case 10: return Number(view.getBigUint64(0, true));
      case 11: return Number(view.getBigInt64(0, true));
      default: return view.getFloat64(0, true);
    }
  }

  #skip(length: number): void { this.#within(length); this.offset += length; }

  #within(length: number): void {
    if (this.offset + length > this.total) throw this.bad('is cut short', this.offset);
    if (this.offset + length > MOST) throw this.bad(`has a head of more than ${MOST / 1024 ** 2} MiB`, this.offset);
  }

  #take(length: number): DataView {
    this.#within(length);
    if (this.offset < this.#from || this.offset + length > this.#from + this.#chunk.length) {
      this.#from = this.offset;
      this.#chunk = new Uint8Array(this.#read(this.offset, Math.max(length, Math.min(CHUNK, this.total - this.offset))));
      if (this.#chunk.length < length) throw this.bad('is cut short', this.offset);
    }
    const view = new DataView(this.#chunk.buffer, this.#chunk.byteOffset + this.offset - this.#from, length);
    this.offset += length;
    return view;
  }
}
