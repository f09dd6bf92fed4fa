/**
 * A worker at work: carries out what the pure worker's end decides, with a socket, an executor of its class, and files.
 *
 * It holds no engine itself: its executor's child does, so that a blocked or killed computation leaves somebody here to tell of it. It opens no
 * store; results wait in a folder of its own until the coordinator has taken them or said that it does not want them.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { removeLeftovers, SCRATCH } from '../adapters/leftovers.node.ts';
import { cpuOfDescendants, memoryOfTree } from '../executors/vitals.node.ts';
import { fault } from '../faults.ts';
import { createRedactor } from '../journal/redact.ts';
import type { Executor, Network } from '../ports.ts';
import { createFetch } from '../scheduler/context-network.ts';
import { type Invitation, readInvitation, removeDeadSlot, slotsFolder } from './endpoint.node.ts';
import { openTask, packResult } from './exchange.node.ts';
import { createDealer } from './link/dealer.node.ts';
import type { Envelope, FromWorker, Payload, ToWorker } from './link/messages.ts';
import type { Dealer } from './link/sockets.ts';
import { createWorkerEnd } from './link/worker-end.ts';
import type { WorkerAction, WorkerEvent } from './link/worker-types.ts';
import type { WorkerSettings } from './processes.node.ts';
import { removeRecord } from './records.node.ts';
import { errorOf } from './small-error.ts';
import { createStreams } from './streams.node.ts';

/** What a worker needs of its host. */
export interface Serving {
  readonly settings: WorkerSettings;
  readonly executor: Executor;
  /** Makes another engine, after a hard interrupt. */
  createExecutor(): Promise<Executor>;
  readonly network: Network;
}

/** A worker's life. */
export interface Worker {
  /** Asks it to end in order. */
  stop(): void;
  /** Why it ended. Nothing of it is left then. */
  readonly ended: Promise<string>;
}

type WithoutTime<E> = E extends unknown ? Omit<E, 'at'> : never;

/** How often an invitation is looked for while nobody is heard, in milliseconds. */
const LOOK = 200;

/** A task on its way. Its id is the one under which it came. */
interface Job { readonly folder: string; readonly controller: AbortController; bulk: readonly Uint8Array[] }

/** Begins to serve. */
export function serve({ settings, executor: first, createExecutor, network }: Serving): Worker {
  const { timing, worker, state, slot, keys } = settings;
  const slotFolder = join(slotsFolder(state), String(slot));
  let executor = first;
  const end = createWorkerEnd({
    timing, worker, class: settings.class, pid: process.pid, versions: { node: process.version, ...textsOf(executor.identity()) }, capabilities: [],
    random: Math.random,
  });
  const jobs = new Map<string, Job>();
  const arrived = new Map<string, readonly Uint8Array[]>();
  let steps = 0;
  let dealer: Dealer | undefined;
  let invitation: Invitation | undefined;
  let heard = 0;
  let timer: NodeJS.Timeout | undefined;
  let leaving = false;
  let tellEnd: (reason: string) => void;
  const ended = new Promise<string>((resolve) => { tellEnd = resolve; });

  const events: WithoutTime<WorkerEvent>[] = [];
  let handling = false;
  const handle = (event: WithoutTime<WorkerEvent>): void => {
    events.push(event);
    if (handling) return;
    handling = true;
    for (let next = events.shift(); next !== undefined && !leaving; next = events.shift()) {
      for (const action of end.handle({ ...next, at: performance.now() } as WorkerEvent)) act(action);
    }
    handling = false;
    schedule();
  };
  const schedule = (): void => {
    clearTimeout(timer);
    if (!leaving) timer = setTimeout(() => { handle({ type: 'tick' }); }, Math.max(0, end.nextTick() - performance.now()));
  };
  const streams = createStreams((task, stream, text) => { handle({ type: 'stream', task, stream, text }); });

  const receive = ({ message, bulk }: Envelope<ToWorker>): void => {
    heard = performance.now();
    if (message.type === 'task' && bulk.length > 0) arrived.set(message.task, bulk);
    handle({ type: 'message', message });
    // It may have to wait behind another; what was told twice is not kept twice.
    if (message.type === 'task' && (jobs.has(message.task) || end.lease(message.task) === undefined)) arrived.delete(message.task);
  };
  const connect = (identity: string): void => {
    dealer?.close();
    dealer = undefined;
    invitation = readInvitation(slotFolder);
    if (invitation === undefined) return;
    dealer = createDealer(invitation, identity, { message: receive, nonsense: (reason) => { handle({ type: 'nonsense', reason }); } }, keys);
  };
  const send = (message: FromWorker): void => {
    dealer?.send(message, message.type === 'result' ? jobNamed(message.task)?.bulk : undefined);
    if (message.type === 'ready') fault('worker-ready');
    if (message.type === 'result') fault('result-sent');
  };
  /** A task may have been given another name at the coordinator since. */
  const jobNamed = (name: string): Job | undefined => [...jobs].find(([task]) => end.lease(task)?.task === name)?.[1] ?? jobs.get(name);

  const act = (action: WorkerAction): void => {
    switch (action.type) {
      case 'connect': connect(action.identity); break;
      case 'disconnect': dealer?.close(); dealer = undefined; break;
      case 'send': send(action.message); break;
      case 'compute': compute(action.task, action.payload); break;
      case 'interrupt': interrupt(action.task, action.how); break;
      case 'forget': forget(action.task); break;
      case 'exit': void leave(action.reason); break;
    }
  };

  const compute = (task: string, payload: Payload): void => {
    steps += 1;
    const job: Job = { folder: join(settings.scratch, String(steps)), controller: new AbortController(), bulk: [] };
    jobs.set(task, job);
    const bulk = arrived.get(task) ?? [];
    arrived.delete(task);
    void perform(task, job, payload, bulk).then(
      (done) => { streams.flush(); handle({ type: 'finished', task, payload: done }); },
      (error: unknown) => { streams.flush(); handle({ type: 'finished', task, error: errorOf(error) }); },
    );
  };
  const perform = async (task: string, job: Job, payload: Payload, bulk: readonly Uint8Array[]): Promise<Payload> => {
    const { program, inputs, blobs, ...opened } = openTask(payload, bulk, job.folder);
    const { signal } = job.controller;
    const origins = opened.isolation?.network ?? [];
    // What is done at once needs no word of its beginning.
    const begun = setImmediate(() => { handle({ type: 'begun', task }); });
    fault('task-begun');
    const outcome = await executor.execute(program, inputs, {
      ...opened, blobs, signal,
      ...(origins.length === 0 ? {} : { fetch: createFetch({ network, origins, limits: opened.limits, signal, effect: 'observe' }) }),
      emit: (stream, text) => { streams.add(task, stream, text); },
    }).finally(() => { clearImmediate(begun); });
    const packed = packResult(outcome, blobs);
    job.bulk = packed.bulk;
    return packed.payload;
  };
  const interrupt = (task: string, how: 'soft' | 'hard'): void => {
    jobs.get(task)?.controller.abort();
    if (how === 'hard') void replaceExecutor(task);
  };
  const replaceExecutor = async (task: string): Promise<void> => {
    note('warn', 'killed', `The engine of ${worker} did not stop when it was asked to, and was killed.`, { task });
    const old = executor;
    executor = await createExecutor();
    await old.close();
  };
  const forget = (task: string): void => {
    const job = jobs.get(task);
    jobs.delete(task);
    arrived.delete(task);
    if (job !== undefined && existsSync(job.folder)) rmSync(job.folder, { recursive: true, force: true });
  };

  const redactor = createRedactor();
  const note = (level: 'info' | 'warn', event: string, msg: string, more: Payload = {}): void => {
    handle({ type: 'log', record: redactor.value({ level, event, msg, worker, class: settings.class, pid: process.pid, time: Date.now(), ...more }) as Payload });
  };
  const look = (): void => {
    if (dealer !== undefined && performance.now() - heard < timing.interval / 2) return;
    const now = readInvitation(slotFolder);
    if (now !== undefined && now.incarnation !== invitation?.incarnation) handle({ type: 'invited' });
  };
  const sample = (): void => {
    const task = [...jobs.keys()].at(-1);
    handle({
      type: 'vital',
      vital: { ...(task === undefined ? {} : { task }), progress: Math.floor(executor.progress?.() ?? cpuOfDescendants(process.pid)), memory: memoryOfTree(process.pid, true) ?? process.memoryUsage.rss() },
    });
  };
  const looking = setInterval(look, Math.min(LOOK, timing.interval));
  const sampling = setInterval(sample, timing.interval);

  const leave = async (reason: string): Promise<void> => {
    if (leaving) return;
    leaving = true;
    clearTimeout(timer);
    clearInterval(looking);
    clearInterval(sampling);
    for (const { controller } of jobs.values()) controller.abort();
    dealer?.close();
    await executor.close().catch(() => { /* its children end with this process */ });
    rmSync(settings.scratch, { recursive: true, force: true });
    removeRecord(state, slot, worker);
    removeLeftovers(join(state, 'scratch'), SCRATCH);
    removeDeadSlot(state, slot);
    tellEnd(reason);
  };

  for (const action of end.start(performance.now())) act(action);
  schedule();
  return { ended, stop: () => { handle({ type: 'message', message: { type: 'stop' } }); } };
}

/** What of an identity is words that READY can bear. */
function textsOf(identity: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(identity).filter(([, text]) => text.length <= 200).slice(0, 60));
}
