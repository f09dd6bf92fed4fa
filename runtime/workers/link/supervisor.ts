/**
 * Supervisor: the coordinator's side of the link as a pure machine: events with their time go in, actions come out (workers.md, SPEC W1 to W11).
 *
 * It has no clock, process or socket, so a test can be all three; `workers/zeromq.node.ts` drives it for real. Its parts: `state.ts` (what is known), `leases.ts`
 * (who does what, fencing), `connections.ts` and `stock.ts` (who is who, and what it has), `starts.ts` (how many workers), `deadlines.ts` (what is due when), `views.ts`
 * (what people see). Here: events and dispatch.
 */
import { TelarError } from '../../../contracts/errors.ts';
import { Connections } from './connections.ts';
import { Deadlines } from './deadlines.ts';
import { cancel, committed, grant, lose, settle } from './leases.ts';
import { Starts } from './starts.ts';
import { called, isFree, isUp, seconds, State, type TaskRow, type WorkerRow } from './state.ts';
import type { Supervisor, SupervisorAction, SupervisorEvent, WorkerView } from './supervisor-types.ts';
import { type Timing, TIMING } from './timing.ts';
import { claimAll } from './stock.ts';
import { extend, refresh, viewOf } from './views.ts';

/** Tasks that may wait at once. */
const MOST_WAITING = 100_000;

/** How a supervisor is made. */
export interface SupervisorOptions {
  readonly timing?: Timing;
  /** Ends the ids of its workers (`python-2.k7`), so that those of two coordinators differ. Letters and digits. */
  readonly name?: string;
  /** Ids of workers of an earlier coordinator that may still live: before a task goes elsewhere they have `grace` ms to say what they have (W11). */
  readonly expect?: readonly string[];
  readonly grace?: number;
}

/** Makes the supervisor of one coordinator. */
export function createSupervisor({ timing = TIMING, name = '', expect = [], grace = 2_000 }: SupervisorOptions = {}): Supervisor {
  return new Machine(new State(timing, name, expect, expect.length === 0 ? -Infinity : grace));
}

class Machine implements Supervisor {
  readonly #state: State;
  readonly #connections: Connections;
  readonly #starts: Starts;
  readonly #deadlines: Deadlines;
  /** When the next tick was wanted, as of the last event. */
  #asked: number | undefined;
  #begun = false;

  constructor(state: State) {
    this.#state = state;
    this.#starts = new Starts(state);
    const lost = (worker: WorkerRow, reason: string): void => { this.#lost(worker, reason); };
    this.#connections = new Connections(state, lost);
    this.#deadlines = new Deadlines(state, this.#starts, lost);
  }

  handle(event: SupervisorEvent): readonly SupervisorAction[] {
    const state = this.#state;
    state.out = [];
    if (!this.#begun) state.grace += event.at;
    this.#begun = true;
    state.at = Math.max(state.at, event.at);
    const late = state.at - (this.#asked ?? state.at);
    if (late > state.timing.lag) {
      extend(state, late);
      state.note('info', 'lag', `The coordinator itself stood still for ${seconds(late)}; all workers are given that time, and nobody is taken for dead.`);
    }
    this.#on(event);
    this.#deadlines.due();
    this.#dispatch();
    this.#starts.balance();
    refresh(state);
    this.#asked = this.nextTick();
    return state.out;
  }

  nextTick(): number | undefined { return this.#deadlines.next(); }

  workers(): readonly WorkerView[] { return [...this.#state.workers.values()].map(viewOf); }

  waiting(): readonly string[] {
    return [...this.#state.tasks.values()].filter(({ state }) => state === 'waiting').map(({ spec }) => spec.task);
  }

  #on(event: SupervisorEvent): void {
    const state = this.#state;
    switch (event.type) {
      case 'submit': return this.#submit(event.task);
      case 'cancel': {
        const row = state.tasks.get(event.task);
        if (row !== undefined) cancel(state, row, event.reason);
        return;
      }
      case 'limits':
        Object.assign(state.classOf(event.class), { most: event.most, warm: event.warm });
        return;
      case 'message': return this.#connections.message(event.identity, event.message);
      case 'nonsense': return this.#connections.nonsense(event.identity, event.reason);
      case 'unreachable': return this.#connections.unreachable(event.identity);
      case 'spawned': return this.#spawned(event.worker, event.pid);
      case 'spawn-failed': return this.#exited(event.worker, event.reason);
      case 'exited': return this.#exited(event.worker, event.signal === null ? `it ended with status ${event.code}${event.said === undefined || event.said === '' ? '' : `, saying “${event.said}”`}` : `it was ended by ${event.signal}`);
      case 'committed': return committed(state, event.task, event.epoch, event.error);
      case 'close': return this.#close();
      default: // a tick: what is due is done after every event
    }
  }

  #submit(task: Extract<SupervisorEvent, { type: 'submit' }>['task']): void {
    const state = this.#state;
    if (state.tasks.has(task.task)) throw new Error(`the task ${task.task} was submitted twice`);
    const row = state.add(task);
    if (state.closing) settle(state, row, new TelarError('cancelled', 'The run ends; nothing new is begun.').toJSON());
    else if (state.classOf(task.class).waiting > MOST_WAITING) settle(state, row, new TelarError('unavailable', `${MOST_WAITING} steps wait for workers of ${task.class}; run less at once.`).toJSON());
  }

  #spawned(id: string, pid: number): void {
    const worker = this.#state.workers.get(id);
    if (worker === undefined) return;
    const said = worker.pid;
    worker.pid = pid;
    if (worker.life === 'started') worker.base = this.#state.at;
    if (said === undefined || said === pid || worker.identity === undefined) return;
    // Somebody was faster than the process that we started.
    this.#connections.shun(worker.identity, `it says that it is worker ${id}, which is process ${pid}, but it is process ${said}`);
    delete worker.identity;
    if (worker.lease !== undefined) lose(this.#state, worker, `Somebody else spoke as worker ${id}.`);
    [worker.life, worker.base] = ['started', this.#state.at];
  }

  #exited(id: string, reason: string): void {
    const state = this.#state;
    const worker = state.workers.get(id);
    if (worker === undefined || worker.life === 'gone') return;
    const { life } = worker;
    if (life === 'started' && !worker.killed) return this.#starts.failed(worker, reason);
    if (life === 'up') this.#lost(worker, `Worker ${id} is gone: ${reason}.`);
    else state.note('debug', 'exit', `The process of worker ${id} is gone: ${reason}.`, { worker: id });
    worker.life = 'gone';
  }

  /** A worker is lost; its lease is void. */
  #lost(worker: WorkerRow, reason: string): void {
    const state = this.#state;
    if (worker.life === 'started') this.#starts.failed(worker, reason);
    if (worker.life !== 'up' && worker.life !== 'stopping') return;
    worker.life = 'dead';
    worker.base = state.at;
    worker.unclaimed.clear();
    worker.strays.clear();
    state.note('warn', 'dead', worker.lease === undefined ? reason : `${reason} It had ${called(worker.lease)}.`, { worker: worker.id, ...(worker.lease === undefined ? {} : { task: worker.lease.spec.task, epoch: worker.lease.epoch }) });
    if (worker.lease !== undefined) lose(state, worker, reason);
  }

  #close(): void {
    const state = this.#state;
    if (state.closing) return;
    state.closing = true;
    for (const row of state.tasks.values()) cancel(state, row, 'The run ends.');
  }

  #dispatch(): void {
    const state = this.#state;
    if (state.closing) return;
    if (state.expected.size === 0) state.grace = -Infinity;
    const claimed = new Set<string>();
    for (const worker of state.workers.values()) {
      if (worker.unclaimed.size === 0 || !isUp(worker)) continue;
      claimAll(state, worker);
      for (const { told } of worker.unclaimed.values()) claimed.add(told.key);
    }
    if (state.grace > state.at) return;
    const passes = (row: TaskRow): boolean => !claimed.has(row.spec.key);
    for (const worker of state.workers.values()) {
      if (!isFree(worker)) continue;
      const row = state.nextWaiting(worker.class, passes);
      if (row !== undefined) grant(state, row, worker);
    }
  }
}
