/**
 * Worker's end: the worker's side of the link as a pure machine, as the supervisor is one (SPEC W3, W4, W7).
 *
 * It does what it is told under a lease, one task at a time, and keeps each result until it was answered. When the coordinator is silent it goes on computing, drops
 * its socket and comes back under a new identity; when nobody comes at all, it ends. Being told twice, late or out of order changes nothing.
 */
import type { FromWorker, ToWorker, Vital } from './messages.ts';
import { Jobs, type Lease } from './jobs.ts';
import { Orders } from './orders.ts';
import { type Timing, TIMING } from './timing.ts';
import type { WorkerAction, WorkerEnd, WorkerEvent } from './worker-types.ts';

/** How a worker's end is made. */
export interface WorkerEndOptions {
  readonly timing?: Timing;
  readonly worker: string;
  readonly class: string;
  readonly pid: number;
  readonly versions?: Readonly<Record<string, string>>;
  readonly capabilities?: readonly string[];
  /** Chance, from 0 to 1, for the jitter. */
  random(): number;
}

/** Makes a worker's end; nothing happens before `start`. */
export function createWorkerEnd(options: WorkerEndOptions): WorkerEnd { return new Machine(options); }

class Machine implements WorkerEnd {
  readonly #options: WorkerEndOptions;
  readonly #timing: Timing;
  readonly #jobs = new Jobs();
  readonly #orders: Orders;
  #out: WorkerAction[] = [];
  #at = 0;
  /** Connections so far; the last one is open while `#connected`. */
  #turn = 0;
  #connected = false;
  /** When the coordinator was last heard, or the connection made; when something was last sent; when the next connection is made. */
  #heard = 0;
  #sent = 0;
  #again = Infinity;
  #pause: number;
  /** Since when there has been neither a coordinator nor anything to compute. */
  #alone = 0;
  #vital: Vital = { progress: 0, memory: 0 };
  #over = false;

  constructor(options: WorkerEndOptions) {
    this.#options = options;
    this.#timing = options.timing ?? TIMING;
    this.#pause = this.#timing.backOff.first;
    this.#orders = new Orders(this.#jobs, this.#timing, { now: () => this.#at, send: (message) => { this.#send(message); }, act: (action) => { this.#out.push(action); } });
  }

  start(at: number): readonly WorkerAction[] {
    this.#out = [];
    this.#at = this.#alone = at;
    this.#connect();
    return this.#out;
  }

  handle(event: WorkerEvent): readonly WorkerAction[] {
    this.#out = [];
    if (this.#over) return this.#out;
    const wanted = this.nextTick();
    this.#at = Math.max(this.#at, event.at);
    if (this.#at - wanted > this.#timing.lag) this.#extend(this.#at - wanted);
    this.#on(event);
    if (!this.#over) this.#due();
    return this.#out;
  }

  nextTick(): number {
    if (this.#over) return Infinity;
    const { interval, orphan } = this.#timing;
    let next = this.#connected ? Math.min(this.#sent + interval, this.#heard + this.#patience) : this.#again;
    if (this.#connected) for (const { resend } of this.#jobs) next = Math.min(next, resend);
    return this.#jobs.busy ? next : Math.min(next, this.#alone + orphan);
  }

  lease(task: string): Lease | undefined { return this.#jobs.get(task)?.lease; }

  get #patience(): number { return this.#timing.interval * this.#timing.liveness; }

  #on(event: WorkerEvent): void {
    switch (event.type) {
      case 'message': return this.#message(event.message);
      case 'begun': {
        const job = this.#jobs.get(event.task);
        if (job !== undefined) this.#send({ type: 'begun', ...job.lease });
        return;
      }
      case 'stream': {
        const job = this.#jobs.get(event.task);
        if (job !== undefined && !job.unwanted) this.#send({ type: 'stream', ...job.lease, stream: event.stream, text: event.text });
        return;
      }
      case 'finished':
        this.#alone = this.#at;
        return this.#orders.finished(event);
      case 'vital': {
        this.#vital = { ...event.vital, progress: Math.max(0, Math.round(event.vital.progress)), memory: Math.max(0, Math.round(event.vital.memory)) };
        return;
      }
      case 'log': return this.#send({ type: 'log', record: event.record });
      case 'invited':
        this.#pause = this.#timing.backOff.first;
        return this.#connect();
      default: // nonsense is no word of a coordinator; a tick does what is due
    }
  }

  #message(message: ToWorker): void {
    this.#heard = this.#alone = this.#at;
    this.#pause = this.#timing.backOff.first;
    switch (message.type) {
      case 'resync': return this.#ready();
      case 'task': return this.#orders.task(message);
      case 'adopt': return this.#orders.adopt(message);
      case 'cancel': return this.#orders.cancel(message);
      case 'settled': return this.#orders.settled(message);
      case 'stop':
        this.#send({ type: 'goodbye' });
        return this.#exit('it was told to stop');
      default: // a heartbeat is only heard
    }
  }

  #send(message: FromWorker): void {
    if (!this.#connected) return;
    this.#sent = this.#at;
    this.#out.push({ type: 'send', message });
  }

  #ready(): void {
    const { worker, pid, versions = {}, capabilities = [] } = this.#options;
    this.#send({ type: 'ready', worker, class: this.#options.class, pid, versions, capabilities, tasks: this.#jobs.told() });
    for (const job of this.#jobs) if (job.state === 'done') { job.pause = 0; this.#orders.give(job); }
  }

  /** What was last seen of the child, and what it does, by the name that the coordinator knows. */
  #told(): Vital {
    const { progress, memory } = this.#vital;
    const task = this.#jobs.computing?.lease.task;
    return { progress, memory, ...(task === undefined ? {} : { task }) };
  }

  #connect(): void {
    this.#connected = true;
    this.#heard = this.#at;
    this.#again = Infinity;
    this.#out.push({ type: 'connect', identity: `${this.#options.worker}:${this.#turn += 1}` });
    this.#ready();
  }

  #disconnect(): void {
    this.#connected = false;
    this.#out.push({ type: 'disconnect' });
  }

  #exit(reason: string): void {
    for (const job of this.#jobs) if (job.state === 'done') this.#orders.forget(job);
    if (this.#connected) this.#disconnect();
    this.#out.push({ type: 'exit', reason });
    this.#over = true;
  }

  /** We slept: the coordinator is given that time (W5). */
  #extend(late: number): void {
    this.#heard += late;
    this.#alone += late;
    for (const job of this.#jobs) job.resend += late;
  }

  #due(): void {
    const { interval, orphan, backOff } = this.#timing;
    if (!this.#jobs.busy && this.#at >= this.#alone + orphan) return this.#exit(`no coordinator was heard for ${Math.round(orphan / 1000)} s`);
    if (this.#connected && this.#at >= this.#heard + this.#patience) {
      this.#disconnect();
      this.#again = this.#at + this.#pause * (0.8 + 0.4 * this.#options.random());
      this.#pause = Math.min(backOff.longest, this.#pause * 2);
    }
    if (!this.#connected && this.#at >= this.#again) this.#connect();
    if (!this.#connected) return;
    for (const job of this.#jobs) if (job.state === 'done' && this.#at >= job.resend) this.#orders.give(job);
    if (this.#at >= this.#sent + interval) this.#send({ type: 'heartbeat', vital: this.#told() });
  }
}
