/**
 * The coordinator: drives the pure supervisor with a socket, processes, room and one timer, and decides nothing itself. Actions are carried out in
 * their order; what they lead to at once waits until all of them are done.
 *
 * What a task is, and what becomes of its result, is its owner's to say (`zeromq.node.ts`).
 */
import type { ErrorJSON } from '../../contracts/errors.ts';
import { fault } from '../faults.ts';
import type { Governor } from '../governor/governor.ts';
import type { Link, LinkEvents } from './link.node.ts';
import type { Envelope, FromWorker, Payload } from './link/messages.ts';
import type { SupervisorAction, SupervisorEvent, WorkerView } from './link/supervisor-types.ts';
import { Room } from './room.ts';

/** An event without its time. */
type Event = Parameters<LinkEvents['event']>[0];
/** A note of the supervisor. */
export type Note = Extract<SupervisorAction, { type: 'note' }>;

/** Whose tasks these are. Tasks have their names on the link. */
export interface Owner {
  /** What is sent for a task; `undefined` when nobody wants it any more. */
  parcel(task: string): { readonly payload: Payload; readonly bulk: readonly Uint8Array[] } | undefined;
  /** Keeps a result. `nonsense`: why the worker is to blame that it cannot be kept. */
  keep(task: string, payload: Payload, bulk: readonly Uint8Array[]): { readonly error?: ErrorJSON; readonly nonsense?: string };
  settle(task: string, error: ErrorJSON | undefined): void;
  stream(task: string, stream: 'stdout' | 'stderr' | 'progress', text: string): void;
  note(note: Note): void;
  /** A record of a worker for the journal. */
  log(worker: string, record: Payload): void;
  isWanted(workerClass: string): boolean;
  /** A class cannot have a worker: its tasks are not done. */
  refuse(workerClass: string, reason: string): void;
  /** Something has happened, and all that follows from it at once. */
  after(): void;
  /** Something went wrong here that nobody expects: nothing is coordinated any more. */
  fail(error: unknown): void;
}

/** See the module's head. */
export class Coordinator implements LinkEvents {
  readonly #owner: Owner;
  readonly #governor: Governor;
  readonly #limits = new Map<string, string>();
  readonly #events: { readonly event: Event; readonly bulk: readonly Uint8Array[] }[] = [];
  #link: Link | undefined;
  #room: Room | undefined;
  #timer: NodeJS.Timeout | undefined;
  #handling = false;

  constructor(owner: Owner, governor: Governor) { [this.#owner, this.#governor] = [owner, governor]; }

  /** Begins, with what has happened meanwhile. */
  begin(link: Link): void {
    this.#link = link;
    this.#room = new Room(this.#governor, {
      start: (workerClass, worker) => { link.processes.spawn(workerClass, worker); },
      workers: () => link.supervisor.workers(),
      isWanted: (workerClass) => this.#owner.isWanted(workerClass),
      retire: (workerClass) => { this.#limit(workerClass, 0, 0); },
      refuse: (workerClass, worker, reason) => {
        this.event({ type: 'spawn-failed', worker, reason });
        this.#owner.refuse(workerClass, reason);
      },
      now: () => performance.now(),
    });
  }

  /** No action follows any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#link = undefined;
  }

  workers(): readonly WorkerView[] { return this.#link?.supervisor.workers() ?? []; }

  /** Asks the governor, who may have changed its mind, how many workers of a class there may be. */
  limit(workerClass: string): void {
    const { most, warm } = this.#governor.limits(workerClass);
    this.#limit(workerClass, most, warm);
  }

  message(identity: string, { message, bulk }: Envelope<FromWorker>): void {
    if (message.type === 'log') this.#log(identity.replace(/:\d+$/, ''), message.record);
    this.event({ type: 'message', identity, message }, bulk);
  }

  /** Something has happened. */
  event(event: Event, bulk: readonly Uint8Array[] = []): void {
    this.#events.push({ event, bulk });
    const link = this.#link;
    if (this.#handling || link === undefined) return;
    this.#handling = true;
    this.#safely(() => {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        if (next.event.type === 'message' && next.event.message.type === 'result') fault('result-received');
        for (const action of link.supervisor.handle({ at: performance.now(), ...next.event } as SupervisorEvent)) this.#act(link, action, next.bulk);
        if (this.#events.length === 0) this.#room?.settle();
      }
      this.#arm(link);
      this.#owner.after();
    });
    this.#handling = false;
  }

  /** What goes wrong in it, and nobody expected, is the end of all coordination. */
  #safely(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.end();
      this.#owner.fail(error);
    }
  }

  #log(worker: string, record: Payload): void {
    if (this.workers().some((view) => view.worker === worker && view.state !== 'dead')) this.#owner.log(worker, record);
  }

  #limit(workerClass: string, most: number, warm: number): void {
    const now = `${most} ${warm}`;
    if (this.#limits.get(workerClass) === now) return;
    this.#limits.set(workerClass, now);
    this.event({ type: 'limits', class: workerClass, most, warm });
  }

  #arm({ supervisor }: Link): void {
    clearTimeout(this.#timer);
    const next = supervisor.nextTick();
    const pause = Math.min(this.#room?.pause ?? Infinity, next === undefined ? Infinity : Math.max(0, Math.ceil(next - performance.now())));
    if (pause !== Infinity) this.#timer = setTimeout(() => { this.event({ type: 'tick' }); }, pause).unref();
  }

  #act(link: Link, action: SupervisorAction, bulk: readonly Uint8Array[]): void {
    switch (action.type) {
      case 'spawn': return this.#room?.spawn(action.class, action.worker);
      case 'kill':
        if (this.#room?.drop(action.worker) === true) return this.event({ type: 'spawn-failed', worker: action.worker, reason: action.why });
        return link.processes.kill(action.worker);
      case 'send':
        if (action.message.type === 'settled') setImmediate(() => { this.#safely(() => { this.#answer(link, action); }); });
        else link.router.send(action.identity, action.message);
        return;
      case 'dispatch': return this.#dispatch(link, action);
      case 'commit': return this.#commit(action, bulk);
      case 'settle': return this.#owner.settle(action.task, action.error);
      case 'stream': return this.#owner.stream(action.task, action.stream, action.text);
      case 'note': return this.#owner.note(action);
    }
  }

  /** Tells a worker what became of a result; a little later, since who waits for it comes first. */
  #answer({ router }: Link, { identity, message }: Extract<SupervisorAction, { type: 'send' }>): void {
    router.send(identity, message);
    if (message.type === 'settled' && message.accepted) fault('result-settled');
  }

  #dispatch({ router }: Link, { identity, task, key, epoch }: Extract<SupervisorAction, { type: 'dispatch' }>): void {
    const parcel = this.#owner.parcel(task);
    if (parcel === undefined) return;
    fault('lease-granted');
    router.send(identity, { type: 'task', task, key, epoch, payload: parcel.payload }, parcel.bulk);
    fault('task-sent');
  }

  #commit({ identity, task, epoch, payload }: Extract<SupervisorAction, { type: 'commit' }>, bulk: readonly Uint8Array[]): void {
    const { error, nonsense } = this.#owner.keep(task, payload, bulk);
    // First of all its worker is no worker any more, or it would be given the task once more.
    if (nonsense !== undefined) this.event({ type: 'nonsense', identity, reason: nonsense });
    this.event({ type: 'committed', task, epoch, ...(error === undefined ? {} : { error }) });
  }
}
