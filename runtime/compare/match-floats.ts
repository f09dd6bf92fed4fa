/**
 * Pairing rows by their floats: each row of one side with at most one close row of the other, as many as can be.
 *
 * Closeness is not transitive, so sorting alone could pair wrongly. Rows are first divided wherever a column has a gap wider than
 * the tolerance, column after column; almost always one row a side is left, or one column. Where a crowd stays, partners are sought
 * by augmenting paths, within a budget: what is over it counts as without a partner, never as equal.
 */
import { isClose } from './numbers.ts';

/** Points: `floats` holds equally many numbers for each of `count` rows. */
export interface Points { readonly count: number; readonly floats: Float64Array }

/** Comparisons that may still be made; below 0 it gave up. */
export interface Budget { left: number }

/** The points of both sides that have no partner, by index. */
export interface Loose { readonly before: number[]; readonly after: number[] }

interface Piece { readonly before: Int32Array; readonly after: Int32Array; readonly column: number; /** Columns in which it was found whole, one after the other. */ readonly whole: number }

/** Far above the noise of honest sums, and far below what lies between most numbers. */
const NARROW = 1e-9;

/** Pairs points of which every number is close to the partner's. */
export function matchFloats(before: Points, after: Points, tolerance: number, budget: Budget): Loose {
  // With a wide tolerance half a table may be one crowd. Who are partners by a narrow one are partners by it, too.
  if (tolerance > NARROW && before.count === after.count) {
    const spent = { ...budget };
    const narrow = new Matching(before, after, NARROW, spent).run();
    if (narrow.before.length === 0 && spent.left >= 0) return narrow;
  }
  return new Matching(before, after, tolerance, budget).run();
}

const indexes = (count: number): Int32Array => Int32Array.from({ length: count }, (_, index) => index);

class Matching {
  readonly #a: Float64Array;
  readonly #b: Float64Array;
  readonly #width: number;
  readonly #tolerance: number;
  readonly #budget: Budget;
  readonly #pieces: Piece[];
  readonly #loose: Loose = { before: [], after: [] };

  constructor(before: Points, after: Points, tolerance: number, budget: Budget) {
    this.#a = before.floats;
    this.#b = after.floats;
    this.#width = before.floats.length / before.count;
    this.#tolerance = tolerance;
    this.#budget = budget;
    this.#pieces = [{ before: indexes(before.count), after: indexes(after.count), column: 0, whole: 0 }];
  }

  run(): Loose {
    // One column, and each of its numbers close to the one of the same rank: the usual end, without an index.
    if (this.#width === 1 && this.#a.length === this.#b.length) {
      const mine = this.#a.toSorted();
      const theirs = this.#b.toSorted();
      if (mine.every((value, rank) => isClose(value, theirs[rank] as number, this.#tolerance))) return this.#loose;
    }
    for (let piece = this.#pieces.pop(); piece !== undefined; piece = this.#pieces.pop()) this.#piece(piece);
    return this.#loose;
  }

  #piece({ before, after, column, whole }: Piece): void {
    if (before.length === 0 || after.length === 0) { this.#drop(before, after); return; }
    if (this.#width === 0) { const pairs = Math.min(before.length, after.length); this.#drop(before.subarray(pairs), after.subarray(pairs)); return; }
    if (before.length === 1 && after.length === 1) { if (!this.#close(before[0] as number, after[0] as number)) this.#drop(before, after); return; }
    if (whole === this.#width) {
      // It was sorted by the column before this one.
      if (this.#width === 1) this.#sweep(before, after); else this.#augment(before, after, (column + this.#width - 1) % this.#width);
      return;
    }
    this.#budget.left -= before.length + after.length;
    if (this.#budget.left < 0) { this.#drop(before, after); return; }
    this.#divide(before, after, column, whole);
  }

  #drop(before: Int32Array, after: Int32Array): void {
    for (const at of before) this.#loose.before.push(at);
    for (const at of after) this.#loose.after.push(at);
  }

  #close(mine: number, theirs: number): boolean {
    for (let column = 0; column < this.#width; column += 1) {
      if (!isClose(this.#a[mine * this.#width + column] as number, this.#b[theirs * this.#width + column] as number, this.#tolerance)) return false;
    }
    return true;
  }

  /** Sorts both sides by a column and cuts them wherever two neighbours are not close. */
  #divide(before: Int32Array, after: Int32Array, column: number, whole: number): void {
    const mine = (at: number): number => this.#a[at * this.#width + column] as number;
    const theirs = (at: number): number => this.#b[at * this.#width + column] as number;
    before.sort((x, y) => mine(x) - mine(y));
    after.sort((x, y) => theirs(x) - theirs(y));
    const next = (column + 1) % this.#width;
    let [i, j, fromI, fromJ] = [0, 0, 0, 0];
    let last = Number.NaN;
    while (i < before.length || j < after.length) {
      const left = i < before.length ? mine(before[i] as number) : Infinity;
      const right = j < after.length ? theirs(after[j] as number) : Infinity;
      const value = Math.min(left, right);
      if (i + j > 0 && !isClose(last, value, this.#tolerance)) {
        this.#pieces.push({ before: before.subarray(fromI, i), after: after.subarray(fromJ, j), column: next, whole: 1 });
        [fromI, fromJ] = [i, j];
      }
      last = value;
      if (left <= right) i += 1; else j += 1;
    }
    const undivided = fromI === 0 && fromJ === 0;
    this.#pieces.push({ before: before.subarray(fromI), after: after.subarray(fromJ), column: next, whole: undivided ? whole + 1 : 1 });
  }

  /** One column, sorted: the first of either side is paired or has no partner at all. */
  #sweep(before: Int32Array, after: Int32Array): void {
    let [i, j] = [0, 0];
    while (i < before.length && j < after.length) {
      const mine = this.#a[before[i] as number] as number;
      const theirs = this.#b[after[j] as number] as number;
      if (isClose(mine, theirs, this.#tolerance)) { i += 1; j += 1; }
      else if (mine < theirs) { this.#loose.before.push(before[i] as number); i += 1; }
      else { this.#loose.after.push(after[j] as number); j += 1; }
    }
    this.#drop(before.subarray(i), after.subarray(j));
  }

  /** The points of one side by all columns, beginning with one of them. */
  #sort(points: Int32Array, floats: Float64Array, column: number): void {
    points.sort((x, y) => {
      for (let turn = 0; turn < this.#width; turn += 1) {
        const at = (column + turn) % this.#width;
        const gap = (floats[x * this.#width + at] as number) - (floats[y * this.#width + at] as number);
        if (gap !== 0) return gap;
      }
      return 0;
    });
  }

  /** Whether the number by which both sides are sorted first, and in turn the others, is less than the other's. */
  #isLess(mine: number, theirs: number, column: number): boolean {
    for (let turn = 0; turn < this.#width; turn += 1) {
      const at = (column + turn) % this.#width;
      const gap = (this.#a[mine * this.#width + at] as number) - (this.#b[theirs * this.#width + at] as number);
      if (gap !== 0) return gap < 0;
    }
    return false;
  }

  /**
   * Partners in a crowd: first those of the same rank, then, for who is left, by augmenting paths, breadth first; candidates lie in a
   * window of the column by which both sides are sorted.
   */
  #augment(before: Int32Array, after: Int32Array, column: number): void {
    this.#sort(before, this.#a, column);
    this.#sort(after, this.#b, column);
    const value = (at: number): number => this.#b[(after[at] as number) * this.#width + column] as number;
    const partner = new Int32Array(after.length).fill(-1);
    /** The point of `before` from which a point of `after` was reached, in the search of this number. */
    const reachedFrom = new Int32Array(after.length);
    const reachedIn = new Int32Array(after.length).fill(-1);
    const partnerOf = new Int32Array(before.length).fill(-1);
    for (let i = 0, j = 0; i < before.length && j < after.length;) {
      const [mine, theirs] = [before[i] as number, after[j] as number];
      if (this.#close(mine, theirs)) { partnerOf[i] = j; partner[j] = i; i += 1; j += 1; } else if (this.#isLess(mine, theirs, column)) i += 1; else j += 1;
    }
    for (let start = 0; start < before.length && this.#budget.left >= 0; start += 1) {
      if (partnerOf[start] !== -1) continue;
      const queue = [start];
      let end = -1;
      for (let head = 0; head < queue.length && end < 0 && this.#budget.left >= 0; head += 1) {
        const from = queue[head] as number;
        const middle = this.#a[(before[from] as number) * this.#width + column] as number;
        let [low, high] = [0, after.length];
        while (low < high) { const half = (low + high) >> 1; if (value(half) < middle && !isClose(value(half), middle, this.#tolerance)) low = half + 1; else high = half; }
        for (let at = low; at < after.length && end < 0 && isClose(value(at), middle, this.#tolerance); at += 1) {
          this.#budget.left -= 1;
          if (this.#budget.left < 0) break;
          if (reachedIn[at] === start || !this.#close(before[from] as number, after[at] as number)) continue;
          reachedIn[at] = start;
          reachedFrom[at] = from;
          if (partner[at] === -1) end = at; else queue.push(partner[at] as number);
        }
      }
      while (end >= 0) {
        const from = reachedFrom[end] as number;
        const earlier = partnerOf[from] as number;
        partner[end] = from;
        partnerOf[from] = end;
        end = earlier;
      }
    }
    for (let at = 0; at < before.length; at += 1) if (partnerOf[at] === -1) this.#loose.before.push(before[at] as number);
    for (let at = 0; at < after.length; at += 1) if (partner[at] === -1) this.#loose.after.push(after[at] as number);
  }
}
