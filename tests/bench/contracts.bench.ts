/** Contracts: the test of TELIO-U001's store after a warm start, with all its constraints, beside the same checks written for `node --test`. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readContract } from '../../nodes/contract/read.ts';
import { testContract } from '../../nodes/contract/run.ts';
import { ACCEPTED, contractTools, sample } from '../support/contracts.ts';
import { NODE } from '../support/cli.ts';
import { inFolder, time, type Figure } from './bench.ts';

const PEER = `import test from 'node:test';
import assert from 'node:assert';
import { told } from './events.js';
const load = async (fails) => {
  const held = new Map();
  told.length = 0;
  globalThis.localStorage = { getItem: (key) => held.get(key) ?? null, setItem: (key, text) => { if (fails) throw new Error('QuotaExceededError'); held.set(key, text); } };
  return { held, store: await import('./store.js?' + Math.random()) };
};
test('T001', async () => {
  const { held, store } = await load(false);
  store.setState('arke.type', 'fire');
  assert(held.has('TELIOS_STATE'));
  assert.strictEqual(store.getState('arke.type'), 'fire');
  assert.deepStrictEqual(told, [['state:changed', { key: 'arke.type', value: 'fire' }]]);
});
test('T002', async () => {
  const { store } = await load(false);
  store.setState('kayros.totalDays', 1096);
  assert.strictEqual(store.getState('kayros.totalDays'), 1096);
  assert.strictEqual(store.getState('kayros').totalDays, 1096);
});
test('T003', async () => {
  const { store } = await load(true);
  assert.strictEqual(store.setState('arke.type', 'fire'), false);
  assert.strictEqual(store.setState('arke.type', 'water'), false);
  assert.strictEqual(store.getState('arke.type'), 'water');
  store.resetModule('arke');
});
`;

async function peer(folder: string): Promise<number> {
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
  writeFileSync(join(folder, 'store.js'), sample('store.js'));
  writeFileSync(join(folder, 'events.js'), 'export const told = [];\nexport const emit = (...args) => { told.push(args); };\n');
  writeFileSync(join(folder, 'store.test.js'), PEER);
  return time(() => promisify(execFile)(NODE, ['--no-warnings', '--test', 'store.test.js'], { cwd: folder }), { runs: 5 });
}

export async function figures(): Promise<readonly Figure[]> {
  const bench = contractTools();
  try {
    const contract = readContract(sample('TELIO-U001.contract.yaml') + ACCEPTED).contract!;
    const code = sample('store.js');
    const run = async (proofs: boolean): Promise<void> => {
      const report = await testContract(contract, { code }, bench.tools, { proofs });
      if (!report.ok || (proofs && !report.verified)) throw new Error(report.lacks.join('; '));
    };
    const read = await time(() => readContract(sample('TELIO-U001.contract.yaml')), { runs: 15 });
    const plain = await time(() => run(false), { runs: 15, warmup: 3 });
    const proved = await time(() => run(true), { runs: 5, warmup: 1 });
    return [
      { id: '–', what: 'test of TELIO-U001 after a warm start: 8 lines, 8 constraints', ours: plain, unit: 'ms', reach: { most: 150 }, peer: { name: 'node --test, a new process', value: await inFolder(peer) }, note: 'the peer has no coverage, no measured time' },
      { id: '–', what: 'the same with red first and a mutant for each line', ours: proved, unit: 'ms', reach: {}, note: '63 mutants' },
      { id: '–', what: 'TELIO-U001 read', ours: read, unit: 'ms', reach: {} },
    ];
  } finally {
    await bench.close();
  }
}
