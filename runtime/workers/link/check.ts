/**
 * Checks of single fields of a message: what a peer sent is a guess until it passed here.
 *
 * Written by hand and not over a schema: this stands in the way of every heartbeat, result and line of output.
 */

/** Anything that `JSON.parse` gives. */
export type Fields = Record<string, unknown>;

const ID = /^[A-Za-z0-9][\w.-]{0,63}$/;
const CODE = /^[a-z][a-z-]{0,39}$/;
/** Levels of a payload. Programs that stand on programs nest, three levels each: no more of them fit into a message than this. */
const DEEPEST = 2_500;

export const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
/** A text of one to `most` UTF-16 units. */
export const isText = (value: unknown, most: number): value is string => typeof value === 'string' && value.length > 0 && value.length <= most;
export const isName = (value: unknown): value is string => isText(value, 200);
/** An id of a worker or a class: it is part of an identity, and of names of files. */
export const isId = (value: unknown): value is string => typeof value === 'string' && ID.test(value);
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Whether an object has these keys and, beside them, none but the optional ones. */
export function hasOnly(value: Fields, needed: readonly string[], optional: readonly string[] = []): boolean {
  let found = 0;
  for (const key in value) {
    if (needed.includes(key)) found += 1;
    else if (!optional.includes(key)) return false;
  }
  return found === needed.length;
}

/** Whether JSON is no deeper than others can walk it, and has no key that would change a prototype. */
function isHarmless(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST) return false;
    const next: unknown[] = [];
    for (const each of level) {
      for (const key in each as Fields) {
        if (key === '__proto__') return false;
        const inner = (each as Fields)[key];
        if (typeof inner === 'object' && inner !== null) next.push(inner);
      }
    }
    level = next;
  }
  return true;
}

export const isPayload = (value: unknown): boolean => isObject(value) && isHarmless(value);

/** The wire form of an error. */
export const isError = (value: unknown): boolean => isObject(value) && hasOnly(value, ['code', 'message'], ['line', 'data'])
  && typeof value.code === 'string' && CODE.test(value.code) && typeof value.message === 'string'
  && (value.line === undefined || isCount(value.line)) && (value.data === undefined || isPayload(value.data));

/** At most `most` short texts under short names. */
export function isLabels(value: unknown, most: number): boolean {
  if (!isObject(value)) return false;
  const keys = Object.keys(value);
  return keys.length <= most && keys.every((key) => key !== '__proto__' && isText(key, 100) && typeof value[key] === 'string' && (value[key] as string).length <= 200);
}

/** At most `most` elements, each of which passes. */
export const isListOf = (value: unknown, most: number, passes: (each: unknown) => boolean): boolean => Array.isArray(value) && value.length <= most && value.every((each) => passes(each));
