/** Quantities as contracts write them: `'< 10ms'`, `'> 80%'`, `'<= 5MB'`, `100`. */

/** A limit with its unit: `ms`, `bytes`, `percent`, or `''` for a plain number. */
export interface Bound { readonly unit: 'ms' | 'bytes' | 'percent' | ''; readonly limit: number; holds(value: number): boolean }

const UNITS: Readonly<Record<string, readonly [Bound['unit'], number]>> = {
  '': ['', 1], '%': ['percent', 1], us: ['ms', 0.001], ms: ['ms', 1], s: ['ms', 1000], m: ['ms', 60_000], b: ['bytes', 1], kb: ['bytes', 1000], mb: ['bytes', 1e6], gb: ['bytes', 1e9], kib: ['bytes', 2 ** 10], mib: ['bytes', 2 ** 20], gib: ['bytes', 2 ** 30],
};
const FORM = /^(<=|>=|<|>|=|at most|at least)?\s*(\d+(?:\.\d+)?)\s*([a-z%]*)$/i;

/** Reads a bound; without a sign it is the most that is allowed. `undefined` when it is none. */
export function bound(value: unknown): Bound | undefined {
  const [, sign = '<=', digits, written = ''] = FORM.exec(String(value).trim()) ?? [];
  const unit = UNITS[written.toLowerCase()];
  if (digits === undefined || unit === undefined) return undefined;
  const limit = Number(digits) * unit[1];
  const holds: Record<string, (seen: number) => boolean> = {
    '<': (seen) => seen < limit, '>': (seen) => seen > limit, '<=': (seen) => seen <= limit, '>=': (seen) => seen >= limit, '=': (seen) => seen === limit, 'at most': (seen) => seen <= limit, 'at least': (seen) => seen >= limit,
  };
  return { unit: unit[0], limit, holds: holds[sign.toLowerCase()]! };
}
