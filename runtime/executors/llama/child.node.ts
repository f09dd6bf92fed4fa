/**
 * Child: the process that holds a model. llama.cpp parses what others made and runs at full speed in native code, so its faults are this
 * process's faults and nobody else's.
 *
 * It forgets each text before the next: to go on from a common prefix is faster, but the cache then holds numbers that were summed up in
 * other batches, and of twenty seeded answers five came out different. One key, one result (P1).
 */
import childProcess from 'node:child_process';
import { EventEmitter } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import { pathToFileURL } from 'node:url';
import type * as NodeLlama from 'node-llama-cpp';
import type { LlamaContext, LlamaModel } from 'node-llama-cpp';
import { TelarError } from '../../../contracts/errors.ts';
import { StopFinder } from './stop.ts';
import type { FromChild, Job, Said, Start, ToChild } from './wire.ts';

/** Milliseconds for which text is gathered before it is sent. */
const GATHER = 25;
/** Tokens of a prompt that are taken in at once: a batch of llama.cpp. */
const BATCH = 512;

const { library, model: path, gpu, threads } = JSON.parse(process.argv[2]!) as Start;
const tell = (message: FromChild): void => { process.send!(message); };
const memory = (): number => process.memoryUsage.rss();
let complaints = '';

/** node-llama-cpp would try its binary in a child of its own first. This process is that child already, and may start none. */
function pretendTrial(): EventEmitter {
  const trial = Object.assign(new EventEmitter(), {
    exitCode: null, kill: () => true,
    send: ({ type }: { readonly type: string }) => {
      queueMicrotask(() => {
        if (type === 'exit') trial.emit('exit', 0);
        else trial.emit('message', { type: 'done' });
      });
    },
  });
  queueMicrotask(() => { trial.emit('message', { type: 'ready' }); });
  return trial;
}
childProcess.fork = pretendTrial as unknown as typeof childProcess.fork;
syncBuiltinESMExports();

const { getLlama, LlamaCompletion, LlamaLogLevel, NoBinaryFoundError, InsufficientMemoryError } = await import(pathToFileURL(library).href) as typeof NodeLlama;

async function load(): Promise<LlamaModel> {
  try {
    const llama = await getLlama({
      gpu, build: 'never', skipDownload: true, progressLogs: false, maxThreads: threads, logLevel: LlamaLogLevel.warn,
      // The first of them is the cause.
      logger: (_level, text) => { if (complaints.length < 600) complaints += `${text.trim().slice(0, 300)}\n`; },
    });
    if (llama.gpu !== gpu) throw new NoBinaryFoundError();
    // A weight that is not a number makes every answer nonsense: it is looked for here.
    return await llama.loadModel({
      modelPath: path, checkTensors: true, gpuLayers: gpu === false ? 0 : 'max', ignoreMemorySafetyChecks: gpu === false,
      onLoadProgress: () => { tell({ id: 0, text: '', progress: 1, memory: memory() }); },
    });
  } catch (error) {
    if (error instanceof NoBinaryFoundError) throw new TelarError('unavailable', `node-llama-cpp has no binary for ${gpu === false ? 'this machine' : gpu} that can be loaded here; install it again, or ask for another gpu.`, {}, { cause: error });
    if (error instanceof InsufficientMemoryError) throw new TelarError('memory', `The model does not fit: ${error.message}`, {}, { cause: error });
    // What llama.cpp complained of comes by a queue of its own.
    await new Promise((resolve) => { setTimeout(resolve, GATHER); });
    throw new TelarError('bad-file', `llama.cpp cannot load the model (${(error as Error).message}). Get the file again, and check its SHA-256.`, { detail: complaints.trim() }, { cause: error });
  }
}

/** A context is kept as long as jobs ask for its size. */
let held: { readonly size: number; readonly context: LlamaContext } | undefined;
async function contextOf(model: LlamaModel, size: number): Promise<LlamaContext> {
  if (held?.size === size) return held.context;
  await held?.context.dispose();
  held = undefined;
  const context = await model.createContext({ contextSize: size, batchSize: Math.min(size, BATCH), sequences: 1, threads, ignoreMemorySafetyChecks: gpu === false });
  held = { size, context };
  return context;
}

/** Text on its way to the parent, and how far the work has come. */
class Stream {
  readonly #id: number;
  #text = '';
  #progress = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(id: number) { this.#id = id; }

  add(text: string, progress: number): void {
    this.#text += text;
    this.#progress += progress;
    this.#timer ??= setTimeout(() => { this.flush(); }, GATHER);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#text !== '' || this.#progress > 0) tell({ id: this.#id, text: this.#text, progress: this.#progress, memory: memory() });
    this.#text = '';
    this.#progress = 0;
  }
}

async function complete(model: LlamaModel, job: Job, signal: AbortSignal): Promise<Said> {
  const prompt = model.tokenize(job.prompt, false, 'trimLeadingSpace');
  const begin = model.tokens.shouldPrependBosToken && model.tokens.bos !== null ? [model.tokens.bos] : [];
  const input = [...begin, ...prompt];
  const room = job.context - input.length - 1;
  if (room < 1) {
    throw new TelarError('bad-input', `The prompt is ${input.length} tokens long, and the context of ${job.context} leaves room for ${Math.max(0, job.context - 2)}. Shorten it, or raise context.`, { promptTokens: input.length, context: job.context });
  }
  const sequence = (await contextOf(model, job.context)).getSequence();
  const stream = new Stream(job.id);
  let tokens = 0;
  let text = '';
  try {
    // The same pieces that llama.cpp would cut it into, with a word between them.
    for (let at = 0; at + BATCH < input.length; at += BATCH) {
      await sequence.evaluateWithoutGeneratingNewTokens(input.slice(at, at + BATCH));
      stream.add('', BATCH);
      signal.throwIfAborted();
    }
    const stops = new StopFinder(job.stop);
    const enough = new AbortController();
    const { metadata } = await new LlamaCompletion({ contextSequence: sequence }).generateCompletionWithMeta(prompt, {
      signal: AbortSignal.any([signal, enough.signal]), stopOnAbortSignal: true, disableContextShift: true,
      maxTokens: Math.min(job.maxTokens, room), temperature: job.temperature, topK: job.topK, topP: job.topP, seed: job.seed, repeatPenalty: false,
      onToken: (more) => { tokens += more.length; stream.add('', more.length); },
      onTextChunk: (chunk) => {
        const more = stops.add(chunk);
        text += more;
        stream.add(more, 0);
        if (stops.found) enough.abort();
      },
    });
    signal.throwIfAborted();
    const rest = stops.end();
    stream.add(rest, 0);
    return { text: text + rest, promptTokens: input.length, tokens, stopped: stops.found ? 'stop' : metadata.stopReason === 'eogToken' ? 'eos' : 'length' };
  } finally {
    stream.flush();
    sequence.dispose();
  }
}

let running: { readonly id: number; readonly controller: AbortController } | undefined;

async function work(model: LlamaModel, job: Job): Promise<void> {
  const controller = new AbortController();
  running = { id: job.id, controller };
  try {
    const said = await complete(model, job, controller.signal);
    tell({ id: job.id, said, memory: memory() });
  } catch (error) {
    tell({ id: job.id, error: controller.signal.aborted ? new TelarError('cancelled', 'The step was cancelled.').toJSON() : TelarError.from(error, 'exception').toJSON() });
  } finally {
    running = undefined;
  }
}

process.on('disconnect', () => process.exit());
try {
  const model = await load();
  process.on('message', (message: ToChild) => {
    if ('stop' in message && typeof message.stop === 'number') {
      if (running?.id === message.stop) running.controller.abort();
    } else void work(model, message as Job);
  });
  tell({ id: 0, loaded: true, memory: memory() });
} catch (error) {
  process.send!({ id: 0, error: TelarError.from(error).toJSON() } satisfies FromChild, () => process.exit());
}
