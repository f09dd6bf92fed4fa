/**
 * A workspace with a Python engine for tests. The snapshot is shared by all suites of one checkout, so it is made once.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TelarError } from '../../contracts/errors.ts';
import type { Outcome, Program, StepInput } from '../../contracts/node.ts';
import type { Blobs, ValueRef } from '../../contracts/values.ts';
import { createPython, type PythonExecutor, type PythonOptions } from '../../runtime/executors/python/python.node.ts';
import type { ExecuteContext, World } from '../../runtime/ports.ts';
import { loadValue, storeValue } from '../../runtime/values/kinds.ts';

/** What a step is run with, beside its code. */
interface Around extends Partial<Omit<Program, 'code'>> {
  readonly inputs?: Readonly<Record<string, StepInput>>;
  readonly time?: number;
  readonly memory?: number;
  readonly output?: number;
  readonly signal?: AbortSignal;
  readonly world?: World;
  readonly isolation?: ExecuteContext['isolation'];
  readonly fetch?: ExecuteContext['fetch'];
}

/** One engine over a folder of its own. */
export interface Bench {
  readonly root: string;
  readonly python: PythonExecutor;
  readonly blobs: Blobs;
  /** All that was streamed, in order: `stdout:a\n`. */
  readonly streamed: string[];
  put(path: string, text: string): void;
  program(code: string, around?: Around): Program;
  run(code: string, around?: Around): Promise<Outcome>;
  /** The node's value in portable JavaScript. */
  value(code: string, around?: Around): Promise<unknown>;
  /** The error that the step ends with. */
  error(code: string, around?: Around): Promise<TelarError>;
  /** A value as an input. */
  input(value: unknown, options?: Parameters<typeof storeValue>[2]): StepInput;
  read(ref: ValueRef | undefined): unknown;
  close(): Promise<void>;
}

const CACHE = join(dirname(fileURLToPath(import.meta.url)), '../../node_modules/.cache/telar-python');

/** Makes a bench. Nothing is started before the first `run`. */
export function pythonBench(options: Partial<PythonOptions> = {}): Bench {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'telar-python-')));
  const root = join(home, 'root');
  mkdirSync(root);
  const python = createPython({ root, cache: CACHE, scratch: join(home, 'scratch'), ...options });
  const blobs = diskBlobs(join(home, 'blobs'));
  const streamed: string[] = [];
  const bench: Bench = {
    root, python, blobs, streamed,
    put(path, text) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    },
    program: (code, { inputs: _inputs, time: _time, memory: _memory, output: _output, signal: _signal, world: _world, isolation: _isolation, fetch: _fetch, ...around } = {}) => ({
      engine: 'python', code, file: 'notes.telar.md', line: 10, id: 'node', wanted: [], binds: [], modules: {}, folder: '', ...around,
    }),
    async run(code, around = {}) {
      const limits = { time: around.time ?? 20_000, memory: around.memory ?? 256e6, output: around.output ?? 10e6 };
      const signal = around.signal ?? new AbortController().signal;
      return python.execute(bench.program(code, around), around.inputs ?? {}, {
        blobs, limits, signal, emit: (stream, text) => { streamed.push(`${stream}:${text}`); }, ...(around.world === undefined ? {} : { world: around.world }),
        ...(around.isolation === undefined ? {} : { isolation: around.isolation }), ...(around.fetch === undefined ? {} : { fetch: around.fetch }),
      });
    },
    value: async (code, around) => bench.read((await bench.run(code, around)).outputs.value!.ref),
    error: (code, around) => bench.run(code, around).then((outcome) => { throw new Error(`no error, but ${JSON.stringify(outcome.outputs)}`); }, (error: TelarError) => error),
    input: (value, form) => ({ ref: storeValue(value, blobs, form).ref! }),
    read: (ref) => loadValue(ref!, blobs),
    async close() {
      await python.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
  return bench;
}

/** Blobs as files, so that the road by path is taken too. */
export function diskBlobs(folder: string): Blobs {
  mkdirSync(folder, { recursive: true });
  const place = (hash: string): string => join(folder, hash);
  const small = new Map<string, Uint8Array>();
  const blobs: Blobs = {
    put(bytes) {
      const hash = createHash('sha256').update(bytes).digest('hex');
      if (bytes.length < 1000) small.set(hash, bytes.slice());
      else writeFileSync(place(hash), bytes);
      return hash;
    },
    get: (hash) => {
      try {
        return small.get(hash) ?? new Uint8Array(readFileSync(place(hash)));
      } catch {
        return undefined;
      }
    },
    has: (hash) => blobs.get(hash) !== undefined,
    path: (hash) => (small.has(hash) ? undefined : place(hash)),
    adopt: (path) => blobs.put(readFileSync(path)),
  };
  return blobs;
}
