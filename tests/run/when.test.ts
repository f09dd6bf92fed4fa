/** R8, `when=`: what it skips, what that does to readers, and what it costs; states of optional inputs. */
import { expect, test } from 'vitest';
import { TelarError } from '../../contracts/errors.ts';
import { js } from '../support/graphs.ts';
import { createBench } from '../support/workbench.ts';
import { exitOfRun } from '../../runtime/hosts/cli/terminal.node.ts';
import type { RunResult } from '../../runtime/scheduler/run-plan.ts';

const note = (...fences: string[]): string => `---\ntelar: 1\n---\n${fences.join('\n')}`;
const INNER = note('```yaml {#n .input}\ndefault: 10\n```\n', js('half', 'n / 2'), js('odd', 'n', 'when="n % 2 === 1"')).replace('telar: 1', 'telar: 1\noutputs: [half, odd]');
const states = (result: RunResult): Record<string, string> => Object.fromEntries([...result.nodes].map(([path, { state, how }]) => [path, how ?? state]));

test('R8 a node whose when= is false is skipped; its readers are blocked, unless the wire is optional', async () => {
  const text = (year: number): string => note(
    js('year', String(year)), js('late', '"late"', 'when="year > 2000"'), js('reader', 'late + "!"'), js('further', 'reader'), js('careful', 'x === null', 'in.x?=late'), js('other', 'year + 1'),
  );
  const bench = createBench(text(1999));
  const first = await bench.run();
  expect(states(first)).toEqual({ year: 'ran', late: 'skipped', reader: 'blocked', further: 'blocked', careful: 'ran', other: 'ran' });
  expect(first.nodes.get('late')).toMatchObject({ reason: '`year > 2000` is false' });
  expect(first.nodes.get('further')).toMatchObject({ by: ['late'], reason: 'late is skipped' });
  expect(bench.value(first, 'careful')).toBe(true);
  expect(first.status).toBe('ok');
  expect(exitOfRun(false, first.nodes.values(), false)).toBe(0);
  expect(bench.store.steps(first.run).find(({ node }) => node === 'late')).toMatchObject({ state: 'skipped', decision: 'skipped' });
  expect((await bench.notebook()).plan().map(({ node, decision }) => `${node} ${decision}`)).toEqual(['year reuse', 'late skipped', 'reader blocked', 'further blocked', 'careful reuse', 'other reuse']);
  bench.write(text(2001));
  const second = await bench.run();
  expect(states(second)).toEqual({ year: 'ran', late: 'ran', reader: 'ran', further: 'ran', careful: 'ran', other: 'ran' });
  expect(bench.value(second, 'careful')).toBe(false);
});

test('P1 when= is no part of the key: the step is that of the same text without it, and the condition is asked once', async () => {
  const bench = createBench(note(js('a', '1 + 1')));
  const plain = await bench.run();
  let asked = 0;
  const execute = bench.engine.execute.bind(bench.engine);
  bench.engine.execute = (program, inputs, context) => { if (program.id === 'when') asked += 1; return execute(program, inputs, context); };
  bench.write(note(js('a', '1 + 1', 'when="flag"'), js('flag', 'true')));
  expect((await bench.notebook()).plan({ to: ['flag'] }).map(({ decision }) => decision)).toEqual(['run']);
  const gated = await bench.run();
  expect(gated.nodes.get('a')).toMatchObject({ how: 'reused', key: plain.nodes.get('a')?.key });
  await bench.run();
  expect(asked).toBe(1);
});

test('R8 with each= the condition is asked of each element, and one that is skipped is left out', async () => {
  const bench = createBench(note(js('xs', '[1, 2, 3, 4]'), js('even', 'x * 10', 'in.x=xs each=x when="x % 2 === 0"'), js('next', 'y + 1', 'in.y=even each=y')));
  const result = await bench.run();
  expect(bench.value(result, 'even')).toEqual([20, 40]);
  expect(bench.value(result, 'next')).toEqual([21, 41]);
  expect(states(result)).toMatchObject({ 'even[0]': 'skipped', 'even[1]': 'ran', 'next[1]': 'ran', 'next[3]': 'ran' });
  expect(result.nodes.has('next[0]')).toBe(false);
});

test('R8 a nested notebook under when= runs as a whole or not at all, and its inside waits for the condition', async () => {
  const use = (keys: string): string => `\`\`\`yaml {#part .graph ${keys}}\nuse: inner.telar.md\n\`\`\`\n`;
  const text = (n: number): string => note(js('n', String(n)), use('in.n=n when="n > 5"'), js('reader', 'part.half'), js('odd', 'part.odd'));
  const bench = createBench(text(3));
  bench.write(INNER, 'inner.telar.md');
  const first = await bench.run();
  expect(states(first)).toEqual({ n: 'ran', part: 'skipped', 'part/n': 'skipped', 'part/half': 'skipped', 'part/odd': 'skipped', reader: 'blocked', odd: 'blocked' });
  bench.write(text(8));
  const second = await bench.run();
  expect(states(second)).toEqual({ n: 'ran', part: 'ran', 'part/n': 'ran', 'part/half': 'ran', 'part/odd': 'skipped', reader: 'ran', odd: 'blocked' });
  expect(second.nodes.get('odd')?.by).toEqual(['part/odd']);
  expect(bench.value(second, 'reader')).toBe(4);
  const plan = (await bench.notebook()).plan().map(({ node, decision }) => `${node} ${decision}`);
  expect(plan).toEqual(['n reuse', 'part/n reuse', 'part/half reuse', 'part/odd skipped', 'part reuse', 'reader reuse', 'odd blocked']);
});

test('R8 in an each= over a notebook a skipped output is left out of its list alone', async () => {
  const bench = createBench(note(js('ns', '[1, 2, 3]'), '```yaml {#part .graph in.n=ns each=n}\nuse: inner.telar.md\n```\n', js('both', '[part.half, part.odd]')));
  bench.write(INNER, 'inner.telar.md');
  const result = await bench.run();
  expect(bench.value(result, 'both')).toEqual([[0.5, 1, 1.5], [1, 3]]);
});

test('R8 an expression that throws, or an engine that is not there, fails the step with its reason', async () => {
  const bench = createBench(note(js('x', 'null'), js('a', '1', 'when="x.y > 1"')));
  const first = await bench.run();
  expect(first.nodes.get('a')).toMatchObject({ state: 'failed', error: { code: 'exception', line: 8 } });
  expect(first.nodes.get('a')?.error?.message).toMatch(/^`when=x\.y > 1`: /);
  bench.engine.execute = (program) => Promise.reject(program.id === 'when' ? new TelarError('timeout', 'too slow') : new Error('not asked'));
  bench.write(note(js('a', '1', 'when="1 > 0"')));
  expect((await bench.run()).nodes.get('a')?.error).toMatchObject({ code: 'timeout', message: '`when=1 > 0`: too slow' });
  bench.engine.available = () => ({ ok: false, reason: 'QuickJS is not installed' }) as never;
  bench.write(note('```text {#a .text when="2 > 0"}\nhello\n```\n'));
  const lacking = await bench.run();
  expect(lacking.nodes.get('a')?.error).toMatchObject({ code: 'unavailable', message: '`when=` is judged by the JavaScript engine: QuickJS is not installed.' });
  expect(exitOfRun(false, lacking.nodes.values(), false)).toBe(4);
});

test.each([['"year >"', 'syntax'], ['"yaer > 1"', 'missing-name'], ['"a; b"', 'syntax']])('R8 a problem of when=%s stands at its value', async (expression, code) => {
  const bench = createBench(note(js('year', '1'), js('late', '1', `when=${expression}`)));
  const [problem, ...more] = (await bench.notebook()).problems();
  expect(more).toEqual([]);
  expect(problem).toMatchObject({ code, node: 'late', line: 8, column: 27 });
});

test('R8 an optional wire from what failed at run time is null', async () => {
  const bench = createBench(note(js('bad', '(() => { throw new Error("no") })()'), js('a', 'x === null ? "none" : x', 'in.x?=bad'), js('b', 'bad')));
  const result = await bench.run();
  expect(states(result)).toEqual({ bad: 'failed', a: 'ran', b: 'cancelled' });
  expect(bench.value(result, 'a')).toBe('none');
});

test('G9 a disabled output of a nested notebook is none; the others stand', async () => {
  const bench = createBench(note('```yaml {#part .graph}\nuse: inner.telar.md\n```\n', js('reader', 'part.half')));
  bench.write(INNER.replace('#odd when="n % 2 === 1"', '#odd disabled'), 'inner.telar.md');
  const result = await bench.run();
  expect(states(result)).toEqual({ 'part/n': 'ran', 'part/half': 'ran', 'part/odd': 'disabled', part: 'ran', reader: 'ran' });
  expect(Object.keys(result.nodes.get('part')?.outputs ?? {})).toEqual(['half']);
});

test('G9 what a reader of a closed notebook needs is stopped where it is disabled or wrong inside, before the run', async () => {
  const use = '```yaml {#part .graph in.n=ns each=n}\nuse: inner.telar.md\n```\n';
  const bench = createBench(note(js('ns', '[1, 2]'), use, js('half', 'part.half.length'), js('odd', 'part.odd')));
  bench.write(INNER.replace('#odd when="n % 2 === 1"', '#odd disabled'), 'inner.telar.md');
  const first = await bench.run();
  expect(states(first)).toMatchObject({ part: 'ran', 'part/odd': 'disabled', half: 'ran', odd: 'blocked' });
  expect(first.nodes.get('odd')).toMatchObject({ by: ['part/odd'], reason: 'part/odd is disabled' });
  expect((await bench.notebook()).plan().map(({ node, decision }) => `${node} ${decision}`)).toEqual(['ns reuse', 'part/n reuse', 'part/half reuse', 'part/odd disabled', 'part reuse', 'half reuse', 'odd blocked']);
  bench.write(INNER.replace('n / 2', 'm / 2'), 'inner.telar.md');
  const second = await bench.run();
  expect(states(second)).toMatchObject({ 'part/half': 'failed', part: 'cancelled', half: 'blocked', odd: 'cancelled' });
});

test('C3 a damaged value inside a notebook under when= is made again for the reader outside', async () => {
  const use = (body: string): string => note(js('n', '8'), '```yaml {#part .graph in.n=n when="n > 5"}\nuse: inner.telar.md\n```\n', js('reader', body));
  const bench = createBench(use('part.half'));
  bench.write(INNER, 'inner.telar.md');
  const first = await bench.run();
  const hash = first.nodes.get('part/half')?.outputs?.value?.ref?.hash as string;
  let damaged = true;
  const { get, put, size, has } = bench.store.blobs;
  Object.assign(bench.store.blobs, {
    // Set aside at the first read, and there again once it is put again.
    get: (one: string) => (damaged && one === hash ? undefined : get.call(bench.store.blobs, one)),
    put: (bytes: Uint8Array) => { const made = put.call(bench.store.blobs, bytes); if (made === hash) damaged = false; return made; },
    size: (one: string) => (asked && damaged && one === hash ? undefined : size.call(bench.store.blobs, one)), has: (one: string) => !(damaged && one === hash) && has.call(bench.store.blobs, one),
  });
  let asked = false;
  const execute = bench.engine.execute.bind(bench.engine);
  bench.engine.execute = (program, inputs, context) => { asked = true; return execute(program, inputs, context); };
  bench.write(use('part.half + 1'));
  const second = await bench.run();
  expect(bench.value(second, 'reader')).toBe(5);
  expect(second.nodes.get('part/half')?.how).toBe('ran');
});

test('R5 a condition has its own small limits, and `timeout=` raises its time', async () => {
  const bench = createBench(note(js('a', '1', 'when="1 > 0"'), js('b', '1', 'when="2 > 0" timeout=2m')));
  const times: Record<string, number> = {};
  const execute = bench.engine.execute.bind(bench.engine);
  bench.engine.execute = (program, inputs, context) => { if (program.id === 'when') times[program.code] = context.limits.time; return execute(program, inputs, context); };
  expect((await bench.run()).status).toBe('ok');
  expect(times).toEqual({ '1 > 0': 10_000, '2 > 0': 120_000 });
});
