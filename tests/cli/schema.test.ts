/** Every `--json` result keeps to its schema: real outputs of real commands. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runSkill } from '../export/support.ts';
import { createPlace, fence, js, type Line, type Place } from '../support/cli.ts';
import { small } from './fixtures.ts';

const folder = join(import.meta.dirname, '../../contracts/schema');
const ajv = new Ajv2020({ allErrors: true, strict: false });
for (const name of readdirSync(folder)) ajv.addSchema(JSON.parse(readFileSync(join(folder, name), 'utf8')) as object);

/** Asserts that a line is of a schema. */
function keeps(name: string, line: unknown): void {
  const validate = ajv.getSchema(`urn:telar:schema:${name}:1`);
  if (validate === undefined) throw new Error(`no schema ${name}`);
  validate(line);
  expect(validate.errors ?? [], JSON.stringify(line)).toEqual([]);
}

let place: Place;
beforeAll(async () => {
  place = await createPlace({
    ...small,
    'broken.telar.md': `${js('fails', 'throw new Error("no")')}${js('reader', 'fails')}${js('typo', 'nothing_here')}${fence('javascript', '#off disabled=true', '1')}${js('ok', 'console.log("hm"); 1')}`,
  });
});
afterAll(() => { place.remove(); });

const last = ({ lines }: { lines: readonly Line[] }): Line => lines.at(-1) as Line;

test('CLI every line of `run --json` is an operation, and the last one a summary', async () => {
  for (const file of ['small.telar.md', 'broken.telar.md', 'small.telar.md']) {
    const done = await place.run(file);
    expect(done.lines.length).toBeGreaterThan(3);
    expect(done.stdout.trim().split('\n').length).toBe(done.lines.length);
    for (const line of done.lines.slice(0, -1)) keeps('operation', line);
    keeps('summary', last(done));
  }
  expect((await place.run('broken.telar.md')).unwell).toEqual({ fails: 'exception', reader: 'cancelled', typo: 'missing-name', off: 'disabled' });
});

test('P6 `plan` and `why` keep to their schemas before and after', async () => {
  for (const file of ['small.telar.md', 'broken.telar.md']) keeps('plan', last(await place.telar(['plan', file, '--json'])));
  const why = async (args: readonly string[]): Promise<Line> => last(await place.telar(['why', 'small.telar.md', ...args, '--json']));
  keeps('why', await why(['told']));
  const set = await why(['least', '--set', 'least=3']);
  keeps('why', set);
  expect(set).toMatchObject({ decision: 'run', changed: [{ component: 'input.given' }] });
  await place.run('small.telar.md', ['--set', 'least=3']);
  const after = await why(['some', '--set', 'least=3']);
  keeps('why', after);
  expect(after).toMatchObject({ decision: 'reuse', changed: [{ component: 'input.least' }] });
  await place.run('small.telar.md');
  place.write('small.telar.md', small['small.telar.md'].replace('order by n', 'order by n desc'));
  const edited = await why(['some']);
  keeps('why', edited);
  expect((edited.changed as Line[]).map((one) => one.component)).toEqual(['code']);
  place.write('small.telar.md', small['small.telar.md']);
});

test('CLI `graph`, `check`, `runs`, `compare` and `doctor` keep to their schemas', async () => {
  for (const file of ['small.telar.md', 'broken.telar.md']) keeps('graph', last(await place.telar(['graph', file, '--format', 'json'])));
  const check = await place.telar(['check', '.', '--json']);
  keeps('check', last(check));
  expect(check.code).toBe(2);
  keeps('runs', last(await place.telar(['runs', '--json'])));
  keeps('runs', last(await place.telar(['runs', 'small.telar.md', '--json'])));
  keeps('compare', last(await place.telar(['compare', 'last~1', 'last', '--json'])));
  const doctor = await place.telar(['doctor', '--json']);
  keeps('doctor', last(doctor));
  expect(doctor.code).toBe(0);
  keeps('faults', last(await place.telar(['faults', '--json'])));
});

test('C4 `restore`, `fork` and `runs` with forks keep to their schemas', async () => {
  await place.run('broken.telar.md');
  const broken = last(await place.telar(['restore', 'last', '--json']));
  keeps('summary', broken);
  await place.run('small.telar.md');
  const forked = await place.telar(['fork', 'last', '--set', 'least=3', '--json']);
  for (const line of forked.lines.slice(0, -1)) keeps('operation', line);
  keeps('summary', last(forked));
  expect(last(forked).parent).toBe((last(await place.telar(['runs', '--json'])).runs as Line[])[1]?.run);
  keeps('summary', last(await place.telar(['restore', 'last', '--json'])));
  keeps('runs', last(await place.telar(['runs', '--json'])));
});

test('C4 every line of `verify --json` is an operation, and the last one a verification', async () => {
  place.write('dice.telar.md', `${js('dice', 'Math.random()')}${js('fails', 'throw new Error("no")')}${js('ok', '1')}`);
  for (const [file, code] of [['dice.telar.md', 5], ['small.telar.md', 0]] as const) {
    await place.run(file);
    const done = await place.telar(['verify', 'last', '--json']);
    for (const line of done.lines.slice(0, -1)) keeps('operation', line);
    keeps('verify', last(done));
    expect([done.code, done.lines.length]).toEqual([code, done.stdout.trim().split('\n').length]);
  }
});

test('C6 `gc` and `fsck` keep to their schemas', async () => {
  await place.run('small.telar.md');
  await place.run('small.telar.md');
  keeps('gc', last(await place.telar(['gc', '--keep', '1', '--dry-run', '--json'])));
  keeps('gc', last(await place.telar(['gc', '--keep', '1', '--json'])));
  keeps('fsck', last(await place.telar(['fsck', '--json'])));
  keeps('fsck', last(await place.telar(['fsck', '--repair', '--json'])));
});

test('CLI a command that cannot do its work ends with an error of the schema', async () => {
  for (const args of [['run', 'none.telar.md', '--json'], ['plan', 'small.telar.md', '--to', 'told,nowhere', '--json'], ['why', 'small.telar.md', 'tolds', '--json'], ['run', 'small.telar.md', '--json', '--jobs', 'many']]) {
    const done = await place.telar(args);
    keeps('error', last(done));
    expect(last(done).type).toBe('error');
    expect(done.code).toBe(2);
  }
});

test('P7 `doubt` and `trust` keep to their schemas', async () => {
  place.write('effects.telar.md', `${js('poem', '"alba"')}${fence('yaml', '#kept .save', 'from: poem\nfile: out/poem.txt')}${fence('yaml', '#web .http', 'url: https://example.org/')}`);
  keeps('trust', last(await place.telar(['trust', 'effects.telar.md', '--json'])));
  keeps('trust', last(await place.telar(['trust', 'small.telar.md', '--json'])));
  await place.run('effects.telar.md', ['--to', 'kept', '--fault', 'effect-made:kill']);
  const list = last(await place.telar(['doubt', 'list', '--json']));
  keeps('doubts', list);
  const [{ id }] = list.doubts as [Line];
  keeps('doubts', last(await place.telar(['doubt', 'resolve', id as string, 'done', '--json'])));
});

test('CLI `bundle` and `bundle import` keep to their schemas', async () => {
  await place.run('small.telar.md');
  keeps('bundled', last(await place.telar(['bundle', 'last', '-o', 'small.telarrun', '--json'])));
  keeps('import', last(await place.telar(['bundle', 'import', 'small.telarrun', '--json'])));
  keeps('verify', last(await place.telar(['bundle', 'verify', 'small.telarrun', '--json'])));
});

test('CLI `journal` and `workers` keep to their schemas', async () => {
  await place.run('broken.telar.md');
  const lines = (await place.telar(['journal', '--level', 'trace', '--json'])).stdout.trim().split('\n').map((line) => JSON.parse(line) as Line);
  expect(lines.length).toBeGreaterThan(3);
  for (const line of lines) keeps('journal', line);
  expect(lines.at(-1)).toEqual({ type: 'journal', records: lines.length - 1 });
  keeps('workers', last(await place.telar(['workers', '--json'])));
});

test('K15 `models` keeps to its schema', async () => {
  for (const args of [['add', 'one', '--provider', 'script', '--model', 'answers.yaml'], ['list'], ['show', 'one'], ['remove', 'one', '--yes']]) keeps('models', last(await place.telar(['models', ...args, '--json'], { env: { TELAR_MODELS: place.path('own-models') } })));
});

test('K8 `skills` keeps to its schema', async () => {
  place.write('skills/style/SKILL.md', '---\nname: style\ndescription: Use when text is written.\n---\nShort sentences.\n');
  for (const args of [['list'], ['show', 'style'], ['search', 'sentences'], ['validate'], ['convert', 'skills/style', '-o', 'out']]) keeps('skills', last(await place.telar(['skills', ...args, '--json'])));
});

test('K16 `ask` keeps to its schema', async () => {
  place.write('parrot.model.yaml', 'telar-model: 1\nprovider: script\nmodel: answers.yaml\n');
  place.write('answers.yaml', '- answer: Yes.\n');
  place.write('asks.telar.md', fence('text', '#said .prompt model=parrot', 'Well?') + fence('text', '#other .prompt model=nobody', 'Well?'));
  for (const [id, code] of [['said', 0], ['said', 0], ['other', 4]] as const) {
    const done = await place.telar(['ask', 'asks.telar.md', id, '--json']);
    for (const line of done.lines.slice(0, -1)) keeps('operation', line);
    keeps('ask', last(done));
    expect(done.code).toBe(code);
  }
});

test('K4 `contract` keeps to its schema, whatever its verb', async () => {
  const text = (version: string): string => `metadata: {id: C, version: ${version}, name: C, description: x, language: JavaScript, file: c.js}\ninterface: {exports: {f: {type: function}}}\ndependencies: {}\nconstraints: {}\nacceptance_tests:\n  - {id: T1, name: one, when: f(), then: [f() === 1]}\n`;
  place.write('k/c.contract.yaml', text('1.0.0'));
  place.write('k/d.yaml', text('1.0.1').replace('f: {type', 'g: {type'));
  place.write('k/e.yaml', text('1.0.0').replace('f() === 1]', 'f() === 1, App does not break]'));
  place.write('k/c.js', 'export const f = () => 1;\n');
  for (const words of [['check', 'k'], ['status', 'k'], ['drift', 'k'], ['graph', 'k'], ['diff', 'k/c.contract.yaml', 'k/d.yaml'], ['accept', 'k/e.yaml', 'T1', '2'], ['test', 'k']]) keeps('contract-result', last(await place.telar(['contract', ...words, '--json'])));
  keeps('contract-lock', JSON.parse(place.read('k/c.contract.lock')));
});

test('K9 `export`, `import skill` and `run.mjs` keep to their schemas', async () => {
  place.write('sent.telar.md', `${fence('text', '#told .text', 'Hello.')}`);
  keeps('export', last(await place.telar(['export', 'sent.telar.md', '--to', 'skill', '-o', 'sent', '--json'])));
  keeps('export', last(await place.telar(['export', 'sent.telar.md', '--to', 'mcp-manifest', '-o', 'sent', '--json'])));
  keeps('export-mcp', JSON.parse(place.read('sent/mcp.json')));
  keeps('export-lock', JSON.parse(place.read('sent/sent/assets/lock.json')));
  keeps('export-pins', JSON.parse(place.read('sent/sent/assets/pins.json')));
  for (const args of [[], ['--replay'], ['--verify'], ['--dry-run'], ['--input', '[]']]) keeps('export-run', (await runSkill(place.path('sent/sent'), [...args, '--json'])).told);
  keeps('export-import', last(await place.telar(['import', 'skill', 'sent/sent', '-o', 'back', '--json'])));
  keeps('export-beside', JSON.parse(place.read('back/sent.telar.pins')));
});

test('CLI the schemas refuse what is not theirs', () => {
  for (const [name, wrong] of [['verify', { type: 'verify', run: 'r', identical: 0, equal: 0, total: 1, divergent: [{ node: 'a', output: 'value', expected: 'x' }], leftOut: [], ms: 1 }], ['plan', { type: 'plan', steps: [{ node: 'a', decision: 'maybe', reason: '' }] }], ['summary', { type: 'summary', run: 'r', status: 'ok', nodes: { a: { state: 'fresh', key: 'short' } } }], ['check', { type: 'check', problems: [{ file: 'a' }] }], ['journal', { level: 31, time: 1, pid: 1, msg: '' }], ['workers', { type: 'workers', coordinators: [{ pid: 1 }], governor: {} }]] as const) {
    expect(ajv.getSchema(`urn:telar:schema:${name}:1`)?.(wrong)).toBe(false);
  }
});
