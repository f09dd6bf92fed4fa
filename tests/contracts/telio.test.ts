/** The seed's contract TELIO-U001, unchanged: what it is worth, that a correct store passes, and that wrong ones do not. */
import { afterAll, describe, expect, test } from 'vitest';
import { readContract } from '../../nodes/contract/read.ts';
import { testContract } from '../../nodes/contract/run.ts';
import { truthOf } from '../../nodes/contract/truth.ts';
import { ACCEPTED, contractOf, contractTools, sample } from '../support/contracts.ts';
import { WRONG_STORES } from './wrong-stores.ts';

const bench = contractTools();
afterAll(bench.close);
const seed = sample('TELIO-U001.contract.yaml');
const store = sample('store.js');
const accepted = contractOf(seed + ACCEPTED);

describe('TELIO-U001', () => {
  test('K1 the seed is read as it is, and has 2 expressions, 4 steps and 2 lines of prose', () => {
    const { contract, problems } = readContract(seed);
    expect(problems).toEqual([]);
    expect(contract).toMatchObject({ id: 'TELIO-U001', version: '1.0.0', language: 'javascript', file: 'src/store.js' });
    expect(contract!.exports.map(({ name }) => name)).toEqual(['getState', 'setState', 'resetModule']);
    expect(contract!.dependencies.internal).toMatchObject([{ id: 'TELIO-U003', line: 50 }]);
    const { counts, lines } = truthOf(contract!, bench.tools.sha256);
    expect(counts).toEqual({ expression: 2, step: 4, idiom: 0, frozen: 0, pending: 2, notebook: 0 });
    expect(lines.map(({ id, status }) => `${id} ${status}`)).toEqual(['T001.1 step', 'T001.2 expression', 'T001.3 step', 'T002.1 expression', 'T002.2 step', 'T003.1 step', 'T003.2 pending', 'T003.3 pending']);
    expect(lines.at(-1)!.idiom).toBe('App does not break');
  });

  test('K1 with the idiom accepted and one line frozen every line can be run', () => {
    const { counts, problems } = truthOf(accepted, bench.tools.sha256);
    expect(problems).toEqual([]);
    expect(counts).toEqual({ expression: 2, step: 4, idiom: 1, frozen: 1, pending: 0, notebook: 0 });
  });

  test('K3 a correct store is verified: all lines green, red first, no vacuous line, no constraint open', async () => {
    const report = await testContract(accepted, { code: store }, bench.tools, { proofs: true });
    expect(report.lines.filter(({ ok }) => ok !== true)).toEqual([]);
    expect(report.constraints.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'max_lines held', 'test_coverage held', 'no_dependencies held', 'max_write_time held', 'max_state_size held', 'must_notify held', 'must_persist held', 'memory_fallback held']);
    expect(report.proofs).toMatchObject({ greenOnStub: [], vacuous: [] });
    expect(report.proofs!.mutants).toBeGreaterThan(40);
    expect(report.lacks).toEqual([]);
    expect(report.verified).toBe(true);
  });

  test('K1 with the seed as it is the store is not verified: two lines are pending, and are not green', async () => {
    const report = await testContract(contractOf(seed), { code: store }, bench.tools, { proofs: true });
    expect(report.ok).toBe(true);
    expect(report.verified).toBe(false);
    expect(report.lacks).toContain('2 lines are pending');
    expect(report.lines.filter(({ status }) => status === 'pending').map(({ ok }) => ok)).toEqual([undefined, undefined]);
  });

  test('K2 the planted wrong stores are caught', async () => {
    const reports = await Promise.all(WRONG_STORES.map(async ({ name, from, to }) => {
      expect(store.split(from), name).toHaveLength(2);
      return { name, report: await testContract(accepted, { code: store.replace(from, () => to) }, bench.tools) };
    }));
    // A wrong store is one that runs: text that does not parse would be caught by anybody.
    for (const { name, report } of reports) expect(report.lines.some(({ error }) => /SyntaxError/.test(error ?? '')), name).toBe(false);
    const escaped = reports.filter(({ report }) => report.lines.every(({ ok }) => ok === true)).map(({ name }) => name);
    expect(WRONG_STORES).toHaveLength(20);
    expect(escaped.length, escaped.join()).toBeLessThanOrEqual(1);
  });

  test.each([
    ['an IIFE in a constant', (text: string) => `const Store = (() => { ${text.replace(/^import.*$/m, 'const emit = (...args) => Events.emit(...args);').replaceAll('export const', 'const').replace('const store = ', 'const inner = ').replaceAll('store.', 'inner.')}\nreturn {getState, setState, resetModule}; })();`],
    ['module.exports', (text: string) => `${text.replace(/^import.*$/m, 'const emit = (...args) => Events.emit(...args);').replaceAll('export const', 'const')}\nmodule.exports = {getState, setState, resetModule};`],
    ['names on window', (text: string) => `(function (root) { ${text.replace(/^import.*$/m, '').replace("emit('state", "root.Events.emit('state").replaceAll('export const', 'const')}\nroot.TeliosStore = {getState, setState, resetModule}; })(this);`],
    ['functions at the top level', (text: string) => text.replace(/^import.*$/m, "import Events, { on } from '../events.js';").replace("emit('state", "Events.emit('state").replaceAll('export const', 'const')],
    ['a namespace import', (text: string) => text.replace(/^import.*$/m, "import * as bus from './lib/events.js';").replace("emit('state", "bus.emit('state")],
    ['an imported object', (text: string) => text.replace(/^import.*$/m, "import { Events } from './lib/core.js';").replace("emit('state", "Events.emit('state")],
  ])('K2 a store in another form passes too: %s', async (_, change) => {
    const report = await testContract(accepted, { code: change(store) }, bench.tools);
    expect(report.lines.filter(({ ok }) => ok !== true).map(({ id, error, actual }) => [id, error, actual])).toEqual([]);
  });
});
