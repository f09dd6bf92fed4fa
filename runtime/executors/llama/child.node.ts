/**
 * Child: the process that holds a model. llama.cpp parses what others made and runs at full speed in native code, so its faults are this
 * process's faults and nobody else's.
 *
 * It forgets each text before the next (one key, one result: P1) unless a job says that it may go on from a common prefix. Tokens are drawn one by
 * one here: node-llama-cpp's own completion takes off the beginning of a prompt that fills nine tenths of its context, and says nothing.
 */
import childProcess from 'node:child_process';
import { EventEmitter } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import { pathToFileURL } from 'node:url';
import type * as NodeLlama from 'node-llama-cpp';
import type { LlamaContext, LlamaContextSequence, LlamaGrammar, LlamaModel, Token } from 'node-llama-cpp';
import { TelarError } from '../../../contracts/errors.ts';
import { quit } from '../quit.node.ts';
import { render } from './chat.node.ts';
import { StopFinder } from './stop.ts';
import { GATHER, Stream } from './stream.node.ts';
import type { FromChild, Job, Said, Start, ToChild } from './wire.ts';

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

const { getLlama, LlamaGrammarEvaluationState, LlamaLogLevel, resolveChatWrapper, NoBinaryFoundError, InsufficientMemoryError } = await import(pathToFileURL(library).href) as typeof NodeLlama;

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

/** A context is kept as long as jobs ask for its size, and what it has seen as long as jobs may go on from it. */
let held: { readonly size: number; readonly context: LlamaContext; seen?: LlamaContextSequence } | undefined;
async function sequenceOf(model: LlamaModel, { context: size, promptCache }: Job): Promise<LlamaContextSequence> {
  if (held?.size !== size) {
    await held?.context.dispose();
    held = undefined;
    held = { size, context: await model.createContext({ contextSize: size, batchSize: Math.min(size, BATCH), sequences: 1, threads, ignoreMemorySafetyChecks: gpu === false }) };
  }
  if (promptCache && held.seen?.disposed === false) return held.seen;
  await forget();
  const sequence = held.context.getSequence();
  held.seen = sequence;
  return sequence;
}

async function forget(): Promise<void> {
  const seen = held?.seen;
  if (seen === undefined) return;
  delete held!.seen;
  await seen.dispose();
}

let grammarHeld: { readonly text: string; readonly grammar: LlamaGrammar } | undefined;
async function grammarOf(model: LlamaModel, text: string): Promise<LlamaGrammar> {
  if (grammarHeld?.text === text) return grammarHeld.grammar;
  try {
    grammarHeld = { text, grammar: await model.llama.createGrammar({ grammar: text }) };
  } catch (error) {
    throw new TelarError('bad-input', 'llama.cpp cannot read the grammar; ask for a simpler schema.', { detail: (error as Error).message.slice(0, 300) }, { cause: error });
  }
  return grammarHeld.grammar;
}

async function complete(model: LlamaModel, job: Job, signal: AbortSignal): Promise<Said> {
  const { tokens: prompt, stops, ends, isGuessed } = typeof job.prompt === 'string' ? { tokens: model.tokenize(job.prompt, false, 'trimLeadingSpace'), stops: [], ends: new Set<Token>(), isGuessed: false } : render(model, job.prompt, resolveChatWrapper);
  const begin = model.tokens.shouldPrependBosToken && model.tokens.bos !== null && (typeof job.prompt === 'string' || prompt[0] !== model.tokens.bos) ? [model.tokens.bos] : [];
  const input = [...begin, ...prompt];
  if (job.counts) return { text: '', promptTokens: input.length, tokens: 0, stopped: 'length' };
  const room = job.context - input.length - 1;
  if (room < 1) {
    throw new TelarError('bad-input', `The prompt is ${input.length} tokens long, and the context of ${job.context} leaves room for ${Math.max(0, job.context - 2)}. Shorten it, or raise context.`, { promptTokens: input.length, context: job.context });
  }
  const grammar = job.grammar === undefined ? undefined : new LlamaGrammarEvaluationState({ model, grammar: await grammarOf(model, job.grammar) });
  const sequence = await sequenceOf(model, job);
  const stream = new Stream((text, progress) => { tell({ id: job.id, text, progress, memory: memory() }); });
  let isWhole = false;
  try {
    // The last one has to be taken in again, for what follows it.
    await sequence.adaptStateToTokens(input.slice(0, -1), false);
    const cached = sequence.nextTokenIndex;
    let at = cached;
    // The same pieces that llama.cpp would cut it into, with a word between them.
    for (; at + BATCH < input.length; at += BATCH) {
      await sequence.evaluateWithoutGeneratingNewTokens(input.slice(at, at + BATCH));
      stream.add('', BATCH);
      signal.throwIfAborted();
    }
    const finder = new StopFinder([...job.stop, ...stops]);
    const most = Math.min(job.maxTokens, room);
    const given: Token[] = [];
    let pending: Token[] = [];
    let text = '';
    let stopped: Said['stopped'] = 'length';
    const say = (chunk: string): void => {
      const more = finder.add(chunk);
      text += more;
      stream.add(more, 0);
    };
    for await (const token of sequence.evaluate(input.slice(at), { temperature: job.temperature, topK: job.topK, topP: job.topP, seed: job.seed, yieldEogToken: true, ...(grammar === undefined ? {} : { grammarEvaluationState: grammar }) })) {
      signal.throwIfAborted();
      if (model.isEogToken(token) || ends.has(token)) { stopped = 'eos'; break; }
      pending.push(token);
      stream.add('', 1);
      const chunk = model.detokenize(pending, false, given);
      // Bytes of one character may come as several tokens.
      if (!chunk.endsWith('\uFFFD') || pending.length >= 4) {
        given.push(...pending);
        pending = [];
        say(chunk);
      }
      if (finder.found) { stopped = 'stop'; break; }
      if (given.length + pending.length >= most) break;
    }
    if (pending.length > 0) say(model.detokenize(pending, false, given));
    const rest = finder.end();
    stream.add(rest, 0);
    isWhole = true;
    return { text: text + rest, promptTokens: input.length, ...(job.promptCache ? { cached } : {}), ...(isGuessed ? { isGuessed } : {}), tokens: given.length + pending.length, stopped };
  } finally {
    stream.flush();
    if (!job.promptCache || !(isWhole || signal.aborted)) await forget();
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

process.on('disconnect', quit);
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
