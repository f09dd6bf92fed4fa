/** A workspace with the Jupyter engine for tests, and whether there is a real kernel of Python to try it with. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TelarError } from '../../contracts/errors.ts';
import type { Outcome, Program, StepInput } from '../../contracts/node.ts';
import type { Blobs, ValueRef } from '../../contracts/values.ts';
import { createJupyter, type JupyterOptions } from '../../runtime/executors/jupyter/jupyter.node.ts';
import { listKernels } from '../../runtime/executors/jupyter/kernelspecs.node.ts';
import type { ExecuteContext, Executor } from '../../runtime/ports.ts';
import { loadValue, storeValue } from '../../runtime/values/kinds.ts';
import { diskBlobs } from './python.ts';

/** Why there is no real kernel here; `undefined` when there is one. */
export const lacksKernel: string | undefined = ((): string | undefined => {
  const python = listKernels().find(({ name }) => name === 'python3');
  return python === undefined ? 'no kernel “python3” is installed (ipykernel)' : python.problem;
})();

/** Why pandas cannot be tried in that kernel; `undefined` when it can. */
export const lacksPandas: string | undefined = lacksKernel ?? ((): string | undefined => {
  const program = listKernels().find(({ name }) => name === 'python3')?.argv[0] ?? 'python3';
  return spawnSync(program, ['-c', 'import pandas'], { timeout: 20_000 }).status === 0 ? undefined : 'pandas is not installed for the kernel “python3”';
})();

/** What a step is run with, beside its code. */
interface Around extends Partial<Omit<Program, 'code'>>, Partial<Pick<ExecuteContext, 'signal' | 'world' | 'isolation'>> {
  readonly inputs?: Readonly<Record<string, StepInput>>;
  readonly time?: number;
  readonly memory?: number;
  readonly output?: number;
}

/** One engine over a folder of its own. */
export interface JupyterBench {
  readonly home: string;
  readonly root: string;
  readonly engine: Executor;
  readonly blobs: Blobs;
  readonly streamed: string[];
  put(path: string, text: string): void;
  program(code: string, around?: Around): Program;
  run(code: string, around?: Around): Promise<Outcome>;
  value(code: string, around?: Around): Promise<unknown>;
  error(code: string, around?: Around): Promise<TelarError>;
  input(value: unknown): StepInput;
  read(ref: ValueRef | undefined): unknown;
  close(): Promise<void>;
}

/** Makes a bench. Nothing is started before the first `run`. */
export function jupyterBench(options: Partial<JupyterOptions> = {}): JupyterBench {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'telar-jup-')));
  const root = join(home, 'root');
  mkdirSync(root);
  const engine = createJupyter({ root, scratch: join(home, 'scratch'), ...options });
  const blobs = diskBlobs(join(home, 'blobs'));
  const streamed: string[] = [];
  const bench: JupyterBench = {
    home, root, engine, blobs, streamed,
    put(path, text) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    },
    program: (code, { inputs: _inputs, time: _time, memory: _memory, output: _output, signal: _signal, world: _world, isolation: _isolation, ...around } = {}) => ({
      engine: 'jupyter', code, file: 'notes.telar.md', line: 10, id: 'node', wanted: [], binds: [], modules: {}, folder: '', settings: { kernel: 'python3' }, ...around,
    }),
    async run(code, around = {}) {
      const { world, isolation } = around;
      return engine.execute(bench.program(code, around), around.inputs ?? {}, {
        blobs, limits: { time: around.time ?? 20_000, memory: around.memory ?? 1e9, output: around.output ?? 10e6 }, signal: around.signal ?? new AbortController().signal,
        emit: (stream, text) => { streamed.push(`${stream}:${text}`); }, ...(world === undefined ? {} : { world }), ...(isolation === undefined ? {} : { isolation }),
      });
    },
    value: async (code, around) => bench.read((await bench.run(code, around)).outputs.value!.ref),
    error: (code, around) => bench.run(code, around).then((outcome) => { throw new Error(`no error, but ${JSON.stringify(outcome.outputs)}`); }, (error: TelarError) => error),
    input: (value) => ({ ref: storeValue(value, blobs).ref! }),
    read: (ref) => loadValue(ref!, blobs),
    async close() {
      await engine.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
  return bench;
}
