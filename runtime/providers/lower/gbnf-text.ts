/** Pieces of GBNF, llama.cpp's language of grammars: literals, ranges of numbers, formats, and keys other than some. */

/** A literal. */
export const literal = (text: string): string => `"${text.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')}"`;

/** A value as the one text that stands for it. */
export const jsonLiteral = (value: unknown): string => literal(JSON.stringify(value));

/** Rules that others are made of. Bounds keep a model that babbles from going on for ever. */
export const BASE: Readonly<Record<string, string>> = {
  ws: '| " " | "\\n" [ \\t]{0,20}',
  hex: '[0-9a-fA-F]',
  // No surrogates: one character of the text is one of the string, so that lengths can be counted.
  char: '[^"\\\\\\x00-\\x1f\\x7f] | "\\\\" (["\\\\/bfnrt] | "u" ([0-9a-cA-CefEF] hex hex hex | [dD] [0-7] hex hex))',
  string: '"\\"" char* "\\""',
  whole: '"0" | [1-9] [0-9]{0,14}',
  integer: '"-"? whole',
  number: '"-"? whole ("." [0-9]{1,15})? ([eE] [-+]? [0-9]{1,2})?',
  boolean: '"true" | "false"',
  null: '"null"',
  object: '"{" ws (string ":" ws value ("," ws string ":" ws value)*)? ws "}"',
  array: '"[" ws (value ("," ws value)*)? ws "]"',
  value: 'object | array | string | number | boolean | null',
  date: '[0-9] [0-9] [0-9] [0-9] "-" (("0" [13578] | "1" [02]) "-" ("0" [1-9] | [12] [0-9] | "3" [01]) | ("0" [469] | "11") "-" ("0" [1-9] | [12] [0-9] | "30") | "02-" ("0" [1-9] | "1" [0-9] | "2" [0-8]))',
  time: '([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] ("." [0-9]{1,6})? ("Z" | [-+] ([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9])',
  uuid: 'hex{8} "-" hex{4} "-" hex{4} "-" hex{4} "-" hex{12}',
  byte: '[0-9] | [1-9] [0-9] | "1" [0-9] [0-9] | "2" [0-4] [0-9] | "25" [0-5]',
};

/** Formats that a rule can hold. The 29th of February is left out: whether there is one, a grammar cannot count. */
export const FORMATS: Readonly<Record<string, string>> = {
  date: 'date', time: 'time', 'date-time': 'date "T" time', uuid: 'uuid', ipv4: 'byte "." byte "." byte "." byte',
};

/** Largest number of a range, in digits. */
export const DIGITS = 15;

const digits = (from: string, to: string): string => (from === to ? literal(from) : `[${from}-${to}]`);
const any = (count: number): string => (count === 0 ? '' : ` [0-9]{${count}}`);

/** Digits from one text to another of the same length. */
function sameLength(from: string, to: string): readonly string[] {
  if (from.length === 0 || (/^0*$/.test(from) && /^9*$/.test(to))) return [any(from.length).trim()];
  const [a, b, rest] = [from[0]!, to[0]!, from.length - 1];
  const then = (head: string, tails: readonly string[]): readonly string[] => tails.map((tail) => (tail === '' ? head : `${head} ${tail}`));
  if (a === b) return then(literal(a), sameLength(from.slice(1), to.slice(1)));
  const low = /^0*$/.test(from.slice(1)) ? a : undefined;
  const high = /^9*$/.test(to.slice(1)) ? b : undefined;
  const [first, last] = [low ?? String(Number(a) + 1), high ?? String(Number(b) - 1)];
  return [
    ...(low === undefined ? then(literal(a), sameLength(from.slice(1), '9'.repeat(rest))) : []),
    ...(first <= last ? [`${digits(first, last)}${any(rest)}`] : []),
    ...(high === undefined ? then(literal(b), sameLength('0'.repeat(rest), to.slice(1))) : []),
  ];
}

/** Whole numbers from one to another, neither below 0. */
function upward(from: number, to: number): readonly string[] {
  const [a, b] = [String(from), String(to)];
  if (a.length === b.length) return sameLength(a, b);
  const all = [...sameLength(a, '9'.repeat(a.length))];
  for (let length = a.length + 1; length < b.length; length++) all.push(`[1-9]${any(length - 1)}`);
  return [...all, ...sameLength(`1${'0'.repeat(b.length - 1)}`, b)];
}

/** Whole numbers from one to another; with `fraction` also what lies between them. Nothing where there is none. */
export function range(least: number, most: number, fraction: boolean): string | undefined {
  const some: string[] = [];
  const side = (from: number, to: number, sign: string): void => {
    if (from > to) return;
    if (!fraction) { some.push(...upward(from, to).map((one) => `${sign}${one}`)); return; }
    if (from < to) some.push(`${sign}(${upward(from, to - 1).join(' | ')}) ("." [0-9]{1,15})?`);
    some.push(`${sign}${literal(String(to))} ("." "0"{1,2})?`);
  };
  side(Math.max(0, least), most, '');
  if (least < 0) side(Math.max(fraction ? 0 : 1, -most), -least, '"-" ');
  return some.length === 0 ? undefined : some.join(' | ');
}

/** A key in quotes that is none of some: each of their beginnings may go on otherwise, or end where none of them ends. */
export function otherKey(names: readonly string[], rule: (body: string) => string): string {
  if (names.length === 0) return 'string';
  const plain = '[^"\\\\\\x00-\\x1f\\x7f]';
  const go = (tails: readonly string[]): string => {
    const heads = Map.groupBy(tails.filter((tail) => tail !== ''), (tail) => String.fromCodePoint(tail.codePointAt(0)!));
    const ways = [...heads].map(([head, all]) => `${literal(head)} ${go(all.map((tail) => tail.slice(head.length)))}`);
    const not = [...heads.keys()].filter((head) => head !== '"' && head !== '\\').map((head) => (/[\]\\^-]/.test(head) ? `\\x${head.charCodeAt(0).toString(16).padStart(2, '0')}` : head)).join('');
    ways.push(`[^"\\\\\\x00-\\x1f\\x7f${not}] ${plain}*`);
    return rule(`${ways.join(' | ')}${tails.includes('') ? '' : ' | ""'}`);
  };
  // Only names that need no escape can be met: a key of these rules has none.
  return `"\\"" ${go(names.filter((name) => JSON.stringify(name) === `"${name}"`))} "\\""`;
}
