/** P7: an effect is made once, with a receipt; what has none is in doubt. On a store and files in memory, with the real kind `save`. */
import { expect, test } from 'vitest';
import { TelarError } from '../../contracts/errors.ts';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { createMemoryStore } from '../../runtime/checkpoints/memory.ts';
import type { Store } from '../../runtime/checkpoints/store.ts';
import { doubtsOf, findDoubt, resolveDoubt } from '../../runtime/doubt.ts';
import { armFault } from '../../runtime/faults.ts';
import { createRuntime } from '../../runtime/runtime.ts';
import { effectOf } from '../../runtime/scheduler/effects.ts';
import { catalogue, js } from '../support/graphs.ts';
import { createBench, type Bench } from '../support/workbench.ts';

const note = (...fences: string[]): string => `---\ntelar: 1\n---\n${fences.join('\n')}`;
const save = (id: string, body: string, keys = ''): string => `\`\`\`yaml {#${id} .save${keys === '' ? '' : ` ${keys}`}}\n${body}\n\`\`\`\n`;
const TEXT = js('poem', '"hila el alba"');
const KEPT = note(TEXT, save('kept', 'from: poem\nfile: out/poem.txt'));
const RECEIPT = { file: 'out/poem.txt', bytes: 12, sha256: sha256('hila el alba') };

/** A bench that counts the writes below `out/`, and may do something at each. */
function watched(text: string, store?: Store): Bench & { readonly written: string[]; at: (path: string) => void } {
  const written: string[] = [];
  const bench = Object.assign(createBench(text, store), { written, at: (_path: string): void => undefined });
  const write = bench.files.write.bind(bench.files);
  bench.files.write = (path, bytes) => {
    if (/\bout\//.test(path)) { bench.at(path); written.push(path); }
    write(path, bytes);
  };
  return bench;
}

const fail = (code: 'disk-full' | 'lost', data = {}): (() => never) => () => { throw new TelarError(code, 'no', data); };

test('P7 a save is written once: not by reuse, not by another process, not by a copy of the node', async () => {
  const store = createMemoryStore(sha256);
  const one = watched(KEPT, store);
  const first = await one.run();
  expect(one.value(first, 'kept')).toEqual(RECEIPT);
  expect(new TextDecoder().decode(one.files.read('out/poem.txt'))).toBe('hila el alba');
  const second = await one.run();
  expect(second.nodes.get('kept')).toMatchObject({ state: 'fresh', how: 'reused' });
  const other = watched(note(TEXT, save('kept', 'from: poem\nfile: out/poem.txt'), save('twin', 'from: poem\nfile: out/poem.txt')), store);
  const third = await other.run();
  expect([third.nodes.get('kept')?.how, third.nodes.get('twin')?.how]).toEqual(['reused', 'reused']);
  expect([...one.written, ...other.written]).toEqual(['out/poem.txt']);
  expect(store.intents()).toEqual([]);
});

test('P7 two nodes that say the same do it once, also when they run at the same time', async () => {
  const bench = watched(note(TEXT, ...['a', 'b', 'c'].map((id) => save(id, 'from: poem\nfile: out/poem.txt'))));
  const { nodes } = await bench.run({ jobs: 8 });
  expect(bench.written).toEqual(['out/poem.txt']);
  expect(['a', 'b', 'c'].map((id) => nodes.get(id)?.how).sort()).toEqual(['ran', 'reused', 'reused']);
});

test('P7 the same words in another folder are another effect', async () => {
  const bench = watched(KEPT);
  await bench.run();
  bench.write(KEPT, 'deep/main.telar.md');
  const inner = await createRuntime(bench.ports).open('deep/main.telar.md');
  const { nodes } = await inner.run({ jobs: 1, failFast: false, signal: new AbortController().signal, emit: () => undefined });
  expect(nodes.get('kept')?.how).toBe('ran');
  expect(bench.written).toEqual(['out/poem.txt', 'deep/out/poem.txt']);
});

test('P7 asked again on purpose it is made again, as another take with another idempotency key', async () => {
  const bench = watched(KEPT);
  const ids: string[] = [];
  bench.at = () => { ids.push(bench.store.intents()[0]!.id); };
  const first = await bench.run();
  const again = await bench.run({ from: ['kept'] });
  const third = await bench.run({ noReuse: true });
  expect(bench.written.length).toBe(3);
  expect(new Set(ids).size).toBe(3);
  expect(bench.store.rows(first.nodes.get('kept')!.key!).map((row) => row.take)).toEqual([2, 1, 0]);
  expect([again, third].map((run) => run.nodes.get('kept')?.how)).toEqual(['ran', 'ran']);
  expect((await bench.run()).nodes.get('kept')?.how).toBe('reused');
});

test('P7 before anything is touched the intent is durable: what, by which run, with the hash of what it would write', async () => {
  const bench = watched(KEPT);
  const order: string[] = [];
  const { addIntent } = bench.store;
  bench.store.addIntent = async (intent) => { await addIntent.call(bench.store, intent); await Promise.resolve(); order.push('durable'); };
  bench.at = () => { order.push('write'); expect(bench.store.intents()).toMatchObject([{ node: 'kept', file: 'main.telar.md', what: 'write out/poem.txt', take: 0, writes: { ...RECEIPT, path: 'out/poem.txt' } }]); };
  const { nodes } = await bench.run();
  expect(nodes.get('kept')?.state).toBe('fresh');
  expect(order).toEqual(['durable', 'write']);
});

test('P7 an intent that cannot be kept keeps the effect from being made', async () => {
  const bench = watched(KEPT);
  bench.store.addIntent = () => Promise.reject(new TelarError('disk-full', 'no room'));
  const { nodes } = await bench.run();
  expect(nodes.get('kept')?.error?.code).toBe('disk-full');
  expect(bench.written).toEqual([]);
});

test('P7 an answer that is an error closes the intent; the next run tries again', async () => {
  const bench = watched(KEPT);
  bench.at = fail('disk-full', { path: 'out/poem.txt' });
  expect((await bench.run()).nodes.get('kept')?.error?.code).toBe('disk-full');
  expect(bench.store.intents()).toEqual([]);
  bench.at = () => undefined;
  expect((await bench.run()).nodes.get('kept')?.state).toBe('fresh');
});

test('P7 made, with no room to keep what came of it: that is no answer', async () => {
  const bench = watched(KEPT);
  bench.at = fail('disk-full', { place: '.telar' });
  expect((await bench.run()).nodes.get('kept')?.error?.code).toBe('disk-full');
  expect(bench.store.intents()).toHaveLength(1);
});

test('P7 without an answer it is in doubt: the next run fails that step and no other, and says what to do', async () => {
  const bench = watched(note(TEXT, save('kept', 'from: poem\nfile: out/poem.txt'), js('reader', 'kept.file'), js('other', 'poem.length')));
  bench.at = fail('lost');
  const first = await bench.run();
  expect(first.nodes.get('kept')?.error?.code).toBe('lost');
  bench.at = () => undefined;
  const second = await bench.run();
  const { error } = second.nodes.get('kept')!;
  expect(error).toMatchObject({ code: 'in-doubt', data: { run: first.run, what: 'write out/poem.txt' } });
  expect((await bench.notebook()).plan().find((step) => step.node === 'kept')).toMatchObject({ decision: 'failed', reason: error?.message });
  expect(error?.message).toMatch(/telar doubt list.*telar doubt resolve [0-9a-f]{12} done/);
  expect([second.nodes.get('reader')?.state, second.nodes.get('other')?.state]).toEqual(['cancelled', 'fresh']);
  expect(bench.written).toEqual([]);
  const preview = (await bench.notebook()).plan().find((step) => step.node === 'kept');
  expect(preview?.reason).toMatch(/nobody knows whether it did/);
});

/** A bench whose save is in doubt, written or not. */
async function doubtful(made: boolean): Promise<ReturnType<typeof watched>> {
  const bench = watched(note(TEXT, save('kept', 'from: poem\nfile: out/poem.txt'), js('reader', 'kept.sha256')));
  const disarm = armFault(made ? 'effect-made' : 'effect-intended', fail('lost'));
  try { await bench.run(); } finally { disarm(); }
  expect(bench.written.length).toBe(made ? 1 : 0);
  return bench;
}

test('P7 a person says that it was done: it has its receipt, its readers run, and it is not made again', async () => {
  const bench = await doubtful(true);
  const [doubt] = doubtsOf(bench.ports);
  expect(doubt).toMatchObject({ evidence: 'written', open: false });
  await resolveDoubt(findDoubt(bench.store, doubt!.intent.id.slice(0, 6)), 'done', bench.ports);
  expect(doubtsOf(bench.ports)).toEqual([]);
  const after = await bench.run();
  expect(after.nodes.get('kept')).toMatchObject({ how: 'reused' });
  expect(bench.value(after, 'kept')).toEqual(RECEIPT);
  expect(bench.value(after, 'reader')).toBe(RECEIPT.sha256);
  expect(bench.written.length).toBe(1);
});

test('P7 a person says that it was not done: the next run makes it', async () => {
  const bench = await doubtful(false);
  const [doubt] = doubtsOf(bench.ports);
  expect(doubt?.evidence).toBe('missing');
  await resolveDoubt(doubt!.intent, 'again', bench.ports);
  const after = await bench.run();
  expect(after.nodes.get('kept')).toMatchObject({ how: 'ran' });
  expect(bench.written).toEqual(['out/poem.txt']);
});

test('P7 asked again on purpose while in doubt it is made under a new key, and the doubt is over', async () => {
  const bench = await doubtful(true);
  const before = bench.store.intents()[0]!;
  bench.at = () => { expect(bench.store.intents().map((one) => [one.id === before.id, one.take])).toEqual([[false, 1]]); };
  const after = await bench.run({ from: ['kept'] });
  expect(after.nodes.get('kept')).toMatchObject({ how: 'ran' });
  expect(bench.store.intents()).toEqual([]);
});

test('P7 evidence: other bytes, and a file that is gone', async () => {
  const bench = await doubtful(true);
  bench.files.write('out/poem.txt', new TextEncoder().encode('hila la noch'));
  expect(doubtsOf(bench.ports).map((one) => one.evidence)).toEqual(['other']);
});

test('P7 ids of doubts: unknown, empty, ambiguous and exact', async () => {
  const bench = await doubtful(true);
  const [one] = bench.store.intents();
  expect(() => findDoubt(bench.store, 'zz')).toThrow(expect.objectContaining({ code: 'usage', message: expect.stringContaining('telar doubt list') }));
  expect(() => findDoubt(bench.store, '')).toThrow(expect.objectContaining({ code: 'usage' }));
  await bench.store.addIntent({ ...one!, id: `${one!.id.slice(0, 5)}${'0'.repeat(59)}`, key: 'another' });
  expect(() => findDoubt(bench.store, one!.id.slice(0, 5))).toThrow(expect.objectContaining({ code: 'usage', data: { candidates: expect.any(Array) } }));
  expect(findDoubt(bench.store, one!.id)).toEqual(one);
});

test('P7 a receipt that cannot be kept leaves the effect in doubt', async () => {
  const bench = watched(KEPT);
  const { addRow } = bench.store;
  bench.store.addRow = (row, closes) => (closes === undefined ? addRow.call(bench.store, row) : Promise.reject(new TelarError('disk-full', 'no room')));
  expect((await bench.run()).nodes.get('kept')?.error?.code).toBe('disk-full');
  expect(bench.written.length).toBe(1);
  bench.store.addRow = addRow;
  expect((await bench.run()).nodes.get('kept')?.error?.code).toBe('in-doubt');
  expect(bench.written.length).toBe(1);
});

test('P7 of two processes that set out at once one makes it, and the other says so', async () => {
  const store = createMemoryStore(sha256);
  const one = watched(KEPT, store);
  const other = watched(KEPT, { ...store });
  let met = 0;
  const { addIntent } = store;
  store.addIntent = async (intent) => {
    await addIntent.call(store, intent);
    // The other process decides when this one has told its intent and not yet written.
    met += 1;
    expect((await other.run()).nodes.get('kept')?.error?.code).toBe('in-doubt');
  };
  const run = await one.run();
  expect(run.nodes.get('kept')?.state).toBe('fresh');
  expect([met, one.written.length, other.written.length]).toEqual([1, 1, 0]);
});

test('P7 of two processes that have both decided the one whose intent came first makes it', async () => {
  const store = createMemoryStore(sha256);
  const one = watched(KEPT, store);
  const other = watched(KEPT, { ...store });
  const { addIntent } = store;
  other.at = fail('lost');
  store.addIntent = async (intent) => {
    // The intent of the other process, which is killed in the call, comes between this one's look and its own.
    expect((await other.run()).nodes.get('kept')?.error?.code).toBe('lost');
    await addIntent.call(store, intent);
  };
  const run = await one.run();
  expect(run.nodes.get('kept')?.error?.code).toBe('in-doubt');
  expect([one.written.length, other.written.length]).toEqual([0, 0]);
  expect(store.intents().length).toBe(1);
});

test('P7 an effect that another process has made since it was decided is not made again', async () => {
  const store = createMemoryStore(sha256);
  const one = watched(KEPT, store);
  // Another object, as another process has: what one process knows of its own doings is not shared.
  const other = watched(KEPT, { ...store });
  const { addIntent } = store;
  let raced = false;
  store.addIntent = async (intent) => {
    if (!raced) { raced = true; await other.run(); }
    await addIntent.call(store, intent);
  };
  const run = await one.run();
  expect(run.nodes.get('kept')).toMatchObject({ state: 'fresh', how: 'reused' });
  expect([one.written.length, other.written.length]).toEqual([0, 1]);
  expect(store.intents()).toEqual([]);
});

test('P7 any kind of step may say that it is an effect: it is done once, also for readers that come later', async () => {
  const send = js('sent', 'const id = 7\nid + 1', 'effect=effect');
  const bench = createBench(note(send));
  await bench.run();
  bench.write(note(send, js('later', 'id * 2')));
  const run = await bench.run();
  expect(bench.value(run, 'later')).toBe(14);
  expect(bench.engine.began.filter((id) => id === 'sent')).toEqual(['sent']);
  expect(bench.store.rows(run.nodes.get('sent')!.key!)).toMatchObject([{ effect: 'effect' }]);
});

test('P7 an effect with a receipt that cannot be used fails rather than being made again', async () => {
  const bench = watched(KEPT);
  const first = await bench.run();
  bench.store.holds = () => false;
  const again = await bench.run({ to: ['kept'] });
  expect(again.nodes.get('kept')?.error).toMatchObject({ code: 'value-missing', message: expect.stringContaining(`It was done in run ${first.run}`) });
  expect(bench.written.length).toBe(1);
});

test('P1 the class is in the key where the fence makes it another: not where it says what it is anyway', async () => {
  const keys: Record<string, string | undefined> = {};
  for (const said of ['', 'effect=pure', 'effect=observe', 'effect=effect']) {
    const { nodes } = await createBench(note(js('a', '1', said))).run();
    keys[said] = nodes.get('a')?.key;
  }
  expect(keys['effect=pure']).toBe(keys['']);
  expect(new Set(Object.values(keys)).size).toBe(3);
});

test('P7 a class: of the fence, else of the body, else of the kind; a save cannot be made weaker', async () => {
  const bench = createBench(note(TEXT, save('kept', 'from: poem\nfile: out/poem.txt'), js('seen', '1', 'effect=observe'), '```sql {#now}\nselect now()\n```\n', '```yaml {#web .http}\nurl: https://example.org/\n```\n', save('weak', 'from: poem\nfile: out/b.txt', 'effect=pure')));
  const { graph } = await bench.notebook();
  expect(Object.fromEntries(['poem', 'kept', 'seen', 'now', 'web'].map((id) => [id, effectOf(graph.node(id)!)]))).toEqual({ poem: 'pure', kept: 'effect', seen: 'observe', now: 'observe', web: 'observe' });
  expect(graph.problems()).toMatchObject([{ node: 'weak', code: 'bad-value', message: expect.stringContaining('`effect`') }]);
});

test('P7 what a kind’s contract says of its class is what its analysis says', async () => {
  const bodies: Record<string, string> = { save: 'from: a\nfile: b.txt', http: 'url: https://example.org/' };
  for (const name of catalogue.kinds()) {
    const kind = await catalogue.load(name);
    if (['python', 'sql', 'javascript'].includes(name)) continue;
    const analysis = kind.analyse({ id: 'x', kind: name, language: 'yaml', body: bodies[name] ?? '', params: {} });
    expect([name, analysis.effect ?? 'pure']).toEqual([name, catalogue.contract(name)?.effect]);
  }
});
