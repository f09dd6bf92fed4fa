/**
 * Child: the process in which realms run, so that a body can be killed and the runtime's event loop never waits for it.
 *
 * It is started under Node's permission model with an empty environment, reads only Telar's own code and an exchange folder, and does one module
 * at a time, each in a QuickJS instance of its own; the next instance is made while it is idle.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import base from '@jitl/quickjs-wasmfile-release-sync';
import { newQuickJSWASMModuleFromVariant, newVariant, type QuickJSSyncVariant, type QuickJSWASMModule } from 'quickjs-emscripten-core';
import { TelarError, type ErrorJSON } from '../../../contracts/errors.ts';
import type { Limits } from '../../../contracts/node.ts';
import type { World } from '../../ports.ts';
import { harden } from '../python/harden.node.ts';
import { quit } from '../quit.node.ts';
import { realNow, showWorld } from '../world.node.ts';
import type { Module } from './module.ts';
import { type Emission, runModule } from './realm.ts';

/** What the parent sends: a module, small blobs by value, and the exchange folder where larger ones lie under their hashes. */
export interface Job {
  readonly id: number;
  readonly module: Module;
  readonly seed: number;
  readonly world?: World;
  readonly limits: Limits;
  readonly blobs: ReadonlyMap<string, Uint8Array>;
  readonly folder: string;
}

/** What the child says: that it is up, then for each job text as it is printed and one end. */
export type Answer =
  | { readonly id: 0; readonly ready: true }
  | { readonly id: number; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | { readonly id: number; readonly emission: Emission }
  | { readonly id: number; readonly error: ErrorJSON };

harden();

/** QuickJS's stack. What it stands for in native frames fits the `--stack-size` that the parent starts this process with. */
const STACK = 256 * 1024;

/** Node has it; the types of this environment do not say so. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (pages: { initial: number; maximum: number }) => object;
};

const PAGE = 65_536;
/** What the QuickJS build starts with and may grow to at most, in pages. */
const FIRST = 256;
const LAST = 32_768;

const wasm = new WebAssembly.Module(readFileSync(fileURLToPath(import.meta.resolve('@jitl/quickjs-wasmfile-release-sync/wasm'))));
/** QuickJS's own limit counts nothing under Emscripten (its allocator tells no sizes), so the limit is on the instance's memory itself. */
const make = (limit: number): Promise<QuickJSWASMModule> => newQuickJSWASMModuleFromVariant(newVariant(base as unknown as QuickJSSyncVariant, {
  wasmModule: wasm as never, wasmMemory: new WebAssembly.Memory({ initial: FIRST, maximum: Math.max(FIRST, Math.min(LAST, Math.ceil(limit / PAGE))) }) as never,
}));
let spare: { readonly limit: number; readonly instance: Promise<QuickJSWASMModule> } | undefined;

/** Text on its way: sent when there is much of it, when the stream changes, and every 50 ms. */
class Said {
  readonly #id: number;
  #stream: 'stdout' | 'stderr' = 'stdout';
  #text = '';
  #since = 0;

  constructor(id: number) { this.#id = id; }

  add(stream: 'stdout' | 'stderr', text: string): void {
    if (stream !== this.#stream) this.flush();
    this.#stream = stream;
    this.#text += text;
    if (this.#text.length > 8192 || realNow() - this.#since > 50) this.flush();
  }

  flush(): void {
    if (this.#text !== '') process.send!({ id: this.#id, stream: this.#stream, text: this.#text } satisfies Answer);
    this.#text = '';
    this.#since = realNow();
  }
}

const parent = process.ppid;

/** The clock of a running body. It also ends an orphan, which would hear of its parent's end only after the body's. */
function now(): number {
  if (process.ppid !== parent) quit();
  return realNow();
}

async function work({ id, module, seed, world, limits, blobs, folder }: Job): Promise<Answer> {
  const said = new Said(id);
  const unshow = world && showWorld(world);
  try {
    const emission = await runModule(module, seed, limits, {
      instance: () => {
        const instance = spare?.limit === limits.memory ? spare.instance : make(limits.memory);
        spare = undefined;
        return instance;
      },
      get: (hash) => blobs.get(hash) ?? readFileSync(join(folder, hash)),
      emit: (stream, text) => { said.add(stream, text); },
      now,
      stack: STACK,
    });
    return { id, emission };
  } catch (error) {
    return { id, error: TelarError.from(error).toJSON() };
  } finally {
    unshow?.();
    said.flush();
  }
}

process.on('message', (job: Job) => {
  void work(job).then((answer) => process.send!(answer, () => { spare ??= { limit: job.limits.memory, instance: make(job.limits.memory) }; }));
});
process.on('disconnect', quit);
process.send!({ id: 0, ready: true } satisfies Answer);
