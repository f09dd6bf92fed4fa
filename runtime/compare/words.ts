/** Words: how values, numbers and counts are written in a comparison. Whatever a value holds, a line is one line and no command to a terminal. */
import { summarise } from '../values/summary.ts';

/** Most lines that one comparison tells. */
export const LINES = 30;

/** `1 row`, `3 rows`. */
export const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

/** Three digits of a number. */
export const figure = (number: number): string => String(Number(number.toPrecision(3)));

const WIDEST = 200;

/** One line: no control characters, none that turn the direction of writing, at most 200 characters. */
export function oneLine(text: string): string {
  const plain = text.slice(0, WIDEST + 1).replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (one) => (one === '\t' ? ' ' : `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`));
  return plain.length <= WIDEST ? plain : `${plain.slice(0, WIDEST - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** A value in a few characters. */
export function short(value: unknown, most = 60): string {
  const text = typeof value === 'string' ? JSON.stringify(value.length > most ? `${value.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, '')}…` : value) : summarise(value).preview;
  return text.length <= most + 2 ? text : `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** `a → b`; of two numbers with their difference. */
export function change(before: unknown, after: unknown): string {
  const told = `${short(before)} → ${short(after)}`;
  if (typeof before !== 'number' || typeof after !== 'number' || !Number.isFinite(after - before) || after === before) return told;
  const share = before === 0 ? '' : `, ${signed((after - before) / Math.abs(before) * 100)} %`;
  return `${told} (${signed(after - before)}${share})`;
}

const signed = (number: number): string => `${number > 0 ? '+' : ''}${figure(number)}`;

/** The first of a list, and how many more there are. */
export function some(items: readonly string[], most: number): string {
  return items.length <= most ? items.join(', ') : `${items.slice(0, most).join(', ')} and ${items.length - most} more`;
}
