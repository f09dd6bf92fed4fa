/**
 * Vitals: what other processes take of the machine, read from what Linux tells of them; elsewhere it cannot be known.
 *
 * By the processor time that they have used a hung computation is told from a busy one (W6): one that is stopped or waits for ever uses none; one that
 * computes does, whatever it is written in. Not taken: a pulse that the engine itself gives while it interprets. It would be one for each engine, and code
 * in C gives none.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Bytes that a process has in memory, with its descendants when asked; `undefined` where the system does not tell, or when it is gone. */
export function memoryOfTree(pid: number | undefined, descendants: boolean): number | undefined {
  const all = sum(pid === undefined ? [] : [pid], descendants, residentOf);
  return all === 0 ? undefined : all;
}

/** Processor time of a process and its descendants, in hundredths of a second; 0 where it cannot be seen. */
export const cpuOfTree = (pid: number | undefined): number => sum(pid === undefined ? [] : [pid], true, ticksOf);

/** The same of its descendants alone. */
export const cpuOfDescendants = (pid: number): number => sum(process.platform === 'linux' ? childrenOf(pid) : [], true, ticksOf);

/**
 * Kills a process and what it has started, on Linux; elsewhere the process alone. A wall (bubblewrap) that is killed while it goes up leaves behind
 * what it was about to wall in: that asks to die with its parent a moment too late. So it is stopped first, and cannot start anything meanwhile.
 */
export function killTree(pid: number): void {
  const send = (to: number, signal: NodeJS.Signals): void => { try { process.kill(to, signal); } catch { /* it has just ended */ } };
  const all = [pid];
  if (process.platform === 'linux') {
    for (const one of all) {
      send(one, 'SIGSTOP');
      all.push(...childrenOf(one));
    }
  }
  for (const one of all.reverse()) send(one, 'SIGKILL');
}

/** Adds up what is told of processes; one that has just ended counts for nothing. */
function sum(pids: number[], descendants: boolean, of: (pid: number) => number): number {
  if (process.platform !== 'linux') return 0;
  let all = 0;
  for (const pid of pids) {
    try {
      all += of(pid);
      if (descendants) pids.push(...childrenOf(pid));
    } catch { /* it has just ended */ }
  }
  return all;
}

/** Told in kilobytes: the size of a page is not the same on all machines. */
function residentOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) * 1024;
}

function ticksOf(pid: number): number {
  // The name, in parentheses, may hold anything.
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)!.split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** Each thread has its own. */
function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter((text) => text !== '').map(Number));
  } catch {
    return [];
  }
}
