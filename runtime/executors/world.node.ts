/**
 * World: shows a child process of an engine another clock and other entropy for the time of one step (C4), and then the real ones again.
 *
 * Engines that are compiled by Emscripten ask `Date.now`, `performance.now` and `crypto.randomFillSync` at each look, so replacing these three
 * reaches `time.time`, `new Date()`, `os.urandom` and all that stands on them. Whoever measures a limit asks `realNow`. Not here: chance that has
 * a seed, which each engine sets by itself; and native DuckDB's clock, which no JavaScript reaches (a step that reads it is `observe`, and never done again).
 */
import crypto, { createCipheriv, createHash } from 'node:crypto';
import type { World } from '../ports.ts';

/** Monotonic milliseconds, whatever a step is shown. */
export const realNow: () => number = performance.now.bind(performance);

/** Shows a world in this process. @returns what ends it */
export function showWorld({ clock, clockShift = 0, entropy }: World): () => void {
  const ends: (() => void)[] = [];
  const replace = (target: object, name: string, value: unknown): void => {
    const before = Object.getOwnPropertyDescriptor(target, name);
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
    ends.push(() => (before === undefined ? Reflect.deleteProperty(target, name) : Object.defineProperty(target, name, before)));
  };
  const realDate = Date.now;
  if (clock !== undefined) {
    replace(Date, 'now', () => clock);
    replace(performance, 'now', () => 0);
  } else if (clockShift !== 0) replace(Date, 'now', () => realDate() + clockShift);
  if (entropy !== undefined) {
    const stream = createCipheriv('aes-128-ctr', createHash('sha256').update(String(entropy)).digest().subarray(0, 16), new Uint8Array(16));
    replace(crypto, 'randomFillSync', (view: Uint8Array) => { view.set(stream.update(new Uint8Array(view.length))); return view; });
  }
  return () => { for (const end of ends) end(); };
}
