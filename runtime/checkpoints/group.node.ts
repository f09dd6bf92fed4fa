/**
 * Group commit: writes are gathered and committed in one transaction, for the wait is in the sync and not in the rows (C2).
 *
 * A write waits for company as long as the last commit took: on a fast disk until the end of this turn, so that one who waits
 * for each step loses nothing; on a slow one a few milliseconds, so that at most half of the time goes into commits.
 *
 * A commit that fails rolls back whole. Writes that somebody waits for are rejected and their values given up; records of what happened (runs, steps,
 * logs) stay queued and go with the next commit, if the failure is one that passes.
 */
import { TelarError } from '../../contracts/errors.ts';
import { fault } from '../faults.ts';
import type { DiskBlobs } from './blobs.node.ts';
import type { Statements } from './statements.node.ts';
import { isCorrupt, isPassing, typed } from './trouble.node.ts';

/** One write. */
interface Write {
  /** Within the transaction. A `TelarError` it throws rejects this write alone. */
  apply(statements: Statements): unknown;
  /** Told when the outcome is durable, or failed. Without it the write is kept for the next commit when this one fails. */
  settle?(outcome: { readonly value: unknown } | { readonly error: unknown }): void;
}

/** Longest time a write waits for company, in milliseconds. */
const LONGEST = 5;
/** Awaited writes, and writes of any sort, that are enough for a commit at once. */
const ENOUGH_AWAITED = 50;
const ENOUGH = 2_000;
/** Uncommitted bytes of small blobs that are enough. */
const ENOUGH_BYTES = 8 * 2 ** 20;

interface Group {
  add(write: Write): void;
  /** Tells of pending bytes; commits soon when they are many. */
  weigh(bytes: number): void;
  /** Commits now. Gives the failure, if it failed. */
  commit(): unknown;
}

/**
 * @param connection the statements to write with
 * @param heal replaces a database found damaged; the commit is then tried once more
 * @param afterwards called after each commit, with whether it was done
 */
export function createGroup(place: string, connection: () => Statements, blobs: DiskBlobs, heal: () => void, afterwards: (done: boolean) => void): Group {
  let queue: Write[] = [];
  let awaited = 0;
  let took = 0;
  let cancel: (() => void) | undefined;

  function transact(writes: readonly Write[], small: ReadonlyMap<string, Uint8Array>): unknown[] {
    blobs.settle();
    const statements = connection();
    statements.database.exec('begin immediate');
    try {
      fault('begun');
      for (const [hash, bytes] of small) statements.addSmall.run(hash, bytes);
      const results = writes.map((write) => {
        try {
          return { value: write.apply(statements) };
        } catch (error) {
          if (error instanceof TelarError) return { error };
          throw error;
        }
      });
      fault('committing');
      statements.database.exec('commit');
      return results;
    } catch (error) {
      if (statements.database.isTransaction) statements.database.exec('rollback');
      throw error;
    }
  }

  function attempt(writes: readonly Write[], small: ReadonlyMap<string, Uint8Array>): unknown[] {
    try {
      return transact(writes, small);
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      heal();
      return transact(writes, small);
    }
  }

  function commit(): unknown {
    cancel?.();
    cancel = undefined;
    const from = performance.now();
    const writes = queue;
    const small = new Map(blobs.pending);
    if (writes.length === 0 && small.size === 0) return undefined;
    queue = [];
    awaited = 0;
    try {
      const results = attempt(writes, small);
      took = performance.now() - from;
      fault('committed');
      blobs.settled(small.keys(), true);
      afterwards(true);
      writes.forEach((write, index) => write.settle?.(results[index] as { value: unknown }));
      fault('acknowledged');
      return undefined;
    } catch (thrown) {
      const error = typed(thrown, place);
      if (isPassing(error)) queue = [...writes.filter((write) => write.settle === undefined), ...queue];
      // Another process is in the way, and no want of room: values of steps that have no row yet wait for the next commit.
      if (!(error instanceof TelarError && error.code === 'locked')) blobs.settled(small.keys(), false);
      afterwards(false);
      for (const write of writes) write.settle?.({ error });
      return error;
    }
  }

  /** A commit that nobody asked for: failures that pass are told to those who wait, a bug is thrown. */
  function commitUnasked(): void {
    const error = commit();
    if (error !== undefined && !(error instanceof TelarError)) throw error;
  }

  function schedule(delay: number): void {
    if (delay < 1) {
      const soon = setImmediate(commitUnasked);
      cancel = () => clearImmediate(soon);
    } else {
      const later = setTimeout(commitUnasked, delay);
      cancel = () => clearTimeout(later);
    }
  }

  return {
    commit,
    add(write) {
      queue.push(write);
      if (write.settle !== undefined) awaited++;
      if (awaited >= ENOUGH_AWAITED || queue.length >= ENOUGH) commitUnasked();
      else if (cancel === undefined) schedule(Math.min(took, LONGEST));
    },
    weigh(bytes) {
      if (bytes < ENOUGH_BYTES) return;
      cancel?.();
      schedule(0);
    },
  };
}

/** The group of a store that cannot be written: what somebody waits for is refused, and caches and records of what happened are let go. */
export function createReadOnlyGroup(refusal: TelarError): Group {
  return {
    commit: () => undefined,
    weigh() { /* values stay in memory */ },
    add(write) { write.settle?.({ error: refusal }); },
  };
}
