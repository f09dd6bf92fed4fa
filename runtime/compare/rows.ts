/**
 * Rows without their order: which rows of one table have no partner in another (C4).
 *
 * Rows are grouped by all that is exact in them, in a hash table that compares the rows themselves, so a collision costs time and
 * never truth. Within a group only the floats may differ, and `match-floats.ts` pairs them. The seed comes from the hashes of the two
 * values, so nobody can write a table whose rows all fall into one slot.
 */
import type { Cells } from './cells.ts';
import { mix } from './cells.ts';
import { matchFloats } from './match-floats.ts';

/** Rows of a table by some of its columns. */
export interface Rows { readonly count: number; readonly cells: readonly Cells[] }

/** Rows without a partner, on either side. `gaveUp`: they are too many and too alike to be paired, and more of them may be partners. */
export interface Unmatched { readonly before: readonly number[]; readonly after: readonly number[]; readonly gaveUp: boolean }

/** Groups of rows that are equal but for their finite floats: the group of each row. */
export interface Groups { readonly before: Int32Array; readonly after: Int32Array; readonly count: number }

const hashOf = ({ cells }: Rows, row: number, seed: number): number => cells.reduce((hash, one) => one.hash(row, hash), seed);

/** Whether two rows are equal. */
function sameRow(one: Rows, row: number, other: Rows, at: number, tolerance: number): boolean {
  for (let column = 0; column < one.cells.length; column += 1) {
    if (!(one.cells[column] as Cells).equal(row, other.cells[column] as Cells, at, tolerance)) return false;
  }
  return true;
}

/**
 * Groups the rows of two tables.
 * @param distinct stop at the second row of one side in a group, and give `undefined`: for finding keys
 */
export function groupRows(before: Rows, after: Rows, seed: number, distinct = false): Groups | undefined {
  const groups = { before: new Int32Array(before.count), after: new Int32Array(after.count), count: 0 };
  const total = before.count + after.count;
  const mask = 2 ** Math.ceil(Math.log2(Math.max(4, total * 2))) - 1;
  const slots = new Int32Array(mask + 1).fill(-1);
  const hashes = new Int32Array(total);
  /** The first row of each group; those of `after` count on from the end of `before`. */
  const first = new Int32Array(total);
  const seen = distinct ? new Uint8Array(total) : undefined;
  for (const [side, rows, into, base] of [[1, before, groups.before, 0], [2, after, groups.after, before.count]] as const) {
    for (let row = 0; row < rows.count; row += 1) {
      const hash = hashOf(rows, row, seed);
      let slot = mix(seed, hash) & mask;
      for (; slots[slot] !== -1; slot = (slot + 1) & mask) {
        const group = slots[slot] as number;
        if (hashes[group] !== hash) continue;
        const known = first[group] as number;
        const [other, at] = known < before.count ? [before, known] : [after, known - before.count];
        if (sameRow(rows, row, other, at, Infinity)) break;
      }
      if (slots[slot] === -1) {
        slots[slot] = groups.count;
        hashes[groups.count] = hash;
        first[groups.count] = base + row;
        groups.count += 1;
      }
      const group = slots[slot] as number;
      into[row] = group;
      if (seen === undefined) continue;
      if (((seen[group] as number) & side) !== 0) return undefined;
      seen[group] = (seen[group] as number) | side;
    }
  }
  return groups;
}

/** Rows in the order of their groups, and where each group begins. */
function byGroup(groups: Int32Array, count: number): { readonly order: Int32Array; readonly from: Int32Array } {
  const from = new Int32Array(count + 1);
  for (const group of groups) from[group + 1] = (from[group + 1] as number) + 1;
  for (let group = 0; group < count; group += 1) from[group + 1] = (from[group + 1] as number) + (from[group] as number);
  const next = from.slice();
  const order = new Int32Array(groups.length);
  groups.forEach((group, row) => { order[next[group]!] = row; next[group] = next[group]! + 1; });
  return { order, from };
}

/** The rows that have no partner, when each row may have one that is equal to it. */
export function unmatchedRows(before: Rows, after: Rows, tolerance: number, seed: number): Unmatched {
  const groups = groupRows(before, after, seed) as Groups;
  const floating = before.cells.filter((one) => one.floating);
  const left = byGroup(groups.before, groups.count);
  const right = byGroup(groups.after, groups.count);
  const found = { before: [] as number[], after: [] as number[] };
  const budget = { left: (16 + 4 * floating.length) * (before.count + after.count) + 1_000_000 };
  const floatsOf = ({ cells }: Rows, rows: Int32Array): Float64Array => {
    const into: number[] = [];
    for (const row of rows) for (const one of cells) if (one.floating) one.floats(row, into);
    return Float64Array.from(into);
  };
  for (let group = 0; group < groups.count; group += 1) {
    const mine = left.order.subarray(left.from[group], left.from[group + 1]);
    const theirs = right.order.subarray(right.from[group], right.from[group + 1]);
    if (floating.length === 0 || mine.length === 0 || theirs.length === 0) {
      const pairs = Math.min(mine.length, theirs.length);
      for (const row of mine.subarray(pairs)) found.before.push(row);
      for (const row of theirs.subarray(pairs)) found.after.push(row);
    } else if (mine.length === 1 && theirs.length === 1) {
      if (sameRow(before, mine[0] as number, after, theirs[0] as number, tolerance)) continue;
      found.before.push(mine[0] as number);
      found.after.push(theirs[0] as number);
    } else {
      const loose = matchFloats({ count: mine.length, floats: floatsOf(before, mine) }, { count: theirs.length, floats: floatsOf(after, theirs) }, tolerance, budget);
      for (const at of loose.before) found.before.push(mine[at] as number);
      for (const at of loose.after) found.after.push(theirs[at] as number);
    }
  }
  const byPlace = (rows: readonly number[]): number[] => [...Int32Array.from(rows).sort()];
  return { before: byPlace(found.before), after: byPlace(found.after), gaveUp: budget.left < 0 };
}
