/**
 * Stock: what a worker that says READY still has (W11). Its lease goes on; what waits here under the same key is taken over; what is void is called off; the
 * rest is kept for a while, for whoever asks for it.
 */
import { adopt, giveBack, holds, lose, sendAgain, tellCancel } from './leases.ts';
import type { InFlight } from './messages.ts';
import { leaseName, type Loose, type State, type WorkerRow } from './state.ts';

/** Sorts what a worker says it has: its lease, work to be taken over, work that nobody has asked for yet, and work whose lease is void. */
export function takeStock(state: State, worker: WorkerRow, tasks: readonly InFlight[], fresh: boolean): void {
  const { lease } = worker;
  const loose = new Map([...worker.unclaimed, ...worker.strays]);
  worker.strays.clear();
  worker.unclaimed.clear();
  let held = false;
  for (const told of tasks) {
    const name = leaseName(told.task, told.epoch);
    const before = state.ended.get(name);
    if (before === 'pending') continue;
    if (lease !== undefined && holds(worker, told.task, told.epoch)) {
      held = true;
      lease.begun ||= told.task === lease.spec.task && told.epoch === lease.epoch;
      if (!lease.begun) sendAgain(state, lease, worker);
      tellCancel(state, lease, worker);
    } else if (before === 'kept') state.send(worker, { type: 'settled', task: told.task, epoch: told.epoch, accepted: true });
    else if (before === 'refused' && !(worker.life === 'up' && claim(state, worker, told))) callOff(state, worker, name, told);
    else if (before === undefined) worker.unclaimed.set(name, { told, next: loose.get(name)?.next ?? state.at + state.timing.orphan });
  }
  if (lease === undefined || held || worker.lease !== lease) return;
  if (isDoubtful(state, worker)) giveBack(state, worker, `Worker ${worker.id} does not have it any more.`);
  else if (!fresh) return; // it may have been said before the order came
  else if (lease.begun) lose(state, worker, `Worker ${worker.id} came back without it.`);
  else if (lease.was !== undefined) giveBack(state, worker, `Worker ${worker.id} came back without it.`);
  else sendAgain(state, lease, worker);
}

/** Gives a waiting task to the worker that already has its work. @returns whether there was one */
function claim(state: State, worker: WorkerRow, told: InFlight): boolean {
  if (worker.lease !== undefined) return false;
  const row = state.nextWaiting(worker.class, (each) => each.spec.key === told.key);
  if (row !== undefined) adopt(state, row, worker, told);
  return row !== undefined;
}

/** Takes over what waits here and was begun for an earlier coordinator. */
export function claimAll(state: State, worker: WorkerRow): void {
  if (worker.life !== 'up' || worker.lease !== undefined) return;
  for (const [name, { told }] of worker.unclaimed) {
    if (!claim(state, worker, told)) continue;
    worker.unclaimed.delete(name);
    return;
  }
}

/** Calls off what is nobody's, and gives up what nobody claimed. */
export function sweep(state: State, worker: WorkerRow): void {
  const { at } = state;
  for (const [name, loose] of worker.unclaimed) {
    if (at < loose.next) continue;
    worker.unclaimed.delete(name);
    state.note('info', 'unclaimed', `Nobody asked for \`${loose.told.task}\`, which worker ${worker.id} has of an earlier coordinator; it is called off.`, { worker: worker.id });
    callOff(state, worker, name, loose.told);
  }
  for (const [name, loose] of worker.strays) if (at >= loose.next) callOff(state, worker, name, loose.told);
}

/** Whether it is time to ask a worker what it has: it seems to have lost what it is to do. */
export function isDoubtful(state: State, { doubt }: WorkerRow): boolean { return doubt !== undefined && state.at - doubt >= state.patience; }

/** Work that nobody wants: its computation is killed, its result refused. */
function callOff(state: State, worker: WorkerRow, name: string, told: InFlight): void {
  state.ended.set(name, 'refused');
  if (told.state === 'done') {
    state.send(worker, { type: 'settled', task: told.task, epoch: told.epoch, accepted: false });
    state.note('info', 'refused', `The result of \`${told.task}\` from worker ${worker.id} is refused: its lease, epoch ${told.epoch}, is void.`, { worker: worker.id, task: told.task, epoch: told.epoch });
    return;
  }
  const stray: Loose = { told, next: state.at + state.patience };
  worker.strays.set(name, stray);
  state.send(worker, { type: 'cancel', task: told.task, epoch: told.epoch, how: 'hard', reason: 'Its lease is void.' });
}
