/** Tests of code in the sandbox: fresh state, limits, and code that tries to look better than it is. */
import { afterAll, describe, expect, test } from 'vitest';
import { testContract } from '../../nodes/contract/run.ts';
import type { TestReport } from '../../nodes/contract/types.ts';
import type { Executor, Files } from '../../runtime/ports.ts';
import { createStepContext } from '../../runtime/scheduler/context.ts';
import { contractOf, contractTools, smallContract, verdicts } from '../support/contracts.ts';
import { memoryBlobs } from '../support/memory-blobs.ts';

const bench = contractTools();
afterAll(bench.close);

const run = (contract: string, code: string, time = 10_000): Promise<TestReport> => testContract(contractOf(contract), { code }, bench.tools, { time });

const LIST = smallContract(['get'], `- id: T1
  when: []
  then:
    - get(1) === 42
    - get(2) == 42
    - get(3) > 41
    - 'get(4) returns {a: [1, 2]}'
    - get(5) throws RangeError
    - "get(6) is an object with a: 1"
    - get(7) contains b key
    - get(8).every(part => part > 0) && JSON.stringify(get(8)) === '[1]'
    - get(9) + 1 === 43`);
const ALL_RED = 'T1.1 red, T1.2 red, T1.3 red, T1.4 red, T1.5 red, T1.6 red, T1.7 red, T1.8 red, T1.9 red';

describe('code that gives the right values', () => {
  test('K2 is green, whatever ordinary code does with its own objects', async () => {
    const report = await run(LIST, `
      class Mine extends Error { constructor(text) { super(text); this.name = 'Mine'; this.message = text + '!'; } }
      function Old() {} Old.prototype = Object.create(Error.prototype); Old.prototype.constructor = Old; Old.prototype.toString = () => 'old';
      const words = {}; for (const word of ['isPrototypeOf', 'propertyIsEnumerable', 'toLocaleString']) words[word] = 1;
      const box = {}; box.toString = () => 'box'; box.constructor = 1; box.hasOwnProperty = () => false;
      export function get(input) {
        if (new Mine('x').name !== 'Mine' || String(box) !== 'box' || String(new Old()) !== 'old') throw new Error('the world is broken');
        return [, 42, 42, 42, {a: [1, 2]}, undefined, {a: 1, z: 2}, new Map([['b', 1]]), [1], 42][input] ?? (() => { throw new (class MyRange extends RangeError {})('five'); })();
      }`);
    expect(report.lines.filter(({ ok }) => ok !== true)).toEqual([]);
  });

  test('K2 each test has a fresh copy of the code, of localStorage and of the globals', async () => {
    const contract = smallContract(['next'], ['A', 'B'].map((id) => `- id: ${id}
  given: {localStorage: {n: 4}, globals: {step: ${id === 'A' ? 1 : 2}}}
  when: next()
  then: [next returns ${id === 'A' ? 5 : 6}, "next() === ${id === 'A' ? 6 : 8}", localStorage contains n key]`).join('\n'));
    const report = await run(contract, `let calls = 0;
      export const next = () => { calls += 1; globalThis.leak = (globalThis.leak ?? 0) + 1; if (globalThis.leak !== calls) throw new Error('leaked');
        const n = Number(localStorage.getItem('n')) + step; localStorage.setItem('n', n); return n; };`);
    expect(verdicts(report)).toBe('A.1 green, A.2 green, A.3 green, B.1 green, B.2 green, B.3 green');
  });

  test('K2 an export that is only named is called with the given arguments, those of its first call, or plain ones; a dependency can fail too', async () => {
    const contract = smallContract(['get', 'tell'], `- {id: T1, given: {arguments: {get: [3, [4]]}}, when: [], then: ['get returns [3, [4]]']}
- {id: T2, when: [], then: ['get returns [7, null]', tell returns undefined]}
- {id: T3, when: "get(7, null)", then: ['get returns [7, null]', "tell returns undefined", "Bus receives send('text', 1)"]}
- {id: T4, when: Bus.send throws TypeError, then: [tell throws TypeError, "tell('a') throws Error", Bus receives send()]}`);
    expect(verdicts(await run(contract, "export const get = (...all) => all; export const tell = (what) => { Bus.send(what, 1); };"))).toBe('T1.1 green, T2.1 green, T2.2 green, T3.1 green, T3.2 green, T3.3 green, T4.1 green, T4.2 green, T4.3 red');
  });

  test('K2 a step can tighten the limits of what it runs, and not loosen them', async () => {
    const seen: unknown[] = [];
    const engine: Executor = { engine: 'javascript', concurrency: 1, identity: () => ({}), available: () => ({ ok: true }), close: async () => undefined, execute: async (_, __, { limits }) => { seen.push(limits); return { outputs: {}, reads: [] }; } };
    const context = createStepContext({
      blobs: memoryBlobs(), files: {} as Files, sha256: () => '', executors: new Map([['javascript', engine]]), folder: '', signal: new AbortController().signal, limits: { time: 1000, memory: 1e9, output: 1e6 }, emit: () => undefined,
    });
    const program = { engine: 'javascript', code: '1', file: '', line: 1, id: 'a', wanted: [], binds: [], modules: {}, folder: '' };
    await context.execute(program, {}, { time: 100, memory: 2e9 });
    await context.execute(program, {});
    expect(seen).toEqual([{ time: 100, memory: 1e9, output: 1e6 }, { time: 1000, memory: 1e9, output: 1e6 }]);
  });

  test('K2 asynchronous exports, where the contract says that they are', async () => {
    const contract = smallContract(['load'], `- id: T1
  when: await load('a')
  then: ["await load('b') === 'B'", load returns 'A', "load('c') === 'C'"]`).replace('load: {type: function,', 'load: {type: function, returns: {type: promise},');
    expect(verdicts(await run(contract, 'export const load = async (text) => { await null; return text.toUpperCase(); };'))).toBe('T1.1 green, T1.2 green, T1.3 red');
  });
});

describe('code that gives wrong values', () => {
  test.each([
    ['and nothing else', 'export const get = () => 41;'],
    ['objects that answer for themselves', `export const get = () => ({valueOf: () => 42, toString: () => '42', [Symbol.toPrimitive]: () => 42, get length() { return 1; }, every: () => true});`],
    ['a new Object.prototype', `try { Object.prototype.a = 1; Object.prototype.b = 1; Object.prototype.toJSON = () => 1; } catch {} export const get = () => ({});`],
    ['new globals', `for (const name of ['JSON', 'Object', 'Map', 'Array', 'Reflect', 'Error', 'RangeError', 'Number']) { try { globalThis[name] = new Proxy({}, {get: () => () => true}); } catch {} try { Object.defineProperty(globalThis, name, {value: () => '[1]'}); } catch {} } export const get = () => 0;`],
    ['methods of arrays that say yes', `for (const [of, name] of [[Array.prototype, 'every'], [Array.prototype, 'some'], [Object, 'is'], [Map.prototype, 'get'], [Promise.prototype, 'then'], [Function.prototype, 'call']]) { try { of[name] = () => true; } catch {} try { Object.defineProperty(of, name, {value: () => true}); } catch {} } try { JSON.stringify = () => '[1]'; } catch {} export const get = () => [-1];`],
    ['a Proxy that changes its answers', `let n = 0; export const get = () => new Proxy([], {get: (_, key) => key === 'length' ? 2 : n++, getPrototypeOf: () => RangeError.prototype, ownKeys: () => ['length', 'c'], getOwnPropertyDescriptor: (of, key) => Reflect.getOwnPropertyDescriptor(of, key)});`],
    ['a list of its own class', `class Liar extends Array { every() { return true; } some() { return true; } valueOf() { return 42; } toString() { return '42'; } } export const get = () => Liar.from([-1]);`],
    ['thenables', `export const get = () => ({then: (resolve) => resolve(42)});`],
    ['a wish to import its judge', `const judge = await import('SMALL-001#contract').catch(() => ({})); for (const name of ['results', 'judges', 'state', 'known']) { try { judge[name].length = 0; } catch {} } console.log('telar contract ', JSON.stringify([{lines: [{ok: true}]}])); export const get = () => 41;`],
    ['errors with a name that is no text', `export const get = () => { throw {name: {toString: () => 'RangeError', valueOf: () => 'RangeError'}, message: {}}; };`],
    ['a later wish to import its judge', `import('SMALL-001#contract').then((judge) => { try { judge.default = 'telar contract '; } catch {} }); export const get = () => 41;`],
    ['a module that is a promise', `export const get = () => 41; export const then = (resolve) => resolve({get: () => 42});`],
    ['names of the harness, spelled otherwise', 'export const get = () => 42; for (let n = 0; n < 99; n++) telar\\u0024hit(n);'],
    ['names of the harness', `export const get = () => 41; export const telar$found = [() => ({get: () => 40})]; try { globalThis['telar$double'] = null; } catch {} try { delete globalThis.localStorage; } catch {}`],
    ['an export that is no function', 'export const get = 42;'],
    ['no export', 'const got = () => 42;'],
    ['no JavaScript', 'export const get = ('],
    ['an error when it is loaded', "throw new Error('not today'); export const get = () => 42;"],
    ['an import from nowhere', "import _ from 'lodash'; export const get = () => 42;"],
  ])('K2 stays red: %s', async (_, code) => {
    expect(verdicts(await run(LIST, code))).toBe(ALL_RED);
  });

  const TWO = smallContract(['get'], `- {id: A, when: [], then: [get(1) === 1]}
- {id: B, when: [], then: [get(2) === 2]}`);

  test.each([
    ['an endless loop', 'export const get = (n) => { while (n === 1); return n; };', /no end within 1 s/],
    ['all of the memory', 'export const get = (n) => { const all = []; while (n === 1) all.push(new Array(1e6).fill(n)); return n; };', /memory/],
    ['endless recursion', 'export const get = (n) => n === 1 ? get(n) + 1 : n;', /stack|recurs/i],
    ['a flood of words', "export const get = (n) => { while (n === 1) console.log('x'.repeat(1e5)); return n; };", /bytes|no end/],
    ['globals that cannot be taken back', "export const get = (n) => { if (n === 1) { Object.defineProperty(globalThis, 'mine', {value: 1}); throw new Error('mine'); } return n; };", /mine/],
  ])('K2 what brings a test down reddens that test alone: %s', async (_, code, said) => {
    const { lines } = await run(TWO, code, said.source === 'memory' ? 10_000 : 1000);
    expect(lines.map(({ ok }) => ok)).toEqual([false, true]);
    expect(`${lines[0]!.error} ${lines[0]!.actual}`).toMatch(said);
  });

  test('K2 a promise that never settles is red', async () => {
    const contract = smallContract(['get'], '- {id: A, when: [], then: [await get(1) === 1]}\n- {id: B, when: [], then: [await get(2) === 2]}');
    expect(verdicts(await run(contract, 'export const get = (n) => n === 1 ? new Promise(() => {}) : Promise.resolve(n);'))).toBe('A.1 red, B.1 green');
  });

  test('K2 code that is too long or in another language is refused, deep code is red', async () => {
    await expect(run(TWO, `export const get = (n) => n; //${'x'.repeat(300_000)}`)).rejects.toMatchObject({ code: 'bad-input' });
    await expect(run(TWO.replace('JavaScript', 'Cobol'), 'get')).rejects.toMatchObject({ code: 'bad-input' });
    expect(verdicts(await run(TWO, `export const get = ${'('.repeat(100_000)}1;`))).toBe('A.1 red, B.1 red');
  });

  test('K2 what was expected and what came is told', async () => {
    const { lines } = await run(LIST, 'export const get = (n) => ({a: n});');
    expect(lines.map(({ expected, actual, error }) => [expected, actual, error].filter((part) => part !== undefined).join(' | '))).toEqual([
      '42 | {a: 1}', 'TypeError: an object is compared as if it were a number or text; compare its parts', 'TypeError: an object is compared as if it were a number or text; compare its parts',
      '{a: [1, 2]} | {a: 4}', 'fails with RangeError | gives {a: 5}', 'an object with a: 1 | {a: 6}', 'a key b | {a: 7}', 'TypeError: not a function', 'TypeError: an object is compared as if it were a number or text; compare its parts']);
  });
});
