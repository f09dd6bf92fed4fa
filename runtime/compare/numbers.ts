/** Numbers that count as equal, and arrays of them. */
import type { NumberArray } from '../values/array.ts';
import type { Manner } from './rules.ts';
import { count, figure, short } from './words.ts';

/**
 * Whether two numbers differ by at most `tolerance` times the larger one. NaN equals NaN, -0 equals 0, infinities only themselves.
 * With a tolerance of `Infinity` all finite numbers are close.
 */
export function isClose(a: number, b: number, tolerance: number): boolean {
  if (a === b) return true;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return Number.isNaN(a) && Number.isNaN(b);
  return Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b));
}

/** Whether the numbers of two arrays are close one by one. Only floats have a tolerance. */
export function closeArrays(before: NumberArray, after: NumberArray, { tolerance }: Manner): boolean {
  if (before.type !== after.type || before.shape.join() !== after.shape.join()) return false;
  const allowed = isFloat(before) ? tolerance : 0;
  for (let index = 0; index < before.data.length; index += 1) if (!sameNumber(before.data[index]!, after.data[index]!, allowed)) return false;
  return true;
}

/** How two arrays differ. */
export function arrayWords(before: NumberArray, after: NumberArray): string {
  const head = [before, after].map(({ type, shape }) => `${type} ${shape.join(' × ')}`);
  if (head[0] !== head[1]) return `array ${head[0]} → ${head[1]}`;
  let differing = 0;
  let first = -1;
  let largest = 0;
  let relative = 0;
  for (let index = 0; index < before.data.length; index += 1) {
    const [a, b] = [before.data[index]!, after.data[index]!];
    if (sameNumber(a, b, 0)) continue;
    differing += 1;
    if (first < 0) first = index;
    const [x, y] = [Number(a), Number(b)];
    if (!Number.isFinite(x - y)) continue;
    largest = Math.max(largest, Math.abs(x - y));
    relative = Math.max(relative, Math.abs(x - y) / Math.max(Math.abs(x), Math.abs(y)));
  }
  if (first < 0) return 'the same numbers, but for the sign of zeros';
  return `${differing} of ${count(before.data.length, 'number')} differ, by at most ${figure(largest)} (${figure(relative * 100)} %); first at [${placeOf(first, before)}]: ${short(before.data[first])} → ${short(after.data[first])}`;
}

const isFloat = ({ type }: NumberArray): boolean => type.startsWith('float') || type.startsWith('complex');

const sameNumber = (a: number | bigint, b: number | bigint, tolerance: number): boolean => (typeof a === 'bigint' || typeof b === 'bigint' ? a === b : isClose(a, b, tolerance));

/** Indexes of the number at a place of the data. */
function placeOf(at: number, { shape, type }: NumberArray): string {
  let rest = type.startsWith('complex') ? Math.floor(at / 2) : at;
  const indexes: number[] = [];
  for (let side = shape.length - 1; side >= 0; side -= 1) {
    indexes.unshift(rest % (shape[side] || 1));
    rest = Math.floor(rest / (shape[side] || 1));
  }
  return indexes.join(', ');
}
