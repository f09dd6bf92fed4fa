/**
 * The harness that judges JavaScript, as the text of a program for the engine `javascript`. It runs in one realm with the code under test, behind the lock of
 * `javascript-lock.ts`; operands of `<` and `==` must be plain, and only what the contract says is awaited.
 *
 * Road not taken: a realm for each test, which costs a program each, and still leaves the code and the judge of one test together.
 */
import { LOCK } from './javascript-lock.ts';
import { VALUES } from './javascript-values.ts';

/** Beginning of a result that this harness wrote, before its nonce. */
export const MARK = 'telar contract ';

/** The text of the harness; `lock(…)` and the jobs come after it. */
export const HARNESS = String.raw`${LOCK}${VALUES}// ---- Judging
// In a box: an async function would wait for a promise, or for what looks like one, though nobody said so.
const call = async ({ run, name, promise }, scope) => {
  if (name === undefined || !state.calls.has(name)) return valueOf({ run, promise }, scope);
  const last = state.calls.get(name);
  if ('error' in last) throw last.error;
  return { is: promise ? await last.value : last.value };
};
const valueOf = async ({ run, promise }, scope) => { const value = run(scope); return { is: promise ? await value : value }; };
const judges = {
  async true({ whole, sides }, scope) {
    if (sides === undefined) { const value = (await valueOf(whole, scope)).is; return { ok: value === true, expected: 'true', actual: told(value) }; }
    const left = (await valueOf(sides.left, scope)).is; const right = (await valueOf(sides.right, scope)).is;
    const ok = compare[sides.operator](left, right);
    return ok ? { ok } : { ok, expected: (sides.operator === '===' ? '' : sides.operator + ' ') + told(right), actual: told(left) };
  },
  async returns({ subject, value }, scope) {
    const actual = snap((await call(subject, scope)).is, 0); const expected = snap((await valueOf(value, scope)).is, 0);
    return { ok: alike(actual, expected), expected: cut(tell(expected)), actual: cut(tell(actual)) };
  },
  async throws({ subject, error }, scope) {
    let thrown;
    try { const value = (await call(subject, scope)).is; return { ok: false, expected: 'fails with ' + error, actual: 'gives ' + told(value) }; } catch (caught) { thrown = caught; }
    if (thrown === null || typeof thrown !== 'object') return { ok: false, expected: error, actual: errorText(thrown) };
    let named = textOf(thrown.name) === error;
    for (let one = getPrototypeOf(thrown), depth = 0; !named && one !== null && depth < 50; one = getPrototypeOf(one), depth++) named = hasOwn(one, 'constructor') && typeof one.constructor === 'function' && one.constructor.name === error;
    return { ok: named, expected: error, actual: errorText(thrown) };
  },
  async within({ subject, ms }, scope) { const from = now(); (await call({ ...subject, name: undefined }, scope)).is; const took = now() - from; return { ok: took <= ms, expected: 'at most ' + ms + ' ms', actual: took + ' ms' }; },
  async object({ subject, pairs }, scope) {
    const actual = snap((await call(subject, scope)).is, 0);
    const expected = [];
    let ok = actual.kind === 'object';
    for (const { key, value } of pairs) {
      const want = snap((await valueOf(value, scope)).is, 0);
      expected.push(key + ': ' + tell(want));
      ok = ok && hasOwn(actual.pairs, key) && alike(actual.pairs[key], want);
    }
    return { ok, expected: cut('an object with ' + expected.join(', ')), actual: cut(tell(actual)) };
  },
  async contains({ subject, key }, scope) {
    if (subject === undefined) { const text = state.storage.get(key); return { ok: text !== undefined && text !== '', expected: 'a text under ' + key, actual: text === undefined ? 'keys: ' + ([...state.storage.keys()].join(', ') || 'none') : stringify(cut(text)) }; }
    const actual = snap((await call(subject, scope)).is, 0);
    return { ok: actual.kind === 'object' ? hasOwn(actual.pairs, key) : actual.kind === 'map' ? actual.items.some(([name]) => name.value === key) : false, expected: 'a key ' + key, actual: cut(tell(actual)) };
  },
  async receives({ receiver, method, args }, scope) {
    const want = [];
    for (const arg of args) want.push(snap((await valueOf(arg, scope)).is, 0));
    const shown = (list) => '(' + list.map((arg) => tell(arg)).join(', ') + ')';
    const calls = state.received.filter((one) => one.receiver === receiver.toLowerCase() && one.method === method);
    const ok = calls.some((one) => one.args.length === want.length && one.args.every((arg, at) => alike(arg, want[at])));
    const others = state.received.map((one) => one.receiver + '.' + one.method);
    return { ok, expected: cut(method + shown(want)), actual: calls.length > 0 ? cut(calls.slice(-3).map((one) => method + shown(one.args)).join('; ')) : others.length > 0 ? cut('only ' + others.slice(0, 10).join(', ')) : 'nothing' };
  },
  async sound({ calls }, scope) {
    for (const one of calls) { try { (await call({ ...one, name: undefined }, scope)).is; } catch (error) { return { ok: false, expected: 'an answer of ' + one.said, actual: errorText(error) }; } }
    return { ok: true };
  },
};
const exportsOf = (namespace, names) => {
  const has = (value) => value !== null && (typeof value === 'object' || typeof value === 'function') && names.filter((name) => name in value).length;
  if (has(namespace) === names.length) return namespace;
  let best = namespace;
  const candidates = [];
  if ('telar$found' in namespace) for (const get of namespace.telar$found) { try { candidates.push(get()); } catch { /* not bound */ } }
  for (const key of ownKeys(namespace)) if (key !== 'telar$found' && typeof key === 'string') candidates.push(namespace[key]);
  for (const key of ownKeys(globalThis)) if (typeof key === 'string' && !state.standing.has(key)) candidates.push(globalThis[key]);
  candidates.push(globalThis);
  for (const candidate of candidates) if (has(candidate) > has(best)) best = candidate;
  return best;
};
const results = [];
const standing = () => new Set(ownKeys(globalThis));
let known;
async function job({ load, names, given, acts, lines, meter, probe }) {
  known ??= standing();
  for (const key of ownKeys(globalThis)) if (!known.has(key)) delete globalThis[key];
  state = { storage: new Map(given.localStorage), most: 0, received: [], faults: new Map(), calls: new Map(), standing: known };
  meter?.reset();
  for (const [name, value] of given.globals) if (!known.has(name)) defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: true });
  const from = now();
  const result = { lines: [], when: undefined, loaded: undefined, ms: 0 };
  results.push(result);
  let scope;
  try {
    const found = exportsOf((await load()).all, names);
    const missing = names.filter((name) => !(name in found));
    if (missing.length > 0) throw new Error('it exports no ' + missing.join(' and no '));
    scope = create(null);
    for (const name of names) {
      const one = found[name];
      scope[name] = typeof one !== 'function' || /^class\b/.test(apply(Function.prototype.toString, one, [])) ? one : (...args) => {
        try { const value = apply(one, found, args); if (state.acting) state.calls.set(name, { value }); return value; } catch (error) { if (state.acting) state.calls.set(name, { error }); throw error; }
      };
    }
    freeze(scope);
  } catch (error) { result.loaded = errorText(error); }
  if (scope !== undefined) {
    try {
      state.acting = true;
      for (const act of acts) { if (act.fault !== undefined) state.faults.set(act.fault.target.toLowerCase() + '.' + act.fault.method, act.fault.error); else await act.run(scope); }
      for (let turn = 0; turn < 10; turn++) await undefined;
    } catch (error) { result.when = errorText(error); }
    state.acting = false;
    for (const checks of lines) {
      const start = now();
      let verdict = { ok: true };
      for (const check of checks) {
        if (!verdict.ok) break;
        const spoken = check.is === 'throws' && check.subject.name !== undefined && state.calls.has(check.subject.name);
        if (result.when !== undefined && !spoken) verdict = { ok: false, expected: 'when ends well', actual: result.when };
        else { try { verdict = await judges[check.is](check, scope); } catch (error) { verdict = { ok: false, error: errorText(error) }; } }
      }
      result.lines.push({ ...verdict, ok: verdict.ok === true, ms: now() - start });
    }
    if (probe !== undefined) { try { result.probe = await probe(scope); } catch (error) { result.probe = { error: errorText(error) }; } }
  }
  result.ms = now() - from;
  result.bytes = state.most;
  if (meter !== undefined) result.hits = meter.hits();
}
`;
