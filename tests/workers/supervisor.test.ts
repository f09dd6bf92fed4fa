/** The supervisor by hand: each rule of the link by what it answers. */
import { describe, expect, test } from 'vitest';
import { TIMING } from '../../runtime/workers/link/timing.ts';
import type { SupervisorAction, SupervisorEvent } from '../../runtime/workers/link/supervisor-types.ts';
import { Supervised } from './supervised.ts';

const ERROR = { code: 'exception', message: 'It went wrong.' } as const;

describe('W1 leases', () => {
  test('W1 a result under its lease is committed, then settled, then answered', () => {
    const link = new Supervised();
    link.leased();
    expect(link.of('dispatch')).toEqual([{ type: 'dispatch', identity: 'python-1:1', worker: 'python-1', task: 'a', key: 'key of a', epoch: 1 }]);
    link.forget();
    link.result('a', 1);
    expect(link.of('commit')).toEqual([{ type: 'commit', identity: 'python-1:1', worker: 'python-1', task: 'a', epoch: 1, payload: { of: 'a' } }]);
    expect(link.of('settle')).toEqual([]);
    expect(link.of('send').map(({ message }) => message.type)).not.toContain('settled');
    link.say({ type: 'committed', task: 'a', epoch: 1 });
    expect(link.of('settle')).toEqual([{ type: 'settle', task: 'a' }]);
    expect(link.of('send').map(({ message }) => message)).toContainEqual({ type: 'settled', task: 'a', epoch: 1, accepted: true });
  });

  test('W1 the next task is dispatched while the last result is being kept', () => {
    const link = new Supervised();
    link.leased();
    link.submit('b');
    expect(link.result('a', 1).map(({ type }) => type)).toEqual(expect.arrayContaining(['commit', 'dispatch']));
  });

  test.each([
    ['an old epoch', 'a', 0, 'python-1:1'],
    ['a new epoch', 'a', 2, 'python-1:1'],
    ['another task', 'b', 1, 'python-1:1'],
    ['another worker', 'a', 1, 'python-2:1'],
  ])('W1 a result with %s is refused, and nothing of it is kept', (_, task, epoch, identity) => {
    const link = new Supervised();
    link.say({ type: 'limits', class: 'python', most: 2, warm: 1 });
    link.leased('a', {}, { most: 2 });
    link.say({ type: 'limits', class: 'python', most: 2, warm: 1 });
    link.ready('python-2');
    link.forget();
    link.result(task, epoch, identity);
    expect(link.of('commit')).toEqual([]);
    expect(link.of('settle')).toEqual([]);
    expect(link.of('send')).toEqual([{ type: 'send', identity, message: { type: 'settled', task, epoch, accepted: false } }]);
    expect(link.notes('refused')).toHaveLength(1);
    expect(link.worker('python-1')).toMatchObject({ state: 'busy', task: 'a', epoch: 1 });
  });

  test('W1 a result that comes twice is committed once, and its answer is given again', () => {
    const link = new Supervised();
    link.leased();
    link.result('a', 1);
    link.result('a', 1);
    link.say({ type: 'committed', task: 'a', epoch: 1 });
    link.forget();
    link.result('a', 1);
    expect(link.of('commit')).toEqual([]);
    expect(link.of('send').map(({ message }) => message)).toEqual([{ type: 'settled', task: 'a', epoch: 1, accepted: true }]);
    expect(link.notes('refused')).toEqual([]);
  });

  test('W1 a stopped worker that wakes up after its death gets its late result refused', () => {
    const link = new Supervised();
    link.leased('a', {}, { most: 2 });
    link.quiet(4_000);
    link.ready('python-2');
    expect(link.of('dispatch').map(({ worker, epoch }) => [worker, epoch])).toEqual([['python-1', 1], ['python-2', 2]]);
    link.forget();
    link.result('a', 1, 'python-1:1');
    expect(link.of('commit')).toEqual([]);
    expect(link.of('send').map(({ message }) => message)).toEqual(expect.arrayContaining([{ type: 'settled', task: 'a', epoch: 1, accepted: false }, { type: 'resync' }]));
    expect(link.notes('refused')[0]).toContain('nothing of it is kept');
    link.ready('python-1');
    expect(link.worker('python-1')!.state).toBe('idle');
    link.result('a', 2, 'python-2:1');
    expect(link.of('commit')).toHaveLength(1);
  });

  test('W1 a worker that comes back while its result is being kept is not answered before that is done', () => {
    const link = new Supervised();
    link.leased();
    link.result('a', 1);
    link.forget();
    link.ready('python-1', { turn: 2, tasks: [{ task: 'a', key: 'key of a', epoch: 1, state: 'done' }] });
    link.result('a', 1, 'python-1:2');
    expect(link.of('send').map(({ message }) => message.type)).not.toContain('settled');
    expect(link.worker('python-1')!.state).toBe('idle');
    link.say({ type: 'committed', task: 'a', epoch: 1 });
    expect(link.of('send').at(-1)).toEqual({ type: 'send', identity: 'python-1:2', message: { type: 'settled', task: 'a', epoch: 1, accepted: true } });
  });

  test('W1 what could not be kept fails the task with the reason', () => {
    const link = new Supervised();
    link.leased();
    link.result('a', 1);
    link.say({ type: 'committed', task: 'a', epoch: 1, error: { code: 'disk-full', message: 'There is no room.' } });
    expect(link.of('settle')).toEqual([{ type: 'settle', task: 'a', error: { code: 'disk-full', message: 'There is no room.' } }]);
  });

  test('W1 an error of the step is its end', () => {
    const link = new Supervised();
    link.leased();
    link.hear('python-1:1', { type: 'result', task: 'a', epoch: 1, error: ERROR });
    expect(link.of('settle')).toEqual([{ type: 'settle', task: 'a', error: ERROR }]);
    expect(link.worker('python-1')).toMatchObject({ state: 'idle', done: 1 });
  });

  test('W1 an order that got lost is told again under the same epoch', () => {
    const link = new Supervised();
    link.submit('a');
    link.ready('python-1');
    link.pass(2_000);
    expect(link.of('dispatch')).toHaveLength(1);
    link.pass(2_000);
    expect(link.of('dispatch').map(({ epoch }) => epoch)).toEqual([1, 1]);
    link.hear('python-1:1', { type: 'begun', task: 'a', epoch: 1 });
    link.pass(4_000);
    expect(link.of('dispatch')).toHaveLength(2);
  });
});

test('W1 an order of which a worker no longer speaks is asked for, and given again', () => {
  const link = new Supervised();
  link.leased();
  link.pass(4_000, { task: 'a', progress: 1 });
  expect(link.of('send').map(({ message }) => message.type)).not.toContain('resync');
  link.pass(4_000);
  expect(link.of('send').map(({ message }) => message.type)).toContain('resync');
  link.ready('python-1', { tasks: [{ task: 'a', key: 'key of a', epoch: 1, state: 'done' }] });
  expect(link.of('dispatch')).toHaveLength(1);
  link.ready('python-1');
  expect(link.of('dispatch').map(({ epoch }) => epoch)).toEqual([1, 2]);
});

describe('W2 liveness', () => {
  test('W2 three silent intervals are death; the task goes to another worker under a new epoch', () => {
    const link = new Supervised();
    link.leased('monthly');
    link.quiet(2_900);
    expect(link.worker('python-1')!.state).toBe('silent');
    link.quiet(100);
    expect(link.worker('python-1')!.state).toBe('dead');
    expect(link.notes('dead')).toEqual(['Worker python-1 was silent for 3 s (stopped, or its machine is gone). It had `monthly`.']);
    expect(link.of('spawn').map(({ worker }) => worker)).toEqual(['python-1', 'python-2']);
    link.ready('python-2');
    expect(link.of('dispatch').at(-1)).toMatchObject({ worker: 'python-2', task: 'monthly', epoch: 2 });
  });

  test.each([
    ['a heartbeat', { type: 'heartbeat', vital: { progress: 1, memory: 1 } }],
    ['a line of output', { type: 'stream', task: 'a', epoch: 1, stream: 'stdout', text: 'x' }],
    ['a record for the journal', { type: 'log', record: {} }],
    ['the end of another task', { type: 'result', task: 'old', epoch: 1, payload: {} }],
  ] as const)('W2 %s counts as a heartbeat', (_, message) => {
    const link = new Supervised();
    link.leased();
    for (let turn = 0; turn < 5; turn += 1) {
      link.quiet(2_500);
      link.hear('python-1:1', message);
    }
    expect(link.notes('dead')).toEqual([]);
  });

  test('W2 the dead are purged before a dispatch, also where no tick came first', () => {
    const link = new Supervised({ timing: { ...TIMING, lag: 1e9 } });
    link.leased();
    link.result('a', 1);
    link.forget();
    link.at += 3_000;
    link.submit('b');
    expect(link.of('dispatch')).toEqual([]);
    expect(link.worker('python-1')!.state).toBe('dead');
  });

  test('W2 the end of a process is its death at once', () => {
    const link = new Supervised();
    link.leased();
    link.say({ type: 'exited', worker: 'python-1', code: null, signal: 'SIGKILL' });
    expect(link.of('spawn')).toHaveLength(2);
    expect(link.notes('dead')[0]).toBe('Worker python-1 is gone: it was ended by SIGKILL. It had `a`.');
  });

  test('W2 workers are sent heartbeats while nothing else is said', () => {
    const link = new Supervised();
    link.leased();
    link.forget();
    link.pass(5_000);
    expect(link.of('send').filter(({ message }) => message.type === 'heartbeat').length).toBeGreaterThanOrEqual(4);
  });

  test('W2 a worker that cannot be reached gets nothing until it speaks', () => {
    const link = new Supervised();
    link.leased();
    link.result('a', 1);
    link.say({ type: 'unreachable', identity: 'python-1:1' });
    link.submit('b');
    expect(link.of('dispatch')).toHaveLength(1);
    expect(link.worker('python-1')!.state).toBe('silent');
    link.ready('python-1', { turn: 2 });
    expect(link.of('dispatch').at(-1)).toMatchObject({ task: 'b', identity: 'python-1:2' });
  });

  test('W2 one that stays silent is ended in the end', () => {
    const link = new Supervised();
    link.leased();
    link.quiet(TIMING.orphan + 4_000);
    expect(link.of('kill').map(({ worker }) => worker)).toContain('python-1');
  });
});

describe('W4 READY and RESYNC', () => {
  test('W4 a heartbeat of an unknown worker is answered with RESYNC, at most every half interval', () => {
    const link = new Supervised();
    for (let turn = 0; turn < 10; turn += 1) link.hear('python-9:4', { type: 'heartbeat', vital: { progress: 0, memory: 0 } });
    expect(link.of('send')).toEqual([{ type: 'send', identity: 'python-9:4', message: { type: 'resync' } }]);
    link.ready('python-9', { turn: 4 });
    expect(link.worker('python-9')).toMatchObject({ state: 'idle', class: 'python' });
  });

  test('W4 a new identity takes the place of the old one, which is not listened to any more', () => {
    const link = new Supervised();
    link.leased();
    link.ready('python-1', { turn: 2, tasks: [{ task: 'a', key: 'key of a', epoch: 1, state: 'computing' }] });
    link.forget();
    link.result('a', 1, 'python-1:1');
    expect(link.actions).toEqual([]);
    link.result('a', 1, 'python-1:2');
    expect(link.of('commit')).toHaveLength(1);
  });

  test('W4 a worker that came back without its order is told again; one that lost it has lost it', () => {
    const link = new Supervised();
    link.submit('a');
    link.ready('python-1');
    link.ready('python-1', { turn: 2 });
    expect(link.of('dispatch').map(({ identity, epoch }) => [identity, epoch])).toEqual([['python-1:1', 1], ['python-1:2', 1]]);
    link.hear('python-1:2', { type: 'begun', task: 'a', epoch: 1 });
    link.ready('python-1', { turn: 3 });
    expect(link.of('dispatch').at(-1)).toMatchObject({ identity: 'python-1:3', epoch: 2 });
  });

  test('W4 READY that never comes ends the process, and three such rounds make the class unavailable', () => {
    const link = new Supervised();
    link.submit('a');
    link.quiet(TIMING.start * 3 + 10_000);
    expect(link.of('kill').length).toBeGreaterThanOrEqual(3);
    const [end] = link.of('settle');
    expect(end?.error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('did not say that it is ready within 30 s') });
  });

  test('W15 a worker that waits for room has not failed to start; its time begins with its process', () => {
    const { supervisor } = new Supervised();
    const handle = (at: number, event: object): SupervisorAction[] => [...supervisor.handle({ at, ...event } as SupervisorEvent)];
    handle(0, { type: 'limits', class: 'python', most: 1, warm: 0 });
    handle(0, { type: 'submit', task: { task: 'a', key: 'a', class: 'python', once: false } });
    expect(supervisor.nextTick()).toBeUndefined();
    for (let at = 0; at < 600_000; at += 200) expect(handle(at, { type: 'tick' })).toEqual([]);
    handle(600_000, { type: 'spawned', worker: 'python-1', pid: 7 });
    expect(supervisor.nextTick()).toBe(600_000 + TIMING.start);
    expect(handle(600_000 + TIMING.start, { type: 'tick' })).toContainEqual(expect.objectContaining({ type: 'kill', worker: 'python-1' }));
  });

  test('W4 starts that fail are tried again with a growing pause; fifty that fail at once are one failure', () => {
    const link = new Supervised();
    link.say({ type: 'limits', class: 'python', most: 50, warm: 0 });
    for (let n = 0; n < 50; n += 1) link.submit(`t${n}`);
    const storm = link.of('spawn');
    expect(storm).toHaveLength(50);
    for (const { worker } of storm) link.say({ type: 'exited', worker, code: 1, signal: null });
    expect(link.of('spawn')).toHaveLength(50);
    expect(link.of('settle')).toEqual([]);
    link.quiet(1_000);
    expect(link.of('spawn')).toHaveLength(51);
    link.say({ type: 'spawn-failed', worker: link.of('spawn').at(-1)!.worker, reason: 'there is no such program' });
    link.quiet(1_900);
    expect(link.of('spawn')).toHaveLength(51);
    link.quiet(200);
    link.say({ type: 'exited', worker: link.of('spawn').at(-1)!.worker, code: 1, signal: null });
    expect(link.of('settle')).toHaveLength(50);
    expect(link.of('settle')[0]!.error).toMatchObject({ code: 'unavailable' });
  });

  test('W4 workers are started as tasks wait, up to the most, with spares for a class that was used, and end when they are idle', () => {
    const link = new Supervised();
    link.say({ type: 'limits', class: 'python', most: 3, warm: 1 });
    link.pass(1_000);
    expect(link.of('spawn')).toEqual([]);
    link.submit('a');
    expect(link.of('spawn')).toHaveLength(1);
    for (const task of ['b', 'c', 'd', 'e']) link.submit(task);
    expect(link.of('spawn')).toHaveLength(3);
    for (const n of [1, 2, 3]) link.ready(`python-${n}`);
    for (let left = 5; left > 0; left -= 1) {
      const { task, epoch, identity } = link.of('dispatch')[5 - left]!;
      link.result(task, epoch, identity);
      link.say({ type: 'committed', task, epoch });
    }
    expect(link.of('settle')).toHaveLength(5);
    link.pass(TIMING.idle + 1_000);
    expect(link.of('send').filter(({ message }) => message.type === 'stop')).toHaveLength(2);
  });

  test('W4 a spare does not compete with the start of the first worker: it begins when that is at work', () => {
    const link = new Supervised();
    link.say({ type: 'limits', class: 'python', most: 2, warm: 1 });
    link.submit('a');
    link.ready('python-1');
    expect(link.of('spawn')).toHaveLength(1);
    link.pass(1_000, { task: 'a', progress: 1 });
    expect(link.of('spawn')).toHaveLength(2);
    const quick = new Supervised();
    quick.leased('a', {}, { most: 2 });
    quick.say({ type: 'limits', class: 'python', most: 2, warm: 1 });
    quick.result('a', 1);
    quick.say({ type: 'committed', task: 'a', epoch: 1 });
    expect(quick.of('spawn')).toHaveLength(1); // an idle one is as good as a spare
    quick.submit('b');
    expect(quick.of('spawn')).toHaveLength(2);
  });

  test('W4 fewer workers are allowed: those that are idle end at once', () => {
    const link = new Supervised();
    link.leased();
    link.result('a', 1);
    link.say({ type: 'committed', task: 'a', epoch: 1 });
    link.say({ type: 'limits', class: 'python', most: 0, warm: 0 });
    link.pass(10);
    expect(link.of('send').at(-1)!.message).toEqual({ type: 'stop' });
    link.hear('python-1:1', { type: 'goodbye' });
    link.say({ type: 'exited', worker: 'python-1', code: 0, signal: null });
    expect(link.of('kill')).toEqual([]);
    link.submit('b');
    expect(link.of('spawn')).toHaveLength(1);
  });
});

describe('W5 our own clock', () => {
  test.each([['a busy loop of five seconds', 5_000], ['a night of sleep', 8 * 3_600_000], ['a clock that jumps a day', 86_400_000]])('W5 after %s nobody is declared dead', (_, late) => {
    const link = new Supervised();
    link.leased();
    link.pass(1_000);
    link.at += late;
    link.say({ type: 'tick' });
    expect(link.notes('lag')).toHaveLength(1);
    expect(link.notes('dead')).toEqual([]);
    link.pass(500);
    expect(link.worker('python-1')!.state).toBe('busy');
    // Workers may be in a pause by now that is as long as our silence was; those that are gone are found out after that.
    link.quiet(3_000 + 1.25 * Math.min(late, TIMING.backOff.longest));
    expect(link.notes('dead')).toHaveLength(1);
  });

  test('W5 after a short delay of our own a deadline is put off by just that', () => {
    const link = new Supervised();
    link.leased();
    link.at += 2_500;
    link.say({ type: 'tick' });
    expect(link.notes('lag')).toHaveLength(1);
    link.quiet(1_900);
    expect(link.notes('dead')).toEqual([]);
    link.quiet(200);
    expect(link.notes('dead')).toHaveLength(1);
  });

  test('W5 time that goes back is time that stands', () => {
    const link = new Supervised();
    link.leased();
    link.at -= 900;
    link.say({ type: 'tick' });
    link.result('a', 1);
    expect(link.of('commit')).toHaveLength(1);
  });
});

describe('W6 busy, hung and dead', () => {
  test('W6 busy, hung, silent and dead are told apart', () => {
    const link = new Supervised();
    link.leased();
    link.pass(2_000, { task: 'a', progress: 7 });
    expect(link.worker('python-1')!.state).toBe('busy');
    link.pass(TIMING.hung, { task: 'a', progress: 7 });
    expect(link.worker('python-1')!.state).toBe('hung');
    expect(link.notes('hung')).toEqual(['Worker python-1 answers, but its computation of `a` has made no progress for 5 s.']);
    expect(link.of('kill')).toEqual([]);
    link.pass(1_000, { task: 'a', progress: 8 });
    expect(link.worker('python-1')!.state).toBe('busy');
    expect(link.notes('moving')).toHaveLength(1);
    link.quiet(2_000);
    expect(link.worker('python-1')!.state).toBe('silent');
    link.quiet(1_000);
    expect(link.worker('python-1')!.state).toBe('dead');
  });

  test('W6 where progress cannot be seen nobody is called hung', () => {
    const link = new Supervised();
    link.leased();
    link.pass(20_000, { task: 'a', progress: 0 });
    expect(link.worker('python-1')!.state).toBe('busy');
  });
});

describe('W7 escalation', () => {
  test('W7 a task is interrupted, then its child is killed, then its worker; it settles when that is gone', () => {
    const link = new Supervised();
    link.leased();
    link.forget();
    link.say({ type: 'cancel', task: 'a', reason: 'asked for' });
    const cancels = (): unknown[] => link.of('send').map(({ message }) => message).filter(({ type }) => type === 'cancel').map((message) => 'how' in message && message.how);
    expect(cancels()).toEqual(['soft']);
    link.pass(TIMING.escalation);
    expect(cancels()).toEqual(['soft', 'hard']);
    expect(link.of('kill')).toEqual([]);
    link.pass(TIMING.escalation);
    expect(link.of('kill')).toHaveLength(1);
    expect(link.of('settle')).toEqual([]);
    link.say({ type: 'exited', worker: 'python-1', code: null, signal: 'SIGKILL' });
    expect(link.of('settle')).toMatchObject([{ task: 'a', error: { code: 'cancelled' } }]);
    expect(link.of('spawn')).toEqual([]);
  });

  test('W7 a task that is called off settles as such, whatever its worker answers', () => {
    const link = new Supervised();
    link.leased();
    link.say({ type: 'cancel', task: 'a', reason: 'asked for' });
    link.result('a', 1);
    expect(link.of('commit')).toEqual([]);
    expect(link.of('settle')).toMatchObject([{ task: 'a', error: { code: 'cancelled' } }]);
    expect(link.of('send').at(-1)!.message).toEqual({ type: 'settled', task: 'a', epoch: 1, accepted: false });
  });

  test('W7 a task that waits is called off at once, an unknown one is nothing, one that is being kept stays', () => {
    const link = new Supervised();
    link.submit('a');
    link.say({ type: 'cancel', task: 'a', reason: 'asked for' });
    link.say({ type: 'cancel', task: 'nobody', reason: 'asked for' });
    expect(link.of('settle')).toHaveLength(1);
    link.ready('python-1');
    link.submit('b');
    link.result('b', 1);
    link.say({ type: 'cancel', task: 'b', reason: 'asked for' });
    link.say({ type: 'committed', task: 'b', epoch: 1 });
    expect(link.of('settle').at(-1)).toEqual({ type: 'settle', task: 'b' });
  });

  test('W7 close calls off everything, tells everyone to stop, and ends those who do not', () => {
    const link = new Supervised();
    link.leased('a', {}, { most: 2 });
    link.submit('b');
    link.submit('c');
    link.ready('python-2');
    link.say({ type: 'close' });
    expect(link.of('settle').map(({ task }) => task)).toEqual(['c']);
    link.result('a', 1);
    link.result('b', 1, 'python-2:1');
    expect(link.of('settle').map(({ task, error }) => [task, error?.code])).toEqual([['c', 'cancelled'], ['a', 'cancelled'], ['b', 'cancelled']]);
    expect(link.of('send').filter(({ message }) => message.type === 'stop')).toHaveLength(2);
    link.say({ type: 'exited', worker: 'python-1', code: 0, signal: null });
    link.quiet(2_000);
    expect(link.of('kill').map(({ worker }) => worker)).toEqual(['python-2']);
    link.say({ type: 'exited', worker: 'python-2', code: null, signal: 'SIGKILL' });
    expect(link.supervisor.nextTick()).toBeUndefined();
    link.submit('d');
    expect(link.of('settle').at(-1)).toMatchObject({ task: 'd', error: { code: 'cancelled' } });
  });
});

describe('W8 poison', () => {
  test('W8 three workers killed by one task set it aside; the others go on', () => {
    const link = new Supervised();
    link.leased('bad');
    link.submit('good');
    for (let n = 1; n <= 3; n += 1) {
      if (n > 1) link.ready(`python-${n}`);
      expect(link.of('dispatch').at(-1)).toMatchObject({ task: 'bad', epoch: n });
      link.say({ type: 'exited', worker: `python-${n}`, code: null, signal: 'SIGSEGV' });
    }
    const [end] = link.of('settle');
    expect(end).toMatchObject({ task: 'bad', error: { code: 'poison', data: { deaths: [1, 2, 3].map((n) => `Worker python-${n} is gone: it was ended by SIGSEGV.`) } } });
    expect(end!.error!.message).toMatch(/The last one: Worker python-3 is gone: it was ended by SIGSEGV\. Look/);
    expect(end!.error!.message).not.toContain('memory');
    link.ready('python-4');
    expect(link.of('dispatch').at(-1)).toMatchObject({ task: 'good' });
  });

  test('W8 three lost compute children are poison too, and their worker lives', () => {
    const link = new Supervised();
    link.leased();
    for (let epoch = 1; epoch <= 3; epoch += 1) link.hear('python-1:1', { type: 'result', task: 'a', epoch, error: { code: 'lost', message: 'It was ended by SIGKILL.' } });
    expect(link.of('dispatch').map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    expect(link.of('settle')).toMatchObject([{ error: { code: 'poison', message: expect.stringMatching(/The last one: .*It was ended by SIGKILL\..*memory=/) as string } }]);
    expect(link.worker('python-1')!.state).toBe('idle');
  });

  test('W8 a worker that ends in order gives its task back, and nobody is blamed', () => {
    const link = new Supervised();
    link.leased();
    for (let n = 1; n <= 5; n += 1) {
      link.hear(`python-${n}:1`, { type: 'goodbye' });
      link.say({ type: 'exited', worker: `python-${n}`, code: 0, signal: null });
      link.ready(`python-${n + 1}`);
    }
    expect(link.of('settle')).toEqual([]);
    expect(link.of('dispatch').at(-1)).toMatchObject({ epoch: 6 });
  });
});

describe('W9 effects', () => {
  test.each(['exit', 'silence', 'child', 'goodbye'])('W9 an effect whose worker is lost by %s is lost, and never dispatched again', (how) => {
    const link = new Supervised();
    link.leased('send', { once: true });
    if (how === 'exit') link.say({ type: 'exited', worker: 'python-1', code: 1, signal: null });
    else if (how === 'silence') link.quiet(3_000);
    else if (how === 'child') link.hear('python-1:1', { type: 'result', task: 'send', epoch: 1, error: { code: 'lost', message: 'It was ended.' } });
    else link.hear('python-1:1', { type: 'goodbye' });
    expect(link.of('settle')).toMatchObject([{ task: 'send', error: { code: 'lost' } }]);
    link.quiet(5_000);
    expect(link.of('dispatch')).toHaveLength(1);
  });
});

describe('W10 bad peers', () => {
  test('W10 a worker that talks nonsense is ended, and nobody else suffers', () => {
    const link = new Supervised();
    link.leased('a', {}, { most: 2 });
    link.submit('b');
    link.ready('python-2');
    link.say({ type: 'nonsense', identity: 'python-1:1', reason: 'its JSON cannot be read' });
    link.say({ type: 'nonsense', identity: 'python-1:1', reason: 'its JSON cannot be read' });
    expect(link.of('kill').map(({ worker }) => worker)).toEqual(['python-1']);
    expect(link.notes('nonsense')).toEqual(['Worker python-1 said what no worker says: its JSON cannot be read. It is ended.']);
    link.result('a', 1, 'python-1:1');
    expect(link.of('commit')).toEqual([]);
    expect(link.worker('python-2')!.state).toBe('busy');
  });

  test('W10 a peer that claims to be another worker is not listened to, and that worker goes on', () => {
    const link = new Supervised();
    link.leased();
    link.forget();
    link.ready('python-1', { turn: 7, pid: 66_666 });
    link.result('a', 1, 'python-1:7');
    link.hear('evil:1', { type: 'ready', worker: 'python-1', class: 'python', pid: 1, versions: {}, capabilities: [], tasks: [] });
    expect(link.notes('nonsense')).toHaveLength(2);
    expect(link.of('kill')).toEqual([]);
    expect(link.of('commit')).toEqual([]);
    link.result('a', 1);
    expect(link.of('commit')).toHaveLength(1);
  });

  test('W10 whoever is faster than the process that we started is found out by its number', () => {
    const link = new Supervised();
    link.submit('a');
    link.pids.set('python-2', 0);
    link.say({ type: 'exited', worker: 'python-1', code: 1, signal: null });
    link.quiet(1_000);
    link.ready('python-2', { pid: 66 });
    link.say({ type: 'spawned', worker: 'python-2', pid: 67 });
    expect(link.notes('nonsense')).toHaveLength(1);
    link.pids.set('python-2', 67);
    link.ready('python-2', { turn: 2 });
    expect(link.of('dispatch').at(-1)).toMatchObject({ identity: 'python-2:2' });
  });

  test('W10 an identity that is none is not answered', () => {
    const link = new Supervised();
    link.hear('\u0000\uffff', { type: 'heartbeat', vital: { progress: 0, memory: 0 } });
    expect(link.of('send')).toEqual([]);
    expect(link.notes('nonsense')).toHaveLength(1);
  });
});

describe('W11 a coordinator that came back', () => {
  const told = (state: 'computing' | 'done'): { task: string; key: string; epoch: number; state: 'computing' | 'done' } => ({ task: 'old', key: 'key of a', epoch: 4, state });

  test.each(['computing', 'done'] as const)('W11 work that is %s is taken over by key, also when it is told first', (state) => {
    for (const first of ['submit', 'ready']) {
      const link = new Supervised();
      if (first === 'submit') link.submit('a');
      link.ready('orphan-1', { tasks: [told(state)], pid: 9 });
      if (first === 'ready') link.submit('a');
      expect(link.of('dispatch')).toEqual([]);
      expect(link.of('send').map(({ message }) => message)).toEqual([{ type: 'adopt', was: 'old', task: 'a', epoch: 1 }]);
      link.result('a', 1, 'orphan-1:1');
      expect(link.of('commit')).toMatchObject([{ task: 'a', epoch: 1 }]);
      link.say({ type: 'committed', task: 'a', epoch: 1 });
      expect(link.of('settle')).toEqual([{ type: 'settle', task: 'a' }]);
    }
  });

  test('W11 a result that crosses with its new name is taken', () => {
    const link = new Supervised();
    link.submit('a');
    link.ready('orphan-1', { tasks: [told('done')], pid: 9 });
    link.result('old', 4, 'orphan-1:1');
    expect(link.of('commit')).toMatchObject([{ task: 'a', epoch: 1 }]);
    link.result('a', 1, 'orphan-1:1');
    expect(link.of('commit')).toHaveLength(1);
    link.say({ type: 'committed', task: 'a', epoch: 1 });
    expect(link.of('send').map(({ message }) => message)).toEqual(expect.arrayContaining([{ type: 'settled', task: 'a', epoch: 1, accepted: true }, { type: 'settled', task: 'old', epoch: 4, accepted: true }]));
  });

  test('W11 tasks wait a moment for workers that are known to live, then go on', () => {
    const link = new Supervised({ expect: ['orphan-1', 'orphan-2'] });
    link.submit('a');
    link.submit('b');
    link.ready('orphan-1', { pid: 9 });
    expect(link.of('dispatch')).toEqual([]);
    expect(link.of('spawn')).toEqual([]);
    link.ready('orphan-2', { tasks: [told('computing')], pid: 10 });
    expect(link.of('send').map(({ message }) => message)).toContainEqual({ type: 'adopt', was: 'old', task: 'a', epoch: 1 });
    expect(link.of('dispatch')).toMatchObject([{ worker: 'orphan-1', task: 'b' }]);
    const other = new Supervised({ expect: ['orphan-1'] });
    other.submit('a');
    other.quiet(1_900);
    expect(other.of('spawn')).toEqual([]);
    other.quiet(100);
    expect(other.of('spawn')).toHaveLength(1);
  });

  test('W11 a worker that has several pieces of work gets them claimed one after the other, and nobody else does them', () => {
    const link = new Supervised();
    link.say({ type: 'limits', class: 'python', most: 3, warm: 0 });
    link.ready('orphan-2', { pid: 10 });
    link.ready('orphan-1', { tasks: [told('done'), { ...told('computing'), task: 'old b', key: 'key of b' }], pid: 9 });
    link.submit('b');
    link.submit('a');
    expect(link.of('dispatch')).toEqual([]);
    link.result('b', 1, 'orphan-1:1');
    link.result('a', 1, 'orphan-1:1');
    expect(link.of('commit').map(({ task }) => task)).toEqual(['b', 'a']);
    expect(link.of('dispatch')).toEqual([]);
  });

  test('W11 what nobody asks for is called off, and its worker serves again', () => {
    const link = new Supervised();
    link.ready('orphan-1', { tasks: [told('computing')], pid: 9 });
    expect(link.worker('orphan-1')!.state).toBe('busy');
    link.submit('other', { key: 'another' });
    link.pass(TIMING.orphan);
    expect(link.of('send').map(({ message }) => message)).toContainEqual({ type: 'cancel', task: 'old', epoch: 4, how: 'hard', reason: 'Its lease is void.' });
    link.hear('orphan-1:1', { type: 'result', task: 'old', epoch: 4, error: { code: 'cancelled', message: 'It was.' } });
    expect(link.of('dispatch')).toMatchObject([{ worker: 'orphan-1', task: 'other' }]);
  });

  test('W11 a worker that no longer has what it told of blames nobody', () => {
    const link = new Supervised();
    link.submit('a');
    link.ready('orphan-1', { tasks: [told('computing')], pid: 9 });
    link.hear('orphan-1:1', { type: 'result', task: 'a', epoch: 1, error: { code: 'lost', message: 'Not here.', data: { absent: true } } });
    expect(link.of('dispatch')).toMatchObject([{ worker: 'orphan-1', task: 'a', epoch: 2 }]);
  });
});
