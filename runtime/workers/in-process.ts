/**
 * A dispatcher without workers: each class is an executor of this process, with as many places as it runs programs at once. For hosts that
 * cannot start processes, and to hold the other driver against.
 *
 * Leases have epochs here as they have there: an engine that is lost costs its task a try, three cost it the task. What nobody can know here is
 * silence: an executor answers in the end, for it kills what does not stop.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { Outcome } from '../../contracts/node.ts';
import type { Executor } from '../ports.ts';
import type { DispatchEvent, Dispatcher, Task } from './dispatcher.ts';
import { poison } from './link/poison.ts';
import { MOST_DEATHS } from './link/timing.ts';
import type { WorkerState, WorkerView } from './link/supervisor-types.ts';

/** What it needs. */
export interface InProcessOptions {
  readonly executors: ReadonlyMap<string, Executor>;
  /** Monotonic milliseconds. */
  now(): number;
}

/** A task on its way. */
interface Waiting {
  readonly task: Task;
  readonly stop: AbortController;
  /** Why engines were lost with it. */
  readonly deaths: string[];
  /** Why it was cancelled. */
  reason?: string;
  resolve(outcome: Outcome): void;
  reject(error: TelarError): void;
}

/** Room for one program of a class. */
interface Place { readonly worker: string; readonly executor: Executor; busy?: Waiting; epoch?: number; state: WorkerState; since: number; done: number }

/** Makes the dispatcher. Closing it leaves the executors open: they are their maker's. */
export function createInProcess({ executors, now }: InProcessOptions): Dispatcher {
  const listeners = new Set<(event: DispatchEvent) => void>();
  const places = new Map<string, Place[]>();
  const known = new Map<string, Waiting>();
  const queues = new Map<string, Waiting[]>();
  const running = new Set<Promise<void>>();
  let epochs = 0;
  let closed = false;

  const tell = (level: DispatchEvent['level'], event: string, message: string, { task }: Waiting, place?: Place): void => {
    const told: DispatchEvent = {
      level, event, message, task: task.id, ...(task.asker === undefined ? {} : { asker: task.asker }),
      ...(place === undefined ? {} : { worker: place.worker, ...(place.epoch === undefined ? {} : { epoch: place.epoch }) }),
    };
    for (const listener of listeners) listener(told);
  };

  const placesOf = (executor: Executor): Place[] => {
    const found = places.get(executor.engine) ?? Array.from({ length: executor.concurrency }, (_, at): Place => ({ worker: `${executor.engine}-${at + 1}`, executor, state: 'idle', since: now(), done: 0 }));
    places.set(executor.engine, found);
    return found;
  };

  const queueOf = (engine: string): Waiting[] => {
    const found = queues.get(engine) ?? [];
    queues.set(engine, found);
    return found;
  };

  function serve(engine: string): void {
    const queue = queueOf(engine);
    for (const place of places.get(engine) ?? []) {
      if (queue.length === 0) return;
      if (place.busy !== undefined) continue;
      const work = doIn(place, queue.shift()!).finally(() => { running.delete(work); });
      running.add(work);
    }
  }

  async function doIn(place: Place, waiting: Waiting): Promise<void> {
    const { task, stop } = waiting;
    Object.assign(place, { busy: waiting, epoch: ++epochs, state: 'busy', since: now() });
    tell('debug', 'dispatch', `${task.program.id} is dispatched to ${place.worker}.`, waiting, place);
    const ended = await place.executor.execute(task.program, task.inputs, { ...withoutIdentity(task), signal: stop.signal }).then((outcome) => ({ outcome }), (error: unknown) => ({ error: TelarError.from(error) }));
    place.done += 1;
    end(waiting, place, ended);
    Object.assign(place, { busy: undefined, epoch: undefined, state: 'idle', since: now() });
    serve(place.executor.engine);
  }

  function end(waiting: Waiting, place: Place, ended: { outcome: Outcome } | { error: TelarError }): void {
    const { task } = waiting;
    const lost = 'error' in ended && ended.error.code === 'lost';
    if (waiting.reason === undefined && lost && task.once !== true && !closed) {
      waiting.deaths.push(ended.error.message);
      if (waiting.deaths.length < MOST_DEATHS) {
        tell('warn', 'again', `${task.program.id} lost its engine and is dispatched again.`, waiting, place);
        queueOf(task.program.engine).unshift(waiting);
        return;
      }
      tell('error', 'poison', `${task.program.id} has ended ${MOST_DEATHS} engines and is set aside. ${ended.error.message}`, waiting, place);
    }
    known.delete(task.id);
    if (waiting.reason !== undefined || closed) waiting.reject(cancelled(waiting.reason));
    else if (!('error' in ended)) waiting.resolve(ended.outcome);
    else if (lost && task.once !== true) waiting.reject(poison(ended.error.message, waiting.deaths));
    else waiting.reject(ended.error);
  }

  function cancel(id: string, reason: string): void {
    const waiting = known.get(id);
    if (waiting === undefined || waiting.reason !== undefined) return;
    waiting.reason = reason;
    tell('info', 'cancel', `${waiting.task.program.id} is cancelled: ${reason}.`, waiting);
    const queue = queueOf(waiting.task.program.engine);
    const at = queue.indexOf(waiting);
    if (at < 0) return waiting.stop.abort();
    queue.splice(at, 1);
    known.delete(id);
    waiting.reject(cancelled(reason));
  }

  return {
    submit(task) {
      const { engine } = task.program;
      const executor = executors.get(engine);
      const able = executor?.available() ?? { ok: false, reason: `This host has no engine “${engine}”.` };
      if (closed) return Promise.reject(new TelarError('unavailable', 'The workers of this run are closed.'));
      if (executor === undefined || !able.ok) return Promise.reject(new TelarError('unavailable', able.ok ? '' : able.reason, { lacks: engine }));
      if (known.has(task.id)) return Promise.reject(new Error(`There is a task ${task.id} already.`));
      return new Promise((resolve, reject) => {
        const waiting: Waiting = { task, stop: new AbortController(), deaths: [], resolve, reject };
        known.set(task.id, waiting);
        placesOf(executor);
        queueOf(engine).push(waiting);
        serve(engine);
      });
    },
    cancel,
    events(listener) {
      listeners.add(listener);
      return () => { listeners.delete(listener); };
    },
    workers: () => [...places.values()].flat().map(({ worker, executor, busy, epoch, state, since, done }): WorkerView => ({
      worker, class: executor.engine, state, since, done, ...(busy === undefined ? {} : { task: busy.task.id }), ...(epoch === undefined ? {} : { epoch }),
    })),
    async close() {
      for (const id of known.keys()) cancel(id, 'the run is over');
      closed = true;
      await Promise.all(running);
    },
  };
}

/** What of a task is an executor's context. */
function withoutIdentity({ blobs, limits, world, asker, once, isolation, fetch, emit }: Task): Omit<Parameters<Executor['execute']>[2], 'signal'> {
  return {
    blobs, limits, emit, ...(world === undefined ? {} : { world }), ...(asker === undefined ? {} : { asker }), ...(once === undefined ? {} : { once }), ...(isolation === undefined ? {} : { isolation }), ...(fetch === undefined ? {} : { fetch }),
  };
}

const cancelled = (reason: string | undefined): TelarError => new TelarError('cancelled', `The step was cancelled${reason === undefined ? '' : `: ${reason}`}.`);
