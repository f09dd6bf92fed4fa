/**
 * Leases: who does which task under which epoch, and what becomes of a task when its lease ends (W1, W7, W8, W9, W11).
 *
 * Fencing is here: only the worker that holds the lease, naming its epoch, gets a result committed. Heartbeats, silence and death decide when
 * a lease is void, and can be wrong about that at no cost but time.
 */
import { TelarError, type ErrorJSON } from '../../../contracts/errors.ts';
import type { FromWorker, InFlight } from './messages.ts';
import { poison } from './poison.ts';
import { called, leaseName, type State, type TaskRow, type WorkerRow } from './state.ts';
import { MOST_DEATHS } from './timing.ts';

/** Gives a waiting task to a free worker. */
export function grant(state: State, row: TaskRow, worker: WorkerRow): void {
  bind(state, row, worker);
  send(state, row, worker);
  state.note('debug', 'dispatch', `${called(row)} goes to worker ${worker.id}, epoch ${row.epoch}.`, facts(row, worker));
}

/** Tells a worker once more what it does not seem to have heard. The epoch stays, by which it knows what it has. */
export function sendAgain(state: State, row: TaskRow, worker: WorkerRow): void {
  send(state, row, worker);
  state.note('debug', 'resend', `Worker ${worker.id} has not said that it has ${called(row)}; it is told once more.`, facts(row, worker));
}

function send(state: State, row: TaskRow, worker: WorkerRow): void {
  row.sent = state.at;
  if (row.was !== undefined) return state.send(worker, { type: 'adopt', was: row.was.task, task: row.spec.task, epoch: row.epoch });
  if (worker.identity === undefined) return;
  worker.sent = state.at;
  state.out.push({ type: 'dispatch', identity: worker.identity, worker: worker.id, task: row.spec.task, key: row.spec.key, epoch: row.epoch });
}

function bind(state: State, row: TaskRow, worker: WorkerRow): void {
  state.turn(row, 'leased');
  row.epoch += 1;
  row.worker = worker.id;
  row.begun = row.hung = false;
  delete row.was;
  worker.lease = row;
  worker.moved = state.at;
  worker.doubt = undefined;
}

/** A worker goes on with what it has, as this task. */
export function adopt(state: State, row: TaskRow, worker: WorkerRow, told: InFlight): void {
  if (told.task === row.spec.task) row.epoch = Math.max(row.epoch, told.epoch);
  bind(state, row, worker);
  row.was = { task: told.task, epoch: told.epoch };
  send(state, row, worker);
  state.note('info', 'adopted', `Worker ${worker.id} already ${told.state === 'done' ? 'has the result of' : 'computes'} ${called(row)}; it is taken over, and not done again.`, facts(row, worker));
}

/** Whether a worker speaks of the lease that it holds. */
export function holds(worker: WorkerRow, task: string, epoch: number): boolean {
  const row = worker.lease;
  return row !== undefined && ((row.spec.task === task && row.epoch === epoch) || (row.was !== undefined && row.was.task === task && row.was.epoch === epoch));
}

/** Ends the lease that a worker holds; what it said under it may still come, and is refused. */
function release(state: State, worker: WorkerRow, result: 'kept' | 'refused' | 'pending'): TaskRow {
  const row = worker.lease!;
  for (const lease of namesOf(row)) state.ended.set(leaseName(lease.task, lease.epoch), result);
  delete worker.lease;
  return row;
}

const namesOf = (row: TaskRow): { task: string; epoch: number }[] => [{ task: row.spec.task, epoch: row.epoch }, ...(row.was === undefined ? [] : [row.was])];

/** A worker, or its compute child, was lost with its task. */
export function lose(state: State, worker: WorkerRow, reason: string, row = release(state, worker, 'refused')): void {
  row.deaths.push(reason);
  if (finish(state, row, worker, reason)) return;
  if (row.deaths.length < MOST_DEATHS) return wait(state, row, worker, `${reason} ${called(row)} is done again.`);
  state.note('error', 'poison', `${called(row)} is set aside: ${MOST_DEATHS} workers were lost with it. ${reason}`, facts(row, worker));
  settle(state, row, poison(reason, row.deaths).toJSON());
}

/** A worker gives its task back undone; nobody is to blame. */
export function giveBack(state: State, worker: WorkerRow, reason: string): void {
  const row = release(state, worker, 'refused');
  if (!finish(state, row, worker, reason)) wait(state, row, worker, `${reason} ${called(row)} is done again.`);
}

/** Settles a task that is not to be done once more. @returns whether it was settled */
function finish(state: State, row: TaskRow, worker: WorkerRow, reason: string): boolean {
  if (row.cancel !== undefined) {
    settle(state, row, cancelledBy(row.cancel.reason));
    return true;
  }
  if (!row.spec.once) return false;
  state.note('error', 'lost', `${reason} ${called(row)} changes the world, so it is not done a second time.`, facts(row, worker));
  settle(state, row, new TelarError('lost', `${reason} Whether this step had changed the world by then is not known.`).toJSON());
  return true;
}

function wait(state: State, row: TaskRow, worker: WorkerRow, message: string): void {
  state.turn(row, 'waiting');
  state.note('warn', 'again', message, facts(row, worker));
}

const cancelledBy = (reason: string): ErrorJSON => new TelarError('cancelled', `The step was cancelled: ${reason}`).toJSON();

/** A task is at its end. */
export function settle(state: State, row: TaskRow, error?: ErrorJSON): void {
  state.remove(row);
  state.out.push({ type: 'settle', task: row.spec.task, ...(error === undefined ? {} : { error }) });
}

/** A result under a valid lease. */
export function take(state: State, worker: WorkerRow, message: Extract<FromWorker, { type: 'result' }>): void {
  const row = worker.lease!;
  worker.done += 1;
  state.classOf(worker.class).settled = true;
  const answer = (accepted: boolean): void => { state.send(worker, { type: 'settled', task: message.task, epoch: message.epoch, accepted }); };
  if (row.cancel !== undefined) {
    release(state, worker, 'refused');
    answer(false);
    settle(state, row, cancelledBy(row.cancel.reason));
  } else if (message.error?.code === 'lost') {
    answer(false);
    if (message.error.data?.absent === true) giveBack(state, worker, `Worker ${worker.id} does not have it any more.`);
    else lose(state, worker, `The compute process of worker ${worker.id} was lost: ${message.error.message}`);
  } else if (message.error !== undefined) {
    release(state, worker, 'kept');
    answer(true);
    settle(state, row, message.error);
  } else {
    release(state, worker, 'pending');
    state.turn(row, 'committing');
    state.out.push({ type: 'commit', identity: worker.identity!, worker: worker.id, task: row.spec.task, epoch: row.epoch, payload: message.payload! });
  }
}

/** The driver has kept a result, or could not. */
export function committed(state: State, task: string, epoch: number, error: ErrorJSON | undefined): void {
  const row = state.tasks.get(task);
  if (row?.state !== 'committing' || row.epoch !== epoch) return;
  const worker = state.workers.get(row.worker!);
  for (const lease of namesOf(row)) {
    state.ended.set(leaseName(lease.task, lease.epoch), error === undefined ? 'kept' : 'refused');
    if (worker !== undefined) state.send(worker, { type: 'settled', ...lease, accepted: error === undefined });
  }
  // What was told was no result: the worker is at fault, and not the step.
  if (error?.code === 'lost' && worker !== undefined) lose(state, worker, error.message, row);
  else settle(state, row, error);
}

/** Calls a task off: at once when it waits, else step by step (W7). One whose result is being kept stays. */
export function cancel(state: State, row: TaskRow, reason: string): void {
  if (row.state === 'waiting') return settle(state, row, cancelledBy(reason));
  if (row.state === 'committing' || row.cancel !== undefined) return;
  row.cancel = { reason, stage: 'soft', next: state.at + state.timing.escalation };
  const worker = state.workers.get(row.worker!)!;
  tellCancel(state, row, worker);
  state.note('info', 'cancel', `${called(row)} is called off: ${reason}`, facts(row, worker));
}

/** The next step, when the last did not help. */
export function escalate(state: State, row: TaskRow, worker: WorkerRow): void {
  const { cancel: off } = row;
  if (off === undefined || state.at < off.next) return;
  off.next = state.at + state.timing.escalation;
  if (off.stage === 'soft') {
    off.stage = 'hard';
    tellCancel(state, row, worker);
    return;
  }
  off.next = Infinity;
  off.stage = 'kill';
  state.note('warn', 'kill', `Worker ${worker.id} does not let go of ${called(row)}, which was called off; it is ended.`, facts(row, worker));
  state.kill(worker, 'it did not stop a task that was called off');
}

/** Says once more that a task is called off, to a worker that came back. */
export function tellCancel(state: State, row: TaskRow, worker: WorkerRow): void {
  if (row.cancel === undefined || row.cancel.stage === 'kill') return;
  state.send(worker, { type: 'cancel', task: row.spec.task, epoch: row.epoch, how: row.cancel.stage, reason: row.cancel.reason });
}

const facts = (row: TaskRow, worker: WorkerRow): { task: string; worker: string; epoch: number } => ({ task: row.spec.task, worker: worker.id, epoch: row.epoch });
