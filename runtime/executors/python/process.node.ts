/**
 * Process: one child of the Python engine, seen by its parent. It runs one job at a time, and is killed when a soft stop did not help.
 *
 * Escalation: the child's own deadline or the cancel file (within 20 ms where Python runs), then SIGKILL after `GRACE`. A child that
 * was killed, died, grew too large or did not come to rest is not used again; its folders go with it.
 */
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { type ErrorCode, TelarError } from '../../../contracts/errors.ts';
import type { WebRequest, WebResponse } from '../../../contracts/node.ts';
import { killTree, memoryOfTree } from '../vitals.node.ts';
import type { Isolation } from '../../workers/isolation.ts';
import { answer } from './ask.node.ts';
import { startChild } from './engine.node.ts';
import { FRAME, FrameReader, unpackResult } from './frames.node.ts';
import type { PackageSet } from './packages.node.ts';
import type { Job, Result } from './wire.ts';

/** Milliseconds from a soft stop to the kill. */
const GRACE = 300;
/** Milliseconds that a start, and the clearing after a step, may take. */
const START_PATIENCE = 30_000;
const REST_PATIENCE = 2_000;
/** Node takes longer timers for 1 ms. */
const LONGEST_TIMER = 2 ** 31 - 1;
/** How often the memory of a running child is looked at, in milliseconds. */
const WATCH = 100;
/** Memory of a fresh child, and the size of Python's memory beyond which a child is not used again. */
const FRESH = 320 * 1024 * 1024;
const HEAVY = 384 * 1024 * 1024;

/** What a step is watched for. */
export interface Watch {
  readonly signal: AbortSignal;
  emit(stream: 'stdout' | 'stderr', text: string): void;
  /** Asks the network within what the step was granted. */
  fetch?(request: WebRequest): Promise<WebResponse>;
}

/** A finished job with its small blobs. */
export interface Finished { readonly result: Result; readonly small: readonly Uint8Array[] }

/** How a child is made. */
export interface ProcessOptions { readonly node: string; readonly pyodide: string; readonly root: string; readonly scratch: string; readonly snapshot: string | undefined; readonly isolation?: Isolation; readonly packages?: PackageSet }

interface Running {
  readonly job: Job;
  readonly watch: Watch;
  readonly decoders: readonly [TextDecoder, TextDecoder];
  readonly done: (finished: Finished) => void;
  readonly fail: (error: TelarError) => void;
  output: number;
  asking: boolean;
  killedFor?: ErrorCode;
}

/** The child was gone before it could take the job; another can take it. */
export class NotBegun extends Error {}

/** See the module's head. */
export class PythonProcess {
  /** The packages that its Python sees. */
  readonly set: PackageSet | undefined;
  /** Folders of the child. */
  readonly in: string;
  readonly out: string;
  /** Fulfilled when the child can take its first job. */
  readonly ready: Promise<void>;
  /** Fulfilled when the child is gone. */
  readonly exited: Promise<void>;
  /** Whether it can take a job now or after it has come to rest. */
  usable = true;
  readonly #home: string;
  readonly #child: ChildProcess;
  readonly #walled: boolean;
  readonly #answers: Writable;

  #running: Running | undefined;
  #resting: Promise<void>;
  #rested: () => void = () => {};
  #stderr = '';

  constructor(options: ProcessOptions) {
    this.set = options.packages;
    mkdirSync(options.scratch, { recursive: true });
    this.#home = realpathSync(mkdtempSync(join(options.scratch, `python-${process.pid}-`)));
    this.in = join(this.#home, 'in');
    this.out = join(this.#home, 'out');
    mkdirSync(this.in);
    mkdirSync(this.out);
    this.#walled = options.isolation !== undefined;
    try {
      this.#child = startChild(options.node, { pyodide: options.pyodide, root: options.root, in: this.in, out: this.out, ...(options.packages === undefined ? {} : { packages: options.packages.folders }), ...(options.snapshot === undefined ? {} : { snapshot: options.snapshot }) }, options.isolation);
    } catch (error) {
      rmSync(this.#home, { recursive: true, force: true });
      throw error;
    }
    this.exited = new Promise((done) => {
      this.#child.once('error', (error) => { this.#stderr += error.message; });
      // Not `exit`: the last frames may still be on their way then.
      this.#child.once('close', (code, signal) => { this.#ended(code, signal); done(); });
    });
    this.#child.on('error', () => {}); // a message to a child that is just dying
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => { this.#stderr = (this.#stderr + text).slice(-4000); });
    this.#answers = (this.#child.stdio as readonly unknown[])[5] as Writable;
    this.#answers.on('error', () => {}); // one that is just dying
    const reader = new FrameReader((kind, payload) => this.#frame(kind, payload));
    (this.#child.stdio[3] as Readable).on('error', () => {}).on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk);
      } catch {
        this.kill('lost');
      }
    });
    this.#resting = this.#rest(START_PATIENCE);
    this.ready = this.#resting.then(() => {
      if (!this.usable) throw new TelarError('lost', `The Python process did not start. ${this.#stderr.trim().split('\n').at(-1) ?? ''}`.trim());
    });
    this.ready.catch(() => {});
  }

  /**
   * Runs one job.
   * @throws TelarError `exception`, `syntax`, `timeout`, `cancelled`, `memory`, `output-limit`, `lost`; NotBegun
   */
  async run(job: Job, watch: Watch): Promise<Finished> {
    await this.#resting;
    if (!this.usable) throw new NotBegun();
    const { signal } = watch;
    if (signal.aborted) throw cancelled();
    const timers: NodeJS.Timeout[] = [];
    const cancel = (): void => {
      // A key pressed in a terminal may end the child by itself.
      if (this.#running !== undefined) this.#running.killedFor ??= 'cancelled';
      writeFileSync(join(this.in, 'cancel'), '');
      timers.push(setTimeout(() => this.kill('cancelled'), GRACE));
    };
    try {
      return await new Promise<Finished>((done, fail) => {
        this.#running = { job, watch, done, fail, output: 0, asking: false, decoders: [new TextDecoder(), new TextDecoder()] };
        this.#resting = this.#rest(Infinity);
        timers.push(setTimeout(() => this.kill('timeout'), Math.min(job.time + GRACE, LONGEST_TIMER)));
        timers.push(setInterval(() => this.#watchMemory(job.memory), WATCH));
        signal.addEventListener('abort', cancel, { once: true });
        this.#child.send(job, (error) => { if (error !== null) this.kill('lost'); });
      });
    } finally {
      for (const timer of timers) clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
      this.#running = undefined;
    }
  }

  /** Ends the child at once; a job that runs fails with `code`. */
  kill(code: ErrorCode = 'lost'): void {
    this.usable = false;
    if (this.#running !== undefined) this.#running.killedFor ??= code;
    if (this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    if (this.#walled) killTree(this.#child.pid);
    else this.#child.kill('SIGKILL');
  }

  /** Ends the child and removes its folders. */
  async close(): Promise<void> {
    this.kill('cancelled');
    await this.exited;
  }

  /** Empties the folders of the last job; call when its outputs are stored. */
  clear(): void {
    for (const folder of [this.in, this.out]) for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
  }

  /** Waits for the child to come to rest after a job; it is killed when it does not. */
  async rest(): Promise<void> {
    const timer = setTimeout(() => this.kill(), REST_PATIENCE);
    await this.#resting;
    clearTimeout(timer);
  }

  #rest(patience: number): Promise<void> {
    const timer = patience === Infinity ? undefined : setTimeout(() => this.kill(), patience);
    return new Promise((done) => { this.#rested = () => { clearTimeout(timer); done(); }; });
  }

  #frame(kind: number, payload: Uint8Array): void {
    const running = this.#running;
    if (kind === FRAME.ready || kind === FRAME.idle) this.#rested();
    else if (running === undefined) return;
    else if (kind === FRAME.stdout || kind === FRAME.stderr) {
      running.output += payload.length;
      if (running.output > running.job.output + payload.length) return this.kill('output-limit');
      const text = running.decoders[kind - 1]!.decode(payload, { stream: true });
      if (text !== '') running.watch.emit(kind === FRAME.stdout ? 'stdout' : 'stderr', text);
    } else if (kind === FRAME.ask) this.#ask(running, payload);
    else if (kind === FRAME.result) this.#result(running, payload);
  }

  /** The child waits for an answer, so an honest one asks one thing at a time. */
  #ask(running: Running, payload: Uint8Array): void {
    if (running.asking) return this.kill('lost');
    running.asking = true;
    void answer(payload, running.watch.fetch?.bind(running.watch)).then((bytes) => {
      if (running !== this.#running) return;
      running.asking = false;
      this.#answers.write(bytes);
    });
  }

  #result(running: Running, payload: Uint8Array): void {
    const { message, blobs } = unpackResult(payload);
    const result = message as Result;
    if (result.number !== running.job.number) return;
    if (result.heap === 0 || result.heap > HEAVY) this.usable = false;
    if (result.error === undefined) running.done({ result, small: blobs });
    else running.fail(this.#error(running, result.error));
  }

  #error(running: Running, error: NonNullable<Result['error']>): TelarError {
    const { code, message, line, type, traceback, column } = error;
    if (code === 'timeout' || code === 'cancelled' || code === 'memory' || code === 'output-limit') return stopped(code, running.job, message);
    if (/^JsException: Error: (?:ENOSPC|EDQUOT)\b/.test(String(message))) return new TelarError('disk-full', 'There is no room left on the disk for what this step gives; make room and run again.');
    const facts = Object.fromEntries(Object.entries({ line, type, traceback, column }).filter(([, fact]) => fact !== undefined));
    return new TelarError(code === 'syntax' ? 'syntax' : 'exception', String(message), facts);
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    this.usable = false;
    rmSync(this.#home, { recursive: true, force: true });
    const running = this.#running;
    if (running !== undefined) {
      const full = /heap out of memory|Cannot allocate memory|Array buffer allocation failed/.test(this.#stderr);
      const why = running.killedFor ?? (full ? 'memory' : 'lost');
      running.fail(why === 'lost'
        ? new TelarError('lost', `The Python process ended unexpectedly (${signal ?? `status ${code}`}); run the step again.`, { signal: signal ?? null, status: code })
        : stopped(why, running.job));
    }
    this.#rested();
  }

  /** Linux tells the memory of another process; elsewhere the child's own limits must do. */
  #watchMemory(limit: number): void {
    const bytes = memoryOfTree(this.#child.pid, this.#walled);
    if (bytes !== undefined && bytes > FRESH + Math.max(limit, 32 * 1024 * 1024) * 3) this.kill('memory');
  }
}

/** The error of a step that was called off. */
export const cancelled = (): TelarError => new TelarError('cancelled', 'The step was cancelled.');

/** The error of a step that reached a limit, or was called off. */
export function stopped(code: ErrorCode, job: Pick<Job, 'time' | 'memory' | 'output'>, message = ''): TelarError {
  const megabytes = (bytes: number): string => `${Math.round(bytes / 1e5) / 10} MB`;
  switch (code) {
    case 'cancelled': return cancelled();
    case 'timeout': return new TelarError(code, `The step ran longer than ${job.time / 1000} s; raise timeout= on the fence, or do less.`, { limit: job.time });
    case 'memory': return new TelarError(code, message !== '' ? message : `The step needed more memory than ${megabytes(job.memory)}; raise memory= on the fence, or work on less at once.`, { limit: job.memory });
    default: return new TelarError(code, `The step gave out more than ${megabytes(job.output)}; print or return less.`, { limit: job.output });
  }
}
