/** R8, `each=`: order, caching per element, lines that fail alone, nested notebooks, and what the plan tells of it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { js } from '../support/graphs.ts';
import { createBench, type Bench } from '../support/workbench.ts';
import type { Row, RunRecord } from '../../runtime/checkpoints/store.ts';
import type { OpenNotebook } from '../../runtime/notebook.ts';
import { gather, type Part } from '../../runtime/scheduler/gather.ts';
import { runPlan, type RunResult } from '../../runtime/scheduler/run-plan.ts';
import { storeValue } from '../../runtime/values/kinds.ts';
import { isTableView } from '../../runtime/values/summary.ts';
import { PlainTableView } from '../../runtime/values/table.ts';

const note = (...fences: string[]): string => `---\ntelar: 1\n---\n${fences.join('\n')}`;
const graph = (id: string, keys: string, use = 'inner.telar.md'): string => `\`\`\`yaml {#${id} .graph${keys === '' ? '' : ` ${keys}`}}\nuse: ${use}\n\`\`\`\n`;
const INNER = note('```yaml {#n .input}\ndefault: 10\n```\n', '```yaml {#by .input}\ndefault: 2\n```\n', js('half', 'n / by'), js('note', '`${n} by ${by}`')).replace('telar: 1', 'telar: 1\noutputs: [half, note]');

/** Paths of a run with what became of them: `ran`, `reused`, or the state. */
const states = (result: RunResult): Record<string, string> => Object.fromEntries([...result.nodes].map(([path, { state, how }]) => [path, how ?? state]));
/** A value as plain data; a table as its rows. */
function value(bench: Bench, result: RunResult, node: string, output?: string): unknown {
  const found = bench.value(result, node, output);
  return isTableView(found) ? { table: Array.from({ length: found.rows }, (_, row) => found.row(row)) } : found;
}

test('R8 each= runs once per element and gives a list in the same order; only what is new runs', async () => {
  const text = (list: string): string => note(js('xs', list), js('twice', 'x * 2', 'in.x=xs each=x'), js('all', 'twice.join()'));
  const bench = createBench(text('[3, 1, 2]'));
  const first = await bench.run();
  expect(value(bench, first, 'twice')).toEqual([6, 2, 4]);
  expect(value(bench, first, 'all')).toBe('6,2,4');
  expect(states(first)).toEqual({ xs: 'ran', twice: 'ran', all: 'ran', 'twice[0]': 'ran', 'twice[1]': 'ran', 'twice[2]': 'ran' });
  expect(first.nodes.get('twice')?.reason).toBe('3 elements, all ran');
  bench.write(text('[2, 3, 7, 1]'));
  bench.engine.began.length = 0;
  const second = await bench.run();
  expect(bench.engine.began.filter((id) => id === 'twice')).toHaveLength(1);
  expect(value(bench, second, 'twice')).toEqual([4, 6, 14, 2]);
  expect(second.nodes.get('twice')?.reason).toBe('4 elements: 1 ran, 3 reused');
  bench.engine.began.length = 0;
  const third = await bench.run();
  expect(bench.engine.began).toEqual([]);
  expect(third.nodes.get('twice')).toMatchObject({ how: 'reused', reason: '4 elements, all reused', key: second.nodes.get('twice')?.key });
});

test('R8 the key of an element is that of the plain step on the same value', async () => {
  const bench = createBench(note(js('xs', '[5]'), js('a', 'x + 1', 'in.x=xs each=x')));
  const first = await bench.run();
  bench.write(note(js('xs', '5'), js('a', 'x + 1', 'in.x=xs')));
  const second = await bench.run();
  expect(second.nodes.get('a')).toMatchObject({ how: 'reused', key: first.nodes.get('a[0]')?.key });
});

test('R8 keys: of a map, distinct short texts, else places; rows of a table are records; nothing gives an empty list', async () => {
  const bench = createBench(note(
    js('map', '({ sea: 3, lax: 4 })'), js('names', '["oslo", "rom"]'), js('twins', '["a", "a"]'), js('odd', '["a/b", "c"]'), js('none', '[]'), js('rows', '[{ a: 1, b: "x" }, { a: 2, b: "y" }]'),
    js('m', 'v + 1', 'in.v=map each=v'), js('n', 'v.length', 'in.v=names each=v'), js('t', 'v', 'in.v=twins each=v'), js('o', 'v', 'in.v=odd each=v'), js('e', 'v', 'in.v=none each=v'),
    js('r', '({ ...v, c: v.a + 1 })', 'in.v=rows each=v'), js('q', 'v.c', 'in.v=r'),
  ));
  const result = await bench.run();
  expect(Object.keys(states(result)).filter((path) => path.includes('['))).toEqual(['m[sea]', 'm[lax]', 'n[oslo]', 'n[rom]', 't[0]', 't[1]', 'o[0]', 'o[1]', 'r[0]', 'r[1]']);
  expect(value(bench, result, 'm')).toEqual([4, 5]);
  expect(value(bench, result, 'e')).toEqual([]);
  expect(value(bench, result, 'r')).toEqual({ table: [{ a: 1, b: 'x', c: 2 }, { a: 2, b: 'y', c: 3 }] });
});

test('R8 a failed element blocks only its own line; a reader of the whole list is cancelled by it', async () => {
  const text = (bad: number): string => note(
    js('xs', '["a", "b", "c"]'), js('f', `(() => { if (x === "abc"[${bad}]) throw new Error("no " + x); return x + x })()`, 'in.x=xs each=x'),
    js('g', 'y + "!"', 'in.y=f each=y'), js('whole', 'f.length'), js('further', 'g.length'), js('other', 'xs.length'),
  );
  const bench = createBench(text(1));
  const first = await bench.run();
  expect(states(first)).toEqual({
    xs: 'ran', other: 'ran', f: 'failed', 'f[a]': 'ran', 'f[b]': 'failed', 'f[c]': 'ran', g: 'cancelled', 'g[a]': 'ran', 'g[b]': 'cancelled', 'g[c]': 'ran', whole: 'cancelled', further: 'cancelled',
  });
  expect(first.nodes.get('f')).toMatchObject({ by: ['f[b]'], error: { code: 'exception', message: '1 of 3 elements failed. The first, `f[b]`: no b', data: { failed: 1, of: 3, first: 'f[b]' } } });
  for (const path of ['g', 'g[b]', 'whole', 'further']) expect(first.nodes.get(path)?.by, path).toEqual(['f[b]']);
  expect(first.status).toBe('failed');
  bench.write(text(9));
  const second = await bench.run();
  // Its text changed, so all of `f` runs; what it gives did not, so of `g` only the cancelled line does.
  expect(states(second)).toMatchObject({ 'g[a]': 'reused', 'g[b]': 'ran', 'g[c]': 'reused', whole: 'ran', further: 'ran' });
  expect(value(bench, second, 'g')).toEqual(['aa!', 'bb!', 'cc!']);
});

test('R8 a nested notebook runs as a whole for each element; its outputs are lists', async () => {
  const text = (list: string): string => note(js('ns', list), js('two', '2'), graph('part', 'in.n=ns in.by=two each=n'), js('sum', 'part.half.join("+")'), js('notes', 'part.note'));
  const bench = createBench(text('[4, 8]'));
  bench.write(INNER, 'inner.telar.md');
  const first = await bench.run();
  expect(value(bench, first, 'sum')).toBe('2+4');
  expect(value(bench, first, 'notes')).toEqual(['4 by 2', '8 by 2']);
  expect(first.nodes.get('part')).toMatchObject({ state: 'fresh', how: 'ran' });
  expect([...first.nodes.keys()].filter((path) => path.startsWith('part'))).toEqual(['part', 'part[0]/n', 'part[0]/by', 'part[0]/half', 'part[0]/note', 'part[0]', 'part[1]/n', 'part[1]/by', 'part[1]/half', 'part[1]/note', 'part[1]']);
  bench.write(text('[8, 6, 4]'));
  bench.engine.began.length = 0;
  const second = await bench.run();
  expect(bench.engine.began.filter((id) => id === 'half')).toHaveLength(1);
  expect(value(bench, second, 'sum')).toBe('4+3+2');
  expect((await bench.notebook()).plan().map(({ node, decision }) => [node, decision])).toContainEqual(['part', 'reuse']);
});

test('R8 in a nested notebook too a failure stops its own line, and names its place', async () => {
  const bench = createBench(note(js('ns', '["x", "y"]'), graph('part', 'in.n=ns each=n'), js('sum', 'part.bad.length'), js('next', 'v', 'in.v=part.bad each=v')));
  bench.write(note('```yaml {#n .input}\n```\n', js('bad', '(() => { if (n === "y") throw new Error("no"); return n })()')).replace('telar: 1', 'telar: 1\noutputs: [bad]'), 'inner.telar.md');
  const result = await bench.run();
  expect(states(result)).toEqual({
    ns: 'ran', 'part[x]/n': 'ran', 'part[x]/bad': 'ran', 'part[x]': 'ran', 'part[y]/n': 'ran', 'part[y]/bad': 'failed', 'part[y]': 'cancelled', part: 'failed', sum: 'cancelled', next: 'cancelled', 'next[x]': 'ran', 'next[y]': 'cancelled',
  });
  expect(result.nodes.get('sum')?.by).toEqual(['part[y]/bad']);
  expect(result.nodes.get('next[y]')?.by).toEqual(['part[y]/bad']);
});

test('R8 each inside each: elements of elements', async () => {
  const bench = createBench(note(js('rows', '({ a: [1, 2], b: [3] })'), graph('part', 'in.n=rows each=n'), js('all', 'JSON.stringify(part.squares)')));
  bench.write(note('```yaml {#n .input}\n```\n', js('squares', 'v * v', 'in.v=n each=v')).replace('telar: 1', 'telar: 1\noutputs: [squares]'), 'inner.telar.md');
  const result = await bench.run();
  expect(value(bench, result, 'all')).toBe('[[1,4],[9]]');
  expect(Object.keys(states(result)).filter((path) => path.includes('/squares'))).toEqual(['part[a]/squares', 'part[a]/squares[0]', 'part[a]/squares[1]', 'part[b]/squares', 'part[b]/squares[0]']);
});

test('R8 what has no elements fails the node with its type; a live result says that it cannot be in a list', async () => {
  const bench = createBench(note(js('x', '42'), js('a', 'v', 'in.v=x each=v'), js('after', 'a')));
  const result = await bench.run();
  expect(result.nodes.get('a')).toMatchObject({ state: 'failed', error: { code: 'value-type', message: '`each=` goes over a table, a list or a map, and `v` is integer. Give it one of these, or take `each=` away.' } });
  expect(result.nodes.get('after')).toMatchObject({ state: 'cancelled', by: ['a'] });
});

test.each([
  ['an unknown input', note(js('ages', '[1]'), js('a', 'ages + 1', 'each=age')), { code: 'missing-name', node: 'a', message: '`each=age`: this node has no input `age`; it has `ages`. Did you mean `ages`?' }],
  ['an input node', note('```yaml {#i .input each=x}\ndefault: 1\n```\n'), { code: 'bad-value', node: 'i' }],
  ['a notebook without that wire', note(graph('part', 'each=n')), { code: 'missing-name', node: 'part', message: '`each=n` needs a wire: say what it goes over by in.n=….' }],
])('R8 a problem at each= of %s', async (_, text, problem) => {
  const bench = createBench(text);
  bench.write(INNER, 'inner.telar.md');
  const found = (await bench.notebook()).problems();
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject(problem);
  const line = text.split('\n')[(found[0] as { line: number }).line - 1] as string;
  expect(line.slice((found[0] as { column: number }).column - 1)).toMatch(/^(age|x|n)\b/);
});

test('G3 readers of a notebook with each= wait for all of it, so a wire back into it is a cycle', async () => {
  const bench = createBench(note(js('ns', '[1]'), graph('part', 'in.n=ns in.by=again each=n'), js('again', 'part.half')));
  bench.write(INNER, 'inner.telar.md');
  const cycles = (await bench.notebook()).problems().filter(({ code }) => code === 'cycle').map(({ node }) => node);
  expect(cycles).toContain('again');
  expect(cycles).toContain('part');
  expect((await bench.run()).status).toBe('failed');
});

test('P6 the plan tells how many elements would run, and what is not known yet', async () => {
  const text = (list: string): string => note(js('xs', list), js('f', 'x + 1', 'in.x=xs each=x'), js('g', 'y + 1', 'in.y=f each=y'), js('all', 'g.length'));
  const bench = createBench(text('[1, 2]'));
  const told = async (): Promise<unknown> => (await bench.notebook()).plan().map(({ node, decision, reason }) => [node, decision, reason]);
  expect(await told()).toEqual([['xs', 'run', 'never run before'], ['f', 'undecided', 'awaits xs'], ['g', 'undecided', 'awaits f'], ['all', 'undecided', 'awaits g']]);
  await bench.run({ to: ['xs'] });
  expect(await told()).toEqual([['xs', 'reuse', expect.anything()], ['f', 'run', '2 elements: all will run'], ['g', 'undecided', '2 elements: all cannot be decided yet'], ['all', 'undecided', 'awaits g']]);
  await bench.run();
  expect(await told()).toEqual([['xs', 'reuse', expect.anything()], ['f', 'reuse', '2 elements: all reused'], ['g', 'reuse', '2 elements: all reused'], ['all', 'reuse', expect.anything()]]);
  bench.write(text('[2, 3]'));
  await bench.run({ to: ['xs'] });
  expect((await told() as string[][]).slice(1, 3)).toEqual([['f', 'run', '2 elements: 1 will run, 1 reused'], ['g', 'undecided', '2 elements: 1 cannot be decided yet, 1 reused']]);
});

test('C3 a list whose stored value is damaged is put together again from its elements', async () => {
  const bench = createBench(note(js('xs', '[1, 2]'), js('f', 'x + 1', 'in.x=xs each=x'), js('all', 'f.length')));
  const first = await bench.run();
  const hash = first.nodes.get('f')?.outputs?.value?.ref?.hash as string;
  const { get, has, size, put } = bench.store.blobs;
  let gone = true;
  Object.assign(bench.store.blobs, {
    get: (one: string) => (gone && one === hash ? undefined : get.call(bench.store.blobs, one)), has: (one: string) => !(gone && one === hash) && has.call(bench.store.blobs, one),
    size: (one: string) => (gone && one === hash ? undefined : size.call(bench.store.blobs, one)),
    put: (bytes: Uint8Array) => { const made = put.call(bench.store.blobs, bytes); if (made === hash) gone = false; return made; },
  });
  bench.engine.began.length = 0;
  bench.write(note(js('xs', '[1, 2]'), js('f', 'x + 1', 'in.x=xs each=x'), js('all', 'f.length + 0')));
  const second = await bench.run();
  expect(value(bench, second, 'all')).toBe(2);
  expect(bench.engine.began).toEqual(['all']);
});

test('R8 property: after any change of the list, exactly the values that are new run, and the order is kept', async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.array(fc.nat(9), { maxLength: 6 }), { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 5 }), async (lists, jobs) => {
    const bench = createBench();
    const seen = new Set<number>();
    for (const list of lists) {
      bench.write(note(js('xs', JSON.stringify(list)), js('f', 'x * x', 'in.x=xs each=x')));
      bench.engine.began.length = 0;
      const result = await bench.run({ jobs });
      const fresh = new Set(list.filter((one) => !seen.has(one)));
      expect(value(bench, result, 'f')).toEqual(list.map((one) => one * one));
      const began = bench.engine.began.filter((id) => id === 'f').length;
      expect(began).toBe(fresh.size);
      for (const one of list) seen.add(one);
    }
  }), { numRuns: 100, seed: 8 });
});

test('R8 notebooks inside a notebook with each= run inside its lines, under conditions and each= of their own', async () => {
  const bench = createBench(note(js('ns', '({ a: [1, 2], b: [] , c: [5] })'), graph('outer', 'in.xs=ns each=xs', 'outer.telar.md'), js('all', 'JSON.stringify([outer.sums, outer.single])')));
  bench.write(note('```yaml {#xs .input}\n```\n', graph('part', 'in.n=xs each=n when="n > 1"'), js('two', '2'), graph('one', 'in.n=two when="xs.length > 1"'), js('sums', 'part.half.reduce((a, b) => a + b, 0)'), js('single', 'o === null ? "none" : o', 'in.o?=one.half')).replace('telar: 1', 'telar: 1\noutputs: [sums, single]'), 'outer.telar.md');
  bench.write(INNER, 'inner.telar.md');
  expect((await bench.notebook()).problems()).toEqual([]);
  const result = await bench.run();
  expect(value(bench, result, 'all')).toBe('[[1,0,2.5],[1,"none","none"]]');
  expect(states(result)).toMatchObject({ 'outer[a]/part[0]': 'skipped', 'outer[a]/part[1]/half': 'ran', 'outer[b]/part': 'reused', 'outer[b]/one': 'skipped', 'outer[c]/part[0]/half': 'ran', 'outer[c]': 'ran' });
  bench.engine.began.length = 0;
  await bench.run();
  expect(bench.engine.began).toEqual([]);
});

test('R8 elements of arrays, sets and tables; tables one below the other; values with a view of their own stay a list', async () => {
  const bench = createBench(note(js('xs', 'new Float64Array([0.5, 2])'), js('set', 'new Set(["b", "a"])'), js('f', 'x + 1', 'in.x=xs each=x'), js('g', 'x', 'in.x=set each=x')));
  const result = await bench.run();
  expect(value(bench, result, 'f')).toEqual([1.5, 3]);
  expect(value(bench, result, 'g')).toEqual(['a', 'b']);
  const { blobs } = bench.store;
  const table = (columns: PlainTableView['columns'], rows: number): Part => ({ key: String(rows), outputs: { value: storeValue(new PlainTableView(columns, rows), blobs) } });
  const two = gather([table([{ name: 'a', type: 'INTEGER', values: [1, 2] }], 2), table([{ name: 'a', type: 'DOUBLE', values: [0.5] }, { name: 'b', type: 'VARCHAR', values: ['x'] }], 1)], ['value'], blobs);
  expect(two.value?.summary).toMatchObject({ rows: 3, columns: [{ name: 'a', type: 'DOUBLE' }, { name: 'b', type: 'VARCHAR' }] });
  const chart = storeValue({ mark: 'bar' }, blobs, { form: 'record', mediaType: 'application/vnd.vegalite.v6+json' });
  expect(gather([{ key: '0', outputs: { value: chart } }], ['value'], blobs).value?.summary.type).toBe('list of 1');
  const mixed = storeValue({ a: 'x' }, blobs);
  expect(gather([{ key: '0', outputs: { value: storeValue({ a: 1 }, blobs) } }, { key: '1', outputs: { value: mixed } }], ['value'], blobs).value?.summary.type).toBe('list of 2');
});

test('R8 more elements than can have records of their own are refused', async () => {
  const bench = createBench(note(js('xs', 'Array.from({ length: 100001 }, () => 0)'), js('f', 'x', 'in.x=xs each=x')));
  expect((await bench.run()).nodes.get('f')?.error).toMatchObject({ code: 'bad-input', data: { size: 100_001, limit: 100_000 } });
});

test('C4 a fork takes rows by the paths of elements, and makes no effects unasked', async () => {
  const text = note(js('xs', '["a", "b"]'), js('f', 'x + x', 'in.x=xs each=x'), js('done', 'f.length', 'effect=effect'), js('after', 'done'));
  const bench = createBench(text);
  const first = await bench.run({ to: ['f'] });
  const row = bench.store.steps(first.run).find(({ node }) => node === 'f[b]')?.row as string;
  const other = { ...bench.store.row(row) as Row, outputs: { value: storeValue('of the fork', bench.store.blobs) } };
  const notebook = await bench.notebook() as OpenNotebook;
  const plan = notebook.makePlan({});
  const host = { ...notebook.host(), taken: (path: string) => (path === 'f[b]' ? { row: other, components: {} } : undefined), skipEffects: true };
  bench.store.openRun({ ...bench.store.run(first.run) as RunRecord, id: 'fork' });
  const result = await runPlan(plan, { run: 'fork', jobs: 2, failFast: false, signal: new AbortController().signal, emit: () => undefined }, host);
  expect(value(bench, result, 'f')).toEqual(['aa', 'of the fork']);
  expect(result.nodes.get('f[b]')?.reason).toBe('as in the run it was forked from');
  expect(result.nodes.get('done')).toMatchObject({ state: 'skipped', reason: 'a fork makes no effects; `--effects` makes them' });
  expect(result.nodes.get('after')).toMatchObject({ state: 'blocked', by: ['done'] });
});

test('R6 with --fail-fast the first element that fails ends the run; what was done is kept, and the rest is done by the next run', async () => {
  const bench = createBench(note(js('xs', '[1, 2, 3, 4, 5]'), js('f', '(() => { if (x === bad) throw new Error("no"); return x })()', 'in.x=xs each=x'), js('bad', '2')));
  const first = await bench.run({ failFast: true, jobs: 1 });
  expect(states(first)).toMatchObject({ f: 'failed', 'f[0]': 'ran', 'f[1]': 'failed' });
  expect(first.nodes.get('f')).toMatchObject({ by: ['f[1]'], error: { data: { failed: 1, of: 5 } } });
  expect(first.nodes.has('f[2]')).toBe(false);
  const stop = new AbortController();
  bench.write(note(js('xs', '[1, 2, 3, 4, 5]'), js('f', 'x + 0', 'in.x=xs each=x')));
  let count = 0;
  bench.engine.pause = () => { if (count++ === 2) stop.abort(); return Promise.resolve(); };
  const second = await bench.run({ signal: stop.signal, jobs: 1 });
  expect(states(second)).toMatchObject({ f: 'cancelled', 'f[0]': 'ran', 'f[1]': 'ran' });
  bench.engine.pause = undefined;
  const third = await bench.run();
  expect(states(third)).toMatchObject({ f: 'ran', 'f[0]': 'reused', 'f[1]': 'reused', 'f[2]': 'ran' });
});
