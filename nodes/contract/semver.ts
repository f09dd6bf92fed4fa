/**
 * Versions of contracts by Semantic Versioning 2.0, and the ranges that a dependency may ask for (`TELIO-U003@^1.2`).
 *
 * As much of npm's range grammar as contracts need: exact, `^`, `~`, `<`, `<=`, `>`, `>=`, `x` and `*`, several joined by a space, sets
 * joined by `||`. The road not taken: the package `semver`, which is not among what Telar installs, for these lines.
 */

/** A version, read. */
export interface Version { readonly major: number; readonly minor: number; readonly patch: number; readonly pre: readonly (string | number)[] }

type Comparator = readonly ['<' | '<=' | '>' | '>=' | '=', Version];
/** Any of these sets, each of which must hold as a whole. */
type Range = readonly (readonly Comparator[])[];

const NUMBER = '(?:0|[1-9]\\d{0,8})';
const PRE = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*';
const VERSION = new RegExp(`^(${NUMBER})\\.(${NUMBER})\\.(${NUMBER})(?:-(${PRE}))?(?:\\+${PRE})?$`);
const PARTIAL = new RegExp(`^(\\^|~|<=|>=|<|>|=)?(x|X|\\*|${NUMBER})(?:\\.(x|X|\\*|${NUMBER}))?(?:\\.(x|X|\\*|${NUMBER})(?:-(${PRE}))?(?:\\+${PRE})?)?$`);
/** Longest text that is looked at. */
const LONGEST = 200;

/** Reads a version; `undefined` when the text is none. */
export function readVersion(text: string): Version | undefined {
  const found = text.length > LONGEST ? null : VERSION.exec(text);
  return found === null ? undefined : { major: Number(found[1]), minor: Number(found[2]), patch: Number(found[3]), pre: preOf(found[4]) };
}

const preOf = (text: string | undefined): Version['pre'] => (text === undefined ? [] : text.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part)));

/** Order of two versions: negative, zero, positive. */
export function compareVersions(a: Version, b: Version): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch || comparePre(a.pre, b.pre);
}

function comparePre(a: Version['pre'], b: Version['pre']): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const [one, other] = [a[i], b[i]];
    if (one === undefined || other === undefined) return one === undefined ? -1 : 1;
    if (one === other) continue;
    if (typeof one === 'number' && typeof other === 'number') return one - other;
    if (typeof one !== typeof other) return typeof one === 'number' ? -1 : 1;
    return one < other ? -1 : 1;
  }
  return 0;
}

/** Reads a range; `undefined` when the text is none. */
export function readRange(text: string): Range | undefined {
  if (text.length > LONGEST) return undefined;
  const sets: Comparator[][] = [];
  for (const part of text.split('||')) {
    const words = part.trim().replace(/(\^|~|<=|>=|<|>|=)\s+/g, '$1').split(/\s+/).filter((word) => word !== '');
    const read = words.map(comparators);
    if (read.some((one) => one === undefined)) return undefined;
    sets.push(read.flatMap((one) => one ?? []));
  }
  return sets;
}

const at = (major: number, minor = 0, patch = 0, pre: Version['pre'] = []): Version => ({ major, minor, patch, pre });

function comparators(word: string): readonly Comparator[] | undefined {
  const found = PARTIAL.exec(word);
  if (found === null) return undefined;
  const [, sign = '', ...parts] = found;
  const [major, minor, patch] = parts.slice(0, 3).map((part) => (part === undefined || /^[xX*]$/.test(part) ? undefined : Number(part)));
  if (major === undefined) return sign === '<' || sign === '>' ? [['<', at(0)]] : [];
  const from = at(major, minor, minor === undefined ? 0 : patch, preOf(parts[3]));
  const past = minor === undefined ? at(major + 1) : at(major, minor + 1);
  const whole = minor !== undefined && patch !== undefined;
  switch (sign) {
    case '^': return [['>=', from], ['<', major > 0 || minor === undefined ? at(major + 1) : minor > 0 || patch === undefined ? at(0, minor + 1) : at(0, 0, patch + 1)]];
    case '~': return [['>=', from], ['<', past]];
    case '>=': return [['>=', from]];
    case '<': return [['<', from]];
    case '>': return [whole ? ['>', from] : ['>=', past]];
    case '<=': return [whole ? ['<=', from] : ['<', past]];
    default: return whole ? [['=', from]] : [['>=', from], ['<', past]];
  }
}

/** Whether a version is in a range. A pre-release is only where the range names one of the same release. */
export function satisfies(version: Version, range: Range): boolean {
  return range.some((set) => set.every(([sign, bound]) => holds(sign, compareVersions(version, bound)))
    && (version.pre.length === 0 || set.some(([, bound]) => bound.pre.length > 0 && bound.major === version.major && bound.minor === version.minor && bound.patch === version.patch)));
}

function holds(sign: Comparator[0], order: number): boolean {
  switch (sign) {
    case '<': return order < 0;
    case '<=': return order <= 0;
    case '>': return order > 0;
    case '>=': return order >= 0;
    default: return order === 0;
  }
}
