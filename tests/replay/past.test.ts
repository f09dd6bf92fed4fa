/** C4, a past run from its records alone: its graph from its texts, its values from its rows, and what is said where some are lost. */
import { beforeEach, expect, test } from 'vitest';
import type { RunRecord } from '../../runtime/checkpoints/store.ts';
import { findPastValue } from '../../runtime/hosts/cli/find-past.ts';
import { openPast, pastGraph, pastNodes } from '../../runtime/replay/past.ts';
import type { ReplayPorts } from '../../runtime/replay/replica.ts';
import { fence, yaml } from '../support/cli.ts';
import { js } from '../support/graphs.ts';
import { createBench, type Bench } from '../support/workbench.ts';

let bench: Bench;
let run: RunRecord;
beforeEach(async () => {
  bench = createBench(`${yaml('list', 'input', 'default: [x.y, b]')}${yaml('each', 'graph', 'use: parts/in.telar.md', 'each=n in.n=list')}${yaml('one', 'graph', 'use: parts/in.telar.md')}${js('told', 'const more = 1\nparts.length', 'in.parts=each.out')}${js('bad', 'null.x')}`);
  bench.write(`---\ntelar: 1\noutputs: [out, other]\n---\n${yaml('n', 'input', 'default: none')}${js('out', 'n + "!"')}${fence('text', '#other .text', '-')}`, 'parts/in.telar.md');
  const { run: id } = await bench.run();
  run = bench.store.run(id) as RunRecord;
  // The files go on; the run does not.
  bench.write('', 'main.telar.md');
  bench.write('', 'parts/in.telar.md');
});

const losing = (...hashes: (string | undefined)[]): ReplayPorts => ({ ...bench.ports, store: { ...bench.store, blobs: { ...bench.store.blobs, get: (hash) => (hashes.includes(hash) ? undefined : bench.store.blobs.get(hash)) } } });
const valueOf = async (name: string): Promise<unknown> => {
  const { value } = findPastValue(bench.store, run, await pastGraph(bench.ports, run), name);
  return value.summary.preview;
};

test('C4 the graph is the one of then, and each node has what it had', async () => {
  const graph = await pastGraph(bench.ports, run);
  expect([...graph!.nodes()].map((node) => node.path).sort()).toEqual(['bad', 'each', 'each/n', 'each/other', 'each/out', 'list', 'one', 'one/n', 'one/other', 'one/out', 'told']);
  const nodes = pastNodes(bench.store, run, graph);
  expect(nodes.get('bad')).toMatchObject({ state: 'failed', error: { code: 'exception' } });
  expect(Object.keys(nodes.get('one')?.outputs ?? {})).toEqual(['out', 'other']);
  expect(nodes.get('each[x.y]')?.outputs?.out).toEqual(nodes.get('each[x.y]/out')?.outputs?.value);
  expect(nodes.get('each')?.outputs?.out?.summary.type).toBe('list of 2');
});

test('C4 values of a past run by node, output, element and nested path', async () => {
  for (const [name, preview] of [['told', '2'], ['told.told', '2'], ['one.out', 'none!'], ['one/out', 'none!'], ['each[x.y].out', 'x.y!'], ['each[x.y]/out', 'x.y!'], ['told.more', '1']] as const) {
    expect(String(await valueOf(name)).replaceAll('"', ''), name).toBe(preview);
  }
  for (const [name, code, message] of [
    ['each[c]/out', 'value-missing', /has no `each\[c\]\/out`\. It has `each\[x\.y\]\/out`, `each\[b\]\/out`/], ['each/out', 'value-missing', /It has `each\[x\.y\]\/out`/], ['one', 'usage', /say which of its outputs\. It has `one\.out`, `one\.other`/],
    ['told.constructor', 'usage', /has no output `constructor`\. It has `told`, `told\.more`/], ['constructor', 'usage', /has no node `constructor`/], ['toldd', 'usage', /Did you mean `told`/], ['bad', 'value-missing', /it failed: /],
  ] as const) await expect(valueOf(name), name).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

test('C4 a lost text is told; values of nodes need none', async () => {
  const root = run.texts['main.telar.md'];
  await expect(openPast(losing(root), run)).rejects.toMatchObject({ code: 'input-gone', data: { file: 'main.telar.md', run: run.id } });
  expect(await pastGraph(losing(root), run)).toBeUndefined();
  expect(findPastValue(bench.store, run, undefined, 'each[b]/out').value.summary.preview).toContain('b!');
  expect(pastNodes(bench.store, run, undefined).get('told')?.state).toBe('fresh');
  const nested = await openPast(losing(run.texts['parts/in.telar.md']), run);
  expect(nested.problems().map((problem) => problem.message)).toEqual(expect.arrayContaining([expect.stringMatching(/parts\/in\.telar\.md as run .* is lost/)]));
  // A row that is gone, and an element of a run that somebody forged.
  const gone = { ...bench.store, row: () => undefined };
  expect(() => findPastValue(gone, run, undefined, 'told')).toThrow(/not in the store any more/);
});
