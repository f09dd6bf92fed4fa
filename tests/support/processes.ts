/** Processes as the system sees them: whom one has started, and who is still there. */
import { execFileSync } from 'node:child_process';

/** A process. `state`: as `ps` tells it; `T` stands still, `Z` has ended and was not waited for. */
export interface Seen { readonly pid: number; readonly parent: number; readonly state: string; readonly command: string }

/** All that a process has started, and what these have started; without those that have ended. */
export function descendants(of: number = process.pid): Seen[] {
  const all = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' }).split('\n').flatMap((line): Seen[] => {
    const [, pid, parent, state, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return command === undefined || state!.startsWith('Z') ? [] : [{ pid: Number(pid), parent: Number(parent), state: state!, command }];
  });
  const found = new Set([of]);
  for (let before = 0; before < found.size;) {
    before = found.size;
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid);
  }
  return all.filter(({ pid, command }) => pid !== of && found.has(pid) && !command.startsWith('ps '));
}

/** The compute children of JavaScript below a process. */
export const engines = (of?: number): number[] => descendants(of).filter(({ command }) => /executors[\\/]javascript[\\/]child/.test(command)).map(({ pid }) => pid);

/** The link processes of workers below a process. */
export const links = (of?: number): number[] => descendants(of).filter(({ command }) => /hosts[\\/]worker\.node/.test(command)).map(({ pid }) => pid);

/** Sends a signal to whoever is still there. */
export function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch { /* it has ended */ }
  }
}

/** Waits until something holds. @throws when it does not within the patience (ms) */
export async function until<T>(what: string, look: () => T | undefined | false, patience = 15_000): Promise<T> {
  const end = performance.now() + patience;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`It did not come about: ${what}`);
    await new Promise((done) => { setTimeout(done, 20); });
  }
}
