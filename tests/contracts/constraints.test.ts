/** Constraints: each has a checker, or is pending. */
import { afterAll, expect, test } from 'vitest';
import { bound } from '../../nodes/contract/quantities.ts';
import { coveredVersion } from '../../nodes/contract/coverage.ts';
import { testContract } from '../../nodes/contract/run.ts';
import { ACCEPTED, contractOf, contractTools, sample, smallContract } from '../support/contracts.ts';

const bench = contractTools();
afterAll(bench.close);

const telio = contractOf(sample('TELIO-U001.contract.yaml') + ACCEPTED);
const store = sample('store.js');
const of = async (code: string, contract = telio): Promise<Record<string, string>> =>
  Object.fromEntries((await testContract(contract, { code }, bench.tools, { time: 1500 })).constraints.map(({ name, status }) => [name, status]));

test.each([
  ['max_lines', (code: string) => `${code}${'//\n'.repeat(60)}`],
  ['test_coverage', (code: string) => code.replace('return { getState, setState', `if (state.never) {${' state.a = 1;'.repeat(20)} }\n  return { getState, setState`)],
  ['no_dependencies', (code: string) => code.replace("const STORAGE_KEY", "const never = () => import('lodash'); const STORAGE_KEY")],
  ['no_dependencies', (code: string) => code.replace("const STORAGE_KEY", "const never = (name) => import(name); const STORAGE_KEY")],
  ['no_dependencies', (code: string) => code.replace("const STORAGE_KEY", "const never = () => require('fs'); const STORAGE_KEY")],
  ['no_dependencies', (code: string) => code.replace("const STORAGE_KEY", "const never = () => eval('1'); const STORAGE_KEY")],
  ['no_dependencies', (code: string) => code.replace("const STORAGE_KEY", "import other from './other.js'; const STORAGE_KEY")],
  ['max_write_time', (code: string) => code.replace("const names = key.split('.');", "const names = key.split('.'); for (const from = Date.now(); Date.now() - from < 12;);")],
  ['must_notify', (code: string) => code.replace("emit('state:changed', { key, value });", '')],
  ['must_persist', (code: string) => code.replace('localStorage.setItem(STORAGE_KEY, JSON.stringify(state));', '')],
  ['memory_fallback', (code: string) => code.replace('return false;', 'return true;')],
])('K3 a broken %s is told', async (name, change) => {
  const code = change(store);
  expect(code).not.toBe(store);
  expect((await of(code))[name]).toBe('broken');
});

test('K3 what nobody can check is pending, not green; so is what its lines leave open', async () => {
  const text = smallContract(['put'], '- {id: T1, when: [], then: [put(1) === 1, It feels right]}').replace('constraints: {}', `constraints: {behavior: {must_notify: true, must_glow: true, must_last: {is: true, shown_by: [T1.1]}, must_please: {is: true, shown_by: [T1]}, must_not: {is: true, shown_by: [T1.1, T9]}}, performance: {max_write_time: fast, max_state_size: '< 5MB', max_read_time: '< 1s', max_lines: few}, safety: None at all.}`);
  const contract = contractOf(text);
  expect(await of('export const put = (v) => v;', contract)).toEqual({
    must_notify: 'pending', must_glow: 'pending', must_last: 'held', must_please: 'pending', must_not: 'pending', max_write_time: 'pending', max_state_size: 'pending', max_read_time: 'pending', max_lines: 'pending', safety: 'pending' });
  const { lacks } = await testContract(contract, { code: 'export const put = (v) => v;' }, bench.tools);
  expect(lacks).toContain('9 constraints are pending');
});

test('K3 code that keeps its limit has the time to show it; lines end as editors end them', async () => {
  const contract = contractOf(smallContract(['put'], '- {id: T1, when: [], then: [put(1) === 1]}').replace('constraints: {}', "constraints: {quality: {max_lines: 2}, performance: {max_put_time: '< 2s'}}"));
  const slow = 'export const put = (v) => { const from = Date.now(); while (Date.now() - from < 120); return v; };';
  expect((await testContract(contract, { code: slow }, bench.tools, { time: 500 })).constraints).toMatchObject([{ seen: '1 lines' }, { status: 'held', measured: true }]);
  expect(await of('// 1\r// 2\rexport const put = (v) => v;', contract)).toMatchObject({ max_lines: 'broken' });
});

test('K3 a person may waive a pending constraint with a reason', async () => {
  const text = smallContract(['put'], '- {id: T1, when: [], then: [put(1) === 1]}', 'waivers: [{constraint: must_glow, reason: Only on screens}]').replace('constraints: {}', 'constraints: {behavior: {must_glow: true}}');
  const report = await testContract(contractOf(text), { code: 'export const put = (v) => v * 1;' }, bench.tools, { proofs: true });
  expect(report.constraints).toMatchObject([{ status: 'pending', waived: 'Only on screens' }]);
  expect(report.verified).toBe(true);
});

test('K3 a size beyond its limit is told, measured', async () => {
  const contract = contractOf(sample('TELIO-U001.contract.yaml').replace("'< 5MB'", "'< 100 B'") + ACCEPTED);
  const report = await testContract(contract, { code: store }, bench.tools);
  expect(report.constraints.find(({ name }) => name === 'max_state_size')).toMatchObject({ status: 'broken', measured: true });
});

test.each([
  ['< 10ms', 'ms', 10, [9.9], [10]], ['> 80%', 'percent', 80, [80.1], [80]], ['<= 5 MB', 'bytes', 5e6, [5e6], [5e6 + 1]], ['at least 2s', 'ms', 2000, [2000], [1999]], [100, '', 100, [100], [101]], ['1 KiB', 'bytes', 1024, [1024], [1025]],
] as const)('K3 the bound %s', (text, unit, limit, inside, outside) => {
  const one = bound(text)!;
  expect([one.unit, one.limit, ...inside.map(one.holds), ...outside.map(one.holds)]).toEqual([unit, limit, true, false]);
});

test('K3 a text that is no bound is none', () => {
  for (const text of ['fast', '< ten ms', '10 parsecs', '', true, null, {}]) expect(bound(text)).toBeUndefined();
});

test('K3 counting moves no line and changes no result', async () => {
  const { code, statements } = coveredVersion("'use strict';\nlabel: for (const a of [1, 2]) if (a === 1) continue label; else f(a);\nswitch (x) { case 1: y(); break; default: z(); }\nconst g = () => 1, h = () => ({a: 1});\nexport const k = (v) => (v, 2);", 'javascript')!;
  expect(code.split('\n')).toHaveLength(5);
  expect(statements.length).toBeGreaterThan(8);
  const program = { engine: 'javascript', code: `const telar$hit = () => {}, f = () => {}, x = 1, y = f, z = f; ${code.replace('export ', '')};\n[g(), h(), k(1)]`, file: 'it.js', line: 1, id: 'it', wanted: [], binds: [], modules: {}, folder: '' };
  const { outputs } = await bench.tools.execute(program, {});
  expect(bench.tools.load(outputs.value!.ref!)).toEqual([1, { a: 1 }, 2]);
});
