import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPlace, js, NODE, TELAR, yaml, type Place } from '../support/cli.ts';

let place: Place;
beforeAll(() => { place = createPlace({ 'k.telar.md': `${yaml('k', 'input', 'type: integer\ndefault: 1')}${js('ten', '10 * k')}` }); });
afterAll(() => { place.remove(); });
const telar = (args: readonly string[], env: Record<string, string> = {}): string => execFileSync(NODE, [TELAR, ...args], { cwd: place.root, encoding: 'utf8', timeout: 30_000, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'ignore'] });

test('CLI show gives what the last run gave, and with --set what that setting gives', () => {
  for (const k of ['k=3', 'k=8']) telar(['run', 'k.telar.md', '--quiet', '--set', k]);
  expect(telar(['show', 'k.telar.md', 'ten']).trim()).toBe('80');
  expect(telar(['show', 'k.telar.md', 'ten', '--set', 'k=3']).trim()).toBe('30');
});

test.skipIf(process.platform !== 'linux')('CLI a place for caches that cannot be made is no end', () => {
  expect(telar(['plan', 'k.telar.md'], { TELAR_CACHE: '/proc/nowhere/deeper' })).toContain('ten');
});
