/**
 * Placement: executors whose heavy programs go to a dispatcher, and whose light ones are done as ever. To the scheduler they look the same, and
 * where a step is done is part of no key (W13).
 *
 * The link carries no questions to the network: a worker asks by itself what its task's isolation grants, with the same check (`scheduler/context-network.ts`).
 */
import type { Executor, ExecuteContext, WorkerPlace } from '../ports.ts';
import { TelarError } from '../../contracts/errors.ts';
import { Slots } from '../scheduler/slots.ts';
import type { Dispatcher, Task } from './dispatcher.ts';

/** What placement needs beside the executors. */
export interface Placing {
  readonly dispatcher: Dispatcher;
  /** Where programs are done when nobody says, beside what an engine says of itself. */
  readonly worker?: WorkerPlace;
  /** Most heavy programs of a class at once; asked for classes that are heavy unless somebody says otherwise. */
  most(workerClass: string): number;
}

/** The same executors, with heavy programs placed. */
export function placeExecutors(executors: ReadonlyMap<string, Executor>, placing: Placing): ReadonlyMap<string, Executor> {
  let tasks = 0;
  return new Map([...executors].map(([name, executor]) => [name, placed(executor, placing, () => `t${(tasks += 1)}`)]));
}

function placed(executor: Executor, { dispatcher, most, worker: usual }: Placing, newId: () => string): Executor {
  const light = new Slots(executor.concurrency, new Map());
  const place = usual ?? executor.place ?? 'light';
  const placeOf = ({ worker }: ExecuteContext): WorkerPlace => worker ?? place;
  return {
    engine: executor.engine,
    get concurrency() { return place === 'light' ? executor.concurrency : Math.max(executor.concurrency, most(executor.engine)); },
    ...(executor.place === undefined ? {} : { place: executor.place }),
    identity: (program) => executor.identity(program),
    available: () => executor.available(),
    async execute(program, inputs, context) {
      if (context.signal.aborted) throw new TelarError('cancelled', 'The step was cancelled.');
      if (placeOf(context) === 'heavy') return submit(dispatcher, newId(), { program, inputs }, context);
      const release = await light.acquire([]);
      try {
        return await executor.execute(program, inputs, context);
      } finally {
        release();
      }
    },
    ...(executor.warm === undefined ? {} : { warm: () => executor.warm!() }),
    close: () => executor.close(),
  };
}

async function submit(dispatcher: Dispatcher, id: string, { program, inputs }: Pick<Task, 'program' | 'inputs'>, { signal, ...context }: ExecuteContext): ReturnType<Executor['execute']> {
  const cancel = (): void => { dispatcher.cancel(id, 'the run was stopped'); };
  const done = dispatcher.submit({ ...context, id, program, inputs });
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await done;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
