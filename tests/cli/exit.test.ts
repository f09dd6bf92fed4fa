/** Exit statuses, the first that applies: 130, 2, 1, 3, 4, 0. */
import { spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPlace, js, NODE, py, sql, TELAR, yaml, type Place } from '../support/cli.ts';
import { hide, preload } from './fixtures.ts';

const good = js('good', '1 + 1');
const bad = js('bad', 'throw new Error("broken")');
const wrong = js('wrong', 'no_such_name');
const red = yaml('red', 'check', '- that: good === 3\n  language: javascript');
const lacking = py('lacking', '1 + 1');
let place: Place;
beforeAll(async () => { place = await createPlace({ 'a.telar.md': good }); });
afterAll(() => { place.remove(); });

test('CLI 0: all is well', async () => { expect((await status(good)).code).toBe(0); });
test('CLI 1: a step failed, and that goes before a red check and a missing capability', async () => {
  expect((await status(good + bad)).code).toBe(1);
  expect((await status(good + red + bad + lacking, true)).code).toBe(1);
});
test('CLI 2: a definition error goes before all but a cancel, and the rest has run', async () => {
  const done = await status(good + bad + red + wrong);
  expect(done.code).toBe(2);
  expect(done.stdout).toMatch(/good .*(ran|reused)/);
  expect(done.stderr).toMatch(/a\.telar\.md:\d+:\d+: error missing-name: /);
});
test('CLI 2: a file that is not there, is no text, or is of a newer generation', async () => {
  expect((await place.telar(['run', 'nowhere.telar.md'])).code).toBe(2);
  place.write('b.telar.md', Uint8Array.of(0x23, 0xff, 0xfe, 0x0a));
  const notText = await place.telar(['run', 'b.telar.md']);
  expect([notText.code, notText.stderr]).toEqual([2, expect.stringMatching(/UTF-8/)]);
  expect((await status(`---\ntelar: 99\n---\n${good}`)).code).toBe(2);
});
test('CLI 3: only a check is red', async () => {
  const done = await status(good + red);
  expect(done.code).toBe(3);
  expect(done.stdout).toMatch(/red .*failed/);
});
test('CLI 4: only a capability is missing, it is told before the run, and the rest has run', async () => {
  const done = await status(good + lacking + js('after', 'lacking'), true);
  expect(done.code).toBe(4);
  expect(done.stdout).toMatch(/lacking .*unavailable.*pyodide/);
  expect(done.stdout).toMatch(/after .*blocked.*lacking/);
  const plan = await place.telar(['plan', 'a.telar.md'], { env: preload(place.root, 'hide.cjs', hide('pyodide')) });
  expect(plan.stdout).toMatch(/lacking .*unavailable/);
  const doctor = await place.telar(['doctor'], { env: preload(place.root, 'hide.cjs', hide('pyodide')) });
  expect([doctor.code, doctor.stdout]).toEqual([4, expect.stringMatching(/no +python .*\n.*install/i)]);
});

test('CLI a store that cannot be made stops a run with what to do; `doctor` finds it; `check` and `graph` need none', async () => {
  place.write('shut/a.telar.md', good);
  place.write('shut/.telar', 'a file, where the store would be');
  const [run, doctor, check, graph] = await Promise.all([['run', 'shut/a.telar.md'], ['doctor', '--workspace', 'shut'], ['check', 'shut'], ['graph', 'shut/a.telar.md']].map((args) => place.telar(args)));
  expect([run?.code, run?.stderr]).toEqual([1, expect.stringMatching(/cannot be written.*--workspace/)]);
  expect([doctor?.code, doctor?.stdout]).toEqual([4, expect.stringMatching(/no +store /)]);
  expect([check?.code, check?.stdout, graph?.code]).toEqual([0, '1 notebook: no problems\n', 0]);
});

test.each(['SIGINT', 'SIGTERM'] as const)('R2 %s in the middle of `while True` ends the run within about a second, with 130, and the run is recorded', async (signal) => {
  place.write('c.telar.md', `${good}${py('forever', 'print("begun")\nwhile True:\n    pass')}${py('after', 'forever')}`);
  let pressed = 0;
  const done = await place.telar(['run', 'c.telar.md', '--json'], {
    begun: (child) => {
      child.stdout?.on('data', (text: string) => {
        if (pressed > 0 || !/"text":"begun/.test(text)) return;
        pressed = performance.now();
        child.kill(signal);
      });
    },
  });
  const took = performance.now() - pressed;
  expect(done.code).toBe(130);
  expect(pressed).toBeGreaterThan(0);
  expect(took).toBeLessThan(2500);
  expect(done.lines.at(-1)).toMatchObject({ type: 'summary', status: 'cancelled', nodes: { good: { state: 'fresh' }, forever: { state: 'cancelled' }, after: { state: 'cancelled' } } });
  expect((await place.telar(['runs', 'c.telar.md', '--json'])).lines[0]?.runs[0]).toMatchObject({ status: 'cancelled' });
});

test.each([
  ['Python', py('forever', 'print("begun")\nwhile True:\n    pass')],
  ['Python that waits', py('forever', 'import time\nprint("begun", flush=True)\ntime.sleep(60)')],
  ['JavaScript', js('forever', 'console.log("begun");\nfor (;;) {}')],
  ['SQL', py('ready', 'print("begun")') + sql('forever', "select count(*) from range(10000000) a(i), range(10000000) b(j) where (i * j) % 7 = 3 and 'begun' != i::varchar")],
])('R2 a key pressed in a terminal reaches the whole group, and is one cancel: the engine of %s is stopped, and does not fail', async (_, text) => {
  place.write('d.telar.md', text);
  const child = spawn(NODE, [TELAR, 'run', 'd.telar.md', '--json'], { cwd: place.root, detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => { said += more; });
  while (!said.includes('"text":"begun') || !/"node":"forever","status":\{"state":"running"/.test(said)) await wait(20);
  process.kill(-(child.pid as number), 'SIGINT');
  process.kill(-(child.pid as number), 'SIGINT');
  const code = await new Promise((resolve) => { child.once('close', resolve); });
  expect(code).toBe(130);
  expect(JSON.parse(said.trim().split('\n').at(-1) ?? '')).toMatchObject({ type: 'summary', status: 'cancelled', nodes: { forever: { state: 'cancelled' } } });
});

/** Runs a notebook of this text, perhaps where Python is not installed. */
function status(text: string, withoutPython = false, more: readonly string[] = []): ReturnType<Place['telar']> {
  place.write('a.telar.md', text);
  return place.telar(['run', 'a.telar.md', ...more], withoutPython ? { env: preload(place.root, 'hide.cjs', hide('pyodide')) } : {});
}

test('CLI the last line of a run says what its status says', async () => {
  const [elsewhere, missing, nothing] = [await status(good + wrong, false, ['--to', 'good']), await status(good + lacking, true), await status(lacking, true)];
  expect([elsewhere.code, elsewhere.stdout]).toEqual([2, expect.stringMatching(/\nerrors {2}.*\nThe file has an error elsewhere; see above\. What was asked for is done\.\n$/)]);
  for (const { code, stdout } of [missing, nothing]) expect([code, stdout]).toEqual([4, expect.stringMatching(/\nunavailable {2}.* not run in /)]);
  expect((await place.telar(['journal', '--run', 'last'])).stdout).toMatch(/warn +end .*run ended: unavailable, 1 unavailable/);
});
