/**
 * First part of the harness for JavaScript: what stands around the code (a fake `localStorage`, doubles that record, faults), and the lock. The lock freezes
 * every intrinsic and binds the standard globals for good before the code is loaded: code that tries to change them fails with a TypeError, and what it
 * does to its own objects can only give wrong values.
 *
 * Assigning to an heir of a frozen property fails in JavaScript ("override mistake"), so the keys that ordinary code overrides become accessors that allow it.
 * Road not taken: comparing the intrinsics afterwards, which misses code that changes one and puts it back.
 */

export const LOCK = String.raw`
const { freeze, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, hasOwn, create } = Object;
const { ownKeys, apply } = Reflect;
const { isArray } = Array;
const { stringify, parse } = JSON;
const now = Date.now;
const overridable = new Set(['constructor', 'toString', 'toLocaleString', 'valueOf', 'toJSON', 'name', 'message', 'hasOwnProperty', 'isPrototypeOf', 'propertyIsEnumerable']);
delete globalThis['telar inputs'];

// ---- What stands around the code
let state;
const fail = (name) => {
  const error = typeof globalThis[name] === 'function' && getPrototypeOf(globalThis[name]) === Error ? new globalThis[name]('a fault of the test') : new Error('a fault of the test');
  if (error.name !== name) defineProperty(error, 'name', { value: name, configurable: true, writable: true });
  return error;
};
const faulty = (target, method) => {
  const error = state.faults.get(target.toLowerCase() + '.' + method);
  if (error !== undefined) throw fail(error);
};
const storage = {
  getItem(key) { faulty('localStorage', 'getItem'); const text = state.storage.get(String(key)); return text === undefined ? null : text; },
  setItem(key, value) { faulty('localStorage', 'setItem'); const name = String(key); const text = String(value); state.storage.set(name, text); state.most = Math.max(state.most, size()); },
  removeItem(key) { faulty('localStorage', 'removeItem'); state.storage.delete(String(key)); },
  clear() { faulty('localStorage', 'clear'); state.storage.clear(); },
  key(index) { return [...state.storage.keys()][index] ?? null; },
  get length() { return state.storage.size; },
};
const size = () => { let bytes = 0; for (const [key, text] of state.storage) bytes += 2 * (key.length + text.length); return bytes; };
const doubles = new Map();
const record = (receiver, method) => (...args) => {
  if (state === undefined) return undefined;
  faulty(receiver, method);
  if (state.received.length < 10000) state.received.push({ receiver: receiver.toLowerCase(), method, args: args.map((arg) => snap(arg, 0)) });
  return undefined;
};
const double = (receiver, method) => {
  const key = receiver + ' ' + (method ?? '');
  if (!doubles.has(key)) {
    const parts = new Map();
    const call = record(receiver, method ?? 'default');
    doubles.set(key, new Proxy(function () {}, {
      apply: (_, __, args) => call(...args),
      get: (_, part) => {
        if (typeof part !== 'string' || part === 'then') return undefined;
        if (!parts.has(part)) parts.set(part, record(method === undefined || method === 'default' ? receiver : method, part));
        return parts.get(part);
      },
      set: () => false, defineProperty: () => false, deleteProperty: () => false, setPrototypeOf: () => false,
    }));
  }
  return doubles.get(key);
};

// ---- The lock
function lock(globals, withStorage) {
  freeze(storage);
  const own = (name, descriptor) => { defineProperty(globalThis, name, { ...descriptor, enumerable: false, configurable: false }); };
  own('telar$double', { value: double });
  for (const name of globals) if (!hasOwn(globalThis, name)) own(name, { get: () => double(name), set: undefined });
  if (withStorage) {
    own('localStorage', { get: () => (state === undefined ? undefined : storage), set: undefined });
    own('window', { value: globalThis });
    own('self', { value: globalThis });
  }
  const seen = new Set([globalThis, storage]);
  const todo = [getPrototypeOf(globalThis), getPrototypeOf(function* () {}), getPrototypeOf(async () => {}), getPrototypeOf(async function* () {}), getPrototypeOf([][Symbol.iterator]()), getPrototypeOf(new Map()[Symbol.iterator]()),
    getPrototypeOf(new Set()[Symbol.iterator]()), getPrototypeOf(''[Symbol.iterator]()), getPrototypeOf('a'.matchAll(/a/g))];
  for (const name of ownKeys(globalThis)) {
    const { value, configurable, writable } = getOwnPropertyDescriptor(globalThis, name);
    if (typeof value === 'function' || (typeof value === 'object' && value !== null)) todo.push(value);
    if (configurable) defineProperty(globalThis, name, { value, writable: false, configurable: false });
  }
  while (todo.length > 0) {
    const one = todo.pop();
    if (one === null || (typeof one !== 'object' && typeof one !== 'function') || seen.has(one)) continue;
    seen.add(one);
    todo.push(getPrototypeOf(one));
    const prototype = hasOwn(one, 'constructor');
    for (const key of ownKeys(one)) {
      const descriptor = getOwnPropertyDescriptor(one, key);
      if ('value' in descriptor) {
        if (typeof descriptor.value === 'function' || typeof descriptor.value === 'object') todo.push(descriptor.value);
        if (prototype && descriptor.configurable && !isArray(one) && overridable.has(key)) allow(one, key, descriptor.value, descriptor.enumerable);
      } else todo.push(descriptor.get ?? null, descriptor.set ?? null);
    }
    freeze(one);
  }
}
function allow(holder, key, value, enumerable) {
  defineProperty(holder, key, {
    get: () => value, enumerable, configurable: false,
    set(mine) {
      if (this === holder) throw new TypeError('the builtin ' + key + ' cannot be changed here');
      defineProperty(this, key, { value: mine, writable: true, enumerable: true, configurable: true });
    },
  });
}

`;
