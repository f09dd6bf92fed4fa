/**
 * Fault points: named places where a test may stop the process, or make an operation fail, as a machine would.
 *
 * Nothing is armed in ordinary life, and then a point costs one look into an empty map. What an armed point does is not known here: tests
 * hand in functions, the command line those of `adapters/faults.node.ts`. The road not taken: wrappers around the file system, which
 * cannot tell *which* write of which step they are in.
 */

/** One point. */
interface Fault {
  /** What has just happened when it is passed. */
  readonly words: string;
  /** A write to the disk fails here when there is no room. */
  readonly full?: true;
  /** There is a file here whose bytes may not all have come to rest. */
  readonly torn?: true;
  /** It is passed in a worker's link process, and not where the run is. */
  readonly worker?: true;
}

const points = {
  // The arrows of C2, in their order.
  run: { words: 'the record of a run is in the transaction' },
  'blob-temporary': { words: 'the temporary file of a value is made', full: true },
  'blob-written': { words: 'a value is written into its temporary file', full: true, torn: true },
  'blob-synced': { words: 'that file is synced', full: true },
  'blob-renamed': { words: 'the file of a value has its name', torn: true },
  'folders-synced': { words: 'the folders of new values are synced', full: true },
  begun: { words: 'a transaction has begun', full: true },
  'row-inserted': { words: 'a row is in the transaction', full: true },
  committing: { words: 'all is in the transaction', full: true },
  committed: { words: 'the transaction is durable' },
  acknowledged: { words: 'who waited for it has been told' },
  // Effects (P7).
  'effect-noted': { words: 'a line is in the journal of effects, not synced', full: true },
  'effect-intended': { words: 'an intent is durable, its effect not begun' },
  'effect-made': { words: 'an effect is made, its receipt not kept' },
  'file-written': { words: 'a file of the workspace is written under a temporary name', full: true, torn: true },
  'file-renamed': { words: 'a file of the workspace has its name' },
  // Retention, bundles, generations.
  'gc-rows': { words: 'gc has deleted rows in the transaction', full: true },
  'gc-blobs': { words: 'gc has removed a value, and not committed' },
  'bundle-writing': { words: 'a piece of a bundle is written', full: true },
  'bundle-written': { words: 'a bundle is written and synced under a temporary name', full: true },
  'bundle-importing': { words: 'the values of a bundle are kept, its run is not' },
  migrating: { words: 'a migration is done in its transaction', full: true },
  // The arrows of the link, in their order.
  'worker-ready': { words: 'a worker has connected and said what it is', worker: true },
  'lease-granted': { words: 'a step has a lease of a worker, which does not know it' },
  'task-sent': { words: 'a step is handed to the socket' },
  'task-received': { words: 'a worker has a step, unread', worker: true },
  'task-begun': { words: 'a worker has begun a step', worker: true },
  'result-ready': { words: 'a worker has a result with its files, unsent', worker: true },
  'result-sent': { words: 'a worker has sent a result', worker: true },
  'result-received': { words: 'a result has come, its lease not looked at' },
  'result-kept': { words: 'the values of a result are in the store, its step not settled' },
  'result-settled': { words: 'a worker has been told that its result is kept' },
} as const satisfies Readonly<Record<string, Fault>>;

/** The name of a point. */
export type FaultPoint = keyof typeof points;

/** All points by name, in the order in which a run passes them. */
export const FAULTS: Readonly<Record<FaultPoint, Fault>> = points;

/** The names of all points. */
export const FAULT_POINTS = Object.keys(points) as readonly FaultPoint[];

/** What happens at an armed point. */
type Act = (point: FaultPoint, file?: string) => void;

const armed = new Map<FaultPoint, readonly Act[]>();

/** Passes a point. Does what is armed there, which may throw. @param file what is being written, where the point may be `torn` */
export function fault(point: FaultPoint, file?: string): void {
  if (armed.size > 0) for (const act of armed.get(point) ?? []) act(point, file);
}

/** Arms a point, beside what is armed there already. @returns what disarms it */
export function armFault(point: FaultPoint, act: Act): () => void {
  armed.set(point, [...armed.get(point) ?? [], act]);
  return () => {
    const left = (armed.get(point) ?? []).filter((one) => one !== act);
    if (left.length > 0) armed.set(point, left);
    else armed.delete(point);
  };
}
