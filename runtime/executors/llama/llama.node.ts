/**
 * The llama engine: node-llama-cpp in a child process, one model at a time. A model is loaded at its first text, and unloaded, with its
 * process, after a while without one or when another is asked for.
 *
 * What it says is the same for the same file, settings and seed on one machine; other processors round otherwise, so `verify` elsewhere may find
 * another text. Not taken: loading it here (a fault of its parser would be the host's), a server of its own (a port, a protocol), several at once (memory).
 */
import { randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { TelarError } from '../../../contracts/errors.ts';
import { estimateMemory, type GgufHeader } from '../../governor/gguf.ts';
import type { Governor } from '../../governor/governor.ts';
import { openRoom } from '../../governor/open.node.ts';
import type { Executor } from '../../ports.ts';
import { storeValue } from '../../values/kinds.ts';
import { findLibrary } from './library.node.ts';
import { findModel, Hashes, headerOf, type ModelFile } from './model.node.ts';
import { LlamaProcess } from './process.node.ts';
import { readSettings, readTurns, type Settings } from './settings.ts';

/** How the engine works here. */
export interface LlamaOptions {
  /** The folder that paths of models count from. */
  readonly root?: string;
  /** An absolute folder for the child to stand in; the system's temporary one unless said. */
  readonly scratch?: string;
  /** A folder in which hashes of models are remembered. */
  readonly cache?: string;
  /** Says whether there is room; a governor of its own unless said. */
  readonly room?: Governor['room'];
  /** Milliseconds without a text after which the model is unloaded; five minutes unless said. */
  readonly idle?: number;
  /** The module from which node-llama-cpp is looked for. */
  readonly from?: string;
  /** Hands files to llama.cpp unread, so that tests see what these do to it. */
  readonly unread?: boolean;
}

const USUAL_CONTEXT = 4096;
/** Characters of a prompt: no model has a window of so many tokens. */
const LONGEST = 16 * 1024 ** 2;
/** One processor is left to others: llama.cpp's threads wait for each other by spinning, and with one too many a token took a thousand times as long. */
const THREADS = Math.max(1, availableParallelism() - 1);

/** Makes the engine. Nothing is looked for or started before it is asked. */
export function createLlama({ root = process.cwd(), scratch = tmpdir(), cache, room = openRoom(), idle = 300_000, from = import.meta.url, unread = false }: LlamaOptions = {}): Executor {
  const hashes = new Hashes(cache);
  let folder: string | undefined;
  let held: { readonly name: string; readonly process: LlamaProcess } | undefined;
  let unloading: NodeJS.Timeout | undefined;
  let taken: (() => void) | undefined;
  let closed = false;
  let turn: Promise<unknown> = Promise.resolve();
  let done = 0;

  const unload = async (): Promise<void> => {
    clearTimeout(unloading);
    const last = held;
    held = undefined;
    done += last?.process.progress ?? 0;
    await last?.process.kill();
  };

  /** What has to be true before a process is spent on a model. */
  const inspect = async (settings: Settings, memory: number, tick: () => void): Promise<{ readonly file: ModelFile; readonly context: number }> => {
    const file = findModel(resolve(root, settings.model));
    const header = unread ? undefined : headerOf(file);
    const sha256 = settings.sha256 === undefined ? undefined : await hashes.in(file, tick);
    if (sha256 !== settings.sha256) throw new TelarError('refused', `The model “${settings.model}” is not the one that was pinned: its SHA-256 is ${sha256}, not ${settings.sha256}. Get the right file, or pin this one.`, { found: sha256, pinned: settings.sha256 });
    const context = header === undefined ? settings.context ?? USUAL_CONTEXT : contextOf(header, settings);
    const needed = header === undefined ? 0 : estimateMemory(header, { context });
    if (needed > memory) throw new TelarError('memory', `The model needs about ${needed} bytes with a context of ${context}, and the step may use ${memory}. Raise memory= on the fence, or take a smaller model or context.`, { needed, limit: memory, context });
    return { file, context };
  };

  /** The process that holds the model: the one that is there, or a new one. */
  const hold = async (file: ModelFile, settings: Settings, needed: () => number): Promise<LlamaProcess> => {
    const threads = settings.threads ?? THREADS;
    const name = JSON.stringify([file.path, file.stamp, settings.gpu, threads]);
    if (held?.name === name && held.process.usable) return held.process;
    await unload();
    const found = findLibrary(from);
    if (!found.ok) throw new TelarError('unavailable', found.reason);
    const space = room({ what: `The model ${settings.model}`, bytes: needed() });
    if (!space.ok) throw new TelarError('unavailable', space.reason);
    taken = space.taken;
    if (folder === undefined) {
      mkdirSync(scratch, { recursive: true });
      folder = realpathSync(mkdtempSync(join(scratch, `telar-llama-${process.pid}-`)));
    }
    held = { name, process: new LlamaProcess(found.library, { model: file.path, gpu: settings.gpu, threads }, folder) };
    return held.process;
  };

  const execute: Executor['execute'] = async (program, _inputs, context) => {
    if (closed) throw new TelarError('unavailable', 'The llama engine is closed.');
    clearTimeout(unloading);
    const begun = performance.now();
    const left = (): number => context.limits.time - (performance.now() - begun);
    const settings = readSettings(program.settings);
    if (settings.what === 'window') {
      const header = headerOf(findModel(resolve(root, settings.model)));
      return { outputs: { value: storeValue({ window: contextOf(header, settings), trained: header.context }, context.blobs, { form: 'record' }) }, reads: [] };
    }
    if (program.code === '') throw new TelarError('bad-input', 'The prompt is empty; give the model a text to go on with.', { promptTokens: 0 });
    if (program.code.length > LONGEST) throw new TelarError('bad-input', `The prompt has ${program.code.length} characters, more than any model sees; shorten it.`, { limit: LONGEST });
    const prompt = settings.template === 'chat' ? readTurns(program.code) : program.code;
    const tick = (): void => {
      done += 1;
      if (context.signal.aborted) throw new TelarError('cancelled', 'The step was cancelled.');
      if (left() <= 0) throw new TelarError('timeout', `The step took longer than ${context.limits.time / 1000} s and was stopped. Raise it with timeout= on the fence.`, { limit: context.limits.time });
    };
    tick();
    const { file, context: size } = await inspect(settings, context.limits.memory, tick);
    const child = await hold(file, settings, () => (unread ? 0 : estimateMemory(headerOf(file), { context: size })));
    try {
      if (!child.isLoaded) {
        await child.loaded(context.limits, context.signal, left()).finally(() => taken?.());
        if (findModel(file.path).stamp !== file.stamp) {
          await unload();
          throw new TelarError('refused', `The model “${settings.model}” was changed while it was loaded; run the step again when it is whole.`, { path: settings.model });
        }
      }
      const seed = (settings.seed ?? program.seed ?? context.world?.seed ?? randomInt(2 ** 32)) % 2 ** 32;
      const { maxTokens, temperature, topK, topP, stop, grammar, promptCache, what } = settings;
      const { text, ...usage } = await child.run({ prompt, context: size, maxTokens, temperature, topK, topP, seed, stop, promptCache, counts: what === 'count', ...(grammar === undefined ? {} : { grammar }) }, context, left());
      return { outputs: { value: storeValue(text, context.blobs, { form: 'text' }), usage: storeValue(usage, context.blobs, { form: 'record' }) }, reads: [] };
    } finally {
      if (!child.usable || !child.isLoaded) await unload();
      else unloading = setTimeout(() => { void unload(); }, idle).unref();
    }
  };

  return {
    engine: 'llama', place: 'heavy', concurrency: 1,
    available() {
      const found = findLibrary(from);
      return found.ok ? { ok: true } : found;
    },
    identity(program) {
      const found = findLibrary(from);
      const { model, sha256, gpu, promptCache } = program?.settings ?? {};
      return { engine: 'node-llama-cpp', version: found.ok ? found.library.version : 'none', backend: typeof gpu === 'string' ? gpu : 'cpu', bridge: '1', ...(promptCache === true ? { promptCache: 'on' } : {}), ...(typeof model !== 'string' ? {} : { model: typeof sha256 === 'string' ? sha256 : named(() => hashes.of(findModel(resolve(root, model)))) }) };
    },
    progress: () => done + (held?.process.progress ?? 0),
    memory: () => held?.process.memory ?? 0,
    execute(program, inputs, context) {
      const mine = turn.then(() => execute(program, inputs, context));
      turn = mine.catch(() => {});
      return mine;
    },
    async close() {
      closed = true;
      await unload();
      await turn;
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The context that was asked for, within what the model was trained on. */
function contextOf({ context: trained }: GgufHeader, { context }: Settings): number {
  const most = trained > 0 ? trained : USUAL_CONTEXT;
  if (context !== undefined && context > most) throw new TelarError('bad-input', `The model sees ${most} tokens at most, not ${context}; lower context.`, { context, most });
  return context ?? Math.min(most, USUAL_CONTEXT);
}

/** A model that cannot be read has no hash; running it tells why. */
function named(hash: () => string): string {
  try {
    return hash();
  } catch {
    return 'unreadable';
  }
}
