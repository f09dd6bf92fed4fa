/** Proofs that tests can fail: red first, and a mutant for each line. */
import { afterAll, expect, test } from 'vitest';
import { tickingCode } from '../../nodes/contract/coverage.ts';
import { mutantsOf } from '../../nodes/contract/mutants.ts';
import { stubOf } from '../../nodes/contract/proofs.ts';
import { testContract } from '../../nodes/contract/run.ts';
import { contractOf, contractTools, sample, smallContract } from '../support/contracts.ts';

const bench = contractTools();
afterAll(bench.close);

const code = `export const add = (a, b) => { let sum = a; for (let i = 0; i < b; i++) { sum += 1; } return sum; };`;

test('K3 a line that cannot fail is vacuous, and code that passes with one is not verified', async () => {
  const contract = contractOf(smallContract(['add'], `- id: T1
  when: add(1, 2)
  then: [add returns 3, "add(1, 1) === add(1, 1)", "add(2, 2) > -1000", "add(1, 1) === 2 || true"]`).replace('parameters: {input: {type: any}}', 'parameters: {a: {type: integer}, b: {type: integer}}'));
  const { proofs, lacks, verified } = await testContract(contract, { code }, bench.tools, { proofs: true });
  expect(proofs!.vacuous).toContain('T1.4');
  expect(proofs!.vacuous).not.toContain('T1.1');
  expect(proofs!.killed['T1.1']).toBeGreaterThan(2);
  expect(lacks.some((lack) => /no mutant/.test(lack))).toBe(true);
  expect(verified).toBe(false);
});

test('K3 a test that an empty stub passes is told', async () => {
  const contract = contractOf(smallContract(['add'], '- {id: T1, when: "add(1, 2)", then: [add(1) === undefined || true]}\n- {id: T2, when: [], then: ["add(1, 2) === 3"]}'));
  expect(stubOf(contract, 'javascript')).toContain('export const add = ');
  const { proofs, verified } = await testContract(contract, { code }, bench.tools, { proofs: true });
  expect(proofs!.greenOnStub).toEqual(['T1']);
  expect(verified).toBe(false);
});

test('K3 mutants of code that fails prove nothing, and are not made', async () => {
  const contract = contractOf(smallContract(['add'], '- {id: T1, when: [], then: ["add(1, 2) === 4"]}'));
  expect((await testContract(contract, { code }, bench.tools, { proofs: true })).proofs).toMatchObject({ mutants: 0, vacuous: [], greenOnStub: [] });
});

test('K3 a mutant that fails before a line is looked at says nothing of that line', async () => {
  const contract = contractOf(smallContract(['make', 'read'], `- {id: T1, when: "make(1)", then: ["read(1) === read(1)"]}`));
  const { proofs } = await testContract(contract, { code: "let n; export const make = (v) => { n = v; if (v !== 1) throw new Error('odd'); }; export const read = () => n;" }, bench.tools, { proofs: true });
  expect(proofs!.vacuous).toEqual(['T1.1']);
});

test('K3 mutants are many, different, each parses, and the same code has the same ones, at most as many as asked', () => {
  const store = sample('store.js');
  const mutants = mutantsOf(store, 1000);
  expect(mutants.length).toBeGreaterThan(50);
  expect(new Set(mutants.map((one) => one.code)).size).toBe(mutants.length);
  expect(mutants.every((one) => one.code !== store && one.what !== '' && one.line > 0)).toBe(true);
  expect(mutantsOf(store, 1000)).toEqual(mutants);
  expect(mutantsOf(store, 20).length).toBeLessThanOrEqual(20);
  for (const what of ['a condition negated', 'a statement dropped', 'a call dropped', 'nothing returned', 'errors not caught', 'a text changed', 'true made false']) expect(mutants.map((one) => one.what)).toContain(what);
});

test('K3 a mutant that would turn for ever ends, on the same lines', async () => {
  const ticking = tickingCode('for (;;)\n  f();\nwhile (a) { b(); }\ndo c(); while (d)');
  expect(ticking.split('\n')).toHaveLength(4);
  expect(ticking).toContain('for (;;)\n  {telar$tick();f();}');
  const contract = contractOf(smallContract(['add'], '- {id: T1, when: [], then: ["add(1, 2) === 3"]}'));
  const before = bench.programs();
  const { proofs } = await testContract(contract, { code: 'export const add = (a, b) => { let n = 0; while (n < b) { n += 1; } return a + n; };' }, bench.tools, { proofs: true, time: 1500 });
  // `n += 1` made `n -= 1` is one of them. A program that had to be stopped would have been followed by others.
  expect(proofs!.killed['T1.1']).toBeGreaterThan(4);
  expect(bench.programs() - before).toBe(3);
});
