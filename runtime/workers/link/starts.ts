/**
 * Starts: how many workers of a class there are. They are started when tasks wait, up to what is allowed; a class that is at work keeps spares;
 * those beyond that end when they have been idle for a while. A class that does not start is tried again with a growing pause, and after
 * three failed rounds its tasks fail with the reason instead of waiting for ever.
 */
import { TelarError } from '../../../contracts/errors.ts';
import { newWorker } from './connections.ts';
import { settle } from './leases.ts';
import { type ClassRow, isFree, type State, type WorkerRow } from './state.ts';

/** Rounds of failed starts after which tasks do not wait any longer. */
const MOST_FAILURES = 3;

/** Workers of each class. */
export type Tally = Map<string, { living: number; idle: number }>;

const isIdle = (worker: WorkerRow): boolean => worker.state === 'idle' && isFree(worker);

/** Starts and ends workers so that there are as many as are wanted. */
export class Starts {
  #number = 0;
  readonly #state: State;

  constructor(state: State) { this.#state = state; }

  /** Brings the number of workers of every class to what is wanted now. */
  balance(): void {
    if (this.#state.closing) return;
    for (const row of this.#state.classes.values()) this.#balance(row);
  }

  /** A worker did not start. */
  failed(worker: WorkerRow, reason: string): void {
    const state = this.#state;
    const row = state.classOf(worker.class);
    worker.life = 'gone';
    if (worker.since <= row.failedAt) return; // started before the last failure was known: the same round
    row.failures += 1;
    [row.failedAt, row.reason] = [state.at, reason];
    const pause = Math.min(state.timing.backOff.longest, state.timing.backOff.first * 2 ** (row.failures - 1));
    row.next = state.at + pause;
    state.note('warn', 'start-failed', `Worker ${worker.id} did not start: ${reason}. The next try is in ${Math.round(pause / 100) / 10} s.`, { worker: worker.id });
    if (row.failures < MOST_FAILURES || [...state.workers.values()].some((each) => each.class === row.name && each.life === 'up')) return;
    const error = new TelarError('unavailable', `Workers for ${row.name} do not start: ${reason}. Mend that (telar doctor), or let the step run with worker=light.`);
    for (const task of row.tasks) if (task.state === 'waiting') settle(state, task, error.toJSON());
  }

  /** Tells a worker to end. */
  stop(worker: WorkerRow, tally?: Tally): void {
    const count = tally?.get(worker.class);
    if (count !== undefined) {
      count.living -= 1;
      count.idle -= 1;
    }
    if (worker.life === 'up') this.#state.send(worker, { type: 'stop' });
    else this.#state.kill(worker, 'it is not needed any more');
    [worker.life, worker.base] = ['stopping', this.#state.at];
  }

  /** Workers by class: how many there are, and how many of them have been idle. */
  tally(): Tally {
    const tally: Tally = new Map();
    for (const worker of this.#state.workers.values()) {
      if (worker.life !== 'started' && worker.life !== 'up') continue;
      let count = tally.get(worker.class);
      if (count === undefined) tally.set(worker.class, count = { living: 0, idle: 0 });
      count.living += 1;
      if (isIdle(worker)) count.idle += 1;
    }
    return tally;
  }

  /** Until when an idle worker may stay; `undefined` for those that are wanted. */
  idleUntil(worker: WorkerRow, tally: Tally): number | undefined {
    if (!isIdle(worker)) return undefined;
    const row = this.#state.classOf(worker.class);
    const { living, idle } = tally.get(worker.class)!;
    if (row.waiting > 0) return undefined;
    if (living > row.most) return this.#state.at;
    return row.used && idle <= row.warm ? undefined : worker.since + this.#state.timing.idle;
  }

  #balance(row: ClassRow): void {
    const state = this.#state;
    if (row.waiting > 0) row.used = true;
    if (!row.used || state.at < row.next || state.grace > state.at) return;
    let [free, living, starting] = [0, 0, 0];
    for (const worker of state.workers.values()) {
      if (worker.class !== row.name || (worker.life !== 'started' && worker.life !== 'up')) continue;
      living += 1;
      if (worker.life === 'started') starting += 1;
      if (worker.life === 'started' || isFree(worker)) free += 1;
    }
    let missing = Math.min(row.waiting + (row.settled ? row.warm : 0) - free, row.most - living);
    if (row.failures > 0) missing = Math.min(missing, 1 - starting); // one tries whether it is mended
    for (; missing > 0; missing -= 1) this.#spawn(row);
  }

  #spawn(row: ClassRow): void {
    const state = this.#state;
    let id: string;
    do id = `${row.name}-${this.#number += 1}${state.name === '' ? '' : `.${state.name}`}`;
    while (state.workers.has(id) || state.expected.has(id));
    state.workers.set(id, newWorker(id, row.name, true, state.at));
    state.out.push({ type: 'spawn', worker: id, class: row.name });
    state.note('debug', 'spawn', `Worker ${id} is started.`, { worker: id });
  }
}
