/**
 * Records, compared by path: `a.b[3]: 1 → 2 (+1, +100 %)`. The order of keys counts, as it does in a record's bytes (C8); that of items
 * counts unless the manner says that it does not.
 *
 * A list that grew or shrank is compared after its common beginning and before its common end; the road not taken, the shortest edit
 * of two lists, costs far more and tells little more of data.
 */
import { isIndex, recordText } from '../values/record.ts';
import { Complex, Tagged, Tuple } from '../values/scalars.ts';
import { isClose } from './numbers.ts';
import type { Manner } from './rules.ts';
import { change, count, LINES, oneLine, short } from './words.ts';

/** The differences of two records: how many, and the first of them in words. */
export interface Differences { readonly count: number; readonly lines: readonly string[] }

/** Compares two values of `decodeRecord`. */
export function compareRecords(before: unknown, after: unknown, manner: Manner): Differences {
  const found = new Finder(manner, LINES);
  found.walk(before, after, '');
  return found;
}

/** How many lists deep the common ends of lists are looked for: each level reads all that is below it. */
const TRIMMED = 16;

type Entries = readonly (readonly [unknown, unknown])[];

class Finder implements Differences {
  count = 0;
  readonly lines: string[] = [];
  readonly #manner: Manner;
  readonly #most: number;
  /** Lists that we are within. */
  #depth = 0;

  constructor(manner: Manner, most: number) { this.#manner = manner; this.#most = most; }

  walk(before: unknown, after: unknown, path: string): void {
    const [a, b] = [numberOf(before), numberOf(after)];
    if (a !== undefined && b !== undefined) { if (!isClose(a, b, this.#manner.tolerance)) this.#tell(path, change(before, after)); return; }
    if (Array.isArray(before) && Array.isArray(after) && before instanceof Tuple === after instanceof Tuple) {
      if (this.#manner.ordered) this.#list(before, after, path); else this.#bag(before, after, path);
      return;
    }
    const [mine, theirs] = [entriesOf(before), entriesOf(after)];
    if (mine !== undefined && theirs !== undefined) {
      const data = dataWords(before, after);
      if (data === undefined) this.#mapping(mine, theirs, path); else if (data !== '') this.#tell(path, data);
      return;
    }
    if (before instanceof Complex && after instanceof Complex && isClose(before.re, after.re, this.#manner.tolerance) && isClose(before.im, after.im, this.#manner.tolerance)) return;
    if (typeof before === typeof after && recordText(before) === recordText(after)) return;
    this.#tell(path, change(before, after));
  }

  #tell(path: string, text: string): void {
    this.count += 1;
    if (this.lines.length < this.#most) this.lines.push(oneLine(`${path.replace(/^\./, '')}${path === '' ? '' : ': '}${text}`));
  }

  #list(before: readonly unknown[], after: readonly unknown[], path: string): void {
    let from = 0;
    let end = 0;
    this.#depth += 1;
    if (before.length !== after.length && this.#depth <= TRIMMED) {
      const least = Math.min(before.length, after.length);
      const same = (one: unknown, other: unknown): boolean => recordText(one) === recordText(other);
      while (from < least && same(before[from], after[from])) from += 1;
      while (end < least - from && same(before.at(-1 - end), after.at(-1 - end))) end += 1;
    }
    const [last, lastAfter] = [before.length - end, after.length - end];
    const both = Math.min(last, lastAfter);
    for (let index = from; index < both; index += 1) this.walk(before[index], after[index], `${path}[${index}]`);
    for (let index = both; index < last; index += 1) this.#tell(`${path}[${index}]`, `removed ${short(before[index])}`);
    for (let index = both; index < lastAfter; index += 1) this.#tell(`${path}[${index}]`, `added ${short(after[index])}`);
    this.#depth -= 1;
  }

  /** Lists as multisets. */
  #bag(before: readonly unknown[], after: readonly unknown[], path: string): void {
    const left = new Map<string, number>();
    for (const item of after) { const text = looseText(item); left.set(text, (left.get(text) ?? 0) + 1); }
    const removed = before.filter((item) => !take(left, looseText(item)));
    for (const item of removed) this.#tell(`${path}[]`, `removed ${short(item)}`);
    for (const item of after) if (take(left, looseText(item))) this.#tell(`${path}[]`, `added ${short(item)}`);
  }

  #mapping(before: Entries, after: Entries, path: string): void {
    const mine = new Map(before.map(([key, value]) => [recordText(key), value]));
    const theirs = new Map(after.map(([key, value]) => [recordText(key), value]));
    for (const [key, value] of before) {
      const text = recordText(key);
      const at = `${path}${step(key)}`;
      if (theirs.has(text)) this.walk(value, theirs.get(text), at); else this.#tell(at, `removed ${short(value)}`);
    }
    for (const [key, value] of after) if (!mine.has(recordText(key))) this.#tell(`${path}${step(key)}`, `added ${short(value)}`);
    const order = [...theirs.keys()].filter((key) => mine.has(key));
    if (![...mine.keys()].filter((key) => theirs.has(key)).every((key, index) => order[index] === key)) this.#tell(path, 'keys in another order');
  }
}

/** Numbers that a tolerance is for. An integer beyond the exact ones of a float is compared to the last digit. */
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : value instanceof Tagged && value.tag === 'float' ? Number(value.text) : undefined);

/** What a chart says of a table that it draws. */
interface Drawn { readonly form: string; readonly hash: string; readonly rows: number }

const isDrawn = (value: unknown): value is Drawn => typeof value === 'object' && value !== null && 'form' in value && 'rows' in value && 'hash' in value && typeof value.hash === 'string';

/** The difference of two references to data, which hashes would not tell; `''` for the same data, `undefined` for what is no reference. */
function dataWords(before: unknown, after: unknown): string | undefined {
  if (!isDrawn(before) || !isDrawn(after)) return undefined;
  return before.hash === after.hash ? '' : `other data (${before.rows === after.rows ? count(before.rows, 'row') : `${before.rows} → ${count(after.rows, 'row')}`})`;
}

function entriesOf(value: unknown): Entries | undefined {
  if (value instanceof Map) return [...value];
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Tagged || value instanceof Complex || value instanceof Set || ArrayBuffer.isView(value)) return undefined;
  return Object.entries(value);
}

const step = (key: unknown): string => (typeof key === 'string' && /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) ? `.${key}` : typeof key === 'string' && isIndex(key) ? `["${key}"]` : `[${short(key)}]`);

function take(left: Map<string, number>, text: string): boolean {
  const number = left.get(text) ?? 0;
  if (number > 0) left.set(text, number - 1);
  return number > 0;
}

/** A text that two values share when they differ at most in the order of items. */
function looseText(value: unknown): string {
  if (Array.isArray(value)) return `${value instanceof Tuple ? 't' : ''}[${value.map(looseText).sort().join(',')}]`;
  const entries = entriesOf(value);
  return entries === undefined ? recordText(value) : `{${entries.map(([key, item]) => `${recordText(key)}:${looseText(item)}`).join(',')}}`;
}

/** `3 differences` with the first one; the one difference alone. */
export function differenceWords({ count: number, lines }: Differences): string {
  const [first = ''] = lines;
  return number === 1 ? first : `${count(number, 'difference')}: ${first}, …`;
}
