/** Rows without their order: permutations, tolerances, and how the work grows. */
import * as fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Cells } from '../../runtime/compare/cells.ts';
import { matchFloats } from '../../runtime/compare/match-floats.ts';
import { isClose } from '../../runtime/compare/numbers.ts';
import { bench, rule, type Columns } from './tools.ts';

afterEach(() => { vi.restoreAllMocks(); });

const pick = (columns: Columns, order: readonly number[]): Columns => Object.fromEntries(Object.entries(columns).map(([name, [type, values]]) => [name, [type, order.map((row) => values[row])]]));

/** Rows of text, whole number, float and list of floats, few enough alike that some repeat. */
const rows = fc.array(fc.record({
  word: fc.constantFrom('a', 'b', null), n: fc.constantFrom(1, 2, null),
  x: fc.oneof(fc.constantFrom(NaN, Infinity, -Infinity, 0, -0, null, 1, 1.5), fc.double({ noNaN: true, min: -1e300, max: 1e300 })),
  list: fc.constantFrom([1.5], [1.5, null], null, [NaN]),
}), { minLength: 1, maxLength: 12 });

const columnsOf = (of: readonly { word: unknown; n: unknown; x: unknown; list: unknown }[]): Columns => ({
  word: ['VARCHAR', of.map((row) => row.word)], n: ['INTEGER', of.map((row) => row.n)], x: ['DOUBLE', of.map((row) => row.x)], list: ['DOUBLE[]', of.map((row) => row.list)],
});
const shuffled = fc.tuple(rows, fc.infiniteStream(fc.nat())).map(([of, keys]) => {
  const places = of.map((_, row) => [keys.next().value as number, row] as const).sort(([a], [b]) => a - b);
  return { columns: columnsOf(of), order: places.map(([, row]) => row) };
});

describe('C4 rows without an order', () => {
  test('C4 a permutation of rows is equal, and identical when it changes no byte', () => {
    fc.assert(fc.property(shuffled, ({ columns, order }) => {
      const { table, compare } = bench();
      const [a, b] = [table(columns), table(pick(columns, order))];
      expect(compare(a, b).verdict).toBe(a.ref?.hash === b.ref?.hash ? 'identical' : 'equal');
    }));
  });

  test('C4 noise below the tolerance is equal, above it is different, whatever the order; both ways round', () => {
    fc.assert(fc.property(shuffled, fc.nat(), ({ columns, order }, at) => {
      const { table, compare } = bench();
      const x = columns.x?.[1] as (number | null)[];
      const noisy = (factor: number): Columns => pick({ ...columns, x: ['DOUBLE', x.map((value, row) => (value === null || row !== at % x.length ? value : value * factor))] }, order);
      const a = table(columns);
      const near = table(noisy(1 + 1e-12));
      expect(compare(a, near).verdict).not.toBe('different');
      expect(compare(near, a).verdict).toBe(compare(a, near).verdict);
      const moved = x[at % x.length];
      const far = table(noisy(1 + 1e-3));
      // A number beside others of the same size may find another partner; where it is alone it may not.
      const alone = x.every((value, row) => row === at % x.length || value === null || moved === null || !isClose(value, moved as number, 0.1));
      if (typeof moved === 'number' && Number.isFinite(moved) && Math.abs(moved) > 1e-300 && alone) expect(compare(a, far).verdict).toBe('different');
      expect(compare(far, a).verdict).toBe(compare(a, far).verdict);
    }));
  });

  test('C4 a row more or less, or one that is there twice, is different', () => {
    const { table, compare } = bench();
    const of = (words: string[]): Columns => ({ w: ['VARCHAR', words] });
    expect(compare(table(of(['a', 'b'])), table(of(['b', 'a', 'a']))).verdict).toBe('different');
    expect(compare(table(of(['a', 'b', 'b'])), table(of(['b', 'a', 'a'])))).toMatchObject({ verdict: 'different', summary: '1 row only before, 1 row only after (of 3)', lines: ['- w="b"', '+ w="a"'] });
  });

  test('C4 NaN equals NaN and -0 equals 0; infinities and nulls are exact', () => {
    const { table, compare } = bench();
    const of = (...values: (number | null)[]): ReturnType<typeof table> => table({ x: ['DOUBLE', values] });
    expect(compare(of(NaN, 0), of(-0, NaN)).verdict).toBe('equal');
    for (const [a, b] of [[Infinity, 1e308], [Infinity, -Infinity], [null, 0], [NaN, null]] as const) expect(compare(of(a, 5), of(5, b)).verdict, `${a} ${b}`).toBe('different');
  });
});

/** Most pairs of close points, by trying everything. */
function most(a: readonly (readonly number[])[], b: readonly (readonly number[])[], tolerance: number, used = new Set<number>(), at = 0): number {
  if (at === a.length) return 0;
  let best = most(a, b, tolerance, used, at + 1);
  b.forEach((point, index) => {
    if (used.has(index) || !point.every((value, column) => isClose(value, a[at]?.[column] as number, tolerance))) return;
    best = Math.max(best, 1 + most(a, b, tolerance, new Set([...used, index]), at + 1));
  });
  return best;
}

describe('C4 pairing by floats', () => {
  const value = fc.integer({ min: -2, max: 12 }).map((steps) => (steps < 0 ? steps : 1 + steps / 100));
  const points = (width: number): fc.Arbitrary<number[][]> => fc.array(fc.array(value, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 6 });

  test.each([1, 2, 3])('C4 in %i columns it pairs as many as can be, and only what is close', (width) => {
    fc.assert(fc.property(points(width), points(width), fc.constantFrom(0, 0.015, 0.035), (a, b, tolerance) => {
      const points = (of: number[][]): { count: number; floats: Float64Array } => ({ count: of.length, floats: Float64Array.from(of.flat()) });
      const loose = matchFloats(points(a), points(b), tolerance, { left: 1e6 });
      expect(a.length - loose.before.length).toBe(most(a, b, tolerance));
      expect(b.length - loose.after.length).toBe(a.length - loose.before.length);
      expect(new Set(loose.before).size).toBe(loose.before.length);
    }), { numRuns: 400 });
  });

  test('C4 the work for a crowd is bounded, and what is over the bound has no partner', () => {
    const crowd = (shift: number): { count: number; floats: Float64Array } => ({ count: 2000, floats: Float64Array.from({ length: 4000 }, (_, at) => 1 + ((at * 7919 + shift) % 4001) * 1e-6) });
    const budget = { left: 10_000 };
    const loose = matchFloats(crowd(0), crowd(1500), 0.0005, budget);
    expect(budget.left).toBe(-1);
    expect(loose.before.length).toBe(loose.after.length);
    expect(loose.before.length).toBeGreaterThan(0);
  });

  test('C4 many rows that are the same are paired at once, and one more of them is found', () => {
    const same = (count: number): { count: number; floats: Float64Array } => ({ count, floats: new Float64Array(2 * count).fill(0.5) });
    const budget = { left: 500_000 };
    expect(matchFloats(same(50_000), same(50_000), 1e-9, budget)).toEqual({ before: [], after: [] });
    expect(budget.left).toBeGreaterThan(0);
    expect(matchFloats(same(50_000), same(49_999), 1e-9, budget)).toMatchObject({ before: { length: 1 }, after: [] });
  });

  test('C4 a wide tolerance costs no more where the rows are the same but for little noise', () => {
    const floats = Float64Array.from({ length: 20_000 }, (_, at) => 1 + ((at * 7919) % 20_011) * 1e-6);
    const budget = { left: 200_000 };
    expect(matchFloats({ count: 10_000, floats }, { count: 10_000, floats: floats.map((one) => one * (1 + 1e-13)) }, 0.01, budget)).toEqual({ before: [], after: [] });
    expect(budget.left).toBe(200_000);
  });
});

test('B41 work grows as the rows do: with a key, without one, and where all rows are the same', () => {
  const calls = (rows: number, columns: (order: readonly number[]) => Columns): number => {
    const { table, compare } = bench();
    const order = Array.from({ length: rows }, (_, row) => row);
    const spy = vi.spyOn(Cells.prototype, 'equal');
    // 7919 is prime, so every row is met once.
    expect(compare(table(columns(order)), table(columns(order.map((row) => (row * 7919) % rows)))).verdict).not.toBe('different');
    const { length } = spy.mock.calls;
    spy.mockRestore();
    return length;
  };
  for (const columns of [
    (order: readonly number[]): Columns => ({ id: ['INTEGER', order], x: ['DOUBLE', order.map((row) => row * 0.5)] }),
    (order: readonly number[]): Columns => ({ x: ['DOUBLE', order.map((row) => row * 0.5)], y: ['DOUBLE', order.map((row) => (row % 10) * 0.1)] }),
    (order: readonly number[]): Columns => ({ word: ['VARCHAR', order.map((row) => `w${row % 3}`)] }),
  ]) expect(calls(8000, columns)).toBeLessThan(4.5 * calls(2000, columns) + 100);
});

test('C4 columns of the same bytes are not read while rows are compared in order', () => {
  const { blobs, table, compare } = bench();
  const n = [1, 2, 3];
  const [a, b] = [table({ a: ['INTEGER', n], b: ['VARCHAR', ['x', 'y', 'z']], c: ['DOUBLE', [1, 2, 3]] }), table({ a: ['INTEGER', n], b: ['VARCHAR', ['x', 'y', 'z']], c: ['DOUBLE', [1, 2, 3 + 1e-12]] })];
  blobs.gets = 0;
  expect(compare(a, b, rule(undefined, 'python'))).toMatchObject({ verdict: 'equal', summary: 'the same rows in order, floats to 1e-9' });
  // Two manifests, and the one column of each.
  expect(blobs.gets).toBe(4);
  blobs.gets = 0;
  expect(compare(a, a).verdict).toBe('identical');
  expect(blobs.gets).toBe(0);
});
