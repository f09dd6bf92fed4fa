/** What processes that were killed left behind: files and folders that bear the number of the process that made them. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** The folders that engines make in a workspace's scratch. */
export const SCRATCH = /^[a-z-]+-(\d+)-/;

/**
 * Removes from a folder what processes left that are gone. One that cannot be removed stays.
 * @param owner finds the number of the process in a name; a name that does not match belongs to nobody
 */
export function removeLeftovers(folder: string, owner: RegExp): void {
  for (const name of namesIn(folder)) {
    const pid = Number(owner.exec(name)?.[1]);
    if (!(pid > 0) || isAlive(pid)) continue;
    try {
      rmSync(join(folder, name), { recursive: true, force: true });
    } catch { /* somebody else's, or a disk that cannot be written */ }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
