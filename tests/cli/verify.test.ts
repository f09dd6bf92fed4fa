/** `telar verify`, as a person meets it: words, exit statuses, the keyboard. What it finds is in `replay/verify.test.ts`. */
import { cpSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { js, py, sql, type Line } from '../support/cli.ts';
import { usePlaces } from '../support/places.ts';

const placeOf = usePlaces();

test('C4 the first divergence is named with node, port, both hashes, the difference and its cause; the exit status is 5', async () => {
  const place = placeOf({ 'main.telar.md': js('dice', '[0, 1, Math.random()]') + js('after', 'dice.length') + js('again', 'Math.random()') });
  await place.run();
  const done = await place.telar(['verify', 'last']);
  expect(done.code, done.stderr).toBe(5);
  const words = done.stdout.replace(/\s+/g, ' ');
  expect(words).toMatch(/✗ dice differs .*first divergence dice\.value: .* was [0-9a-f]{64} is [0-9a-f]{64} cause: chance that no seed= fixes \(random\)/);
  expect(words).toMatch(/● after same .*first divergence/);
  expect(words).toMatch(/also again\.value: .*divergent 1 identical, 2 divergent of 3 outputs in .* run \d{8}-/);
  const quiet = await place.telar(['verify', 'last', '--to', 'after', '-q']);
  expect([quiet.code, quiet.stdout]).toEqual([0, '']);
});

test('C4 a node or run that is not there is bad usage; a file that has gone is something missing: 2, 2, 4', async () => {
  const place = placeOf({ 'main.telar.md': js('one', '1') + py('big', 'len(open("big.txt").read())'), 'big.txt': 'a'.repeat(64 * 1024 ** 2 + 1) });
  await place.run();
  expect((await place.telar(['verify', 'last', '--to', 'oen'])).stderr).toMatch(/Did you mean `one`/);
  expect(await place.telar(['verify', 'last', '--to', 'oen'])).toMatchObject({ code: 2, stdout: '' });
  expect(await place.telar(['verify', 'last~9', '--json'])).toMatchObject({ code: 2 });
  rmSync(place.path('big.txt'));
  const gone = await place.telar(['verify', 'last']);
  expect([gone.code, gone.stdout]).toEqual([4, expect.stringMatching(/big\.txt.*not kept[^]*not all verified[^]*1 identical of 1 outputs[^]*1 lacking what they read/)]);
});

test('R2 Ctrl-C ends a verification cleanly, with 130', async () => {
  const place = placeOf({ 'main.telar.md': py('slow', 'import time\ntime.sleep(2)\n1') });
  await place.run();
  let pressed = false;
  const done = await place.telar(['verify', 'last', '--json'], {
    begun: (child) => { child.stdout?.on('data', (text: string) => { if (!pressed && text.includes('"running"')) { pressed = true; child.kill('SIGINT'); } }); },
  });
  expect([done.code, pressed]).toEqual([130, true]);
  expect(done.ms).toBeLessThan(30_000);
  expect(readdirSync(place.path('.telar/scratch')).filter((name) => name.startsWith('replica-'))).toEqual([]);
});

test('C4 a verification that was killed leaves a replica, which the next command sweeps', async () => {
  const place = placeOf({ 'main.telar.md': py('slow', 'import time\ntime.sleep(1)\n1') });
  await place.run();
  const replicas = (): string[] => readdirSync(place.path('.telar/scratch')).filter((name) => name.startsWith('replica-'));
  await place.telar(['verify', 'last', '--json'], { begun: (child) => { child.stdout?.on('data', (text: string) => { if (text.includes('"running"')) child.kill('SIGKILL'); }); } });
  expect(replicas()).toHaveLength(1);
  expect((await place.telar(['verify', 'last'])).code).toBe(0);
  expect(replicas()).toEqual([]);
});

test('C4 a run that was killed is verified as far as it went', async () => {
  const place = placeOf({ 'main.telar.md': js('one', '1') + js('two', 'one + 1') + py('three', 'import time\ntime.sleep(30)\ntwo') });
  await place.telar(['run', 'main.telar.md', '--json'], { begun: (child) => { child.stdout?.on('data', (text: string) => { if (/"three".*"running"/.test(text)) child.kill('SIGKILL'); }); } });
  const done = await place.telar(['verify', 'last', '--json']);
  expect(done.lines.at(-1), done.stderr).toMatchObject({ type: 'verify', identical: 2, total: 2, divergent: [] });
  expect(done.code).toBe(0);
});

test('C4 a sum of doubles on several threads is held against the comparator that its fence asks for', async () => {
  const body = 'create temp table t as select sin(range) * 1e10 x, range % 7 g from range(1000000);\nselect g, sum(x) s from t group by g order by g';
  const place = placeOf({ 'main.telar.md': sql('usual', body, 'threads=4') + sql('exact', body, 'threads=4 compare=exact') });
  await place.run();
  let last: Line = { type: '' };
  // Threads may happen to add in the same order.
  for (let turn = 0; turn < 8 && (last.divergent as unknown[] | undefined)?.length !== 1; turn += 1) last = (await place.telar(['verify', 'last', '--json'])).lines.at(-1) as Line;
  expect(last.divergent).toMatchObject([{ node: 'exact', output: 'value', cause: 'threads' }]);
  expect(last.identical + last.equal).toBe(1);
}, 60_000);

test('C9 a run that the first generation left is verified, with helpers that are gone', async () => {
  const place = placeOf({});
  cpSync(fileURLToPath(new URL('../golden/generation-1', import.meta.url)), place.root, { recursive: true });
  rmSync(place.path('.telar'), { recursive: true, force: true });
  renameSync(place.path('store'), place.path('.telar'));
  for (const name of ['data', 'helper.py', 'part.telar.md', 'old.telar.md']) rmSync(place.path(name), { recursive: true });
  const done = await place.telar(['verify', 'last', '--json']);
  expect(done.lines.at(-1)).toMatchObject({ type: 'verify', divergent: [] });
  expect((done.lines.at(-1) as Line).identical).toBeGreaterThanOrEqual(10);
  expect(done.code, done.stderr).toBe(0);
});
