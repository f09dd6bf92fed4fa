/** Properties: inputs made by fast-check in the host, judged in the sandbox, shrunk. */
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { arbitraryOf } from '../../nodes/contract/arbitraries.ts';
import { testContract } from '../../nodes/contract/run.ts';
import type { TestReport } from '../../nodes/contract/types.ts';
import { contractOf, contractTools, smallContract } from '../support/contracts.ts';

const bench = contractTools();
afterAll(bench.close);

const contract = (property: string): ReturnType<typeof contractOf> => contractOf(smallContract(['put', 'size'], '- {id: T1, when: put(1), then: [size() === 1]}', `properties:\n  - ${property}`));
const run = (property: string, code: string): Promise<TestReport> => testContract(contract(property), { code }, bench.tools);
const SOUND = 'let n = 0; export const put = (v) => { n += 1; return v; }; export const size = () => n;';

test('K3 a property that holds is tried on as many inputs as asked, in one program', async () => {
  const before = bench.programs();
  const { properties, ok } = await run('{id: P1, name: back, for: {v: {type: any}, w: {type: integer}}, when: put(w), holds: "put(v) === v && size() > 0", runs: 200, seed: 7}', SOUND);
  expect(properties).toEqual([{ id: 'P1', name: 'back', seed: 7, ok: true, runs: 200 }]);
  expect(ok).toBe(true);
  expect(bench.programs() - before).toBe(2);
});

test('K3 one that does not hold is shrunk to its smallest input, with the seed that finds it again', async () => {
  const wrong = SOUND.replace('return v;', 'return v > 99 ? v - 1 : v;');
  const property = '{id: P1, for: {v: {type: integer, minimum: 0, maximum: 10000}}, holds: put(v) === v, seed: 3}';
  const { properties, ok, lacks } = await run(property, wrong);
  expect(properties[0]).toMatchObject({ ok: false, counterexample: { v: 100 }, seed: 3, error: 'Error: it is false' });
  expect(ok).toBe(false);
  expect(lacks).toContain('1 property does not hold');
  expect((await run(property, wrong)).properties).toEqual(properties);
});

test('K3 code that throws, lies or does not end is not said to hold', async () => {
  const property = '{id: P1, for: {v: {type: string, maxLength: 3}}, holds: put(v) === v, runs: 20}';
  for (const code of [SOUND.replace('return v;', "throw new Error('no');"), SOUND.replace('return v;', 'return {valueOf: () => v};'), SOUND.replace('return v;', 'if (v !== 1) for (;;); return v;'), `${SOUND} throw 1;`]) {
    const { properties } = await testContract(contract(property), { code }, bench.tools, { time: 500 });
    expect(properties[0]!.ok, code).toBe(false);
  }
});

test('K3 one that says nothing of the code does not hold; what answers for itself is none of the values', async () => {
  for (const [holds, said] of [["'true'", 'calls no export'], ['v === v', 'calls no export'], ["'put(v) = v'", 'is no expression'], ["'put(v) feels right'", 'is no expression']] as const) {
    expect((await run(`{id: P1, for: {v: {type: integer}}, holds: ${holds}}`, SOUND)).properties[0]).toMatchObject({ ok: false, error: expect.stringContaining(said) as string });
  }
  const liar = SOUND.replace('return v;', 'return {valueOf: () => v};');
  expect((await run('{id: P1, for: {v: {type: integer}}, holds: put(v) == v}', liar)).properties[0]).toMatchObject({ ok: false, error: expect.stringContaining('compare its parts') as string });
  expect((await run('{id: P1, for: {v: {type: integer}}, when: "put(v); put(1)", holds: size() > 1}', SOUND)).properties[0]).toMatchObject({ ok: true });
});

test('K3 arbitraries are what their schemas say; a schema that is none is told', async () => {
  const all = (schema: Record<string, unknown>): unknown[] => fc.sample(arbitraryOf(fc, schema), { seed: 1, numRuns: 50 });
  expect(all({ type: 'integer', minimum: 3, maximum: 5 }).every((v) => [3, 4, 5].includes(v as number))).toBe(true);
  expect(all({ enum: ['a', 2] }).every((v) => v === 'a' || v === 2)).toBe(true);
  expect(all({ type: 'string', pattern: '^[a-c]{2}$' }).every((v) => /^[a-c]{2}$/.test(v as string))).toBe(true);
  expect(all({ type: 'array', items: { type: 'boolean' }, maxItems: 2 }).every((v) => Array.isArray(v) && v.length <= 2 && v.every((b) => typeof b === 'boolean'))).toBe(true);
  expect(all({ type: 'object', properties: { a: { const: 1 }, b: { type: 'null' } }, required: ['a'] }).every((v) => (v as { a: number }).a === 1)).toBe(true);
  expect(all({ anyOf: [{ const: 1 }, { const: 2 }] }).every((v) => v === 1 || v === 2)).toBe(true);
  const { properties } = await run('{id: P1, for: {v: {type: colour}}, holds: put(v) === v}', SOUND);
  expect(properties[0]).toMatchObject({ ok: false, runs: 0, error: expect.stringContaining('"colour"') as string });
});
