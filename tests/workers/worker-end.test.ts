/** The worker's end by hand. */
import { describe, expect, test } from 'vitest';
import type { FromWorker, ToWorker } from '../../runtime/workers/link/messages.ts';
import { TIMING } from '../../runtime/workers/link/timing.ts';
import { createWorkerEnd } from '../../runtime/workers/link/worker-end.ts';
import type { WorkerAction, WorkerEvent } from '../../runtime/workers/link/worker-types.ts';

type Event = WorkerEvent extends infer Each ? Each extends { readonly at: number } ? Omit<Each, 'at'> : never : never;

class Worker {
  readonly end;
  at = 0;
  actions: WorkerAction[] = [];

  constructor(random = 0.5) {
    this.end = createWorkerEnd({ worker: 'python-1', class: 'python', pid: 7, versions: { node: '26' }, capabilities: ['snapshot'], random: () => random });
    this.actions.push(...this.end.start(this.at));
  }

  say(event: Event): WorkerAction[] {
    const said = this.end.handle({ ...event, at: this.at } as WorkerEvent);
    this.actions.push(...said);
    return [...said];
  }

  hear(message: ToWorker): WorkerAction[] { return this.say({ type: 'message', message }); }
  task(task: string, epoch = 1, key = `key of ${task}`): WorkerAction[] { return this.hear({ type: 'task', task, key, epoch, payload: { of: task } }); }
  finish(task: string): WorkerAction[] { return this.say({ type: 'finished', task, payload: { done: task } }); }
  pass(ms: number, heard = false): void {
    for (const end = this.at + ms; this.at < end;) {
      this.at = Math.min(end, this.at + 500, Math.max(this.at + 1, this.end.nextTick()));
      this.say({ type: 'tick' });
      if (heard) this.hear({ type: 'heartbeat' });
    }
  }

  sent(type: FromWorker['type']): FromWorker[] { return this.actions.flatMap((action) => (action.type === 'send' && action.message.type === type ? [action.message] : [])); }
  of(type: WorkerAction['type']): WorkerAction[] { return this.actions.filter((action) => action.type === type); }
  forget(): void { this.actions = []; }
}
const result = (task: string, epoch: number): object => ({ type: 'result', task, epoch, payload: { done: task.replace(/^new /, '') } });

describe('W3 silence', () => {
  test('W3 a worker that hears nothing for three intervals drops its socket and comes back later under a new identity, each time after twice the pause', () => {
    const worker = new Worker();
    worker.hear({ type: 'heartbeat' });
    worker.task('a');
    const times: number[] = [];
    for (let before = worker.of('connect').length; times.length < 8;) {
      worker.pass(100);
      if (worker.of('connect').length === before) continue;
      before = worker.of('connect').length;
      times.push(worker.at);
    }
    expect(worker.of('connect')).toEqual(Array.from({ length: 9 }, (_, n) => ({ type: 'connect', identity: `python-1:${n + 1}` })));
    expect(worker.of('disconnect')).toHaveLength(8);
    const pauses = times.map((time, n) => time - (times[n - 1] ?? 0) - 3_000);
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 32_000, 32_000]);
  });

  test('W3 the pause has jitter', () => {
    const at = (random: number): number => {
      const worker = new Worker(random);
      while (worker.of('connect').length < 2) worker.pass(10);
      return worker.at;
    };
    expect([at(0), at(1)]).toEqual([3_800, 4_200]);
  });

  test('W3 the pause is short again after a message, not after a connect', () => {
    const worker = new Worker();
    worker.task('a');
    while (worker.of('connect').length < 4) worker.pass(100);
    worker.hear({ type: 'heartbeat' });
    const from = worker.at;
    while (worker.of('connect').length < 5) worker.pass(100);
    expect(worker.at - from).toBe(4_000);
  });

  test('W3 an invitation is followed at once, under a new identity', () => {
    const worker = new Worker();
    worker.task('a');
    worker.pass(3_100);
    worker.forget();
    expect(worker.say({ type: 'invited' }).map(({ type }) => type)).toEqual(['connect', 'send']);
  });

  test('W3 what it computes goes on while it is alone, and is told when it is back', () => {
    const worker = new Worker();
    worker.task('a');
    worker.pass(3_100);
    worker.finish('a');
    expect(worker.sent('result')).toEqual([]);
    worker.forget();
    worker.say({ type: 'invited' });
    expect(worker.sent('ready')).toMatchObject([{ tasks: [{ task: 'a', key: 'key of a', epoch: 1, state: 'done' }] }]);
    expect(worker.sent('result')).toEqual([result('a', 1)]);
  });

  test('W3 a worker that nobody wants ends; one that computes does not, until it is done', () => {
    const idle = new Worker();
    idle.hear({ type: 'heartbeat' });
    idle.pass(TIMING.orphan - 100);
    expect(idle.of('exit')).toEqual([]);
    idle.pass(200);
    expect(idle.of('exit')).toHaveLength(1);
    expect(idle.end.nextTick()).toBe(Infinity);
    const busy = new Worker();
    busy.task('a');
    busy.pass(60_000);
    expect(busy.of('exit')).toEqual([]);
    busy.finish('a');
    busy.pass(TIMING.orphan - 100);
    expect(busy.of('exit')).toEqual([]);
    busy.pass(200);
    expect(busy.actions.slice(-3).map(({ type }) => type)).toEqual(expect.arrayContaining(['forget', 'exit']));
  });

  test('W3 bytes that are no message are no sign of a coordinator', () => {
    const worker = new Worker();
    worker.task('a');
    for (let n = 0; n < 10; n += 1) {
      worker.pass(400);
      worker.say({ type: 'nonsense', reason: 'its JSON cannot be read' });
    }
    expect(worker.of('disconnect')).toHaveLength(1);
  });

  test('W5 a worker that slept gives its coordinator that time', () => {
    const worker = new Worker();
    worker.pass(1_000, true);
    worker.at += 86_400_000;
    worker.say({ type: 'tick' });
    expect(worker.of('disconnect')).toEqual([]);
    expect(worker.of('exit')).toEqual([]);
    worker.pass(4_000);
    expect(worker.of('disconnect')).toHaveLength(1);
  });
});

describe('W4 READY', () => {
  test('W4 READY comes first, and tells who it is, with versions and capabilities', () => {
    const worker = new Worker();
    expect(worker.actions).toEqual([
      { type: 'connect', identity: 'python-1:1' },
      { type: 'send', message: { type: 'ready', worker: 'python-1', class: 'python', pid: 7, versions: { node: '26' }, capabilities: ['snapshot'], tasks: [] } },
    ]);
  });

  test('W4 RESYNC is answered with READY and every result that nobody has answered', () => {
    const worker = new Worker();
    worker.task('a');
    worker.finish('a');
    worker.task('b');
    worker.forget();
    worker.hear({ type: 'resync' });
    expect(worker.sent('ready')).toMatchObject([{ tasks: [{ task: 'a', epoch: 1, state: 'done' }, { task: 'b', epoch: 1, state: 'computing' }] }]);
    expect(worker.sent('result')).toEqual([result('a', 1)]);
  });

  test('W4 a result is sent until it is answered, and then forgotten with its files', () => {
    const worker = new Worker();
    worker.task('a');
    worker.finish('a');
    worker.pass(4_000, true);
    expect(worker.sent('result')).toEqual([result('a', 1), result('a', 1)]);
    worker.hear({ type: 'settled', task: 'a', epoch: 1, accepted: true });
    expect(worker.of('forget')).toEqual([{ type: 'forget', task: 'a' }]);
    worker.pass(60_000, true);
    expect(worker.sent('result')).toHaveLength(2);
  });

  test('W4 heartbeats tell what was last seen of the child, by the name that the coordinator knows', () => {
    const worker = new Worker();
    worker.task('old', 3);
    worker.hear({ type: 'adopt', was: 'old', task: 'new', epoch: 1 });
    worker.say({ type: 'vital', vital: { task: 'old', progress: 12.4, memory: 7 } });
    worker.pass(1_000, true);
    expect(worker.sent('heartbeat')).toEqual([{ type: 'heartbeat', vital: { task: 'new', progress: 12, memory: 7 } }]);
  });
});

describe('orders', () => {
  test('W1 the same order twice is one order, also when its result was long accepted', () => {
    const worker = new Worker();
    worker.task('a');
    worker.task('a');
    worker.finish('a');
    worker.task('a');
    worker.hear({ type: 'settled', task: 'a', epoch: 1, accepted: true });
    worker.task('a');
    expect(worker.of('compute')).toEqual([{ type: 'compute', task: 'a', payload: { of: 'a' } }]);
  });

  test('W1 one task computes at a time; the next begins when it ends', () => {
    const worker = new Worker();
    worker.task('a');
    worker.task('b');
    expect(worker.of('compute')).toHaveLength(1);
    worker.finish('a');
    expect(worker.of('compute')).toHaveLength(2);
    for (let n = 0; n < 100; n += 1) worker.task(`t${n}`);
    worker.hear({ type: 'resync' });
    expect(worker.sent('ready').at(-1)).toMatchObject({ tasks: Array.from({ length: 10 }, () => ({ epoch: 1 })) });
  });

  test('W1 what comes of a task bears its lease', () => {
    const worker = new Worker();
    worker.task('a', 5);
    worker.say({ type: 'begun', task: 'a' });
    worker.say({ type: 'stream', task: 'a', stream: 'stdout', text: 'hello' });
    expect(worker.end.lease('a')).toEqual({ task: 'a', epoch: 5 });
    expect(worker.sent('begun')).toEqual([{ type: 'begun', task: 'a', epoch: 5 }]);
    expect(worker.sent('stream')).toEqual([{ type: 'stream', task: 'a', epoch: 5, stream: 'stdout', text: 'hello' }]);
  });

  test('W11 adopted work goes on, or its result is given, under the new name', () => {
    const worker = new Worker();
    worker.task('a', 4);
    worker.hear({ type: 'adopt', was: 'a', task: 'new a', epoch: 1 });
    expect(worker.end.lease('a')).toEqual({ task: 'new a', epoch: 1 });
    worker.finish('a');
    expect(worker.sent('result')).toEqual([result('new a', 1)]);
    worker.hear({ type: 'adopt', was: 'new a', task: 'new a', epoch: 2 });
    expect(worker.sent('result').at(-1)).toEqual(result('new a', 2));
    worker.hear({ type: 'settled', task: 'new a', epoch: 1, accepted: false });
    expect(worker.of('forget')).toEqual([]);
    worker.hear({ type: 'settled', task: 'new a', epoch: 2, accepted: true });
    expect(worker.of('forget')).toEqual([{ type: 'forget', task: 'a' }]);
    worker.task('c', 3);
    worker.hear({ type: 'adopt', was: 'c', task: 'c', epoch: 2 });
    expect(worker.end.lease('c')).toEqual({ task: 'c', epoch: 3 });
    worker.hear({ type: 'adopt', was: 'a', task: 'b', epoch: 1 });
    expect(worker.sent('result').at(-1)).toMatchObject({ task: 'b', error: { code: 'lost', data: { absent: true } } });
  });

  test('W7 a task is interrupted softly or hard, as it is told; one that only waits ends at once', () => {
    const worker = new Worker();
    worker.task('a');
    worker.task('b');
    for (const how of ['soft', 'hard'] as const) worker.hear({ type: 'cancel', task: 'a', epoch: 1, how, reason: 'asked for' });
    expect(worker.of('interrupt')).toEqual(['soft', 'hard'].map((how) => ({ type: 'interrupt', task: 'a', how, reason: 'asked for' })));
    worker.hear({ type: 'cancel', task: 'b', epoch: 1, how: 'soft', reason: 'asked for' });
    expect(worker.sent('result')).toMatchObject([{ task: 'b', error: { code: 'cancelled' } }]);
    worker.hear({ type: 'cancel', task: 'a', epoch: 9, how: 'hard', reason: 'of another lease' });
    expect(worker.of('interrupt')).toHaveLength(2);
  });

  test('W7 an order that was called off before it came is not begun', () => {
    const worker = new Worker();
    worker.hear({ type: 'cancel', task: 'a', epoch: 1, how: 'soft', reason: 'asked for' });
    expect(worker.sent('result')).toMatchObject([{ task: 'a', epoch: 1, error: { code: 'cancelled' } }]);
    worker.task('a');
    expect(worker.of('compute')).toEqual([]);
  });

  test('W7 work that is called off is not taken over; an order for it waits until it has ended', () => {
    const worker = new Worker();
    worker.task('a');
    worker.hear({ type: 'cancel', task: 'a', epoch: 1, how: 'soft', reason: 'asked for' });
    worker.hear({ type: 'adopt', was: 'a', task: 'b', epoch: 1 });
    expect(worker.sent('result')).toMatchObject([{ task: 'b', epoch: 1, error: { code: 'lost', data: { absent: true } } }]);
    worker.task('a', 2);
    expect(worker.end.lease('a')).toEqual({ task: 'a', epoch: 1 });
    worker.say({ type: 'finished', task: 'a', error: { code: 'cancelled', message: 'It was.' } });
    worker.task('a', 2);
    expect(worker.of('compute')).toHaveLength(2);
    expect(worker.of('forget')).toHaveLength(1);
    expect(worker.end.lease('a')).toEqual({ task: 'a', epoch: 2 });
  });

  test('W7 stop is answered with goodbye, and is the end', () => {
    const worker = new Worker();
    worker.task('a');
    expect(worker.hear({ type: 'stop' }).map(({ type }) => type)).toEqual(['send', 'disconnect', 'exit']);
    expect(worker.task('b')).toEqual([]);
  });
});
