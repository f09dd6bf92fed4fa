/**
 * The key `compare=` of a fence line: when two results of a node count as equal. Only its grammar; how values are compared is the
 * runtime's (`runtime/compare/`), and what holds where nothing is said as well.
 *
 * One comparator for all outputs (`close(1e-6)`), or one for each that is named (`total: close(1e-6), value: exact`).
 */

/**
 * - `exact`: the same bytes.
 * - `close`: numbers that differ by at most `tolerance` times the larger one count as equal, wherever they stand.
 * - `unordered`: rows of a table and items of a list may stand in any order.
 * - `ignore`: any two values are equal.
 */
export type Comparator =
  | { readonly how: 'exact' | 'unordered' | 'ignore' }
  | { readonly how: 'close'; readonly tolerance: number };

/** Comparators by output; `*` is the one of all that are not named. */
export type Comparators = Readonly<Record<string, Comparator>>;

const ONE = /^(?:(exact|unordered|ignore)|close\(\s*([^()]+?)\s*\))$/;
const NAMED = /^([\p{L}_$][\p{L}\p{N}_$]*)\s*:\s*(.+)$/u;

/** Reads `compare=`; `undefined` for what is none, names an output twice, or has a tolerance below 0, or of 1 and above. */
export function parseComparators(text: string): Comparators | undefined {
  const found = new Map<string, Comparator>();
  for (const part of text.split(',').map((one) => one.trim())) {
    const [, name = '*', rest = part] = NAMED.exec(part) ?? [];
    const comparator = parseOne(rest);
    if (comparator === undefined || found.has(name)) return undefined;
    found.set(name, comparator);
  }
  return Object.fromEntries(found);
}

function parseOne(text: string): Comparator | undefined {
  const [, word, number] = ONE.exec(text) ?? [];
  if (word !== undefined) return { how: word as 'exact' };
  const tolerance = number === undefined ? Number.NaN : Number(number);
  return tolerance >= 0 && tolerance < 1 ? { how: 'close', tolerance } : undefined;
}
