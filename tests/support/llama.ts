/** A bench for models: engines over a folder of random ones, and outcomes in plain form. Where no binary can be loaded, `llamaReason` says why. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Program } from '../../contracts/node.ts';
import { findLibrary } from '../../runtime/executors/llama/library.node.ts';
import { createLlama, type LlamaOptions } from '../../runtime/executors/llama/llama.node.ts';
import type { Executor, World } from '../../runtime/ports.ts';
import { loadValue } from '../../runtime/values/kinds.ts';
import { makeModel, type ModelOptions } from './gguf.ts';
import { memoryBlobs } from './memory-blobs.ts';

const found = findLibrary(import.meta.url);
/** From a file: node-llama-cpp tries its binary in a child that is started with the same options. */
function whyNot(): string {
  if (!found.ok) return found.reason;
  const folder = mkdtempSync(join(tmpdir(), 'telar-llama-try-'));
  try {
    const script = join(folder, 'try.mjs');
    writeFileSync(script, `const { getLlama } = await import(${JSON.stringify(pathToFileURL(found.library.entry).href)});
await getLlama({ gpu: false, build: 'never', skipDownload: true, progressLogs: false, logger: () => {} });
process.exit(0);`);
    return spawnSync(process.execPath, [script], { timeout: 30_000 }).status === 0 ? '' : 'the binary of node-llama-cpp cannot be loaded here';
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Why the tests with a real model cannot run here; empty where they can. */
export const llamaReason: string = whyNot();

/** What one execution may differ in. */
export interface AskOptions {
  readonly settings?: Readonly<Record<string, unknown>>; readonly seed?: number; readonly world?: World;
  readonly time?: number; readonly memory?: number; readonly output?: number; readonly signal?: AbortSignal; readonly hear?: (text: string) => void;
}

/** What came of it, as plain values. */
export interface Told { readonly value: string; readonly usage: { readonly promptTokens: number; readonly tokens: number; readonly stopped: string }; readonly heard: readonly string[]; readonly ref: { readonly form: string; readonly hash: string } }

/** A folder of models and engines, which end together. */
export class Models {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'telar-models-')));
  readonly #engines: Executor[] = [];
  #count = 0;

  engine(options: LlamaOptions = {}): Executor {
    const engine = createLlama({ root: this.folder, scratch: join(this.folder, 'scratch'), ...options });
    this.#engines.push(engine);
    return engine;
  }

  /** Puts a file into the folder. @returns its name */
  put(bytes: Uint8Array, name = `model-${this.#count += 1}.gguf`): string {
    writeFileSync(join(this.folder, name), bytes);
    return name;
  }

  model(options: ModelOptions = {}): string { return this.put(makeModel(options)); }

  async end(): Promise<void> {
    await Promise.all(this.#engines.map((engine) => engine.close()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const programOf = (code: string, settings: Readonly<Record<string, unknown>>, seed?: number): Program => ({ engine: 'llama', code, file: 'bench.telar.md', line: 1, id: 'cell', wanted: [], binds: [], modules: {}, folder: '', settings, ...(seed === undefined ? {} : { seed }) });

/** Lets a model go on with a text. */
export async function ask(engine: Executor, model: string, prompt: string, options: AskOptions = {}): Promise<Told> {
  const blobs = memoryBlobs();
  const heard: string[] = [];
  const { outputs } = await engine.execute(programOf(prompt, { model, maxTokens: 16, ...options.settings }, options.seed), {}, {
    blobs, signal: options.signal ?? new AbortController().signal, limits: { time: options.time ?? 20_000, memory: options.memory ?? 2e9, output: options.output ?? 1e6 },
    emit: (stream, text) => { heard.push(`${stream === 'stdout' ? '' : stream}${text}`); options.hear?.(text); }, ...(options.world === undefined ? {} : { world: options.world }),
  });
  return { value: loadValue(outputs.value!.ref!, blobs) as string, usage: loadValue(outputs.usage!.ref!, blobs) as Told['usage'], heard, ref: outputs.value!.ref! };
}
