/** `telar compare` as a person's shell calls it. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPlace, fence, js, sql, yaml, type Line, type Place } from '../support/cli.ts';
import { canary, preload } from './fixtures.ts';

const notebook = (more = ''): string => `---
telar: 1
---
${yaml('factor', 'input', 'type: integer\ndefault: 2')}${sql('days', `select i as day, i * {{ factor }} as n, random() as chance${more} from range(4) t(i)`)}${
  js('total', '[...days].reduce((sum, day) => sum + Number(day.n), 0)')}${js('noise', 'Number(factor) * 1e-9 + 1', 'compare=close(1e-6)')}${fence('text', '#told .text', 'sum of {{ total }}\nfor all')}${
  js('boom', 'if (factor > 2) throw new Error("too much"); 1')}`;

let place: Place;
let runs: string[];
beforeAll(async () => {
  place = await createPlace({ 'book.telar.md': notebook() });
  runs = [(await place.run()).lines.at(-1) as Line, (await place.run('book.telar.md', ['--set', 'factor=3'])).lines.at(-1) as Line].map((line) => line.run as string);
  place.write('book.telar.md', notebook(', true as even'));
  runs.push(((await place.run()).lines.at(-1) as Line).run as string);
});
afterAll(() => { place.remove(); });

const changes = (line: Line): Record<string, string> => Object.fromEntries((line.nodes as Line[]).map(({ node, output, change, summary }) => [output === 'value' ? node : `${node}.${output}`, `${change}: ${summary}`]));

test('C4 what changed, node by node, in words and with the reason', async () => {
  const done = await place.telar(['compare', runs[0]!, runs[1]!, '--json']);
  const line = done.lines.at(-1) as Line;
  expect(done.code).toBe(0);
  expect(line).toMatchObject({ type: 'compare', runs: [runs[0], runs[1]] });
  expect(changes(line)).toMatchObject({
    factor: 'changed: 2 → 3 (+1, +50 %); since its value is set', total: 'changed: 12 → 18 (+6, +50 %); since input `days` changed',
    noise: 'same: the same value, numbers to 0.000001', told: 'changed: 1 line removed, 1 added (of 2), from line 1 on; since input `total` changed',
  });
  expect(changes(line).days).toMatch(/^changed: 4 rows changed \(n, chance\) of 4, by day; since input `factor` changed$/);
  expect(changes(line).boom).toMatch(/^changed: done → failed: .*too much.*; since input `factor` changed$/);
});

test('C4 columns that came, and a run with itself', async () => {
  const line = (await place.telar(['compare', 'last~2', 'last', '--json'])).lines.at(-1) as Line;
  expect(changes(line)).toMatchObject({ factor: 'same: the same result', boom: 'same: the same result' });
  expect(changes(line).days).toMatch(/^changed: column added: even; .*; since its code changed$/);
  const same = (await place.telar(['compare', 'last', 'last', '--json'])).lines.at(-1) as Line;
  expect((same.nodes as Line[]).every((one) => one.change === 'same')).toBe(true);
  expect(same.nodes).toHaveLength(6);
});

test('CLI a line for each changed node, details below it; with -q nothing of those that are the same', async () => {
  const { stdout, code } = await place.telar(['compare', 'last~2', 'last~1']);
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines[0]).toBe(`${runs[0]} → ${runs[1]}  book.telar.md`);
  expect(lines.filter((line) => line.startsWith('~')).map((line) => line.split(/\s+/)[1])).toEqual(['factor', 'days', 'total', 'told', 'boom']);
  expect(lines).toContain('    -1 sum of 12');
  expect(lines.at(-1)).toBe('5 outputs differ; 1 of 6 are the same.');
  const quiet = await place.telar(['compare', 'last', 'last', '-q']);
  expect([quiet.stdout, quiet.code]).toEqual(['', 0]);
});

test('CLI bad usage: one run, an unknown one; the help says what the exit status means', async () => {
  expect((await place.telar(['compare', 'last'])).code).toBe(2);
  const unknown = await place.telar(['compare', 'last', 'yesterday', '--json']);
  expect([unknown.code, unknown.lines.at(-1)?.type, unknown.lines.at(-1)?.code]).toEqual([2, 'error', 'unknown-run']);
  expect((await place.telar(['compare', '--help'])).stdout).toContain('0 whether they differ or not');
});

test('C4 comparing runs nothing and needs no notebook (security.md 3)', async () => {
  const text = place.read('book.telar.md');
  place.write('book.telar.md', '# nothing is here any more\n');
  const song = place.path('canary.txt');
  const before = (await place.telar(['runs', '--json'])).stdout;
  const done = await place.telar(['compare', 'last~2', 'last~1', '--json'], { env: preload(place.root, 'canary.cjs', canary(song)) });
  expect(changes(done.lines.at(-1) as Line).total).toContain('12 → 18');
  expect(existsSync(song)).toBe(false);
  expect((await place.telar(['runs', '--json'])).stdout).toBe(before);
  place.write('book.telar.md', text);
});
