/**
 * Connections: who is heard as which worker (W4, W10), and what is done about what it says. What a worker that says READY has is `stock.ts`'s.
 *
 * An identity is `workerId:epoch`. A worker has one connection, its newest; an older one is not listened to any more. Whoever talks nonsense is not heard
 * again, and when it is the connection of a worker, that worker is ended.
 */
import type { FromWorker } from './messages.ts';
import { giveBack, holds, take } from './leases.ts';
import { Recent } from './recent.ts';
import { leaseName, type State, type WorkerRow } from './state.ts';
import { isDoubtful, takeStock } from './stock.ts';

type Ready = Extract<FromWorker, { type: 'ready' }>;
type Result = Extract<FromWorker, { type: 'result' }>;
type Gone = (worker: WorkerRow, reason: string) => void;

const IDENTITY = /^([A-Za-z0-9][\w.-]{0,63}):(\d{1,15})$/;

/** How many connections a worker has had, from its identity. */
const turnOf = (identity: string): number => Number(IDENTITY.exec(identity)?.[2] ?? -1);

/** See the module's head. */
export class Connections {
  /** Identities that are not listened to. */
  readonly #shunned = new Recent<true>(1_024);
  /** When strangers were last asked who they are. */
  readonly #asked = new Recent<number>(1_024);
  readonly #state: State;
  readonly #gone: Gone;

  /** @param gone what to do with a worker that is lost: its lease is void */
  constructor(state: State, gone: Gone) { [this.#state, this.#gone] = [state, gone]; }

  message(identity: string, message: FromWorker): void {
    if (this.#shunned.has(identity)) return;
    const id = IDENTITY.exec(identity)?.[1];
    if (id === undefined) return this.nonsense(identity, 'it has no identity of a worker');
    if (message.type === 'ready') return this.#ready(identity, id, message);
    const worker = this.#state.workers.get(id);
    if (worker?.identity !== undefined && turnOf(identity) < turnOf(worker.identity)) return;
    if (worker?.identity !== identity) return this.#who(identity);
    if (worker.life === 'dead' || worker.life === 'gone') {
      if (message.type === 'result') this.#refuse(worker, message);
      return worker.life === 'gone' && worker.ours ? undefined : this.#who(identity);
    }
    this.#heard(worker);
    this.#from(worker, message);
  }

  /** Something that is no message, or a lie. */
  nonsense(identity: string, reason: string): void {
    const id = IDENTITY.exec(identity)?.[1];
    const worker = id === undefined ? undefined : this.#state.workers.get(id);
    if (worker === undefined || (worker.identity !== identity && !(worker.life === 'started' && worker.ours))) return this.shun(identity, reason);
    if (this.#shunned.has(identity)) return;
    this.#shunned.set(identity, true);
    this.#state.note('warn', 'nonsense', `Worker ${worker.id} said what no worker says: ${reason}. It is ended.`, { worker: worker.id });
    this.#state.kill(worker, 'it talks nonsense');
    this.#gone(worker, `Worker ${worker.id} talked nonsense and was ended.`);
  }

  /** Does not listen to an identity any more; the worker whose name it bears does not suffer. */
  shun(identity: string, reason: string): void {
    if (this.#shunned.has(identity)) return;
    this.#shunned.set(identity, true);
    this.#state.note('warn', 'nonsense', `A peer that calls itself “${identity.slice(0, 80)}” said what no worker says: ${reason}. It is not listened to any more.`);
  }

  /** A frame did not get there. The worker's silence decides; until it speaks it is given nothing. */
  unreachable(identity: string): void {
    for (const worker of this.#state.workers.values()) if (worker.identity === identity && worker.life === 'up') worker.cut = true;
  }

  #heard(worker: WorkerRow): void {
    const { at } = this.#state;
    [worker.base, worker.heard, worker.cut] = [Math.max(worker.base, at), at, false]; // not back from an extension
  }

  #who(identity: string): void {
    const { at, timing } = this.#state;
    if (at - (this.#asked.get(identity) ?? -Infinity) < timing.interval / 2) return;
    this.#asked.set(identity, at);
    this.#state.out.push({ type: 'send', identity, message: { type: 'resync' } });
    this.#state.note('debug', 'resync', `“${identity.slice(0, 80)}” is not known here; it is asked who it is.`);
  }

  #ready(identity: string, id: string, ready: Ready): void {
    const state = this.#state;
    if (ready.worker !== id) return this.nonsense(identity, `it says that it is worker ${ready.worker}`);
    let worker = state.workers.get(id);
    if (worker?.life === 'gone' && !worker.ours) worker = undefined;
    if (worker !== undefined) {
      if (worker.killed || worker.life === 'gone') return; // its last words
      const alive = worker.ours || worker.life !== 'dead';
      if (alive && worker.pid !== undefined && worker.pid !== ready.pid) return this.#lie(worker, identity, `it says that it is worker ${id}, which is process ${worker.pid}, but it is process ${ready.pid}`);
      if (worker.class !== ready.class) return this.nonsense(identity, `it says that it does ${ready.class}, but worker ${id} does ${worker.class}`);
      if (worker.identity !== undefined && turnOf(identity) < turnOf(worker.identity)) return;
    } else {
      worker = newWorker(id, ready.class, false, state.at);
      state.workers.set(id, worker);
    }
    const fresh = worker.identity !== identity;
    const back = worker.life === 'dead';
    worker.identity = identity;
    worker.pid = ready.pid;
    worker.versions = ready.versions;
    if (worker.life === 'stopping') state.send(worker, { type: 'stop' });
    else worker.life = 'up';
    this.#heard(worker);
    state.expected.delete(id);
    Object.assign(state.classOf(worker.class), { failures: 0, next: -Infinity });
    if (fresh || back) state.note('info', 'ready', `Worker ${id} is ready${back ? ' again; what it did meanwhile is refused unless it is still wanted' : ''}.`, { worker: id });
    takeStock(state, worker, ready.tasks, fresh);
  }

  /** Somebody says READY for a worker that is another process: only where it is that worker's own connection does the worker answer for it. */
  #lie(worker: WorkerRow, identity: string, reason: string): void {
    if (worker.identity === identity) this.nonsense(identity, reason);
    else this.shun(identity, reason);
  }

  #from(worker: WorkerRow, message: Exclude<FromWorker, { type: 'ready' }>): void {
    const state = this.#state;
    const lease = worker.lease;
    switch (message.type) {
      case 'heartbeat': {
        const { task, progress, memory } = message.vital;
        if (progress !== worker.progress) worker.moved = state.at;
        Object.assign(worker, { progress, memory });
        state.classOf(worker.class).settled = true;
        worker.doubt = lease?.begun === true && lease.spec.task !== task ? worker.doubt ?? state.at : undefined;
        if (isDoubtful(state, worker)) this.#who(worker.identity!);
        return;
      }
      case 'begun':
      case 'stream':
        if (lease === undefined || !holds(worker, message.task, message.epoch)) return;
        if (message.task === lease.spec.task && message.epoch === lease.epoch) lease.begun = true;
        if (message.type === 'stream' && lease.cancel === undefined) state.out.push({ type: 'stream', task: lease.spec.task, stream: message.stream, text: message.text });
        return;
      case 'result': return this.#result(worker, message);
      case 'goodbye':
        state.note('info', 'stopped', `Worker ${worker.id} said goodbye.`, { worker: worker.id });
        if (lease !== undefined) giveBack(state, worker, `Worker ${worker.id} ended in order.`);
        if (!worker.ours) worker.life = 'gone';
        else if (worker.life === 'up') [worker.life, worker.base] = ['stopping', state.at];
        return;
      default: // a record for the journal is the driver's to write
    }
  }

  #result(worker: WorkerRow, message: Result): void {
    if (holds(worker, message.task, message.epoch)) return take(this.#state, worker, message);
    const name = leaseName(message.task, message.epoch);
    const loose = worker.unclaimed.get(name);
    if (loose !== undefined) {
      worker.unclaimed.set(name, { ...loose, told: { ...loose.told, state: 'done' } });
      return;
    }
    this.#refuse(worker, message);
  }

  /** A result without a lease. The answer is what became of that lease, so that an answer which was lost can be given again. */
  #refuse(worker: WorkerRow, { task, epoch }: Result): void {
    const name = leaseName(task, epoch);
    const before = this.#state.ended.get(name);
    if (before === 'pending') return;
    worker.strays.delete(name);
    this.#state.send(worker, { type: 'settled', task, epoch, accepted: before === 'kept' });
    if (before === 'kept') return;
    this.#state.note('info', 'refused', `A result of \`${task}\` came late from worker ${worker.id}; its lease, epoch ${epoch}, is void, and nothing of it is kept.`, { worker: worker.id, task, epoch });
  }
}

/** A worker as it is before anything was heard of it. */
export function newWorker(id: string, name: string, ours: boolean, at: number): WorkerRow {
  return { id, class: name, ours, life: 'started', base: at, sent: at, cut: false, killed: false, unclaimed: new Map(), strays: new Map(), doubt: undefined, moved: at, done: 0, state: 'starting', since: at };
}
