/** `telar contract implement`, `regenerate` and `undo` with scripted models: the real command line, tests in the real sandbox. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, expect, test } from 'vitest';
import { replaceCode } from '../../runtime/hosts/cli/contract/replace.node.ts';
import type { Host } from '../../runtime/hosts/cli/host.node.ts';
import { createPlace, type Finished, type Place } from '../support/cli.ts';
import { inside } from '../support/inside.ts';

const CONTRACT = `metadata:
  id: DEMO-U001
  version: 1.0.0
  name: Doubling
  type: utility
  description: Doubles numbers.
  language: JavaScript
  file: src/double.js
interface:
  exports:
    double:
      type: function
      description: Twice a number.
      parameters:
        x: {type: number, required: true}
      returns: {type: number}
dependencies: {internal: [], external: {}}
constraints:
  quality: {max_lines: 20, no_dependencies: true}
acceptance_tests:
  - id: T001
    name: doubles
    when: double(2)
    then:
      - double(2) === 4
      - double(-3) === -6
`;
const RIGHT = '/** Twice a number. */\nexport const double = (x) => x * 2\n// TEST: double(2) === 4\n';
const indented = (text: string): string => text.replace(/^/gm, '    ');
/** A script: one answer after the other. */
const script = (...answers: readonly string[]): string => answers.map((text) => `- answer: |\n${indented(text)}\n`).join('');
const fenced = (code: string): string => `\`\`\`javascript\n${code.trimEnd()}\n\`\`\``;
const WRONG = [fenced('export const double = (x) => x + 2'), fenced('export const double = (x) => x ** 2')];
const schema = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync(new URL('../../contracts/schema/contract-regenerate.schema.json', import.meta.url), 'utf8')) as object);

let place: Place;
afterEach(() => { place.remove(); });
const lay = (answers: string, contract = CONTRACT): void => {
  place = createPlace({ 'double.contract.yaml': contract, 'writer.model.yaml': 'telar-model: 1\nprovider: script\nmodel: answers.yaml\n', 'answers.yaml': answers });
};
const telar = async (...args: readonly string[]): Promise<Finished & { readonly end: Finished['lines'][number] }> => {
  const done = await inside(place.root, ['contract', ...args, '--json']);
  const end = done.lines.at(-1)!;
  if (['contract-regenerate', 'contract-undo'].includes(end?.type)) expect(schema(end), JSON.stringify(schema.errors)).toBe(true);
  return { ...done, end };
};
const ask = (verb: string, ...more: readonly string[]) => telar(verb, 'DEMO-U001', '--profile', 'writer', ...more);

test('K7 a deleted implementation comes back green, wrong twice and right the third time; what was there comes back by undo, and by undo again', async () => {
  lay(script(...WRONG, fenced(RIGHT)));
  const made = await ask('implement', '--yes');
  expect(made.code).toBe(0);
  expect(made.end).toMatchObject({ outcome: 'green', written: true });
  expect(made.end.rounds.map((round: { outcome: string; repair: number }) => [round.repair, round.outcome])).toEqual([[0, 'red'], [1, 'red'], [2, 'green']]);
  expect(place.read('src/double.js')).toBe(RIGHT);
  expect((await telar('test', '.')).code).toBe(0);

  rmSync(place.path('src/double.js'));
  expect((await ask('regenerate', '--yes')).code).toBe(0);
  expect(place.read('src/double.js')).toBe(RIGHT);

  const mine = `\uFEFF${RIGHT}// mine\n`;
  place.write('src/double.js', mine);
  expect((await ask('regenerate', '--yes')).code).toBe(0);
  expect(place.read('src/double.js')).toBe(RIGHT);
  expect((await telar('undo', 'DEMO-U001', '--yes')).code).toBe(0);
  expect(place.read('src/double.js')).toBe(mine);
  expect((await inside(place.root, ['gc', '--keep', '1'])).code).toBe(0);
  // Once as a process of its own, as a person calls it.
  expect((await place.telar(['contract', 'undo', 'DEMO-U001', '--yes'])).code).toBe(0);
  expect(place.read('src/double.js')).toBe(RIGHT);
});

test('K7 nothing is written unless a person says so, nor when no answer passes; what is there stays', async () => {
  lay(script(fenced(RIGHT)));
  const unasked = await ask('implement');
  expect(unasked.code).toBe(1);
  expect(unasked.end).toMatchObject({ outcome: 'green', written: false });
  expect(unasked.end.diff).toContain('+export const double');
  expect(existsSync(place.path('src/double.js'))).toBe(false);

  place.write('src/double.js', '// mine\n');
  place.write('answers.yaml', script(...WRONG));
  const red = await ask('regenerate', '--yes', '--attempts', '2');
  expect(red.code).toBe(3);
  expect(red.end).toMatchObject({ outcome: 'red', written: false });
  expect(red.end.rounds).toHaveLength(6);
  expect(place.read('src/double.js')).toBe('// mine\n');
  expect((await ask('implement')).end).toMatchObject({ type: 'error', code: 'usage' });
});

test('K7 a file that a person changed while the model thought is not written over', async () => {
  lay('');
  place.write('double.js', '// mine\n');
  const [path, args] = [place.path('double.js'), { flags: { json: true, yes: true } } as unknown as Parameters<typeof replaceCode>[3]];
  for (const before of ['// as it was read\n', undefined]) {
    await expect(replaceCode({ before, after: RIGHT, what: 'it' }, { contract: 'DEMO-U001', path, shown: 'double.js', root: place.path('.') }, {} as Host, args)).rejects.toMatchObject({ code: 'refused' });
  }
  expect(place.read('double.js')).toBe('// mine\n');
});

test('K7 stability over N is told, and a model may say that the contract is wrong', async () => {
  lay(script(fenced(RIGHT), ...WRONG, fenced('export const double = 3'), fenced(`${RIGHT}// other\n`)));
  const stable = await ask('regenerate', '--stability', '3', '--attempts', '1', '--yes');
  expect(stable.end.stability).toMatchObject({ n: 3, green: 2, texts: 2, rounds: [1, 3, 1] });
  const told = await place.telar(['contract', 'regenerate', 'DEMO-U001', '--stability', '2', '--attempts', '1', '--yes']);
  expect(told.stderr).toMatch(/regeneration 1 of 2, attempt 1: [\s\S]*regeneration 2 of 2, attempt 1: /);
  place.write('answers.yaml', script('```yaml\ncontract_issue: {line: 24, reason: no number is both}\n```'));
  const issue = await ask('regenerate', '--yes');
  expect(issue.code).toBe(2);
  expect(issue.end).toMatchObject({ outcome: 'contract-issue', issue: { line: 24 }, written: false });
});

test('K7 code that would harm is tested in the sandbox, and an endless one costs a round', async () => {
  lay(script(fenced('while (true) {}\nexport const double = 1'), fenced('globalThis.process?.exit(0); export const double = (x) => { throw new Error(typeof require) }'), fenced(RIGHT)));
  const made = await ask('implement', '--yes');
  expect(made.end.rounds.map(({ outcome }: { outcome: string }) => outcome)).toEqual(['red', 'red', 'green']);
  expect(made.code).toBe(0);
});

test.each([
  ['a model that is not there', CONTRACT, 'nobody', 'unavailable', 4],
  ['a language that is not tested', CONTRACT.replace('JavaScript', 'Rust'), 'writer', 'bad-input', 1],
  ['a contract without a place for its code', CONTRACT.replace('  file: src/double.js\n', ''), 'writer', 'bad-input', 1],
  ['a ring of contracts', CONTRACT.replace('internal: []', 'internal: [DEMO-U002]'), 'writer', 'cycle', 2],
])('K7 nothing is asked of %s', async (_, contract, profile, code, exit) => {
  lay(script(fenced(RIGHT)), contract);
  if (code === 'cycle') place.write('b.contract.yaml', CONTRACT.replace('DEMO-U001', 'DEMO-U002').replace('internal: []', 'internal: [DEMO-U001]'));
  const done = await telar('implement', 'DEMO-U001', '--profile', profile, '--yes');
  expect([done.end.code, done.code]).toEqual([code, exit]);
  expect(existsSync(place.path('src'))).toBe(false);
});

test('K7 the difference that is shown has the two names of the file and no other head', async () => {
  lay(script(fenced(RIGHT)));
  place.write('src/double.js', '// mine\n');
  const { stdout } = await inside(place.root, ['contract', 'regenerate', 'DEMO-U001', '--profile', 'writer', '--yes']);
  expect(stdout).toMatch(/^--- \S*double\.js\n\+\+\+ \S*double\.js\n@@ /);
});
