/** The prison of a JavaScript body: what it tries ends in a typed error, soon, and the engine goes on. */
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { engine, run } from '../support/javascript.ts';

afterAll(() => engine.close());
afterEach(async () => { expect((await run('1 + 1')).value).toBe(2); });

const hard = { time: 300, memory: 32e6, output: 4e6 };

describe('S6 a body cannot get out', () => {
  it.each([
    '(function () {}).constructor.constructor("return process")()', 'console.log.constructor("return process")()', 'console.log.constructor.constructor("return require")()("fs")', 'globalThis.process.exit()', 'fetch("http://127.0.0.1")',
    'await import("node:fs")', 'await import("fs")', 'await import("/etc/passwd")', 'await import("file:///etc/passwd")', 'await import("../package.json")', 'import fs from "node:fs"; fs', 'new WebAssembly.Module(new Uint8Array())', 'new SharedArrayBuffer(8)[0].x', 'Deno.env', 'require("fs")',
  ])('S6 %s', async (code) => {
    await expect(run(code, {}, hard)).rejects.toMatchObject({ code: 'exception' });
  });

  it('S6 the realm has the language and a console, nothing else', async () => {
    const { value } = await run('Object.getOwnPropertyNames(globalThis).filter((name) => !/^[A-Z]/.test(name)).sort()');
    expect(value).toStrictEqual(['console', 'decodeURI', 'decodeURIComponent', 'encodeURI', 'encodeURIComponent', 'escape', 'eval', 'globalThis', 'isFinite', 'isNaN', 'parseFloat', 'parseInt', 'performance', 'queueMicrotask', 'telar inputs', 'undefined', 'unescape']
      .filter((name) => (value as string[]).includes(name) || !['performance', 'queueMicrotask'].includes(name)));
  });

  it('S6 a body that breaks its realm breaks nothing else', async () => {
    await run('Object.prototype.kind = "given"; Array.prototype.map = null; JSON.stringify = () => "{"; Map.prototype.get = () => { throw 1 }; 1', {}, hard).catch(() => {});
    await run('Object.defineProperty(Object.prototype, "kind", {get() { return "text" }, set() {}}); ({})', {}, hard).catch(() => {});
  });
});

describe('R5 a body is stopped', () => {
  it.each([
    ['a loop', 'while (true) {}'], ['jobs without end', 'function f() { Promise.resolve().then(f) }\nf(); 1'], ['an awaited loop', 'async function f() { for (;;) await 0 }\nawait f()'], ['a backtracking expression', '/^(a+)+$/.test("a".repeat(40) + "b")'], ['a loop that catches', 'for (;;) try { for (;;); } catch {}'],
    ['a sort', '[...Array(1e5).keys()].sort(() => { for (;;); })'], ['a getter read at the end', '({get a() { for (;;); }})'], ['a proxy read at the end', 'new Proxy({}, {ownKeys() { for (;;); }})'], ['long native work', 'const s = "a".repeat(3e6); for (;;) s.indexOf("b")'], ['a thenable', '({then() { for (;;); }})'],
  ])('R5 by its time limit: %s', async (_, code) => {
    const from = performance.now();
    await expect(run(code, {}, hard)).rejects.toMatchObject({ code: 'timeout', data: { limit: 300 } });
    expect(performance.now() - from).toBeLessThan(hard.time + 1000);
  });

  it.each([
    ['a growing list', 'const s = []; for (;;) s.push(new Array(1e5).fill(0))'], ['a long string', 'const s = []; for (let i = 0; ; i++) s.push("x".repeat(1e6) + i)'], ['buffers', 'const s = []; for (;;) s.push(new ArrayBuffer(1e6))'], ['one request', '"x".repeat(2 ** 29)'], ['a split', '"a".repeat(3e6).split("").map((x) => [x])'],
  ])('R5 by its memory limit: %s', async (_, code) => {
    await expect(run(code, {}, { ...hard, time: 20_000 })).rejects.toMatchObject({ code: 'memory', data: { limit: 32e6 } });
  });

  it.each([
    ['recursion', 'function f() { f() }\nf()'], ['nested text', 'JSON.parse("[".repeat(1e5) + "]".repeat(1e5))'], ['nested code', 'eval("(".repeat(20000) + ")".repeat(20000))'], ['conversion', 'const a = {toString: () => "" + a}; `${a}`'], ['a doubled string', 'let s = "xx"; for (;;) s += s'],
  ])('R5 with an exception: %s', async (_, code) => {
    await expect(run(code, {}, hard)).rejects.toMatchObject({ code: 'exception' });
  });

  it.each([['printing', 'for (;;) console.log("x".repeat(1e4))'], ['printing, and catching', 'for (;;) try { console.log("x".repeat(1e4)) } catch {}'], ['a large value', '"x".repeat(5e6)'], ['large bytes', 'new Uint8Array(5e6)']])('R5 by its output limit: %s', async (_, code) => {
    await expect(run(code, {}, { ...hard, time: 20_000 })).rejects.toMatchObject({ code: 'output-limit', data: { limit: 4e6 } });
  });

  it('R5 waiting for nothing is told at once', async () => {
    await expect(run('await new Promise(() => {})')).rejects.toMatchObject({ code: 'exception', line: 10 });
  });

  it('R2 a cancelled body stops within a second, another goes on', async () => {
    const abort = new AbortController();
    const [hit, other] = [run('while (true) {}', {}, { signal: abort.signal }), run('let n = 0; for (let i = 0; i < 1e6; i++) n += i; n')];
    await other;
    const from = performance.now();
    abort.abort();
    await expect(hit).rejects.toMatchObject({ code: 'cancelled' });
    expect(performance.now() - from).toBeLessThan(1000);
  });
});
