/** Every `--json` result keeps to its schema: real outputs of real commands. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
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

test('CLI `graph`, `check`, `runs` and `doctor` keep to their schemas', async () => {
  for (const file of ['small.telar.md', 'broken.telar.md']) keeps('graph', last(await place.telar(['graph', file, '--format', 'json'])));
  const check = await place.telar(['check', '.', '--json']);
  keeps('check', last(check));
  expect(check.code).toBe(2);
  keeps('runs', last(await place.telar(['runs', '--json'])));
  keeps('runs', last(await place.telar(['runs', 'small.telar.md', '--json'])));
  const doctor = await place.telar(['doctor', '--json']);
  keeps('doctor', last(doctor));
  expect(doctor.code).toBe(0);
});

test('CLI a command that cannot do its work ends with an error of the schema', async () => {
  for (const args of [['run', 'none.telar.md', '--json'], ['plan', 'small.telar.md', '--to', 'told,nowhere', '--json'], ['why', 'small.telar.md', 'tolds', '--json'], ['run', 'small.telar.md', '--json', '--jobs', 'many']]) {
    const done = await place.telar(args);
    keeps('error', last(done));
    expect(last(done).type).toBe('error');
    expect(done.code).toBe(2);
  }
});

test('CLI the schemas refuse what is not theirs', () => {
  for (const [name, wrong] of [['plan', { type: 'plan', steps: [{ node: 'a', decision: 'maybe', reason: '' }] }], ['summary', { type: 'summary', run: 'r', status: 'ok', nodes: { a: { state: 'fresh', key: 'short' } } }], ['check', { type: 'check', problems: [{ file: 'a' }] }]] as const) {
    expect(ajv.getSchema(`urn:telar:schema:${name}:1`)?.(wrong)).toBe(false);
  }
});
