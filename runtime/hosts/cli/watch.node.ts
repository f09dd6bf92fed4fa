/**
 * Watching the files a notebook is made of: its text, nested notebooks, helpers, and what its steps have read. Looks at them
 * once in 200 ms: saving editors replace files, which change events of many systems lose, and an edit made while a run goes on
 * must not be lost either.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Milliseconds between looks, and how long changed files must stay as they are. */
const INTERVAL = 200;
const REST = 60;

/** Files as they were seen last. */
export class FileWatch {
  readonly #root: string;
  readonly #seen = new Map<string, string>();

  constructor(root: string) { this.#root = root; }

  /**
   * Takes files into view.
   * @param paths from the workspace root
   * @param since wall clock in milliseconds: a file not yet in view that was written later counts as changed
   */
  follow(paths: Iterable<string>, since: number): void {
    for (const path of paths) {
      if (this.#seen.has(path)) continue;
      const { written, stamp } = this.#look(path);
      this.#seen.set(path, written > since ? 'changed' : stamp);
    }
  }

  /**
   * The files that changed since they were seen last, as soon as there are some and they have come to rest: an editor may empty
   * a file before it fills it. None when the signal ends the watch.
   */
  async next(signal: AbortSignal): Promise<readonly string[]> {
    const changed = new Set<string>();
    while (!signal.aborted) {
      const now = this.#changed();
      if (now.length === 0 && changed.size > 0) return [...changed];
      for (const path of now) changed.add(path);
      await pause(changed.size > 0 ? REST : INTERVAL, undefined, { signal }).catch(() => undefined);
    }
    return [];
  }

  #changed(): string[] {
    return [...this.#seen].filter(([path, before]) => {
      const { stamp } = this.#look(path);
      this.#seen.set(path, stamp);
      return stamp !== before;
    }).map(([path]) => path);
  }

  #look(path: string): { written: number; stamp: string } {
    const found = statSync(join(this.#root, path), { throwIfNoEntry: false });
    return found === undefined ? { written: 0, stamp: 'none' } : { written: found.mtimeMs, stamp: `${found.ino}:${found.size}:${found.mtimeMs}` };
  }
}
