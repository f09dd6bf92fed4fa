/** Bodies of rules by type: objects, arrays, strings and numbers, from all places that hold at once. What no rule can hold is told as left to validation. */
import type { JsonSchema } from '../../../contracts/models.ts';
import { DIGITS, FORMATS, jsonLiteral, otherKey, range } from './gbnf-text.ts';
import { isKeywords, type Keywords, type Placed, within } from './schema.ts';

/** An object of keywords at its place, without those that were seen to already. */
export interface Part { readonly schema: Keywords; readonly path: string }

/** What makes rules. */
export interface Rules {
  /** A rule of the library. */
  base(name: string): string;
  /** A rule of this text. */
  rule(body: string): string;
  /** The rule of all places at once; `undefined`: nothing keeps them. */
  compile(placed: readonly Placed[]): string | undefined;
  /** Tells which of the keywords that speak of a type the grammar holds. */
  settle(parts: readonly Part[], type: string | undefined, held: ReadonlySet<string>): void;
}

/** Largest count of characters or items that is held: llama.cpp makes a rule of each. */
const MOST_REPEATS = 256;
const UNBOUNDED = Number.MAX_SAFE_INTEGER;

/** The tightest of a keyword's numbers over all places. */
function bound(parts: readonly Part[], keyword: string, choose: (...values: number[]) => number): number | undefined {
  const values = parts.map(({ schema }) => schema[keyword]).filter((value): value is number => typeof value === 'number' && Number.isFinite(value));
  return values.length === 0 ? undefined : choose(...values);
}

/** A count from a pair of keywords that can be repeated, and which of the two it holds. */
function counts(parts: readonly Part[], least: string, most: string, held: Set<string>): { readonly from: number; readonly to: number } {
  const from = Math.ceil(bound(parts, least, Math.max) ?? 0);
  const to = Math.floor(bound(parts, most, Math.min) ?? UNBOUNDED);
  if (from <= MOST_REPEATS) held.add(least);
  if (to <= MOST_REPEATS) held.add(most);
  return { from: from <= MOST_REPEATS ? Math.max(0, from) : 0, to: to <= MOST_REPEATS ? to : UNBOUNDED };
}

const repeat = (what: string, from: number, to: number): string => (to === UNBOUNDED ? (from === 0 ? `${what}*` : `${what}{${from},}`) : to === 0 ? '' : `${what}{${from},${to}}`);

export function stringBody(compiler: Rules, parts: readonly Part[]): string | undefined {
  const formats = parts.map(({ schema: { format } }) => format).filter((one): one is string => typeof one === 'string');
  const format = formats.length === 1 && Object.hasOwn(FORMATS, formats[0]!) ? FORMATS[formats[0]!]! : undefined;
  const held = new Set<string>();
  if (format !== undefined) {
    compiler.settle(parts, 'string', held.add('format'));
    for (const name of ['date', 'time', 'hex', 'byte', 'uuid']) if (format.includes(name)) compiler.base(name);
    return `"\\"" ${format} "\\""`;
  }
  const { from, to } = counts(parts, 'minLength', 'maxLength', held);
  compiler.settle(parts, 'string', held);
  if (from > to) return undefined;
  compiler.base('char');
  return from === 0 && to === UNBOUNDED ? compiler.base('string') : `"\\"" ${repeat('char', from, to)} "\\""`;
}

export function numberBody(compiler: Rules, parts: readonly Part[], isWhole: boolean): string | undefined {
  const held = new Set<string>();
  const limit = 10 ** DIGITS - 1;
  const edge = (keyword: string, choose: (...values: number[]) => number): number | undefined => {
    const value = bound(parts, keyword, choose);
    // Between whole numbers only whole edges can be told by their digits.
    if (value === undefined || Math.abs(value) > limit || (!isWhole && (!Number.isInteger(value) || keyword.startsWith('exclusive')))) return undefined;
    held.add(keyword);
    return value;
  };
  const [low, above, high, below] = [edge('minimum', Math.max), edge('exclusiveMinimum', Math.max), edge('maximum', Math.min), edge('exclusiveMaximum', Math.min)];
  if (isWhole && parts.every(({ schema: { multipleOf } }) => multipleOf === undefined || multipleOf === 1)) held.add('multipleOf');
  compiler.settle(parts, 'number', held);
  if (low === undefined && above === undefined && high === undefined && below === undefined) return compiler.base(isWhole ? 'integer' : 'number');
  const least = Math.max(-limit, Math.ceil(low ?? -limit), above === undefined ? -limit : Math.floor(above) + 1);
  const most = Math.min(limit, Math.floor(high ?? limit), below === undefined ? limit : Math.ceil(below) - 1);
  return range(least, most, !isWhole);
}

export function arrayBody(compiler: Rules, parts: readonly Part[]): string | undefined {
  const held = new Set(['prefixItems', 'items', 'additionalItems']);
  const lists = parts.map(({ schema, path }) => {
    const [key, list] = Array.isArray(schema.prefixItems) ? ['prefixItems', schema.prefixItems] : ['items', Array.isArray(schema.items) ? schema.items : []];
    const more = Array.isArray(schema.items) ? 'additionalItems' : 'items';
    const last = schema[more] !== undefined ? more : schema.unevaluatedItems === false ? 'unevaluatedItems' : undefined;
    return { at: (i: number): Placed | undefined => (i < list.length ? { schema: list[i] as JsonSchema, path: within(path, key as string, i) } : last === undefined ? undefined : { schema: schema[last] as JsonSchema, path: within(path, last) }), length: list.length };
  });
  const item = (i: number): string | undefined => compiler.compile(lists.flatMap(({ at }) => at(i) ?? []));
  const { from, to: most } = counts(parts, 'minItems', 'maxItems', held);
  compiler.settle(parts, 'array', held);
  const prefix: string[] = [];
  let to = most;
  for (let i = 0; i < Math.max(...lists.map(({ length }) => length)) && i < to; i++) {
    const one = item(i);
    if (one === undefined) to = i; else prefix.push(one);
  }
  const rest = prefix.length < to ? item(Math.max(prefix.length, ...lists.map(({ length }) => length))) : undefined;
  if (rest === undefined) to = Math.min(to, prefix.length);
  if (from > to) return undefined;
  compiler.base('ws');
  const tail = (i: number): string => {
    if (i < prefix.length) {
      const piece = `${i === 0 ? '' : ' "," ws '}${prefix[i]}${tail(i + 1)}`;
      return i >= from ? ` (${piece})?` : piece;
    }
    if (rest === undefined) return '';
    const [least, largest] = [Math.max(0, from - i), to === UNBOUNDED ? UNBOUNDED : to - i];
    if (i > 0) return ` ${repeat(`("," ws ${rest})`, least, largest)}`;
    const all = `${rest} ${repeat(`("," ws ${rest})`, Math.max(0, least - 1), largest === UNBOUNDED ? UNBOUNDED : largest - 1)}`;
    return least === 0 ? `(${all})?` : all;
  };
  return to === 0 ? '"[" ws "]"' : `"[" ws ${tail(0)} ws "]"`;
}

export function objectBody(compiler: Rules, parts: readonly Part[]): string | undefined {
  const names = new Set<string>();
  const required = new Set<string>();
  for (const { schema } of parts) if (isKeywords(schema.properties)) for (const name of Object.keys(schema.properties)) names.add(name);
  for (const { schema } of parts) if (Array.isArray(schema.required)) for (const name of schema.required) if (typeof name === 'string') { names.add(name); required.add(name); }
  const patterned = parts.some(({ schema }) => schema.patternProperties !== undefined);
  const others = parts.flatMap(({ schema, path }): Placed[] => {
    const key = schema.additionalProperties !== undefined ? 'additionalProperties' : schema.unevaluatedProperties === false ? 'unevaluatedProperties' : undefined;
    return key === undefined || schema.patternProperties !== undefined ? [] : [{ schema: schema[key] as JsonSchema, path: within(path, key) }];
  });
  const isOpen = names.size === 0 || (others.length > 0 && !patterned);
  const other = isOpen ? compiler.compile(others) : undefined;
  const pairs: { readonly rule: string; readonly must: boolean }[] = [];
  for (const name of names) {
    const sub = compiler.compile(parts.flatMap(({ schema, path }): Placed[] => {
      if (isKeywords(schema.properties) && Object.hasOwn(schema.properties, name)) return [{ schema: schema.properties[name] as JsonSchema, path: within(path, 'properties', name) }];
      return schema.additionalProperties === undefined || schema.patternProperties !== undefined ? [] : [{ schema: schema.additionalProperties as JsonSchema, path: within(path, 'additionalProperties') }];
    }));
    if (sub !== undefined) pairs.push({ rule: compiler.rule(`${jsonLiteral(name)} ":" ws ${sub}`), must: required.has(name) });
    else if (required.has(name)) { hold(compiler, parts, pairs.length, required.size, other === undefined, patterned); return undefined; }
  }
  hold(compiler, parts, pairs.length, required.size, other === undefined, patterned);
  compiler.base('ws');
  const more = other === undefined ? undefined : compiler.rule(`${otherKeyOf(compiler, [...names])} ":" ws ${other}`);
  return `"{" ws ${chain(compiler, pairs, more)} ws "}"`;
}

function otherKeyOf(compiler: Rules, names: readonly string[]): string {
  if (names.length === 0) return compiler.base('string');
  return otherKey(names, (body) => compiler.rule(body));
}

/** Which keywords of objects the grammar holds. */
function hold(compiler: Rules, parts: readonly Part[], pairs: number, required: number, isClosed: boolean, patterned: boolean): void {
  const held = new Set(['required', ...(patterned ? [] : ['properties', 'additionalProperties'])]);
  if (isClosed && pairs <= (bound(parts, 'maxProperties', Math.min) ?? UNBOUNDED)) held.add('maxProperties');
  if (required >= (bound(parts, 'minProperties', Math.max) ?? 0)) held.add('minProperties');
  compiler.settle(parts, 'object', held);
}

/** Pairs in their order, those that need not be there with or without their comma, then any number of others. */
function chain(compiler: Rules, pairs: readonly { readonly rule: string; readonly must: boolean }[], more: string | undefined): string {
  let later = more === undefined ? '' : compiler.rule(`("," ws ${more})*`);
  let first = more === undefined ? '' : `(${more} ("," ws ${more})*)?`;
  for (const { rule, must } of [...pairs].reverse()) {
    const rest = first;
    first = `${rule} ${later}`.trim();
    if (!must) first = rest === '' ? `(${first})?` : `(${first} | ${compiler.rule(rest)})`;
    later = compiler.rule(`("," ws ${rule})${must ? '' : '?'} ${later}`.trim());
  }
  return first;
}
