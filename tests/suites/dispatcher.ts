/** What every dispatcher keeps to, over the real JavaScript engine: its compute children are this process's children or theirs. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Outcome, StepInput } from '../../contracts/node.ts';
import type { Blobs } from '../../contracts/values.ts';
import { createJavaScript } from '../../runtime/executors/javascript/javascript.node.ts';
import type { Executor } from '../../runtime/ports.ts';
import { loadValue, storeValue } from '../../runtime/values/kinds.ts';
import { storeTable } from '../../runtime/values/table.ts';
import type { DispatchEvent, Dispatcher, Task } from '../../runtime/workers/dispatcher.ts';
import { programOf, type BenchOptions } from '../support/javascript.ts';
import { memoryBlobs } from '../support/memory-blobs.ts';
import { engines, signal, until } from '../support/processes.ts';

/** A dispatcher of the class `javascript`, two at a time, and the store that it works for. */
export interface Subject { readonly dispatcher: Dispatcher; readonly blobs: Blobs; end(): Promise<void> }

const ENDLESS = 'console.log("on"); while (true) {}';
let tasks = 0;

/** A task of a body. */
export function taskOf(blobs: Blobs, code: string, inputs: Readonly<Record<string, StepInput>> = {}, more: BenchOptions & Partial<Task> = {}): Task & { readonly said: string[] } {
  const said: string[] = [];
  const { time = 20_000, memory = 512e6, output = 64e6, once, world } = more;
  return {
    id: `task-${tasks += 1}`, program: programOf(code, more), inputs, limits: { time, memory, output }, blobs, said,
    emit: (stream, text) => { said.push(`${stream}: ${text.trimEnd()}`); },
    ...(once === undefined ? {} : { once }), ...(world === undefined ? {} : { world }),
  };
}

export function dispatcherSuite(name: string, begin: () => Promise<Subject>): void {
  describe(name, () => {
    let subject: Subject;
    let beside: Executor;
    const events: DispatchEvent[] = [];
    beforeAll(async () => {
      subject = await begin();
      beside = createJavaScript({ concurrency: 1 });
      subject.dispatcher.events((event) => { events.push(event); });
    });
    afterAll(async () => {
      await subject.end();
      await beside.close();
      expect(engines()).toEqual([]);
    });

    const input = (value: unknown): { readonly ref: NonNullable<ReturnType<typeof storeValue>['ref']> } => ({ ref: storeValue(value, subject.blobs).ref! });
    const task = (...[code, inputs, more]: [code: string, inputs?: Parameters<typeof taskOf>[2], more?: Parameters<typeof taskOf>[3]]): ReturnType<typeof taskOf> => taskOf(subject.blobs, code, inputs, more);
    const asBeside = (of: Task): Promise<Outcome> => beside.execute(of.program, of.inputs, { ...of, signal: new AbortController().signal });
    const eventsOf = (of: Task): string[] => events.filter((event) => event.task === of.id).map(({ event }) => event);
    const begun = (of: ReturnType<typeof taskOf>, times = 1): Promise<unknown> => until(`${of.id} has begun`, () => of.said.filter((line) => line === 'stdout: on').length >= times);

    test('W13 values of every size and form are what the engine gives beside', async () => {
      const long = input('é'.repeat(100_000));
      const column = Array.from({ length: 30_000 }, (_, at) => at / 7);
      const table = { ref: storeTable({ rows: column.length, columns: [{ name: 'a', type: 'DOUBLE' }, { name: 's', type: 'VARCHAR' }], column: (at) => (at === 'a' ? column : column.map((one) => `s${one}`)) }, subject.blobs) };
      const producer = programOf('const made = (x) => x * k;', { id: 'made' });
      const cases: [code: string, inputs: Readonly<Record<string, StepInput>>, wanted?: readonly string[]][] = [
        ['1 + 1', {}], ['x', { x: long }], ['x + "!"', { x: long }], ['t', { t: table }], ['t.filter((row) => row.a > 9)', { t: table }], ['[t.length, x.length, n]', { t: table, x: long, n: input(7) }],
        ['const a = [x], b = {x: 1};\nfunction f() {}\na', { x: input('short') }, ['a', 'f']], ['made(3)', { made: { producer, inputs: { k: input(14) }, output: 'made' } }],
        ['Array.from({length: 200}, (_, at) => x + at)', { x: input('x'.repeat(5_000)) }],
      ];
      for (const [code, inputs, wanted] of cases) {
        const one = task(code, inputs, wanted === undefined ? {} : { wanted });
        const [there, here] = await Promise.all([subject.dispatcher.submit(one), asBeside(one)]);
        expect(there, code).toStrictEqual(here);
        const ref = there.outputs.value!.ref!;
        if (ref.form !== 'live') expect(loadValue(ref, subject.blobs), code).toBeDefined();
      }
    });

    test('W13 what is said comes in its order, and before the end', async () => {
      const one = task('for (let i = 0; i < 300; i++) { console.log(i); if (i % 100 === 0) console.error("e" + i); }');
      await subject.dispatcher.submit(one);
      const lines = (stream: string): string => one.said.filter((line) => line.startsWith(stream)).map((line) => line.slice(stream.length + 2)).join('\n');
      expect(lines('stdout').split('\n')).toEqual(Array.from({ length: 300 }, (_, at) => String(at)));
      expect(lines('stderr').split('\n')).toEqual(['e0', 'e100', 'e200']);
    });

    test.each([
      ['\nnull.x', {}, 'exception'], ['let a = ;', {}, 'syntax'], ['const a = []; for (;;) a.push("x".repeat(1e6) + a.length)', { memory: 32e6 }, 'memory'], ['"x".repeat(1e6)', { output: 1e5 }, 'output-limit'],
      [ENDLESS, { time: 300 }, 'timeout'], ['new Date(NaN)', {}, 'value-type'],
    ])('W13 the failure of %j is the same in code, words and place', async (code, limits, expected) => {
      const one = task(code, {}, limits);
      const [there, here] = await Promise.all([subject.dispatcher.submit(one), asBeside(one)].map((done) => done.then(() => undefined, (error: unknown) => JSON.parse(JSON.stringify(error)) as { code: string })));
      expect(there?.code).toBe(expected);
      expect(there).toStrictEqual(here);
    });

    test('W13 an input that is gone, and a class that nobody has, are told', async () => {
      await expect(subject.dispatcher.submit(task('x', { x: { ref: { form: 'text', hash: '0'.repeat(64), bytes: 1 } } }))).rejects.toMatchObject({ code: 'value-missing' });
      const one = task('1');
      await expect(subject.dispatcher.submit({ ...one, program: { ...one.program, engine: 'cobol' } })).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('cobol') as string });
    });

    test('W1 what was cancelled gives nothing, and nothing of it is kept; who waits behind it is served', async () => {
      const [first, second, third, fourth] = [task(ENDLESS), task(ENDLESS), task('"never " + "kept"'), task('4')];
      const done = [first, second, third, fourth].map((one) => subject.dispatcher.submit(one).then(() => 'done', (error: { code: string }) => error.code));
      await Promise.all([begun(first), begun(second)]);
      subject.dispatcher.cancel(third.id, 'a test');
      subject.dispatcher.cancel(first.id, 'a test');
      subject.dispatcher.cancel('nobody', 'a test');
      expect(await Promise.all([done[0], done[2], done[3]])).toEqual(['cancelled', 'cancelled', 'done']);
      subject.dispatcher.cancel(second.id, 'a test');
      expect(await done[1]).toBe('cancelled');
      expect(subject.blobs.has(storeHash('never kept'))).toBe(false);
      expect(eventsOf(first)).toContain('cancel');
    });

    test('W8 a step that loses its engine is done again, and stands as done once', async () => {
      const one = task('console.log("on"); const from = Date.now(); while (Date.now() - from < 600); 42');
      const done = subject.dispatcher.submit(one);
      await begun(one);
      signal(engines(), 'SIGKILL');
      expect(loadValue((await done).outputs.value!.ref!, subject.blobs)).toBe(42);
      expect(eventsOf(one).filter((event) => event === 'dispatch').length).toBe(2);
      expect(eventsOf(one)).toContain('again');
    });

    test('W8 one that loses three is set aside as poison, and the next one is done', async () => {
      const one = task(ENDLESS);
      const done = subject.dispatcher.submit(one).then(() => undefined, (error: unknown) => error);
      for (let times = 1; times <= 3; times++) {
        await begun(one, times);
        signal(engines(), 'SIGKILL');
      }
      expect(await done).toMatchObject({ code: 'poison', message: expect.stringMatching(/set aside.*The last one: .*engine ended unexpectedly/) as string });
      expect(eventsOf(one)).toContain('poison');
      expect((await subject.dispatcher.submit(task('1'))).error).toBeUndefined();
    });

    test('W9 an effect that loses its engine is lost, and is not done again', async () => {
      const one = task(ENDLESS, {}, { once: true });
      const done = subject.dispatcher.submit(one).then(() => undefined, (error: unknown) => error);
      await begun(one);
      signal(engines(), 'SIGKILL');
      expect(await done).toMatchObject({ code: 'lost' });
      expect(eventsOf(one).filter((event) => event === 'dispatch').length).toBe(1);
    });

    test('W13 two are done at a time, and seen so', async () => {
      const all = [ENDLESS, ENDLESS, ENDLESS].map((code) => task(code));
      const done = all.map((one) => subject.dispatcher.submit(one).catch((error: { code: string }) => error.code));
      await Promise.all([begun(all[0]!), begun(all[1]!)]);
      const busy = subject.dispatcher.workers().filter(({ state }) => state === 'busy');
      expect(busy.map(({ task: of }) => of).sort()).toEqual([all[0]!.id, all[1]!.id].sort());
      expect(busy.every((view) => view.class === 'javascript' && view.epoch !== undefined)).toBe(true);
      expect(all[2]!.said).toEqual([]);
      for (const { id } of all) subject.dispatcher.cancel(id, 'a test');
      expect(await Promise.all(done)).toEqual(['cancelled', 'cancelled', 'cancelled']);
    });

    test('W1 closing cancels what is under way, ends the engines, and takes nothing more', async () => {
      const { dispatcher, blobs, end } = await begin();
      const before = engines();
      const one = taskOf(blobs, ENDLESS);
      const done = dispatcher.submit(one).catch((error: { code: string }) => error.code);
      await begun(one);
      await dispatcher.close();
      expect(await done).toBe('cancelled');
      await expect(dispatcher.submit(taskOf(blobs, '1'))).rejects.toMatchObject({ code: 'unavailable' });
      await end();
      expect(engines().filter((pid) => !before.includes(pid))).toEqual([]);
    });
  });
}

/** The name under which a value would be kept. */
const storeHash = (value: unknown): string => storeValue(value, memoryBlobs()).ref!.hash;
