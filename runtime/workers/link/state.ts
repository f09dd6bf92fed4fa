/**
 * State: what the supervisor knows of its tasks, workers and classes. Plain data with the few questions that all parts ask of it.
 *
 * A task is `waiting`, then `leased` to one worker under an epoch, then `committing` when its result has come; then it is gone. A worker holds
 * at most one lease; what else it says it has is *unclaimed* (of a coordinator that is gone) or *stray* (its lease is void: it is being called off).
 */
import type { InFlight } from './messages.ts';
import { Recent } from './recent.ts';
import type { LinkTask, SupervisorAction, WorkerState } from './supervisor-types.ts';
import type { Timing } from './timing.ts';

/** A task between its submission and its end. */
export interface TaskRow {
  readonly spec: LinkTask;
  state: 'waiting' | 'leased' | 'committing';
  /** Of its last lease; 0 before the first. */
  epoch: number;
  worker?: string;
  /** The name and epoch under which its worker has had it from another coordinator. */
  was?: { readonly task: string; readonly epoch: number };
  /** When its worker was last told to do it, and whether that worker has shown that it has it. */
  sent: number;
  begun: boolean;
  /** It was told that it makes no progress; once for each lease is enough. */
  hung: boolean;
  /** Why workers were lost with it. */
  readonly deaths: string[];
  /** It is called off: how far that has gone, and when it goes further. */
  cancel?: { readonly reason: string; stage: 'soft' | 'hard' | 'kill'; next: number };
}

/** Work of a worker that nobody here has a lease of. */
export interface Loose { readonly told: InFlight; /** When it is given up, or called off once more. */ next: number }

/** A worker, from its start until a while after its end. */
export interface WorkerRow {
  readonly id: string;
  readonly class: string;
  /** We started its process, and will hear of its end. */
  readonly ours: boolean;
  pid?: number;
  /** Its connection. */
  identity?: string;
  /** `started`: READY has not come. `gone`: its process has ended. */
  life: 'started' | 'up' | 'stopping' | 'dead' | 'gone';
  /** Start of the deadline of its life: start of the process, last word of it, word to stop, death. */
  base: number;
  heard?: number;
  /** When something was last sent to it. */
  sent: number;
  /** Its connection is gone; nothing is sent until it speaks. */
  cut: boolean;
  killed: boolean;
  lease?: TaskRow;
  /** Since when its heartbeats do not name the task of its lease, which it had begun. */
  doubt: number | undefined;
  readonly unclaimed: Map<string, Loose>;
  readonly strays: Map<string, Loose>;
  progress?: number;
  /** When its progress last changed. */
  moved: number;
  memory?: number;
  versions?: Readonly<Record<string, string>>;
  done: number;
  state: WorkerState;
  since: number;
}

/** A class of workers. */
export interface ClassRow {
  readonly name: string;
  most: number;
  warm: number;
  used: boolean;
  /** A worker of it is at work: spares do not stand in the way of the first one's start. */
  settled: boolean;
  /** Its tasks in the order of submission, which they keep when they wait again; and how many of them wait. */
  readonly tasks: Set<TaskRow>;
  waiting: number;
  /** Starts that failed since the last READY, as rounds: fifty that fail together are one. */
  failures: number;
  failedAt: number;
  reason: string;
  next: number;
}

/** All of it. `out` are the actions of the event that is being handled. */
export class State {
  readonly timing: Timing;
  readonly name: string;
  readonly tasks = new Map<string, TaskRow>();
  readonly workers = new Map<string, WorkerRow>();
  readonly classes = new Map<string, ClassRow>();
  /** Leases at their end, by name and epoch: what became of their result. `pending`: it is being kept. */
  readonly ended = new Recent<'kept' | 'refused' | 'pending'>(4_096);
  /** Workers of an earlier coordinator that should still say READY, and until when they are waited for. */
  readonly expected: Set<string>;
  grace: number;
  closing = false;
  at = 0;
  out: SupervisorAction[] = [];

  constructor(timing: Timing, name: string, expect: readonly string[], grace: number) {
    [this.timing, this.name, this.expected, this.grace] = [timing, name, new Set(expect), grace];
  }

  /** Milliseconds of silence after which a peer is dead. */
  get patience(): number { return this.timing.interval * this.timing.liveness; }

  classOf(name: string): ClassRow {
    let row = this.classes.get(name);
    if (row === undefined) this.classes.set(name, row = { name, most: 1, warm: 0, used: false, settled: false, tasks: new Set(), waiting: 0, failures: 0, failedAt: -Infinity, reason: '', next: -Infinity });
    return row;
  }

  add(spec: LinkTask): TaskRow {
    const row: TaskRow = { spec, state: 'waiting', epoch: 0, sent: 0, begun: false, hung: false, deaths: [] };
    const list = this.classOf(spec.class);
    this.tasks.set(spec.task, row);
    list.tasks.add(row);
    list.waiting += 1;
    return row;
  }

  remove(row: TaskRow): void {
    this.turn(row, 'committing');
    this.tasks.delete(row.spec.task);
    this.classOf(row.spec.class).tasks.delete(row);
  }

  turn(row: TaskRow, state: TaskRow['state']): void {
    this.classOf(row.spec.class).waiting += Number(state === 'waiting') - Number(row.state === 'waiting');
    row.state = state;
  }

  /** The first task of a class that waits, and passes. */
  nextWaiting(name: string, passes: (row: TaskRow) => boolean = () => true): TaskRow | undefined {
    const list = this.classOf(name);
    if (list.waiting > 0) for (const row of list.tasks) if (row.state === 'waiting' && passes(row)) return row;
    return undefined;
  }

  note(level: 'debug' | 'info' | 'warn' | 'error', event: string, message: string, about: { worker?: string; task?: string; epoch?: number } = {}): void {
    this.out.push({ type: 'note', level, event, message, ...about });
  }

  /** Sends to a worker, where it has a connection. */
  send(worker: WorkerRow, message: Extract<SupervisorAction, { type: 'send' }>['message']): void {
    if (worker.identity === undefined || worker.life === 'gone') return;
    worker.sent = this.at;
    this.out.push({ type: 'send', identity: worker.identity, message });
  }

  kill(worker: WorkerRow, why: string): void {
    if (worker.killed || worker.life === 'gone') return;
    worker.killed = true;
    this.out.push({ type: 'kill', worker: worker.id, why });
  }
}

export const leaseName = (task: string, epoch: number): string => `${epoch} ${task}`;
/** How people call a task. */
export const called = (row: TaskRow): string => `\`${row.spec.label ?? row.spec.task}\``;
export const isUp = (worker: WorkerRow): boolean => worker.life === 'up';
export const isFree = (worker: WorkerRow): boolean => worker.life === 'up' && !worker.cut && !worker.killed && worker.lease === undefined && worker.unclaimed.size === 0 && worker.strays.size === 0;
export const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;
