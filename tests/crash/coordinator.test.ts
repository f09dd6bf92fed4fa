/** W11, W12: coordinators that are killed, with real processes; who comes next takes over, and when nobody comes nothing stays. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test, type TestContext } from 'vitest';
import { readInvitation } from '../../runtime/workers/endpoint.node.ts';
import { TIMING, type Timing } from '../../runtime/workers/link/timing.ts';
import { isSame, readRecords, type WorkerRecord } from '../../runtime/workers/records.node.ts';
import { createPlace, fence } from '../support/cli.ts';
import { descendants, engines, until } from '../support/processes.ts';
import type { Told } from './coordinator-child.ts';

const CHILD = fileURLToPath(new URL('coordinator-child.ts', import.meta.url));
const ENTRY = fileURLToPath(new URL('gated-worker.ts', import.meta.url));

interface Line { readonly event?: string; readonly task?: string; readonly worker?: string; readonly done?: string; readonly value?: string; readonly error?: string; readonly over?: true }
interface Coordinator { readonly lines: readonly Line[]; readonly child: ChildProcess; kill(): Promise<void>; over(): Promise<unknown>; done(): Record<string, string | undefined>; events(name: string): Line[] }

/** A workspace whose coordinators are processes, and whose tasks wait at gates and write into a book. */
class Ground {
  readonly root: string;
  readonly state: string;
  readonly #coordinators: Coordinator[] = [];

  constructor({ onTestFinished }: TestContext, root = mkdtempSync(join(realpathSync(tmpdir()), 'telar-w11-'))) {
    this.root = root;
    this.state = join(root, '.telar');
    mkdirSync(this.state, { recursive: true });
    onTestFinished(async () => {
      for (const one of this.#coordinators) await one.kill();
      // What a failed test left: it must not live on.
      for (const { pid } of this.records()) try { process.kill(-pid, 'SIGKILL'); } catch { /* it has ended */ }
      rmSync(root, { recursive: true, force: true });
    });
  }

  coordinate(told: Omit<Told, 'root' | 'state' | 'timing'> & { timing?: Timing }): Coordinator {
    const lines: Line[] = [];
    const args = JSON.stringify({ root: this.root, state: this.state, timing: TIMING, ...told });
    const child = spawn(process.execPath, ['--no-warnings', CHILD, args], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, SOME_TOKEN: 'not for workers' } });
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const whole = (rest + text).split('\n');
      rest = whole.pop() as string;
      lines.push(...whole.map((line) => JSON.parse(line) as Line));
    });
    const ended = new Promise<void>((resolve) => { child.once('exit', () => { resolve(); }); });
    const one: Coordinator = {
      lines, child,
      kill: async () => { child.kill('SIGKILL'); await ended; },
      over: async () => { await until('the coordinator is done', () => lines.some(({ over }) => over)); await ended; },
      done: () => Object.fromEntries(lines.filter(({ done }) => done !== undefined).map(({ done, value, error }) => [done, value ?? error])),
      events: (name) => lines.filter(({ event }) => event === name),
    };
    this.#coordinators.push(one);
    return one;
  }

  gate(name: string): string { return join(this.root, `gate-${name}`); }
  open(name: string): void { writeFileSync(this.gate(name), ''); }
  book(): string[] { return existsSync(join(this.root, 'book')) ? readFileSync(join(this.root, 'book'), 'utf8').trim().split('\n') : []; }
  /** Programs, by their names, that wait at a gate. */
  tasks(names: readonly string[], at = 'late'): Record<string, string> {
    return Object.fromEntries(names.map((name) => [name, JSON.stringify({ name, gate: this.gate(at), book: join(this.root, 'book') })]));
  }
  async begun(names: readonly string[]): Promise<void> { await until(`${names.join()} have begun`, () => names.every((name) => this.book().includes(`begin ${name}`))); }
  records(): WorkerRecord[] { return [0, 1].flatMap((slot) => [...readRecords(this.state, slot)]); }
  address(slot = 0): string | undefined { return readInvitation(join(this.state, 'workers', String(slot)))?.address; }

  /** Nothing is left of workers but locks. */
  expectNothing(addresses: readonly (string | undefined)[], workers: readonly WorkerRecord[]): void {
    expect(workers.length).toBeGreaterThan(0);
    expect(workers.filter(isSame)).toEqual([]);
    expect(readdirSync(join(this.state, 'workers')).filter((name) => !/^\d\.lock$/.test(name))).toEqual([]);
    for (const address of addresses) expect(address === undefined || !existsSync(address.replace('ipc://', ''))).toBe(true);
    const scratch = join(this.state, 'scratch');
    expect(existsSync(scratch) ? readdirSync(scratch, { recursive: true }).filter((name) => name !== 'workers') : []).toEqual([]);
    const living = join(this.state, 'living');
    expect(existsSync(living) ? readdirSync(living) : []).toEqual([]);
  }
}

const once = (names: readonly string[]): string[] => names.flatMap((name) => [`begin ${name}`, `end ${name}`]).sort();

test.concurrent('W5 a coordinator that stood still for five seconds, as in a laptop that sleeps, goes on with its workers: none is dead, and nothing is done twice', async (context) => {
  const ground = new Ground(context);
  const names = ['a', 'b'];
  const only = ground.coordinate({ engine: 'gated', entry: ENTRY, tasks: { ...ground.tasks(['a'], 'early'), ...ground.tasks(['b']) } });
  await ground.begun(names);
  const workers = ground.records();
  only.child.kill('SIGSTOP');
  ground.open('early');
  await sleep(5_000);
  only.child.kill('SIGCONT');
  await until('what was done meanwhile is known', () => only.done().a);
  ground.open('late');
  await only.over();
  expect([ground.book().sort(), only.events('dead'), only.events('again'), only.events('lag').length > 0]).toEqual([once(names), [], [], true]);
  ground.expectNothing([], workers);
});

test.concurrent('W11 W12 a coordinator is killed with ten busy workers: the next one takes over what they do and did, nothing is done twice, and nothing is left', async (context) => {
  const ground = new Ground(context);
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
  const told = { engine: 'gated', entry: ENTRY, tasks: { ...ground.tasks(names.slice(0, 5), 'early'), ...ground.tasks(names.slice(5)) } };
  const first = ground.coordinate(told);
  await ground.begun(names);
  const workers = ground.records();
  expect(workers.length).toBe(10);
  const before = ground.address();
  await first.kill();
  // Half of them end while nobody is there.
  ground.open('early');
  await until('five have ended', () => ground.book().filter((line) => line.startsWith('end')).length === 5);
  const second = ground.coordinate(told);
  await until('all are taken over', () => second.events('adopted').length === 10);
  ground.open('late');
  await second.over();
  expect(second.done()).toEqual(Object.fromEntries(names.map((name) => [name, expect.stringContaining(`done ${name}`) as string])));
  expect(ground.book().sort()).toEqual(once(names));
  expect([second.events('spawn').length, second.events('dispatch').length]).toEqual([0, 0]);
  ground.expectNothing([before], workers);
});

test.concurrent('W11 W10 the same over TCP, where the next coordinator has other keys and knows its workers by theirs', async (context) => {
  const ground = new Ground(context);
  const names = ['a', 'b'];
  const told: Parameters<Ground['coordinate']>[0] = { engine: 'gated', entry: ENTRY, transport: 'tcp', tasks: ground.tasks(names) };
  const first = ground.coordinate(told);
  await ground.begun(names);
  const workers = ground.records();
  for (const { pid } of process.platform === 'linux' ? workers : []) {
    // No secret, and in its arguments nothing at all.
    expect(readFileSync(`/proc/${pid}/environ`, 'latin1')).not.toMatch(/not for workers|NODE_OPTIONS/);
    expect(readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').slice(1)).toEqual(['--no-warnings', ENTRY, '']);
  }
  const before = readInvitation(join(ground.state, 'workers', '0'));
  await first.kill();
  const second = ground.coordinate(told);
  await until('both are taken over', () => second.events('adopted').length === 2);
  const after = readInvitation(join(ground.state, 'workers', '0'));
  expect(after?.serverKey).toHaveLength(40);
  expect(after?.serverKey).not.toBe(before?.serverKey);
  ground.open('late');
  await second.over();
  expect(ground.book().sort()).toEqual(once(names));
  ground.expectNothing([], workers);
});

test.concurrent('W11 two coordinators of one workspace do not touch each other\'s workers; one that is killed comes back to its own', async (context) => {
  const ground = new Ground(context);
  const one = { engine: 'gated', entry: ENTRY, tasks: ground.tasks(['a', 'b']) };
  const other = { engine: 'gated', entry: ENTRY, tasks: ground.tasks(['x']) };
  const first = ground.coordinate(one);
  await ground.begun(['a', 'b']);
  const beside = ground.coordinate(other);
  await ground.begun(['x']);
  const workers = ground.records();
  expect([readRecords(ground.state, 0).length, readRecords(ground.state, 1).length]).toEqual([2, 1]);
  await first.kill();
  const second = ground.coordinate(one);
  await until('both are taken over', () => second.events('adopted').length === 2);
  ground.open('late');
  await Promise.all([second.over(), beside.over()]);
  expect([second.done(), beside.done()]).toEqual([{ a: expect.any(String) as string, b: expect.any(String) as string }, { x: expect.any(String) as string }]);
  expect(ground.book().sort()).toEqual(once(['a', 'b', 'x']));
  expect([beside.events('adopted'), beside.events('dead')]).toEqual([[], []]);
  ground.expectNothing([], workers);
});

test.concurrent('W12 after `kill -9` of a coordinator that nobody replaces, no process, socket or temporary file is left', async (context) => {
  const ground = new Ground(context);
  const spin = 'const from = Date.now(); while (Date.now() - from < 1000); "x".repeat(100000)';
  const first = ground.coordinate({ engine: 'javascript', timing: { ...TIMING, orphan: 600 }, tasks: { a: spin, b: `${spin}; 1`, c: '1' } });
  await until('one is done and two compute', () => first.lines.some(({ done }) => done === 'c') && engines(first.child.pid).length >= 2);
  const workers = ground.records();
  const engine = descendants(first.child.pid).map(({ pid }) => pid);
  const address = ground.address();
  expect(address === undefined || existsSync(address.replace('ipc://', ''))).toBe(true);
  await first.kill();
  await until('the last worker has gone', () => !workers.some(isSame) && !existsSync(join(ground.state, 'workers', '0')));
  expect(descendants(1).filter(({ pid }) => engine.includes(pid))).toEqual([]);
  ground.expectNothing([address], workers);
});

test.concurrent('W12 a worker that cannot start says why, and leaves nothing', async (context) => {
  const ground = new Ground(context);
  const only = ground.coordinate({ engine: 'nothing', timing: { ...TIMING, backOff: { first: 50, longest: 100 } }, tasks: { a: '' } });
  await only.over();
  expect(only.done()).toEqual({ a: expect.stringContaining('There is no engine nothing for workers') as string });
  expect(readdirSync(join(ground.state, 'workers'))).toEqual(['0.lock']);
});

test.concurrent('W12 a worker that is told to end by the system ends in order; its step is done by another', async (context) => {
  const ground = new Ground(context);
  const only = ground.coordinate({ engine: 'gated', entry: ENTRY, tasks: ground.tasks(['a']) });
  await ground.begun(['a']);
  const workers = ground.records();
  process.kill(workers[0]!.pid, 'SIGTERM');
  await until('another has begun it', () => ground.book().length === 2);
  ground.open('late');
  await only.over();
  expect(ground.book()).toEqual(['begin a', 'begin a', 'end a']);
  ground.expectNothing([], workers);
});

test.concurrent('W12 what coordinators left that were killed together with their workers is removed by whoever comes next', async (context) => {
  const ground = new Ground(context);
  const told = { engine: 'gated', entry: ENTRY };
  const first = ground.coordinate({ ...told, tasks: ground.tasks(['a']) });
  await ground.begun(['a']);
  const beside = ground.coordinate({ ...told, tasks: ground.tasks(['x']) });
  await ground.begun(['x']);
  const workers = ground.records();
  const addresses = [0, 1].map((slot) => readInvitation(join(ground.state, 'workers', String(slot)))?.address);
  await Promise.all([first.kill(), beside.kill()]);
  for (const { pid } of workers) process.kill(-pid, 'SIGKILL');
  ground.open('late');
  const next = ground.coordinate({ ...told, tasks: ground.tasks(['c']) });
  await next.over();
  expect(next.events('spawn').length).toBe(1);
  ground.expectNothing(addresses, workers);
});

test.concurrent('W12 `telar run` that is killed with its steps at work: the next one goes on with them, the result is whole, and nothing is left', async (context) => {
  const { root: at, run, telar } = createPlace({ 'main.telar.md': ['a', 'b'].map((id) => fence('javascript', `#${id} worker=heavy`, `const from = Date.now(); while (Date.now() - from < 1500); "${id}"`)).join('') });
  const ground = new Ground(context, at);
  const killed = telar(['run', 'main.telar.md'], { begun: (child) => {
    void until('both compute', () => engines(child.pid).length >= 2).then(() => child.kill('SIGKILL'));
  } });
  await killed;
  const workers = ground.records();
  expect(workers.filter(isSame).length).toBe(2);
  const { code, nodes } = await run();
  expect([code, Object.keys(nodes).sort()]).toEqual([0, ['a', 'b']]);
  const notes = readdirSync(join(ground.state, 'journal')).flatMap((name) => readFileSync(join(ground.state, 'journal', name), 'utf8').split('\n').filter((line) => line.endsWith('}')).map((line) => JSON.parse(line) as { event?: string }));
  // Those of the killed one may have been on their way.
  expect(notes.filter(({ event }) => event === 'dispatch').length).toBeLessThanOrEqual(2);
  expect(notes.filter(({ event }) => event === 'adopted').length).toBe(2);
  ground.expectNothing([], workers);
});

test('W2 B43 a start storm of fifty: all fifty workers are at work at once, each does its step once, and nothing is left', async (context) => {
  const ground = new Ground(context);
  const names = Array.from({ length: 50 }, (_, at) => `n${at}`);
  const only = ground.coordinate({ engine: 'gated', entry: ENTRY, tasks: ground.tasks(names) });
  await ground.begun(names);
  const workers = ground.records();
  ground.open('late');
  await only.over();
  expect([workers.length, only.events('dead'), ground.book().sort()]).toEqual([50, [], once(names)]);
  ground.expectNothing([], workers);
});
