/**
 * Scalars: the portable JavaScript form of what JavaScript itself lacks.
 *
 * null, booleans, numbers, bigints (beyond ±(2^53−1)), strings, Uint8Array, arrays, plain objects, Map and Set stand for themselves; the rest is here.
 * Not here: how they are written (`record.ts`), nor arithmetic; a decimal or a date is carried exactly and computed with in the
 * languages that have it. Temporal was left out: no engine here has it yet.
 */
import { TelarError } from '../../contracts/errors.ts';

/** What a `Tagged` can be. `float` marks a whole float where integers and floats must be told apart (Python). */
export type Tag = 'decimal' | 'date' | 'time' | 'timestamp' | 'timestamptz' | 'duration' | 'float';

const FORMS: Readonly<Record<Tag, RegExp>> = {
  decimal: /^-?(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|s?NaN|Infinity)$/,
  date: /^(?:[+-]?\d{4,7}-\d\d-\d\d(?: \(BC\))?|-?infinity)$/,
  time: /^\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d(?::\d\d){0,2})?$/,
  timestamp: /^(?:[+-]?\d{4,7}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?: \(BC\))?|-?infinity)$/,
  timestamptz: /^(?:[+-]?\d{4,7}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d(?::\d\d){0,2})(?: \(BC\))?|-?infinity)$/,
  duration: /^-?\d+,-?\d+,-?\d+$/,
  float: /^-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/,
};

/** Whether `name` is one of the tags. */
export const isTag = (name: string): name is Tag => Object.hasOwn(FORMS, name);

/**
 * The one way of writing a tag's text: no trailing zeros in a fraction of a second, `T` between date and time, `Z` for a zero offset.
 * @throws TelarError `value-type` when the text is not of the tag's form
 */
export function normalText(tag: Tag, text: string): string {
  let normal = text;
  if (tag === 'float') normal = String(Number(text));
  else if (tag === 'time' || tag === 'timestamp' || tag === 'timestamptz') {
    normal = text.replace(/^([+-]?\d+-\d\d-\d\d) (?=\d)/, '$1T').replace(/(\.\d*?)0+(?=$|[^\d])/, '$1').replace(/\.(?=$|[^\d])/, '');
    if (tag === 'timestamptz') normal = normal.replace(/(?:z|[+-]00(?::00)*)(?=$| )/, 'Z').replace(/([+-]\d\d)(?=$| )/, '$1:00');
  }
  if (!FORMS[tag].test(normal)) throw new TelarError('value-type', `“${text}” is not a ${tag}; see the forms in runtime/values/scalars.ts.`, { type: tag });
  return normal;
}

/** A scalar that JavaScript lacks, by its exact text. Immutable; equal tag and text mean equal values. */
export class Tagged {
  readonly tag: Tag;
  readonly text: string;

  /** @throws TelarError `value-type` when the text is not of the tag's form */
  constructor(tag: Tag, text: string) {
    this.tag = tag;
    this.text = normalText(tag, text);
    Object.freeze(this);
  }

  toString(): string { return this.text; }

  /** For people and charts: a float is a number, all else its text. */
  toJSON(): string | number { return this.tag === 'float' ? Number(this.text) : this.text; }

  /** As a `Date` does: `+` with a text gives a text for what is a time, and a number for what is one. */
  [Symbol.toPrimitive](hint: string): string | number {
    return hint === 'string' || (hint === 'default' && this.tag !== 'decimal' && this.tag !== 'float') ? this.text : this.valueOf();
  }

  /** A number to order and draw by: decimals as floats, dates and timestamps as epoch ms, times and durations as ms (a month is 30 days). */
  valueOf(): number { return numberOf(this.tag, this.text); }
}

/** See `Tagged.valueOf`. */
export function numberOf(tag: Tag, text: string): number {
  if (text === 'infinity' || text === '-infinity') return text === 'infinity' ? Infinity : -Infinity;
  if (tag === 'decimal' || tag === 'float') return Number(text.replace('sNaN', 'NaN'));
  if (tag === 'duration') {
    const [months = 0, days = 0, micros = 0] = text.split(',').map(Number);
    return (months * 30 + days) * 86_400_000 + micros / 1000;
  }
  const [, clock = '', offset = ''] = /(\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-][\d:]+)?/.exec(text) ?? [];
  const [hours = 0, minutes = 0, seconds = 0] = clock.split(':').map(Number);
  const [offsetHours = 0, offsetMinutes = 0, offsetSeconds = 0] = offset.replace(/^[Z+-]/, '').split(':').map(Number);
  const away = ((offsetHours * 60 + offsetMinutes) * 60 + offsetSeconds) * (offset.startsWith('-') ? -1000 : 1000);
  const day = /^([+-]?\d{4,7})-(\d\d)-(\d\d)/.exec(text);
  const date = new Date(0);
  if (day !== null) date.setUTCFullYear(text.endsWith('(BC)') ? 1 - Number(day[1]) : Number(day[1]), Number(day[2]) - 1, Number(day[3]));
  return date.getTime() + (hours * 60 + minutes) * 60_000 + Math.round(seconds * 1e9) / 1e6 - away;
}

/** A tuple of Python: an array that says so. `Tuple.of(1, 2)`, `Tuple.from(list)`. */
export class Tuple<T = unknown> extends Array<T> {
  static override get [Symbol.species](): ArrayConstructor { return Array; }
}

/** A complex number. */
export class Complex {
  readonly re: number;
  readonly im: number;

  constructor(re: number, im: number) {
    this.re = re;
    this.im = im;
    Object.freeze(this);
  }

  toString(): string { return `${this.re}${this.im < 0 || Object.is(this.im, -0) ? '-' : '+'}${Math.abs(this.im)}j`; }
}

/** A JavaScript instant as a `timestamptz`. @throws TelarError `value-type` for an invalid date */
export function taggedInstant(date: Date): Tagged {
  if (Number.isNaN(date.getTime())) throw new TelarError('value-type', 'An invalid Date has no value; give null instead.', { type: 'Date' });
  return new Tagged('timestamptz', date.toISOString());
}

/** Whether `value` is an object literal's kind of object. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
