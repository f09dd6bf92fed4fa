/** Bundles there and back: a run that was bundled and imported is the same run, under keys that nothing reuses. */
import fc from 'fast-check';
import { createCipheriv } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { describeRun } from '../../runtime/bundle/collect.ts';
import { digestReads, rowId, type Row, type RunRecord, type StepRecord } from '../../runtime/checkpoints/store.ts';
import { loadValue } from '../../runtime/values/kinds.ts';
import { createBench } from '../support/workbench.ts';
import { exported, imported, smallRun } from './bundles.ts';

const folder = mkdtempSync(join(tmpdir(), 'telar-bundle-'));
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

test('C7 a run that was bundled and imported has the same steps, results, values and logs', async () => {
  const { bench, run } = await smallRun();
  const { bytes, manifest } = await exported(bench.store, run, folder);
  const { store, known } = await imported(bytes, folder);
  expect(known).toBe(false);
  const there = store.run(run.id) as RunRecord;
  expect(there).toEqual({ ...run, bundle: 'there.telarrun' });
  expect(describeRun(there, { store, sha256, places: [] })).toEqual(describeRun(run, { store: bench.store, sha256, places: [] }));
  expect(store.steps(run.id).map(({ node, state }) => [node, state])).toEqual(bench.store.steps(run.id).map(({ node, state }) => [node, state]));
  expect(manifest.blobs.length).toBeGreaterThan(3);
  for (const { hash } of manifest.blobs) expect(sha256(store.blobs.get(hash) as Uint8Array)).toBe(hash);
  const row = store.row(store.steps(run.id).find(({ node }) => node === 'd')?.row as string);
  expect(loadValue(row?.outputs.value?.ref as never, store.blobs)).toBe(3023);
});

test('C7 nothing of an imported run is reused, though key and values are the same', async () => {
  const { bench, run } = await smallRun();
  const { bytes } = await exported(bench.store, run, folder);
  const { store } = await imported(bytes, folder);
  for (const step of bench.store.steps(run.id)) if (step.key !== undefined) expect(store.rows(step.key)).toEqual([]);
  const again = createBench(new TextDecoder().decode(bench.files.read('main.telar.md')), store);
  await again.run();
  expect(again.engine.began.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('C7 an imported run is bundled again to the same bytes; importing it twice changes nothing', async () => {
  const { bench, run } = await smallRun();
  const { bytes } = await exported(bench.store, run, folder);
  const { store } = await imported(bytes, folder);
  const again = await exported(store, store.run(run.id) as RunRecord, folder);
  expect(Buffer.compare(again.bytes, bytes)).toBe(0);
  expect((await imported(again.bytes, folder, store)).known).toBe(true);
  expect((await imported(bytes, folder, bench.store)).known).toBe(true);
  expect(store.runs().length).toBe(1);
});

test('C7 another run under a name that is taken is refused, and what is there stays', async () => {
  const { bench, run } = await smallRun();
  const { bytes } = await exported(bench.store, run, folder);
  const other = createBench('```javascript {#a}\n1\n```\n');
  other.store.openRun({ ...run, texts: {} });
  await expect(imported(bytes, folder, other.store)).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('Nothing was imported') as string });
  expect(other.store.run(run.id)?.texts).toEqual({});
  expect(other.store.steps(run.id)).toEqual([]);
});

test('C7 two runs that gave different results under one key stay apart when both are imported', async () => {
  const node = '```javascript {#a}\n({ chance: Math.random() })\n```\n';
  const [one, two] = [createBench(node), createBench(node)];
  const runs = [await one.run(), await two.run()].map(({ run }, i) => [one, two][i]?.store.run(run) as RunRecord);
  const first = await exported(one.store, runs[0] as RunRecord, folder);
  const second = await exported(two.store, runs[1] as RunRecord, folder);
  const { store } = await imported(first.bytes, folder);
  await imported(second.bytes, folder, store);
  const value = (run: string): unknown => loadValue(store.row(store.steps(run)[0]?.row as string)?.outputs.value?.ref as never, store.blobs);
  expect(value(runs[0]?.id as string)).toEqual(one.value(await one.run(), 'a'));
  expect(value(runs[1]?.id as string)).toEqual(two.value(await two.run(), 'a'));
  expect(store.evidence(store.steps(runs[1]?.id as string)[0]?.row as string)).toEqual([]);
});

test('C7 a result that stood back behind an earlier one is bundled under the name that its run has of it', async () => {
  const bench = createBench('```javascript {#a}\nMath.random()\n```\n```javascript {#c}\n[a]\n```\n');
  const before = createBench('```javascript {#a}\nMath.random()\n```\n', bench.store);
  bench.engine.pause = async (id) => { if (id === 'a') await before.run(); };
  const late = await bench.run();
  const { bytes } = await exported(bench.store, bench.store.run(late.run) as RunRecord, folder);
  const { store } = await imported(bytes, folder);
  for (const step of store.steps(late.run)) expect(store.row(step.row as string)?.outputs.value?.ref).toEqual(late.nodes.get(step.node)?.outputs?.value?.ref);
  expect(bench.store.row(bench.store.steps(late.run).find((step) => step.node === 'a')?.row as string)?.key).toMatch(/^other\//);
});

test('C7 blobs of many pieces, and noise that no compression shrinks, come through whole', async () => {
  const { bench, run } = await smallRun();
  const noise = new Uint8Array(createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(new Uint8Array(20 * 2 ** 20 + 17)));
  const zeros = new Uint8Array(9 * 2 ** 20);
  const texts = { ...run.texts, 'noise.js': bench.store.blobs.put(noise), 'zeros.js': bench.store.blobs.put(zeros), 'empty.js': bench.store.blobs.put(new Uint8Array()) };
  const { bytes } = await exported(bench.store, { ...run, texts }, folder);
  expect(bytes.length).toBeGreaterThan(noise.length);
  expect(bytes.length).toBeLessThan(noise.length + 100_000);
  const { store } = await imported(bytes, folder);
  for (const hash of Object.values(texts)) expect(sha256(store.blobs.get(hash) as Uint8Array)).toBe(hash);
});

test('C7 a run of which a value is lost is not bundled, and it is told which', async () => {
  const { bench, run } = await smallRun();
  const row = bench.store.row(bench.store.steps(run.id).find(({ node }) => node === 'c')?.row as string);
  const lost = row?.outputs.value?.ref?.hash;
  const blobs = { ...bench.store.blobs, size: (hash: string) => (hash === lost ? undefined : bench.store.blobs.size(hash)) };
  await expect(exported({ ...bench.store, blobs }, run, folder)).rejects.toMatchObject({ code: 'value-missing', data: { lost: ['c.value'] } });
});

test('C7 a file that was read and not kept is listed as left out; so is output beyond the limit', async () => {
  const { bench, run } = await smallRun();
  const { store } = bench;
  const reads = [{ what: 'file', path: 'big.bin', saw: 'f'.repeat(64) }, { what: 'missing', path: 'x', saw: '' }] as const;
  const step = store.steps(run.id).find(({ node }) => node === 'd') as StepRecord;
  const plain = { ...store.row(step.row as string) as Row, reads, readsDigest: digestReads(sha256, reads) };
  const row = { ...plain, id: rowId(sha256, plain) };
  await store.addRow(row);
  store.addStep({ ...step, row: row.id });
  store.addLog(run.id, 'd', 'stdout', 'kept\n');
  store.addLog(run.id, 'd', 'stdout', 'x'.repeat(2 ** 24));
  const { bytes, manifest } = await exported(store, run, folder);
  expect(manifest.leftOut).toEqual([{ what: 'file', where: 'big.bin', hash: 'f'.repeat(64) }, { what: 'log', where: 'd' }]);
  const there = await imported(bytes, folder);
  expect(there.store.logs(run.id)).toEqual([{ node: 'd', stream: 'stdout', text: 'kept\n' }]);
});

test('C7 messages that name folders of this machine say `.` instead', async () => {
  const { bench, run } = await smallRun();
  const step = bench.store.steps(run.id)[0] as StepRecord;
  bench.store.addStep({ ...step, node: 'z', reason: 'try 1 of 2 failed (bad-file: /home/me/a is a folder)', error: { code: 'bad-file', message: 'C:\\work\\a is a folder, as is /home/me/a; /home/menu is not.', data: { path: '/home/me' } } });
  const { steps } = describeRun(run, { store: bench.store, sha256, places: ['/', '/home/me', 'C:\\work'] });
  expect(steps.at(-1)?.reason).toBe('try 1 of 2 failed (bad-file: ./a is a folder)');
  expect(steps.at(-1)?.error).toMatchObject({ message: '.\\a is a folder, as is ./a; /home/menu is not.', data: { path: '.' } });
});

test('C7 random runs come back equal', async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.record({ body: fc.constantFrom('1', '"text"', '[1, 2]', '({ a: 1n })', 'null', 'fails()', '({ __proto__: null, x: NaN })'), reads: fc.nat(5) }), { minLength: 1, maxLength: 8 }), async (nodes) => {
    const text = nodes.map(({ body, reads }, i) => `\`\`\`javascript {#n${i}}\n${reads < i ? `[n${reads}, ${body}]` : body}\n\`\`\`\n`).join('\n');
    const bench = createBench(text);
    const run = bench.store.run((await bench.run()).run) as RunRecord;
    const { bytes } = await exported(bench.store, run, folder);
    const { store } = await imported(bytes, folder);
    const there = store.run(run.id) as RunRecord;
    expect(describeRun(there, { store, sha256, places: [] })).toEqual(describeRun(run, { store: bench.store, sha256, places: [] }));
  }), { numRuns: 60 });
});
