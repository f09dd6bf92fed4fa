/**
 * The supervisor's events and actions. It is pure: `supervisor.handle(event) -> actions`, no clock, no process, no socket; whoever drives it
 * (`workers/zeromq.node.ts`, or a test) carries the actions out in their order.
 */
import type { ErrorJSON } from '../../../contracts/errors.ts';
import type { FromWorker, Payload, ToWorker } from './messages.ts';

/** A task to be done somewhere. */
export interface LinkTask {
  /** Unique among all coordinators that these workers may have had: a name with a random part. Workers know by name and epoch what they have already done. */
  readonly task: string;
  /** What people call it; `task` when absent. */
  readonly label?: string;
  /** What it is, by content. */
  readonly key: string;
  /** The class of worker that it needs. */
  readonly class: string;
  /** May not be done twice (an effect): when its worker is lost it fails with `lost` and is not dispatched again. */
  readonly once: boolean;
}

/** What happens. `at`: monotonic milliseconds, never going back. */
export type SupervisorEvent = { readonly at: number } & (
  | { readonly type: 'submit'; readonly task: LinkTask }
  | { readonly type: 'cancel'; readonly task: string; readonly reason: string }
  /** How many workers of a class there may be, and how many are kept warm (the governor's word). */
  | { readonly type: 'limits'; readonly class: string; readonly most: number; readonly warm: number }
  | { readonly type: 'message'; readonly identity: string; readonly message: FromWorker }
  /** Something that is no message came from this identity. */
  | { readonly type: 'nonsense'; readonly identity: string; readonly reason: string }
  /** A frame could not be delivered to this identity (no such peer). */
  | { readonly type: 'unreachable'; readonly identity: string }
  | { readonly type: 'spawned'; readonly worker: string; readonly pid: number }
  | { readonly type: 'spawn-failed'; readonly worker: string; readonly reason: string }
  /** `said`: its last words, where it ended by an error. */
  | { readonly type: 'exited'; readonly worker: string; readonly code: number | null; readonly signal: string | null; readonly said?: string }
  /** The driver could, or could not, keep the values of a result that was accepted for `commit`. */
  | { readonly type: 'committed'; readonly task: string; readonly epoch: number; readonly error?: ErrorJSON }
  | { readonly type: 'tick' }
  /** Drain: no new dispatch, everyone is told to stop. */
  | { readonly type: 'close' }
);

/** What is to be done. */
export type SupervisorAction =
  /** Start a process of this class under this worker id. */
  | { readonly type: 'spawn'; readonly worker: string; readonly class: string }
  /** Send. For `task` the driver adds payload and bulk of the task. */
  | { readonly type: 'send'; readonly identity: string; readonly message: Exclude<ToWorker, { type: 'task' }> }
  | { readonly type: 'dispatch'; readonly identity: string; readonly worker: string; readonly task: string; readonly key: string; readonly epoch: number }
  | { readonly type: 'kill'; readonly worker: string; readonly why: string }
  /** A result under a valid lease: keep its values, then say `committed`. Nothing of a result without a lease ever gets here. */
  | { readonly type: 'commit'; readonly identity: string; readonly worker: string; readonly task: string; readonly epoch: number; readonly payload: Payload }
  /** The task is at its end; with `error` it failed. Without, its `commit` has succeeded. */
  | { readonly type: 'settle'; readonly task: string; readonly error?: ErrorJSON }
  | { readonly type: 'stream'; readonly task: string; readonly stream: 'stdout' | 'stderr' | 'progress'; readonly text: string }
  /** For the journal. `event` is one word: `spawn`, `ready`, `dispatch`, `again`, `refused`, `dead`, `hung`, `stopped`, `poison`, `nonsense`, `resync`, `adopted`, `lag`, `exit`, `cancel`, … */
  | { readonly type: 'note'; readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly event: string; readonly message: string; readonly worker?: string; readonly task?: string; readonly epoch?: number };

/**
 * - `starting`: its process runs, READY has not come.
 * - `idle`, `busy`: it answers, with or without a task.
 * - `hung`: it answers, but its compute child makes no progress.
 * - `silent`: a heartbeat is overdue; not yet dead.
 * - `dead`: gone, or silent for too long; its lease is void. It may wake and come back as another connection.
 */
export type WorkerState = 'starting' | 'idle' | 'busy' | 'hung' | 'silent' | 'dead' | 'stopping';

/** One worker as people see it. */
export interface WorkerView {
  readonly worker: string;
  readonly class: string;
  readonly state: WorkerState;
  readonly pid?: number;
  readonly task?: string;
  readonly epoch?: number;
  /** Monotonic milliseconds: since when it is in this state; when it was last heard. */
  readonly since: number;
  readonly heard?: number;
  readonly progress?: number;
  readonly memory?: number;
  readonly versions?: Readonly<Record<string, string>>;
  /** Tasks it has ended. */
  readonly done: number;
}

/** The supervisor. One per coordinator: `createSupervisor` in `supervisor.ts`. */
export interface Supervisor {
  handle(event: SupervisorEvent): readonly SupervisorAction[];
  /** When `tick` is wanted next at the latest (monotonic ms); `undefined`: nothing to wait for. */
  nextTick(): number | undefined;
  workers(): readonly WorkerView[];
  /** Tasks that wait for a worker, oldest first. */
  waiting(): readonly string[];
}
