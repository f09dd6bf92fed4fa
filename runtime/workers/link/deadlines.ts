/**
 * Deadlines: what is due when, and what is done when it is. Both stand side by side here, so that nothing is waited for that nobody wakes up for.
 *
 * Not taken: a timer for each deadline. One `tick` at the earliest of them leaves nothing to forget, and shows when we ourselves were late.
 */
import { escalate, sendAgain } from './leases.ts';
import type { Starts, Tally } from './starts.ts';
import { seconds, type State, type WorkerRow } from './state.ts';
import { sweep } from './stock.ts';

/** See the module's head. */
export class Deadlines {
  readonly #state: State;
  readonly #starts: Starts;
  readonly #lost: (worker: WorkerRow, reason: string) => void;

  /** @param lost what to do with a worker that is lost */
  constructor(state: State, starts: Starts, lost: (worker: WorkerRow, reason: string) => void) { [this.#state, this.#starts, this.#lost] = [state, starts, lost]; }

  /** When something is due next; `undefined` when nothing will be. */
  next(): number | undefined {
    const { timing, workers, classes, at, grace, patience } = this.#state;
    let next = Infinity;
    const by = (time: number | undefined): void => { if (time !== undefined && time < next) next = time; };
    if (grace > at) by(grace);
    for (const row of classes.values()) if (row.next > at && (row.waiting > 0 || row.warm > 0) && !this.#state.closing) by(row.next);
    const tally = this.#starts.tally();
    for (const worker of workers.values()) {
      if (worker.life === 'started') by(worker.pid === undefined ? undefined : worker.base + timing.start);
      else if (worker.life === 'stopping') by(worker.killed ? undefined : worker.base + this.#stopPatience());
      else if (worker.life === 'dead') by(worker.killed ? undefined : worker.base + timing.orphan);
      else if (worker.life === 'up') {
        by(worker.base + patience);
        if (worker.state !== 'silent') by(worker.base + timing.interval * 1.5);
        by(worker.sent + timing.interval);
        by(worker.lease?.cancel?.next);
        if (worker.lease?.begun === false && worker.lease.cancel === undefined) by(worker.lease.sent + patience);
        if (worker.state === 'busy' && worker.lease !== undefined && (worker.progress ?? 0) > 0) by(worker.moved + timing.hung);
        for (const { next: time } of worker.unclaimed.values()) by(time);
        for (const { next: time } of worker.strays.values()) by(time);
        const idle = this.#starts.idleUntil(worker, tally);
        if (idle !== undefined) by(Math.max(at + 1, idle)); // it may be one too many since just now
      }
    }
    return next === Infinity ? undefined : next;
  }

  /** All that is due now. */
  due(): void {
    const state = this.#state;
    const { at, timing } = state;
    const tally = this.#starts.tally();
    for (const worker of state.workers.values()) {
      switch (worker.life) {
        case 'started':
          if (state.closing) this.#starts.stop(worker);
          else if (worker.pid !== undefined && at >= worker.base + timing.start) { // one without a process waits for room
            state.kill(worker, 'it did not say that it is ready');
            this.#starts.failed(worker, `it did not say that it is ready within ${seconds(timing.start)}`);
          }
          break;
        case 'up': this.#live(worker, tally); break;
        case 'stopping':
          if (at >= worker.base + this.#stopPatience()) {
            if (!worker.killed) state.kill(worker, 'it was told to stop and did not');
            if (!worker.ours) worker.life = 'gone';
          }
          break;
        case 'dead':
          if (!state.closing && at < worker.base + timing.orphan) break;
          if (worker.ours) state.kill(worker, 'it has not been heard of again');
          else worker.life = 'gone';
          break;
        default:
          if (at - worker.since > timing.orphan && worker.state === 'dead') state.workers.delete(worker.id);
      }
    }
  }

  #live(worker: WorkerRow, tally: Tally): void {
    const state = this.#state;
    const { at, timing, patience } = state;
    if (at >= worker.base + patience) return this.#lost(worker, `Worker ${worker.id} was silent for ${seconds(at - worker.base)} (stopped, or its machine is gone).`);
    sweep(state, worker);
    const { lease } = worker;
    if (lease !== undefined) {
      escalate(state, lease, worker);
      if (!lease.begun && lease.cancel === undefined && at >= lease.sent + patience) sendAgain(state, lease, worker);
    }
    if ((state.closing && lease === undefined) || (this.#starts.idleUntil(worker, tally) ?? Infinity) <= at) return this.#starts.stop(worker, tally);
    // A little early, so that many workers make one tick.
    if (at >= worker.sent + timing.interval * 0.9) state.send(worker, { type: 'heartbeat' });
  }

  #stopPatience(): number { return this.#state.closing ? this.#state.timing.escalation * 2 : this.#state.patience; }
}
