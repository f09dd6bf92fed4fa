/** Runs single steps of real kinds on real engines over a folder of its own, without graph, plan or store. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TelarError } from '../../contracts/errors.ts';
import type { Analysis, NodeKind, ObservedRead, Outcome, StepInput } from '../../contracts/node.ts';
import { createFiles } from '../../runtime/adapters/files.node.ts';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { createResources } from '../../runtime/adapters/resources.node.ts';
import { createJavaScript } from '../../runtime/executors/javascript/javascript.node.ts';
import { createPython } from '../../runtime/executors/python/python.node.ts';
import { createNativeSql } from '../../runtime/executors/sql/native.node.ts';
import type { Executor } from '../../runtime/ports.ts';
import { createStepContext } from '../../runtime/scheduler/context.ts';
import { loadValue, storeValue } from '../../runtime/values/kinds.ts';
import { memoryBlobs } from './memory-blobs.ts';

const CACHE = join(dirname(fileURLToPath(import.meta.url)), '../../node_modules/.cache/telar-python');

/** What may be said of a step beside its body. */
export interface StepOptions {
  /** Portable values by port. */
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly given?: unknown;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly folder?: string;
}

/** A workspace with engines. */
export function stepBench() {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'telar-steps-')));
  const root = join(home, 'root');
  mkdirSync(root);
  const blobs = memoryBlobs();
  const engines: Executor[] = [createNativeSql({ root }), createPython({ root, cache: CACHE, scratch: join(home, 'scratch') }), createJavaScript()];
  const executors = new Map(engines.map((engine) => [engine.engine, engine]));
  const input = (value: unknown): StepInput => ({ ref: storeValue(value, blobs).ref! });

  async function run(kind: NodeKind, body: string, options: StepOptions = {}): Promise<{ outcome: Outcome; reads: readonly ObservedRead[] }> {
    const analysis = await analyse(kind, body);
    const folder = options.folder ?? '';
    const context = createStepContext({
      blobs, files: createFiles(root), sha256, executors, folder, signal: new AbortController().signal,
      limits: { time: 30_000, memory: 1e9, output: 1e9 }, emit: () => {},
    });
    const cell = { id: 'it', kind: kind.name, language: '', body, params: {} };
    const outcome = await kind.run!({
      node: 'it', cell, analysis, inputs: Object.fromEntries(Object.entries(options.inputs ?? {}).map(([port, value]) => [port, input(value)])),
      wanted: [], params: options.params ?? {}, file: 'test.telar.md', line: 10, modules: {}, folder, ...('given' in options ? { given: input(options.given) } : {}),
    }, context);
    return { outcome, reads: context.reads() };
  }
  return {
    root, blobs, run,
    put: (path: string, content: string | Uint8Array): void => { mkdirSync(dirname(join(root, path)), { recursive: true }); writeFileSync(join(root, path), content); },
    /** The step's value in portable JavaScript. */
    value: async (kind: NodeKind, body: string, options?: StepOptions): Promise<unknown> => loadValue((await run(kind, body, options)).outcome.outputs.value!.ref!, blobs),
    /** The error that the step throws. */
    fault: async (kind: NodeKind, body: string, options?: StepOptions): Promise<TelarError> => run(kind, body, options).then(() => { throw new Error('it did not fail'); }, (error: TelarError) => error),
    close: async (): Promise<void> => {
      await Promise.all(engines.map((engine) => engine.close()));
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Analyses a body as a cell of a kind. */
export async function analyse(kind: NodeKind, body: string): Promise<Analysis> {
  await kind.prepare?.(createResources());
  return kind.analyse({ id: 'it', kind: kind.name, language: '', body, params: {} });
}
