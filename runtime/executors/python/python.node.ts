/**
 * The Python engine: an `Executor` over warm children that hold Pyodide, each under Node's permission model.
 *
 * Nothing is started before the first step. A child serves one step at a time and is reused; what is not undone between two steps is
 * told in `reset.py`. Pyodide in this process was not taken: from Python one reaches the process around it.
 */
import { realpathSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { TelarError } from '../../../contracts/errors.ts';
import type { Outcome, Program, StepInput } from '../../../contracts/node.ts';
import type { ExecuteContext, Executor } from '../../ports.ts';
import { engineIdentity, pyodideFolder } from './engine.node.ts';
import { layOut, type Needs, toJob } from './inputs.node.ts';
import { Receiver } from './outputs.node.ts';
import { cancelled, NotBegun, PythonProcess } from './process.node.ts';
import { ensureSnapshot } from './snapshot.node.ts';

/** Where the engine works; all absolute. */
export interface PythonOptions {
  /** The workspace: what code may read of it is the folder of its notebook. */
  readonly root: string;
  /** Keeps the memory snapshot between processes. */
  readonly cache: string;
  /** For the folders of the children, removed with them. */
  readonly scratch: string;
  /** Children kept ready beyond those that work; 1 unless said. Each takes some 220 MB. */
  readonly spares?: number;
  /** A Node of version 26 or later; this process's own unless said. */
  readonly node?: string;
}

/** How many children are tried for one step when they end before it begins. */
const ATTEMPTS = 3;

/** The engine `python`, with a way to start it before it is needed. */
export interface PythonExecutor extends Executor {
  /** Starts a child now. */
  warm(): Promise<void>;
}

/** Makes the engine. Starts nothing. */
export function createPython(options: PythonOptions): PythonExecutor {
  return new PythonEngine(options);
}

class PythonEngine implements PythonExecutor {
  readonly engine = 'python';
  readonly concurrency = availableParallelism() > 2 ? 2 : 1;
  readonly #options: PythonOptions;
  readonly #node: string;
  readonly #pyodide = pyodideFolder();
  readonly #all = new Set<PythonProcess>();
  readonly #free: PythonProcess[] = [];
  #identity: Readonly<Record<string, string>> | undefined;
  #snapshot: Promise<string | undefined> | undefined;
  #number = 0;
  readonly #end = new AbortController();
  get #closed(): boolean { return this.#end.signal.aborted; }
  #filling = false;

  constructor(options: PythonOptions) {
    this.#options = options;
    this.#node = options.node ?? process.execPath;
  }

  identity(): Readonly<Record<string, string>> {
    return this.#identity ??= this.#pyodide === undefined ? {} : engineIdentity(this.#pyodide);
  }

  available(): { ok: true } | { ok: false; reason: string } {
    if (this.#pyodide === undefined) return { ok: false, reason: 'Python needs the package “pyodide”; install it with npm.' };
    if (this.#options.node === undefined && Number(process.versions.node.split('.')[0]) < 26) {
      return { ok: false, reason: `Python needs Node 26 or later for its sandbox; this is ${process.versions.node}.` };
    }
    return { ok: true };
  }

  async warm(): Promise<void> {
    if (this.#free.length === 0) this.#free.push(await this.#start());
    await this.#free[0]?.ready;
  }

  async execute(program: Program, inputs: Readonly<Record<string, StepInput>>, context: ExecuteContext): Promise<Outcome> {
    const able = this.available();
    if (!able.ok) throw new TelarError('unavailable', able.reason);
    if (this.#closed) throw new TelarError('unavailable', 'The Python engine is closed.');
    if (context.signal.aborted) throw cancelled();
    const needs: Needs = { blobs: new Set(), columns: new Map() };
    const { world } = context;
    const job = toJob(program, inputs, context.blobs, needs, world);
    const { time, memory, output } = context.limits;
    for (let turn = 1; ; turn += 1) {
      const child = await this.#acquire(context.signal);
      try {
        const inline = layOut(needs.blobs, context.blobs, child.in);
        const { result, small } = await child.run({ number: this.#number += 1, program: job, time, memory, output, inline, ...(world === undefined ? {} : { world }) }, context);
        const receiver = new Receiver(result, small, child.out, context.blobs, needs);
        const [outputs, displays, warnings] = [receiver.outputs(), receiver.displays(), result.warnings ?? []];
        return { outputs, reads: result.reads, ...(displays.length > 0 ? { displays } : {}), ...(warnings.length > 0 ? { warnings } : {}) };
      } catch (error) {
        if (!(error instanceof NotBegun)) throw error;
        if (turn === ATTEMPTS) throw new TelarError('lost', 'Python processes end before they begin; is there enough memory?');
      } finally {
        this.#release(child).catch(() => {}); // what fails here fails the next start, with its reason
      }
    }
  }

  async close(): Promise<void> {
    this.#end.abort();
    this.#free.length = 0;
    await Promise.all([...this.#all].map((child) => child.close()));
  }

  async #start(): Promise<PythonProcess> {
    this.#snapshot ??= ensureSnapshot(this.#node, this.#options.cache, this.#pyodide!, this.identity(), this.#end.signal);
    const snapshot = await this.#snapshot;
    // A child that starts after the end would never be ended.
    if (this.#closed) throw cancelled();
    const child = this.#spawn(snapshot);
    if (snapshot !== undefined) {
      // A snapshot that does not load is no reason to fail: this one and all after it start cold.
      const failed = await child.ready.then(() => false, () => true);
      if (failed && !this.#closed) {
        this.#snapshot = Promise.resolve(undefined);
        return this.#spawn(undefined);
      }
    }
    return child;
  }

  #spawn(snapshot: string | undefined): PythonProcess {
    const { root, scratch } = this.#options;
    const child = new PythonProcess({ node: this.#node, pyodide: this.#pyodide!, root: realpathSync(root), scratch, snapshot });
    this.#all.add(child);
    void child.exited.then(() => this.#all.delete(child));
    return child;
  }

  async #acquire(signal: AbortSignal): Promise<PythonProcess> {
    for (let child = this.#free.shift(); child !== undefined; child = this.#free.shift()) if (child.usable) return child;
    const starting = this.#start().then(async (child) => { await child.ready; return child; });
    const aborted = new Promise<undefined>((done) => signal.addEventListener('abort', () => done(undefined), { once: true }));
    const child = await Promise.race([starting, aborted]);
    if (child !== undefined && !signal.aborted) return child;
    void starting.then((late) => this.#free.push(late), () => {});
    throw cancelled();
  }

  /** Takes a child back, or replaces it. */
  async #release(child: PythonProcess): Promise<void> {
    if (child.usable) {
      child.clear();
      this.#free.unshift(child);
      await child.rest();
    } else void child.close();
    const ready = this.#free.filter((each) => each.usable).length;
    if (this.#closed || this.#filling || ready > (this.#options.spares ?? 1)) return;
    this.#filling = true;
    try {
      const spare = await this.#start();
      await spare.ready;
      this.#free.push(spare);
    } finally {
      this.#filling = false;
    }
  }
}
