/** The driver over ZeroMQ keeps to the suite of all drivers (`in-process.test.ts` holds the other one to it); and what it alone promises. */
import { mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { Dealer as RawDealer } from 'zeromq';
import { openStore } from '../../runtime/checkpoints/sqlite.node.ts';
import { coordinatorsAt } from '../../runtime/hosts/cli/workers.node.ts';
import { armFault } from '../../runtime/faults.ts';
import { createFixedGovernor } from '../../runtime/governor/fixed.ts';
import { noJournal } from '../../runtime/journal/record.ts';
import type { Dispatcher } from '../../runtime/workers/dispatcher.ts';
import { readInvitation } from '../../runtime/workers/endpoint.node.ts';
import { encodeMessage } from '../../runtime/workers/link/codec.ts';
import { TIMING } from '../../runtime/workers/link/timing.ts';
import { createZeromq } from '../../runtime/workers/zeromq.node.ts';
import { dispatcherSuite, taskOf } from '../suites/dispatcher.ts';
import { descendants, links, until } from '../support/processes.ts';

/** A store of its own. */
function lay(): { root: string; store: ReturnType<typeof openStore>; remove(): Promise<void> } {
  const root = mkdtempSync(join(realpathSync(tmpdir()), 'telar-dispatch-'));
  const store = openStore(root, { onDamage: (damage) => { throw new Error(damage.message); } });
  return { root, store, remove: async () => { await store.close(); rmSync(root, { recursive: true, force: true }); } };
}

dispatcherSuite('workers over ZeroMQ', async () => {
  const { root, store, remove } = lay();
  const state = join(root, '.telar');
  const dispatcher = createZeromq({ root, state, available: (workerClass) => (workerClass === 'javascript' ? { ok: true } : { ok: false, reason: `There is no ${workerClass} here.` }) });
  return {
    dispatcher, blobs: store.blobs,
    end: async () => { await dispatcher.close(); await remove(); },
  };
});

describe('W15 room', () => {
  const begin = (room: (need: { readonly what: string }) => { ok: true } | { ok: false; reason: string }): { dispatcher: Dispatcher; task: ReturnType<typeof taskOf>; other: ReturnType<typeof taskOf>; end(): Promise<void> } => {
    const { root, store, remove } = lay();
    const dispatcher = createZeromq({ root, state: join(root, '.telar'), available: () => ({ ok: true }), governor: () => ({ ...createFixedGovernor(2), room }) });
    const other = taskOf(store.blobs, 'select 1 a');
    return {
      dispatcher, task: taskOf(store.blobs, '1'), other: { ...other, program: { ...other.program, engine: 'sql' } },
      end: async () => { await dispatcher.close(); await remove(); },
    };
  };

  test('W15 what cannot fit is not started, and the reason is told at once', async () => {
    const { dispatcher, task, end } = begin(({ what }) => ({ ok: false, reason: `${what} needs 3 GB, and there are 2 GB.` }));
    await expect(dispatcher.submit(task)).rejects.toMatchObject({ code: 'unavailable', message: 'A worker for javascript needs 3 GB, and there are 2 GB.' });
    expect(links()).toEqual([]);
    await end();
  });

  test('W15 what does not fit beside another waits until that has ended, or ends it when it is idle', async () => {
    const { dispatcher, task, other, end } = begin(() => (links().length === 0 ? { ok: true } : { ok: false, reason: 'There is room for one.' }));
    const [one, two] = await Promise.all([dispatcher.submit(task), dispatcher.submit(other)]);
    expect([one.outputs.value!.ref!.form, two.outputs.value!.ref!.form]).toEqual(['record', 'table']);
    await end();
  });
});

test.each(['lease-granted', 'task-sent', 'result-received'] as const)('W12 an error that nobody expects in the coordinator, at %s, fails its steps and not the command; nothing is left', async (point) => {
  const { root, store, remove } = lay();
  const state = join(root, '.telar');
  const dispatcher = createZeromq({ root, state, available: () => ({ ok: true }) });
  const disarm = armFault(point, () => { throw new Error('nobody expected that'); });
  await expect(dispatcher.submit(taskOf(store.blobs, '1'))).rejects.toMatchObject({ code: 'internal', message: expect.stringContaining('nobody expected that') as string });
  await expect(dispatcher.submit(taskOf(store.blobs, '2'))).rejects.toMatchObject({ code: 'internal' });
  disarm();
  await dispatcher.close();
  expect([links(), readdirSync(join(state, 'workers'))]).toEqual([[], ['0.lock']]);
  await remove();
});

test('W10 a stranger at the socket of a run writes nothing into its journal, and hurts nobody', async () => {
  const { root, store, remove } = lay();
  const state = join(root, '.telar');
  const told: string[] = [];
  const dispatcher = createZeromq({ root, state, transport: 'ipc', available: () => ({ ok: true }), journal: { ...noJournal, write: (_, message) => { told.push(message); } } });
  await dispatcher.submit(taskOf(store.blobs, '1'));
  const stranger = new RawDealer({ routingId: 'stranger:1', linger: 0 });
  stranger.connect(readInvitation(join(state, 'workers', '0'))!.address);
  for (const frames of [encodeMessage({ type: 'log', record: { level: 'error', msg: 'a lie' } }), ['nonsense']]) await stranger.send(frames as Uint8Array[]);
  await until('it is known as a stranger', () => told.some((message) => message.includes('stranger:1') && message.includes('not listened to')));
  expect(told).not.toContain('a lie');
  await dispatcher.submit(taskOf(store.blobs, '2'));
  stranger.close();
  await dispatcher.close();
  await remove();
});

test('W4 a process that never says READY is ended, and after three of them its steps are told why', async () => {
  const { root, store, remove } = lay();
  const mute = join(root, 'mute.mjs');
  writeFileSync(mute, 'setInterval(() => {}, 1000);');
  const dispatcher = createZeromq({ root, state: join(root, '.telar'), available: () => ({ ok: true }), entry: mute, timing: { ...TIMING, start: 150, backOff: { first: 20, longest: 50 } } });
  await expect(dispatcher.submit(taskOf(store.blobs, '1'))).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('did not say that it is ready') as string });
  await dispatcher.close();
  expect(descendants().filter(({ command }) => command.includes('mute.mjs'))).toEqual([]);
  await remove();
});

test('W13 other processes can see what the workers do, as long as there are some', async () => {
  const { root, store, remove } = lay();
  const state = join(root, '.telar');
  const dispatcher = createZeromq({ root, state, available: () => ({ ok: true }) });
  const one = { ...taskOf(store.blobs, 'const from = Date.now(); while (Date.now() - from < 700);'), asker: { run: 'run-1', node: 'a' } };
  const done = dispatcher.submit(one);
  const seen = await until('it is seen', () => coordinatorsAt(state).find(({ workers }) => workers.some(({ state: now }) => now === 'busy')));
  expect(seen).toMatchObject({ pid: process.pid, slot: 0, run: 'run-1', workers: [{ class: 'javascript', state: 'busy', node: 'a', epoch: 1 }] });
  await done;
  await dispatcher.close();
  expect(coordinatorsAt(state)).toEqual([]);
  expect(readdirSync(join(state, 'living')).filter((name) => name.startsWith('workers-'))).toEqual([]);
  await remove();
});

test('W1 W10 a worker whose result names values that did not arrive is ended, and its step goes to another; three of them are poison', async () => {
  const { root, store, remove } = lay();
  const dispatcher = createZeromq({ root, state: join(root, '.telar'), available: () => ({ ok: true }), entry: fileURLToPath(new URL('liar-child.ts', import.meta.url)) });
  const events: string[] = [];
  dispatcher.events(({ event }) => { events.push(event); });
  const one = taskOf(store.blobs, '1');
  await expect(dispatcher.submit({ ...one, program: { ...one.program, engine: 'liar' } })).rejects.toMatchObject({ code: 'poison' });
  expect(events.filter((event) => event === 'nonsense' || event === 'again' || event === 'poison')).toEqual(['nonsense', 'again', 'nonsense', 'again', 'nonsense', 'poison']);
  await dispatcher.close();
  await remove();
});
