/** A supervisor with a hand on its clock: says what happens in few words, and keeps what it answers. */
import { createSupervisor, type SupervisorOptions } from '../../runtime/workers/link/supervisor.ts';
import type { FromWorker, InFlight } from '../../runtime/workers/link/messages.ts';
import type { LinkTask, Supervisor, SupervisorAction, SupervisorEvent, WorkerView } from '../../runtime/workers/link/supervisor-types.ts';

type Event = SupervisorEvent extends infer Each ? Each extends { readonly at: number } ? Omit<Each, 'at'> : never : never;
type Kind = SupervisorAction['type'];
type Action<K extends Kind> = Extract<SupervisorAction, { type: K }>;

export class Supervised {
  readonly supervisor: Supervisor;
  at = 1_000;
  /** Actions since `forget`. */
  actions: SupervisorAction[] = [];
  /** Workers that send a heartbeat whenever time passes. */
  readonly alive = new Set<string>();
  readonly pids = new Map<string, number>();

  constructor(options: SupervisorOptions = {}) { this.supervisor = createSupervisor(options); }

  say(event: Event): SupervisorAction[] {
    const said = this.supervisor.handle({ ...event, at: this.at } as SupervisorEvent);
    this.actions.push(...said);
    for (const action of said) if (action.type === 'spawn' && !this.pids.has(action.worker)) {
      this.pids.set(action.worker, 100 + this.pids.size);
      this.say({ type: 'spawned', worker: action.worker, pid: this.pids.get(action.worker)! });
    }
    return [...said];
  }

  hear(identity: string, message: FromWorker): SupervisorAction[] { return this.say({ type: 'message', identity, message }); }
  submit(task: string, more: Partial<LinkTask> = {}): SupervisorAction[] { return this.say({ type: 'submit', task: { task, key: `key of ${task}`, class: 'python', once: false, ...more } }); }

  ready(worker: string, { turn = 1, tasks = [], pid = this.pids.get(worker) ?? 1, kind = 'python' }: { turn?: number; tasks?: InFlight[]; pid?: number; kind?: string } = {}): SupervisorAction[] {
    this.alive.add(`${worker}:${turn}`);
    return this.hear(`${worker}:${turn}`, { type: 'ready', worker, class: kind, pid, versions: {}, capabilities: [], tasks });
  }

  /** The result of the last dispatch of a task. */
  result(task: string, epoch: number, worker = 'python-1:1'): SupervisorAction[] { return this.hear(worker, { type: 'result', task, epoch, payload: { of: task } }); }

  /** Lets time pass, tick by tick; those alive send heartbeats. */
  pass(ms: number, vital: { task?: string; progress: number } = { progress: 0 }): void {
    for (const end = this.at + ms; this.at < end;) {
      this.at = Math.min(end, this.at + 500, Math.max(this.at + 1, this.supervisor.nextTick() ?? end));
      this.say({ type: 'tick' });
      if (this.at % 500 === 0 || this.at === end) for (const identity of this.alive) this.hear(identity, { type: 'heartbeat', vital: { memory: 1, ...vital } });
    }
  }

  /** Lets time pass with ticks exactly when they are asked for, all peers silent. */
  quiet(ms: number): void {
    const { alive } = this;
    const before = [...alive];
    alive.clear();
    for (const end = this.at + ms; this.at < end;) {
      this.at = Math.min(end, Math.max(this.at + 1, this.supervisor.nextTick() ?? end));
      this.say({ type: 'tick' });
    }
    for (const each of before) alive.add(each);
  }

  of<K extends Kind>(type: K): Action<K>[] { return this.actions.filter((action): action is Action<K> => action.type === type); }
  notes(event: string): string[] { return this.of('note').filter((note) => note.event === event).map(({ message }) => message); }
  forget(): void { this.actions = []; }
  worker(id: string): WorkerView | undefined { return this.supervisor.workers().find(({ worker }) => worker === id); }
  /** Submits, and has a worker ready that gets it. */
  leased(task = 'a', more: Partial<LinkTask> = {}, options: { most?: number } = {}): void {
    this.say({ type: 'limits', class: 'python', most: options.most ?? 1, warm: 0 });
    this.submit(task, more);
    this.ready('python-1');
    this.hear('python-1:1', { type: 'begun', task, epoch: 1 });
  }
}
