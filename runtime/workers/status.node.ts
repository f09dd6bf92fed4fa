/**
 * The status file: what other processes (`telar workers`) see of the workers of this one. `.telar/living/workers-SLOT.json`, replaced as a whole
 * when something changes, at most five times a second, and removed at the end. Whoever reads one whose process is gone, ignores it.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Governor } from '../governor/governor.ts';
import type { Asker } from '../ports.ts';
import type { WorkerView } from './link/supervisor-types.ts';

/** A worker with what it works for. */
export type SeenWorker = WorkerView & { readonly asker?: Asker | undefined };

/** Keeps the file. */
export interface Status {
  /** Something may have changed. */
  touch(): void;
  end(): void;
}

/** Least time between two writings, in milliseconds. */
const PAUSE = 200;

/** How the name of a half written one ends. A slot has one owner, so that it needs no more. */
const HALF = '.tmp';

/** The status file of a slot. */
const statusFile = (state: string, slot: number): string => join(state, 'living', `workers-${slot}.json`);

/** Removes it, with what of it a kill left half written. */
export function removeStatus(state: string, slot: number): void {
  for (const name of ['', HALF]) rmSync(`${statusFile(state, slot)}${name}`, { force: true });
}

/** Begins one; the first writing follows within a moment. */
export function createStatus(state: string, slot: number, governor: Governor, look: () => readonly SeenWorker[]): Status {
  const path = statusFile(state, slot);
  const folder = join(path, '..');
  const temporary = `${path}${HALF}`;
  const since = new Date().toISOString();
  let timer: NodeJS.Timeout | undefined;

  const write = (): void => {
    timer = undefined;
    const now = performance.now();
    const seen = look();
    const run = seen.find(({ asker }) => asker !== undefined)?.asker?.run;
    const workers = seen.map(({ since: from, heard, asker, ...view }) => ({
      ...view, age: Math.round(now - from), ...(heard === undefined ? {} : { heard: Math.round(now - heard) }), ...(asker === undefined ? {} : { node: asker.node }),
    }));
    try {
      mkdirSync(folder, { recursive: true });
      writeFileSync(temporary, JSON.stringify({ type: 'workers', pid: process.pid, slot, ...(run === undefined ? {} : { run }), since, governor: governor.view(), workers }), { mode: 0o600 });
      renameSync(temporary, path);
    } catch { /* it is only a look; a full disk fails the run elsewhere */ }
  };
  return {
    touch() { timer ??= setTimeout(write, PAUSE).unref(); },
    end() {
      clearTimeout(timer);
      timer = undefined;
      removeStatus(state, slot);
    },
  };
}
