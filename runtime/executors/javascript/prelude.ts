/**
 * Prelude: the script that makes a fresh QuickJS realm a place for bodies: what values look like inside, and how they are read out.
 *
 * It runs before any body, keeps its own hold of the intrinsics that it uses at the end (a body may break its own realm, which
 * then gives a wrong value or an error, never a way out), and gives the host one object of functions. The host has no other door:
 * `emit` for the console and `column` for the columns of a table. Written for strict script mode, in a string because it never runs here.
 */
import { numberOf } from '../../values/scalars.ts';

/** Where a running module finds its inputs: a global name that no identifier can spell, so no body reads it by mistake. */
export const INPUTS = 'telar inputs';

/** The script; its value is a function of (emit, column, random state) that gives `Inside`. */
export const PRELUDE = String.raw`'use strict';
(emit, fetchColumn, seed) => {
${'' /* the same function as outside: the type stripper leaves plain JavaScript */}
const numberOf = ${numberOf.toString()};
const { freeze, keys: keysOf, getPrototypeOf, defineProperty, fromEntries, create, is } = Object;
const { isArray } = Array;
const { stringify, parse } = JSON;
const { isSafeInteger } = Number;
const TypedArray = getPrototypeOf(Int8Array);
const index = /^(?:0|[1-9]\d{0,9})$/;
const isIndex = (key) => index.test(key) && Number(key) < 4294967295;

class Tagged {
  constructor(tag, text) { this.tag = tag; this.text = text; freeze(this); }
  toString() { return this.text; }
  toJSON() { return this.text; }
  valueOf() { return numberOf(this.tag, this.text); }
  [Symbol.toPrimitive](hint) { return hint === 'string' || (hint === 'default' && this.tag !== 'decimal' && this.tag !== 'float') ? this.text : this.valueOf(); }
  toDate() { return new Date(numberOf(this.tag, this.text)); }
}
class Tuple extends Array { static get [Symbol.species]() { return Array; } }
class Complex {
  constructor(re, im) { this.re = re; this.im = im; freeze(this); }
  toString() { return this.re + (this.im < 0 ? '-' : '+') + Math.abs(this.im) + 'j'; }
}

// Tables: columns are fetched when first asked for; rows are fresh objects, so a body may sort and change them as its own.
const tables = new WeakMap();
class Table {
  constructor(id, columns, length) {
    tables.set(this, { id, cache: new Map(), row: undefined });
    defineProperty(this, 'columns', { value: freeze(columns.map(freeze)), enumerable: true });
    defineProperty(this, 'length', { value: length, enumerable: true });
    freeze(this);
  }
  column(name) {
    const { id, cache } = tables.get(this);
    if (!cache.has(name)) {
      const at = this.columns.findIndex((column) => column.name === name);
      if (at < 0) throw new RangeError('The table has no column ' + stringify(name) + '; it has ' + this.columns.map((column) => column.name).join(', ') + '.');
      cache.set(name, fetchColumn(id, at));
    }
    return cache.get(name);
  }
  at(index) {
    const whole = Math.trunc(index) || 0;
    const place = whole < 0 ? whole + this.length : whole;
    return place < 0 || place >= this.length ? undefined : rowOf(this)(place);
  }
  *[Symbol.iterator]() { const row = rowOf(this); for (let at = 0; at < this.length; at++) yield row(at); }
  toArray() { const row = rowOf(this); const rows = new Array(this.length); for (let at = 0; at < rows.length; at++) rows[at] = row(at); return rows; }
  toJSON() { return this.toArray(); }
  get [Symbol.toStringTag]() { return 'Table'; }
}
for (const name of ['map', 'filter', 'slice', 'find', 'findIndex', 'findLast', 'some', 'every', 'reduce', 'reduceRight', 'forEach', 'flatMap', 'toSorted', 'toReversed', 'entries', 'keys', 'values', 'concat']) {
  defineProperty(Table.prototype, name, { value(...args) { return this.toArray()[name](...args); }, writable: true, configurable: true });
}
Object.setPrototypeOf(Table.prototype, new Proxy(Object.prototype, {
  get: (target, key, receiver) => typeof key === 'string' && isIndex(key) ? receiver.at(Number(key)) : Reflect.get(target, key, receiver),
}));
const rowOf = (table) => {
  const state = tables.get(table);
  if (state.row === undefined) {
    const names = table.columns.map((column) => column.name);
    const source = '(' + names.map((_, at) => 'c' + at).join(',') + ') => (i) => ({' + names.map((name, at) => '[' + stringify(name) + ']: c' + at + '[i]').join(',') + '})';
    state.row = (0, eval)(source)(...names.map((name) => table.column(name)));
  }
  return state.row;
};

// In: tagged JSON to values. A float that is whole is a plain number here.
const revive = (data) => {
  if (data === null || typeof data !== 'object') return data;
  if (isArray(data)) { for (let at = 0; at < data.length; at++) data[at] = revive(data[at]); return data; }
  const keys = keysOf(data);
  if (keys.length === 1 && keys[0][0] === '$') {
    const tag = keys[0].slice(1); const inner = data[keys[0]];
    switch (tag) {
      case 'int': return BigInt(inner);
      case 'float': return Number(inner);
      case 'bytes': return bytesOf(inner);
      case 'tuple': return Tuple.from(revive(inner));
      case 'set': return new Set(revive(inner));
      case 'complex': return new Complex(...revive(inner));
      case 'map': {
        const entries = revive(inner);
        if (entries.some(([key]) => typeof key !== 'string' || key === '__proto__')) return new Map(entries);
        const object = fromEntries(entries);
        return keysOf(object).every((key, at) => key === entries[at][0]) ? object : new Map(entries);
      }
      default: return new Tagged(tag, inner);
    }
  }
  for (const key of keys) data[key] = revive(data[key]);
  return data;
};
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const bytesOf = (text) => {
  const bytes = new Uint8Array(Math.floor(text.length * 3 / 4) - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0));
  for (let at = 0, to = 0; at < text.length; at += 4) {
    const bits = [0, 1, 2, 3].reduce((sum, step) => sum << 6 | Math.max(0, alphabet.indexOf(text[at + step])), 0);
    for (const shift of [16, 8, 0]) if (to < bytes.length) bytes[to++] = bits >> shift & 255;
  }
  return bytes;
};
const base64 = (bytes) => {
  const parts = [];
  for (let at = 0; at < bytes.length; at += 3) {
    const bits = bytes[at] << 16 | (bytes[at + 1] ?? 0) << 8 | (bytes[at + 2] ?? 0);
    parts.push(alphabet[bits >> 18] + alphabet[bits >> 12 & 63] + (at + 1 < bytes.length ? alphabet[bits >> 6 & 63] : '=') + (at + 2 < bytes.length ? alphabet[bits & 63] : '='));
  }
  return parts.join('');
};

// Out: values to tagged JSON. Throws Refusal with the path.
class Refusal { constructor(what, trail) { this.what = what; this.live = what === 'a function' || what.startsWith('an instance'); this.path = trail.map((step) => typeof step === 'string' && /^[A-Za-z_$][\w$]*$/.test(step) ? '.' + step : '[' + (typeof step === 'string' ? stringify(step) : String(step)) + ']').join(''); } }
const trail = []; const above = new Set();
const encode = (value) => {
  switch (typeof value) {
    case 'undefined': return 'null';
    case 'boolean': return value ? 'true' : 'false';
    case 'string': return stringify(value);
    case 'number': return value - value === 0 && (value !== 0 || 1 / value > 0) && (isSafeInteger(value) || value % 1 !== 0) ? '' + value : '{"$float":"' + (value === 0 ? '-0' : value) + '"}';
    case 'bigint': return isSafeInteger(Number(value)) ? String(value) : '{"$int":"' + value + '"}';
    case 'function': throw new Refusal('a function', trail);
    case 'symbol': throw new Refusal('a symbol', trail);
  }
  if (value === null) return 'null';
  const prototype = getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== Array.prototype) {
    const scalar = encodeScalar(value);
    if (scalar !== undefined) return scalar;
  }
  if (above.has(value)) throw new Refusal('part of a cycle', trail);
  if (trail.length >= 500) throw new Refusal('nested deeper than 500 levels', trail.slice(0, 20));
  above.add(value);
  const text = value instanceof Table ? list(value.toArray()) : value instanceof Tuple ? '{"$tuple":' + list(value) + '}'
    : isArray(value) || value instanceof TypedArray ? list(value) : value instanceof Set ? '{"$set":' + list([...value]) + '}' : mapping(value);
  above.delete(value);
  return text;
};
const encodeScalar = (value) => {
  if (value instanceof Tagged) return '{"$' + value.tag + '":' + stringify(value.text) + '}';
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new Refusal('an invalid Date (give null instead)', trail);
    return '{"$timestamptz":"' + value.toISOString() + '"}';
  }
  if (value instanceof Complex) return '{"$complex":[' + encode(value.re) + ',' + encode(value.im) + ']}';
  if (value instanceof Uint8Array) return '{"$bytes":"' + base64(value) + '"}';
  if (value instanceof ArrayBuffer) return '{"$bytes":"' + base64(new Uint8Array(value)) + '"}';
  if (value instanceof Number || value instanceof String || value instanceof Boolean) return encode(value.valueOf());
};
const list = (items) => {
  const parts = new Array(items.length);
  const depth = trail.length;
  for (let at = 0; at < items.length; at++) { trail[depth] = at; parts[at] = encode(items[at]); }
  trail.length = depth;
  return '[' + parts.join(',') + ']';
};
const heads = new Map();
const headOf = (key) => {
  let head = heads.get(key);
  if (head === undefined) heads.set(key, head = typeof key === 'string' && key[0] !== '$' && key !== '__proto__' && !isIndex(key) ? stringify(key) + ':' : '');
  return head;
};
const mapping = (value) => {
  const isMap = value instanceof Map;
  const prototype = getPrototypeOf(value);
  if (!isMap && prototype !== null && prototype !== Object.prototype) throw new Refusal('an instance of ' + (value.constructor?.name || 'a class'), trail);
  const keys = isMap ? [...value.keys()] : keysOf(value);
  let plain = true;
  for (let at = 0; at < keys.length; at++) if (headOf(keys[at]) === '') { plain = false; break; }
  const parts = [];
  const depth = trail.length;
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at];
    trail[depth] = key;
    const item = isMap ? value.get(key) : value[key];
    if (item === undefined && !isMap) continue;
    parts.push(plain ? heads.get(key) + encode(item) : '[' + encode(key) + ',' + encode(item) + ']');
  }
  trail.length = depth;
  return plain ? '{' + parts.join(',') + '}' : '{"$map":[' + parts.join(',') + ']}';
};

const numberTypes = new Map([[Int8Array, 'int8'], [Uint8Array, 'uint8'], [Int16Array, 'int16'], [Uint16Array, 'uint16'], [Int32Array, 'int32'], [Uint32Array, 'uint32'],
  [BigInt64Array, 'int64'], [BigUint64Array, 'uint64'], [Float32Array, 'float32'], [Float64Array, 'float64']]);
const arrays = new WeakMap();
const typeName = (value) => {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return 'text of ' + value.length + ' characters';
  if (typeof value === 'number' || typeof value === 'bigint') return typeof value === 'bigint' || Number.isInteger(value) ? 'integer' : 'number';
  if (typeof value !== 'object') return typeof value;
  if (value instanceof Table) return 'table ' + value.length + ' × ' + value.columns.length;
  if (value instanceof Tagged) return value.tag;
  if (value instanceof Date) return 'timestamptz';
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) return value.byteLength + ' bytes';
  if (value instanceof TypedArray) return 'array of ' + value.length;
  if (isArray(value)) return (value instanceof Tuple ? 'tuple of ' : 'list of ') + value.length;
  if (value instanceof Set) return 'set of ' + value.size;
  return 'record of ' + (value instanceof Map ? value.size : keysOf(value).length);
};
const brief = (value, depth) => {
  if (typeof value === 'string') return depth === 3 ? value.slice(0, 400) : stringify(value.slice(0, 400));
  if (typeof value === 'function') return '[function ' + value.name + ']';
  if (typeof value !== 'object' || value === null) return is(value, -0) ? '-0' : String(value ?? null);
  if (value instanceof Tagged || value instanceof Complex) return value.toString();
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString().slice(0, 23).replace(/[.]?0+$/, '') + 'Z';
  if (value instanceof Error) return String(value);
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) return '<' + value.byteLength + ' bytes>';
  if (depth === 0) return isArray(value) ? '[…]' : '{…}';
  const some = (items, size, show) => items.slice(0, 20).map(show).join(', ') + (size > 20 ? ', …' : '');
  const item = (inner) => brief(inner, depth === 3 ? 2 : depth - 1);
  if (value instanceof Table) return '[' + some(Array.from({ length: Math.min(5, value.length) }, (_, at) => value.at(at)), value.length > 5 ? 21 : 0, item) + ']';
  if (isArray(value) || value instanceof TypedArray) return '[' + some(Array.from(value.slice(0, 20)), value.length, item) + ']';
  if (value instanceof Set) return '{' + some([...value], value.size, item) + '}';
  const entries = value instanceof Map ? [...value] : keysOf(value).slice(0, 21).map((key) => [key, value[key]]);
  return '{' + some(entries, entries.length, ([key, inner]) => String(key) + ': ' + item(inner)) + '}';
};
const cut = (text) => text.length <= 400 ? text : text.slice(0, 399) + '…';

// The console says a string as it is and all else in short.
const say = (stream) => (...things) => { emit(stream, things.map((thing) => typeof thing === 'string' ? thing : thing instanceof Error ? String(thing) : brief(thing, 2)).join(' ') + '\n'); };
const out = say('stdout'); const err = say('stderr');
globalThis.console = { log: out, info: out, debug: out, warn: err, error: err };

// Chance: sfc32 from one seed (R9).
let [a, b, c, d] = [seed >>> 0, Math.floor(seed / 4294967296) >>> 0, 0x9e3779b9, 1];
const next = () => { const t = (a + b | 0) + d | 0; d = d + 1 | 0; a = b ^ b >>> 9; b = c + (c << 3) | 0; c = (c << 21 | c >>> 11) + t | 0; return t >>> 0; };
for (let round = 0; round < 15; round++) next();
Math.random = () => ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992;

const given = new Map();
return {
  table: (id, columns, length) => new Table(id, parse(columns), length),
  record: (text) => revive(parse(text)),
  plain: (text) => parse(text),
  typed: (type, buffer) => new ([...numberTypes].find(([, name]) => name === type)[0])(buffer),
  array: (type, shape, buffer) => {
    const kind = type === 'bool' ? Uint8Array : type === 'complex64' ? Float32Array : type === 'complex128' ? Float64Array : [...numberTypes].find(([, name]) => name === type)[0];
    const array = new kind(buffer);
    defineProperty(array, 'shape', { value: freeze(parse(shape)) });
    arrays.set(array, type);
    return array;
  },
  holes: (typed, nulls) => { const list = Array.from(typed); const flags = new Uint8Array(nulls); for (let at = 0; at < flags.length; at++) if (flags[at]) list[at] = null; return list; },
  space: (names, ...values) => freeze(fromEntries(parse(names).map((name, at) => [name, values[at]]))),
  remember: (value, id) => { given.set(value, id); },
  forget: (value) => { given.delete(value); },
  encode: (value) => encode(value),
  settle: async (namespace, names) => { const values = create(null); for (const name of parse(names)) values[name] = await namespace[name]; return values; },
  show: (value) => stringify({ type: typeName(value), preview: cut(brief(value, 3)) }),
  read: (value) => {
    if (given.has(value)) return { kind: 'given', text: String(given.get(value)) };
    if (typeof value === 'string') return { kind: 'text', text: value };
    if (typeof value === 'function') return { kind: 'live', text: /^class\b/.test(Function.prototype.toString.call(value)) ? 'class' : 'function' };
    if (value instanceof TypedArray && (arrays.has(value) || !(value instanceof Uint8Array)) && numberTypes.has(value.constructor)) {
      return { kind: 'array', text: stringify({ type: arrays.get(value) ?? numberTypes.get(value.constructor), shape: value.shape ?? [value.length] }), buffer: value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength) };
    }
    if (value instanceof Uint8Array) return { kind: 'bytes', text: '', buffer: value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength) };
    if (value instanceof ArrayBuffer) return { kind: 'bytes', text: '', buffer: value };
    trail.length = 0; above.clear();
    try {
      return { kind: 'record', text: encode(value) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return error.live ? { kind: 'live', text: 'object' } : { kind: 'refused', text: stringify({ path: error.path, what: error.what }) };
    }
  },
};
}`;
