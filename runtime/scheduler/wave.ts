/**
 * A wave: every node once, after all that it reads, as much at a time as there is room. It knows no keys, no store and no
 * engine; `perform` may answer at once (most steps are reused) or later. Of what is ready, the first in the given order goes
 * first (G2).
 */
import { MinHeap } from '../graph/heap.ts';

/** Something with readers. */
export interface WaveNode<N> { readonly readers: { keys(): Iterable<N> } }

/**
 * Performs all nodes.
 * @param order topological; a node's readers that are not in it are not waited for
 * @param perform does one node; what it throws or rejects with ends the wave (a bug, not a failed step)
 */
export function runWave<N extends WaveNode<N>>(order: readonly N[], perform: (node: N) => void | Promise<void>): Promise<void> {
  const index = new Map<N, number>();
  for (let i = 0; i < order.length; i++) index.set(order[i] as N, i);
  const waiting = new Int32Array(order.length);
  for (const node of order) for (const reader of node.readers.keys()) { const i = index.get(reader); if (i !== undefined) waiting[i]! += 1; }
  const ready = new MinHeap(order.length);
  waiting.forEach((count, i) => { if (count === 0) ready.push(i); });
  return new Promise((resolve, reject) => {
    let open = 0;
    let broken = false;
    const release = (node: N): void => {
      for (const reader of node.readers.keys()) {
        const i = index.get(reader);
        if (i !== undefined && --waiting[i]! === 0) ready.push(i);
      }
    };
    const fail = (error: unknown): void => { broken = true; reject(error as Error); };
    const drain = (): void => {
      try {
        while (ready.size > 0 && !broken) {
          const node = order[ready.pop()] as N;
          const later = perform(node);
          if (later === undefined) { release(node); continue; }
          open += 1;
          later.then(() => { open -= 1; release(node); drain(); }, fail);
        }
      } catch (error) { fail(error); }
      if (open === 0 && ready.size === 0 && !broken) resolve();
    };
    drain();
  });
}
