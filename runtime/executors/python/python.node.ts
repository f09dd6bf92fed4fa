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
import { WheelCache } from '../../packages/wheel-cache.node.ts';
import type { ExecuteContext, Executor } from '../../ports.ts';
import { isolationAvailable } from '../../sandbox/isolate.node.ts';
import type { Isolation } from '../../workers/isolation.ts';
import { engineIdentity, pyodideFolder } from './engine.node.ts';
import { layOut, type Needs, toJob } from './inputs.node.ts';
import { Receiver } from './outputs.node.ts';
import { namedPackage } from './missing.node.ts';
import { pinsOf, pinWords, setFor, type PackageSet } from './packages.node.ts';
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

/** Engines behind a wall that are kept, each with a child: one for each set of grants. */
const WALLED = 2;

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
  readonly #isolation: Isolation | undefined;
  /** Engines whose children were granted something, by what; no child is ever used with other grants. */
  readonly #walled = new Map<string, { readonly engine: PythonEngine; users: number }>();
  readonly #spares: number;
  readonly #node: string;
  readonly #pyodide = pyodideFolder();
  readonly #all = new Set<PythonProcess>();
  readonly #free: PythonProcess[] = [];
  #identity: Readonly<Record<string, string>> | undefined;
  #snapshot: Promise<string | undefined> | undefined;
  #number = 0;
  readonly #end = new AbortController();
  readonly #wheels: WheelCache;
  get #closed(): boolean { return this.#end.signal.aborted; }
  #filling: Promise<void> | undefined;

  constructor(options: PythonOptions, isolation?: Isolation) {
    this.#options = options;
    this.#isolation = isolation;
    this.#wheels = new WheelCache(options.cache);
    this.#spares = options.spares ?? 1;
    this.#node = options.node ?? process.execPath;
  }

  identity(program: Pick<Program, 'settings'> = {}): Readonly<Record<string, string>> {
    this.#identity ??= this.#pyodide === undefined ? {} : engineIdentity(this.#pyodide);
    const pins = pinsOf(program);
    return pins.length === 0 ? this.#identity : { ...this.#identity, packages: pinWords(pins) };
  }

  available(): { ok: true } | { ok: false; reason: string } {
    if (this.#pyodide === undefined) return { ok: false, reason: 'Python needs the package “pyodide”; install it with npm.' };
    if (this.#options.node === undefined && Number(process.versions.node.split('.')[0]) < 26) {
      return { ok: false, reason: `Python needs Node 26 or later for its sandbox; this is ${process.versions.node}.` };
    }
    return { ok: true };
  }

  async warm(): Promise<void> {
    if (this.#free.length === 0 && this.available().ok) await this.#fill(undefined);
  }

  async execute(program: Program, inputs: Readonly<Record<string, StepInput>>, context: ExecuteContext): Promise<Outcome> {
    const able = this.available();
    if (!able.ok) throw new TelarError('unavailable', able.reason);
    if (this.#closed) throw new TelarError('unavailable', 'The Python engine is closed.');
    if (context.signal.aborted) throw cancelled();
    if (context.isolation !== undefined && this.#isolation === undefined) return this.#behindWall(context.isolation, program, inputs, context);
    const needs: Needs = { blobs: new Set(), columns: new Map() };
    const { world } = context;
    const set = setFor(program, inputs, this.#wheels);
    const job = toJob(program, inputs, context.blobs, needs, world);
    const { time, memory, output } = context.limits;
    for (let turn = 1; ; turn += 1) {
      const child = await this.#acquire(context.signal, set);
      try {
        const inline = layOut(needs.blobs, context.blobs, child.in);
        const { result, small } = await child.run({ number: this.#number += 1, program: job, time, memory, output, inline, ...(world === undefined ? {} : { world }) }, context);
        const receiver = new Receiver(result, small, child.out, context.blobs, needs);
        const [outputs, displays, warnings] = [receiver.outputs(), receiver.displays(), result.warnings ?? []];
        return { outputs, reads: result.reads, ...(displays.length > 0 ? { displays } : {}), ...(warnings.length > 0 ? { warnings } : {}) };
      } catch (error) {
        if (!(error instanceof NotBegun)) throw namedPackage(error, program, this.#pyodide as string);
        if (turn === ATTEMPTS) throw new TelarError('lost', 'Python processes end before they begin; is there enough memory?');
      } finally {
        this.#release(child).catch(() => {}); // what fails here fails the next start, with its reason
      }
    }
  }

  async close(): Promise<void> {
    this.#end.abort();
    this.#free.length = 0;
    await Promise.all([...[...this.#all].map((child) => child.close()), ...[...this.#walled.values()].map(({ engine }) => engine.close())]);
  }

  /** Does a step in a child of its grants alone. The least used engines of other grants are ended. */
  async #behindWall(isolation: Isolation, ...step: Parameters<Executor['execute']>): Promise<Outcome> {
    const able = isolationAvailable();
    if (!able.ok) throw new TelarError('unavailable', able.reason, { lacks: 'isolation' });
    const key = JSON.stringify([isolation.network, isolation.files, isolation.programs]);
    const entry = this.#walled.get(key) ?? { engine: new PythonEngine({ ...this.#options, spares: 0 }, isolation), users: 0 };
    this.#walled.delete(key);
    this.#walled.set(key, entry);
    entry.users += 1;
    try {
      return await entry.engine.execute(...step);
    } finally {
      entry.users -= 1;
      for (const [old, { engine, users }] of this.#walled) {
        if (this.#walled.size <= WALLED || users > 0) continue;
        this.#walled.delete(old);
        await engine.close();
      }
    }
  }

  async #start(set: PackageSet | undefined): Promise<PythonProcess> {
    this.#snapshot ??= ensureSnapshot(this.#node, this.#options.cache, this.#pyodide!, this.identity(), this.#end.signal);
    const snapshot = await this.#snapshot;
    // A child that starts after the end would never be ended.
    if (this.#closed) throw cancelled();
    const child = this.#spawn(snapshot, set);
    if (snapshot !== undefined) {
      // A snapshot that does not load is no reason to fail: this one and all after it start cold.
      const failed = await child.ready.then(() => false, () => true);
      if (failed && !this.#closed) {
        this.#snapshot = Promise.resolve(undefined);
        return this.#spawn(undefined, set);
      }
    }
    return child;
  }

  #spawn(snapshot: string | undefined, set: PackageSet | undefined): PythonProcess {
    const { root, scratch } = this.#options;
    const child = new PythonProcess({ node: this.#node, pyodide: this.#pyodide!, root: realpathSync(root), scratch, snapshot, ...(this.#isolation === undefined ? {} : { isolation: this.#isolation }), ...(set === undefined ? {} : { packages: set }) });
    this.#all.add(child);
    void child.exited.then(() => this.#all.delete(child));
    return child;
  }

  /** Starts a child for whoever comes next, unless there are enough. What fails here fails the next start, with its reason. */
  #fill(set: PackageSet | undefined): Promise<void> {
    const ready = this.#free.filter((each) => each.usable && each.set?.key === set?.key).length;
    if (this.#closed || ready > this.#spares) return Promise.resolve();
    return this.#filling ??= this.#start(set).then(async (child) => {
      await child.ready;
      this.#free.push(child);
    }).catch(() => {}).finally(() => { this.#filling = undefined; });
  }

  #take(set: PackageSet | undefined): PythonProcess | undefined {
    const fits = (child: PythonProcess): boolean => child.set?.key === set?.key;
    for (let at = this.#free.findIndex(fits); at >= 0; at = this.#free.findIndex(fits)) {
      const [child] = this.#free.splice(at, 1) as [PythonProcess];
      if (child.usable) return child;
    }
    return undefined;
  }

  /** The child that is on its way, or a new one. */
  async #begin(set: PackageSet | undefined): Promise<PythonProcess> {
    await this.#filling;
    const child = this.#take(set) ?? await this.#start(set);
    await child.ready;
    return child;
  }

  async #acquire(signal: AbortSignal, set: PackageSet | undefined): Promise<PythonProcess> {
    const free = this.#take(set);
    if (free !== undefined) return free;
    const starting = this.#begin(set);
    const aborted = new Promise<undefined>((done) => signal.addEventListener('abort', () => done(undefined), { once: true }));
    const child = await Promise.race([starting, aborted]);
    if (child !== undefined && !signal.aborted) return child;
    void starting.then((late) => this.#free.push(late), () => {});
    throw cancelled();
  }

  /** Takes a child back, or replaces it. */
  async #release(child: PythonProcess): Promise<void> {
    const { set } = child;
    if (child.usable && set?.native !== true) {
      child.clear();
      this.#free.unshift(child);
      await child.rest();
    } else void child.close();
    // Children of other sets make room: each takes its memory for as long as it waits.
    const others = this.#free.filter((each) => each.usable && each.set?.key !== set?.key);
    for (const other of others.slice(this.#spares)) {
      this.#free.splice(this.#free.indexOf(other), 1);
      void other.close();
    }
    await this.#fill(set);
  }
}
