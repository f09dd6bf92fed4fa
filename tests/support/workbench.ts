/**
 * A runtime for property tests: real document, graph, plan, scheduler and (memory) store; files in memory; and one engine for
 * the `javascript` kind that is small enough to run thousands of scripts. It evaluates in this process, counts what it runs,
 * and can be told to wait, so that cancels meet running steps.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { Outcome, OutputValue, Program, StepInput } from '../../contracts/node.ts';
import type { Operation } from '../../contracts/protocol.ts';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { createObserver } from '../../runtime/adapters/observer.ts';
import { createResources } from '../../runtime/adapters/resources.node.ts';
import { createMemoryStore } from '../../runtime/checkpoints/memory.ts';
import type { Store } from '../../runtime/checkpoints/store.ts';
import type { ExecuteContext, Executor, Files } from '../../runtime/ports.ts';
import type { ReplayPorts } from '../../runtime/replay/replica.ts';
import { createRuntime, type Notebook, type RunOptions } from '../../runtime/runtime.ts';
import type { RunResult } from '../../runtime/scheduler/run-plan.ts';
import { loadValue, storeValue } from '../../runtime/values/kinds.ts';
import { catalogue } from './graphs.ts';
import { memoryFiles } from './memory-files.ts';
import { withReplicas } from './memory-replica.ts';

/** Evaluates expressions and `const` lines with JavaScript itself. */
class TinyEngine implements Executor {
  readonly engine = 'javascript';
  readonly concurrency = 8;
  /** Ids in the order in which their programs began. */
  readonly began: string[] = [];
  /** Awaited before a program ends, when set. */
  pause: ((id: string) => Promise<void>) | undefined;

  identity(): Readonly<Record<string, string>> { return { engine: 'tiny' }; }
  available(): { ok: true } { return { ok: true }; }
  close(): Promise<void> { return Promise.resolve(); }

  async execute(program: Program, inputs: Readonly<Record<string, StepInput>>, context: ExecuteContext): Promise<Outcome> {
    // A `when=` is judged beside the step that it stands on.
    if (program.id !== 'when') this.began.push(program.id);
    const given: Record<string, unknown> = {};
    for (const [port, input] of Object.entries(inputs)) {
      const [name, member] = port.split('.') as [string, string?];
      const value = 'ref' in input ? loadValue(input.ref, context.blobs) : undefined;
      given[name] = member === undefined ? value : { ...given[name] as object, [member]: value };
    }
    const names = Object.keys(given);
    const values = Object.values(given);
    if (this.pause !== undefined) await Promise.race([this.pause(program.id), new Promise((resolve) => { context.signal.addEventListener('abort', resolve, { once: true }); })]);
    if (context.signal.aborted) throw new TelarError('cancelled', 'stopped');
    const lines = program.code.trimEnd().split('\n');
    const last = lines.pop() as string;
    // The bodies of these tests are made by the tests.
    // oxlint-disable-next-line no-new-func
    const evaluate = new Function(...names, `${lines.join('\n')}\nreturn { value: (${last}), ${program.binds.join(', ')} }`) as (...values: unknown[]) => Record<string, unknown>;
    let result: Record<string, unknown>;
    try { result = evaluate(...values); } catch (error) { throw new TelarError('exception', (error as Error).message); }
    const outputs: Record<string, OutputValue> = {};
    for (const [name, value] of Object.entries(result)) {
      const kept = storeValue(value, context.blobs);
      outputs[name] = name === 'value' || program.wanted.includes(name) ? kept : { summary: kept.summary };
    }
    return { outputs, reads: [] };
  }
}

/** A notebook on a bench: its text can be replaced, and it can be run. */
export interface Bench {
  readonly engine: TinyEngine;
  readonly store: Store;
  readonly files: Files;
  readonly ports: ReplayPorts;
  /** Milliseconds that steps would have waited to be tried again. */
  readonly slept: readonly number[];
  notebook(): Promise<Notebook>;
  write(text: string, path?: string): void;
  run(options?: Partial<RunOptions>): Promise<RunResult & { readonly operations: readonly Operation[] }>;
  /** The value of a node in a result, decoded. */
  value(result: RunResult, node: string, output?: string): unknown;
}

let runs = 0;

/** Makes a bench. `store` may be shared between benches, as processes share a workspace. */
export function createBench(text = '', store: Store = createMemoryStore(sha256)): Bench {
  const engine = new TinyEngine();
  const slept: number[] = [];
  const files = memoryFiles({ 'main.telar.md': text });
  const ports = withReplicas({
    files, store, observer: createObserver({ files, store, sha256 }), catalogue, resources: createResources(), executors: new Map([[engine.engine, engine]]),
    sha256, clock: { now: () => performance.now(), date: () => new Date(), sleep: (ms) => { slept.push(ms); return Promise.resolve(); } }, newRun: () => `run-${String(runs++).padStart(8, '0')}`,
  });
  const runtime = createRuntime(ports);
  let open: Notebook | undefined;
  const notebook = async (): Promise<Notebook> => {
    if (open === undefined) open = await runtime.open('main.telar.md');
    else await open.refresh();
    return open;
  };
  return {
    engine, store, files, ports, slept, notebook,
    write: (one, path = 'main.telar.md') => { files.write(path, new TextEncoder().encode(one)); },
    run: async (options = {}) => {
      const operations: Operation[] = [];
      const result = await (await notebook()).run({
        jobs: 4, failFast: false, signal: new AbortController().signal, ...options, emit: (operation) => { operations.push(operation); },
      });
      return { ...result, operations };
    },
    value: (result, node, output = 'value') => {
      const ref = result.nodes.get(node)?.outputs?.[output]?.ref;
      return ref === undefined ? undefined : loadValue(ref, store.blobs);
    },
  };
}
