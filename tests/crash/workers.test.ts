/**
 * B43 workers that are killed, stopped, blocked, hung, out of memory or poisoned, with real processes and the times of the design; the class is
 * JavaScript, for it starts fast. What is under way is in the store, so nothing is lost; what comes late is refused.
 */
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test, type TestContext } from 'vitest';
import { openStore } from '../../runtime/checkpoints/sqlite.node.ts';
import { createFixedGovernor } from '../../runtime/governor/fixed.ts';
import { loadValue } from '../../runtime/values/kinds.ts';
import type { DispatchEvent, Dispatcher } from '../../runtime/workers/dispatcher.ts';
import { TIMING, type Timing } from '../../runtime/workers/link/timing.ts';
import { createZeromq } from '../../runtime/workers/zeromq.node.ts';
import { fence, js } from '../support/cli.ts';
import { usePlaces } from '../support/places.ts';
import { descendants, engines, signal, until } from '../support/processes.ts';
import { taskOf } from '../suites/dispatcher.ts';
import { expectWhole } from './workload.ts';

/** A dispatcher over a store of its own. */
interface Bench {
  readonly root: string;
  readonly dispatcher: Dispatcher;
  readonly events: readonly DispatchEvent[];
  task(...args: Parameters<typeof taskOf> extends [unknown, ...infer Rest] ? Rest : never): ReturnType<typeof taskOf>;
  value(of: ReturnType<typeof taskOf>): Promise<unknown>;
  told(event: string): Promise<DispatchEvent>;
  /** The link processes of its living workers, and their compute children. */
  links(): number[];
  engines(): number[];
}

const place = usePlaces();
afterAll(() => { expect(descendants().filter(({ command }) => /worker\.node|executors/.test(command))).toEqual([]); });

function lay(onTestFinished: TestContext['onTestFinished'], { most = 2, timing = TIMING, faults = [] }: { most?: number; timing?: Timing; faults?: string[] } = {}): Bench {
  const root = mkdtempSync(join(realpathSync(tmpdir()), 'telar-b43-'));
  const store = openStore(root, { onDamage: (damage) => { throw new Error(damage.message); } });
  const events: DispatchEvent[] = [];
  const dispatcher = createZeromq({ root, state: join(root, '.telar'), available: () => ({ ok: true }), governor: () => createFixedGovernor(most), timing, faults: () => faults.splice(0) });
  dispatcher.events((event) => { events.push(event); });
  onTestFinished(async () => {
    await dispatcher.close();
    await store.close();
    const scratch = join(root, '.telar', 'scratch');
    expect(existsSync(scratch) ? readdirSync(scratch, { recursive: true }).filter((name) => name !== 'workers') : []).toEqual([]);
    expect(readdirSync(join(root, '.telar', 'workers')).filter((name) => !name.endsWith('.lock'))).toEqual([]);
    rmSync(root, { recursive: true, force: true });
  });
  const links = (): number[] => dispatcher.workers().flatMap(({ pid, state }) => (pid === undefined || state === 'dead' ? [] : [pid]));
  return {
    root, dispatcher, events, links,
    engines: () => links().flatMap((pid) => engines(pid)),
    task: (...args) => taskOf(store.blobs, ...args),
    value: async (of) => loadValue((await dispatcher.submit(of)).outputs.value!.ref!, store.blobs),
    told: (event) => until(event, () => events.find((one) => one.event === event)),
  };
}

const blobsIn = (root: string): string[] => readdirSync(join(root, '.telar', 'blobs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.length > 60);
const named = ({ events }: Bench, of: { readonly id: string }): string[] => events.filter(({ task }) => task === of.id).map(({ event }) => event);
/** Says that it is on, computes so long, and gives a large value that is another one each time. */
const slow = (ms: number): string => `console.log("on"); const from = Date.now(); while (Date.now() - from < ${ms}); String(Math.random()).repeat(10_000)`;
const on = (of: { readonly said: readonly string[] }, times = 1): Promise<unknown> => until('it has begun', () => of.said.filter((line) => line === 'stdout: on').length >= times);

// Those that wait longest come first.
describe.concurrent('B43', () => {
  test('W1 W2 B43 a worker that is stopped for ten seconds is dead after three; awake again, its late result is refused and nothing of it is kept', async ({ onTestFinished }) => {
    const bench = lay(onTestFinished);
    const one = bench.task(slow(300));
    const done = bench.dispatcher.submit(one);
    await on(one);
    const [stopped] = bench.links();
    signal([stopped!], 'SIGSTOP');
    const from = performance.now();
    expect((await bench.told('dead')).message).toContain('silent');
    const { outputs } = await done;
    expect(named(bench, one)).toEqual(['dispatch', 'silent', 'dead', 'again', 'dispatch']);
    await sleep(from + 10_000 - performance.now());
    signal([stopped!], 'SIGCONT');
    expect(await bench.told('refused')).toMatchObject({ task: one.id, epoch: 1 });
    await until('it is a worker again', () => bench.dispatcher.workers().some(({ pid, state }) => pid === stopped && state === 'idle'));
    expect(blobsIn(bench.root).map((name) => name.replace(/\W/g, ''))).toEqual([outputs.value!.ref!.hash]);
  });

  test('W6 B43 a worker whose loop is blocked is dead to us, and welcome when it can be heard again', async ({ onTestFinished }) => {
    const bench = lay(onTestFinished, { faults: ['task-begun:block'] });
    const one = bench.task(slow(10));
    await bench.dispatcher.submit(one);
    const [first, dead, again, next] = named(bench, one).filter((event) => /^(dispatch|dead|again|adopted)$/.test(event));
    expect([first, dead, again]).toEqual(['dispatch', 'dead', 'again']);
    // On a slow machine it is back before another has started, and goes on under a new epoch.
    if (next === 'dispatch') expect(await bench.told('refused')).toMatchObject({ epoch: 1 });
    else expect(await bench.told('adopted')).toMatchObject({ epoch: 2 });
    expect(blobsIn(bench.root).length).toBe(1);
  });

  test('W6 B43 a compute child whose loop is blocked is busy while it makes progress; stopped it is told as hung, and not as dead; going on, it ends its step', async ({ onTestFinished }) => {
    const bench = lay(onTestFinished, { timing: { ...TIMING, hung: 1_500 } });
    const one = bench.task(slow(4_000));
    const done = bench.dispatcher.submit(one);
    await on(one);
    await sleep(2_500);
    expect([bench.dispatcher.workers().map(({ state }) => state), named(bench, one)]).toEqual([['busy'], ['dispatch']]);
    const children = bench.engines();
    signal(children, 'SIGSTOP');
    await until('it is hung', () => bench.dispatcher.workers().some(({ state, task }) => state === 'hung' && task === one.id));
    signal(children, 'SIGCONT');
    await done;
    expect(named(bench, one)).not.toContain('dead');
  });

  test('W2 B43 a worker that is killed while idle is missed by nobody', async ({ onTestFinished }) => {
    const bench = lay(onTestFinished);
    expect(await bench.value(bench.task('1'))).toBe(1);
    signal(bench.links(), 'SIGKILL');
    expect(await bench.value(bench.task('2'))).toBe(2);
    expect((await bench.told('dead')).message).toContain('SIGKILL');
  });

  test('W2 W6 B43 a worker that is killed while it computes: its step is done by another at once, under a new epoch', async ({ onTestFinished }) => {
    const bench = lay(onTestFinished);
    const one = bench.task(slow(700));
    const done = bench.dispatcher.submit(one);
    await on(one);
    signal(bench.links(), 'SIGKILL');
    await done;
    expect(named(bench, one)).toEqual(['dispatch', 'dead', 'again', 'dispatch']);
    expect(bench.events.filter(({ event }) => event === 'dispatch').map(({ epoch }) => epoch)).toEqual([1, 2]);
    expect(blobsIn(bench.root).length).toBe(1);
  });

  test.for(['task-received', 'result-ready', 'result-sent'])('W1 B43 a worker that is killed at %s: the step is kept once', async (point, { onTestFinished }) => {
    const bench = lay(onTestFinished, { faults: [point] });
    const one = bench.task(slow(10));
    await bench.dispatcher.submit(one);
    await bench.told('dead');
    expect(blobsIn(bench.root).length).toBe(1);
    expect(await bench.value(bench.task('1'))).toBe(1);
  });

  test('W7 B43 endless computing ends with `timeout`, and too much memory with `memory`; the worker is the same afterwards', async ({ onTestFinished }) => {
    const bench = lay(onTestFinished, { most: 1 });
    await bench.value(bench.task('1'));
    const before = bench.links();
    await expect(bench.value(bench.task('while (true) {}', {}, { time: 300 }))).rejects.toMatchObject({ code: 'timeout' });
    await expect(bench.value(bench.task('const a = []; for (;;) a.push("x".repeat(1e6) + a.length)', {}, { memory: 32e6 }))).rejects.toMatchObject({ code: 'memory' });
    expect(await bench.value(bench.task('2'))).toBe(2);
    expect(bench.links()).toEqual(before);
  });

  test('W8 B43 a storm of fifty steps over four workers: each is done once', async ({ onTestFinished }) => {
    const bench = lay(onTestFinished, { most: 4 });
    const all = Array.from({ length: 50 }, (_, at) => bench.task(`${at} * 2`));
    let most = 0;
    const watch = setInterval(() => { most = Math.max(most, bench.dispatcher.workers().filter(({ state }) => state !== 'dead').length); }, 50);
    const values = await Promise.all(all.map((one) => bench.value(one)));
    clearInterval(watch);
    expect(values).toEqual(all.map((_, at) => at * 2));
    expect(all.map((one) => named(bench, one))).toEqual(all.map(() => ['dispatch']));
    expect(most).toBeLessThanOrEqual(4);
  });
});

test('W8 B43 poison is set aside, and the run goes on', async () => {
  const { root, run } = place({ 'main.telar.md': js('bad', '1') + js('after', 'bad') + fence('text', '#well .text', 'it is well') });
  const ended = await run(undefined, ['--worker', 'heavy', '--fault', 'every/task-begun']);
  expect([ended.code, ended.unwell, ended.ran]).toEqual([1, { bad: 'poison', after: 'cancelled' }, ['well']]);
  expectWhole(root);
  const again = await run(undefined, ['--worker', 'heavy']);
  expect([again.code, again.unwell]).toEqual([0, {}]);
});
