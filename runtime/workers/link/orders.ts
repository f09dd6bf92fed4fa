/**
 * Orders: what a worker does about what it is told of tasks, and about their ends. Told twice, late or out of order, it does the same; of an order that it
 * cannot take now it says nothing, and is told once more.
 */
import { type Job, type Jobs, resultOf } from './jobs.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import type { Timing } from './timing.ts';
import type { WorkerAction, WorkerEvent } from './worker-types.ts';

type Told<T extends ToWorker['type']> = Extract<ToWorker, { type: T }>;

/** What orders lead to. A message is lost while there is no connection. */
export interface Desk {
  now(): number;
  send(message: FromWorker): void;
  act(action: WorkerAction): void;
}

/** See the module's head. */
export class Orders {
  readonly #jobs: Jobs;
  readonly #timing: Timing;
  readonly #desk: Desk;

  constructor(jobs: Jobs, timing: Timing, desk: Desk) { [this.#jobs, this.#timing, this.#desk] = [jobs, timing, desk]; }

  task({ task, epoch, key, payload }: Told<'task'>): void {
    const lease = { task, epoch };
    const known = this.#jobs.find(lease);
    if (known !== undefined) return this.#show(known);
    if (this.#jobs.hasEnded(lease)) return;
    const same = this.#jobs.ofTask(task);
    if (same !== undefined && epoch > same.lease.epoch) {
      if (same.key === key && !same.off && !same.unwanted && same.result?.error === undefined) {
        this.#jobs.rename(same, lease);
        return this.#show(same);
      }
      if (same.state !== 'done') return; // it ends soon, and the order comes again
      this.forget(same);
    }
    if (this.#jobs.add(lease, key, payload) !== undefined) this.#next();
  }

  adopt({ was, task, epoch }: Told<'adopt'>): void {
    const lease = { task, epoch };
    if (this.#jobs.hasEnded(lease)) return;
    const known = this.#jobs.find(lease);
    if (known !== undefined) return this.#show(known);
    const job = this.#jobs.ofTask(was);
    if (job?.lease.task === task && job.lease.epoch > epoch) return; // overtaken
    if (job === undefined || job.off || job.unwanted) {
      this.#jobs.end(lease);
      return this.#desk.send({ type: 'result', ...lease, error: { code: 'lost', message: 'The worker does not have it any more.', data: { absent: true } } });
    }
    this.#jobs.rename(job, lease);
    this.#show(job);
  }

  cancel({ task, epoch, how, reason }: Told<'cancel'>): void {
    const job = this.#jobs.find({ task, epoch });
    if (job === undefined) {
      // It may still be on its way here.
      this.#jobs.end({ task, epoch });
      this.#desk.send({ type: 'result', task, epoch, error: { code: 'cancelled', message: reason } });
    } else if (job.lease.epoch === epoch && job.lease.task === task) {
      if (job.state === 'done') this.#show(job);
      else this.#stopJob(job, how, reason);
    }
  }

  #stopJob(job: Job, how: 'soft' | 'hard', reason: string): void {
    job.off = true;
    if (job.state === 'computing') this.#desk.act({ type: 'interrupt', task: job.local, how, reason });
    else this.#end(job, { error: { code: 'cancelled', message: reason } });
  }

  /** Shows the coordinator that it has a job. */
  #show(job: Job): void {
    if (job.unwanted) return;
    if (job.state === 'done') this.give(job);
    else this.#desk.send({ type: 'begun', ...job.lease });
  }

  /** A computation has ended. */
  finished({ task, payload, error }: Extract<WorkerEvent, { type: 'finished' }>): void {
    const job = this.#jobs.get(task);
    if (job === undefined || job.state === 'done') return;
    this.#end(job, error === undefined ? { payload: payload ?? {} } : { error });
  }

  #end(job: Job, result: NonNullable<Job['result']>): void {
    [job.state, job.result] = ['done', result];
    if (job.unwanted) this.forget(job);
    else this.give(job);
    this.#next();
  }

  /** Sends a result, and again until it is answered. */
  give(job: Job): void {
    job.pause = Math.min(this.#timing.backOff.longest, job.pause === 0 ? this.#timing.interval * this.#timing.liveness : job.pause * 2);
    job.resend = this.#desk.now() + job.pause;
    this.#desk.send(resultOf(job));
  }

  /** Nobody needs it any more. */
  forget(job: Job): void {
    this.#jobs.remove(job);
    this.#desk.act({ type: 'forget', task: job.local });
  }

  #next(): void {
    const job = this.#jobs.next();
    if (job === undefined) return;
    job.state = 'computing';
    this.#desk.act({ type: 'compute', task: job.local, payload: job.payload });
  }

  settled({ task, epoch }: Told<'settled'>): void {
    const job = this.#jobs.named({ task, epoch });
    if (job === undefined) return;
    if (job.state === 'done') return this.forget(job);
    job.unwanted = true; // refused before it was given
    this.#stopJob(job, 'hard', 'Its lease is void.');
  }
}
