/** What every store keeps to. A store that outlives its process also gives `reopen`. */
import { afterEach, describe, expect, test } from 'vitest';
import type { OutputValue } from '../../contracts/node.ts';
import type { Sha256 } from '../../runtime/ports.ts';
import { digestReads, rowId, type Row, type RunRecord, type StepRecord, type Store } from '../../runtime/checkpoints/store.ts';

/** A store under test, and how to open what it left again. */
export interface Subject { readonly store: Store; readonly reopen?: () => Store; readonly end?: () => void }

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Keeps a text and tells it as an output. */
function keepText(store: Store, text: string): OutputValue {
  const bytes = utf8(text);
  return { ref: { form: 'text', hash: store.blobs.put(bytes), bytes: bytes.byteLength }, summary: { type: 'text', preview: text.slice(0, 40) } };
}

/** A row with its values already put. */
export function rowOf(store: Store, sha256: Sha256, key: string, texts: Record<string, string>, more: Partial<Row> = {}): Row {
  const identity = { key, readsDigest: digestReads(sha256, more.reads ?? []), take: more.take ?? 0 };
  return {
    reads: [], folder: '', effect: 'pure', ms: 1, producedBy: 'run-1',
    outputs: Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, keepText(store, text)])),
    ...more, ...identity, id: rowId(sha256, identity),
  };
}

/** A run's record. */
export function runOf(id: string, file = 'a.telar.md'): RunRecord {
  return { id, file, started: '2026-01-01T00:00:00.000Z', targets: [], inputs: {}, texts: {}, engines: {}, order: [] };
}

/** A step's record. */
export function stepOf(run: string, node: string, more: Partial<StepRecord> = {}): StepRecord {
  return { run, node, file: 'a.telar.md', state: 'fresh', decision: 'run', ...more };
}

export function storeSuite(name: string, sha256: Sha256, begin: () => Subject): void {
  describe(name, () => {
    const ends: (() => unknown)[] = [];
    afterEach(async () => {
      for (const end of ends.splice(0).reverse()) await end();
    });
    function open(): Subject {
      const subject = begin();
      let store = subject.store;
      ends.push(() => subject.end?.(), () => store.close());
      return { ...subject, ...(subject.reopen && { reopen: () => (store = (subject.reopen as () => Store)()) }) };
    }
    /** The store after its process has ended and another has begun; the same one where nothing outlives a process. */
    async function later({ store, reopen }: Subject): Promise<Store> {
      if (reopen === undefined) return store;
      await store.close();
      return reopen();
    }

    for (const size of [0, 1, 1000, 65_536, 65_537, 300_000]) {
      test(`C1 a blob of ${size} bytes comes back as it was, and is stored by its hash`, async () => {
        const subject = open();
        const bytes = Uint8Array.from({ length: size }, (_, index) => (index * 31) % 251);
        const hash = subject.store.blobs.put(bytes);
        expect(hash).toBe(sha256(bytes));
        expect(subject.store.blobs.put(bytes)).toBe(hash);
        expect(subject.store.blobs.get(hash)).toEqual(bytes);
        await subject.store.flush();
        const store = await later(subject);
        expect(store.blobs.size(hash)).toBe(size);
        expect(store.blobs.has(hash)).toBe(true);
        const back = store.blobs.get(hash) as Uint8Array;
        expect(Object.getPrototypeOf(back)).toBe(Uint8Array.prototype);
        expect(sha256(back)).toBe(hash);
      });
    }

    test('R7 a change in place of bytes put or got never reaches the store', async () => {
      const { store } = open();
      const bytes = utf8('as it was');
      const hash = store.blobs.put(bytes);
      bytes[0] = 0;
      (store.blobs.get(hash) as Uint8Array)[1] = 0;
      expect(new TextDecoder().decode(store.blobs.get(hash))).toBe('as it was');
      await store.flush();
      (store.blobs.get(hash) as Uint8Array)[1] = 0;
      expect(new TextDecoder().decode(store.blobs.get(hash))).toBe('as it was');
    });

    test('C1 what is absent is undefined, not an error', () => {
      const { store } = open();
      const nothing = sha256('nothing');
      expect([store.blobs.get(nothing), store.blobs.has(nothing), store.blobs.size(nothing), store.blobs.path(nothing)]).toEqual([undefined, false, undefined, undefined]);
      expect([store.rows(nothing), store.row(nothing), store.run('r'), store.lastRun('f'), store.steps('r'), store.lastStep('f', 'n')]).toEqual([[], undefined, undefined, undefined, [], undefined]);
    });

    test('P4 a row is seen at once, and after its process has ended', async () => {
      const subject = open();
      const row = rowOf(subject.store, sha256, 'k', { value: 'one' }, { warnings: ['w'], logs: [{ stream: 'stdout', text: 'hé\n' }] });
      const added = subject.store.addRow(row);
      expect(subject.store.rows('k')).toEqual([row]);
      expect(subject.store.row(row.id)).toEqual(row);
      expect(await added).toEqual({ row, evidence: false });
      const store = await later(subject);
      expect(store.rows('k')).toEqual([row]);
      expect(store.row(row.id)).toEqual(row);
      expect(store.holds(row)).toBe(true);
    });

    test('P4 the highest take comes first, then the oldest', async () => {
      const subject = open();
      const reads = (saw: string) => [{ what: 'file', path: 'a.csv', saw } as const];
      const rows = [
        rowOf(subject.store, sha256, 'k', { value: '1' }, { reads: reads('x') }), rowOf(subject.store, sha256, 'k', { value: '2' }, { reads: reads('y') }),
        rowOf(subject.store, sha256, 'k', { value: '3' }, { reads: reads('x'), take: 1 }), rowOf(subject.store, sha256, 'other', { value: '4' }),
      ];
      for (const row of rows) void subject.store.addRow(row);
      const order = [2, 0, 1].map((index) => rows[index]);
      expect(subject.store.rows('k')).toEqual(order);
      await subject.store.flush();
      expect((await later(subject)).rows('k')).toEqual(order);
    });

    test('C5 of two results for one identity the first stays and the second is evidence', async () => {
      const subject = open();
      const [first, second] = [rowOf(subject.store, sha256, 'k', { value: 'one' }), rowOf(subject.store, sha256, 'k', { value: 'two' })];
      const both = await Promise.all([subject.store.addRow(first), subject.store.addRow(second), subject.store.addRow(first)]);
      expect(both).toEqual([{ row: first, evidence: false }, { row: first, evidence: true }, { row: first, evidence: false }]);
      const store = await later(subject);
      expect(store.rows('k')).toEqual([first]);
      expect(store.evidence(first.id)).toEqual([second]);
    });

    test('C1 an output that was only summarised is added when its producer runs again', async () => {
      const subject = open();
      const { x, ...kept } = rowOf(subject.store, sha256, 'k', { value: 'v', x: 'ex' }).outputs;
      const first = rowOf(subject.store, sha256, 'k', {}, { outputs: { ...kept, x: { summary: (x as OutputValue).summary } } });
      await subject.store.addRow(first);
      const second = rowOf(subject.store, sha256, 'k', { value: 'v', x: 'ex' });
      const added = subject.store.addRow(second);
      expect(subject.store.rows('k')[0]?.outputs).toEqual(second.outputs);
      expect((await added).evidence).toBe(false);
      expect((await later(subject)).rows('k')[0]?.outputs).toEqual(second.outputs);
    });

    test('C5 an output that was only summarised is not taken from another doing that gave something else', async () => {
      const subject = open();
      const { x, ...kept } = rowOf(subject.store, sha256, 'k', { value: 'v', x: 'ex' }).outputs;
      const first = rowOf(subject.store, sha256, 'k', {}, { outputs: { ...kept, x: { summary: (x as OutputValue).summary } } });
      await subject.store.addRow(first);
      const second = rowOf(subject.store, sha256, 'k', { value: 'v', x: 'another ex' });
      expect(await subject.store.addRow(second)).toMatchObject({ evidence: true, row: first });
      expect((await later(subject)).rows('k')[0]?.outputs).toEqual(first.outputs);
    });

    test('C2 a row whose value was never put is refused', async () => {
      const { store } = open();
      const row = rowOf(store, sha256, 'k', {}, { outputs: { value: { ref: { form: 'text', hash: sha256('never put'), bytes: 9 }, summary: { type: 'text', preview: '' } } } });
      await expect(store.addRow(row)).rejects.toMatchObject({ code: 'value-missing' });
      expect(store.rows('k')).toEqual([]);
    });

    test('C8 a table is whole when its manifest and every column are', () => {
      const { store } = open();
      const column = utf8('column');
      const manifest = (blob: string) => utf8(JSON.stringify({ rows: 1, columns: [{ name: 'a', type: 'INTEGER', blob, bytes: column.byteLength }] }));
      const table = (blob: string) => rowOf(store, sha256, 'k', {}, {
        outputs: { value: { ref: { form: 'table', hash: store.blobs.put(manifest(blob)), bytes: 99 }, summary: { type: 'table', preview: '' } } },
      });
      expect(store.holds(table(store.blobs.put(column)))).toBe(true);
      expect(store.holds(table(sha256('no such column')))).toBe(false);
    });

    test('C1 a run leaves its record, its steps in order, and its logs', async () => {
      const subject = open();
      const run = runOf('r1');
      subject.store.openRun(run);
      subject.store.addStep(stepOf('r1', 'b', { key: 'kb' }));
      subject.store.addStep(stepOf('r1', 'a', { state: 'failed', error: { code: 'exception', message: 'no', line: 3 } }));
      subject.store.addLog('r1', 'b', 'stdout', 'one\n');
      subject.store.addLog('r1', 'a', 'stderr', 'two\n');
      subject.store.addLog('r1', 'b', 'stdout', 'three\n');
      await subject.store.closeRun('r1', 'failed', '2026-01-01T00:00:01.000Z');
      const store = await later(subject);
      const closed = { ...run, status: 'failed', ended: '2026-01-01T00:00:01.000Z' };
      expect([store.run('r1'), store.lastRun(run.file), store.runs(), store.runs('other.telar.md')]).toEqual([closed, closed, [closed], []]);
      expect(store.steps('r1').map((step) => step.node)).toEqual(['b', 'a']);
      expect(store.steps('r1')[1]?.error).toEqual({ code: 'exception', message: 'no', line: 3 });
      expect(store.logs('r1').map((entry) => entry.text)).toEqual(['one\n', 'two\n', 'three\n']);
      expect(store.logs('r1', 'b').map((entry) => entry.text)).toEqual(['one\n', 'three\n']);
    });

    test('P6 the last step with a key is found, of this node in this file, and runs are told newest first', async () => {
      const subject = open();
      for (const [index, key] of ['k1', 'k2', undefined].entries()) {
        subject.store.openRun(runOf(`r${index}`));
        subject.store.addStep(stepOf(`r${index}`, 'n', key === undefined ? {} : { key }));
        subject.store.addStep(stepOf(`r${index}`, 'm', { key: 'other', file: 'b.telar.md' }));
      }
      expect(subject.store.lastStep('a.telar.md', 'n')?.key).toBe('k2');
      await subject.store.flush();
      const store = await later(subject);
      expect(store.lastStep('a.telar.md', 'n')?.key).toBe('k2');
      expect(store.lastStep('a.telar.md', 'm')).toBeUndefined();
      expect(store.history('a.telar.md', 'n').map((step) => step.key)).toEqual(['k2', 'k1']);
      expect(store.runs('a.telar.md').map((run) => run.id)).toEqual(['r2', 'r1', 'r0']);
    });

    test('C2 a step of a run that is not open here is refused', () => {
      const { store } = open();
      expect(() => store.addStep(stepOf('nobody', 'n'))).toThrow(expect.objectContaining({ code: 'lost' }));
      expect(() => store.addLog('nobody', 'n', 'stdout', '')).toThrow(expect.objectContaining({ code: 'lost' }));
    });

    test('P7 an intent is there until its receipt is', async () => {
      const subject = open();
      const intent = (id: string) => ({ id, key: `key of ${id}`, run: 'r1', node: 'n', file: 'a.telar.md', started: '2026-01-01T00:00:00.000Z', what: 'write out.txt', take: 0 });
      for (const id of ['i1', 'i2', 'i3']) await subject.store.addIntent(intent(id));
      const receipt = rowOf(subject.store, sha256, 'key of i2', { value: 'written' });
      await subject.store.addRow(receipt, 'i2');
      await subject.store.dropIntent('i3');
      const store = await later(subject);
      expect(store.intents()).toEqual([intent('i1')]);
      expect([store.intent('key of i1'), store.intent('key of i2')]).toEqual([intent('i1'), undefined]);
      expect(store.row(receipt.id)).toEqual(receipt);
    });

    test('P7 an intent that is open stays: a second one of its id is not kept, whoever comes with it', async () => {
      const { store } = open();
      const intent = { id: 'i', key: 'k', run: 'r1', node: 'n', file: 'a.telar.md', started: '2026-01-01T00:00:00.000Z', what: 'write out.txt', take: 0 };
      await store.addIntent(intent);
      await store.addIntent({ ...intent, run: 'r2' });
      expect(store.intents()).toEqual([intent]);
    });

    test('P7 an intent that is open stays as it is: who comes second sees that it is another run’s', async () => {
      const { store } = open();
      const intent = { id: 'i', key: 'k', run: 'r1', node: 'n', file: 'a.telar.md', started: '2026-01-01T00:00:00.000Z', what: 'write out.txt', take: 0 };
      await Promise.all([store.addIntent(intent), store.addIntent({ ...intent, run: 'r2' })]);
      await store.addIntent({ ...intent, run: 'r3' });
      expect(store.intents()).toEqual([intent]);
      store.recall('k');
      expect(store.intent('k')).toEqual(intent);
    });

    test('P7 an intent stays when its receipt is refused', async () => {
      const { store } = open();
      const intent = { id: 'i', key: 'k', run: 'r1', node: 'n', file: 'a.telar.md', started: '2026-01-01T00:00:00.000Z', what: 'write out.txt', take: 0 };
      await store.addIntent(intent);
      const row = rowOf(store, sha256, 'k', {}, { outputs: { value: { ref: { form: 'text', hash: sha256('never put'), bytes: 9 }, summary: { type: 'text', preview: '' } } } });
      await expect(store.addRow(row, 'i')).rejects.toMatchObject({ code: 'value-missing' });
      expect(store.intents()).toEqual([intent]);
    });

    test('C6 a run is pinned and let go, also when it is closed afterwards', async () => {
      const subject = open();
      subject.store.openRun(runOf('r1'));
      await subject.store.pin('r1', true);
      await subject.store.closeRun('r1', 'ok', '2026-01-01T00:00:01.000Z');
      const store = await later(subject);
      expect([store.run('r1')?.pinned, store.runs()[0]?.pinned, store.lastRun('a.telar.md')?.pinned]).toEqual([true, true, true]);
      await store.pin('r1', false);
      expect(store.run('r1')).toEqual({ ...runOf('r1'), status: 'ok', ended: '2026-01-01T00:00:01.000Z' });
      await expect(store.pin('r2', true)).rejects.toMatchObject({ code: 'unknown-run' });
    });

    test('C4 a run is the shown one of its file until the next run of that file', async () => {
      const subject = open();
      for (const id of ['r1', 'r2']) subject.store.openRun(runOf(id));
      subject.store.openRun(runOf('other', 'b.telar.md'));
      await subject.store.show('a.telar.md', 'r1');
      await subject.store.show('b.telar.md', 'other');
      await expect(subject.store.show('a.telar.md', 'r9')).rejects.toMatchObject({ code: 'unknown-run' });
      subject.store.openRun({ ...runOf('fork'), parent: 'r1' });
      await subject.store.importRun({ ...runOf('brought'), bundle: 'x.telarrun' }, { steps: [], rows: [], logs: [] });
      await subject.store.flush();
      const store = await later(subject);
      expect(store.shown('a.telar.md')).toBe('r1');
      expect(store.lastRun('a.telar.md')?.id).toBe('r2');
      store.openRun(runOf('r3'));
      expect([store.shown('a.telar.md'), store.shown('b.telar.md'), store.lastRun('a.telar.md')?.id]).toEqual([undefined, 'other', 'r3']);
    });

    test('C7 a run from elsewhere is kept whole, or not at all', async () => {
      const subject = open();
      const rows = [rowOf(subject.store, sha256, 'imported/k1', { value: 'one' }), rowOf(subject.store, sha256, 'imported/k2', { value: 'two' })] as const;
      const steps = rows.map((row, index) => stepOf('far', `n${index}`, { key: row.key, row: row.id }));
      const run = { ...runOf('far'), status: 'ok' as const, ended: '2026-01-01T00:00:01.000Z', bundle: 'far.telarrun' };
      const log = { node: 'n0', stream: 'stdout', text: 'said\n' };
      const lost = rowOf(subject.store, sha256, 'k3', {}, { outputs: { value: { ref: { form: 'text', hash: sha256('never put'), bytes: 9 }, summary: { type: 'text', preview: '' } } } });
      await expect(subject.store.importRun(run, { steps, rows: [rows[0], lost], logs: [] })).rejects.toMatchObject({ code: 'value-missing' });
      expect([subject.store.runs(), subject.store.row(rows[0].id)]).toEqual([[], undefined]);
      await subject.store.importRun(run, { steps, rows, logs: [log] });
      const store = await later(subject);
      expect([store.run('far'), store.steps('far'), store.logs('far')]).toEqual([run, steps, [log]]);
      expect(rows.map((row) => store.row(row.id))).toEqual(rows);
      await expect(store.importRun({ ...run, status: 'failed' }, { steps: [], rows: [], logs: [] })).rejects.toMatchObject({ code: 'refused' });
      expect(store.run('far')?.status).toBe('ok');
    });

    test('P7 what a person has allowed is remembered', async () => {
      const subject = open();
      await subject.store.grant('h1');
      const store = await later(subject);
      expect([store.granted('h1'), store.granted('h2')]).toEqual([true, false]);
      await store.revoke('h1');
      await store.revoke('h2');
      expect(store.granted('h1')).toBe(false);
    });

    test('P9 a file hash is told for the same stamp only; an analysis for its key', async () => {
      const subject = open();
      subject.store.setFileHash('a.csv', 's1', 'h1');
      subject.store.setFileHash('a.csv', 's2', 'h2');
      subject.store.setAnalysis('key', '{"reads":["é"]}');
      await subject.store.flush();
      const store = await later(subject);
      expect([store.fileHash('a.csv', 's1'), store.fileHash('a.csv', 's2'), store.fileHash('b.csv', 's2')]).toEqual([undefined, 'h2', undefined]);
      expect([store.analysis('key'), store.analysis('other')]).toEqual(['{"reads":["é"]}', undefined]);
    });
  });
}
