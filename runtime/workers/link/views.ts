/** Views: in which state people see a worker, told when it changes; and what a late clock of our own changes. */
import { called, seconds, type State, type WorkerRow } from './state.ts';
import type { WorkerState, WorkerView } from './supervisor-types.ts';

/** Brings the states up to date, and tells those that people should know of. */
export function refresh(state: State): void {
  for (const worker of state.workers.values()) {
    const now = stateOf(state, worker);
    const before = worker.state;
    if (now === before) continue;
    [worker.state, worker.since] = [now, state.at];
    const { lease } = worker;
    const about = { worker: worker.id, ...(lease === undefined ? {} : { task: lease.spec.task, epoch: lease.epoch }) };
    if (now === 'silent') state.note('debug', 'silent', `A heartbeat of worker ${worker.id} is overdue.`, about);
    else if (lease === undefined) continue;
    else if (now === 'hung') {
      const level = lease.hung ? 'debug' : 'warn'; // a computation that mostly waits comes and goes
      lease.hung = true;
      state.note(level, 'hung', `Worker ${worker.id} answers, but its computation of ${called(lease)} has made no progress for ${seconds(state.timing.hung)}.`, about);
    } else if (before === 'hung' && now === 'busy') state.note('debug', 'moving', `The computation of worker ${worker.id} makes progress again.`, about);
  }
}

function stateOf({ at, timing }: State, worker: WorkerRow): WorkerState {
  switch (worker.life) {
    case 'started': return 'starting';
    case 'stopping': return 'stopping';
    case 'dead': case 'gone': return 'dead';
    default:
  }
  if (worker.cut || at >= worker.base + timing.interval * 1.5) return 'silent';
  if (worker.lease === undefined) return worker.unclaimed.size + worker.strays.size > 0 ? 'busy' : 'idle';
  return (worker.progress ?? 0) > 0 && at >= worker.moved + timing.hung ? 'hung' : 'busy';
}

/** One worker as people see it. */
export function viewOf(worker: WorkerRow): WorkerView {
  const { id, state, pid, lease, since, heard, progress, memory, versions, done } = worker;
  return {
    worker: id, class: worker.class, state, since, done,
    ...(pid === undefined ? {} : { pid }), ...(lease === undefined ? {} : { task: lease.spec.task, epoch: lease.epoch }), ...(heard === undefined ? {} : { heard }),
    ...(progress === undefined ? {} : { progress }), ...(memory === undefined ? {} : { memory }), ...(versions === undefined ? {} : { versions }),
  };
}

/**
 * We slept: every deadline is put off by as long (W5). When that was so long that workers have given us up, they are in a pause before they come back, which is
 * at most as long as our silence: they are given that time too, and what they had said before is no sign that they are back.
 */
export function extend(state: State, late: number): void {
  const { interval, backOff } = state.timing;
  const pause = late + interval < state.patience ? 0 : Math.min(late, backOff.longest) * 1.25;
  if (state.grace > -Infinity) state.grace += late;
  for (const worker of state.workers.values()) {
    worker.base += late + (worker.life === 'up' ? pause : 0);
    worker.moved += late;
    if (worker.life === 'up' && worker.state === 'idle') worker.since += late;
    for (const loose of [...worker.unclaimed.values(), ...worker.strays.values()]) loose.next += late;
    const { lease } = worker;
    if (lease === undefined) continue;
    lease.sent += late;
    if (lease.cancel !== undefined) lease.cancel.next += late;
  }
}
