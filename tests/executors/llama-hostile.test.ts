/** Models that are cut short, damaged or made to harm: what our reader says of them, and what they do to llama.cpp where it reads them first. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { TelarError } from '../../contracts/errors.ts';
import { estimateMemory, type GgufHeader, readGguf } from '../../runtime/governor/gguf.ts';
import type { Start } from '../../runtime/executors/llama/wire.ts';
import { large, makeModel, type Meta, metadataOf, type Tensor, tensorsOf, writeGguf } from '../support/gguf.ts';
import { ask, llamaReason, Models } from '../support/llama.ts';

const models = new Models();
const engine = models.engine();
/** Gives files to llama.cpp as they are. */
const unread = models.engine({ unread: true });
const whole = makeModel();
const small = models.put(whole);
afterAll(() => models.end());

const read = (bytes: Uint8Array): GgufHeader => readGguf((at, length) => bytes.subarray(at, at + length), bytes.length);

/** A header whose estimate is a number, or the one error that is allowed. Anything else fails the test. */
function outcome(bytes: Uint8Array): 'header' | 'bad-file' {
  try {
    expect(Number.isNaN(estimateMemory(read(bytes), { context: 512 }))).toBe(false);
    return 'header';
  } catch (error) {
    if (!(error instanceof TelarError)) throw error;
    expect(error).toMatchObject({ code: 'bad-file', data: { offset: expect.any(Number) as number } });
    return 'bad-file';
  }
}

/** The whole file with a number of 64 bits in another place. */
function patched(at: number, value: bigint): Uint8Array {
  const bytes = Uint8Array.from(whole);
  new DataView(bytes.buffer).setBigUint64(at, value, true);
  return bytes;
}

const meta = (change: (key: string) => Meta | undefined): Uint8Array => writeGguf(metadataOf().map((entry) => change(entry[0]) ?? entry), tensorsOf());
const withMeta = (...more: Meta[]): Uint8Array => writeGguf([...more, ...metadataOf()], tensorsOf());
const withTensor = (...more: Tensor[]): Uint8Array => writeGguf(metadataOf(), [...tensorsOf(), ...more]);
const u32 = (key: string, value: number) => meta((each) => (each === key ? [key, 'uint32', value] : undefined));
const tensor = (change: Partial<Tensor> = {}): Tensor => ({ name: 'more', shape: [32], type: 1, data: new Uint8Array(64), ...change });
/** Where the first key begins. */
const FIRST_KEY = 24;

it('W18 a child whose parent has gone ends at once, though its threads may not', async () => {
  writeFileSync(join(models.folder, 'library.mjs'), 'export const getLlama = async () => ({ gpu: false, loadModel: async () => ({}) }), LlamaLogLevel = {};');
  const start = { library: join(models.folder, 'library.mjs'), model: '', gpu: false, threads: 1 } satisfies Start;
  const child = fork(new URL('../../runtime/executors/llama/child.node.ts', import.meta.url), [JSON.stringify(start)], { serialization: 'advanced', execArgv: ['--permission', '--allow-fs-read=*', '--no-warnings'] });
  const ended = once(child, 'exit');
  const [said] = await once(child, 'message') as [unknown];
  expect(said).toMatchObject({ loaded: true });
  child.disconnect();
  expect(await ended).toEqual([null, 'SIGKILL']);
});

describe('W18 the head of a model', () => {
  it('W18 the whole file is read', () => {
    expect(read(whole)).toMatchObject({ architecture: 'llama', context: 512, layers: 2, embedding: 64, heads: 4, feedForward: 128, cacheWidth: 256, vocabulary: 364, tensors: 21, parts: 1 });
  });

  it('W18 any cut is told, with its place', () => {
    for (let length = 0; length < whole.length; length += 4096) expect(outcome(whole.subarray(0, length))).toBe('bad-file');
    fc.assert(fc.property(fc.nat(whole.length - 32), (length) => { expect(outcome(whole.subarray(0, length))).toBe('bad-file'); }), { numRuns: 200, seed: 18 });
  });

  it('W18 any flipped bits give a header or a typed error, soon', () => {
    const head = 12_000;
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(head), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 8 }), (flips) => {
      const bytes = Uint8Array.from(whole.subarray(0, head + 4096));
      for (const [at, bits] of flips) bytes[at]! ^= bits;
      const begun = performance.now();
      outcome(bytes);
      expect(performance.now() - begun).toBeLessThan(1000);
    }), { numRuns: 500, seed: 18 });
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => { expect(outcome(Uint8Array.from([...whole.subarray(0, 24), ...noise]))).toBe('bad-file'); }), { numRuns: 200, seed: 18 });
  });

  it('W18 a head that never ends is given up', () => {
    const beginning = withMeta(['endless', 'strings', []]);
    const start = FIRST_KEY + 8 + 'endless'.length + 16;
    new DataView(beginning.buffer).setBigUint64(start - 8, 4_194_304n, true);
    const size = 2 ** 40;
    // Then come texts of 56 bytes, for ever.
    const texts = new Uint8Array(512 * 1024).map((_, i) => (i % 64 === 0 ? 56 : 0));
    const endless = (offset: number, length: number): Uint8Array => {
      if (offset >= start) return texts.subarray((offset - start) % 64, (offset - start) % 64 + length);
      return Uint8Array.from([...beginning.subarray(offset, start), ...texts.subarray(0, Math.max(0, length - (start - offset)))]);
    };
    const begun = performance.now();
    expect(() => readGguf(endless, size)).toThrow(/head of more than 64 MiB/);
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  it.each<[string, () => Uint8Array, RegExp]>([
    ['nothing', () => new Uint8Array(), /does not begin like/], ['another magic', () => Uint8Array.from([...new TextEncoder().encode('GGML'), ...whole.subarray(4)]), /does not begin like/],
    ['version 1', () => patched(4, 1n), /version 1/], ['version 2^31', () => patched(4, 2n ** 31n), /version 2147483648/],
    ['2^60 tensors', () => patched(8, 2n ** 60n), /length of 1152921504606847000/], ['a million tensors', () => patched(8, 1_000_000n), /claims 1000000 tensors/], ['2^60 keys', () => patched(16, 2n ** 60n), /length of/], ['4097 keys', () => patched(16, 4097n), /claims 4097 keys/],
    ['a key of 2^60 bytes', () => patched(FIRST_KEY, 2n ** 60n), /length of/], ['a key of 2^16 bytes', () => patched(FIRST_KEY, 65_536n), /claims 65536 bytes of a key/],
    ['an array of 2^50', () => { const bytes = withMeta(['list', 'integers', [1]]); new DataView(bytes.buffer).setBigUint64(FIRST_KEY + 8 + 4 + 8, 2n ** 50n, true); return bytes; }, /values in an array/],
    ['arrays in arrays', () => { const bytes = withMeta(['list', 'integers', [1]]); new DataView(bytes.buffer).setUint32(FIRST_KEY + 8 + 4 + 4, 9, true); return bytes; }, /array of the type 9/],
    ['a key twice', () => withMeta(['llama.vocab_size', 'uint32', 1]), /"llama.vocab_size" twice/], ['a key that is no text', () => { const bytes = Uint8Array.from(whole); bytes[FIRST_KEY + 8] = 0xff; return bytes; }, /no text/],
    ['no architecture', () => meta((key) => (key === 'general.architecture' ? ['x', 'uint32', 1] : undefined)), /architecture/], ['a path for an architecture', () => meta((key) => (key === 'general.architecture' ? [key, 'string', '../../etc'] : undefined)), /architecture/],
    ['an alignment of 3', () => withMeta(['general.alignment', 'uint32', 3]), /alignment of 3/], ['an alignment of 0', () => withMeta(['general.alignment', 'uint32', 0]), /alignment of 0/],
    ['a tensor twice', () => withTensor(tensor(), tensor()), /two tensors "more"/], ['five dimensions', () => withTensor(tensor({ shape: [2, 2, 2, 2, 2] })), /5 dimensions/], ['no dimension', () => withTensor(tensor({ shape: [] })), /0 dimensions/],
    ['an unknown type', () => withTensor(tensor({ type: 99 as 0 })), /unknown type 99/], ['a size of zero', () => withTensor(tensor({ shape: [0] })), /does not fit/], ['sizes beyond numbers', () => withTensor(tensor({ shape: [2 ** 50, 2 ** 50, 2 ** 50, 2 ** 50] })), /does not fit/],
    ['half a block', () => withTensor(tensor({ type: 2 as 0, shape: [33] })), /does not fit/], ['a long name', () => withTensor(tensor({ name: 'n'.repeat(65) })), /claims 65 bytes/], ['tensors on each other', () => overlapping(), /lie on each other/],
    ['one of three files', () => withMeta(['split.count', 'uint32', 3]), /split into 3 files/],
  ])('W18 %s is told before a process is spent on it', async (_what, make, message) => {
    await expect(ask(engine, models.put(make(), 'hostile.gguf'), 'hello')).rejects.toMatchObject({ code: 'bad-file', message: expect.stringMatching(message) as string });
    expect(engine.memory!()).toBe(0);
  });

  it('W18 a folder, a device and a path to nowhere are told', async () => {
    mkdirSync(join(models.folder, 'folder.gguf'));
    await expect(ask(engine, 'folder.gguf', 'hello')).rejects.toMatchObject({ code: 'bad-file', message: expect.stringContaining('is no file') as string });
    await expect(ask(engine, 'nowhere.gguf', 'hello')).rejects.toMatchObject({ code: 'missing-file', data: { path: join(models.folder, 'nowhere.gguf') } });
    await expect(ask(engine, `${small}/inside`, 'hello')).rejects.toMatchObject({ code: 'missing-file' });
    if (process.platform !== 'win32') await expect(ask(engine, '/dev/zero', 'hello')).rejects.toMatchObject({ code: 'bad-file' });
  });

  it('W15 a lie about layers asks for memory that nobody has', async () => {
    const file = models.put(u32('llama.block_count', 4e9));
    await expect(ask(engine, file, 'hello')).rejects.toMatchObject({ code: 'memory' });
    await expect(ask(engine, file, 'hello', { memory: Infinity })).rejects.toMatchObject({ code: 'unavailable', ...(llamaReason === '' ? { message: expect.stringMatching(/The model .* needs about .* there is room for .* too large for this machine/) as string } : {}) });
  });
});

/** Tensors that all begin at the first byte, so that together they are larger than the file. */
function overlapping(): Uint8Array {
  const big = { ...tensor({ shape: [4096] }), data: new Uint8Array(8192) };
  const names = Array.from({ length: 4 }, (_, i) => ({ ...big, name: `t${i}` }));
  const bytes = writeGguf([['general.architecture', 'string', 'llama']], names);
  const end = FIRST_KEY + 8 + 20 + 4 + 8 + 5;
  const each = 8 + 2 + 4 + 8 + 4 + 8;
  for (let i = 0; i < names.length; i++) new DataView(bytes.buffer).setBigUint64(end + i * each + each - 8, 0n, true);
  return bytes.subarray(0, Math.ceil((end + 4 * each) / 32) * 32 + 8192);
}

describe.skipIf(llamaReason !== '')(`W18 llama.cpp by itself${llamaReason === '' ? '' : ` (${llamaReason})`}`, () => {
  const neighbour = models.engine();
  /** Another model is as it was, in a process that has been there all the time. */
  const works = async (on = neighbour): Promise<void> => { expect(await ask(on, small, 'hello')).toMatchObject({ usage: { tokens: 16 } }); };

  it('W18 a file that is cut short is refused by it too, and the next one works', async () => {
    for (const length of [100, whole.length - 4096]) {
      await expect(ask(unread, models.put(whole.subarray(0, length), 'cut.gguf'), 'hello')).rejects.toMatchObject({ code: 'bad-file', message: expect.stringContaining('llama.cpp cannot load') as string });
    }
    await works(unread);
  });

  it.each<[string, () => Uint8Array]>([['models without heads', () => u32('llama.attention.head_count', 0)], ['billions of layers', () => u32('llama.block_count', 4e9)]])('W18 %s end its process, and nothing else', async (_what, make) => {
    await expect(ask(unread, models.put(make()), 'hello')).rejects.toMatchObject({ code: 'lost', data: { detail: expect.stringContaining('GGML_ASSERT') as string } });
    expect(unread.memory!()).toBe(0);
    await works();
  });

  it('W18 a file that is cut short while it is used ends its process, and the next one works', async () => {
    const file = models.model({ ...large, seed: 5 });
    let cut = false;
    const hear = (): void => { if (!cut) { cut = true; truncateSync(join(models.folder, file), 4096); } };
    await expect(ask(engine, file, 'hello', { settings: { maxTokens: 900 }, hear })).rejects.toMatchObject({ code: 'lost' });
    await expect(ask(engine, file, 'hello')).rejects.toMatchObject({ code: 'bad-file' });
    await works();
  });

  it('W18 weights that are no numbers are no model', async () => {
    await expect(ask(engine, models.model({ nan: true }), 'hello')).rejects.toMatchObject({ code: 'bad-file', data: { detail: expect.stringContaining('invalid data') as string } });
    await works();
  });

  it('W18 a file that is replaced while it is loaded is refused', async () => {
    const file = models.model({ seed: 11 });
    const next = models.model({ seed: 12 });
    // It is asked for room when the file has been read, and before the process has it.
    const late = models.engine({ room: () => { renameSync(join(models.folder, next), join(models.folder, file)); return { ok: true }; } });
    const asked = ask(late, file, 'hello');
    await expect(asked).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('was changed') as string });
    await works();
  });

  it('W18 a vocabulary of nonsense is refused', async () => {
    const nonsense = meta((key) => (key === 'tokenizer.ggml.scores' ? [key, 'floats', [1, 2]] : undefined));
    await expect(ask(engine, models.put(nonsense), 'hello')).rejects.toMatchObject({ code: 'bad-file' });
    await works();
  });
});
