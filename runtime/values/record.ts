/**
 * Record: plain data as canonical UTF-8 JSON with tags; equal values have equal bytes, and key order is kept (C8).
 *
 * An object with exactly one key that starts with `$` is a tag. A mapping is written as an object unless a key forbids it (not a string,
 * starts with `$`, `__proto__`, an array index); it is read back as a plain object wherever that holds it in order, else as a Map.
 * An integer beyond ±(2^53−1) is `$int`, a whole float there `$float`, so that no language takes one for the other.
 * RFC 8785 was not taken: it sorts keys, and their order is part of a record here.
 */
import { TelarError } from '../../contracts/errors.ts';
import { fromBase64, toBase64 } from './base64.ts';
import { Complex, isPlain, isTag, Tagged, taggedInstant, Tuple } from './scalars.ts';

/** Deepest nesting of a record. */
export const MAX_DEPTH = 500;

const utf8 = new TextEncoder();

/**
 * The canonical bytes of a value.
 * @throws TelarError `value-type` with the `path` (`.a[3]`) of a cycle, function, symbol, class instance, or of nesting beyond `MAX_DEPTH`
 */
export const encodeRecord = (value: unknown): Uint8Array<ArrayBuffer> => utf8.encode(recordText(value));

/** The canonical text of a value; see `encodeRecord`. */
export const recordText = (value: unknown): string => write(value, []);

/** Reads what `encodeRecord` wrote. @throws TelarError `damaged` when the bytes are no record */
export function decodeRecord(bytes: Uint8Array): unknown {
  try {
    return revive(JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)), []);
  } catch (error) {
    throw new TelarError('damaged', `These bytes are no record: ${(error as Error).message}`, {}, { cause: error });
  }
}

/**
 * The canonical bytes of tagged JSON as an engine emits it: any spacing, any spelling of numbers, tags and mappings.
 * @throws TelarError `value-type` when it is not tagged JSON
 */
export const canonicalRecord = (json: string): Uint8Array<ArrayBuffer> => encodeRecord(readTagged(json));

/** The value that tagged JSON stands for. @throws TelarError `value-type` when it is not tagged JSON */
export function readTagged(json: string): unknown {
  try {
    return revive(JSON.parse(json), []);
  } catch (error) {
    if (error instanceof TelarError) throw error;
    throw new TelarError('value-type', `The engine gave a value that is not JSON: ${(error as Error).message}`, {}, { cause: error });
  }
}

/** Whether JavaScript moves this key before the others of an object. */
export const isIndex = (key: string): boolean => /^(?:0|[1-9]\d{0,9})$/.test(key) && Number(key) < 4_294_967_295;

/** Where we are: the steps from the top, and the objects that hold them. */
type Trail = { readonly step: unknown; readonly object: object }[];

const pathOf = (trail: Trail): string => trail.slice(0, 20).map(({ step }) => (
  typeof step === 'string' && /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(step) ? `.${step}` : `[${typeof step === 'string' ? JSON.stringify(step) : String(step)}]`
)).join('');

function refuse(trail: Trail, what: string): never {
  const path = pathOf(trail);
  throw new TelarError('value-type', `The value${path === '' ? '' : ` at ${path}`} is ${what}, which is no plain data; give numbers, text, lists and objects.`, { path, type: what });
}

function inside<T>(trail: Trail, object: object, step: unknown, work: () => T): T {
  if (trail.length >= MAX_DEPTH) refuse(trail, `nested deeper than ${MAX_DEPTH} levels`);
  trail.push({ step, object });
  const result = work();
  trail.pop();
  return result;
}

/** Whether a number is written bare. A whole one beyond ±(2^53−1) is a float here, and must not read as an integer elsewhere. */
const plainNumber = (value: number): boolean => Number.isFinite(value) && !Object.is(value, -0) && (Number.isSafeInteger(value) || !Number.isInteger(value));

function write(value: unknown, trail: Trail): string {
  switch (typeof value) {
    case 'undefined': return 'null';
    case 'boolean': return value ? 'true' : 'false';
    case 'string': return JSON.stringify(value);
    case 'number': return plainNumber(value) ? String(value) : `{"$float":"${Object.is(value, -0) ? '-0' : value}"}`;
    case 'bigint': return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? String(value) : `{"$int":"${value}"}`;
    case 'object': return value === null ? 'null' : writeObject(value, trail);
    default: return refuse(trail, `a ${typeof value}`);
  }
}

function writeObject(value: object, trail: Trail): string {
  if (value instanceof Tagged) return `{"$${value.tag}":${JSON.stringify(value.text)}}`;
  if (value instanceof Complex) return `{"$complex":[${write(value.re, trail)},${write(value.im, trail)}]}`;
  if (value instanceof Date) return write(taggedInstant(value), trail);
  if (value instanceof Uint8Array) return `{"$bytes":"${toBase64(value)}"}`;
  if (value instanceof ArrayBuffer) return `{"$bytes":"${toBase64(new Uint8Array(value))}"}`;
  if (trail.some(({ object }) => object === value)) refuse(trail, 'part of a cycle');
  const list = (items: Iterable<unknown>): string[] => Array.from(items, (item, index) => inside(trail, value, index, () => write(item, trail)));
  if (value instanceof Tuple) return `{"$tuple":[${list(value).join(',')}]}`;
  if (Array.isArray(value)) return `[${list(value).join(',')}]`;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return `[${list(value as unknown as Iterable<unknown>).join(',')}]`;
  if (value instanceof Set) return `{"$set":[${[...new Set(list(value))].sort().join(',')}]}`;
  if (value instanceof Map) return writeMapping([...value], value, trail);
  if (!isPlain(value)) refuse(trail, `an instance of ${value.constructor?.name ?? 'a class'}`);
  return writeMapping(Object.entries(value).filter(([, item]) => item !== undefined), value, trail);
}

function writeMapping(entries: readonly [unknown, unknown][], object: object, trail: Trail): string {
  const plain = entries.every(([key]) => typeof key === 'string' && !key.startsWith('$') && key !== '__proto__' && !isIndex(key));
  const texts = entries.map(([key, item]) => inside(trail, object, key, () => (
    plain ? `${JSON.stringify(key)}:${write(item, trail)}` : `[${write(key, trail)},${write(item, trail)}]`)));
  return plain ? `{${texts.join(',')}}` : `{"$map":[${texts.join(',')}]}`;
}

function revive(data: unknown, trail: Trail): unknown {
  if (data === null || typeof data !== 'object') return data;
  const list = (items: readonly unknown[]): unknown[] => items.map((item, index) => (
    item !== null && typeof item === 'object' ? inside(trail, data, index, () => revive(item, trail)) : item));
  if (Array.isArray(data)) return list(data);
  const entries = Object.entries(data);
  const [tag, inner] = entries[0] ?? ['', undefined];
  if (entries.length === 1 && tag.startsWith('$')) return typeof inner === 'string' ? reviveText(tag.slice(1), inner, trail) : reviveList(tag.slice(1), inner, list, trail);
  return mapping(entries.map(([name, item]) => [name, item !== null && typeof item === 'object' ? inside(trail, data, name, () => revive(item, trail)) : item]));
}

function reviveText(tag: string, text: string, trail: Trail): unknown {
  const number = Number(text);
  if (tag === 'int' && /^-?\d+$/.test(text)) return Number.isSafeInteger(number) ? number : BigInt(text);
  if (tag === 'bytes') return fromBase64(text);
  if (tag === 'float' && (text === 'NaN' || (text.trim() !== '' && !Number.isNaN(number)))) {
    return Number.isSafeInteger(number) && !Object.is(number, -0) ? new Tagged('float', text) : number;
  }
  return isTag(tag) && tag !== 'float' ? new Tagged(tag, text) : refuse(trail, `a malformed or unknown tag $${tag}`);
}

function reviveList(tag: string, inner: unknown, list: (items: readonly unknown[]) => unknown[], trail: Trail): unknown {
  const wrong = (): never => refuse(trail, `a malformed or unknown tag $${tag}`);
  if (!Array.isArray(inner)) return wrong();
  if (tag === 'tuple') return Tuple.from(list(inner));
  if (tag === 'set') return new Set(list(inner));
  if (tag === 'complex' && inner.length === 2) {
    const [re, im] = list(inner).map((part) => (typeof part === 'number' || part instanceof Tagged ? Number(part) : wrong()));
    return new Complex(re!, im!);
  }
  if (tag !== 'map') return wrong();
  return mapping(list(inner).map((pair) => (Array.isArray(pair) && pair.length === 2 ? [pair[0], pair[1]] : wrong())));
}

/** A plain object where it keeps all keys and their order, else a Map. */
function mapping(entries: [unknown, unknown][]): unknown {
  if (entries.some(([key]) => typeof key !== 'string' || key === '__proto__')) return new Map(entries);
  const object = Object.fromEntries(entries) as Record<string, unknown>;
  const keys = Object.keys(object);
  return keys.length === entries.length && keys.every((key, index) => key === entries[index]![0]) ? object : new Map(entries);
}
