/** Killed, or out of room, while a bundle is written or imported: there is a whole bundle or none, and the store is clean. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore } from '../../runtime/checkpoints/sqlite.node.ts';
import { createPlace, js, NODE, type Place } from '../support/cli.ts';

let place: Place;
let there: Place;
beforeAll(async () => {
  place = createPlace({ 'main.telar.md': `${js('long', '"abcdefgh".repeat(200000)')}${js('size', 'long.length')}` });
  there = createPlace({});
  expect((await place.run()).status).toBe('ok');
  expect((await place.telar(['bundle', 'last', '-o', 'good.telarrun'])).code).toBe(0);
});
afterAll(() => { place.remove(); there.remove(); });

const broken = (at: Place, point: string, how: string, count: number, ...args: string[]): ReturnType<typeof spawnSync> =>
  spawnSync(NODE, [join(import.meta.dirname, 'crash-child.ts'), point, how, String(count), ...args], { cwd: at.root, encoding: 'utf8' });

for (const [point, count] of [['bundle-writing', 1], ['bundle-writing', 3], ['bundle-written', 1]] as const) {
  test(`C7 a kill at ${point} (${count}) leaves no bundle, and the next one sweeps what it left`, async () => {
    expect(broken(place, point, 'kill', count, 'bundle', 'last', '-o', 'new.telarrun').signal).toBe('SIGKILL');
    expect(existsSync(place.path('new.telarrun'))).toBe(false);
    expect((await place.telar(['bundle', 'last', '-o', `after-${point}-${count}.telarrun`])).code).toBe(0);
    expect(readdirSync(place.root).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(place.read(`after-${point}-${count}.telarrun`)).toBe(place.read('good.telarrun'));
  });

  test(`C7 no room at ${point} (${count}) is told, and leaves nothing`, () => {
    const done = broken(place, point, 'full', count, 'bundle', 'last', '-o', 'new.telarrun');
    expect(done.stderr).toContain('no room');
    expect(done.status).toBe(1);
    expect(readdirSync(place.root).filter((name) => name.endsWith('.tmp') || name === 'new.telarrun')).toEqual([]);
  });
}

test('C7 a kill while a bundle is imported leaves no run, and the next import takes it', async () => {
  mkdirSync(join(there.root, '.telar'), { recursive: true });
  for (const [point, count] of [['blob-written', 1], ['bundle-importing', 1], ['row-inserted', 2], ['committing', 1]] as const) {
    expect(broken(there, point, 'kill', count, 'bundle', 'import', place.path('good.telarrun')).signal, point).toBe('SIGKILL');
    const store = openStore(there.root, { onDamage: (damage) => { throw new Error(damage.message); } });
    expect(store.runs()).toEqual([]);
    await store.close();
  }
  expect((await there.telar(['bundle', 'import', place.path('good.telarrun')])).code).toBe(0);
  expect((await there.telar(['bundle', 'last', '-o', 'again.telarrun'])).code).toBe(0);
  expect(there.read('again.telarrun')).toBe(place.read('good.telarrun'));
});
