/**
 * The Jupyter engine: an `Executor` over installed kernels of Python, each a process of its own that is warm and used again for the next step of the same kernel.
 *
 * What a kernel has that Pyodide lacks (packages in C, GPUs, the system) is why it is there; what it lacks is a wall: it runs with the person's rights, and is asked for by its exact
 * command before (security.md 14), or stands behind the system's wall where a step is `isolated`. A kernel of another language speaks the same protocol, but no values cross to it yet.
 *
 * The key (P1) has the name of the kernel, its spec without the place of its program, the bytes of that program, the installed distributions, and our own bridge: all told from files
 * (`interpreter.node.ts`), the same on two machines that have the same, and known before anything has started.
 */
import { createRequire } from 'node:module';
import { realpathSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { TelarError } from '../../../contracts/errors.ts';
import type { Outcome, Program, StepInput } from '../../../contracts/node.ts';
import type { ExecuteContext, Executor } from '../../ports.ts';
import type { Isolation } from '../../workers/isolation.ts';
import { type Needs, toJob } from '../python/inputs.node.ts';
import { cancelled } from '../python/process.node.ts';
import { cpuOfTree, memoryOfTree } from '../vitals.node.ts';
import { emptyHome, makeHome, removeHome } from './home.node.ts';
import { interpreterOf } from './interpreter.node.ts';
import { type Kernel, launchKernel, type Patience } from './kernel.node.ts';
import { dataFolders, findKernel, type KernelSpec, specHash } from './kernelspecs.node.ts';
import { kernelCommand } from './launch.node.ts';
import { bridgeHash, loadCode } from './sources.node.ts';
import { runStep } from './step.node.ts';
import { wallKernel } from './wall.node.ts';

/** Where the engine works; all absolute. */
export interface JupyterOptions {
  /** The workspace. */
  readonly root: string;
  /** For the folders of kernels, removed with them. */
  readonly scratch: string;
  /** Where kernel specs are looked for; Jupyter's folders unless said. */
  readonly folders?: readonly string[];
  /** Kernels at once; a worker has one. */
  readonly concurrency?: number;
  readonly patience?: Partial<Patience>;
  /** `ipc` where ZeroMQ has it, unless said. */
  readonly transport?: 'ipc' | 'tcp';
}

const PATIENCE: Patience = { start: 30_000, grace: 500, heartbeat: 10_000 };
/** The kernel of a program that names none. */
const USUAL = 'python3';
const ATTEMPTS = 3;
/** Milliseconds for which an identity is not told anew: many elements of one step ask at once. */
const FRESH = 500;

/** Makes the engine. Starts nothing. */
export function createJupyter(options: JupyterOptions): Executor { return new JupyterEngine(options); }

interface Slot { readonly key: string; readonly kernel: Kernel }

class JupyterEngine implements Executor {
  readonly engine = 'jupyter';
  readonly place = 'heavy';
  readonly concurrency: number;
  readonly #options: JupyterOptions;
  readonly #patience: Patience;
  readonly #free: Slot[] = [];
  readonly #all = new Set<Kernel>();
  readonly #starting = new Set<Promise<unknown>>();
  readonly #end = new AbortController();
  readonly #known = new Map<string, { readonly at: number; readonly identity: Readonly<Record<string, string>> }>();
  #number = 0;

  constructor(options: JupyterOptions) {
    this.#options = options;
    this.concurrency = options.concurrency ?? (availableParallelism() > 2 ? 2 : 1);
    this.#patience = { ...PATIENCE, ...options.patience };
  }

  identity(program?: Pick<Program, 'settings'>): Readonly<Record<string, string>> {
    const name = this.#nameOf(program);
    const now = performance.now();
    const known = this.#known.get(name);
    if (known !== undefined && now - known.at < FRESH) return known.identity;
    const identity = this.#identify(name);
    this.#known.set(name, { at: now, identity });
    return identity;
  }

  #identify(name: string): Readonly<Record<string, string>> {
    const spec = this.#find(name);
    if (typeof spec === 'string') return { engine: 'jupyter', kernel: name, spec: 'missing', bridge: bridgeHash() };
    const { program: bytes, packages, version } = interpreterOf(spec.argv[0]!);
    return {
      engine: 'jupyter', kernel: name, spec: specHash({ ...spec, argv: spec.argv.slice(1) }), bridge: bridgeHash(),
      interpreter: bytes, packages, ...(version === undefined ? {} : { python: version }),
    };
  }

  available(): { ok: true } | { ok: false; reason: string } {
    try {
      createRequire(import.meta.url).resolve('zeromq');
      return { ok: true };
    } catch {
      return { ok: false, reason: 'Jupyter kernels need the package “zeromq”; install it with npm.' };
    }
  }

  progress(): number { return [...this.#all].reduce((sum, kernel) => sum + kernel.messages + cpuOfTree(kernel.pid), 0); }

  memory(): number { return [...this.#all].reduce((sum, kernel) => sum + (memoryOfTree(kernel.pid, true) ?? 0), 0); }

  async execute(program: Program, inputs: Readonly<Record<string, StepInput>>, context: ExecuteContext): Promise<Outcome> {
    const able = this.available();
    if (!able.ok) throw new TelarError('unavailable', able.reason);
    if (this.#end.signal.aborted) throw new TelarError('unavailable', 'The Jupyter engine is closed.');
    if (context.signal.aborted) throw cancelled();
    const name = this.#nameOf(program);
    const spec = this.#find(name);
    if (typeof spec === 'string') throw new TelarError('unavailable', spec, { lacks: `kernel ${name}` });
    if (spec.language.toLowerCase() !== 'python') throw new TelarError('unavailable', `The kernel “${name}” speaks ${spec.language}; a Python node needs one of Python.`, { lacks: 'kernel' });
    const needs: Needs = { blobs: new Set(), columns: new Map() };
    const job = toJob(program, inputs, context.blobs, needs, context.world, (producer) => (
      producer.engine === 'python' || (producer.engine === 'jupyter' && this.#nameOf(producer) === name) ? undefined
        : `a live value of ${producer.engine === 'jupyter' ? `the kernel ${this.#nameOf(producer)}` : producer.engine}, which the kernel ${name} cannot take; give plain data`));
    for (let turn = 1; ; turn += 1) {
      const slot = await this.#acquire(spec, context);
      try {
        return await runStep(slot.kernel, this.#number += 1, job, needs, context, this.#patience.grace);
      } catch (error) {
        // It died while it was idle, and had not seen the step.
        if (!(error instanceof TelarError) || error.code !== 'lost' || error.data.begun !== false || turn === ATTEMPTS) throw error;
      } finally {
        this.#release(slot);
      }
    }
  }

  async close(): Promise<void> {
    this.#end.abort();
    this.#free.length = 0;
    await Promise.all([...this.#all].map((kernel) => kernel.close()));
    await Promise.allSettled(this.#starting);
  }

  #nameOf(program?: Pick<Program, 'settings'>): string {
    const name = program?.settings?.kernel;
    return typeof name === 'string' ? name : USUAL;
  }

  #find(name: string): KernelSpec | string { return findKernel(name, this.#options.folders ?? dataFolders()); }

  async #acquire(spec: KernelSpec, { signal, isolation }: ExecuteContext): Promise<Slot> {
    const key = JSON.stringify([specHash(spec), isolation]);
    for (let at = this.#free.findIndex((slot) => slot.key === key); at >= 0; at = this.#free.findIndex((slot) => slot.key === key)) {
      const [slot] = this.#free.splice(at, 1);
      if (slot!.kernel.usable) return slot!;
    }
    // Kernels of other names make room: each takes memory.
    while (this.#free.length > 0 && this.#all.size >= this.concurrency) await this.#free.shift()!.kernel.close();
    const stop = AbortSignal.any([signal, this.#end.signal]);
    // A port that was free a moment ago may be taken, so it is tried once more.
    const starting = this.#launch(spec, isolation, stop).catch((error: unknown) => {
      if (!(error instanceof TelarError) || error.data.early !== true || stop.aborted) throw error;
      return this.#launch(spec, isolation, stop);
    });
    this.#starting.add(starting);
    try {
      const kernel = await starting;
      return { key, kernel };
    } finally {
      this.#starting.delete(starting);
    }
  }

  async #launch(spec: KernelSpec, isolation: Isolation | undefined, signal: AbortSignal): Promise<Kernel> {
    const { root, scratch, transport } = this.#options;
    const { capability } = await import('zeromq');
    const workspace = realpathSync(root);
    const home = await makeHome(scratch, transport ?? (capability.ipc === true ? 'ipc' : 'tcp'), spec.name);
    let kernel: Kernel;
    try {
      const { command, folders } = kernelCommand(spec, home, workspace);
      kernel = await launchKernel({
        name: spec.name, home, patience: this.#patience, signal, command: isolation === undefined ? command : wallKernel(command, folders, isolation),
        // A wall's own process would take the signal for itself.
        interruptMode: isolation !== undefined || process.platform === 'win32' ? 'message' : spec.interruptMode,
      });
    } catch (error) {
      removeHome(home);
      throw error;
    }
    this.#all.add(kernel);
    void kernel.exited.then(() => this.#all.delete(kernel));
    const late = setTimeout(() => kernel.kill(new TelarError('unavailable', `The kernel “${spec.name}” answers, but does nothing; install it again.`, { kernel: spec.name })), this.#patience.start);
    const cancel = (): void => kernel.kill(cancelled());
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
    try {
      const reply = await kernel.execute(loadCode({ root: workspace, in: home.in, out: home.out, private: home.path }), { stream: () => {}, display: () => {}, ask: async () => '' });
      if (reply.status !== 'ok') throw new TelarError('unavailable', `The kernel “${spec.name}” cannot run steps: it needs CPython 3.9 or later (${String(reply.ename)}: ${String(reply.evalue).slice(0, 500)}).`, { kernel: spec.name });
      return kernel;
    } catch (error) {
      await kernel.close();
      throw error;
    } finally {
      clearTimeout(late);
      signal.removeEventListener('abort', cancel);
    }
  }

  /** Takes a kernel back, or ends it. */
  #release(slot: Slot): void {
    const { kernel } = slot;
    if (kernel.usable && !this.#end.signal.aborted) {
      try {
        emptyHome(kernel.home);
        this.#free.push(slot);
        return;
      } catch { /* what cannot be emptied is not used again */ }
    }
    void kernel.close();
  }
}
