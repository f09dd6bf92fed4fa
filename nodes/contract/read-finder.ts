/**
 * A finder: the parts of a contract's YAML by path, in the type they should have, with a problem at the right place where they have another. Nothing
 * here knows what a contract is.
 */
import type { Problem, ProblemCode } from '../../contracts/errors.ts';
import { isMapping, parseYamlBody, unknownKeys, type Path } from '../yaml-body.ts';
import type { Place } from './types.ts';

/** What reads a YAML file part by part. */
export interface Finder {
  readonly value: unknown;
  /** It is no YAML at all. */
  readonly broken: boolean;
  /** Place of the value at a path, or of its key. */
  place(path: Path, key?: boolean): Place;
  /** A map; anything else but nothing is a problem, and an empty map. */
  map(path: Path): Readonly<Record<string, unknown>>;
  /** A text (numbers and flags are taken as written), trimmed; nothing is `''`. */
  text(path: Path): string;
  /** A text or a list of texts; nothing is an empty list. */
  texts(path: Path): readonly string[];
  /** A list; nothing is an empty one. */
  list(path: Path): readonly unknown[];
  /** Tells keys that are not known, with the nearest one. */
  keys(path: Path, value: object, known: readonly string[], what: string): void;
  bad(path: Path, message: string, code?: ProblemCode, key?: boolean, severity?: Problem['severity']): void;
  problem(code: ProblemCode, message: string, place: Place): void;
}

/** More faults than these help nobody. */
const MOST_PROBLEMS = 100;

/** Makes the finder of a text; what is wrong goes into `problems`. */
export function createFinder(text: string, problems: Problem[], file?: string): Finder {
  const starts = [0, ...[...text.matchAll(/\r\n|\n|\r/g)].map((match) => match.index + match[0].length)];
  const placeOf = (offset: number): Place => {
    let line = starts.findLastIndex((start) => start <= offset);
    if (line < 0) line = 0;
    return { line: line + 1, column: offset - starts[line]! + 1 };
  };
  const tell = (code: ProblemCode, message: string, place: Place, data?: Problem['data'], severity: Problem['severity'] = 'error'): void => {
    if (problems.length < MOST_PROBLEMS) problems.push({ code, severity, message, ...place, ...(file === undefined ? {} : { file }), ...(data === undefined ? {} : { data }) });
  };
  const yaml = parse(text);
  for (const { code, message, at, data } of yaml.problems) tell(code, message.replace(/^The body/, 'The contract'), placeOf(at.from), data);
  const at = (path: Path): unknown => path.reduce<unknown>((value, key) => (value !== null && typeof value === 'object' && Object.hasOwn(value, key) ? (value as Record<string | number, unknown>)[key] : undefined), yaml.value);
  const place = (path: Path, key = false): Place => placeOf((key ? yaml.keyAt(path) : yaml.at(path)).from);
  const name = (path: Path): string => path.map(String).join('.');
  const bad: Finder['bad'] = (path, message, code = 'bad-value', key = false, severity = 'error') => { tell(code, message, place(path, key), undefined, severity); };
  const plainText = (value: unknown): string | undefined => (typeof value === 'string' ? value.trim() : typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : undefined);
  const list: Finder['list'] = (path) => {
    const value = at(path);
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value;
    bad(path, `\`${name(path)}\` must be a list.`);
    return [];
  };
  return {
    value: yaml.value, broken: yaml.problems.length > 0, place, list, bad,
    map: (path) => {
      const value = at(path);
      if (isMapping(value)) return value;
      // An empty list stands for nothing too: node kinds write `internal: []` and `exports: {}` alike.
      if (value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)) bad(path, `\`${name(path)}\` must be a map.`);
      return {};
    },
    text: (path) => {
      const value = at(path);
      if (value === undefined || value === null) return '';
      const said = plainText(value);
      if (said === undefined) bad(path, `\`${name(path)}\` must be a text.`);
      return said ?? '';
    },
    texts: (path) => {
      const value = at(path);
      const one = plainText(value);
      if (one !== undefined) return [one];
      return list(path).flatMap((item, index) => {
        const said = plainText(item);
        if (said === undefined) bad([...path, index], `An item of \`${name(path)}\` must be a text; quote it if it holds \`: \` or begins with a brace.`);
        return said === undefined ? [] : [said];
      });
    },
    keys: (path, value, known, what) => {
      const some = Object.fromEntries(Object.entries(value).slice(0, known.length + MOST_PROBLEMS));
      for (const { code, message, at: range, data } of unknownKeys(yaml, path, some, known, what)) tell(code, message, placeOf(range.from), data);
    },
    problem: (code, message, where) => { tell(code, message, { line: where.line, column: where.column }); },
  };
}

/** A text copied from a web page is indented with no-break spaces, which YAML takes for letters; places stay as they are. */
export const straight = (text: string): string => text.replace(/^[ \u00A0]+/gm, (lead) => ' '.repeat(lead.length));

/** A text that is nested deeper than the stack is no contract either. */
function parse(text: string): ReturnType<typeof parseYamlBody> {
  try {
    return parseYamlBody(straight(text));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const { at, keyAt, within, line } = parseYamlBody('');
    return { value: undefined, at, keyAt, within, line, problems: [{ code: 'syntax', severity: 'error', message: 'The contract is nested too deep to read.', at: { from: 0, to: text.length } }] };
  }
}
