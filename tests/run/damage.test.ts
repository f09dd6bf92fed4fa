/** C3: a damaged value is set aside, never served, and computed again in the run that found it. */
import { mkdtempSync, readdirSync, rmSync, readFileSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openStore } from '../../runtime/checkpoints/sqlite.node.ts';
import { js } from '../support/graphs.ts';
import { createBench } from '../support/workbench.ts';

const folders: string[] = [];
afterEach(() => { for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true }); });

function flip(root: string, which: (name: string) => boolean = () => true): number {
  let flipped = 0;
  for (const path of readdirSync(join(root, '.telar', 'blobs'), { recursive: true, withFileTypes: true })) {
    if (!path.isFile() || !which(basename(path.parentPath) + path.name)) continue;
    const file = join(path.parentPath, path.name);
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1]! ^= 1;
    chmodSync(file, 0o644);
    writeFileSync(file, bytes);
    flipped += 1;
  }
  return flipped;
}

test('C3 two readers of one damaged value have its producer done again once', async () => {
  const root = mkdtempSync(join(tmpdir(), 'telar-damage-'));
  folders.push(root);
  const text = (plus: number): string => js('a', '"x".repeat(100000)') + js('b', `a.length + ${plus}`) + js('c', `a.length * ${plus}`);
  const first = openStore(root);
  await createBench(text(1), first).run();
  await first.close();
  expect(flip(root)).toBe(1);
  const second = openStore(root);
  const after = createBench(text(2), second);
  const result = await after.run();
  expect([result.status, after.value(result, 'b'), after.value(result, 'c')]).toEqual(['ok', 100_002, 200_000]);
  expect(after.engine.began.filter((id) => id === 'a')).toEqual(['a']);
  await second.close();
});

test('C3 the reader of a damaged value gets it anew, also through a chain', async () => {
  const root = mkdtempSync(join(tmpdir(), 'telar-damage-'));
  folders.push(root);
  const text = (last: string): string => js('a', '"x".repeat(100000)') + js('b', 'a + "y"') + js('c', `b.length + ${last}`);
  const first = openStore(root);
  const before = createBench(text('0'), first);
  expect((await before.run()).status).toBe('ok');
  await first.close();
  expect(flip(root)).toBe(2);

  const damaged: string[] = [];
  const second = openStore(root, { onDamage: ({ id }) => { damaged.push(id); } });
  const after = createBench(text('1'), second);
  const result = await after.run();
  expect([result.status, after.value(result, 'c')]).toEqual(['ok', 100_002]);
  expect(after.engine.began).toEqual(['c', 'b', 'a', 'b', 'c']);
  expect(new Set(damaged).size).toBe(2);
  await second.close();
});

test('C3 the damaged answer of a when= is set aside, and the condition judged again', async () => {
  const bench = createBench(js('n', '3') + js('a', 'n + 1', 'when="n > 2"'));
  expect((await bench.run()).status).toBe('ok');
  const { blobs } = bench.store;
  const { get, put } = blobs;
  let damaged = true;
  blobs.put = (bytes) => { if (new TextDecoder().decode(bytes) === 'true') damaged = false; return put(bytes); };
  blobs.get = (hash) => { const bytes = get(hash); return damaged && bytes !== undefined && new TextDecoder().decode(bytes) === 'true' ? undefined : bytes; };
  expect((await bench.notebook()).plan().map(({ decision }) => decision)).toEqual(['reuse', 'undecided']);
  const again = await bench.run();
  expect([again.status, again.nodes.get('a')?.how, damaged]).toEqual(['ok', 'reused', false]);
});

test('C3 the damaged value of an element is made again from what it is an element of', async () => {
  const root = mkdtempSync(join(tmpdir(), 'telar-damage-'));
  folders.push(root);
  const text = (plus: number): string => js('xs', '[1, 2].map((n) => Array(40000).fill(n))') + js('len', `x.length + ${plus}`, 'in.x=xs each=x');
  const first = openStore(root);
  const before = createBench(text(0), first);
  const { run } = await before.run();
  const elements = first.steps(run).filter(({ node }) => node.startsWith('len[')).map(({ components }) => components?.['input.x']?.split(':')[1]);
  await first.close();
  expect(flip(root, (name) => elements.includes(name))).toBe(2);
  const second = openStore(root);
  const after = createBench(text(1), second);
  const result = await after.run();
  expect([result.status, after.value(result, 'len')]).toEqual(['ok', [40_001, 40_001]]);
  await second.close();
});
