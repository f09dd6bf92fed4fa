/**
 * Process: a child that holds one model, seen by its parent. It does one job at a time; what does not stop softly is killed, and a child
 * that was killed or died is not used again.
 *
 * It is under Node's permission model: it reads the model and the packages, writes nothing, has no network, no processes, no environment.
 * Native code is not held by that; that it is a process of its own is what a fault of llama.cpp meets.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TelarError } from '../../../contracts/errors.ts';
import type { ExecuteContext } from '../../ports.ts';
import type { Library } from './library.node.ts';
import type { FromChild, Job, Said, Start, ToChild } from './wire.ts';

/** Milliseconds from a soft stop to the kill. */
const GRACE = 200;

/** See the module's head. */
export class LlamaProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #heard = new Set<(message: FromChild) => void>();
  readonly #waiting = new Set<() => void>();
  #stderr = '';
  #ended: string | undefined;
  #jobs = 0;
  /** Bytes that it takes, as it last said. */
  memory = 0;
  /** Grows by tokens taken in and given out, and while the model is loaded. */
  progress = 0;
  usable = true;
  isLoaded = false;

  constructor(library: Library, start: Omit<Start, 'library'>, cwd: string) {
    const reads = [library.folder, start.model, ...(process.platform === 'linux' ? ['/proc/self/maps'] : []), ...codeFolders()];
    this.#child = fork(fileURLToPath(new URL(`./child.node${extname(import.meta.url)}`, import.meta.url)), [JSON.stringify({ ...start, library: library.entry } satisfies Start)], {
      serialization: 'advanced', cwd, stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // llama.cpp would call a debugger when it gives up.
      env: { TZ: 'UTC', LC_ALL: 'C.UTF-8', GGML_NO_BACKTRACE: '1', ...(process.platform === 'win32' ? { SystemRoot: process.env.SystemRoot ?? '' } : {}) },
      execArgv: ['--permission', '--allow-addons', '--disallow-code-generation-from-strings', '--no-warnings', ...reads.map((path) => `--allow-fs-read=${path}`)],
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => { this.#stderr = (this.#stderr + text).slice(-2000); });
    this.#child.on('error', (error) => { this.#stderr += error.message; });
    this.#child.on('message', (message: FromChild) => {
      if ('memory' in message) this.memory = message.memory;
      if ('loaded' in message) this.isLoaded = true;
      if ('progress' in message) this.progress += message.progress;
      for (const hear of this.#heard) hear(message);
    });
    this.#exited = new Promise((resolve) => {
      const gone = (code: number | null, signal: string | null): void => {
        this.usable = false;
        this.#ended ??= signal ?? `status ${code}`;
        for (const lost of this.#waiting) lost();
        resolve();
      };
      this.#child.once('close', gone);
      this.#child.once('error', () => { if (this.#child.pid === undefined) gone(null, 'it did not start'); });
    });
    this.#hold(false);
  }

  async kill(): Promise<void> {
    this.usable = false;
    this.#child.ref();
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** Waits until the model is loaded. @throws TelarError `bad-file`, `memory`, `unavailable`, `lost`, `timeout`, `cancelled` */
  loaded(limits: ExecuteContext['limits'], signal: AbortSignal, time: number): Promise<void> {
    return this.#wait(0, { signal, time, limit: limits.time, memory: limits.memory, soft: false }, (message) => ('loaded' in message ? { done: undefined } : undefined));
  }

  /** Does one job. @throws TelarError as above, `output-limit`, `exception` */
  run(job: Omit<Job, 'id'>, { signal, limits, emit }: ExecuteContext, time: number): Promise<Said> {
    const id = this.#jobs += 1;
    let output = 0;
    return this.#wait(id, { signal, time, limit: limits.time, memory: limits.memory, soft: true }, (message) => {
      if ('said' in message) return { done: message.said };
      if (!('text' in message) || message.text === '') return undefined;
      output += Buffer.byteLength(message.text);
      if (output > limits.output) return { stop: new TelarError('output-limit', `The model said more than ${limits.output} bytes and was stopped; lower maxTokens.`, { limit: limits.output }) };
      emit('stdout', message.text);
      return undefined;
    }, { id, ...job });
  }

  #hold(hold: boolean): void {
    this.#child[hold ? 'ref' : 'unref']();
    this.#child.channel?.[hold ? 'ref' : 'unref']();
    (this.#child.stderr as unknown as { ref(): void; unref(): void })[hold ? 'ref' : 'unref']();
  }

  #send(message: ToChild): void { if (this.#child.connected) this.#child.send(message, () => {}); }

  async #wait<T>(id: number, watch: { readonly signal: AbortSignal; readonly time: number; readonly limit: number; readonly memory: number; readonly soft: boolean },
    read: (message: FromChild) => { readonly done: T } | { readonly stop: TelarError } | undefined, job?: Job): Promise<T> {
    this.#hold(true);
    const timers: NodeJS.Timeout[] = [];
    const { signal, soft } = watch;
    let hear: ((message: FromChild) => void) | undefined;
    let cancel: (() => void) | undefined;
    let lost: (() => void) | undefined;
    try {
      return await new Promise<T>((resolve, reject) => {
        let why: TelarError | undefined;
        const stop = (error: TelarError): void => {
          if (why !== undefined) return;
          why = error;
          if (soft) this.#send({ stop: id });
          timers.push(setTimeout(() => { void this.kill(); }, soft ? GRACE : 0));
        };
        cancel = () => { stop(new TelarError('cancelled', 'The step was cancelled.')); };
        timers.push(setTimeout(() => { stop(new TelarError('timeout', `The step took longer than ${watch.limit / 1000} s and was stopped. Raise it with timeout= on the fence, or ask for fewer tokens.`, { limit: watch.limit })); }, Math.max(0, Math.min(watch.time, 2 ** 31 - 1))));
        signal.addEventListener('abort', cancel);
        hear = (message) => {
          if ('memory' in message && message.memory > watch.memory) {
            stop(new TelarError('memory', `The model’s process takes ${message.memory} bytes, more than the limit of ${watch.memory}. Raise memory= on the fence, or take a smaller model or context.`, { limit: watch.memory, needed: message.memory }));
          }
          if (message.id !== id) return;
          if ('error' in message) return reject(why ?? TelarError.fromJSON(message.error));
          const what = read(message);
          if (what === undefined) return;
          if ('stop' in what) stop(what.stop);
          else if (why === undefined) resolve(what.done);
          else reject(why);
        };
        this.#heard.add(hear);
        lost = () => { reject(why ?? new TelarError('lost', `The model’s process ended by itself (${this.#ended}); nothing else was harmed. Run the step again; if it ends again, the file is damaged or this llama.cpp cannot take it.`, { detail: this.#stderr.trim().slice(-600) })); };
        this.#waiting.add(lost);
        if (this.#ended !== undefined) lost();
        else if (signal.aborted) cancel();
        else if (job !== undefined) this.#send(job);
      });
    } finally {
      for (const timer of timers) clearTimeout(timer);
      if (hear !== undefined) this.#heard.delete(hear);
      if (lost !== undefined) this.#waiting.delete(lost);
      if (cancel !== undefined) signal.removeEventListener('abort', cancel);
      this.#hold(false);
    }
  }
}

/** Telar's own code that the child imports. */
function codeFolders(): string[] {
  const home = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
  return ['contracts', 'runtime/executors/llama', `runtime/executors/quit.node${extname(import.meta.url)}`, 'package.json'].map((part) => join(home, part)).filter((path) => existsSync(path)).map((path) => realpathSync(path));
}
