/**
 * JSON with places: finds where a text stops being JSON, and where each string of it stands. `JSON.parse` tells neither in every
 * case, and the places are what a rename of a node rewrites inside a chart.
 */
import type { Range } from '../../contracts/errors.ts';

/** A part of a JSON text. Numbers, `true`, `false` and `null` have only their place. */
export type JsonNode =
  | { readonly type: 'object'; readonly at: Range; readonly members: readonly { readonly key: string; readonly keyAt: Range; readonly value: JsonNode }[] }
  | { readonly type: 'array'; readonly at: Range; readonly items: readonly JsonNode[] }
  | { readonly type: 'string'; readonly at: Range; readonly value: string }
  | { readonly type: 'literal'; readonly at: Range };

/** Where and why a text is not JSON. */
export class JsonFault extends Error {
  readonly at: Range;
  constructor(message: string, from: number, to: number) {
    super(message);
    this.name = 'JsonFault';
    this.at = { from, to };
  }
}

const DEEPEST = 200;
const TOKEN = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}[\],:]/y;

/** Parses a text. @throws JsonFault at the first place that is not JSON */
export function parseJsonText(text: string): JsonNode {
  let at = 0;
  const fail = (message: string): never => {
    const to = Math.min(text.length, at + 1);
    throw new JsonFault(`${message}${at >= text.length ? ', but the text ends' : `, not \`${text.slice(at, at + 12).split('\n')[0]!}\``}.`, at, to);
  };
  const space = (): void => { while (/[ \t\r\n]/.test(text[at] ?? '')) at += 1; };
  const token = (wanted: string): { text: string; at: Range } => {
    space();
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text)?.[0];
    if (found === undefined) return fail(text[at] === '"' ? 'This text must end with a `"` on its line, and `\\` stands only before one of `"\\/bfnrtu`' : `Here must be ${wanted}`);
    const range = { from: at, to: at + found.length };
    at = range.to;
    return { text: found, at: range };
  };
  const back = (range: Range, message: string): never => { at = range.from; return fail(message); };
  const value = (depth: number): JsonNode => {
    const first = token('a value');
    if (depth > DEEPEST) back(first.at, `JSON may be nested ${DEEPEST} levels deep`);
    if (first.text === '{') return object(first.at.from, depth);
    if (first.text === '[') return array(first.at.from, depth);
    if (first.text.startsWith('"')) return { type: 'string', at: first.at, value: JSON.parse(first.text) as string };
    return /[}\],:]/.test(first.text) ? back(first.at, 'Here must be a value') : { type: 'literal', at: first.at };
  };
  const array = (from: number, depth: number): JsonNode => {
    const items: JsonNode[] = [];
    space();
    if (text[at] === ']') { at += 1; return { type: 'array', at: { from, to: at }, items }; }
    for (;;) {
      items.push(value(depth + 1));
      const next = token('`,` or `]`');
      if (next.text === ']') return { type: 'array', at: { from, to: at }, items };
      if (next.text !== ',') back(next.at, 'Here must be `,` or `]`');
    }
  };
  const object = (from: number, depth: number): JsonNode => {
    const members: { key: string; keyAt: Range; value: JsonNode }[] = [];
    space();
    if (text[at] === '}') { at += 1; return { type: 'object', at: { from, to: at }, members }; }
    for (;;) {
      const key = token('a key in double quotes');
      if (!key.text.startsWith('"')) back(key.at, 'Here must be a key in double quotes');
      const colon = token('`:`');
      if (colon.text !== ':') back(colon.at, 'Here must be `:`');
      members.push({ key: JSON.parse(key.text) as string, keyAt: key.at, value: value(depth + 1) });
      const next = token('`,` or `}`');
      if (next.text === '}') return { type: 'object', at: { from, to: at }, members };
      if (next.text !== ',') back(next.at, 'Here must be `,` or `}`');
    }
  };
  const whole = value(0);
  space();
  if (at < text.length) fail('Here must be the end');
  return whole;
}
