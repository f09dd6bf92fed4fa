/**
 * The JavaScript engine in Node: QuickJS in child processes that can be killed.
 *
 * A worker thread was not taken: it shares this process's memory and permissions. Nor is a cancelled child interrupted softly: it keeps
 * nothing worth saving, and a kill is done in some 15 ms. Large blobs go by hard link through a folder of the step that the child may read, small ones by message.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createRequire } from 'node:module';
import { existsSync, linkSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TelarError } from '../../../contracts/errors.ts';
import type { Blobs } from '../../../contracts/values.ts';
import { listenTo, quoted } from '../../adapters/last-words.node.ts';
import type { ExecuteContext, Executor } from '../../ports.ts';
import { reachedByValue } from '../../values/reachable.ts';
import type { Answer, Job } from './child.node.ts';
import type { Module } from './module.ts';
import { storeEmission } from './outcome.ts';

/** How the engine works here. */
export interface JavaScriptOptions {
  /** Most children at once; 2 unless said. */
  readonly concurrency?: number;
  /** An absolute folder for the exchange of large values, best on the disk of the store; the system's temporary folder unless said. */
  readonly scratch?: string;
  /** A Node of version 26 or later; this process's own unless said. */
  readonly node?: string;
}

const require = createRequire(import.meta.url);
const INLINE = 64 * 1024;
/** How long after its deadline a child that does not stop by itself is killed, and what a start may take besides; milliseconds. */
const GRACE = 500;
const START = 30_000;
const ENTRY = fileURLToPath(import.meta.url).replace(/javascript\.node(\.\w+)$/, 'child.node$1');

/** Makes the engine. Children start when first needed, and are used again for one step after another. */
export function createJavaScript({ concurrency = 2, scratch = tmpdir(), node = process.execPath }: JavaScriptOptions = {}): Executor {
  const idle: Child[] = [];
  const all = new Set<Child>();
  const waiting: (() => void)[] = [];
  let busy = 0;
  let steps = 0;
  let folder: string | undefined;

  const acquire = async (): Promise<Child> => {
    while (busy >= concurrency) await new Promise<void>((resolve) => { waiting.push(resolve); });
    busy += 1;
    if (folder === undefined) {
      mkdirSync(scratch, { recursive: true });
      folder = realpathSync(mkdtempSync(join(scratch, `telar-js-${process.pid}-`)));
    }
    const child = idle.pop() ?? new Child(folder, node);
    all.add(child);
    return child;
  };
  const release = (child: Child): void => {
    busy -= 1;
    if (child.alive) idle.push(child);
    else all.delete(child);
    waiting.shift()?.();
  };

  return {
    engine: 'javascript', concurrency,
    identity: () => ({ engine: 'quickjs', version: (require('@jitl/quickjs-wasmfile-release-sync/package.json') as { version: string }).version, bridge: '1', timeZone: 'UTC', locale: 'C.UTF-8' }),
    available: () => ({ ok: true }),
    async execute(program, inputs, context) {
      // With the parser that it needs: a run in which all is reused loads none.
      const { buildModule } = await import('./module.ts');
      const module = buildModule(program, inputs);
      if (context.signal.aborted) throw cancelled();
      const child = await acquire();
      const place = join(folder!, String(steps += 1));
      try {
        const blobs = collect(module, context.blobs, place);
        const { world, limits } = context;
        const seed = world?.seed ?? randomInt(2 ** 47);
        return storeEmission(await child.run({ module, seed, limits, blobs, folder: place, ...(world === undefined ? {} : { world }) }, context), context.blobs);
      } finally {
        rmSync(place, { recursive: true, force: true });
        release(child);
      }
    },
    async close() {
      await Promise.all([...all].map((child) => child.kill()));
      all.clear();
      idle.length = 0;
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

const cancelled = (): TelarError => new TelarError('cancelled', 'The step was cancelled.');

/** Gathers the blobs that a module may read: small ones by value, larger ones linked into the folder. */
function collect(module: Module, blobs: Blobs, folder: string, gathered = new Map<string, Uint8Array>()): Map<string, Uint8Array> {
  const hand = (hash: string, bytes: number): void => {
    if (gathered.has(hash)) return;
    const path = bytes > INLINE ? blobs.path(hash) : undefined;
    const target = join(folder, hash);
    if (existsSync(target)) return;
    try {
      if (path === undefined) throw new Error('not a file');
      mkdirSync(folder, { recursive: true });
      linkSync(path, target);
    } catch {
      const data = blobs.get(hash);
      if (data === undefined) throw new TelarError('value-missing', 'An input is not in the store any more; run its producer again.', { hash });
      if (data.length <= INLINE) gathered.set(hash, data);
      else {
        mkdirSync(folder, { recursive: true });
        writeFileSync(target, data);
      }
    }
  };
  const reading = { get: (hash: string) => gathered.get(hash) ?? blobs.get(hash) };
  for (const input of Object.values(module.inputs)) {
    if ('producer' in input) collect(input.producer, blobs, folder, gathered);
    else if (input.ref.form !== 'opaque') for (const { hash, bytes } of reachedByValue(input.ref, reading)) hand(hash, bytes ?? 0);
  }
  return gathered;
}

/** One process, doing one job at a time. */
class Child {
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #said: () => string;
  #jobs = 0;
  #ready = false;
  alive = true;

  constructor(folder: string, node: string) {
    const readable = [...packageFolders(), folder].map((path) => `--allow-fs-read=${path}`);
    this.#process = fork(ENTRY, [], {
      execPath: node,
      serialization: 'advanced', env: { TZ: 'UTC', LC_ALL: 'C.UTF-8' }, cwd: folder, stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: ['--permission', ...readable, '--disallow-code-generation-from-strings', '--stack-size=3900', '--no-warnings'],
    });
    this.#process.unref();
    this.#process.channel?.unref();
    this.#said = listenTo(this.#process);
    this.#exited = new Promise((resolve) => {
      // Not `exit`: its last words may still be on their way then.
      this.#process.once('exit', () => { this.alive = false; }).once('close', () => { resolve(); });
      this.#process.on('error', () => { this.alive = false; if (this.#process.pid === undefined) resolve(); });
    });
    this.#process.once('message', () => { this.#ready = true; });
  }

  async kill(): Promise<void> {
    this.alive = false;
    this.#process.ref();
    this.#process.kill('SIGKILL');
    await this.#exited;
  }

  run(job: Omit<Job, 'id'>, { signal, limits, emit }: ExecuteContext): Promise<Extract<Answer, { emission: unknown }>['emission']> {
    const id = this.#jobs += 1;
    this.#process.ref();
    this.#process.channel?.ref();
    return new Promise<Extract<Answer, { emission: unknown }>['emission']>((resolve, reject) => {
      const stop = (error: TelarError): void => {
        end();
        void this.kill().then(() => { reject(error); });
      };
      const cancel = (): void => { stop(cancelled()); };
      const arm = (grace: number): NodeJS.Timeout => setTimeout(() => {
        stop(new TelarError('timeout', `The step took longer than ${limits.time / 1000} s and was stopped. Raise it with timeout= on the fence, or do less at once.`, { limit: limits.time }));
      }, limits.time + grace);
      let late = arm(this.#ready ? GRACE : START);
      const lost = (): void => {
        end();
        reject(new TelarError('lost', `The JavaScript engine ended unexpectedly; the step can be run again.${quoted(this.#said())}`));
      };
      const hear = (answer: Answer): void => {
        if ('ready' in answer) {
          clearTimeout(late);
          late = arm(GRACE);
        }
        if (answer.id !== id || 'ready' in answer) return;
        if ('stream' in answer) return emit(answer.stream, answer.text);
        end();
        if ('error' in answer) reject(TelarError.fromJSON(answer.error));
        else resolve(answer.emission);
      };
      const end = (): void => {
        clearTimeout(late);
        signal.removeEventListener('abort', cancel);
        this.#process.off('message', hear).off('close', lost);
        this.#process.unref();
        this.#process.channel?.unref();
      };
      signal.addEventListener('abort', cancel);
      this.#process.on('message', hear).once('close', lost);
      this.#process.send({ id, ...job } satisfies Job, (error) => { if (error !== null) void this.kill().then(lost); });
      if (signal.aborted) cancel();
    });
  }
}

/** Telar's own code, and the package folders of what the child imports: by the paths on which they are found, and by their real ones. */
function packageFolders(): string[] {
  const home = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
  const specifiers = ['@jitl/quickjs-wasmfile-release-sync', 'quickjs-emscripten-core', '@jitl/quickjs-ffi-types'];
  const real = specifiers.map((specifier) => fileURLToPath(import.meta.resolve(specifier)).replace(/(.*[\\/]node_modules[\\/]).*/s, '$1'));
  const found = specifiers.flatMap((specifier) => (require.resolve.paths(specifier) ?? []).filter((folder) => existsSync(join(folder, specifier))));
  const own = ['contracts', 'nodes', 'runtime', 'package.json'].map((part) => join(home, part));
  return [...new Set([...own, ...real, ...found].flatMap((path) => [path, realpathSync(path)]))];
}
