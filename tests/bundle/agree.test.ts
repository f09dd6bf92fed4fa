/** Whether the records in a bundle agree with its notebook, as whoever verifies one holds them against it. */
import { expect, test } from 'vitest';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { checkAgreement } from '../../runtime/bundle/agree.ts';
import type { Secrets } from '../../runtime/ports.ts';
import { openReplay } from '../../runtime/replay/replay.ts';
import { createRuntime, type RuntimePorts } from '../../runtime/runtime.ts';
import { js } from '../support/graphs.ts';
import { createBench } from '../support/workbench.ts';

test('C7 a run that sent a secret agrees with its notebook where the secret is another one, or not set', async () => {
  const bench = createBench('```yaml {#web .http}\nurl: http://127.0.0.1:9/\nheaders: {authorization: {secret: TOKEN}}\n```\n');
  const secrets: Secrets = { get: () => 'known', fingerprint: () => sha256('known') };
  const network: RuntimePorts['network'] = { ask: () => Promise.resolve({ status: 200, headers: {}, body: new Uint8Array() }) };
  const notebook = await createRuntime({ ...bench.ports, secrets, network }).open('main.telar.md');
  const { run, status } = await notebook.run({ jobs: 1, failFast: false, trust: true, signal: new AbortController().signal, emit: () => undefined });
  expect(status).toBe('ok');
  const replay = await openReplay(bench.ports, run);
  expect(() => checkAgreement(replay)).not.toThrow();
  await replay.close();
});

test('C7 an optional wire from a red check had no value, though the check left one', async () => {
  const bench = createBench(js('red', '[1]') + js('after', 'x === null', 'in.x?=red'));
  const execute = bench.engine.execute.bind(bench.engine);
  bench.engine.execute = async (program, inputs, context) => ({ ...await execute(program, inputs, context), ...(program.id === 'red' ? { error: { code: 'check-red', message: 'no' } } : {}) });
  const result = await bench.run();
  expect([result.nodes.get('red')?.state, bench.value(result, 'after')]).toEqual(['failed', true]);
  const replay = await openReplay(bench.ports, result.run);
  expect(() => checkAgreement(replay)).not.toThrow();
  await replay.close();
});
