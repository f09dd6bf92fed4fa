/**
 * Globs over the files of a workspace: `*` and `?` within one name, `**` across folders, `[abc]`, `[!a-c]`, `{a,b}`, `\` before a
 * plain character. Names that begin with a dot are matched only by a pattern that does. No regular expression is made from a
 * pattern: matching remembers one place to go back to, so it costs at most the product of the two lengths; a folder is looked at
 * once for each part of a pattern, and there is a bound on all, for links may lead round and round.
 */
import { TelarError } from '../contracts/errors.ts';

/** Folders that `**` goes down; a link that leads back to its own folder ends here. */
const DEEPEST = 32;
/** Folders that one pattern may look into, and patterns that its braces may stand for. */
const MOST_FOLDERS = 100_000;
const MOST_PATTERNS = 1024;

/** Whether a path has any of the signs of a glob. */
function isGlob(path: string): boolean {
  return /[*?[{]/.test(path);
}

/** `a{b,c}` as `ab`, `ac`; braces may stand inside braces. */
function expandBraces(pattern: string): string[] {
  const open = pattern.indexOf('{');
  if (open < 0) return [pattern];
  let depth = 0;
  const commas: number[] = [];
  for (let at = open; at < pattern.length; at += 1) {
    if (pattern[at] === '{') depth += 1;
    else if (pattern[at] === ',' && depth === 1) commas.push(at);
    else if (pattern[at] === '}' && (depth -= 1) === 0) {
      const cuts = [open, ...commas, at];
      const all: string[] = [];
      for (let part = 1; part < cuts.length && all.length < MOST_PATTERNS; part += 1) {
        all.push(...expandBraces(pattern.slice(0, open) + pattern.slice(cuts[part - 1]! + 1, cuts[part]) + pattern.slice(at + 1)));
      }
      return all.slice(0, MOST_PATTERNS);
    }
  }
  return [pattern];
}

/** Whether one name (no `/`) matches one part of a pattern. */
export function matchName(pattern: string, name: string): boolean {
  if (name.startsWith('.') && !pattern.startsWith('.')) return false;
  let p = 0;
  let n = 0;
  let star = -1;
  let from = 0;
  while (n < name.length) {
    const next = pattern[p] === '*' ? -1 : matchOne(pattern, p, name[n]!);
    if (pattern[p] === '*') { star = p; from = n; p += 1; }
    else if (next > 0) { p = next; n += 1; }
    else if (star >= 0) { from += 1; n = from; p = star + 1; }
    else return false;
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}

/** The place after the sign at `at` when it takes `char`, else 0. */
function matchOne(pattern: string, at: number, char: string): number {
  const sign = pattern[at];
  if (sign === undefined) return 0;
  if (sign === '?') return at + 1;
  if (sign === '\\' && at + 1 < pattern.length) return pattern[at + 1] === char ? at + 2 : 0;
  const close = sign === '[' ? pattern.indexOf(']', at + 2) : -1;
  if (close < 0) return sign === char ? at + 1 : 0;
  const not = pattern[at + 1] === '!' || pattern[at + 1] === '^';
  let inside = false;
  for (let i = at + (not ? 2 : 1); i < close; i += 1) {
    const last = pattern[i + 1] === '-' && i + 2 < close ? pattern[i + 2]! : pattern[i]!;
    inside ||= pattern[i]! <= char && char <= last;
    if (last !== pattern[i]) i += 2;
  }
  return inside === not ? 0 : close + 1;
}

/** Whether a path matches a pattern, name by name; `**` stands for any number of folders. */
export function matchPath(pattern: string, path: string): boolean {
  const parts = pattern.split('/');
  // The places in the pattern that the names so far can have come to: `**` may end before each name.
  const withEnds = (places: Iterable<number>): Set<number> => {
    const all = new Set(places);
    for (const place of all) if (parts[place] === '**') all.add(place + 1);
    return all;
  };
  let places = withEnds([0]);
  for (const name of path.split('/')) {
    places = withEnds([...places].flatMap((place) => {
      const part = parts[place];
      return part === undefined ? [] : part === '**' ? [place] : matchName(part, name) ? [place + 1] : [];
    }));
  }
  return places.has(parts.length);
}

/**
 * The files that match a pattern, sorted.
 * @param pattern relative to where the caller's paths are (`data/*.csv`, `../shared/**\/*.json`)
 * @param list names in a folder (`''` is the caller's own); `undefined` when it is no folder
 * @throws TelarError `refused` for a pattern that looks into too many folders
 */
export function glob(pattern: string, list: (folder: string) => readonly string[] | undefined): readonly string[] {
  const found = new Set<string>();
  let looked = 0;
  const join = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);
  const search = (whole: readonly string[]): void => {
    const seen = new Set<string>();
    const walk = (folder: string, parts: readonly string[]): void => {
      const [part, ...rest] = parts;
      const step = `${parts.length} ${folder}`;
      if (part === undefined || seen.has(step)) return;
      seen.add(step);
      if ((looked += 1) > MOST_FOLDERS) throw new TelarError('refused', `The pattern \`${pattern}\` looks into more than ${MOST_FOLDERS} folders; say more of the path.`, { pattern });
      if (part === '**') {
        walk(folder, rest.length === 0 ? ['*'] : rest);
        if (folder.split('/').length < DEEPEST) for (const name of list(folder) ?? []) if (!name.startsWith('.')) walk(join(folder, name), parts);
      } else if (!isGlob(part) && rest.length > 0) {
        walk(join(folder, part), rest);
      } else {
        for (const name of list(folder) ?? []) {
          if (!matchName(part, name)) continue;
          const path = join(folder, name);
          if (rest.length > 0) walk(path, rest);
          else if (list(path) === undefined) found.add(path);
        }
      }
    };
    walk('', whole);
  };
  for (const one of expandBraces(pattern)) search(one.split('/').filter((part) => part !== '' && part !== '.'));
  return [...found].sort();
}
