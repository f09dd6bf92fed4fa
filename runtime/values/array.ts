/**
 * Arrays: numbers of one machine type with a shape. Blob = a JSON header line, a line feed, the data in row order, little-endian.
 *
 * Every host of Telar is little-endian, so the data is the memory as it stands. Not here: arithmetic, nor tables made from arrays.
 */
import { TelarError } from '../../contracts/errors.ts';

const TYPES = {
  int8: Int8Array, uint8: Uint8Array, int16: Int16Array, uint16: Uint16Array, int32: Int32Array, uint32: Uint32Array,
  int64: BigInt64Array, uint64: BigUint64Array, float32: Float32Array, float64: Float64Array,
  bool: Uint8Array, complex64: Float32Array, complex128: Float64Array,
} as const;

/** Machine types. `bool` is one byte each; a complex number is two floats. */
export type ArrayType = keyof typeof TYPES;

/** Any typed array of JavaScript that `ArrayType` covers. */
export type Numbers =
  | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | BigInt64Array | BigUint64Array | Float32Array | Float64Array;

/** An array value in portable code. `data` holds the numbers in row order (two per element when complex). */
export class NumberArray {
  readonly type: ArrayType;
  readonly shape: readonly number[];
  readonly data: Numbers;

  /** @throws TelarError `value-type` when the data does not fill the shape */
  constructor(type: ArrayType, shape: readonly number[], data: Numbers) {
    const expected = shape.reduce((product, side) => product * side, type.startsWith('complex') ? 2 : 1);
    if (data.length !== expected) throw new TelarError('value-type', `An array of shape ${JSON.stringify(shape)} needs ${expected} numbers, not ${data.length}.`, { type });
    this.type = type;
    this.shape = shape;
    this.data = data;
  }

  /** A typed array as an array of one dimension. */
  static of(data: Numbers): NumberArray {
    const [type] = (Object.entries(TYPES) as [ArrayType, unknown][]).find(([, kind]) => data.constructor === kind) ?? refuse(data.constructor.name);
    return new NumberArray(type, [data.length], data);
  }

  /** Nested plain lists; booleans for `bool`, `[re, im]` for complex numbers. */
  toList(): unknown {
    const width = this.type.startsWith('complex') ? 2 : 1;
    const level = (depth: number, from: number, count: number): unknown => {
      const element = this.data[from * width]!;
      if (depth === this.shape.length) return width === 2 ? [element, this.data[from * 2 + 1]!] : this.type === 'bool' ? element !== 0 : element;
      const step = count / (this.shape[depth]! || 1);
      return Array.from({ length: this.shape[depth]! }, (_, index) => level(depth + 1, from + index * step, step));
    };
    return level(0, 0, this.data.length / width);
  }
}

const refuse = (name: string): never => {
  throw new TelarError('value-type', `Arrays of ${name} are not known; use one of ${Object.keys(TYPES).join(', ')}.`, { type: name });
};

/** The blob of an array. */
export function encodeArray(array: NumberArray): Uint8Array<ArrayBuffer> {
  const header = new TextEncoder().encode(`${JSON.stringify({ type: array.type, shape: array.shape })}\n`);
  const blob = new Uint8Array(header.length + array.data.byteLength);
  blob.set(header);
  blob.set(new Uint8Array(array.data.buffer, array.data.byteOffset, array.data.byteLength), header.length);
  return blob;
}

/** Reads the header line alone. @throws TelarError `damaged` */
export function arrayHeader(blob: Uint8Array): { readonly type: ArrayType; readonly shape: readonly number[]; readonly from: number } {
  const from = blob.subarray(0, 4096).indexOf(10) + 1;
  try {
    const { type, shape } = JSON.parse(new TextDecoder().decode(blob.subarray(0, from))) as { type: ArrayType; shape: number[] };
    if (!Object.hasOwn(TYPES, type) || !Array.isArray(shape) || !shape.every((side) => Number.isSafeInteger(side) && side >= 0)) throw new Error('its header is malformed');
    return { type, shape, from };
  } catch (error) {
    throw new TelarError('damaged', `These bytes are no array: ${(error as Error).message}`, {}, { cause: error });
  }
}

/** Reads what `encodeArray` wrote. @throws TelarError `damaged` */
export function decodeArray(blob: Uint8Array): NumberArray {
  const { type, shape, from } = arrayHeader(blob);
  return arrayOf(type, shape, blob.subarray(from));
}

/** An array of bytes that came from elsewhere; they are copied. @throws TelarError `damaged` when they do not fill the shape */
export function arrayOf(type: ArrayType, shape: readonly number[], bytes: Uint8Array): NumberArray {
  if (bytes.length % TYPES[type].BYTES_PER_ELEMENT !== 0) throw new TelarError('damaged', 'These bytes are no array: the data is cut.', {});
  return new NumberArray(type, shape, new TYPES[type](new Uint8Array(bytes).buffer));
}
