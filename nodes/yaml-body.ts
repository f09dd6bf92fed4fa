/**
 * A YAML body with its places: what the kinds `data`, `input`, `check` and `graph` are written in.
 *
 * Parsing is YAML 1.2 core: a date stays a text, integers beyond 2^53 stay exact, aliases are bounded. Here too: which place
 * in the body a part of a decoded text has, so that a rename can rewrite a name inside an expression.
 */
import { isMap, isPair, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { Node, Scalar } from 'yaml';
import type { BodyProblem, Range } from '../contracts/errors.ts';
import { didYouMean, nearest } from './nearest.ts';

/** A key of a map or an index of a list. */
export type Path = readonly (string | number)[];

/** A parsed body. `value` is `undefined` when the body is not YAML, or nothing. */
export interface YamlBody {
  readonly value: unknown;
  readonly problems: readonly BodyProblem[];
  /** Place of the value at a path; the nearest part that exists when there is none. */
  at(path: Path): Range;
  /** Place of a key itself. */
  keyAt(path: Path): Range;
  /** Line of the value at a path within the body, from 0. */
  line(path: Path): number;
  /** Places in the body of parts of the text at a path; a part that cannot be followed (escapes) is left out. */
  within(path: Path, parts: readonly Range[]): readonly Range[];
}

/** More faults than these of one body help nobody. */
const MOST_PROBLEMS = 10;

/** Parses a body. Never throws: what is wrong is in `problems`. */
export function parseYamlBody(body: string): YamlBody {
  const lines = new LineCounter();
  const document = parseDocument(body, { version: '1.2', schema: 'core', intAsBigInt: true, lineCounter: lines, prettyErrors: false, logLevel: 'silent' });
  const problems: BodyProblem[] = document.errors.slice(0, MOST_PROBLEMS).map((error) => ({
    code: 'syntax' as const, severity: 'error' as const, message: `The body is not valid YAML: ${sentence(error.message)}`,
    at: { from: error.pos[0], to: Math.max(error.pos[1], error.pos[0]) },
  }));
  // Keys are texts as written: `null:`, `2014:` and `true:` are names here.
  visit(document, { Pair: (_, pair) => { if (isScalar(pair.key) && typeof pair.key.value !== 'string') pair.key.value = pair.key.source ?? String(pair.key.value); } });
  let value: unknown;
  if (problems.length === 0) {
    try {
      value = plain(document.toJS({ maxAliasCount: 100 }));
    } catch (error) {
      problems.push({ code: 'syntax', severity: 'error', message: `The body cannot be read: ${sentence((error as Error).message)}`, at: { from: 0, to: body.length } });
    }
  }
  const node = (path: Path): Node | undefined => {
    const found: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
    return found !== null && typeof found === 'object' && 'range' in found ? found as Node : undefined;
  };
  const at = (path: Path): Range => {
    for (let length = path.length; length >= 0; length -= 1) {
      const range = node(path.slice(0, length))?.range;
      if (range !== null && range !== undefined) return { from: range[0], to: range[1] };
    }
    return { from: 0, to: body.length };
  };
  const keyAt = (path: Path): Range => {
    const parent = node(path.slice(0, -1));
    const pair = isMap(parent) ? parent.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(path.at(-1))) : undefined;
    const range = (pair?.key as Scalar | undefined)?.range;
    return range === null || range === undefined ? at(path) : { from: range[0], to: range[1] };
  };
  const within = (path: Path, parts: readonly Range[]): readonly Range[] => {
    const scalar = node(path);
    if (!isScalar(scalar) || typeof scalar.value !== 'string' || scalar.range === null || scalar.range === undefined) return [];
    const places = follow(body.slice(scalar.range[0], scalar.range[1]), scalar.value, String(scalar.type).startsWith('BLOCK'));
    return parts.flatMap((part) => {
      const from = places[part.from];
      const last = places[part.to - 1];
      const start = scalar.range![0];
      return from === undefined || last === undefined || last - from !== part.to - 1 - part.from ? [] : [{ from: start + from, to: start + last + 1 }];
    });
  };
  return { value, problems, at, keyAt, within, line: (path) => lines.linePos(at(path).from).line - 1 };
}

/** Keys that a map may not have, each as a problem at its place with the nearest one that it may. */
export function unknownKeys(yaml: YamlBody, path: Path, value: object, known: readonly string[], what: string): BodyProblem[] {
  return Object.keys(value).filter((key) => !known.includes(key)).map((key) => {
    const near = nearest(key, known);
    const help = near === undefined ? ` Known keys: ${known.join(', ')}.` : didYouMean(key, known);
    return { code: 'unknown-key', severity: 'error', message: `\`${key}\` is no key of ${what}.${help}`, at: yaml.keyAt([...path, key]), ...(near === undefined ? {} : { data: { nearest: near } }) };
  });
}

/** Whether a value is a map of YAML or JSON. */
export function isMapping(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** The normal form of plain data (P2): JSON, and beyond it the numbers that JSON lacks, unquoted: infinities, `NaN`, `-0`, exact integers. */
export function normalForm(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (Array.isArray(value)) return `[${value.map(normalForm).join(',')}]`;
  if (!isMapping(value)) return JSON.stringify(value) ?? 'null';
  return `{${Object.entries(value).map(([key, part]) => `${JSON.stringify(key)}:${normalForm(part)}`).join(',')}}`;
}

/** Integers that fit a Number become one; the others stay exact. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  if (Array.isArray(value)) return value.map(plain);
  if (!isMapping(value)) return value;
  const map: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value)) Object.defineProperty(map, key, { value: plain(part), enumerable: true, writable: true, configurable: true });
  return map;
}

/** For each character of a decoded scalar its offset in the source, as far as only layout lies between them. */
function follow(source: string, text: string, block: boolean): number[] {
  const places: number[] = [];
  let at = block ? source.indexOf('\n') + 1 : /^["']/.test(source) ? 1 : 0;
  for (const char of text) {
    const white = /\s/.test(char);
    if (!white) while (at < source.length && /\s/.test(source[at]!)) at += 1;
    if (white ? !/\s/.test(source[at] ?? '') : !source.startsWith(char, at)) break;
    for (let unit = 0; unit < char.length; unit += 1) places.push(at + unit);
    at += char.length;
  }
  return places;
}

function sentence(text: string): string {
  const line = text.split('\n')[0]!.trim().replace(/:$/, '');
  return /[.!?]$/.test(line) ? line : `${line}.`;
}
