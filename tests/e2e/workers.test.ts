/** Where a step is done changes nothing of what it gives: the notebook that everybody sees first, beside the runtime and in workers, and with workers that die. */
import { cpSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test, type TestContext } from 'vitest';
import { createPlace, js, sql, type Line, type Place, type RunEnd } from '../support/cli.ts';
import { links, signal } from '../support/processes.ts';
import { expectWhole } from '../crash/workload.ts';

const NOTEBOOKS = fileURLToPath(new URL('../../notebooks', import.meta.url));

function lay({ onTestFinished }: TestContext, files: Parameters<typeof createPlace>[0]): Place {
  const place = createPlace(files);
  onTestFinished(() => { place.remove(); });
  return place;
}

/** The notebook with what lies beside it, in a workspace whose store is empty. */
function welcome(context: TestContext): Place {
  const place = lay(context, {});
  mkdirSync(place.path('notebooks'));
  cpSync(NOTEBOOKS, place.path('notebooks'), { recursive: true, filter: (path) => !path.includes('.telar/') && !path.endsWith('.telar') });
  return place;
}

/** Hashes of all outputs, by node and name. */
const hashesOf = ({ nodes }: RunEnd): Record<string, string> => Object.fromEntries(Object.entries(nodes).flatMap(([node, { outputs = {} }]) => Object.entries(outputs).map(([name, { hash, type }]) => [`${node}.${name}`, hash ?? type])));
const journalOf = async (place: Place): Promise<Line[]> => (await place.telar(['journal', '--level', 'debug', '--json'])).stdout.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Line);

test.concurrent('W13 every step of the welcome notebook gives in a worker, to the byte, what it gives beside the runtime, one after the other or many at once', { timeout: 120_000 }, async (context) => {
  const [light, heavy] = [welcome(context), welcome(context)];
  const [beside, there] = await Promise.all([light.run('notebooks/welcome.telar.md', ['--trust', '--jobs', '1']), heavy.run('notebooks/welcome.telar.md', ['--trust', '--worker', 'heavy', '--jobs', '8'])]);
  expect([beside.code, there.code, there.unwell]).toEqual([0, 0, {}]);
  expect(there.ran).toEqual(beside.ran);
  expect(hashesOf(there)).toEqual(hashesOf(beside));
  expect(Object.keys(hashesOf(there)).length).toBeGreaterThan(5);
  const events = (await journalOf(heavy)).map(({ event }) => event as string);
  expect(events).toContain('dispatch');
  const again = await heavy.run('notebooks/welcome.telar.md', ['--trust']);
  expect([again.code, again.ran]).toEqual([0, []]);
});

test.concurrent('W13 a run whose workers are killed one after the other ends green, and every result of it can be had again', { timeout: 120_000 }, async (context) => {
  const place = lay(context, {
    'main.telar.md': sql('rows', 'select range r, range * 3 p from range(200000)') + js('counted', 'let sum = 0; for (let i = 0; i < 6e6; i++) sum += i % 7; sum + rows.length')
      + js('total', 'let all = counted; for (let i = 0; i < 6e6; i++) all += i % 5; all') + js('both', '[total, counted]'),
  });
  let killed = 0;
  let timer: NodeJS.Timeout | undefined;
  const ended = await place.run(undefined, ['--worker', 'heavy'], { begun: ({ pid }) => {
    timer = setInterval(() => {
      const [first] = links(pid);
      if (first === undefined || killed === 2) return;
      killed += 1;
      signal([first], 'SIGKILL');
    }, 400);
  } });
  clearInterval(timer);
  expect([ended.code, ended.unwell, ended.stderr]).toEqual([0, {}, '']);
  expect(killed).toBe(2);
  expectWhole(place.root);
  const told = (await journalOf(place)).filter(({ event }) => event === 'dead' || event === 'start-failed');
  expect(told.length).toBeGreaterThan(0);
  expect(told.map(({ msg }) => String(msg)).join(' ')).toContain('SIGKILL');
  const verified = await place.telar(['verify', 'last', '--json']);
  expect([verified.code, verified.lines.at(-1)]).toEqual([0, expect.objectContaining({ type: 'verify' })]);
});
