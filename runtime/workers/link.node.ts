/**
 * The coordinator's end of the link, put together: a slot, its socket, its processes and the supervisor. Loaded with zeromq.js when the first task is
 * there, and not before.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeLeftovers, SCRATCH } from '../adapters/leftovers.node.ts';
import { takeSlot, type Transport } from './endpoint.node.ts';
import type { Router, RouterEvents } from './link/sockets.ts';
import { createRouter } from './link/router.node.ts';
import { createSupervisor } from './link/supervisor.ts';
import type { Supervisor, SupervisorEvent } from './link/supervisor-types.ts';
import { createProcesses, type ProcessOptions, type Processes } from './processes.node.ts';

type WithoutTime<E> = E extends unknown ? Omit<E, 'at'> : never;

/** An open link. */
export interface Link {
  readonly slot: number;
  readonly supervisor: Supervisor;
  readonly router: Router;
  readonly processes: Processes;
  /** Waits a while for workers to end in order, once nothing is under way. */
  drain(isQuiet: () => boolean): Promise<void>;
  close(): Promise<void>;
}

/** What happens, in the supervisor's words; messages apart, for they have bulk. */
export interface LinkEvents {
  message: RouterEvents['message'];
  event(event: WithoutTime<SupervisorEvent>): void;
}

/** How long tasks that were called off, and workers that were told to stop, are waited for at the end; milliseconds. */
const PATIENCE = 2_000;
const LOOK = 10;
/** Digits that tell the workers of two coordinators apart. */
const NAME = 6;

/** Opens it. @throws TelarError `unavailable`, `refused` */
export async function openLink({ transport, ...options }: ProcessOptions & { readonly transport?: Transport }, events: LinkEvents): Promise<Link> {
  const slot = takeSlot(options.state, transport);
  try {
    const processes = createProcesses(slot, options, {
      spawned: (worker, pid) => { events.event({ type: 'spawned', worker, pid }); },
      failed: (worker, reason) => { events.event({ type: 'spawn-failed', worker, reason }); },
      exited: (worker, code, signal, said) => { events.event({ type: 'exited', worker, code, signal, said }); },
    });
    const supervisor = createSupervisor({ timing: options.timing, name: slot.incarnation.slice(0, NAME), expect: processes.orphans.map(({ worker }) => worker) });
    const router = await createRouter(slot, {
      message: (identity, envelope) => { events.message(identity, envelope); },
      nonsense: (identity, reason) => { events.event({ type: 'nonsense', identity, reason }); },
      unreachable: (identity) => { events.event({ type: 'unreachable', identity }); },
    });
    slot.invite(router.endpoint);
    return {
      slot: slot.index, supervisor, router, processes,
      async drain(isQuiet) {
        for (const isOver of [isQuiet, () => processes.count() === 0]) {
          for (const end = performance.now() + PATIENCE; !isOver() && performance.now() < end;) await sleep(LOOK);
        }
      },
      async close() {
        await router.close();
        await processes.close();
        // Workers that had to be killed could not clear up after their engines.
        removeLeftovers(join(options.state, 'scratch'), SCRATCH);
        slot.leave();
      },
    };
  } catch (error) {
    slot.leave();
    throw error;
  }
}
