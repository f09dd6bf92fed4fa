/** C4, forks: what an edit reaches is done, all else takes the parent's rows, and the fork is a run of its own. */
import { beforeEach, expect, test } from 'vitest';
import type { TelarError } from '../../contracts/errors.ts';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { checkManifest } from '../../runtime/bundle/check.ts';
import { collectBundle } from '../../runtime/bundle/collect.ts';
import { checkSchema } from '../../runtime/bundle/schema.node.ts';
import type { RunRecord, StepRecord } from '../../runtime/checkpoints/store.ts';
import { forkRun, type ForkEdits, type ForkOptions } from '../../runtime/replay/fork.ts';
import type { RunResult } from '../../runtime/scheduler/run-plan.ts';
import { fence, yaml } from '../support/cli.ts';
import { js } from '../support/graphs.ts';
import { createBench, type Bench } from '../support/workbench.ts';

const INNER = `---\ntelar: 1\noutputs: [out]\n---\n${yaml('n', 'input', 'default: 0')}${yaml('scale', 'input', 'type: integer\ndefault: 100')}${js('mid', 'n * scale')}${js('out', 'mid + 1')}`;
const MAIN = `${yaml('year', 'input', 'type: integer\ndefault: 1')}${js('top', 'year * 10')}${js('left', 'top + 1')}${js('right', 'top + 2')}${
  yaml('inner', 'graph', 'use: inner.telar.md', 'in.n=left')}${js('bottom', 'inside + right', 'in.inside=inner.out')}${js('apart', 'right * 2')}`;

let bench: Bench;
beforeEach(() => {
  bench = createBench(MAIN);
  bench.write(INNER, 'inner.telar.md');
});

const record = (result: RunResult): RunRecord => bench.store.run(result.run) as RunRecord;
const fork = (of: RunResult, edits: ForkEdits, options: Partial<ForkOptions> = {}): Promise<RunResult> =>
  forkRun(bench.ports, record(of), edits, { jobs: 4, failFast: false, signal: new AbortController().signal, emit: () => undefined, ...options });
/** Programs that ran since the last call, sorted. */
const ran = (): string[] => bench.engine.began.splice(0).sort();
const fault = (doing: Promise<unknown>): Promise<TelarError> => doing.then(() => { throw new Error('it did not fail'); }, (error: TelarError) => error);

test('C4 a body in the middle of a diamond: exactly what hangs on it runs, also in the notebook inside', async () => {
  const first = await bench.run();
  expect([ran(), bench.value(first, 'bottom')]).toEqual([['bottom', 'left', 'mid', 'out', 'right', 'apart', 'top'].sort(), 1113]);
  const forked = await fork(first, { bodies: { left: 'top + 5' } });
  expect([ran(), forked.status, bench.value(forked, 'bottom')]).toEqual([['bottom', 'left', 'mid', 'out'], 'ok', 1513]);
  expect(record(forked)).toMatchObject({ parent: first.run, file: 'main.telar.md', edits: ['body of left'], status: 'ok' });
  // The file is as it was, and so are its results.
  expect(new TextDecoder().decode(bench.files.read('main.telar.md'))).toBe(MAIN);
  const again = await bench.run();
  expect([ran(), bench.value(again, 'bottom')]).toEqual([[], 1113]);
  // Its own texts are the edited ones: a fork of the fork goes on from there.
  const second = await fork(forked, { bodies: { right: 'top + 3' } });
  expect([ran(), bench.value(second, 'bottom'), bench.value(second, 'left')]).toEqual([['apart', 'bottom', 'right'], 1514, 15]);
  expect(record(second).parent).toBe(forked.run);
});

test('C4 the body of a nested node changes its notebook for this fork alone', async () => {
  const first = await bench.run();
  ran();
  const forked = await fork(first, { bodies: { 'inner/mid': 'n * 1000' } });
  expect([ran(), bench.value(forked, 'bottom')]).toEqual([['bottom', 'mid', 'out'], 11_013]);
  expect(new TextDecoder().decode(bench.files.read('inner.telar.md'))).toBe(INNER);
  expect(record(forked).edits).toEqual(['body of inner/mid']);
});

test('C4 an edit that changes no result stops where the same value comes out (cutoff)', async () => {
  const first = await bench.run();
  ran();
  const forked = await fork(first, { bodies: { left: '1 + top' } });
  expect([ran(), bench.value(forked, 'bottom')]).toEqual([['left'], 1113]);
  // A comment is no edit of what runs.
  await fork(first, { bodies: { left: '// as before\ntop + 1' } });
  expect(ran()).toEqual([]);
});

test('C4 what the store has learnt since does not leak into steps that no edit reaches', async () => {
  bench = createBench(`${js('drawn', 'Math.random()')}${js('after', 'drawn * 2')}${js('other', '1')}${js('both', 'after + other')}`);
  const first = await bench.run();
  const newer = await bench.run({ from: ['drawn'] });
  expect(bench.value(newer, 'drawn')).not.toBe(bench.value(first, 'drawn'));
  ran();
  const forked = await fork(first, { bodies: { other: '5' } });
  expect(ran()).toEqual(['both', 'other']);
  expect(['drawn', 'after'].map((id) => bench.value(forked, id))).toEqual(['drawn', 'after'].map((id) => bench.value(first, id)));
  expect(bench.value(forked, 'both')).toBe(bench.value(first, 'after') as number + 5);
  // A step that an edit reaches takes the parent's row where its key comes out the same, though a newer take is there.
  const cut = createBench(`${js('base', '1')}${js('luck', 'base * Math.random()')}`);
  bench = cut;
  const one = await cut.run();
  await cut.run({ from: ['luck'] });
  expect(cut.value(await fork(one, { bodies: { base: '2 - 1' } }), 'luck')).toBe(cut.value(one, 'luck'));
});

test('C4 --at alone does the node and what depends on it again, and nothing before it', async () => {
  bench = createBench(`${js('chance', 'Math.random()')}${js('luck', 'chance + Math.random()')}${js('told', '`${luck}`')}${js('beside', 'chance + 1')}`);
  const first = await bench.run();
  ran();
  const forked = await fork(first, { at: ['luck'] });
  expect(ran()).toEqual(['luck', 'told']);
  expect(bench.value(forked, 'chance')).toBe(bench.value(first, 'chance'));
  expect(bench.value(forked, 'luck')).not.toBe(bench.value(first, 'luck'));
  expect(bench.value(forked, 'told')).toBe(String(bench.value(forked, 'luck')));
  expect(record(forked).edits).toEqual(['luck again']);
  // The notebook's own runs go on with what they had.
  const own = await bench.run();
  expect([ran(), bench.value(own, 'luck')]).toEqual([[], bench.value(first, 'luck')]);
  const again = await fork(forked, { at: ['told'] });
  expect([ran(), bench.value(again, 'luck')]).toEqual([['told'], bench.value(forked, 'luck')]);
});

test('C4 inputs: the run has its own, --set comes on top, a nested one too; one that is wired is refused', async () => {
  const first = await bench.run({ set: { year: '2' } });
  ran();
  const forked = await fork(first, { set: { 'inner/scale': '10' } });
  expect([ran(), bench.value(forked, 'bottom'), record(forked).inputs]).toEqual([['bottom', 'mid', 'out'], 21 * 10 + 1 + 22, { year: '2', 'inner/scale': '10' }]);
  expect(record(forked).edits).toEqual(['--set inner/scale=10']);
  const set = await fork(forked, { set: { year: '3' } });
  expect(bench.value(set, 'bottom')).toBe(31 * 10 + 1 + 32);
  ran();
  // The same value is no edit.
  await fork(first, { set: { year: 2 } });
  expect(ran()).toEqual([]);
  expect(await fault(fork(first, { set: { 'inner/n': '1' } }))).toMatchObject({ code: 'usage', message: expect.stringContaining('wired to `left`') });
  expect(await fault(fork(first, { set: { yaer: '1' } }))).toMatchObject({ code: 'usage' });
});

test('C4 an edited file: nodes added, removed and renamed; inputs that are gone are let go', async () => {
  const first = await bench.run({ set: { year: '2' } });
  ran();
  const edited = MAIN.replace('{#year .input}', '{#jahr .input}').replace('year * 10', 'jahr * 10').replace(js('apart', 'right * 2'), js('far', 'left * 3'));
  const forked = await fork(first, { text: edited, set: { jahr: '2' } });
  // `top` reads another name, and gives the same: nothing after it runs.
  expect(ran()).toEqual(['far', 'top']);
  expect([...forked.nodes.keys()]).not.toContain('apart');
  expect([bench.value(forked, 'far'), bench.value(forked, 'bottom')]).toEqual([63, bench.value(first, 'bottom')]);
  expect(record(forked)).toMatchObject({ inputs: { jahr: '2' }, edits: [expect.stringMatching(/^edited text: top.* changed; jahr, far added; year, apart removed$/), '--set jahr=2'] });
});

test('C4 a body comes on top of an edited text', async () => {
  const first = await bench.run();
  ran();
  const forked = await fork(first, { text: `${MAIN}${js('more', '1')}`, bodies: { more: '2' } });
  expect([ran(), bench.value(forked, 'more')]).toEqual([['more'], 2]);
});

test('C4 broken edits are refused before anything is done', async () => {
  const first = await bench.run();
  const runs = bench.store.runs().length;
  for (const [edits, message] of [
    [{}, /needs an edit: --set NAME=VALUE, --body ID=FILE or --file EDITED; or --at ID/],
    [{ bodies: { lft: '1' } }, /no node `lft`\. Did you mean `left`/], [{ bodies: { 'inner/mdi': '1' } }, /no node `inner\/mdi`\. Did you mean `inner\/mid`/],
    [{ bodies: { 'inner[2]/mid': '1' } }, /--body: all elements of `inner\/mid` go together/], [{ at: ['lefty'] }, /--at: there is no node `lefty`\. Did you mean `left`/],
  ] as const) expect(await fault(fork(first, edits))).toMatchObject({ code: 'usage', message: expect.stringMatching(message) });
  expect(bench.store.runs().length).toBe(runs);
});

test('C4 a text with errors is a run with problems: the rest is done', async () => {
  const first = await bench.run();
  ran();
  let told: readonly { code: string }[] = [];
  const forked = await fork(first, { text: MAIN.replace('top + 2', 'tpo + 2'), }, { opened: (notebook) => { told = notebook.problems(); } });
  expect(told.map((one) => one.code)).toEqual(['missing-name']);
  expect([forked.nodes.get('right')?.error?.code, forked.nodes.get('bottom')?.state, forked.nodes.get('left')?.how, ran()]).toEqual(['missing-name', 'blocked', 'reused', []]);
});

test('C4 a step that failed, was cancelled, or never came in the parent is decided as in any run', async () => {
  bench = createBench(`${js('good', '1')}${js('bad', 'if (!globalThis.telarTestOk) throw new Error("no")\ngood')}${js('after', 'bad + 1')}${js('apart', '7')}`);
  const first = await bench.run();
  expect(first.nodes.get('after')?.state).toBe('cancelled');
  ran();
  Object.assign(globalThis, { telarTestOk: true });
  try {
    const forked = await fork(first, { bodies: { apart: '8' } });
    expect([ran(), bench.value(forked, 'after')]).toEqual([['after', 'apart', 'bad'], 2]);
  } finally {
    Reflect.deleteProperty(globalThis, 'telarTestOk');
  }
  // A run of one target is forked to that target.
  bench = createBench(MAIN);
  bench.write(INNER, 'inner.telar.md');
  const part = await bench.run({ to: ['right'] });
  ran();
  const forked = await fork(part, { bodies: { top: 'year * 20' } });
  expect([ran(), [...forked.nodes.keys()].sort(), record(forked).targets]).toEqual([['right', 'top'], ['right', 'top', 'year'], ['right', 'top']]);
});

test('C4 an output that nobody read is made when the edit reads it; what only the file lost since is as the run had it', async () => {
  bench = createBench(`${js('made', 'const spare = 40\n1')}${js('last', 'made + 1')}`);
  const first = await bench.run();
  ran();
  bench.write(js('made', 'const spare = 99\n1'));
  const forked = await fork(first, { bodies: { last: 'spare + 2' } });
  expect([ran(), bench.value(forked, 'last')]).toEqual([['last', 'made'], 42]);
  // It ran again: what else reads it reads what it gave now.
  bench = createBench(`${js('drawn', 'const spare = 1\nMath.random()')}${js('twice', 'drawn * 2')}${js('other', '0')}`);
  const second = await fork(await bench.run(), { bodies: { other: 'spare' } });
  expect(bench.value(second, 'twice')).toBe(bench.value(second, 'drawn') as number * 2);
});

test('C4 a wire that is drawn elsewhere is an edit of its reader', async () => {
  const wired = (from: string): string => `${js('one', '1')}${js('two', '2')}${js('sum', 'x + 10', `in.x=${from}`)}${js('end', 'sum * 2')}`;
  bench = createBench(wired('one'));
  const first = await bench.run();
  ran();
  const forked = await fork(first, { text: wired('two') });
  expect([ran(), bench.value(forked, 'end'), record(forked).edits]).toEqual([['end', 'sum'], 24, ['edited text: sum changed']]);
  expect(bench.value(await fork(first, { text: wired('two').replace('#two', '#two disabled=true') }), 'end')).toBeUndefined();
});

test('C4 texts that are lost are told, and nothing of today takes their place', async () => {
  const first = await bench.run();
  const ports = { ...bench.ports, store: { ...bench.store, blobs: { ...bench.store.blobs, has: (hash: string) => hash !== record(first).texts['inner.telar.md'] && bench.store.blobs.has(hash) } } };
  const lost = await fault(forkRun(ports, record(first), { at: ['left'] }, { jobs: 1, failFast: false, signal: new AbortController().signal, emit: () => undefined }));
  expect(lost).toMatchObject({ code: 'input-gone', data: { files: ['inner.telar.md'] } });
});

test('C4 files are as the run read them, in steps that an edit reaches and in others', async () => {
  bench = createBench(`${yaml('note', 'data', 'file: note.txt')}${js('long', 'note.length')}${fence('text', '#said .text', '{{ long }} {{ note }}')}`);
  bench.write('one', 'note.txt');
  const first = await bench.run();
  expect(bench.value(first, 'said')).toBe('3 one');
  bench.write('other', 'note.txt');
  ran();
  const forked = await fork(first, { bodies: { long: 'note.length + 100' } });
  expect([ran(), bench.value(forked, 'said')]).toEqual([['long'], '103 one']);
  expect(bench.value(await fork(first, { at: ['note'] }), 'said')).toBe('3 one');
  // One that is not kept any more is told and not there, though another stands in its place today.
  const then = bench.store.rows(first.nodes.get('note')!.key!)[0]!.reads[0]!.saw;
  const { blobs } = bench.store;
  const losing = { ...bench.ports, store: { ...bench.store, blobs: { ...blobs, has: (hash: string) => hash !== then && blobs.has(hash), get: (hash: string) => (hash === then ? undefined : blobs.get(hash)) } } };
  let lost: readonly string[] = [];
  const without = await forkRun(losing, record(first), { at: ['note'] }, { jobs: 1, failFast: false, signal: new AbortController().signal, emit: () => undefined, opened: (_, gone) => { lost = gone; } });
  expect([lost, without.nodes.get('note')?.error?.code]).toEqual([['note.txt'], 'missing-file']);
  // A file that the run did not look at is as it is now.
  bench.write('new', 'more.txt');
  expect(bench.value(await fork(first, { bodies: { note: 'file: more.txt' } }), 'said')).toBe('3 new');
});

test('R8 elements that no edit reaches are taken, others are decided one by one; a past element is shown by its key', async () => {
  bench = createBench(`${yaml('list', 'input', 'default: [a, b]')}${js('luck', 'x + Math.random()', 'each=x in.x=list')}${yaml('each', 'graph', 'use: part.telar.md', 'each=n in.n=list')}${js('all', 'luck.join() + parts.join()', 'in.parts=each.out')}${js('apart', '1')}`);
  bench.write(`---\ntelar: 1\noutputs: [out]\n---\n${yaml('n', 'input', 'default: none')}${js('mid', 'n + 1')}${js('out', 'mid + "!"')}`, 'part.telar.md');
  const first = await bench.run();
  expect(first.status).toBe('ok');
  await bench.run({ from: ['luck'] });
  ran();
  const apart = await fork(first, { bodies: { apart: '2' } });
  expect([ran(), bench.value(apart, 'luck[b]'), bench.value(apart, 'all')]).toEqual([['apart'], bench.value(first, 'luck[b]'), bench.value(first, 'all')]);
  // One more element: the others keep the parent's rows, though the store has newer takes.
  const more = await fork(first, { set: { list: ['a', 'b', 'c'] } });
  expect(ran()).toEqual(['all', 'luck', 'mid', 'out']);
  expect(['luck[a]', 'luck[b]', 'each[a]/out'].map((path) => bench.value(more, path))).toEqual(['luck[a]', 'luck[b]', 'each[a]/out'].map((path) => bench.value(first, path)));
  expect(bench.value(more, 'each[c]/out')).toBe('c1!');
  // An edit inside reaches that node of each element, and what hangs on it.
  const inside = await fork(first, { bodies: { 'each/out': 'mid + "?"' } });
  expect([ran(), bench.value(inside, 'each')]).toEqual([['all', 'out', 'out'], undefined]);
  expect(bench.value(inside, 'each', 'out')).toEqual(['a1?', 'b1?']);
});

test('C4 a step that no edit reaches is taken where it could not be done: its engine is not here, or nobody allowed it', async () => {
  bench = createBench(`${js('far', '40')}${fence('text', '#near .text', '{{ far }}')}${fence('text', '#told .text', '{{ near }}!')}`);
  const first = await bench.run();
  const without = { ...bench.ports, replica: () => { const replica = bench.ports.replica(); return { ...replica, ports: { ...replica.ports, executors: new Map() } }; } };
  const request = { jobs: 1, failFast: false, signal: new AbortController().signal, emit: () => undefined };
  const forked = await forkRun(without, record(first), { bodies: { told: '{{ near }}?' } }, request);
  expect([forked.status, bench.value(forked, 'told'), forked.nodes.get('far')?.how]).toEqual(['ok', '40?', 'reused']);
  const reached = await forkRun(without, record(first), { bodies: { far: '41' } }, request);
  expect([...reached.nodes].map(([id, { state }]) => [id, state])).toEqual([['far', 'unavailable'], ['near', 'blocked'], ['told', 'blocked']]);
});

test('C7 an imported run is forked: its rows are taken, though nothing finds them unseen', async () => {
  const first = await bench.run();
  const rows = bench.store.steps(first.run).flatMap((step) => (step.row === undefined ? [] : [{ step, row: bench.store.row(step.row)! }]));
  const other = createBench(MAIN);
  bench.write(INNER, 'inner.telar.md');
  other.write(INNER, 'inner.telar.md');
  const { blobs } = bench.store;
  for (const { row } of rows) for (const { ref } of Object.values(row.outputs)) if (ref !== undefined) other.store.blobs.put(blobs.get(ref.hash)!);
  for (const hash of Object.values(record(first).texts)) other.store.blobs.put(blobs.get(hash)!);
  const imported = rows.map(({ row }) => ({ ...row, id: `imported-${row.id}`, key: `imported/${row.key}` }));
  await other.store.importRun({ ...record(first), id: 'elsewhere', bundle: 'x.telarrun' }, {
    rows: imported, logs: [], steps: bench.store.steps(first.run).map((step) => ({ ...step, run: 'elsewhere', ...(step.row === undefined ? {} : { row: `imported-${step.row}` }) })),
  });
  bench = other;
  const forked = await fork({ ...first, run: 'elsewhere' }, { bodies: { left: '1 + top' } });
  // `left` gives the same, and what reads it is as in the imported run: so only it runs.
  expect([ran(), bench.value(forked, 'bottom')]).toEqual([['left'], 1113]);
  await bench.run();
  expect(ran().length).toBe(7);
});

test('C7 a fork of a run that older engines made can be bundled: what it takes stands in its record as it was made', async () => {
  const first = await bench.run();
  bench.engine.identity = () => ({ engine: 'newer' });
  const forked = await fork(first, { bodies: { bottom: 'inside * right' } });
  const of = (run: string, node: string): StepRecord | undefined => bench.store.steps(run).find((step) => step.node === node);
  expect(forked.nodes.get('top')?.how).toBe('reused');
  expect([of(forked.run, 'top')?.key, of(forked.run, 'top')?.components]).toEqual([of(first.run, 'top')?.key, of(first.run, 'top')?.components]);
  expect(of(forked.run, 'bottom')?.components?.['engine.javascript']).toContain('newer');
  checkManifest(checkSchema(collectBundle(record(forked), { store: bench.store, sha256, places: [] })), sha256);
});

test('R8 a condition, and what is around a notebook, are part of what an edit changes', async () => {
  const page = (when: string, around: string): string => `${js('one', '1')}${js('maybe', 'one + 1', `when="${when}"`)}${yaml('inner', 'graph', 'use: inner.telar.md', `in.n=one ${around}`)}${js('after', 'x === null ? 0 : x', 'in.x?=maybe')}`;
  bench.write(page('one > 0', ''));
  const first = await bench.run();
  expect(['maybe', 'inner/mid'].map((id) => first.nodes.get(id)?.state)).toEqual(['fresh', 'fresh']);
  ran();
  const forked = await fork(first, { text: page('one > 5', 'when="one > 5"') });
  expect(['maybe', 'inner/mid', 'inner'].map((id) => forked.nodes.get(id)?.state)).toEqual(['skipped', 'skipped', 'skipped']);
  expect([bench.value(first, 'after'), bench.value(forked, 'after')]).toEqual([2, 0]);
  ran();
  // What was skipped is judged, and found done, where the edit lets it.
  const back = await fork(forked, { text: page('one > 0', '') });
  expect([ran(), bench.value(back, 'maybe'), bench.value(back, 'after')]).toEqual([[], 2, 2]);
});

test('R8 `each=` on a fence is an edit of the node and of what reads it', async () => {
  const listed = (each: string): string => `${yaml('list', 'input', 'default: [1, 2]')}${js('got', 'x', `${each} in.x=list`)}${js('kind', 'JSON.stringify(got)')}`;
  bench = createBench(listed(''));
  const whole = await bench.run();
  const parts = await fork(whole, { text: listed('each=x').replace("x\n", "x * 10\n") });
  expect([bench.value(whole, 'kind'), bench.value(parts, 'kind')]).toEqual(['[1,2]', '[10,20]']);
});

test('C4 another notebook of the same words in another folder reads its own files', async () => {
  bench = createBench(`${yaml('part', 'graph', 'use: a/part.telar.md')}${js('end', 'got.length', 'in.got=part.out')}`);
  const part = `---\ntelar: 1\noutputs: [out]\n---\n${yaml('note', 'data', 'file: note.txt')}${fence('text', '#out .text', '<{{ note }}>')}`;
  for (const [folder, note] of [['a', 'one'], ['b', 'three']] as const) { bench.write(part, `${folder}/part.telar.md`); bench.write(note, `${folder}/note.txt`); }
  const first = await bench.run();
  const forked = await fork(first, { bodies: { part: 'use: b/part.telar.md' } });
  expect([bench.value(first, 'end'), bench.value(forked, 'part/out'), bench.value(forked, 'end')]).toEqual([5, '<three>', 7]);
});
