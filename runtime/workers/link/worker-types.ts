/** The worker's end of the link, pure as the supervisor is: `createWorkerEnd` in `worker-end.ts`. Its events and actions name a task as the coordinator first did. */
import type { ErrorJSON } from '../../../contracts/errors.ts';
import type { FromWorker, Payload, ToWorker, Vital } from './messages.ts';

/** What happens at a worker. `at`: monotonic milliseconds. */
export type WorkerEvent = { readonly at: number } & (
  | { readonly type: 'message'; readonly message: ToWorker }
  | { readonly type: 'nonsense'; readonly reason: string }
  /** The compute child got on with, ended, or lost its task. */
  | { readonly type: 'begun'; readonly task: string }
  | { readonly type: 'stream'; readonly task: string; readonly stream: 'stdout' | 'stderr' | 'progress'; readonly text: string }
  | { readonly type: 'finished'; readonly task: string; readonly payload?: Payload; readonly error?: ErrorJSON }
  | { readonly type: 'vital'; readonly vital: Vital }
  | { readonly type: 'log'; readonly record: Payload }
  /** The endpoint's file says that a coordinator has begun anew: no need to wait out a back-off. */
  | { readonly type: 'invited' }
  | { readonly type: 'tick' }
);

/** What a worker is to do. */
export type WorkerAction =
  /** Drop the socket if there is one; connect under this identity (`workerId:epoch`), never used before. */
  | { readonly type: 'connect'; readonly identity: string }
  | { readonly type: 'disconnect' }
  /** Send; of a `result` the driver adds the bulk it kept for that task. */
  | { readonly type: 'send'; readonly message: FromWorker }
  | { readonly type: 'compute'; readonly task: string; readonly payload: Payload }
  | { readonly type: 'interrupt'; readonly task: string; readonly how: 'soft' | 'hard'; readonly reason: string }
  /** Nobody wants the result of this task any more, or it is kept: remove its files. */
  | { readonly type: 'forget'; readonly task: string }
  | { readonly type: 'exit'; readonly reason: string };

/** The worker's end. The bulk of a `task` message is the driver's to keep until `compute`. */
export interface WorkerEnd {
  start(at: number): readonly WorkerAction[];
  handle(event: WorkerEvent): readonly WorkerAction[];
  nextTick(): number;
  /** What the task is called at the coordinator now, and its epoch (it may have been adopted). */
  lease(task: string): { readonly task: string; readonly epoch: number } | undefined;
}
