/** Two runs, from their records and rows alone. */
import { expect, test } from 'vitest';
import type { OutputValue } from '../../contracts/node.ts';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { createMemoryStore } from '../../runtime/checkpoints/memory.ts';
import { rowId, type RunRecord, type StepRecord, type Store } from '../../runtime/checkpoints/store.ts';
import { compareRuns, type CompareOptions } from '../../runtime/compare/runs.ts';
import { storeValue } from '../../runtime/values/kinds.ts';
import { PlainTableView } from '../../runtime/values/table.ts';

/** A node of a run: its outputs as plain values, and what else its record says. */
type Node = Partial<Omit<StepRecord, 'row'>> & { readonly gives?: Readonly<Record<string, unknown>> };

const table = (x: readonly number[]): PlainTableView => new PlainTableView([{ name: 'x', type: 'DOUBLE', values: x }], x.length);

async function record(store: Store, id: string, nodes: Readonly<Record<string, Node>>): Promise<RunRecord> {
  const run: RunRecord = { id, file: 'n.telar.md', started: '2026-11-20T00:00:00.000Z', targets: [], inputs: {}, texts: {}, engines: {}, order: Object.keys(nodes).filter((node) => !node.includes('[')) };
  store.openRun(run);
  for (const [node, { gives, ...rest }] of Object.entries(nodes)) {
    let row: string | undefined;
    if (gives !== undefined) {
      const outputs: Record<string, OutputValue> = Object.fromEntries(Object.entries(gives).map(([name, value]) => [name, storeValue(value, store.blobs, value instanceof PlainTableView ? {} : { form: 'record' })]));
      const key = sha256(`${node} ${JSON.stringify(rest.components)} ${JSON.stringify(outputs)}`);
      row = rowId(sha256, { key, readsDigest: '', take: 0 });
      await store.addRow({ id: row, key, reads: [], readsDigest: '', folder: '', take: 0, outputs, effect: 'pure', ms: 1, producedBy: id });
    }
    store.addStep({ run: id, node, file: run.file, state: 'fresh', decision: 'run', ...(row === undefined ? {} : { row, key: row }), ...rest });
  }
  await store.flush();
  return run;
}

async function told(before: Readonly<Record<string, Node>>, after: Readonly<Record<string, Node>>, options?: CompareOptions, spoil?: (store: Store) => void): Promise<string[]> {
  const store = createMemoryStore(sha256);
  const [a, b] = [await record(store, 'a', before), await record(store, 'b', after)];
  spoil?.(store);
  return compareRuns(store, a, b, options).nodes.map(({ node, output, change, summary }) => `${node}.${output} ${change}: ${summary}`);
}

const code = (text: string, more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => ({ code: text, ...more });

test('C4 each output of each node: the same, changed with the reason, added, removed; in the order of the plan', async () => {
  expect(await told(
    { first: { gives: { value: 1 }, components: code('1') }, days: { gives: { value: [1, 2], total: 3 }, components: code('1') }, gone: { gives: { value: 'x' }, components: code('1') }, last: { gives: { value: 1 }, components: code('1', { 'input.days': 'a' }) } },
    { first: { gives: { value: 1 }, components: code('1') }, fresh: { gives: { value: [0] } }, days: { gives: { value: [1, 2], total: 4 }, components: code('2') }, last: { gives: { value: 2 }, components: code('1', { 'input.days': 'b' }) } },
  )).toEqual([
    'first.value same: the same result', 'days.value same: identical', 'days.total changed: 3 → 4 (+1, +33.3 %); since its code changed', 'gone.value removed: text of 1 characters',
    'last.value changed: 1 → 2 (+1, +100 %); since input `days` changed', 'fresh.value added: list of 1',
  ]);
});

test('C4 a step that failed, was skipped or cancelled is told with its words', async () => {
  const error = { code: 'exception' as const, message: 'no such column\n  at line 3' };
  expect(await told(
    { a: { gives: { value: 1 } }, b: { state: 'failed', error }, c: { state: 'failed', error }, d: { gives: { value: 1 } }, e: { gives: { value: 1 } } },
    { a: { state: 'failed', error }, b: { state: 'failed', error }, c: { gives: { value: 1 } }, d: { state: 'cancelled', by: ['a'] }, e: { state: 'skipped', reason: 'its `when` is false' } },
  )).toEqual([
    'a.value changed: done → failed: no such column', 'b.value same: failed: no such column', 'c.value changed: failed: no such column → done', 'd.value changed: done → cancelled by a',
    'e.value changed: done → skipped: its `when` is false',
  ]);
});

test('R10 a check that turned red is changed, with its report beside', async () => {
  const error = { code: 'check-red' as const, message: 'n is null in row 3' };
  expect(await told({ sane: { gives: { value: { red: 0 } } } }, { sane: { gives: { value: { red: 1 } }, state: 'failed', error } })).toEqual(['sane.value changed: done → failed: n is null in row 3; red: 0 → 1 (+1)']);
});

test('R8 elements of `each` and nodes of nested notebooks are nodes as any; a boundary that shows them is not told twice', async () => {
  expect(await told(
    { 'label[a]': { gives: { value: 1 } }, 'label[b]': { gives: { value: 2 } }, label: { gives: { value: [1, 2] } }, 'inner/x': { gives: { value: 1 } }, inner: {} },
    { 'label[a]': { gives: { value: 1 } }, 'label[c]': { gives: { value: 3 } }, label: { gives: { value: [1, 3] } }, 'inner/x': { gives: { value: 5 } }, inner: {} },
  )).toEqual([
    'label[a].value same: the same result', 'label[b].value removed: integer', 'label.value changed: [1]: 2 → 3 (+1, +50 %)', 'label[c].value added: integer', 'inner/x.value changed: 1 → 5 (+4, +400 %)',
  ]);
});

test('C4 the rule of the output decides; a result that changed with nothing else is said to', async () => {
  const of = (x: readonly number[]): Record<string, Node> => ({ t: { gives: { value: table(x) }, components: code('1') } });
  expect(await told(of([1, 2]), of([1, 2 + 1e-12]))).toEqual(['t.value same: the same rows in order, floats to 1e-9']);
  expect(await told(of([1, 2]), of([2, 1]))).toEqual(['t.value changed: the same rows in another order; though nothing that it depends on changed']);
  expect(await told(of([1, 2]), of([2, 1]), { rule: (node, output) => (node === 't' && output === 'value' ? { tables: { tolerance: 0, ordered: false } } : undefined) })).toEqual(['t.value same: the same rows in another order']);
});

test('C4 a value or a row that is lost is told, and the rest is compared', async () => {
  const before = { a: { gives: { value: { n: 1 } } }, b: { gives: { value: 1 } } };
  const lost = await told(before, { a: { gives: { value: { n: 2 } } }, b: { gives: { value: 2 } } }, {}, (store) => { const { get } = store.blobs; const hash = store.steps('a').map((step) => store.row(step.row ?? '')?.outputs.value?.ref?.hash)[0]; Object.assign(store.blobs, { get: (one: string) => (one === hash ? undefined : get.call(store.blobs, one)) }); });
  expect(lost[0]).toMatch(/^a\.value changed: other bytes, which cannot be compared: This value is not in the store any more/);
  expect(lost[1]).toBe('b.value changed: 1 → 2 (+1, +100 %)');
  expect(await told(before, before, {}, (store) => { const { row } = store; Object.assign(store, { row: (id: string) => (id === store.steps('a')[0]?.row ? undefined : row.call(store, id)) }); }))
    .toEqual(['a.value same: the same result', 'b.value same: the same result']);
  expect(await told(before, { ...before, a: { gives: { value: 7 } } }, {}, (store) => { const { row } = store; Object.assign(store, { row: (id: string) => (id === store.steps('a')[0]?.row ? undefined : row.call(store, id)) }); }))
    .toEqual(['a.value changed: its result is not kept any more', 'b.value same: the same result']);
});

test('C4 how far it is, is told node by node', async () => {
  const seen: [number, number][] = [];
  await told({ a: { gives: { value: 1 } } }, { a: { gives: { value: 1 } }, b: { gives: { value: 1 } } }, { progress: (done, all) => { seen.push([done, all]); } });
  expect(seen).toEqual([[0, 2], [1, 2]]);
});
