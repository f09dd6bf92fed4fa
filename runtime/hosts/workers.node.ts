/** Workers for a host: its executors, with what is heavy sent to processes of their own. Nothing is started, nor loaded, before the first heavy task. */
import { nextWorkerFaults } from '../adapters/faults.node.ts';
import type { Governor, Policy } from '../governor/governor.ts';
import { openGovernor } from '../governor/open.node.ts';
import type { Journal } from '../journal/record.ts';
import type { Executor, WorkerPlace } from '../ports.ts';
import type { Dispatcher } from '../workers/dispatcher.ts';
import { placeExecutors } from '../workers/placed.ts';
import { createZeromq } from '../workers/zeromq.node.ts';

/** What is to be placed, and how. */
export interface HostWorkersOptions {
  /** The workspace, and its `.telar`; absolute. */
  readonly root: string;
  readonly state: string;
  readonly executors: ReadonlyMap<string, Executor>;
  readonly journal?: Journal;
  readonly worker?: WorkerPlace;
  readonly policy?: Policy;
}

/** Executors over workers. */
export interface HostWorkers {
  readonly executors: ReadonlyMap<string, Executor>;
  readonly dispatcher: Dispatcher;
  /** Ends workers and engines. */
  close(): Promise<void>;
}

/** Puts workers behind executors. */
export function createHostWorkers({ root, state, executors, journal, worker, policy }: HostWorkersOptions): HostWorkers {
  let opened: Governor | undefined;
  const governor = (): Governor => opened ??= openGovernor(policy);
  const dispatcher = createZeromq({
    root, state, governor, faults: nextWorkerFaults, ...(journal === undefined ? {} : { journal }),
    available: (workerClass) => executors.get(workerClass)?.available() ?? { ok: false, reason: `There is no engine “${workerClass}” here.` },
  });
  return {
    dispatcher,
    executors: placeExecutors(executors, { dispatcher, most: (workerClass) => governor().limits(workerClass).most, ...(worker === undefined ? {} : { worker }) }),
    close: async () => {
      try {
        await dispatcher.close();
      } finally {
        opened?.close();
        await Promise.all([...executors.values()].map((executor) => executor.close()));
      }
    },
  };
}
