/** The kind `skill`: its own text, a skill of a volume, what it reads, and when it runs again. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cell } from '../../contracts/node.ts';
import { skill } from '../../nodes/skill/index.ts';
import { createPlace, fence, yaml, type Place } from '../support/cli.ts';

const cell = (body: string, language = 'markdown'): Cell => ({ id: 'it', kind: 'skill', language, body, params: {} });
const doc = (name: string, body: string): string => `---\nname: ${name}\ndescription: Use it.\n---\n${body}\n`;
const told = (problems: ReturnType<typeof skill.analyse>['problems'], body: string): string[] => problems.map(({ code, severity, at }) => `${severity} ${code} ${JSON.stringify(body.slice(at.from, at.to))}`);

test('K8 a body that is wrong has a problem in its place', () => {
  const wrong: [body: string, language: string, ...problems: string[]][] = [
    ['', 'markdown', 'error missing-key ""'],
    ['---\nname: a\nname: b\n---\nx\n', 'markdown', 'error syntax "n"'],
    ['---\nname: a\n', 'markdown', 'error syntax "---"'],
    ['---\nname: [a]\n---\nx\n', 'markdown', 'warning syntax "[a]"'],
    ['---\na: *b\n---\nx\n', 'markdown', 'error syntax "*b"'],
    ['usr: a\n', 'yaml', 'error unknown-key "usr"', 'error missing-key "usr: a\\n"'],
    ['use: [a]\n', 'yaml', 'error bad-value "[a]"'],
    ['use: style\n', 'markdown', 'warning syntax "use: style\\n"'],
    ['use: [\n', 'yaml'],
  ];
  for (const [body, language, ...problems] of wrong) {
    const found = told(skill.analyse(cell(body, language)).problems, body);
    if (problems.length > 0) expect(found.slice(0, problems.length), body).toEqual(problems);
    else expect(found[0], body).toMatch(/^error syntax/);
  }
  expect(skill.analyse(cell('Just *this*, with {{ no }} names.\n'))).toMatchObject({ reads: [], problems: [], normal: 'Just *this*, with {{ no }} names.' });
  expect(skill.analyse(cell(doc('a', 'Same.'))).normal).toBe(skill.analyse(cell(doc('b', 'Same.'))).normal);
});

let place: Place;
beforeAll(() => {
  place = createPlace({
    'deep/main.telar.md': `${yaml('style', 'skill', 'use: style')}${yaml('tone', 'skill', 'use: tone')}${fence('markdown', '#own .skill', doc('own', '# Own\n\nText.').trim())}${fence('text', '#asked .text', '{{ style }} / {{ tone }} / {{ own }}')}`,
    'skills/style/SKILL.md': doc('style', 'Short sentences.'), 'skills/style/references/more.md': 'more', 'skills/other/SKILL.md': doc('other', 'Other.'),
    'deep/skills/tone.md': '---\nname: Tone\ncategory: writing\n---\nWarm.\n',
  });
});
afterAll(() => { place.remove(); });

const text = async (id: string): Promise<string> => (await place.telar(['show', 'deep/main.telar.md', id])).stdout.trim();

test('K8 a skill is found beside the notebook and above, and runs again exactly when what it read changes', { timeout: 60_000 }, async () => {
  const first = await place.run();
  expect([first.code, first.unwell]).toEqual([0, {}]);
  expect(await text('asked')).toBe('Short sentences. / Warm. / # Own\n\nText.');
  expect((await place.run()).ran).toEqual([]);

  place.write('skills/other/SKILL.md', doc('other', 'Changed.'));
  expect((await place.run()).ran).toEqual([]);
  place.write('skills/style/SKILL.md', doc('style', 'Shorter.'));
  expect((await place.run()).ran).toEqual(['asked', 'style']);

  // The same name nearer by is no replacement: somebody has to say which.
  place.write('deep/skills/style/SKILL.md', doc('style', 'Long ones.'));
  const both = await place.run();
  expect([both.code, both.unwell]).toEqual([2, { style: 'ambiguous-name', asked: 'cancelled' }]);
  expect(both.nodes.style!.error).toMatchObject({ line: 2, message: expect.stringMatching(/`skills\/style` or `\.\.\/skills\/style`/) as string });

  const notebook = place.read('deep/main.telar.md');
  place.write('deep/main.telar.md', notebook.replace('use: style', 'use: ../skills/style'));
  expect((await place.run()).unwell).toEqual({});
  expect(await text('style')).toBe('Shorter.');
  place.write('deep/main.telar.md', `---\ntelar: 1\nskills: [skills]\n---\n${notebook}`);
  expect((await place.run()).unwell).toEqual({});
  expect(await text('style')).toBe('Long ones.');
  expect((await place.why('style', 'deep/main.telar.md')).reason).toMatch(/folders in which it looks for skills changed/);
});

test('K8 `skills:` of the front matter is a list of folders', async () => {
  place.write('list.telar.md', `---\ntelar: 1\nskills: skills\n---\n${yaml('style', 'skill', 'use: style')}`);
  const { code, lines } = await place.telar(['check', 'list.telar.md', '--json']);
  expect([code, lines.at(-1)!.problems]).toEqual([2, [expect.objectContaining({ code: 'front-matter', line: 3, message: expect.stringMatching(/list of folders/) as string })]]);
});

test('K8 a skill that cannot be read fails its node, in words, and nothing else', { timeout: 60_000 }, async () => {
  const bad = {
    empty: '', bomb: '---\nname: &a x\ndescription: *a\n---\nx', latin: new Uint8Array([0x2d, 0x2d, 0x2d, 0x0a, 0xe9]), large: new Uint8Array(10_000_000).fill(0x61), prose: 'No front matter.\n', bare: '---\nname: bare\n---\n',
  };
  for (const [name, content] of Object.entries(bad)) place.write(`skills/${name}/SKILL.md`, content);
  const names = Object.keys(bad);
  place.write('bad.telar.md', `${[...names, 'stile', '../skills/style', '../../style'].map((name, i) => yaml(names.includes(name) ? name : `n${i}`, 'skill', `use: ${name}`)).join('')}${yaml('fine', 'skill', 'use: other')}`);
  const { code, unwell, nodes } = await place.run('bad.telar.md');
  expect(code).toBe(2);
  expect(unwell).toEqual({ ...Object.fromEntries(names.map((name) => [name, 'bad-file'])), n6: 'missing-name', n7: 'missing-name', n8: 'missing-name' });
  expect(nodes.n6!.error!.message).toMatch(/Did you mean `style`/);
  expect(nodes.fine!.state).toBe('fresh');
  for (const name of names) expect(nodes[name]!.error!.message, name).toMatch(new RegExp(`skills/${name}/SKILL\\.md`));
});
