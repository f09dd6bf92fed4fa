/** `telar skills` as a person calls it: every act, with its schema, its exit status, and what it says of the broken. */
import { mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, createPlace, type Finished, type Line, type Place } from '../support/cli.ts';

const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../../contracts/schema/skills.schema.json'), 'utf8')) as object;
const validate = new Ajv2020({ allErrors: true, strict: false }).compile(schema);
const doc = (name: string, description: string, body: string): string => `---\nname: ${name}\ndescription: "${description}"\n---\n${body}\n`;

let place: Place;
beforeAll(() => {
  place = createPlace({
    'skills/chart-sales/SKILL.md': doc('chart-sales', 'Use when a picture of sales is asked for.', '# Charts\n\nBars, coloured by region.\t\u001b[31mred'),
    'skills/chart-sales/assets/graph.telar.md': '```javascript {#n}\n1 + 1\n```\n',
    'skills/scripts.md': '---\nname: Python Script Creation\ncategory: coding\ndescription: How we write scripts\nkeywords: [python]\n---\n# Scripts\n\nWrite them well.\n',
    'team/chart-sales/SKILL.md': doc('chart-sales', 'Theirs.', 'Other bars.'),
    'bad/dashes/SKILL.md': doc('dashes', 'a --- b', 'x'), 'bad/nested/SKILL.md': '---\nname: nested\ndescription: x\nmetadata:\n  a:\n    b: c\n---\nx\n', 'bad/bom/SKILL.md': `\uFEFF${doc('bom', 'x', 'x')}`,
    'bad/out/SKILL.md': doc('out', 'x', '[a](../../secret)'), 'bad/large/SKILL.md': new Uint8Array(10_000_000).fill(0x61), 'bad/good/SKILL.md': doc('good', 'x', 'x'),
  });
  symlinkSync('/etc/passwd', place.path('bad/good/link'));
  mkdirSync(place.path('empty'));
});
afterAll(() => { place.remove(); });

const telar = (...args: string[]): Promise<Finished> => place.telar(['skills', ...args]);
/** The result, which keeps to the schema. */
async function json(...args: string[]): Promise<{ code: number | null; line: Line }> {
  const { code, lines } = await telar(...args, '--json');
  const line = lines.at(-1) as Line;
  validate(line);
  expect(validate.errors ?? [], JSON.stringify(line)).toEqual([]);
  return { code, line };
}

test('K8 `list` and `show` tell volumes, forms and what can be run', async () => {
  const { code, line } = await json('list');
  expect([code, line.volumes]).toEqual([0, [{ name: 'skills', path: 'skills', skills: 2 }]]);
  expect((line.skills as Line[]).map(({ name, form, graphs }) => [name, form, (graphs as string[]).length])).toEqual([['chart-sales', 'agent-skill', 1], ['scripts', 'older', 0]]);

  place.write('secret/out/SKILL.md', doc('leaked', 'A secret.', 'Hidden.'));
  place.write('inner/.telar/keep', '');
  for (const name of ['file', 'good']) place.write(`inner/skills/${name}/SKILL.md`, doc(name, 'Fine.', 'Fine.'));
  rmSync(place.path('inner/skills/file/SKILL.md'));
  symlinkSync(place.path('secret/out/SKILL.md'), place.path('inner/skills/file/SKILL.md'));
  symlinkSync(place.path('secret/out'), place.path('inner/skills/folder'));
  symlinkSync(place.path('inner/skills/good'), place.path('inner/skills/within'));
  for (const act of [['list'], ['search', 'secret fine']]) {
    const { stdout } = await command(['skills', ...act, '--json'], place.path('inner'));
    const linked = JSON.parse(stdout) as Line;
    expect(stdout).not.toContain('leaked');
    expect(((linked.skills ?? linked.hits) as Line[]).map(({ name }) => name)).toEqual(['good', 'within']);
    expect((linked.problems as Line[]).map(({ rule, file }) => [rule, file])).toEqual([['refused', 'skills/file/SKILL.md'], ['refused', 'skills/folder/SKILL.md']]);
  }

  const both = await telar('list', '--skills', 'skills', '--skills', 'theirs=team');
  expect([both.code, both.stdout]).toEqual([0, expect.stringContaining('theirs')]);
  expect(both.stderr).toMatch(/team\/chart-sales\/SKILL\.md:1:1 warning .*`skills\/chart-sales` or `theirs\/chart-sales`/);

  const shown = await telar('show', 'chart-sales');
  expect(shown.stdout).toMatch(/can be run: telar run skills\/chart-sales\/assets\/graph\.telar\.md/);
  expect(shown.stdout).not.toContain('\u001b');
  expect((await place.run('skills/chart-sales/assets/graph.telar.md')).ran).toEqual(['n']);
  expect((await json('show', 'scripts')).line.skill).toMatchObject({ title: 'Python Script Creation', other: { category: 'coding' }, run: [], headings: ['Scripts'] });
  expect((await json('show', 'theirs/chart-sales', '--skills', 'skills,theirs=team')).line.skill).toMatchObject({ description: 'Theirs.' });
});

test('K8 `search` ranks, and says which words matched where', async () => {
  const { line } = await json('search', 'colour', 'the', 'charts');
  expect(line).toMatchObject({ how: 'exact', total: 1, hits: [{ name: 'chart-sales', matched: [{ word: 'charts', fields: ['name', 'headings', 'body'] }, { word: 'colour', fields: ['body'] }] }] });
  expect((await json('search', 'pyhton')).line).toMatchObject({ how: 'near', hits: [{ name: 'scripts' }] });
  expect((await json('search', 'zebra', '--top', '1')).line).toMatchObject({ how: 'none', hits: [] });
  expect((await telar('search', 'charts')).stdout).toMatch(/chart-sales.*\n.*charts \(name, headings, body\)/);
});

test('K8 `validate` tells each broken skill by rule, line and column, and the good ones too', async () => {
  const { code, line } = await json('validate', 'bad');
  const found = Object.fromEntries((line.skills as Line[]).map(({ folder, problems }) => [folder, (problems as Line[]).map(({ rule, level, line: at, column }) => `${level} ${rule} ${at}:${column}`)]));
  expect(code).toBe(2);
  expect(found).toEqual({
    'bad/bom': ['error bom 1:1'], 'bad/dashes': ['error dashes 3:17'], 'bad/good': ['warning symlink 1:1'], 'bad/large': ['error size 1:1'], 'bad/nested': ['warning metadata-nested 6:5'], 'bad/out': ['warning link-outside 5:5'],
  });
  expect((await telar('validate', 'bad/good')).code).toBe(0);
  const strict = await telar('validate', 'bad/good', '--profile', 'strict');
  expect([strict.code, strict.stderr]).toEqual([2, expect.stringMatching(/^bad\/good\/link:1:1 error .*\(symlink\)$/m)]);
  expect((await json('validate')).line).toMatchObject({ valid: false, problems: [{ rule: 'skill-md', file: 'skills/scripts.md' }] });
  expect((await json('validate', 'empty')).line).toMatchObject({ valid: false, skills: [{ problems: [{ rule: 'skill-md' }] }] });
  expect((await json('validate', 'none', 'bad/good')).line).toMatchObject({ valid: false, skills: [{ folder: 'none', problems: [{ rule: 'missing-file' }] }, { folder: 'bad/good', valid: true }] });
});

test('K8 `convert` writes new folders, touches nothing that is there, and what it writes is valid', async () => {
  const { code, line } = await json('convert', 'skills/scripts.md', 'skills/chart-sales', 'bad/large/SKILL.md', '-o', 'out');
  expect([code, (line.problems as Line[]).map(({ rule, file }) => [rule, file])]).toEqual([2, [['bad-file', 'bad/large/SKILL.md']]]);
  expect((line.converted as Line[]).map(({ name, folder }) => [name, folder])).toEqual([['python-script-creation', 'out/python-script-creation'], ['chart-sales', 'out/chart-sales']]);
  expect(readdirSync(place.path('out/chart-sales'), { recursive: true }).sort()).toEqual(['SKILL.md', 'assets', 'assets/graph.telar.md']);
  expect((await json('validate', 'out')).code).toBe(0);
  const before = place.read('out/chart-sales/SKILL.md');
  expect((await json('convert', 'team/chart-sales', '-o', 'out')).line).toMatchObject({ converted: [], problems: [{ rule: 'refused' }] });
  expect(place.read('out/chart-sales/SKILL.md')).toBe(before);
});

test('K8 a call that cannot be meant says how it is', async () => {
  const calls: [args: string[], why: RegExp][] = [
    [['lst'], /takes list, show/], [['show'], /telar skills show NAME/], [['show', 'nothing'], /There is no skill `nothing`/], [['search'], /what to look for/], [['search', 'x', '--top', '0'], /--top/], [['list', 'x'], /no further word/],
    [['convert', 'skills/scripts.md'], /-o DIR/], [['list', '--profile', 'strict'], /belongs to `telar skills validate`/], [['show', 'chart-sales', '--skills', 'skills,team'], /Say which/], [['list', '--skills', 'nowhere'], /There is no folder `nowhere`/],
  ];
  for (const [args, why] of calls) {
    const { code, stderr } = await telar(...args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(why)]);
  }
});
