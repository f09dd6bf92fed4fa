/**
 * Jobs: what a worker has: one that computes, those that wait behind it, those whose result nobody has accepted yet.
 *
 * A job has as many names as it has had leases; the last counts. Names that are at their end are remembered for a while, so that a frame
 * which comes twice or late is not a second order.
 */
import type { ErrorJSON } from '../../../contracts/errors.ts';
import type { FromWorker, InFlight, Payload } from './messages.ts';
import { Recent } from './recent.ts';

/** A task under an epoch. */
export interface Lease { readonly task: string; readonly epoch: number }

export interface Job {
  /** Its first name: by this the driver knows it. */
  readonly local: string;
  readonly key: string;
  readonly payload: Payload;
  lease: Lease;
  readonly earlier: Lease[];
  state: 'waiting' | 'computing' | 'done';
  result?: { readonly payload?: Payload; readonly error?: ErrorJSON };
  /** It was called off: its result is one of that lease alone. */
  off: boolean;
  /** Nobody wants its result. */
  unwanted: boolean;
  /** When its result is sent again, and the pause after that. */
  resend: number;
  pause: number;
}

/** Jobs that may wait behind the one that computes. What comes beyond is not taken; the coordinator tells it once more. */
const MOST_WAITING = 8;

const same = (a: Lease, b: Lease): boolean => a.task === b.task && a.epoch === b.epoch;
const nameOf = ({ task, epoch }: Lease): string => `${epoch} ${task}`;

/** See the module's head. */
export class Jobs {
  readonly #jobs = new Map<string, Job>();
  readonly #ended = new Recent<true>(4_096);

  [Symbol.iterator](): IterableIterator<Job> { return this.#jobs.values(); }
  get(local: string): Job | undefined { return this.#jobs.get(local); }

  /** The job that bears this name, or once did. */
  find(lease: Lease): Job | undefined {
    for (const job of this.#jobs.values()) if (same(job.lease, lease) || job.earlier.some((each) => same(each, lease))) return job;
    return undefined;
  }

  /** The job that is called so now. */
  named(lease: Lease): Job | undefined {
    const job = this.find(lease);
    return job !== undefined && same(job.lease, lease) ? job : undefined;
  }

  /** The newest job of this task, whatever its epoch. */
  ofTask(task: string): Job | undefined {
    for (const job of this.#jobs.values()) if (job.lease.task === task) return job;
    return undefined;
  }

  hasEnded(lease: Lease): boolean { return this.#ended.has(nameOf(lease)); }
  end(lease: Lease): void { this.#ended.set(nameOf(lease), true); }

  add(lease: Lease, key: string, payload: Payload): Job | undefined {
    let waiting = 0;
    for (const { state } of this.#jobs.values()) if (state === 'waiting') waiting += 1;
    if (waiting >= MOST_WAITING || this.#jobs.has(lease.task)) return undefined;
    const job: Job = { local: lease.task, key, payload, lease, earlier: [], state: 'waiting', off: false, unwanted: false, resend: Infinity, pause: 0 };
    this.#jobs.set(job.local, job);
    return job;
  }

  rename(job: Job, lease: Lease): void {
    job.earlier.push(job.lease);
    job.lease = lease;
  }

  remove(job: Job): void {
    this.#jobs.delete(job.local);
    for (const lease of [job.lease, ...job.earlier]) this.end(lease);
  }

  get computing(): Job | undefined { return this.#first('computing'); }

  /** What comes next, where nothing computes. */
  next(): Job | undefined { return this.computing === undefined ? this.#first('waiting') : undefined; }

  #first(state: Job['state']): Job | undefined {
    for (const job of this.#jobs.values()) if (job.state === state) return job;
    return undefined;
  }

  /** Whether there is anything left to compute. */
  get busy(): boolean {
    for (const { state } of this.#jobs.values()) if (state !== 'done') return true;
    return false;
  }

  told(): InFlight[] {
    return [...this.#jobs.values()].filter(({ unwanted }) => !unwanted).map(({ lease, key, state }) => ({ ...lease, key, state: state === 'done' ? 'done' : 'computing' }));
  }
}

export const resultOf = ({ lease, result }: Job): Extract<FromWorker, { type: 'result' }> => ({ type: 'result', ...lease, ...result });
