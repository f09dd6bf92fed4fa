/**
 * Fault points: named places where a test may stop the process, or make an operation fail, as a machine would.
 *
 * Nothing is armed in ordinary life, and then a point costs one look into an empty map. The road not taken: wrappers around
 * the file system, which cannot tell *which* write of which step they are in.
 */

/** The arrows of `semantics.md` C2, in their order. */
export type FaultPoint =
  | 'run' | 'blob-temporary' | 'blob-written' | 'blob-synced' | 'blob-renamed' | 'folders-synced'
  | 'begun' | 'row-inserted' | 'committing' | 'committed' | 'acknowledged';

/** All points, for tests that visit each. */
export const FAULT_POINTS: readonly FaultPoint[] = [
  'run', 'blob-temporary', 'blob-written', 'blob-synced', 'blob-renamed', 'folders-synced',
  'begun', 'row-inserted', 'committing', 'committed', 'acknowledged',
];

const armed = new Map<FaultPoint, () => void>();

/** Passes a point. Does what is armed there, which may throw. */
export function fault(point: FaultPoint): void {
  if (armed.size > 0) armed.get(point)?.();
}

/** Arms a point and gives the function that disarms it. */
export function armFault(point: FaultPoint, act: () => void): () => void {
  armed.set(point, act);
  return () => { armed.delete(point); };
}
