/** C3: a damaged value is set aside, never served, and computed again in the run that found it. */
import { mkdtempSync, readdirSync, rmSync, readFileSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openStore } from '../../runtime/checkpoints/sqlite.node.ts';
import { js } from '../support/graphs.ts';
import { createBench } from '../support/workbench.ts';

const folders: string[] = [];
afterEach(() => { for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true }); });

function flip(root: string): number {
  let flipped = 0;
  for (const path of readdirSync(join(root, '.telar', 'blobs'), { recursive: true, withFileTypes: true })) {
    if (!path.isFile()) continue;
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
