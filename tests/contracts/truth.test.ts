/** Reading contracts, and what each of their lines is worth. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseContract } from '../../contracts/contract.ts';
import { readContract } from '../../nodes/contract/read.ts';
import { proseHash, truthOf } from '../../nodes/contract/truth.ts';
import { preparePython } from '../../nodes/python/tree.ts';
import { sha256 as hash } from '../../runtime/adapters/hash.node.ts';
import { createResources } from '../../runtime/adapters/resources.node.ts';
import { ACCEPTED, contractOf, sample, smallContract } from '../support/contracts.ts';

const sha256 = (text: string): string => hash(text);
const root = join(import.meta.dirname, '../../contracts');
const validate = new Ajv2020({ allErrors: true, strict: false }).compile(JSON.parse(readFileSync(join(root, 'schema/code-contract.schema.json'), 'utf8')) as object);
const seed = sample('TELIO-U001.contract.yaml');
beforeAll(() => preparePython(createResources()));

/** The statuses of these lines under one test of a contract that exports get, set and reset. */
function statuses(then: readonly string[], more = '', when = "set('a', 1)"): string[] {
  const text = smallContract(['get', 'set', 'reset'], `- id: T1\n  when: ${JSON.stringify(when)}\n  then: ${JSON.stringify(then)}`, more);
  return truthOf(contractOf(text), sha256).lines.map(({ status }) => status);
}

describe('truth status', () => {
  test.each([
    ["get('a') === 1", 'expression'], ["get('a')", 'expression'], ["typeof get('a') === 'number' && set('b', get('a'))", 'expression'], ["await get('a') === 1", 'expression'],
    ['get', 'pending'], ['1 + 1 === 2', 'pending'], ["get(name) === 'x'", 'pending'], ["get('a') = 1", 'pending'], ["get('a') === 1, true", 'pending'], ["get('a') === 1 and so on", 'pending'],
    ['get returns 1', 'step'], ["get('a') returns {b: [1, -2]}", 'step'], ['get returns the old value', 'pending'], ['get returns value', 'pending'], ['nothing returns 1', 'pending'], ["get returns set('x', 1)", 'step'],
    ['set throws RangeError', 'step'], ["set('') throws a RangeError", 'step'], ['set throws up', 'pending'], ['stone throws RangeError', 'pending'],
    ['localStorage contains STATE key', 'step'], ["get('a') contains key b", 'step'], ['the box contains a key', 'pending'], ['localStorage contains the key', 'pending'], ['localStorage contains no key', 'pending'], ["localStorage contains the 'my.key' key", 'step'],
    ["get('a') is an object with b: 1, c: 'x'", 'step'], ['get is an object with b: 1', 'step'], ["get('a') is an object with style", 'pending'], ["get('a') is an object with a: whatever", 'pending'],
    ["Events receives emit('a', {b: 1})", 'step'], ['Events receives emit()', 'step'], ['Events receives a message', 'pending'], ['get receives emit(1)', 'pending'],
    ['get within 5 ms', 'step'], ["get('a') returns within 0.5ms", 'step'], ['get within reason', 'pending'],
    ['App does not break', 'pending'], ['It just works', 'pending'], ['', 'pending'],
  ])('K1 %s: %s', (line, status) => {
    expect(statuses([line])).toEqual([status]);
  });

  test('K1 an idiom counts once it is accepted, by any of its spellings; a frozen line by its hash; the first match wins', () => {
    const prose = 'It just works';
    const frozen = (line: string, of = line): string => `frozen: [{line: ${JSON.stringify(line)}, sha256: '${proseHash(of, sha256)}', check: ["get('a') === 1", get returns 1]}]`;
    expect(statuses(['The app never crashes.'], 'idioms: [App does not break]')).toEqual(['idiom']);
    expect(statuses([prose, '  It  just works '], frozen(prose))).toEqual(['frozen', 'frozen']);
    expect(statuses(['get returns 1'], frozen('get returns 1'))).toEqual(['step']);
    expect(statuses(['App does not break'], `idioms: [App does not break]\n${frozen('App does not break')}`)).toEqual(['idiom']);
    expect(statuses(['App does not break'], frozen('App does not break'))).toEqual(['frozen']);
    expect(statuses([prose], frozen(prose, 'It just worked'))).toEqual(['pending']);
  });

  test('K1 a frozen check whose line was changed says nothing any more, and that is told with its place and the new hash', () => {
    const { counts, problems } = truthOf(contractOf((seed + ACCEPTED).replace('"getState keeps working from memory"', '"getState goes on from memory"')), sha256);
    expect(counts).toMatchObject({ frozen: 0, pending: 1 });
    expect(problems).toMatchObject([{ code: 'bad-value', severity: 'warning', line: 98 }]);
    expect(problems[0]!.message).toContain(proseHash('getState keeps working from memory', sha256));
  });

  test('K1 a line under a `when` that nobody can do is pending, with the reason', () => {
    expect(statuses(["get('a') === 1"], '', 'the user opens the page')).toEqual(['pending']);
    expect(statuses(["get('a') === 1"], '', 'stone.hits throws Error')).toEqual(['pending']);
    expect(statuses(["get('a') === 1"], '', "set('a', 1); reset('b')")).toEqual(['expression']);
    expect(statuses(["get('a') === 1"], '', 'localStorage.setItem throws QuotaExceededError')).toEqual(['expression']);
    const { tests } = truthOf(contractOf(smallContract(['get'], '- {id: T1, when: the moon is full, then: [get returns 1]}')), sha256);
    expect(tests[0]!.whyNot).toContain('the moon is full');
  });

  test("K1 a model's opinion is shown and never counts; a waiver without a reason waives nothing", () => {
    const more = "judged: [{line: It just works, opinion: yes it does, by: some-model}]\nwaivers: [{line: T1.1, reason: Seen by hand}]";
    const text = smallContract(['get'], '- {id: T1, when: [], then: [It just works]}', more);
    expect(truthOf(contractOf(text), sha256).lines[0]).toMatchObject({ status: 'pending', judged: 'some-model: yes it does', waived: 'Seen by hand' });
    const without = readContract(text.replace('Seen by hand', "''"));
    expect(without.problems).toMatchObject([{ code: 'missing-key' }]);
    expect(truthOf(without.contract!, sha256).lines[0]!.waived).toBeUndefined();
  });

  test.each([
    ["get('a') == 1", 'expression'], ['get(x for x in [1]) == 1', 'expression'], ['1 + 1 == 2', 'pending'], ["get('a') returns None", 'step'], ['get returns {a: true, b: [None]}', 'step'], ["get('', most=3) throws ValueError", 'step'],
    ["get('a') === 1", 'pending'], ['get returns undefined behaviour', 'pending'], ["get returns 'a' or 'b'", 'pending'], ["Log receives write('a', {b: 1})", 'step'],
  ])('K1 in Python, %s: %s', (line, status) => {
    const text = smallContract(['get'], `- id: T1\n  when: ["get('a')"]\n  then: ${JSON.stringify([line])}`).replace('JavaScript', 'Python');
    expect(truthOf(contractOf(text), sha256).lines.map((one) => one.status)).toEqual([status]);
  });

  test('K1 any text is a line of some status, and none but an expression or a step is taken for one', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ maxLength: 30 }), fc.array(fc.constantFrom('get', 'set', '(', ')', ' ', "'a'", '===', 'returns', 'throws', '1', 'Error', '{', '}', ',', ':', 'await', '`', '/', '//', '\n'), { maxLength: 12 }).map((parts) => parts.join(' '))), (line) => {
      const contract = contractOf(smallContract(['get', 'set'], `- id: T1\n  when: []\n  then: ${JSON.stringify([line])}`));
      const [one] = truthOf(contract, sha256).lines;
      expect(['expression', 'step', 'pending']).toContain(one!.status);
      if (one!.status !== 'pending') expect(line).toMatch(/get|set|receives/);
    }), { seed: 51, numRuns: 150 });
  });
});

describe('reading', () => {
  test('K1 the seed, the samples and our own node kinds are read without a problem, and keep to the schema', () => {
    const kinds = ['common.yaml', ...readdirSync(join(root, 'nodes/core')).map((name) => `core/${name}`)].map((path) => readFileSync(join(root, 'nodes', path), 'utf8'));
    for (const text of [seed + ACCEPTED, sample('slug.contract.yaml'), ...kinds]) {
      const { contract, problems } = readContract(text);
      expect(problems).toEqual([]);
      expect(validate(contract!.raw), JSON.stringify(validate.errors)).toBe(true);
    }
    for (const text of kinds) {
      const contract = readContract(text).contract!;
      expect(contract.kind).toBe(true);
      expect(contract.tests.map(({ id, notebook }) => [id, notebook])).toEqual(parseContract(text).tests.map(({ id, notebook }) => [id, notebook?.trim() === undefined ? undefined : notebook]));
      expect(truthOf(contract, sha256).lines.every(({ status }) => status === 'notebook')).toBe(true);
    }
  });

  test.each([
    ['metadata: {id: A', 'syntax', 1], ['- a', 'syntax', 1], ['', 'syntax', 1],
    [seed.replace('TELIO-U001\n', '1 one\n'), 'bad-id', 5], [seed.replace('1.0.0', 'one'), 'bad-value', 6], [seed.replace('1.0.0', '01.0.0'), 'bad-value', 6], [seed.replace('acceptance_tests:', 'acceptance_test:'), 'unknown-key', 66],
    [seed.replace('- id: T002', '- id: T001'), 'duplicate-id', 75], [seed.replace('description: \'Returns', 'descripton: \'Returns'), 'unknown-key', 22], [seed.replace('required: false,', 'required: maybe,'), 'bad-value', 24],
    [seed.replace('- TELIO-U003 #', '- TELIO-U003@ #'), 'bad-value', 50], [seed.replace('- TELIO-U003 #', '- A\n    - A #'), 'duplicate-id', 51], [smallContract(['get'], '- {id: T1, when: []}'), 'missing-key', 6],
    [`${seed}idioms: {a: 1}\n`, 'bad-value', 95], [`${seed}waivers: [{reason: because}]\n`, 'missing-key', 95], [`${seed}frozen: [{line: x, sha256: abc, check: a}]\n`, 'bad-value', 95], [`${seed}properties: [{id: P, for: {x: 1}, holds: y, runs: 0}]\n`, 'bad-value', 95],
    [seed.replace("'setState persists", '&a [*a, '), 'syntax', 0], [seed.replaceAll(/^metadata/gm, 'metadata: {}\nmetadata'), 'syntax', 0],
  ])('K1 bad input is told with its place: case %#', (text, code, line) => {
    const { problems } = readContract(text, 'bad.yaml');
    const found = problems.filter((problem) => problem.code === code && (line === 0 || problem.line === line));
    expect(found.length, JSON.stringify(problems)).toBeGreaterThan(0);
    expect(found[0]).toMatchObject({ file: 'bad.yaml', severity: 'error' });
    expect(found[0]!.column).toBeGreaterThan(0);
  });

  test('K1 an unknown key comes with the nearest one', () => {
    expect(readContract(seed.replace('acceptance_tests:', 'acceptence_tests:')).problems.find(({ code }) => code === 'unknown-key')).toMatchObject({ data: { nearest: 'acceptance_tests' } });
  });

  test('K1 bombs are refused and not unfolded', () => {
    const bomb = `a: &a [x, x, x, x, x, x, x, x, x]\n${'bcdefgh'.split('').map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join()}]`).join('\n')}\n`;
    for (const text of [bomb, '['.repeat(200_000), '['.repeat(10_000), 'a: {'.repeat(3_000), `a: ${'x'.repeat(300_000)}`, '\0', `metadata: {id: A}\n${'x: 1\n'.repeat(1_000)}`, Array.from({ length: 2000 }, (_, index) => `k${index}: 1`).join('\n')]) {
      const { problems } = readContract(text);
      expect(problems.length).toBeGreaterThan(0);
      expect(problems.length).toBeLessThanOrEqual(100);
      expect(problems.every(({ line, column }) => line > 0 && column > 0)).toBe(true);
    }
  });

  test('K1 reader and schema agree on what is no contract', () => {
    for (const [from, to] of [['constraints:', 'constrains:'], ['  id: TELIO', '  di: TELIO'], ['- id: T001', '- di: T001'], ['    getState:\n', '    getState:\n      parameter: {}\n']] as const) {
      const text = seed.replaceAll('\u00A0', ' ').replace(from, to);
      expect(text).not.toBe(seed.replaceAll('\u00A0', ' '));
      const { contract, problems } = readContract(text);
      expect([problems.length > 0, validate(contract?.raw)], from).toEqual([true, false]);
    }
  });
});
