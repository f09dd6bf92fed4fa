/** Rules of the run and of the key that no other file bears: identity, keys that are never weakened, results that come too late. */
import { expect, test } from 'vitest';
import { TelarError } from '../../contracts/errors.ts';
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

test('R8 an optional wire from what does not run is null, in value, key and plan; a wire that is not optional blocks', async () => {
  const off = js('off', '1', 'disabled');
  const bench = createBench(note(off, js('a', 'x === null', 'in.x?=off'), js('b', 'x', 'in.x=off')));
  const steps = (await bench.notebook()).plan();
  expect(steps.find(({ node }) => node === 'a')?.decision).toBe('run');
  const result = await bench.run();
  expect(bench.value(result, 'a')).toBe(true);
  expect(result.nodes.get('b')?.state).toBe('blocked');
  bench.write(note(js('off', '1'), js('a', 'x === null', 'in.x?=off')));
  expect(bench.value(await bench.run(), 'a')).toBe(false);
});

test('P1 the constant that stands in for an optional wire is in the key', async () => {
  const text = (n: number): string => note(js('off', '1', 'disabled'), `\`\`\`yaml {#part .graph in.n?=off}\nuse: inner.telar.md\nwith: {n: ${n}}\n\`\`\`\n`);
  const bench = createBench(text(10));
  bench.write(INNER, 'inner.telar.md');
  expect(bench.value(await bench.run(), 'part/half')).toBe(5);
  bench.write(text(20));
  expect(bench.value(await bench.run(), 'part/half')).toBe(10);
});

test('R5 a limit longer than a timer can wait is a long limit, not none at all', async () => {
  const bench = createBench(note(js('a', '1', 'timeout=600h')));
  let time = 0;
  const execute = bench.engine.execute.bind(bench.engine);
  bench.engine.execute = async (program, inputs, context) => {
    time = context.limits.time;
    await new Promise((resolve) => { setTimeout(resolve, 20); });
    return execute(program, inputs, context);
  };
  expect((await bench.run()).nodes.get('a')?.state).toBe('fresh');
  // Executors wait a little longer than the limit before they kill.
  expect(time + 60_000).toBeLessThan(2 ** 31);
});

test('C2 a row that could not be kept leaves no record of a fresh step', async () => {
  const bench = createBench(note(js('a', '1')));
  bench.store.addRow = () => Promise.reject(new TelarError('disk-full', 'no room'));
  const result = await bench.run();
  expect(result.nodes.get('a')).toMatchObject({ state: 'failed', error: { code: 'disk-full' } });
  expect(bench.store.steps(result.run).map(({ state, error, row }) => ({ state, code: error?.code, row }))).toEqual([{ state: 'failed', code: 'disk-full', row: undefined }]);
});

test('C1 what a step prints is kept with its row up to a bound, in one piece or in many', async () => {
  const bench = createBench(note(js('a', '1')));
  const execute = bench.engine.execute.bind(bench.engine);
  bench.engine.execute = (program, inputs, context) => {
    context.emit('stdout', 'x'.repeat(1_000_000));
    return execute(program, inputs, context);
  };
  const { nodes } = await bench.run();
  const [row] = bench.store.rows(nodes.get('a')?.key as string);
  expect((row?.logs ?? []).reduce((sum, { text }) => sum + text.length, 0)).toBeLessThan(20_000);
});

test('G9 notebooks that use each other many times over are refused before they fill the memory', async () => {
  const bench = createBench(note(...[1, 2, 3, 4].map((n) => `\`\`\`yaml {#g${n} .graph}\nuse: n1.telar.md\n\`\`\`\n`)));
  for (let level = 1; level < 40; level += 1) {
    bench.write(note(...[1, 2, 3, 4].map((n) => `\`\`\`yaml {#g${n} .graph}\nuse: n${level + 1}.telar.md\n\`\`\`\n`)), `n${level}.telar.md`);
  }
  bench.write(note(js('a', '1')), 'n40.telar.md');
  const { graph } = await bench.notebook();
  expect(graph.size).toBeLessThan(200_000);
  expect(graph.problems().some(({ message }) => message.includes('too many nodes'))).toBe(true);
}, 60_000);

test('G9 notebooks in a chain without end are refused where it is too long', async () => {
  const bench = createBench(note(use('part').replace('inner', 'n1')));
  for (let level = 1; level < 5_000; level += 1) bench.write(note(use('part').replace('inner', `n${level + 1}`)), `n${level}.telar.md`);
  const { graph } = await bench.notebook();
  expect(graph.problems().map(({ message }) => message).filter((message) => message.includes('notebooks deep'))).toHaveLength(1);
});

test('C5 equal steps of one run are one step: what a record names is what the readers were given, and the next run does nothing', async () => {
  const bench = createBench(note(js('a', 'Math.random()'), js('b', 'Math.random()'), js('c', '[a, b]')));
  for (const options of [{}, { noReuse: true }]) {
    const first = await bench.run(options);
    expect(bench.value(first, 'c')).toEqual([bench.value(first, 'a'), bench.value(first, 'b')]);
    for (const step of bench.store.steps(first.run)) expect(bench.store.row(step.row as string)?.outputs.value?.ref).toEqual(first.nodes.get(step.node)?.outputs?.value?.ref);
    const second = await bench.run();
    expect([...second.nodes.values()].map((status) => status.how)).toEqual(['reused', 'reused', 'reused']);
    expect(bench.value(second, 'c')).toEqual(bench.value(first, 'c'));
  }
});

test('C5 a result that differs from one which another process kept meanwhile stands back, and the record still names what the readers were given', async () => {
  const bench = createBench(note(js('a', 'Math.random()'), js('c', '[a]')));
  const other = createBench(note(js('a', 'Math.random()')), bench.store);
  bench.engine.pause = async (id) => { if (id === 'a') await other.run(); };
  const late = await bench.run();
  const record = bench.store.steps(late.run).find((step) => step.node === 'a');
  expect(late.nodes.get('a')?.warnings?.join()).toMatch(/different result/);
  expect(bench.store.row(record?.row as string)?.outputs.value?.ref?.hash).toBe(late.nodes.get('a')?.outputs?.value?.ref?.hash);
  expect(bench.store.rows(record?.key as string)[0]?.outputs.value?.ref?.hash).not.toBe(late.nodes.get('a')?.outputs?.value?.ref?.hash);
});

test('C5 a later reader of an output of which only a summary was kept does not change what an earlier run is said to have given', async () => {
  const bench = createBench(note(js('a', 'const chance = Math.random()\n5')));
  const first = await bench.run();
  bench.write(note(js('a', 'const chance = Math.random()\n5'), js('c', 'chance')));
  const second = await bench.run();
  const named = (run: string): unknown => bench.store.row(bench.store.steps(run).find((step) => step.node === 'a')?.row as string)?.outputs.chance;
  expect(named(first.run)).toEqual(first.nodes.get('a')?.outputs?.chance);
  expect(named(second.run)).toEqual(second.nodes.get('a')?.outputs?.chance);
  const third = await bench.run();
  expect([...third.nodes.values()].map((status) => status.how)).toEqual(['reused', 'reused']);
  expect(bench.value(third, 'c')).toBe(bench.value(second, 'c'));
});
