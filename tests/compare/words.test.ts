/** Tables, texts and pictures that differ, in words. */
import { encode } from 'fast-png';
import * as fc from 'fast-check';
import { zlibSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import type { OutputValue } from '../../contracts/node.ts';
import { Tagged } from '../../runtime/values/scalars.ts';
import { bench, rule, type Columns } from './tools.ts';

const { table, value, compare } = bench();
const words = (a: Columns, b: Columns, by = rule()): readonly [string, readonly string[]] => { const { verdict, summary, lines } = compare(table(a), table(b), by); expect(verdict).toBe('different'); return [summary, lines]; };
const ordered = rule(undefined, 'python');

describe('C4 tables by key', () => {
  const days: Columns = { day: ['DATE', [1, 2, 3].map((day) => new Tagged('date', `2020-01-0${day}`))], n: ['INTEGER', [5, 5, 6]], x: ['DOUBLE', [1, 2, 3]] };

  test('C4 rows changed, added and removed, by a column that no two rows share', () => {
    const later: Columns = { day: ['DATE', [2, 3, 4, 5].map((day) => new Tagged('date', `2020-01-0${day}`))], n: ['INTEGER', [5, 7, 8, 9]], x: ['DOUBLE', [2.5, 3, 4, 5]] };
    expect(words(days, later)).toEqual(['2 rows changed (n, x), 2 rows added, 1 row removed (3 → 4 rows), by day', [
      'n: 1 row', 'x: 1 row, by at most 0.5', 'day=2020-01-02: x 2 → 2.5', 'day=2020-01-03: n 6 → 7',
      '+ day=2020-01-04, n=8, x=4', '+ day=2020-01-05, n=9, x=5', '- day=2020-01-01, n=5, x=1',
    ]]);
  });

  test('C4 by two columns where none is enough, and never by a float', () => {
    const of = (x: number[]): Columns => ({ x: ['DOUBLE', x], place: ['VARCHAR', ['a', 'a', 'b', 'b']], month: ['INTEGER', [1, 2, 1, 2]] });
    expect(words(of([1, 2, 3, 4]), of([1, 2, 3, 5]))).toEqual(['1 row changed (x) of 4, by place, month', ['x: 1 row, by at most 1', 'place="b", month=2: x 4 → 5']]);
  });

  test('C4 a column that is unique by chance is no key where another finds more rows again', () => {
    const of = (shift: number): Columns => ({ total: ['BIGINT', [10, 20, 30, 40].map((one, row) => (row === 0 ? one : one + shift))], place: ['VARCHAR', ['a', 'b', 'c', 'd']] });
    expect(words(of(0), of(1))[0]).toBe('3 rows changed (total) of 4, by place');
  });

  test('C4 without a key: rows that only one side has, or by their places where order counts', () => {
    const of = (...x: (number | null)[]): Columns => ({ x: ['DOUBLE', x] });
    expect(words(of(1, 1, 2), of(2, 1, 3))).toEqual(['1 row only before, 1 row only after (of 3)', ['- x=1', '+ x=3']]);
    expect(words(of(1, 1, 2), of(1, null, 3, 4))).toEqual(['2 rows only before, 3 rows only after (of 3 and 4)', ['- x=1', '- x=2', '+ x=null', '+ x=3', '+ x=4']]);
    expect(words(of(1, 1, 2), of(1, 1, 3), ordered)).toEqual(['1 of 3 rows changed, by their places (x)', ['x: 1 row, by at most 1', 'row 3: x 2 → 3']]);
    expect(words(of(1, 1, 2), of(2, 1, 1), ordered)[0]).toBe('the same rows in another order');
    expect(words({ ...of(1, 2), k: ['INTEGER', [1, 2]] }, { ...of(2, 1), k: ['INTEGER', [2, 1]] }, ordered)[0]).toBe('the same rows in another order');
  });

  test('C4 columns first: added, removed, of another type, in another order; then the rows by what both have', () => {
    const { day, n, x } = days as Record<string, Columns[string]>;
    expect(words(days, { day: day!, x: x!, w: ['VARCHAR', ['a', 'b', 'c']] } )[0]).toBe('column added: w; column removed: n');
    expect(words(days, { day: day!, n: ['BIGINT', [5, 5, 6]], x: ['DOUBLE', [1, 2, 4]] })).toEqual(['type of n: INTEGER → BIGINT; 1 row changed (x) of 3, by day', ['x: 1 row, by at most 1', 'day=2020-01-03: x 3 → 4']]);
    expect(words(days, { n: n!, day: day!, x: x! })[0]).toBe('columns in another order');
    expect(words({ a: ['INTEGER', [1]] }, { b: ['INTEGER', [1, 2]] })[0]).toBe('column added: b; column removed: a; 1 → 2 rows');
  });

  test('C4 values that are equal by the rule are not told as changed', () => {
    const of = (x: number[]): Columns => ({ k: ['INTEGER', [1, 2]], x: ['DOUBLE', x], list: ['DOUBLE[]', [[1, 2], null]] });
    expect(words(of([1, 2]), of([1 + 1e-12, 3]))[0]).toBe('1 row changed (x) of 2, by k');
    expect(compare(table({ s: ['STRUCT(a DOUBLE, b VARCHAR)', [{ a: 1, b: 'x' }]] }), table({ s: ['STRUCT(a DOUBLE, b VARCHAR)', [{ a: 1 + 1e-12, b: 'x' }]] })).verdict).toBe('equal');
  });

  test('C4 of a large table that changed everywhere only a few lines are told', () => {
    const of = (shift: number): Columns => Object.fromEntries(Array.from({ length: 40 }, (_, column) => [`c${column}`, ['INTEGER', Array.from({ length: 500 }, (_, row) => (column === 0 ? row : row + column + shift))]]));
    const [summary, lines] = words(of(0), of(1));
    expect(summary).toBe('500 rows changed (c1, c2, c3, c4, c5, c6 and 33 more) of 500, by c0');
    expect(lines.length).toBeLessThanOrEqual(30);
  });
});

describe('C4 texts by line', () => {
  const text = (a: string, b: string): readonly [string, readonly string[]] => { const { summary, lines } = compare(value(a), value(b)); return [summary, lines]; };
  const numbered = (count: number, change: (line: number) => string | undefined = () => undefined): string => Array.from({ length: count }, (_, at) => change(at + 1) ?? `line ${at + 1}`).join('\n');

  test('C4 lines with their numbers', () => {
    expect(text('short', 'Short')).toEqual(['"short" → "Short"', []]);
    expect(text('a\nb\nc\nd', 'a\nB\nc\nd\ne')).toEqual(['1 line removed, 2 added (of 4), from line 2 on', ['-2 b', '+2 B', '+5 e']]);
    expect(text('a\nb', 'a\nx\nx\nb')).toEqual(['2 lines added (of 2), from line 2 on', ['+2 x', '+3 x']]);
    expect(text('a\n', 'a\n\n')[0]).toBe('1 line added (of 1), from line 2 on');
    expect(text('a\nb', 'a\nb\n')[0]).toBe('the last line ends with a line feed in one of them only');
    expect(text('\na', 'b\na')).toEqual(['1 line removed, 1 added (of 2), from line 1 on', ['-1 ', '+1 b']]);
    expect(text('', 'a\nb')[0]).toBe('2 lines added (of 0), from line 1 on');
    expect(text('a\nb\nc', 'a\nc')).toEqual(['1 line removed (of 3), from line 2 on', ['-2 b']]);
  });

  test('C4 the lines that are told are those that make one text the other', () => {
    const some = fc.array(fc.constantFrom('a', 'b', 'c', ''), { minLength: 1, maxLength: 8 });
    fc.assert(fc.property(some, some, (a, b) => {
      const [mine, theirs] = [`begin with what is longer than sixty characters, so that it is told by line\n${a.join('\n')}\n`, `begin with what is longer than sixty characters, so that it is told by line\n${b.join('\n')}\n`];
      fc.pre(mine !== theirs);
      const lines = text(mine, theirs)[1].map((line) => /^([-+])(\d+) (.*)$/.exec(line) ?? []);
      const left = mine.split('\n').filter((_, at) => !lines.some(([, sign, number]) => sign === '-' && Number(number) === at + 1));
      for (const [, sign, number, line] of lines) if (sign === '+') left.splice(Number(number) - 1, 0, line as string);
      expect(left.join('\n')).toBe(theirs);
    }));
  });

  test('C4 one line of a huge text is found; a great change of one is told by numbers', () => {
    expect(text(numbered(300_000), numbered(300_000, (line) => (line === 200_000 ? 'new' : undefined)))).toEqual(['1 line removed, 1 added (of 300000), from line 200000 on', ['-200000 line 200000', '+200000 new']]);
    const [summary, lines] = text(numbered(50_000), numbered(50_000, (line) => `other ${line}`));
    expect(summary).toBe('most of 50000 lines differ (of 50000), from line 1 on');
    expect(lines).toEqual(['-1 line 1', '-2 line 2', '-3 line 3', '+1 other 1', '+2 other 2', '+3 other 3']);
    expect(text(numbered(9000), numbered(9000, (line) => `other ${line}`))[0]).toContain('most of 9000 lines differ');
  });
});

describe('C4 pictures by pixels', () => {
  const png = (bytes: Uint8Array): OutputValue => value(bytes, { mediaType: 'image/png' });
  const drawn = (width: number, height: number, colour: (x: number, y: number) => number[], depth: 8 | 16 = 8): OutputValue => {
    const data = Array.from({ length: width * height }, (_, at) => colour(at % width, Math.floor(at / width))).flat();
    return png(encode({ width, height, channels: data.length / width / height, depth, data: depth === 8 ? Uint8Array.from(data) : Uint16Array.from(data) }));
  };

  test('C4 how many pixels, by how much, where; or another size', () => {
    const blank = drawn(10, 8, () => [0, 0, 0]);
    expect(compare(blank, drawn(10, 8, (x, y) => (x > 2 && x < 6 && y === 4 ? [0, 40, 0] : [0, 0, 0]))).summary).toBe('3 pixels of 10 × 8 differ (3.75 %), by at most 40 of 255, from (3, 4) to (5, 4)');
    expect(compare(blank, drawn(10, 9, () => [0, 0, 0])).summary).toBe('picture 10 × 8 → 10 × 9');
    expect(compare(blank, drawn(10, 8, () => [0, 0, 0, 255])).summary).toBe('the same 10 × 8 pixels, packed differently');
    expect(compare(blank, drawn(10, 8, () => [0]))).toMatchObject({ verdict: 'different', summary: 'the same 10 × 8 pixels, packed differently' });
    expect(compare(blank, drawn(10, 8, () => [0, 0])).summary).toContain('80 pixels of 10 × 8 differ (100 %), by at most 255');
    expect(compare(blank, drawn(10, 8, () => [257, 0, 0], 16)).summary).toContain('by at most 1 of 255');
  });

  /** A PNG of parts by hand. Sums are not checked by the reader. */
  const parts = (...all: [type: string, data: Uint8Array][]): Uint8Array => Uint8Array.from([
    137, 80, 78, 71, 13, 10, 26, 10, ...all.flatMap(([type, data]) => [...new Uint8Array(new Uint32Array([data.length]).buffer).reverse(), ...new TextEncoder().encode(type), ...data, 0, 0, 0, 0]),
  ]);
  const header = (width: number, height: number, depth: number, kind: number): [string, Uint8Array] => ['IHDR', Uint8Array.from([...new Uint8Array(new Uint32Array([height, width]).buffer).reverse(), depth, kind, 0, 0, 0])];
  const end: [string, Uint8Array] = ['IEND', new Uint8Array(0)];

  test('C4 samples of less than a byte, and colours of a palette', () => {
    const bits = (byte: number): OutputValue => png(parts(header(3, 1, 1, 0), ['IDAT', zlibSync(Uint8Array.of(0, byte))], end));
    expect(compare(bits(0b1010_0000), bits(0b1000_0000)).summary).toBe('1 pixel of 3 × 1 differ (33.3 %), by at most 255 of 255, from (2, 0) to (2, 0)');
    const indexed = (index: number): OutputValue => png(parts(header(1, 1, 8, 3), ['PLTE', Uint8Array.of(1, 2, 3, 9, 2, 3)], ['IDAT', zlibSync(Uint8Array.of(0, index))], end));
    expect(compare(indexed(0), indexed(1)).summary).toContain('by at most 8 of 255');
  });

  test('C4 a picture that says it is huge, unpacks to more than it says, or is damaged, is bytes', () => {
    const bomb = zlibSync(new Uint8Array(50_000_000));
    const cases: Record<string, (last: number) => Uint8Array> = {
      huge: (last) => parts(header(1e5, 1e5, 8, 2), ['IDAT', zlibSync(Uint8Array.of(last))], end),
      bomb: (last) => parts(header(2, 2, 8, 2), ['IDAT', bomb], ['IDAT', Uint8Array.of(last)], end),
      cut: (last) => parts(header(2, 2, 8, 2), ['IDAT', Uint8Array.of(last)]).slice(0, 42),
      none: (last) => Uint8Array.of(1, 2, last),
    };
    for (const [name, of] of Object.entries(cases)) expect(compare(png(of(1)), png(of(2))).summary, name).toMatch(/bytes, different from byte \d+ on/);
    // What is not pixels is never unpacked: this colour profile would fail, or never end.
    const beside = (sample: number): OutputValue => png(parts(header(1, 1, 8, 0), ['iCCP', Uint8Array.of(65, 0, 0, 1, 2, 3)], ['IDAT', zlibSync(Uint8Array.of(0, sample))], end));
    expect(compare(beside(1), beside(2)).summary).toContain('1 pixel of 1 × 1');
  });
});
