/**
 * Cells: the values of a stored column, compared and hashed where they lie, without decoding them. A column's bytes are canonical
 * (C8), so equal bytes are equal values; only floats are compared as numbers, since they have a tolerance. `cell-shapes.ts` has one
 * class for each way in which values lie.
 */
import { type ColumnData, decodeRows } from '../values/column.ts';

/** The rows of one column. Two columns that are compared have the same type. */
export abstract class Cells {
  readonly data: ColumnData;

  constructor(data: ColumnData) { this.data = data; }

  /** Whether some part of a value may be a float. */
  get floating(): boolean { return false; }

  isNull(row: number): boolean {
    const { validity } = this.data;
    return validity !== undefined && (((validity[row >> 3] ?? 0) >> (row & 7)) & 1) === 0;
  }

  /** Whether two values are the same but for floats that are close. With `Infinity`: but for their finite floats. */
  equal(row: number, other: Cells, at: number, tolerance: number): boolean {
    const none = this.isNull(row);
    return none === other.isNull(at) && (none || this.same(row, other, at, tolerance));
  }

  /** 32 bits, the same for values that are equal with a tolerance of `Infinity`. */
  hash(row: number, seed: number): number { return this.isNull(row) ? mix(seed, 7) : this.digest(row, mix(seed, 1)); }

  /** Appends the finite floats of a value. Values that are equal with a tolerance of `Infinity` have equally many. */
  floats(row: number, into: number[]): void { if (!this.isNull(row)) this.collect(row, into); }

  /** The value in portable form. */
  value(row: number): unknown { return decodeRows(this.data, row, 1)[0]; }

  protected abstract same(row: number, other: Cells, at: number, tolerance: number): boolean;
  protected abstract digest(row: number, seed: number): number;
  protected collect(_row: number, _into: number[]): void { /* No part of it is a float. */ }
}

/** Mixes a number into a hash: murmur3's round. */
export function mix(hash: number, value: number): number {
  let part = Math.imul(value, 0xcc9e2d51);
  part = Math.imul((part << 15) | (part >>> 17), 0x1b873593);
  const mixed = hash ^ part;
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}
