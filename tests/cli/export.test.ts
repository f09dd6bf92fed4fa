/** `telar export` and `telar import skill`, and the skill by itself: in an empty folder, on a user's Node, without Telar. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'acorn';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSkillFolder } from '../../runtime/skills/folder.node.ts';
import { validateSkill } from '../../runtime/skills/validate.ts';
import { runSkill } from '../export/support.ts';
import { createPlace, fence, js, NODE, sql, TELAR, yaml, type Place } from '../support/cli.ts';
import { llamaReason } from '../support/llama.ts';

const samples = fileURLToPath(new URL('../../samples/', import.meta.url));
const notebook = `---
telar: 1
title: Prices, added up
description: Use when prices must be added up
outputs: [told, rows]
---
${yaml('factor', 'input', 'type: number\ndefault: 2')}${yaml('rates', 'data', 'file: data/rates.json')}${sql('rows', "select * from (values (1, 1.10::decimal(9,2), 9007199254740993::bigint), (2, 2.25, -1)) as t(n, price, big)")}${
  js('total', "import { scaled } from './scale.js'\nscaled([...rows].map((row) => Number(row.price)), factor)")}${js('many', '[factor, rates.base, new Date(0), 2n ** 70n]')}${
  fence('text', '#told .text', 'In all {{ total }}.')}${yaml('sane', 'check', '- that: total > 0\n  language: javascript')}${js('chance', 'Math.random()')}`;

let place: Place;
const skill = (name = 'prices'): string => place.path(`out/${name}`);

beforeAll(async () => {
  place = createPlace({
    'prices.telar.md': notebook, 'scale.js': 'export const scaled = (list, by) => Math.round(list.reduce((a, b) => a + b, 0) * by * 100) / 100\n', 'data/rates.json': '{"base": 3}\n',
    'red.telar.md': `---\ntelar: 1\n---\n${js('x', '1')}${yaml('sane', 'check', '- that: x === 2\n  language: javascript')}`,
    'sub/above.telar.md': `${yaml('text', 'data', 'file: ../scale.js\nformat: text')}`,
    'broken.telar.md': `${yaml('c', 'contract', "metadata: {id: A-U001, version: 1.0.0, name: a, description: b, language: JavaScript}\ninterface: {exports: {f: {type: function, description: d, parameters: {}, returns: {type: integer}}}}\ndependencies: {internal: [], external: {}}\nconstraints: {}\nacceptance_tests:\n  - {id: T001, name: n, when: f(), then: [f returns 1]}")}${fence('javascript', '#f_code .implementation of=c', 'export const f = () => 2;')}`,
    'sub/talks.telar.md': `---\ntelar: 1\ntitle: "It [talks](../x)"\nlicense: "- MIT"\noutputs: [rec, told]\n---\n${yaml('n', 'input', 'type: integer\ndefault: 1')}${yaml('big', 'input', 'type: any\ndefault: 9007199254740993')}${yaml('rates', 'data', 'file: data/rates.json')}${yaml('style', 'skill', 'use: style')}${fence('text', '#told .prompt model=clerk', '{{ style }} Say it.')}${js('rec', "({ tag: 'a', text: 'b', n: n + 1, big, of: typeof big, told })")}`,
    'sub/data/rates.json': '{"base": 3}\n', 'sub/models/clerk.model.yaml': 'telar-model: 1\nprovider: script\nmodel: clerk.answers.yaml\n', 'sub/models/clerk.answers.yaml': '- answer: It is said.\n', 'sub/skills/style/SKILL.md': '---\nname: style\ndescription: Use it.\n---\nShort.\n',
    'huge.telar.md': `${yaml('big', 'data', 'file: data/huge.txt')}`, 'data/huge.txt': 'x'.repeat(16 * 2 ** 20),
  });
  expect(await place.telar(['export', 'prices.telar.md', '--to', 'skill', '-o', 'out', '--json'])).toMatchObject({ code: 0, lines: [expect.objectContaining({ type: 'export', name: 'prices', recorded: ['chance'] })] });
}, 60_000);
afterAll(() => { place.remove(); });

const files = (root: string): Map<string, string> => new Map(readdirSync(root, { recursive: true, withFileTypes: true }).filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name)).sort().map((path) => [path.slice(root.length), createHash('sha256').update(readFileSync(path)).digest('hex')]));

test('K9 the exported skill passes the strict validator, and skills-ref where that is installed', () => {
  expect(validateSkill(openSkillFolder(skill()), 'strict').problems).toEqual([]);
  const found = (process.env.PATH ?? '').split(':').flatMap((folder) => [join(folder, 'skills-ref'), join(folder, 'agentskills')]).find((path) => existsSync(path));
  if (found === undefined) { console.log('skills-ref is not on the PATH; our own validator alone was asked'); return; }
  expect(() => execFileSync(found, ['validate', skill()])).not.toThrow();
});

test('K9 run.mjs proves the pinned results in an empty folder, and does what it can', async () => {
  const done = await runSkill(skill(), ['--replay', '--verify', '--json']);
  expect([done.code, done.told.ok, done.told.differ], done.stderr).toEqual([0, true, []]);
  expect(done.told.same).toEqual(expect.arrayContaining(['factor', 'total', 'told', 'sane', 'many']));
  expect(done.told.held).toMatchObject({ rows: 'engine', chance: 'recorded' });
  const rows = [{ n: 1, price: '1.10', big: '9007199254740993' }, { n: 2, price: '2.25', big: '-1' }];
  for (const { told } of await Promise.all([['--json'], ['--replay', '--json']].map((args) => runSkill(skill(), args)))) expect(told.outputs).toEqual({ told: 'In all 6.7.', rows });
});

test('K9 changed inputs run JavaScript, text and checks in the skill, with the values of the engine of Telar', async () => {
  const own = await runSkill(skill(), ['--json', '--input', '-'], { PATH: '' }, '{"factor": 3}');
  expect([own.code, own.told.by, own.told.outputs?.told], own.stderr).toEqual([0, 'skill', 'In all 10.05.']);
  await place.run('prices.telar.md', ['--set', 'factor=3']);
  expect((await place.telar(['show', 'prices.telar.md', 'told', '--set', 'factor=3', '-q'])).stdout.trim()).toBe(own.told.outputs.told);
  expect((await runSkill(skill(), ['--json', '--input', '{"factor": -3}'])).code).toBe(3);
  const plan = await runSkill(skill(), ['--dry-run', '--json', '--input', '{"factor": 4}']);
  expect((plan.told.steps as { node: string; decision: string }[]).find(({ node }) => node === 'rows')?.decision).toBe('reuse');
});

test('K9 bad input is exit 2, and names what is wrong', async () => {
  await Promise.all(([['{"fac": 1}', 'fac'], ['{"factor": null}', 'factor'], ['@missing.json', 'cannot be read']] as const).map(async ([input, said]) => {
    const done = await runSkill(skill(), ['--input', input]);
    expect([done.code, done.stdout], input).toEqual([2, '']);
    expect(done.stderr).toContain(said);
  }));
});

test('K9 what a skill lacks is exit 4 and named, and is asked of telar where that is on the PATH', async () => {
  place.write('asks.telar.md', `---\ntelar: 1\noutputs: [y]\n---\n${yaml('n', 'input', 'type: integer\ndefault: 1')}${sql('x', 'select {{ n }} as v')}${js('y', '[...x][0].v + 1')}`);
  expect((await place.telar(['export', 'asks.telar.md', '--to', 'skill', '-o', 'out'])).code).toBe(0);
  const alone = await runSkill(skill('asks'), ['--input', '{"n": 5}', '--json']);
  expect([alone.code, alone.told.error?.message]).toMatchObject([4, expect.stringMatching(/`x`.*`sql`.*no `telar` on the PATH/) as string]);
  place.write('bin/telar', `#!/bin/sh\nexec "${NODE}" "${TELAR}" "$@"\n`);
  execFileSync('chmod', ['755', place.path('bin/telar')]);
  const asked = await runSkill(skill('asks'), ['--input', '{"n": 5}', '--json'], { PATH: `${place.path('bin')}:${process.env.PATH ?? ''}` });
  expect([asked.code, asked.told.by, asked.told.outputs], asked.stderr).toEqual([0, 'telar', { y: 6 }]);
});

test('K9 a prompt and a skill keep their pinned values while their inputs are the same, and values are exact', async () => {
  expect((await place.telar(['export', 'sub/talks.telar.md', '--to', 'skill', '-o', 'out'])).stderr).toBe('');
  // The other notebook made the same from the same file, in another folder.
  expect(place.read('out/talks/assets/data/rates.json')).toBe('{"base": 3}\n');
  expect(readdirSync(place.path('out/talks/assets/models'))).toEqual(['clerk.answers.yaml', 'clerk.model.yaml']);
  const rec = { tag: 'a', text: 'b', n: 2, big: '9007199254740993', of: 'bigint', told: 'It is said.' };
  const [same, other] = await Promise.all(['{"n": 1}', '{"n": 2, "big": "5"}'].map((input) => runSkill(skill('talks'), ['--json', '--input', input])));
  expect([same?.told.by, same?.told.outputs], same?.stderr).toEqual(['skill', { told: 'It is said.', rec }]);
  expect([other?.told.by, other?.told.outputs], other?.stderr).toEqual(['skill', { told: 'It is said.', rec: { ...rec, n: 3, big: '5', of: 'string' } }]);
});

test.skipIf(llamaReason !== '')(`K9 the welcome notebook as a skill proves itself, comes back as it was, and its model goes along${llamaReason === '' ? '' : ` (${llamaReason})`}`, async () => {
  cpSync(fileURLToPath(new URL('../../notebooks', import.meta.url)), place.path('notebooks'), { recursive: true, filter: (path) => !path.endsWith('.telar') });
  expect(await place.telar(['export', 'notebooks/welcome.telar.md', '--to', 'skill', '-o', 'out'])).toMatchObject({ code: 0, stderr: '' });
  expect(validateSkill(openSkillFolder(skill('welcome')), 'strict').problems).toEqual([]);
  const proof = await runSkill(skill('welcome'), ['--replay', '--verify', '--json']);
  expect([proof.code, proof.told.differ], proof.stderr).toEqual([0, []]);
  expect((await place.telar(['import', 'skill', 'out/welcome', '-o', 'home'])).code).toBe(0);
  expect((await place.telar(['export', 'home/welcome.telar.md', '--to', 'skill', '-o', 'twice', '--workspace', 'home'])).code).toBe(0);
  expect(files(place.path('twice/welcome'))).toEqual(files(skill('welcome')));
  const run = await place.run('home/welcome.telar.md', ['--set', 'year=2015', '--workspace', 'home']);
  expect([run.code, run.unwell, run.nodes.told?.how], run.stderr).toEqual([0, {}, 'ran']);
});

test('K9 export, import, export gives the same bytes', async () => {
  expect((await place.telar(['import', 'skill', 'out/prices', '-o', 'back'])).code).toBe(0);
  expect((await place.telar(['export', 'back/prices.telar.md', '--to', 'skill', '-o', 'again', '--workspace', 'back'])).code).toBe(0);
  expect(files(place.path('again/prices'))).toEqual(files(skill()));
  const text = [...files(skill()).keys()].filter((path) => !path.endsWith('run.mjs')).map((path) => readFileSync(skill() + path, 'utf8')).join('\n');
  expect(text).not.toContain(place.root);
  expect(text).not.toMatch(/20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d/);
});

test('K9 results of another that do not come out the same are not exported', async () => {
  const path = 'back/prices.telar.pins';
  const was = place.read(path);
  const hash = createHash('sha256').update('In all 7.').digest('hex');
  const beside = JSON.parse(was) as { lock: { steps: { node: string; row: string }[]; rows: { id: string; outputs: { value: { ref: { hash: string; bytes: number } } } }[] }; values: Record<string, unknown> };
  const { row } = beside.lock.steps.find(({ node }) => node === 'told')!;
  Object.assign(beside.lock.rows.find(({ id }) => id === row)!.outputs.value.ref, { hash, bytes: 9 });
  beside.values[hash] = { text: 'In all 7.' };
  place.write(path, JSON.stringify(beside));
  const done = await place.telar(['export', 'back/prices.telar.md', '--to', 'skill', '-o', 'forged', '--workspace', 'back', '--json']);
  expect([done.code, done.lines.at(-1)]).toMatchObject([5, { code: 'forged', data: { node: 'told' } }]);
});

test('K9 what was changed, added, or swapped is exit 5', async () => {
  const changes: Readonly<Record<string, (root: string) => void>> = {
    lock: (root) => { writeFileSync(`${root}/assets/lock.json`, readFileSync(`${root}/assets/lock.json`, 'utf8').replace('"prices"', '"pricez"')); },
    script: (root) => { writeFileSync(`${root}/scripts/run.mjs`, `${readFileSync(`${root}/scripts/run.mjs`, 'utf8')}\n`); },
    pins: (root) => { cpSync(skill('talks') + '/assets/pins.json', `${root}/assets/pins.json`); },
    added: (root) => { writeFileSync(`${root}/assets/more.txt`, 'more'); },
    link: (root) => { rmSync(`${root}/SKILL.md`); symlinkSync(join(skill(), 'SKILL.md'), `${root}/SKILL.md`); },
    removed: (root) => { rmSync(`${root}/evals/evals.json`); },
  };
  expect(await Promise.all(Object.entries(changes).map(async ([what, act]) => {
    const root = place.path(`bad-${what}`);
    cpSync(skill(), root, { recursive: true });
    act(root);
    return [what, (await runSkill(root, ['--replay', '--verify'])).code];
  }))).toEqual(Object.keys(changes).map((what) => [what, 5]));
});

test('K9 run.mjs opens no socket and needs no package', () => {
  const text = readFileSync(join(skill(), 'scripts/run.mjs'), 'utf8');
  expect(text.length).toBeLessThan(2_500_000);
  const imports = (parse(text, { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true }).body as { type: string; source?: { value?: unknown } }[]).filter(({ type }) => type === 'ImportDeclaration').map(({ source }) => String(source?.value).replace('node:', ''));
  expect([...new Set(imports)].filter((name) => !['child_process', 'crypto', 'fs', 'module', 'os', 'path', 'stream', 'worker_threads'].includes(name))).toEqual([]);
  expect(text.match(/(?:require|import)\s*\(\s*["'](?:node:)?(?:net|tls|dns|dgram|http|https|http2|inspector)["']/g) ?? []).toEqual([]);
});

test('K9 what is red, too large, or above the notebook blocks the export', async () => {
  const red = await place.telar(['export', 'red.telar.md', '--to', 'skill', '-o', 'out', '--json']);
  expect([red.code, red.lines.at(-1)]).toMatchObject([3, { type: 'error', code: 'check-red', data: { node: 'sane' } }]);
  const broken = await place.telar(['export', 'broken.telar.md', '--to', 'skill', '-o', 'out', '--json']);
  expect([broken.code, broken.lines.at(-1)]).toMatchObject([3, { type: 'error', code: 'check-red', data: { node: 'f_code' } }]);
  const huge = await place.telar(['export', 'huge.telar.md', '--to', 'skill', '-o', 'out', '--json']);
  expect([huge.code, huge.lines.at(-1)]).toMatchObject([1, { code: 'refused', data: { largest: 'assets/data/huge.txt' } }]);
  const above = await place.telar(['export', 'sub/above.telar.md', '--to', 'skill', '-o', 'out', '--json']);
  expect([above.code, above.lines.at(-1)]).toMatchObject([1, { code: 'refused', data: { file: 'scale.js' } }]);
  expect(readdirSync(place.path('out')).filter((name) => ['red', 'broken', 'huge', 'above'].includes(name))).toEqual([]);
  mkdirSync(place.path('mine/prices'), { recursive: true });
  writeFileSync(place.path('mine/prices/own.txt'), 'mine');
  expect((await place.telar(['export', 'prices.telar.md', '--to', 'skill', '-o', 'mine'])).code).toBe(1);
  expect(readdirSync(place.path('mine/prices'))).toEqual(['own.txt']);
});

test('K9 an import follows no link, and a foreign skill is sent to `telar skills`', async () => {
  cpSync(skill(), place.path('linked'), { recursive: true });
  symlinkSync('/etc/hostname', place.path('linked/assets/link.txt'));
  const linked = await place.telar(['import', 'skill', 'linked', '-o', 'x', '--json']);
  expect([linked.code, linked.lines.at(-1)?.code]).toEqual([5, 'forged']);
  place.write('foreign/SKILL.md', '---\nname: foreign\ndescription: x\n---\nHi\n');
  const foreign = await place.telar(['import', 'skill', 'foreign', '-o', 'x']);
  expect([foreign.code, foreign.stderr]).toMatchObject([1, expect.stringContaining('telar skills') as string]);
  expect(existsSync(place.path('x'))).toBe(false);
});

test('K9 a sample in Python and SQL with elements proves itself', async () => {
  cpSync(join(samples, 'each'), place.path('each'), { recursive: true });
  expect(await place.telar(['export', 'each/each.telar.md', '--to', 'skill', '-o', 'out', '-q'])).toMatchObject({ code: 0, stderr: '' });
  expect(validateSkill(openSkillFolder(skill('each')), 'strict').problems).toEqual([]);
  const [proof, run] = await Promise.all([['--replay', '--verify', '--json'], ['--json']].map((args) => runSkill(skill('each'), args)));
  expect([proof?.code, proof?.told.differ, run?.told.by], `${proof?.stderr}${run?.stderr}`).toEqual([0, [], 'skill']);
}, 60_000);
