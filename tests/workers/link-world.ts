/**
 * A world in one thread: coordinators one after the other, workers, and a network between them that loses, doubles, reorders and delays. Supervisor and
 * worker's end are the real ones; clock, chance, processes and sockets are this file's. It keeps book of what was computed, committed and settled.
 */
import type { ErrorJSON } from '../../contracts/errors.ts';
import type { FromWorker, ToWorker } from '../../runtime/workers/link/messages.ts';
import { createSupervisor } from '../../runtime/workers/link/supervisor.ts';
import type { Supervisor, SupervisorAction, SupervisorEvent } from '../../runtime/workers/link/supervisor-types.ts';
import { createWorkerEnd } from '../../runtime/workers/link/worker-end.ts';
import type { WorkerAction, WorkerEnd, WorkerEvent } from '../../runtime/workers/link/worker-types.ts';

type WithoutTime<E> = E extends { readonly at: number } ? Omit<E, 'at'> : never;
type SupervisorWord = WithoutTime<SupervisorEvent>;
type WorkerWord = WithoutTime<WorkerEvent>;

/** What a piece of work does. */
export interface Work { readonly key: string; readonly kind: 'plain' | 'once' | 'fails' | 'kills' | 'child'; readonly takes: number }

export interface Weather {
  readonly seed: number;
  readonly most: number;
  readonly warm: number;
  /** Of each frame. */
  readonly loses: number;
  readonly doubles: number;
  readonly delays: number;
  /** Of each start of a process. */
  readonly fails: number;
}

interface Process { readonly id: string; readonly pid: number; end: WorkerEnd; owner: number; identity?: string; alive: boolean; stopped: boolean; inbox: (() => void)[]; tick: number; readonly computing: Map<string, Work & { name: string }> }
interface Coordinator { readonly turn: number; readonly supervisor: Supervisor; tick: number; blocked: number; readonly open: Map<string, Work>; readonly epochs: Map<string, number>; readonly kept: Set<string> }

export class World {
  at = 0;
  readonly weather: Weather;
  readonly processes = new Map<string, Process>();
  coordinator: Coordinator | undefined;
  turns = 0;
  /** How often a computation of this key began; how often one was kept. */
  readonly computed = new Map<string, number>();
  readonly finished = new Set<string>();
  readonly settled = new Map<string, ErrorJSON | undefined>();
  readonly notes: string[] = [];
  spawned = 0;
  #pid = 100;
  #state: number;
  #order = 0;
  #queue: { at: number; order: number; act: () => void }[] = [];

  constructor(weather: Weather) {
    this.weather = weather;
    this.#state = weather.seed >>> 0 || 1;
  }

  /** From 0 to 1: mulberry32. */
  chance = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  between(from: number, to: number): number { return from + this.chance() * (to - from); }
  pick<T>(list: readonly T[]): T | undefined { return list[Math.floor(this.chance() * list.length)]; }

  later(ms: number, act: () => void): void {
    const entry = { at: this.at + ms, order: this.#order += 1, act };
    let [low, high] = [0, this.#queue.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#queue[middle]!.at > entry.at || (this.#queue[middle]!.at === entry.at && this.#queue[middle]!.order > entry.order)) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, entry);
  }

  /** Goes on until this holds. @throws Error when it does not within so long */
  until(holds: () => boolean, most: number): void {
    const end = this.at + most;
    while (!holds()) {
      const next = this.#queue.pop();
      if (next === undefined || next.at > end) throw new Error(`nothing moves any more at ${Math.round(this.at)}: open ${[...this.coordinator?.open.keys() ?? []].join()}; ${JSON.stringify(this.coordinator?.supervisor.workers())}; ${this.notes.slice(-12).join(' | ')}`);
      this.at = Math.max(this.at, next.at);
      next.act();
    }
  }

  pass(ms: number): void {
    let over = false;
    this.later(ms, () => { over = true; });
    this.until(() => over, ms + 1);
  }

  /** A coordinator begins, after another may have been killed; what that had open is asked for again, but for effects. */
  begin(): void {
    const turn = this.turns += 1;
    const living = [...this.processes.values()].filter(({ alive }) => alive);
    const before = this.coordinator?.open;
    this.coordinator = { turn, supervisor: createSupervisor({ name: `g${turn}`, expect: living.map(({ id }) => id) }), tick: 0, blocked: 0, open: new Map(), epochs: new Map(), kept: new Set() };
    this.tell({ type: 'limits', class: 'python', most: this.weather.most, warm: this.weather.warm });
    for (const work of before?.values() ?? []) if (work.kind !== 'once') this.submit(work);
    for (const process of living) this.later(this.between(50, 300), () => { this.#worker(process, { type: 'invited' }); });
  }

  submit(work: Work): string {
    const coordinator = this.coordinator!;
    const name = `${work.key}.${coordinator.turn}`;
    coordinator.open.set(name, work);
    this.tell({ type: 'submit', task: { task: name, key: work.key, class: 'python', once: work.kind === 'once' } });
    return name;
  }

  /** Something happens at the coordinator; one that is blocked hears of it later. */
  tell(word: SupervisorWord, coordinator = this.coordinator): void {
    if (coordinator === undefined || coordinator !== this.coordinator) return;
    if (this.at < coordinator.blocked) return this.later(coordinator.blocked - this.at, () => { this.tell(word, coordinator); });
    const { supervisor } = coordinator;
    const actions = supervisor.handle({ ...word, at: this.at } as SupervisorEvent);
    for (const action of actions) this.#act(coordinator, action);
    const next = supervisor.nextTick();
    if (next === undefined) return;
    if (next <= this.at) throw new Error(`a tick for the past is wanted after ${JSON.stringify(word)}`);
    const mine = coordinator.tick += 1;
    this.later(next - this.at, () => { if (coordinator.tick === mine) this.tell({ type: 'tick' }, coordinator); });
  }

  #act(coordinator: Coordinator, action: SupervisorAction): void {
    switch (action.type) {
      case 'spawn': return this.#spawn(coordinator, action.worker);
      case 'send':
        if (action.message.type === 'adopt') this.#epoch(coordinator, action.message.task, action.message.epoch);
        return this.#toWorker(action.identity, action.message);
      case 'dispatch':
        this.#epoch(coordinator, action.task, action.epoch);
        return this.#toWorker(action.identity, { type: 'task', task: action.task, key: action.key, epoch: action.epoch, payload: { ...coordinator.open.get(action.task)! } });
      case 'kill': {
        const process = this.processes.get(action.worker);
        if (process !== undefined) this.kill(process);
        return;
      }
      case 'commit': {
        if (coordinator.epochs.get(action.task) !== action.epoch) throw new Error(`${action.task} is committed under epoch ${action.epoch}, not ${coordinator.epochs.get(action.task)}`);
        if (coordinator.kept.has(action.task)) throw new Error(`${action.task} is committed twice`);
        if (action.payload.key !== coordinator.open.get(action.task)?.key) throw new Error(`${action.task} got the result of ${action.payload.key}`);
        coordinator.kept.add(action.task);
        return this.later(this.between(1, 50), () => { this.tell({ type: 'committed', task: action.task, epoch: action.epoch }, coordinator); });
      }
      case 'settle': {
        const work = coordinator.open.get(action.task);
        if (work === undefined) throw new Error(`${action.task} settles, and is not open`);
        coordinator.open.delete(action.task);
        if (action.error === undefined && (!coordinator.kept.has(action.task) || !this.finished.has(work.key))) throw new Error(`${action.task} is told as done, and is not`);
        if (action.error?.code === 'poison' && (action.error.data as { deaths: unknown[] }).deaths.length !== 3) throw new Error('poison without three deaths');
        this.settled.set(action.task, action.error);
        return;
      }
      case 'note': if (action.level !== 'debug') this.notes.push(`${Math.round(this.at)} ${action.event}: ${action.message}`); break;
      default: // streams
    }
  }

  #epoch(coordinator: Coordinator, task: string, epoch: number): void {
    if (epoch < (coordinator.epochs.get(task) ?? 0)) throw new Error(`${task} goes back to epoch ${epoch}`);
    coordinator.epochs.set(task, epoch);
  }

  #spawn(coordinator: Coordinator, id: string): void {
    this.spawned += 1;
    if (this.chance() < this.weather.fails) return this.later(5, () => { this.tell({ type: 'spawn-failed', worker: id, reason: 'there is no memory' }, coordinator); });
    const pid = this.#pid += 1;
    const end = createWorkerEnd({ worker: id, class: 'python', pid, random: this.chance });
    const process: Process = { id, pid, end, owner: coordinator.turn, alive: true, stopped: false, inbox: [], tick: 0, computing: new Map() };
    this.processes.set(id, process);
    this.later(0, () => { this.tell({ type: 'spawned', worker: id, pid }, coordinator); });
    this.later(this.between(20, 200), () => { this.#carry(process, end.start(this.at)); });
  }

  /** Something happens at a worker; one that is stopped hears of it when it wakes. */
  #worker(process: Process, word: WorkerWord): void {
    if (!process.alive) return;
    if (process.stopped) {
      if (word.type !== 'tick') process.inbox.push(() => { this.#worker(process, word); });
      return;
    }
    this.#carry(process, process.end.handle({ ...word, at: this.at } as WorkerEvent));
  }

  #carry(process: Process, actions: readonly WorkerAction[]): void {
    if (!process.alive) return;
    for (const action of actions) this.#do(process, action);
    const next = process.end.nextTick();
    if (next <= this.at) throw new Error('a worker wants a tick for the past');
    const mine = process.tick += 1;
    if (next !== Infinity) this.later(next - this.at, () => { if (process.tick === mine) this.#worker(process, { type: 'tick' }); });
  }

  #do(process: Process, action: WorkerAction): void {
    switch (action.type) {
      case 'connect': process.identity = action.identity; break;
      case 'disconnect': delete process.identity; break;
      case 'send': this.#toCoordinator(process, action.message); break;
      case 'compute': this.#compute(process, action.task, action.payload as unknown as Work); break;
      case 'interrupt': {
        const work = process.computing.get(action.task);
        if (work !== undefined && (action.how === 'hard' || this.chance() < 0.7)) this.later(action.how === 'hard' ? 5 : 50, () => { this.#finish(process, action.task, work, { code: 'cancelled', message: action.reason }); });
        break;
      }
      case 'exit': this.kill(process, 0); break;
      default: // `forget`: there are no files
    }
  }

  #compute(process: Process, task: string, work: Work): void {
    const mine = { ...work, name: task };
    process.computing.set(task, mine);
    this.computed.set(work.key, (this.computed.get(work.key) ?? 0) + 1);
    this.#worker(process, { type: 'begun', task });
    this.#worker(process, { type: 'vital', vital: { task, progress: Math.round(this.at) + 1, memory: 1 } });
    this.later(work.takes, () => {
      if (process.computing.get(task) !== mine || !process.alive) return;
      if (work.kind === 'kills') this.kill(process);
      else if (work.kind === 'child') this.#finish(process, task, mine, { code: 'lost', message: 'It ran out of memory.' });
      else this.#finish(process, task, mine, work.kind === 'fails' ? { code: 'exception', message: 'It went wrong.' } : undefined);
    });
  }

  #finish(process: Process, task: string, work: object, error?: ErrorJSON): void {
    if (process.computing.get(task) !== work) return;
    const { key } = process.computing.get(task)!;
    process.computing.delete(task);
    if (error === undefined) this.finished.add(key);
    this.#worker(process, { type: 'finished', task, ...(error === undefined ? { payload: { key } } : { error }) });
  }

  kill(process: Process, code: number | null = null): void {
    if (!process.alive) return;
    process.alive = false;
    this.processes.delete(process.id);
    const { coordinator } = this;
    if (coordinator?.turn === process.owner) this.later(this.between(1, 10), () => { this.tell({ type: 'exited', worker: process.id, code, signal: code === null ? 'SIGKILL' : null }, coordinator); });
  }

  /** SIGSTOP, and SIGCONT after a while. */
  stop(process: Process, ms: number): void {
    if (process.stopped) return;
    process.stopped = true;
    this.later(ms, () => {
      process.stopped = false;
      if (!process.alive) return;
      this.#worker(process, { type: 'tick' });
      for (const act of process.inbox.splice(0)) act();
    });
  }

  /** The coordinator's own event loop stands still. */
  block(ms: number): void { if (this.coordinator !== undefined) this.coordinator.blocked = this.at + ms; }

  #toWorker(identity: string, message: ToWorker): void {
    const process = this.processes.get(identity.split(':')[0]!);
    const { coordinator } = this;
    this.#carriedBy(() => {
      // A frame in a socket's buffer is there also after its sender's end; one for another connection is not.
      if (process?.identity === identity) this.#worker(process, { type: 'message', message });
      else this.tell({ type: 'unreachable', identity }, coordinator);
    });
  }

  #toCoordinator(process: Process, message: FromWorker): void {
    const { identity } = process;
    const { coordinator } = this;
    this.#carriedBy(() => { this.tell({ type: 'message', identity: identity!, message }, coordinator); });
  }

  #carriedBy(deliver: () => void): void {
    const { loses, doubles, delays } = this.weather;
    for (let copies = this.chance() < doubles ? 2 : 1; copies > 0; copies -= 1) {
      if (this.chance() < loses) continue;
      this.later(this.chance() < delays ? this.between(100, 6_000) : this.between(0.1, 5), deliver);
    }
  }
}
