/** `telar faults`, `--fault` and TELAR_FAULT: what is listed, what is refused, what happens. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FAULT_POINTS } from '../../runtime/faults.ts';
import { createPlace, js, yaml, type Line, type Place } from '../support/cli.ts';

let place: Place;
beforeAll(() => { place = createPlace({ 'main.telar.md': js('a', '"x".repeat(70_000)') + js('b', 'a.length'), 'light.telar.md': yaml('n', 'input', 'type: integer\ndefault: 1') }); });
afterAll(() => { place.remove(); });

test('C2 B40 `telar faults` lists every point with its words and kinds', async () => {
  const { points, kinds } = (await place.telar(['faults', '--json'])).lines.at(-1) as Line & { points: { name: string; words: string; kinds: string[] }[]; kinds: { name: string }[] };
  expect(points.map(({ name }) => name)).toEqual(FAULT_POINTS);
  expect(kinds.map(({ name }) => name)).toEqual(['kill', 'stop', 'throw', 'delay', 'block', 'disk-full', 'torn']);
  expect(points.find(({ name }) => name === 'blob-written')!.kinds).toEqual(['kill', 'stop', 'throw', 'delay', 'block', 'disk-full', 'torn']);
  expect(points.find(({ name }) => name === 'committed')!.kinds).toEqual(['kill', 'stop', 'throw', 'delay', 'block']);
  const { stdout } = await place.telar(['faults']);
  for (const name of FAULT_POINTS) expect(stdout).toContain(`  ${name} `);
});

test.each([
  ['comitting', 'Did you mean committing?'], ['committing:kil', 'Did you mean kill?'], ['committing:torn', 'blob-written, blob-renamed, file-written'], ['committed:disk-full', 'refused for want of room'],
  ['committing@0', 'NAME[:kind][@n]'], ['committing:kill:1', 'NAME[:kind][@n]'], ['toString', 'no fault point'], ['every/committing', 'leave “every/” away'], ['every/any', 'no fault point'], ['every/task-begum', 'Did you mean task-begun?'], ['task-begun:torn', 'could be torn'], ['any:constructor', 'no kind of fault'],
])('B40 --fault %j is refused as usage', async (text, says) => {
  const refused = await place.telar(['run', 'light.telar.md', `--fault=${text}`]);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(says)]);
});

test('B40 TELAR_FAULT arms any command, --fault may be repeated, and a point that is not passed does nothing', async () => {
  expect((await place.telar(['runs'], { env: { TELAR_FAULT: 'nonsense' } })).code).toBe(2);
  const calm = await place.run('light.telar.md', ['--fault', 'committing@900', '--fault', 'gc-rows', '--fault', 'committed:delay']);
  expect([calm.code, calm.unwell]).toEqual([0, {}]);
});

test('B42 disk-full fails the step that could not be kept, as a full disk does; the next run goes on', async () => {
  const full = await place.run('main.telar.md', ['--fault', 'blob-written:disk-full']);
  expect([full.code, full.unwell]).toEqual([1, { a: 'disk-full', b: 'cancelled' }]);
  expect(full.nodes.a!.error!.message).toContain('make room');
  expect((await place.run()).code).toBe(0);
});

test.each(['blob-written:torn', 'blob-renamed:torn'])('C3 %s: half a value is never served', async (fault) => {
  const version = `"${fault} ".repeat(9_000)`;
  place.write('main.telar.md', js('a', version) + js('b', 'a.length'));
  expect((await place.run('main.telar.md', ['--fault', fault])).code).toBe(null);
  const after = await place.run();
  expect([after.code, after.unwell]).toEqual([0, {}]);
  expect((await place.telar(['show', 'main.telar.md', 'b'])).stdout.trim()).toBe(String(9_000 * (fault.length + 1)));
});
