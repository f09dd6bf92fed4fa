/**
 * Presence: while this process is at work in a store it holds a lease (`lease.node.ts`), and no `gc` takes a row or a blob away.
 *
 * The lease is taken before the first write and the first run, in a transaction, so that no `gc` is under way then; what was known
 * of before, an earlier one may have taken. It is let go of when no run is open and nobody asks for it to be held.
 */
import type { Connection } from './connection.node.ts';
import { takeLease, type Lease } from './lease.node.ts';

/** This process, as others see it in a store. */
export interface Presence {
  /** The name of the lease that is held. */
  readonly name: string | undefined;
  /** Takes the lease, if it is not held. */
  take(): void;
  /** Takes it and keeps it, whatever else ends. @returns what lets go */
  keep(): () => void;
  /** Lets go of it, if nobody needs it. */
  release(): void;
  /** Lets go of it. */
  end(): void;
}

/**
 * @param forget called when another process has collected since the last lease
 * @param isAtWork whether a run is open here
 */
export function createPresence(folder: string, connection: Connection, forget: () => void, isAtWork: () => boolean): Presence {
  let lease: Lease | undefined;
  let keepers = 0;
  let collected: unknown;

  function take(): void {
    if (lease !== undefined || connection.isReadOnly) return;
    connection.alone(({ collected: count }) => {
      lease = takeLease(folder);
      const now = count.get()?.value;
      if (collected !== undefined && collected !== now) forget();
      collected = now;
    });
  }

  function end(): void {
    lease?.end();
    lease = undefined;
  }

  function release(): void {
    if (!isAtWork() && keepers === 0) end();
  }

  return {
    take, release, end,
    get name() { return lease?.name; },
    keep() {
      take();
      keepers++;
      return () => {
        keepers--;
        release();
      };
    },
  };
}
