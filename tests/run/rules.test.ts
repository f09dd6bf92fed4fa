/** Rules of the run and of the key that no other file bears: identity, keys that are never weakened, results that come too late. */
import { expect, test } from 'vitest';
import { js } from '../support/graphs.ts';
import { createBench } from '../support/workbench.ts';

const note = (...fences: string[]): string => `---\ntelar: 1\n---\n${fences.join('\n')}`;
const INNER = note(js('half', 'n / 2'), '```yaml {#n .input}\ndefault: 10\n```\n').replace('telar: 1', 'telar: 1\noutputs: [half]');
const use = (id: string): string => `\`\`\`yaml {#${id} .graph}\nuse: inner.telar.md\n\`\`\`\n`;

test('G11 a node is its path of ids in the document: the same in every run, whatever stands before it or above it', async () => {
  const bench = createBench(note(use('part')));
  bench.write(INNER, 'inner.telar.md');
  const first = await bench.run();
  bench.write(note(js('other', '1'), use('another'), use('part')));
  const second = await bench.run();
  expect([...first.nodes.keys()].sort()).toEqual(['part', 'part/half', 'part/n']);
  expect([...second.nodes.keys()].sort()).toEqual(['another', 'another/half', 'another/n', 'other', 'part', 'part/half', 'part/n']);
  const records = [...bench.store.history('main.telar.md', 'part/half')].map(({ run, node }) => [run, node]);
  expect(records).toEqual([[second.run, 'part/half'], [first.run, 'part/half']]);
});

test('P3 a key that cannot be computed is not made from what is left: a step whose engine is not there is unavailable and has none', async () => {
  const text = note('```python {#snake}\n1\n```\n', js('fine', '2'));
  const bench = createBench(text);
  for (const _ of [1, 2]) {
    const { nodes } = await bench.run();
    expect(nodes.get('snake')?.state).toBe('unavailable');
    expect(nodes.get('snake')?.key).toBeUndefined();
    expect(nodes.get('fine')?.state).toBe('fresh');
  }
});

test('P3 an engine that says it is another one is never served the old one’s rows', async () => {
  const text = note(js('a', '20 + 1'));
  const old = createBench(text);
  const first = await old.run();
  const renewed = createBench(text, old.store);
  renewed.engine.identity = () => ({ engine: 'tiny', version: '2' });
  const second = await renewed.run();
  expect(second.nodes.get('a')).toMatchObject({ how: 'ran', reason: 'the engine javascript changed' });
  expect(second.nodes.get('a')?.key).not.toBe(first.nodes.get('a')?.key);
});

test('R3 a result that comes after its step was given up is ignored: nothing is kept of it, and the next run has its own', async () => {
  const bench = createBench(note(js('slow', '1')));
  const stop = new AbortController();
  let comeBack = (): void => undefined;
  const execute = bench.engine.execute.bind(bench.engine);
  // It hears no abort, and answers long after.
  bench.engine.execute = async (program, inputs, context) => {
    stop.abort();
    await new Promise<void>((resolve) => { comeBack = resolve; });
    return execute({ ...program, code: '666' }, inputs, { ...context, signal: new AbortController().signal });
  };
  const given = await bench.run({ signal: stop.signal });
  expect(given.status).toBe('cancelled');
  expect(given.nodes.get('slow')?.state).toBe('cancelled');
  comeBack();
  await new Promise((resolve) => { setTimeout(resolve, 10); });
  bench.engine.execute = execute;
  const next = await bench.run();
  expect(next.nodes.get('slow')).toMatchObject({ state: 'fresh', how: 'ran' });
  expect(bench.value(next, 'slow')).toBe(1);
  expect(bench.store.rows(next.nodes.get('slow')?.key as string).length).toBe(1);
});

test('P3 a value set for a wired input never stands in the key for the value it has: it is refused, and a constant yields to the wire', async () => {
  const bench = createBench(note(js('seven', '7'), '```yaml {#part .graph in.n=seven}\nuse: inner.telar.md\nwith: {n: 100}\n```\n'));
  bench.write(INNER, 'inner.telar.md');
  await expect(bench.run({ set: { 'part/n': '100' } })).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('wired to `seven`') as string });
  const wired = await bench.run();
  expect(bench.value(wired, 'part/half')).toBe(3.5);
  bench.write(note('```yaml {#part .graph}\nuse: inner.telar.md\nwith: {n: 100}\n```\n'));
  const constant = await bench.run();
  expect(bench.value(constant, 'part/half')).toBe(50);
});
