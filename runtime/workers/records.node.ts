/**
 * Records of workers: which processes work in a slot, written down by who started them, so that a coordinator which comes after a kill knows whom to
 * expect. A number alone says nothing, since systems give numbers again; with it stands when the process began.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isTaken, removeDeadSlot, slotsFolder, writeAtomically } from './endpoint.node.ts';

/** What is written down of a worker. */
export interface WorkerRecord {
  readonly worker: string;
  readonly class: string;
  readonly pid: number;
  /** When its process began, in whatever unit the system has; `undefined` where it tells none. */
  readonly born?: string;
  readonly publicKey?: string;
}

/** Writes one down. */
export function writeRecord(state: string, index: number, record: WorkerRecord): void {
  writeAtomically(join(folderOf(state, index), `${record.worker}.json`), JSON.stringify(record));
}

/** Takes one away. */
export function removeRecord(state: string, index: number, worker: string): void {
  rmSync(join(folderOf(state, index), `${worker}.json`), { force: true });
}

/** Removes what coordinators of other slots left that were killed together with their workers. @param scratch where workers have their folders */
export function sweepSlots(state: string, own: number, scratch: string): void {
  for (const index of slotsOf(state)) {
    if (index === own || isTaken(state, index)) continue;
    livingRecords(state, index, scratch);
    removeDeadSlot(state, index);
  }
}

/** The workers that are written down in a slot; also those that are gone. */
export function readRecords(state: string, index: number): readonly WorkerRecord[] {
  const folder = folderOf(state, index);
  return namesIn(folder).filter((name) => name.endsWith('.json')).flatMap((name) => {
    try {
      return [JSON.parse(readFileSync(join(folder, name), 'utf8')) as WorkerRecord];
    } catch {
      return [];
    }
  });
}

/** The workers of a slot that live; what is left of the others is removed. */
export function livingRecords(state: string, index: number, scratch: string): readonly WorkerRecord[] {
  return readRecords(state, index).filter((record) => {
    if (isSame(record)) return true;
    removeRecord(state, index, record.worker);
    rmSync(join(scratch, record.worker), { recursive: true, force: true });
    return false;
  });
}

/** The slots of a workspace that have a folder. */
const slotsOf = (state: string): readonly number[] => namesIn(slotsFolder(state)).filter((name) => /^\d+$/.test(name)).map(Number).sort((a, b) => a - b);

/** Whether the process of a record lives: one that bears its number and began when it did. */
export function isSame({ pid, born }: WorkerRecord): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return birthOf(pid) === born;
}

/** When a process began, in the system's own words; `undefined` when it is gone, or the system does not tell. */
export function birthOf(pid: number): string | undefined {
  try {
    // The name of the command stands in brackets and may hold anything; the time is the twentieth word behind it.
    if (process.platform === 'linux') {
      const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const words = text.slice(text.lastIndexOf(')') + 2).split(' ');
      return words[0] === 'Z' ? undefined : words[19];
    }
    if (process.platform === 'win32') return undefined;
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}

const folderOf = (state: string, index: number): string => join(slotsFolder(state), String(index), 'records');

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
