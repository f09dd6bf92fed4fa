/** C3: which steps a repair does again to make lost values. What a record says of a step's class is not believed. */
import { expect, test } from 'vitest';
import type { Row } from '../../runtime/checkpoints/store.ts';
import { repairValues } from '../../runtime/replay/repair.ts';
import type { ReplayPorts } from '../../runtime/replay/replica.ts';
import { createRuntime } from '../../runtime/runtime.ts';
import { fence } from '../support/cli.ts';
import { js } from '../support/graphs.ts';
import { createBench } from '../support/workbench.ts';

const { signal } = new AbortController();

test('S4 a row that calls an effect pure has neither the network asked nor a file written', async () => {
  const bench = createBench(`${js('n', '1 + 1')}${fence('yaml', '#web .http', 'url: http://127.0.0.1:9/')}${fence('yaml', '#kept .save', 'from: n\nfile: n.json')}`);
  let asked = 0;
  const { blobs } = bench.store;
  const gone = new Set<string>();
  const store = {
    ...bench.store,
    row: (id: string): Row | undefined => { const row = bench.store.row(id); return row && { ...row, effect: 'pure' }; },
    blobs: { ...blobs, has: (hash: string) => !gone.has(hash) && blobs.has(hash), put: (bytes: Uint8Array) => { const hash = blobs.put(bytes); gone.delete(hash); return hash; } },
  };
  const base = createBench('', store).ports;
  const ports: ReplayPorts = { ...base, files: bench.files, network: { ask: () => { asked += 1; return Promise.resolve({ status: 200, headers: {}, body: new Uint8Array([asked]) }); } } };
  const replicas: ReplayPorts = { ...ports, replica: () => { const replica = base.replica(); return { ...replica, ports: { ...replica.ports, network: ports.network! } }; } };
  const { nodes } = await (await createRuntime(ports).open('main.telar.md')).run({ jobs: 1, failFast: false, trust: true, signal, emit: () => undefined });
  expect([...nodes.values()].map(({ state }) => state)).toEqual(['fresh', 'fresh', 'fresh']);
  const [made, ...others] = ['n', 'web', 'kept'].map((id) => nodes.get(id)?.outputs?.value?.ref?.hash as string);
  for (const hash of [made as string, ...others]) gone.add(hash);
  bench.files.write('n.json', new TextEncoder().encode('mine'));
  expect(await repairValues(replicas, [...gone], { signal })).toEqual([made]);
  expect([asked, new TextDecoder().decode(bench.files.read('n.json'))]).toEqual([1, 'mine']);
});
