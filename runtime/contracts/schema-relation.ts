/**
 * Whether one type takes more than another. Types are names (`string`, `any`) or JSON Schemas; what is not understood of a schema is
 * *other* as soon as it differs, so a breach is never taken for an offer.
 */
import { isMapping, normalForm } from '../../nodes/yaml-body.ts';

/** How the second stands to the first: it holds all of it and more, or less, or something else. */
export type Relation = 'same' | 'wider' | 'narrower' | 'other';

/** Keys that are no constraint. */
const WORDS = new Set(['description', 'title', 'default', 'examples', 'required', 'place', 'key', 'since', 'name', '$comment']);
/** Names of one type. */
const ALIASES: Readonly<Record<string, string>> = { bool: 'boolean', int: 'integer', float: 'number', str: 'string', list: 'array', dict: 'object', void: 'null', undefined: 'null' };
/** Keywords by which a larger number is wider (1) or narrower (-1). */
const BOUNDS: Readonly<Record<string, 1 | -1>> = { maximum: 1, exclusiveMaximum: 1, maxLength: 1, maxItems: 1, maxProperties: 1, minimum: -1, exclusiveMinimum: -1, minLength: -1, minItems: -1, minProperties: -1 };
const DEEPEST = 40;

/** Compares two types, each as the map that says it. */
export function relate(was: Readonly<Record<string, unknown>>, is: Readonly<Record<string, unknown>>, depth = 0): Relation {
  if (depth > DEEPEST) return 'other';
  const relations: Relation[] = [types(was.type, is.type)];
  const keys = new Set([...Object.keys(was), ...Object.keys(is)].filter((key) => key !== 'type' && (!WORDS.has(key) || (key === 'required' && (Array.isArray(was.required) || Array.isArray(is.required))))));
  for (const key of keys) relations.push(keyword(key, was, is, depth));
  return join(relations);
}

function keyword(key: string, wasMap: Readonly<Record<string, unknown>>, isMap: Readonly<Record<string, unknown>>, depth: number): Relation {
  const [was, is] = [wasMap[key], isMap[key]];
  if (normalForm(was ?? null) === normalForm(is ?? null)) return 'same';
  if (key === 'required') return subset(listOf(was), listOf(is), true);
  if (key === 'enum' || key === 'values') {
    if (was === undefined) return 'narrower';
    return is === undefined ? 'wider' : subset(listOf(was), listOf(is), false);
  }
  if (key === 'properties') return join(properties(wasMap, isMap, depth));
  if ((key === 'items' || key === 'additionalProperties') && isMapping(was) && isMapping(is)) return relate(was, is, depth + 1);
  if (key === 'additionalProperties' && (was === false || is === false)) return is === false ? 'narrower' : 'wider';
  const sign = BOUNDS[key];
  if (sign !== undefined && (typeof was === 'number' || was === undefined) && (typeof is === 'number' || is === undefined)) {
    if (was === undefined) return 'narrower';
    if (is === undefined) return 'wider';
    return (is - was) * sign > 0 ? 'wider' : 'narrower';
  }
  // Any other constraint that comes takes something away, one that goes gives it back.
  if (was === undefined) return 'narrower';
  return is === undefined ? 'wider' : 'other';
}

function properties(was: Readonly<Record<string, unknown>>, is: Readonly<Record<string, unknown>>, depth: number): Relation[] {
  const [old, now] = [isMapping(was.properties) ? was.properties : {}, isMapping(is.properties) ? is.properties : {}];
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].map((name) => {
    const [before, after] = [old[name], now[name]];
    if (isMapping(before) && isMapping(after)) return relate(before, after, depth + 1);
    // A property that is named anew: where others were refused it is room, else it is a demand on what could be anything.
    if (before === undefined) return was.additionalProperties === false ? 'wider' : 'narrower';
    return after === undefined ? (is.additionalProperties === false ? 'narrower' : 'wider') : 'other';
  });
}

const listOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(normalForm) : []);

/** `demands`: a longer list is narrower. */
function subset(was: readonly string[], is: readonly string[], demands: boolean): Relation {
  const more = is.some((one) => !was.includes(one));
  const less = was.some((one) => !is.includes(one));
  if (more && less) return 'other';
  return more === less ? 'same' : more === demands ? 'narrower' : 'wider';
}

function types(was: unknown, is: unknown): Relation {
  const [old, now] = [typesOf(was), typesOf(is)];
  if (old === undefined || now === undefined) return old === now ? 'same' : now === undefined ? 'wider' : 'narrower';
  const within = (inner: ReadonlySet<string>, outer: ReadonlySet<string>): boolean => [...inner].every((one) => outer.has(one) || (one === 'integer' && outer.has('number')));
  const [grows, shrinks] = [within(old, now), within(now, old)];
  return grows && shrinks ? 'same' : grows ? 'wider' : shrinks ? 'narrower' : 'other';
}

/** The names of a type; `undefined` takes anything. `string | null` and lists are unions. */
function typesOf(type: unknown): ReadonlySet<string> | undefined {
  const names = (Array.isArray(type) ? type : typeof type === 'string' ? type.split('|') : []).map((one) => String(one).trim()).filter((one) => one !== '');
  return names.length === 0 || names.includes('any') ? undefined : new Set(names.map((name) => ALIASES[name.toLowerCase()] ?? name));
}

function join(relations: readonly Relation[]): Relation {
  return relations.reduce((all, one) => (all === 'same' ? one : one === 'same' || one === all ? all : 'other'), 'same');
}
