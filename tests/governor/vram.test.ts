/** What is asked of llama.cpp's binary ends in words, whatever the binary does. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { probeLlama } from '../../runtime/governor/vram.node.ts';

let folder: string;
beforeAll(() => { folder = mkdtempSync(join(realpathSync(tmpdir()), 'telar-vram-')); });
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

test.each([
  ['throws', 'throw new Error("no such card")', /^Error: no such card/],
  ['crashes', 'process.kill(process.pid, "SIGSEGV"); await new Promise(() => setInterval(() => {}, 1000))', /^its process was ended by SIGSEGV|^its process ended with/],
  ['never answers', 'await new Promise(() => setInterval(() => {}, 1000))', /^no answer within 1 s$/],
  ['says nothing that can be read', 'process.stdout.write("noise")', /^its answer could not be read$/],
] as const)('W15 a binary that %s is told so', async (_, body, said) => {
  const entry = join(folder, 'library.mjs');
  writeFileSync(entry, `export async function getLlama() { ${body}; return { gpu: false }; }`);
  const found = await probeLlama(entry, said.source.includes('no answer') ? 1_000 : 20_000);
  expect(found).toMatchObject({ ok: false, reason: expect.stringMatching(said) as string });
});

test('W15 a card is told with its memory', async () => {
  const entry = join(folder, 'card.mjs');
  writeFileSync(entry, 'export const getLlama = async () => ({ gpu: "vulkan", getVramState: async () => ({ total: 8e9, used: 1e9, free: 7e9 }) });');
  expect(await probeLlama(entry, 20_000)).toEqual({ ok: true, gpu: 'vulkan', vram: { total: 8e9, free: 7e9 } });
});

test('W15 the real binary of this machine loads', async () => {
  const found = await probeLlama(createRequire(import.meta.url).resolve('node-llama-cpp'), 30_000);
  expect(found.ok).toBe(true);
});
