/** `telar workers`: who is at work, seen from another process; and nobody who is gone. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeLock } from '../../runtime/adapters/lock.node.ts';
import { createPlace, js, NODE, type Line, type Place } from '../support/cli.ts';

let place: Place;
beforeEach(() => { place = createPlace({ 'a.telar.md': js('slow', 'const until = Date.now() + 60_000; while (Date.now() < until); 1') }); });
afterEach(() => { place.remove(); });

const workers = async (): Promise<Line> => (await place.telar(['workers', '--json'])).lines.at(-1) as Line;

test('W15 with nobody at work it says so, and shows what the machine has room for', async () => {
  const { stdout, code } = await place.telar(['workers'], { env: { TELAR_POLICY: 'conserve' } });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^No workers are at work here\./);
  expect(stdout).toMatch(/policy +conserve \(asked for\)\nmachine \d+ processors?.*memory available.*\nroom +[\d.]+ [MG]B/);
  const wrong = await place.telar(['workers'], { env: { TELAR_POLICY: 'faster' } });
  expect([wrong.code, wrong.stderr]).toEqual([2, 'telar: TELAR_POLICY is one of sprint, balanced, conserve; `faster` is not.\n']);
});

test('W15 a worker is seen with its class, its state and its step while it works, and not after', async () => {
  let stop = (): void => undefined;
  const run = place.telar(['run', 'a.telar.md', '--worker', 'heavy', '--policy', 'sprint', '--json'], { begun: (child) => { stop = () => { child.kill('SIGINT'); }; } });
  let seen: Line = { type: 'none' };
  for (let tries = 0; tries < 60 && seen.workers?.[0]?.state !== 'busy'; tries++) seen = ((await workers()).coordinators as Line[]).find((one) => (one.workers as Line[]).some(({ state }) => state === 'busy')) ?? seen;
  expect(seen.governor).toMatchObject({ policy: 'sprint', because: 'asked for' });
  expect((seen.workers as Line[]).filter(({ state }) => state === 'busy')).toEqual([expect.objectContaining({ class: 'javascript', state: 'busy', node: 'slow', done: 0 })]);
  const { stdout } = await place.telar(['workers']);
  expect(stdout).toMatch(new RegExp(`run ${seen.run as string} +process ${seen.pid as number}`));
  expect(stdout).toMatch(/javascript-\S+ +javascript +busy +slow +/);
  stop();
  await run;
  expect((await workers()).coordinators).toEqual([]);
});

test('W15 what a process that is gone has left is not shown, nor what is no status', async () => {
  const gone = spawn(NODE, ['-e', '0']);
  await once(gone, 'close');
  const sample = { cores: 1, memory: { total: 1, available: 1 } };
  const status = (pid: unknown, more: object = {}): string => JSON.stringify({ type: 'workers', pid, slot: 0, since: new Date().toISOString(), governor: { policy: 'balanced', because: '', sample, room: 0, classes: {} }, workers: [], ...more });
  mkdirSync(place.path('.telar/living'), { recursive: true });
  mkdirSync(place.path('.telar/workers'), { recursive: true });
  const put = (slot: number | string, text: string): void => { writeFileSync(place.path(`.telar/living/workers-${slot}.json`), text); };
  // Its process lives, and holds no slot; its slot is held, and its process is gone; the rest is nonsense in slots that are held.
  put(1, status(process.pid));
  put(2, status(gone.pid));
  for (const [i, text] of ['', '{', 'null', '[]', status(-1), status('7'), status(process.pid, { workers: 7 }), status(process.pid, { governor: {} })].entries()) put(3 + i, text);
  const locks = Array.from({ length: 9 }, (_, i) => takeLock(place.path(`.telar/workers/${2 + i}.lock`), 0));
  try {
    expect((await workers()).coordinators).toEqual([]);
    put(2, status(process.pid));
    expect(((await workers()).coordinators as Line[]).map(({ pid, slot }) => [pid as number, slot as number])).toEqual([[process.pid, 2]]);
  } finally {
    for (const lock of locks) lock.end();
  }
});
