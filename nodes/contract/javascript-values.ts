/**
 * Second part of the harness for JavaScript: looking at values without asking them. A value is copied, each of its properties read once; copies are compared by
 * structure and told in short. Nothing here calls a `toString`, `valueOf` or `toJSON` of the code under test.
 */

export const VALUES = String.raw`// ---- Values
const kindOf = (value) => {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  if (isArray(value)) return 'list';
  const prototype = getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return 'object';
  for (const [name, probe] of brands) { try { probe(value); return name; } catch { /* of another brand */ } }
  return 'object';
};
const { size: sizeOfMap } = { size: getOwnPropertyDescriptor(Map.prototype, 'size').get };
const sizeOfSet = getOwnPropertyDescriptor(Set.prototype, 'size').get;
const brands = [['map', (value) => apply(sizeOfMap, value, [])], ['set', (value) => apply(sizeOfSet, value, [])], ['date', (value) => apply(dateValue, value, [])]];
const dateValue = Date.prototype.getTime;
const mapEntries = Map.prototype.forEach; const setEntries = Set.prototype.forEach;
// A copy of what a value is now: each property is read once, and nothing of it is asked to speak for itself.
const snap = (value, depth) => {
  const kind = kindOf(value);
  if (depth > 60) return { kind: 'deep' };
  const inner = (part) => snap(part, depth + 1);
  switch (kind) {
    case 'list': { const items = []; const length = value.length; if (length > 100000) return { kind: 'long' }; for (let at = 0; at < length; at++) items.push(inner(value[at])); return { kind, items }; }
    case 'map': { const items = []; apply(mapEntries, value, [(item, key) => { items.push([inner(key), inner(item)]); }]); return { kind, items }; }
    case 'set': { const items = []; apply(setEntries, value, [(item) => { items.push(inner(item)); }]); return { kind, items }; }
    case 'date': return { kind, value: apply(dateValue, value, []) };
    case 'object': {
      const pairs = create(null);
      let count = 0;
      for (const key of ownKeys(value)) {
        if (typeof key !== 'string' || !getOwnPropertyDescriptor(value, key)?.enumerable) continue;
        if (++count > 100000) return { kind: 'long' };
        pairs[key] = inner(value[key]);
      }
      return { kind, pairs };
    }
    default: return { kind, value };
  }
};
const alike = (a, b) => {
  if (a.kind !== b.kind) return false;
  switch (a.kind) {
    case 'deep': case 'long': return false;
    case 'list': return a.items.length === b.items.length && a.items.every((item, at) => alike(item, b.items[at]));
    case 'map': return a.items.length === b.items.length && a.items.every(([key, item]) => b.items.some(([other, mine]) => alike(key, other) && alike(item, mine)));
    case 'set': return a.items.length === b.items.length && a.items.every((item) => b.items.some((other) => alike(item, other)));
    case 'object': { const keys = ownKeys(a.pairs).filter((key) => a.pairs[key].kind !== 'undefined'); return keys.length === ownKeys(b.pairs).filter((key) => b.pairs[key].kind !== 'undefined').length && keys.every((key) => hasOwn(b.pairs, key) && alike(a.pairs[key], b.pairs[key])); }
    case 'number': case 'date': return a.value === b.value || (a.value !== a.value && b.value !== b.value);
    default: return a.value === b.value;
  }
};
const tell = (snapped, depth = 0) => {
  switch (snapped.kind) {
    case 'string': return stringify(snapped.value.length > 200 ? snapped.value.slice(0, 199) + '…' : snapped.value);
    case 'number': return Object.is(snapped.value, -0) ? '-0' : '' + snapped.value;
    case 'function': return 'a function';
    case 'symbol': return 'a symbol';
    case 'bigint': return snapped.value + 'n';
    case 'date': return 'Date ' + snapped.value;
    case 'list': return depth > 3 ? '[…]' : '[' + snapped.items.slice(0, 20).map((item) => tell(item, depth + 1)).join(', ') + (snapped.items.length > 20 ? ', …' : '') + ']';
    case 'map': return depth > 3 ? 'Map {…}' : 'Map {' + snapped.items.slice(0, 20).map(([key, item]) => tell(key, depth + 1) + ' → ' + tell(item, depth + 1)).join(', ') + '}';
    case 'set': return depth > 3 ? 'Set {…}' : 'Set {' + snapped.items.slice(0, 20).map((item) => tell(item, depth + 1)).join(', ') + '}';
    case 'object': { const keys = ownKeys(snapped.pairs); return depth > 3 ? '{…}' : '{' + keys.slice(0, 20).map((key) => key + ': ' + tell(snapped.pairs[key], depth + 1)).join(', ') + (keys.length > 20 ? ', …' : '') + '}'; }
    case 'deep': case 'long': return 'something too large to look at';
    default: return '' + snapped.value;
  }
};
const cut = (text) => text.length > 300 ? text.slice(0, 299) + '…' : text;
const told = (value) => cut(tell(snap(value, 0)));
const textOf = (value) => typeof value === 'string' ? value : '';
const errorText = (error) => {
  try {
    if (error === null || typeof error !== 'object') return 'threw ' + told(error);
    const name = textOf(error.name) || 'Error';
    return cut(name + ': ' + textOf(error.message));
  } catch { return 'threw something that cannot be looked at'; }
};
// An operand of == or < must not be an object that answers for itself.
const telar$plain = (value) => {
  if (value !== null && (typeof value === 'object' || typeof value === 'function') && kindOf(value) !== 'date') throw new TypeError('an object is compared as if it were a number or text; compare its parts');
  return kindOf(value) === 'date' ? apply(dateValue, value, []) : value;
};
const compare = {
  '===': (a, b) => a === b, '!==': (a, b) => a !== b, '==': (a, b) => a == b, '!=': (a, b) => a != b,
  '<': (a, b) => a < b, '>': (a, b) => a > b, '<=': (a, b) => a <= b, '>=': (a, b) => a >= b,
};

`;
