/** Verify (C4) with the real engines: what is done again, on what, and what is said of it. Causes are in `cause.test.ts`. */
import { existsSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Operation } from '../../contracts/protocol.ts';
import { fence, js, py, sql, yaml } from '../support/cli.ts';
import { redoStep } from '../../runtime/replay/redo.ts';
import { lacksKernel } from '../support/jupyter.ts';
import { openPlace } from '../support/replay.ts';

const clean = { divergent: [], equal: 0 };

test('C4 steps are done again on what they were given: constants, values that were set, functions, nested notebooks, elements', async () => {
  const past = openPlace({
    'main.telar.md': yaml('n', 'input', 'type: integer\ndefault: 1') + py('twice', 'factor = n\ndef twice(x):\n    return factor * x + x') + py('used', 'twice(20)')
      + js('maker', '(x) => x + n') + js('made', 'maker(1)') + yaml('part', 'graph', 'use: sub/part.telar.md\nwith:\n  m: 7', 'in.k=used') + js('last', 'part.sum + 1')
      + yaml('half', 'graph', 'use: sub/part.telar.md', 'in.k=n'),
    'sub/part.telar.md': `---\ntelar: 1\noutputs: [sum]\n---\n${yaml('k', 'input', 'default: 0')}${yaml('m', 'input', 'default: 3')}${py('sum', 'k + m + int(open("add.txt").read())')}`,
    'sub/add.txt': '5',
  });
  const run = await past.run({ set: { n: 4 } });
  expect(run.status).toBe('ok');
  past.place.write('main.telar.md', js('other', '1'));
  past.place.write('sub/add.txt', '6');
  const report = await past.verify(run.run);
  expect(report).toMatchObject(clean);
  expect(report.identical).toBe(report.total);
  expect(report.leftOut.map(({ node, why }) => `${node} ${why}`)).toEqual(['part gather', 'half gather']);
  expect(report.total).toBe([...run.nodes].filter(([node]) => node !== 'part' && node !== 'half')
    .flatMap(([, { outputs = {} }]) => Object.values(outputs)).filter(({ ref }) => ref !== undefined && ref.form !== 'live').length);
});

test('C4 the elements of `each=` are verified one by one, those of a nested notebook too', async () => {
  const past = openPlace({
    'main.telar.md': js('names', '["a", "b", "c d"]') + py('label', 'len(names) * 2', 'each=names') + yaml('per', 'graph', 'use: part.telar.md', 'each=k in.k=names') + js('all', 'label'),
    'part.telar.md': `---\ntelar: 1\noutputs: [long]\n---\n${yaml('k', 'input', 'default: "-"')}${js('long', 'k + k')}`,
  });
  const run = await past.run();
  expect([run.status, [...run.nodes].filter(([, status]) => status.state === 'failed')]).toEqual(['ok', []]);
  const report = await past.verify(run.run);
  expect(report).toMatchObject(clean);
  const done: string[] = [];
  await past.verify(run.run, { to: ['label'], emit: (operation) => { if (operation.type === 'node' && operation.status.how === 'verified') done.push(operation.node); } });
  expect(done.sort()).toEqual(['label[a]', 'label[b]', 'label[c d]']);
});

test('C1 what a step read is kept: files that are gone now, listings, sizes, what was missing, helpers in packages', async () => {
  const past = openPlace({
    'main.telar.md': py('looks', 'import os, tools.text\n[sorted(os.listdir("data")), os.path.getsize("data/b.txt"), os.path.isdir("data/deep"), os.path.exists("no.txt"), open("data/a.txt").read(), tools.text.up("x")]')
      + sql('all', "select * from read_csv('data/*.csv') order by all") + yaml('raw', 'data', 'file: data/one.csv'),
    'data/a.txt': 'hello', 'data/b.txt': 'b'.repeat(1234), 'data/one.csv': 'n\n1\n', 'data/two.csv': 'n\n2\n', 'data/deep/x': '', 'tools/__init__.py': 'mark = "!"\n', 'tools/text.py': 'from . import mark\ndef up(text):\n    return text.upper() + mark\n',
  });
  const run = await past.run();
  expect([...run.nodes.values()].map((status) => status.error?.message)).toEqual([undefined, undefined, undefined]);
  for (const name of ['data', 'tools']) rmSync(past.place.path(name), { recursive: true });
  past.place.write('data/three.csv', 'n\n3\n');
  past.place.write('no.txt', 'now it is there');
  const report = await past.verify(run.run);
  expect(report).toMatchObject({ ...clean, identical: 3, total: 3, leftOut: [] });
});

test('C1 a file too large to keep is taken from the workspace while it is the same; when it has changed, its readers are left out and told', async () => {
  const past = openPlace({ 'main.telar.md': py('big', 'open("big.bin", "rb").read(3)') + js('small', '1 + 1'), 'big.bin': 'abc' });
  truncateSync(past.place.path('big.bin'), 65 * 1024 ** 2);
  const run = await past.run();
  expect(run.status).toBe('ok');
  expect(await past.verify(run.run)).toMatchObject({ ...clean, identical: 2, leftOut: [] });
  writeFileSync(past.place.path('big.bin'), 'other');
  const report = await past.verify(run.run);
  expect(report).toMatchObject({ ...clean, identical: 1, total: 1, leftOut: [{ node: 'big', why: 'input-gone' }] });
  expect(report.leftOut[0]?.reason).toMatch(/big\.bin/);
});

test('C3 a step whose input turns out lost is left out; where that is known before, the input is made again first. What is identical by its hash is not read', async () => {
  const past = openPlace({ 'main.telar.md': js('long', '"x".repeat(200000)') + js('size', 'long.length') + sql('rows', 'select range n, range::double / 3 d from range(30000)') + sql('sum', 'select sum(n) s from rows') });
  const { run } = await past.run();
  for (const folder of readdirSync(past.place.path('.telar/blobs'))) rmSync(past.place.path(`.telar/blobs/${folder}`), { recursive: true });
  const lost = ['size', 'sum'].map((node) => ({ node, why: 'input-gone' }));
  expect(await past.verify(run)).toMatchObject({ ...clean, identical: 2, total: 2, leftOut: lost });
  expect((await past.place.telar(['verify', run, '--json'])).lines.at(-1)).toMatchObject({ ...clean, identical: 4, total: 4, leftOut: [] });
});

test('C4 a red check is verified as red; what failed, was skipped or never begun left nothing to verify', async () => {
  const past = openPlace({
    'main.telar.md': js('rows', '[{ n: 1 }, { n: 2 }]') + yaml('red', 'check', '- that: rows.length < 2') + py('fails', '1 / 0') + js('after', 'fails') + js('skipped', '1', 'when="rows.length > 5"'),
  });
  const run = await past.run();
  expect(run.nodes.get('red')?.error?.code).toBe('check-red');
  const report = await past.verify(run.run);
  expect(report).toMatchObject(clean);
  expect(report.leftOut.map(({ node, why }) => `${node} ${why}`)).toEqual(['fails no-result', 'after no-result', 'skipped no-result']);
  expect(report.identical).toBe(report.total);
  expect(report.total).toBeGreaterThanOrEqual(2);
});

test('C4 a run that was stopped is verified as far as it went', async () => {
  const past = openPlace({ 'main.telar.md': js('one', '1') + js('two', 'one + 1') + py('three', 'import time\ntime.sleep(30)\ntwo') });
  const stop = new AbortController();
  const run = await past.run({ signal: stop.signal, emit: (operation: Operation) => { if (operation.type === 'node' && operation.node === 'three' && operation.status.state === 'running') stop.abort(); } });
  expect(run.status).toBe('cancelled');
  expect(await past.verify(run.run)).toMatchObject({ ...clean, identical: 2, leftOut: [{ node: 'three', why: 'no-result' }] });
});

test('C5 a result that differs is kept beside the row as evidence, with its values; the row stays', async () => {
  const past = openPlace({ 'main.telar.md': js('dice', '[Math.random(), 1]') + js('honest', '1') });
  const run = await past.run();
  const row = past.host.store.row(past.host.store.steps(run.run).find((step) => step.node === 'dice')?.row as string)!;
  const report = await past.verify(run.run);
  expect(report.divergent).toMatchObject([{ node: 'dice', output: 'value', expected: row.outputs.value?.ref?.hash }]);
  const [second, ...more] = past.host.store.evidence(row.id);
  expect(more).toEqual([]);
  expect(second?.outputs.value?.ref?.hash).toBe(report.divergent[0]?.actual);
  expect(past.host.store.blobs.get(report.divergent[0]?.actual as string)).toBeDefined();
  expect(past.host.store.row(row.id)).toEqual(row);
  expect((await past.run()).nodes.get('dice')?.how).toBe('reused');
});

test('C5 what verify makes of a step whose value is lost does not take the place of what the run had', async () => {
  const past = openPlace({ 'main.telar.md': js('dice', 'Array.from({ length: 20000 }, () => Math.random())') });
  const { run } = await past.run();
  const row = past.host.store.row(past.host.store.steps(run)[0]?.row as string)!;
  for (const folder of readdirSync(past.place.path('.telar/blobs'))) rmSync(past.place.path(`.telar/blobs/${folder}`), { recursive: true });
  await past.place.telar(['verify', run]);
  expect(past.host.store.row(row.id)).toEqual(row);
});

test('C4 an output that nobody reads is held against its summary, and counts only where that differs', async () => {
  const past = openPlace({ 'main.telar.md': py('dice', 'import random\nlucky = random.random()\nsure = 5\ndef plain(): pass\nbag = {"a", "b", "c"}\nthing = object()') + js('clock', 'const now = Date.now();\n1') });
  const run = await past.run();
  const report = await past.verify(run.run);
  expect(report.divergent).toMatchObject([{ node: 'dice', output: 'lucky', cause: expect.stringMatching(/chance/), summary: expect.stringContaining('only summaries') }, { node: 'clock', output: 'now', cause: 'the clock' }]);
  for (const { expected, actual } of report.divergent) expect([expected, actual, expected === actual]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), expect.stringMatching(/^[0-9a-f]{64}$/), false]);
  expect([report.identical, report.total]).toEqual([2, 4]);
});

test('C4 a step that fails now, and one that looks at other files than then, diverge', async () => {
  const past = openPlace({ 'main.telar.md': py('looks', 'import os, random\nos.path.exists(f"{random.random()}.txt")\n1') + py('late', 'import datetime\nassert datetime.date.today().year < 2100 - 73\n2') });
  const year = new Date().getUTCFullYear();
  past.place.write('main.telar.md', past.place.read('main.telar.md').replace('2100 - 73', String(year + 1)));
  const run = await past.run();
  expect(run.status).toBe('ok');
  const { divergent, identical, total } = await past.verify(run.run);
  expect(divergent).toMatchObject([{ node: 'looks', output: 'reads', cause: expect.stringMatching(/chance/) }, { node: 'late', output: 'value', actual: '', summary: expect.stringMatching(/fails now: .*AssertionError/), cause: 'the clock' }]);
  expect([identical, total]).toEqual([1, 3]);
});

test('C4 only the nodes asked for are verified; what the run did not have is bad usage', async () => {
  const past = openPlace({ 'main.telar.md': js('one', '1') + js('two', 'one + 1') });
  const { run } = await past.run();
  expect(await past.verify(run, { to: ['two'] })).toMatchObject({ identical: 1, total: 1 });
  await expect(past.verify(run, { to: ['tow'] })).rejects.toMatchObject({ code: 'usage', message: expect.stringMatching(/`two`/) });
  await expect(past.verify('20000101-000000-abcdef')).rejects.toMatchObject({ code: 'unknown-run' });
});

test('C4 a cancel ends a verification, and nothing of the replica stays', async () => {
  const past = openPlace({ 'main.telar.md': py('slow', 'import time\ntime.sleep(0.4)\n1') });
  const { run } = await past.run();
  const stop = new AbortController();
  await expect(past.verify(run, { signal: stop.signal, emit: () => { stop.abort(); } })).rejects.toThrow();
  expect(readdirSync(past.place.path('.telar/scratch')).filter((name) => name.startsWith('replica-'))).toEqual([]);
  expect(existsSync(past.place.path('main.telar.md'))).toBe(true);
});

test('C4 text nodes and charts are verified like all others', async () => {
  const past = openPlace({ 'main.telar.md': js('rows', '[{ a: 1, b: 2 }]') + fence('text', '#said .text', 'There is {{ rows.0.a }}.') + yaml('plot', 'chart', 'mark: bar\ndata: rows\nx: a\ny: b') });
  const { run, nodes } = await past.run();
  const report = await past.verify(run);
  expect(report).toMatchObject(clean);
  expect(report.total).toBe([...nodes.values()].filter((status) => status.state === 'fresh').length);
});

test('C4 a run whose steps cannot be read is not verified, in part or as nothing of nothing', async () => {
  const past = openPlace({ 'main.telar.md': js('one', '1') + js('two', 'one + 1') });
  const { run } = await past.run();
  const steps = past.host.store.steps(run);
  for (const some of [[], steps.slice(1)]) {
    await expect(past.verify(run, {}, { ...past.host, store: { ...past.host.store, steps: () => some } })).rejects.toMatchObject({ code: 'damaged', message: expect.stringContaining('one') });
  }
  const [whole] = past.host.store.runs();
  let asked = 0;
  const gone = { ...past.host.store, steps: () => [], run: () => (asked++ === 0 ? whole : undefined) };
  await expect(past.verify(run, {}, { ...past.host, store: gone })).rejects.toMatchObject({ code: 'unknown-run' });
});

test.skipIf(lacksKernel !== undefined)('T3 what ran with the rights of a person is not done again without leave: not by verify, not by repair', async () => {
  const past = openPlace({ 'main.telar.md': '' });
  past.place.write('main.telar.md', py('mine', `import os\nos.system("printf x >> ${past.place.path('made')}")`, 'kernel=python3'));
  const run = await past.run({ trust: true });
  expect([...run.nodes.values()].map(({ error, reason }) => error?.message ?? reason)).toEqual(['never run before']);
  expect(past.place.read('made')).toBe('x');
  expect((await past.verify(run.run)).leftOut).toMatchObject([{ node: 'mine', why: 'unavailable', reason: expect.stringMatching(/nobody has allowed/) }]);
  await expect(past.replay(run.run, (one) => redoStep(one, 'mine', { blobs: past.host.store.blobs }))).rejects.toMatchObject({ code: 'unavailable' });
  expect(past.place.read('made')).toBe('x');
  for (const { hash } of (await past.host.open()).asks()) await past.host.store.grant(hash);
  expect((await past.verify(run.run)).leftOut).toEqual([]);
});
