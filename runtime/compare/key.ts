/**
 * The key of two tables: a column, or a few together, whose values no row of either table shares with another row of it; so a row of
 * one can be found again in the other. Floats and nested values are no keys. Where several would do, the one that finds most rows
 * again is taken, then the leftmost.
 */
import { parseType } from '../values/duckdb-types.ts';
import { groupRows } from './rows.ts';
import { seedOf, type Side } from './table.ts';

/** Rows of two tables that belong together, by their key. */
export interface Keyed {
  readonly key: readonly string[];
  /** By row of `before`: its row in `after`, or -1. */
  readonly partner: Int32Array;
  /** Rows of `after` that have none. */
  readonly added: readonly number[];
}

/** Columns that are tried alone, and of which two or three are tried together. */
const ALONE = 12;
const TOGETHER = 6;
/** Most rows that are looked at for all candidates. */
const WORK = 20_000_000;

/** The best key, if any finds a row again. */
export function findKey(before: Side, after: Side, shared: readonly string[]): Keyed | undefined {
  if (before.rows === 0 || after.rows === 0) return undefined;
  const exact = shared.filter((name) => isExact(before.column(name)?.type ?? '')).slice(0, ALONE);
  const alone = exact.map((name) => [name]);
  const few = exact.slice(0, TOGETHER);
  const pairs = few.flatMap((one, index) => few.slice(index + 1).map((other) => [one, other]));
  const triples = pairs.flatMap(([one, other]) => few.slice(few.indexOf(other as string) + 1).map((third) => [one as string, other as string, third]));
  let best: { readonly keyed: Keyed; readonly found: number } | undefined;
  const least = Math.min(before.rows, after.rows);
  let left = WORK;
  for (const candidates of [alone, pairs, triples]) {
    for (const key of candidates) {
      left -= before.rows + after.rows;
      if (left < 0) return best?.keyed;
      const keyed = join(before, after, key);
      if (keyed === undefined || keyed.found === 0 || keyed.found <= (best?.found ?? 0)) continue;
      best = keyed;
      if (best.found === least) return best.keyed;
    }
    if (best !== undefined && best.found * 2 >= least) break;
  }
  return best?.keyed;
}

function isExact(text: string): boolean {
  const type = parseType(text);
  return type.kind === 'plain' ? !/^(?:FLOAT|DOUBLE|BLOB|BIT|INTERVAL)$/.test(type.name) : type.kind === 'decimal' || type.kind === 'enum';
}

function join(before: Side, after: Side, key: readonly string[]): { readonly keyed: Keyed; readonly found: number } | undefined {
  const groups = groupRows(before.by(key), after.by(key), seedOf(before, after), true);
  if (groups === undefined) return undefined;
  const rowOf = new Int32Array(groups.count).fill(-1);
  const added: number[] = [];
  groups.after.forEach((group, row) => { rowOf[group] = row; });
  const partner = groups.before.map((group) => rowOf[group] as number);
  const known = new Uint8Array(groups.count);
  for (const group of groups.before) known[group] = 1;
  groups.after.forEach((group, row) => { if (known[group] === 0) added.push(row); });
  return { keyed: { key, partner, added }, found: after.rows - added.length };
}
