/** Bundles of earlier generations, kept as they were written: each is read, taken and verified by every later Telar. */
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { RunRecord } from '../../runtime/checkpoints/store.ts';
import { createPlace, type Line } from '../support/cli.ts';
import { exported, imported } from './bundles.ts';
import { weather } from './weather.ts';

const golden = join(import.meta.dirname, '../golden/bundles');
const folder = mkdtempSync(join(tmpdir(), 'telar-bundle-'));
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });
const generations = readdirSync(golden).filter((name) => name.endsWith('.telarrun'));

test('C9 there is a golden bundle of each generation, and it is small', () => {
  expect(generations).toContain('generation-1.telarrun');
  for (const name of generations) expect(statSync(join(golden, name)).size).toBeLessThan(100_000);
});

test.each(generations)('C7 the golden bundle %s is read whole, and bundled again with the same content', async (name) => {
  const { store, manifest } = await imported(new Uint8Array(readFileSync(join(golden, name))), folder);
  const run = store.run(manifest.run.id) as RunRecord;
  expect(run.status).toBe('ok');
  expect(Object.keys(run.texts).toSorted()).toEqual(['helper.py', 'inner/count.telar.md', 'weather.telar.md']);
  for (const [path, hash] of Object.entries(run.texts)) expect(new TextDecoder().decode(store.blobs.get(hash))).toBe(weather[path]);
  const reads = manifest.rows.flatMap((row) => row.reads).filter(({ what }) => what === 'file').map(({ path }) => path);
  expect(reads).toEqual(expect.arrayContaining(['data/days.csv', 'data/places.txt']));
  expect(manifest.leftOut.map(({ what, where }) => `${what} ${where}`)).toEqual(['opaque opened.value']);
  expect((await exported(store, run, folder)).manifest).toEqual(manifest);
});

test.each(generations)('C7 the golden bundle %s verifies; another engine than its own is told', async (name) => {
  const place = createPlace({});
  try {
    copyFileSync(join(golden, name), place.path(name));
    const done = await place.telar(['bundle', 'verify', name, '--json']);
    const end = done.lines.at(-1) as Line;
    const sameEngines = !done.stderr.includes('another engine');
    expect(end.type, done.stderr).toBe('verify');
    expect(end.total).toBeGreaterThan(10);
    if (sameEngines) expect(end.divergent).toEqual([]);
    expect(done.code).toBe(end.divergent.length === 0 ? 0 : 5);
    expect((end.leftOut as Line[]).map(({ why }) => why)).not.toContain('input-gone');
  } finally {
    place.remove();
  }
});
