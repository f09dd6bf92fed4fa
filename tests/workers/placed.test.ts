/** Placement: who does a program, as the fence, the host or the engine says; and that nobody can tell from the executor. */
import { afterAll, expect, test } from 'vitest';
import { createJavaScript } from '../../runtime/executors/javascript/javascript.node.ts';
import type { ExecuteContext, Executor, WorkerPlace } from '../../runtime/ports.ts';
import { createInProcess } from '../../runtime/workers/in-process.ts';
import { placeExecutors, type Placing } from '../../runtime/workers/placed.ts';
import { memoryBlobs } from '../support/memory-blobs.ts';
import { js } from '../support/graphs.ts';
import { programOf } from '../support/javascript.ts';
import { createBench } from '../support/workbench.ts';

const engine = createJavaScript({ concurrency: 2 });
afterAll(() => engine.close());

/** The executor placed over a dispatcher, and the tasks that got there. */
function lay(own?: WorkerPlace, worker?: WorkerPlace): { executor: Executor; sent: string[]; context: ExecuteContext } {
  const executors = new Map([['javascript', own === undefined ? engine : { ...engine, place: own }]]);
  const dispatcher = createInProcess({ executors, now: () => performance.now() });
  const sent: string[] = [];
  dispatcher.events(({ event, task }) => { if (event === 'dispatch' && task !== undefined) sent.push(task); });
  const placing: Placing = { dispatcher, most: () => 5, ...(worker === undefined ? {} : { worker }) };
  return {
    executor: placeExecutors(executors, placing).get('javascript')!, sent,
    context: { blobs: memoryBlobs(), limits: { time: 20_000, memory: 512e6, output: 1e6 }, signal: new AbortController().signal, emit: () => undefined },
  };
}

test.each<[string, own: WorkerPlace | undefined, host: WorkerPlace | undefined, fence: WorkerPlace | undefined, heavy: boolean]>([
  ['nobody says', undefined, undefined, undefined, false], ['the engine says', 'heavy', undefined, undefined, true], ['the host says, over the engine', 'heavy', 'light', undefined, false],
  ['the host says', undefined, 'heavy', undefined, true], ['the fence says, over all', 'heavy', 'heavy', 'light', false], ['the fence says', undefined, undefined, 'heavy', true],
])('W13 %s where a program is done', async (_, own, host, fence, heavy) => {
  const { executor, sent, context } = lay(own, host);
  const { outputs } = await executor.execute(programOf('6 * 7'), {}, { ...context, ...(fence === undefined ? {} : { worker: fence }) });
  expect(outputs.value!.summary.preview).toBe('42');
  expect(sent.length).toBe(heavy ? 1 : 0);
});

test('W13 a placed engine is the engine: its name, identity and readiness; as many at once as its place allows', () => {
  const { executor } = lay('heavy');
  expect([executor.engine, executor.identity(), executor.available(), executor.place, executor.concurrency]).toEqual(['javascript', engine.identity(), engine.available(), 'heavy', 5]);
  expect(lay().executor.concurrency).toBe(2);
});

test('W1 who stops a heavy program has it cancelled where it is', async () => {
  const { executor, context } = lay('heavy');
  const stop = new AbortController();
  const done = executor.execute(programOf('console.log("on"); while (true) {}'), {}, { ...context, signal: stop.signal, emit: () => { stop.abort(); } });
  await expect(done).rejects.toMatchObject({ code: 'cancelled' });
  await expect(executor.execute(programOf('1'), {}, { ...context, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
});

test('W13 `worker=heavy` on a node that uses no engine is told, and a node that has one may say it', async () => {
  const bench = createBench(['---', 'telar: 1', '---', '```text {#a .text worker=heavy}', 'hello', '```', js('b', '1', 'worker=heavy')].join('\n'));
  expect((await bench.notebook()).problems()).toMatchObject([{ node: 'a', code: 'bad-value', line: 4, message: expect.stringContaining('no engine') }]);
});
