/** The llama engine with real models of random weights: text, chance, limits, loading and unloading. What damaged files do is in `llama-hostile.test.ts`. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { TelarError } from '../../contracts/errors.ts';
import { StopFinder } from '../../runtime/executors/llama/stop.ts';
import { estimateMemory, type GgufHeader, memoryParts, readGguf } from '../../runtime/governor/gguf.ts';
import { large, makeModel, metadataOf, tensorsOf, words, writeGguf } from '../support/gguf.ts';
import { ask, llamaReason, Models } from '../support/llama.ts';

const models = new Models();
const engine = models.engine();
const small = models.model();
/** Takes a while to hash and to load. */
const big = models.model(large);
const prompt = 'once upon a time';
afterAll(() => models.end());

const sha256 = (name: string): string => createHash('sha256').update(readFileSync(join(models.folder, name))).digest('hex');
function headOf(name: string): GgufHeader {
  const bytes = readFileSync(join(models.folder, name));
  return readGguf((at, length) => bytes.subarray(at, at + length), bytes.length);
}
const refused = (code: string, message: string | RegExp): object => ({ code, message: expect.stringMatching(message) as string });

describe('W18 before a model is loaded', () => {
  it('W18 says that node-llama-cpp is missing, and how to get it', async () => {
    const without = models.engine({ from: join(models.folder, 'nowhere.js') });
    expect(without.available()).toStrictEqual({ ok: false, reason: 'node-llama-cpp is not installed: npm install node-llama-cpp' });
    await expect(ask(without, small, prompt)).rejects.toMatchObject(refused('unavailable', 'npm install node-llama-cpp'));
    const empty = join(models.folder, 'node_modules', 'node-llama-cpp');
    mkdirSync(join(empty, 'dist'), { recursive: true });
    writeFileSync(join(empty, 'package.json'), '{"version": "3.0.0", "exports": "./dist/index.js"}');
    writeFileSync(join(empty, 'dist', 'index.js'), '');
    expect(without.available()).toMatchObject({ ok: false, reason: expect.stringContaining(`no binary for ${{ darwin: 'mac', win32: 'win' }[process.platform as string] ?? process.platform}-${process.arch}`) as string });
  });

  it('W18 the hash of the file is in the identity, pinned or not, and changes with the file', () => {
    const name = models.model({ seed: 2 });
    const identity = engine.identity({ settings: { model: name } });
    expect(identity).toMatchObject({ engine: 'node-llama-cpp', backend: 'cpu', model: sha256(name) });
    expect(engine.identity({ settings: { model: name, sha256: 'f'.repeat(64) } }).model).toBe('f'.repeat(64));
    expect(engine.identity({ settings: { model: name, gpu: 'cuda' } }).backend).toBe('cuda');
    models.put(makeModel({ seed: 3 }), name);
    expect(engine.identity({ settings: { model: name } }).model).toBe(sha256(name));
    expect(sha256(name)).not.toBe(identity.model);
    expect(engine.identity({ settings: { model: 'none.gguf' } }).model).toBe('unreadable');
    expect(engine.identity().model).toBeUndefined();
  });

  it('W18 a hash is remembered beyond the process, for as long as the file stays', () => {
    const cache = join(models.folder, 'cache');
    const settings = { model: small };
    expect(models.engine({ cache }).identity({ settings }).model).toBe(sha256(small));
    expect(models.engine({ cache }).identity({ settings }).model).toBe(sha256(small));
    models.put(makeModel({ seed: 9 }), small);
    expect(models.engine({ cache }).identity({ settings }).model).toBe(sha256(small));
    models.put(makeModel(), small);
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ model: undefined }, /No model is named/], [{ model: 3 }, /model has to be a path/], [{ sha256: 'AB' }, /64 digits/], [{ context: 15 }, /from 16/], [{ context: 513 }, /512 tokens at most/], [{ maxTokens: 0 }, /maxTokens/], [{ temperature: NaN }, /temperature/],
    [{ topK: 0.5 }, /topK/], [{ topP: 0 }, /topP/], [{ seed: -1 }, /seed/], [{ stop: [''] }, /stop/], [{ stop: 'end' }, /stop/], [{ gpu: true }, /gpu/], [{ draft: 'x' }, /no setting "draft"/], [{ __proto__: null, constructor: 1 }, /no setting "constructor"/],
  ])('W18 the setting %o is refused by name', async (settings, message) => {
    await expect(ask(engine, small, prompt, { settings })).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(message) as string });
  });

  it('W18 another file than the pinned one is refused', async () => {
    await expect(ask(engine, small, prompt, { settings: { sha256: '0'.repeat(64) } })).rejects.toMatchObject({ ...refused('refused', 'not the one that was pinned'), data: { found: sha256(small), pinned: '0'.repeat(64) } });
    // It is hashed by the way, so that a stop is heard.
    const controller = new AbortController();
    const asked = ask(engine, big, prompt, { settings: { sha256: '0'.repeat(64) }, signal: controller.signal });
    setTimeout(() => { controller.abort(); }, 5);
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
    await expect(ask(engine, big, prompt, { settings: { sha256: '0'.repeat(64) }, time: 3 })).rejects.toMatchObject({ code: 'timeout' });
  });

  it('W15 what cannot fit is not started, and the figures are told', async () => {
    const needed = estimateMemory(headOf(big), { context: 1024 });
    const none = models.engine({ room: ({ what, bytes }) => ({ ok: false, reason: `no room for ${what}: ${bytes} bytes` }) });
    await expect(ask(none, big, prompt, { memory: needed - 1 })).rejects.toMatchObject({ code: 'memory', data: { needed, limit: needed - 1, context: 1024 } });
    const shown = ask(none, big, prompt);
    await expect(shown).rejects.toMatchObject(llamaReason === '' ? { code: 'unavailable', message: `no room for The model ${big}: ${needed} bytes` } : { code: 'unavailable' });
    expect([engine, none].map((each) => each.memory?.())).toStrictEqual([0, 0]);
  });
});

describe('W18 texts at which it stops', () => {
  it('W18 the first of them is found however the text comes, and nothing of it is told', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ' '), maxLength: 40 });
    fc.assert(fc.property(text, fc.array(text.filter((stop) => stop !== ''), { maxLength: 3 }), fc.array(fc.nat(40), { maxLength: 12 }), (whole, stops, cuts) => {
      const at = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length];
      const finder = new StopFinder(stops);
      const told = at.slice(1).map((end, i) => finder.add(whole.slice(at[i], end))).join('') + finder.end();
      const places = stops.map((stop) => whole.indexOf(stop)).filter((place) => place >= 0);
      expect(finder.found).toBe(places.length > 0);
      // A stop that ends first is found first, though another may have begun before it.
      const ends = stops.flatMap((stop) => (whole.includes(stop) ? [whole.indexOf(stop) + stop.length] : []));
      expect(whole.startsWith(told)).toBe(true);
      if (places.length === 0) expect(told).toBe(whole);
      else expect([told.length >= Math.min(...places), told.length <= Math.min(...ends), stops.some((stop) => told.includes(stop))]).toStrictEqual([true, true, false]);
    }), { numRuns: 500, seed: 18 });
  });
});

describe.skipIf(llamaReason !== '')(`W18 a loaded model${llamaReason === '' ? '' : ` (${llamaReason})`}`, () => {
  it('W18 goes on with a text, streams it, and counts', async () => {
    await ask(engine, small, prompt);
    const before = engine.progress!();
    const { value, usage, heard, ref } = await ask(engine, small, prompt, { settings: { maxTokens: 200 } });
    expect(value.split(' ').every((word) => words.includes(word))).toBe(true);
    expect(usage).toStrictEqual({ promptTokens: 1 + prompt.length, tokens: 200, stopped: 'length' });
    expect(heard.join('')).toBe(value);
    expect(ref.form).toBe('text');
    expect(engine.progress!() - before).toBe(201);
    expect(engine.memory!()).toBeGreaterThan(20e6);
  });

  it('W18 a seed gives the same text again, whatever was asked between, and in another process', async () => {
    const settings = { temperature: 1, seed: 5, maxTokens: 40 };
    const first = await ask(engine, small, prompt, { settings });
    await ask(engine, small, `${prompt} there was`, { settings: { ...settings, context: 64 } });
    const texts = [await ask(engine, small, prompt, { settings }), await ask(models.engine(), small, prompt, { settings }), await ask(engine, small, prompt, { settings: { ...settings, seed: undefined }, seed: 5 }),
      await ask(engine, small, prompt, { settings: { ...settings, seed: undefined }, world: { seed: 5 } })];
    expect(texts.map(({ value }) => value)).toStrictEqual(texts.map(() => first.value));
    expect((await ask(engine, small, prompt, { settings: { ...settings, seed: 6 } })).value).not.toBe(first.value);
  });

  it('W18 a long prompt is taken in by pieces, and changes nothing of what comes after it', async () => {
    const wide = models.model({ context: 2048 });
    const long = `${words.join(' ')} `.repeat(5);
    await ask(engine, wide, prompt);
    const before = engine.progress!();
    const one = await ask(engine, wide, long, { settings: { temperature: 1, seed: 1 } });
    expect(engine.progress!() - before).toBe(512 * Math.floor((one.usage.promptTokens - 1) / 512) + 16 + 1);
    await ask(engine, wide, long.slice(0, 700), { settings: { temperature: 1, seed: 1 } });
    expect((await ask(engine, wide, long, { settings: { temperature: 1, seed: 1 } })).value).toBe(one.value);
  });

  it('W18 ends where the model ends, where it was told to, and where the context ends', async () => {
    const { value } = await ask(engine, small, prompt);
    const [said, ended] = [value.split(' ').slice(0, 4), value.split(' ')[4]!];
    expect(said).not.toContain(ended);
    const ending = models.model({ endsWith: ended });
    expect(await ask(engine, ending, prompt)).toMatchObject({ value: said.join(' '), usage: { tokens: 4, stopped: 'eos' } });
    expect(await ask(engine, small, prompt, { settings: { stop: ['nobody', ` ${ended}`] } })).toMatchObject({ value: said.join(' '), usage: { stopped: 'stop' } });
    expect((await ask(engine, small, prompt, { settings: { context: 32, maxTokens: 999 } })).usage).toStrictEqual({ promptTokens: 17, tokens: 32 - 17 - 1, stopped: 'length' });
  });

  it('R5 a prompt that is empty or longer than the context is refused, with counts, and the next one works', async () => {
    await expect(ask(engine, small, '')).rejects.toMatchObject({ code: 'bad-input', data: { promptTokens: 0 } });
    await expect(ask(engine, small, 'ab '.repeat(400))).rejects.toMatchObject({ code: 'bad-input', data: { promptTokens: 1201, context: 512 } });
    expect(await ask(engine, small, prompt)).toMatchObject({ usage: { tokens: 16 } });
  });

  it('R2, R5 cancel, time and output stop it soon, and the next one works', async () => {
    const slow = models.model({ ...large, context: 8192 });
    // To the end of them it would take ten seconds and more; what is held against is wide, since tests share their machine.
    const settings = { maxTokens: 4000 };
    await ask(engine, slow, prompt);
    const controller = new AbortController();
    let at = 0;
    const cancelled = ask(engine, slow, prompt, { settings, signal: controller.signal, hear: () => { if (at === 0) { at = performance.now(); controller.abort(); } } });
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    expect(performance.now() - at).toBeLessThan(1000);
    at = performance.now();
    await expect(ask(engine, slow, prompt, { settings, time: 200 })).rejects.toMatchObject({ code: 'timeout', data: { limit: 200 } });
    expect(performance.now() - at).toBeLessThan(1200);
    await expect(ask(engine, slow, prompt, { settings, output: 50 })).rejects.toMatchObject({ code: 'output-limit' });
    await expect(ask(engine, slow, prompt, { settings, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
    // While it is loaded, and in a prompt of some seconds, whose pieces cannot be interrupted: there a kill helps.
    await expect(ask(engine, small, prompt, { time: 30 })).rejects.toMatchObject({ code: 'timeout' });
    await ask(engine, slow, prompt);
    at = performance.now();
    await expect(ask(engine, slow, 'ab '.repeat(2600), { settings: { ...settings, context: 8192 }, time: 100 })).rejects.toMatchObject({ code: 'timeout' });
    expect(performance.now() - at).toBeLessThan(1200);
    expect(await ask(engine, slow, prompt)).toMatchObject({ usage: { tokens: 16 } });
  });

  it('W18 a model is unloaded when it is idle, and when another one is asked for', async () => {
    const brief = models.engine({ idle: 50 });
    await ask(brief, small, prompt);
    expect(brief.memory!()).toBeGreaterThan(0);
    await expect.poll(() => brief.memory!()).toBe(0);
    const [other, one] = [await ask(brief, models.model({ seed: 4 }), prompt), await ask(brief, small, prompt)];
    expect(other.value).not.toBe(one.value);
    expect(brief.progress!()).toBeGreaterThan(48);
    // One that waited for its turn is no idleness.
    await Promise.all([ask(brief, small, prompt), ask(brief, small, prompt, { settings: { maxTokens: 490 } })]);
  });

  it('W18 a file that is replaced is another model', async () => {
    const name = models.model();
    const one = await ask(engine, name, prompt);
    models.put(makeModel({ seed: 7 }), name);
    expect((await ask(engine, name, prompt)).value).not.toBe(one.value);
  });

  it('W18 a GPU that is not here is unavailable, never another result from the processor', async () => {
    const gpu = process.platform === 'darwin' ? 'cuda' : 'metal';
    await expect(ask(engine, small, prompt, { settings: { gpu } })).rejects.toMatchObject({ code: 'unavailable' });
    expect(await ask(engine, small, prompt)).toMatchObject({ usage: { tokens: 16 } });
  });

  it('W18 a closed engine leaves no process and no folder', async () => {
    const scratch = join(models.folder, 'other');
    const last = models.engine({ scratch });
    await ask(last, small, prompt);
    const { promise: begun, resolve: hear } = Promise.withResolvers<string>();
    const again = ask(last, small, prompt, { settings: { maxTokens: 490 }, hear });
    await begun;
    const waits = ask(last, small, prompt);
    await Promise.all([last.close(), ...[again, waits].map((asked, at) => asked.catch((error: unknown) => { expect((error as TelarError).code).toBe(['lost', 'unavailable'][at]); }))]);
    expect([readdirSync(scratch), last.memory!()]).toStrictEqual([[], 0]);
  });
});

describe.skipIf(llamaReason !== '')('W15 estimates beside those of node-llama-cpp', () => {
  it('W15 weights are exact, and what a context takes is between once and three times what node-llama-cpp expects', async () => {
    const { getLlama, GgufInsights, readGgufFileInfo } = await import('node-llama-cpp');
    const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, progressLogs: false, logger: () => undefined });
    try {
      for (const name of [big, models.model({ layers: 4, embedding: 256, heads: 4, feedForward: 1024, context: 8192 })]) {
        const file = join(models.folder, name);
        const header = headOf(name);
        const insights = await GgufInsights.from(await readGgufFileInfo(file), llama);
        expect([header.context, header.embedding]).toStrictEqual([insights.trainContextSize, insights.embeddingVectorSize]);
        expect(Math.abs(header.weights - insights.modelSize)).toBeLessThan(32 * header.tensors);
        for (const context of [256, 512, 1024]) {
          const { cache, compute } = memoryParts(header, { context });
          const { cpuRam } = await insights.estimateContextResourceRequirementsV2({ contextSize: context, modelGpuLayers: 0 });
          expect((cache + compute) / cpuRam, `${context}`).toBeGreaterThan(1);
          expect((cache + compute) / cpuRam, `${context}`).toBeLessThan(3);
        }
      }
      // Every type of tensor, one in each file: the bytes of a block are those of ggml.
      for (const type of [0, 1, 2, 3, 6, 7, 8, 9, ...Array.from({ length: 15 }, (_, i) => 10 + i), 25, 26, 27, 28, 29, 30, 34, 35, 39, 40, 41, 42]) {
        const data = new Uint8Array(4096 * 8);
        const name = models.put(writeGguf(metadataOf(), [...tensorsOf({ layers: 1 }), { name: 'more', shape: [1024, 4], type: type as 0, data }]));
        const file = join(models.folder, name);
        const header = headOf(name);
        const plain = tensorsOf({ layers: 1 }).reduce((sum, tensor) => sum + tensor.data.length, 0);
        const insights = await GgufInsights.from(await readGgufFileInfo(file), llama);
        expect(Math.abs(header.weights - insights.modelSize), `type ${type}`).toBeLessThan(32);
        expect(header.weights).toBeGreaterThan(plain);
      }
    } finally {
      await llama.dispose();
    }
  });

  it('W15 a process stays within its estimate', async () => {
    const alone = models.engine();
    await ask(alone, big, 'ab '.repeat(180), { settings: { context: 1024 } });
    const estimate = estimateMemory(headOf(big), { context: 1024 });
    expect(alone.memory!()).toBeLessThan(estimate);
    expect(alone.memory!()).toBeGreaterThan(estimate / 2);
  });
});
