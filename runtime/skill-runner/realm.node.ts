/**
 * The JavaScript engine that a skill carries: QuickJS in a thread of this process, which has the stack that it needs and can be ended.
 * The engine of the command line (`executors/javascript/javascript.node.ts`) keeps bodies in processes of their own under Node's permission
 * model; a skill is one file and starts no process of its own. The realm is the same, and so are the values.
 */
import { Worker, parentPort } from 'node:worker_threads';
import base from '@jitl/quickjs-wasmfile-release-sync';
import { newQuickJSWASMModuleFromVariant, newVariant, type QuickJSSyncVariant } from 'quickjs-emscripten-core';
import { TelarError, type ErrorJSON } from '../../contracts/errors.ts';
import type { Limits } from '../../contracts/node.ts';
import type { Blobs } from '../../contracts/values.ts';
import { buildModule, type Module } from '../executors/javascript/module.ts';
import { storeEmission } from '../executors/javascript/outcome.ts';
import { runModule, type Emission } from '../executors/javascript/realm.ts';
import type { Executor } from '../ports.ts';
import { reachedByValue } from '../values/reachable.ts';

/** Node has it; the types of this environment do not say so. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (pages: { initial: number; maximum: number }) => object;
};

const PAGE = 65_536;
const FIRST = 256;
const LAST = 32_768;
/** As in `child.node.ts`. */
const STACK = 256 * 1024;
const STACK_MB = 4;
const GRACE = 500;

interface Job { readonly module: Module; readonly seed: number; readonly limits: Limits; readonly blobs: ReadonlyMap<string, Uint8Array>; readonly wasm: Uint8Array }
type Answer = { readonly stream: 'stdout' | 'stderr'; readonly text: string } | { readonly emission: Emission } | { readonly error: ErrorJSON };

/** What the thread does: one module for each message. */
export function serveRealm(): void {
  const port = parentPort as NonNullable<typeof parentPort>;
  let wasm: object | undefined;
  const tell = (answer: Answer): void => { port.postMessage(answer); };
  port.on('message', ({ module, seed, limits, blobs, wasm: bytes }: Job) => {
    wasm ??= new WebAssembly.Module(bytes);
    const memory = new WebAssembly.Memory({ initial: FIRST, maximum: Math.max(FIRST, Math.min(LAST, Math.ceil(limits.memory / PAGE))) });
    void runModule(module, seed, limits, {
      instance: () => newQuickJSWASMModuleFromVariant(newVariant(base as unknown as QuickJSSyncVariant, { wasmModule: wasm as never, wasmMemory: memory as never })),
      get: (hash) => blobs.get(hash), emit: (stream, text) => { tell({ stream, text }); }, now: () => performance.now(), stack: STACK,
    }).then((emission) => { tell({ emission }); }, (error: unknown) => { tell({ error: TelarError.from(error).toJSON() }); });
  });
}

/** Makes the engine. @param entry the file that calls `serveRealm` in a thread @param version of QuickJS's package, as the pinned results know it */
export function createRealm(entry: URL, wasm: Uint8Array, version: string): Executor {
  let idle: Worker | undefined;
  return {
    engine: 'javascript', concurrency: 1,
    identity: () => ({ engine: 'quickjs', version, bridge: '1', timeZone: 'UTC', locale: 'C.UTF-8' }),
    available: () => ({ ok: true }),
    execute: async (program, inputs, context) => {
      const module = buildModule(program, inputs);
      if (context.signal.aborted) throw new TelarError('cancelled', 'The step was cancelled.');
      const worker = idle ?? new Worker(entry, { resourceLimits: { stackSizeMb: STACK_MB }, env: { TZ: 'UTC', LC_ALL: 'C.UTF-8' } });
      idle = undefined;
      const { limits, emit, signal, blobs } = context;
      const emission = await new Promise<Emission>((resolve, reject) => {
        const stop = (error: TelarError): void => { end(); void worker.terminate().then(() => { reject(error); }); };
        const cancel = (): void => { stop(new TelarError('cancelled', 'The step was cancelled.')); };
        const late = setTimeout(() => { stop(new TelarError('timeout', `The step took longer than ${limits.time / 1000} s and was stopped.`, { limit: limits.time })); }, limits.time + GRACE);
        const hear = (answer: Answer): void => {
          if ('stream' in answer) { emit(answer.stream, answer.text); return; }
          end();
          idle = worker;
          if ('error' in answer) reject(TelarError.fromJSON(answer.error)); else resolve(answer.emission);
        };
        const lost = (error: unknown): void => { end(); reject(new TelarError('lost', `The JavaScript engine ended unexpectedly: ${String(error)}`)); };
        const end = (): void => { clearTimeout(late); signal.removeEventListener('abort', cancel); worker.off('message', hear).off('error', lost).off('exit', lost); };
        signal.addEventListener('abort', cancel);
        worker.on('message', hear).on('error', lost).on('exit', lost);
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
        worker.postMessage({ module, seed: Math.floor(Math.random() * 2 ** 47), limits, blobs: collect(module, blobs), wasm } satisfies Job);
      });
      return storeEmission(emission, blobs);
    },
    close: async () => { await idle?.terminate(); },
  };
}

function collect(module: Module, blobs: Blobs, gathered = new Map<string, Uint8Array>()): Map<string, Uint8Array> {
  for (const input of Object.values(module.inputs)) {
    if ('producer' in input) { collect(input.producer, blobs, gathered); continue; }
    if (input.ref.form === 'opaque') continue;
    for (const { hash } of reachedByValue(input.ref, blobs)) {
      const bytes = gathered.get(hash) ?? blobs.get(hash);
      if (bytes === undefined) throw new TelarError('value-missing', 'An input is not pinned, and was not computed.', { hash });
      gathered.set(hash, bytes);
    }
  }
  return gathered;
}
