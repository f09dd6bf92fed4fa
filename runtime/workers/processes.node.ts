/**
 * The processes of workers: started, recorded, ended, and known again after the coordinator that started them was killed.
 *
 * Each leads a group of its own, away from a terminal's Ctrl-C, and outlives its coordinator: it has work that somebody may still want (W11).
 * What it must know comes through its standard input and not as arguments, which every process may read. A record of each lies in the slot's
 * folder: the number of its process, when that began, and its public key. The road not taken: leaving those that are found for dead and
 * starting anew, which does work twice.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { lastWords } from '../adapters/last-words.node.ts';
import { removeLeftovers, SCRATCH } from '../adapters/leftovers.node.ts';
import type { Policy } from '../governor/governor.ts';
import type { Slot } from './endpoint.node.ts';
import { type KeyPair, newKeys } from './link/curve.node.ts';
import type { Timing } from './link/timing.ts';
import { birthOf, isSame, livingRecords, removeRecord, sweepSlots, type WorkerRecord, writeRecord } from './records.node.ts';

/** What a worker is told when it starts. */
export interface WorkerSettings {
  readonly worker: string;
  readonly class: string;
  /** The workspace, and its `.telar`; absolute. */
  readonly root: string;
  readonly state: string;
  /** The slot of its coordinator. */
  readonly slot: number;
  /** Where its results lie until the coordinator has them; its own. */
  readonly scratch: string;
  readonly timing: Timing;
  /** How much of the machine a model of it may take. */
  readonly policy?: Policy;
  readonly keys?: KeyPair;
  /** Fault points to be armed in it. */
  readonly faults?: readonly string[];
}

/** What happens to a worker's process. */
export interface ProcessEvents {
  spawned(worker: string, pid: number): void;
  failed(worker: string, reason: string): void;
  /** `said`: its last words, where it ended by an error. */
  exited(worker: string, code: number | null, signal: NodeJS.Signals | null, said: string): void;
}

/** Starts and ends the workers of a slot. */
export interface Processes {
  /** Living workers that a coordinator before this one left in the slot. They are watched from now on as if they were our own. */
  readonly orphans: readonly WorkerRecord[];
  /** Starts one. What comes of it is told by events. */
  spawn(workerClass: string, worker: string): void;
  /** Ends a worker's whole group at once. */
  kill(worker: string): void;
  /** How many live. */
  count(): number;
  /** Ends all by force and waits until they are gone. */
  close(): Promise<void>;
}

/** What the processes need. */
export interface ProcessOptions extends Pick<WorkerSettings, 'root' | 'state' | 'timing' | 'policy'> {
  /** The fault points of the worker that is started next. */
  faults?(): readonly string[];
  /** Under which each worker has a folder of its own for results. */
  readonly scratch: string;
  /** A Node of version 26 or later; this process's own unless said. */
  readonly node?: string;
  /** What is run; the worker of this installation unless said. */
  readonly entry?: string;
}

const ENTRY = fileURLToPath(new URL('../hosts/worker.node.ts', import.meta.url));
/** Bytes of a worker's last words that are kept. */
const MOST_SAID = 4_096;
/** How long they are waited for when it has ended, in milliseconds. */
const LAST_WORDS = 50;
/** How often a worker that is not our child is looked at, in milliseconds. */
const LOOK = 250;
/** What a worker may know of our environment: where things are and how they are written, no secret. */
const PASSED = /^(PATH|HOME|USER|LOGNAME|TMPDIR|TEMP|TMP|TZ|LANG|LANGUAGE|LC_[A-Z]+|XDG_[A-Z_]+|JUPYTER_[A-Z_]*(PATH|DIR)|VIRTUAL_ENV|CONDA_PREFIX|R_HOME|TELAR_CACHE|LOCALAPPDATA|APPDATA|USERPROFILE|SYSTEMROOT|SYSTEMDRIVE|WINDIR|PATHEXT|COMSPEC)$/i;

/** Begins to keep the processes of a slot; removes the records of those that are gone. */
export function createProcesses(slot: Slot, options: ProcessOptions, events: ProcessEvents): Processes {
  const { root, state, timing, policy, scratch, node = process.execPath, entry = ENTRY } = options;
  const children = new Map<string, { readonly pid: number; readonly child?: ChildProcess; readonly gone: Promise<void> }>();
  // Of one whose birth the system does not tell nobody knows that it is still the same; it ends by itself.
  const orphans = livingRecords(state, slot.index, scratch).filter(({ born }) => born !== undefined);
  sweepSlots(state, slot.index, scratch);

  const left = (worker: string, pid: number): void => {
    children.delete(worker);
    // What it may have left of its group, whose number nobody gets while one of it lives.
    if (process.platform !== 'win32' && birthOf(pid) === undefined) killGroup(pid);
    removeLeftovers(join(state, 'scratch'), SCRATCH);
    removeRecord(state, slot.index, worker);
    rmSync(join(scratch, worker), { recursive: true, force: true });
  };

  const adopt = (record: WorkerRecord): void => {
    const gone = new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if (isSame(record)) return;
        clearInterval(timer);
        left(record.worker, record.pid);
        if (record.publicKey !== undefined) slot.allowed.delete(record.publicKey);
        resolve();
        events.exited(record.worker, null, null, '');
      }, LOOK);
      timer.unref();
    });
    children.set(record.worker, { pid: record.pid, gone });
    if (record.publicKey !== undefined) slot.allowed.add(record.publicKey);
  };
  for (const one of orphans) adopt(one);

  const start = (workerClass: string, worker: string): void => {
    const keys = slot.keys === undefined ? undefined : newKeys();
    const child = spawn(node, ['--no-warnings', entry], { detached: true, cwd: root, env: environment(), stdio: ['pipe', 'ignore', 'pipe'], windowsHide: true });
    child.once('error', (error) => { events.failed(worker, error.message); });
    const { pid } = child;
    if (pid === undefined) return;
    const said = listen(child);
    child.unref();
    const faults = options.faults?.() ?? [];
    const settings: WorkerSettings = {
      worker, class: workerClass, root, state, slot: slot.index, scratch: join(scratch, worker), timing,
      ...(policy === undefined ? {} : { policy }), ...(keys === undefined ? {} : { keys }), ...(faults.length === 0 ? {} : { faults }),
    };
    child.stdin!.on('error', () => { /* it is gone, as its exit will tell */ });
    child.stdin!.end(JSON.stringify(settings));
    const born = birthOf(pid);
    try {
      writeRecord(state, slot.index, { worker, class: workerClass, pid, ...(born === undefined ? {} : { born }), ...(keys === undefined ? {} : { publicKey: keys.publicKey }) });
    } catch (error) {
      killGroup(pid); // nobody would find it again
      throw error;
    }
    if (keys !== undefined) slot.allowed.add(keys.publicKey);
    const gone = new Promise<void>((resolve) => {
      child.once('exit', (code, signal) => {
        left(worker, pid);
        if (keys !== undefined) slot.allowed.delete(keys.publicKey);
        resolve();
        void said().then((words) => { events.exited(worker, code, signal, words); });
      });
    });
    children.set(worker, { pid, child, gone });
    events.spawned(worker, pid);
  };

  return {
    orphans,
    spawn(workerClass, worker) {
      try {
        start(workerClass, worker);
      } catch (error) {
        events.failed(worker, (error as Error).message);
      }
    },
    kill(worker) {
      const found = children.get(worker);
      if (found !== undefined) killGroup(found.pid);
    },
    count: () => children.size,
    async close() {
      const all = [...children.values()];
      for (const { pid, child } of all) {
        child?.ref();
        killGroup(pid);
      }
      // A timer, since one that is not our child is watched by a timer that holds nobody.
      const hold = setInterval(() => { /* only to be there */ }, LOOK);
      await Promise.all(all.map(({ gone }) => gone));
      clearInterval(hold);
    },
  };
}

/** Keeps the end of what a child says, without keeping this process alive for it. */
function listen(child: ChildProcess): () => Promise<string> {
  let said = '';
  const pipe = child.stderr as NodeJS.ReadableStream & { unref?(): void };
  pipe.setEncoding('utf8');
  pipe.on('data', (text: string) => { said = (said + text).slice(-MOST_SAID); });
  pipe.unref?.();
  (child.stdin as NodeJS.WritableStream & { unref?(): void }).unref?.();
  const ended = once(pipe, 'end');
  return async () => {
    // At its exit they may still be in the pipe; and a child of its own may hold that open.
    await Promise.race([ended, sleep(LAST_WORDS)]);
    return lastWords(said);
  };
}

function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => PASSED.test(name)));
}

function killGroup(pid: number): void {
  signalOne(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
}

function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch { /* it is gone */ }
}
