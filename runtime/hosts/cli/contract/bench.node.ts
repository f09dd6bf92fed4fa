/**
 * The bench on which contracts are tested: the restricted engines and a store in memory. It opens no workspace and leaves nothing.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Limits } from '../../../../contracts/node.ts';
import { TelarError } from '../../../../contracts/errors.ts';
import type { TestTools } from '../../../../nodes/contract/types.ts';
import { cacheFolder } from '../../../adapters/cache-folder.node.ts';
import { sha256 } from '../../../adapters/hash.node.ts';
import { makeTemporary } from '../../../adapters/temporary.node.ts';
import { createMemoryStore } from '../../../checkpoints/memory.ts';
import type { Executor } from '../../../ports.ts';
import { loadValue } from '../../../values/kinds.ts';

/** Limits of one program, unless a test has tighter ones. */
const LIMITS: Limits = { time: 60_000, memory: 512 * 1024 ** 2, output: 64 * 1024 ** 2 };

/** A bench; it has to be closed. */
export interface Bench extends TestTools { close(): Promise<void> }

/** Makes a bench. Engines start at their first program. @param root of the workspace */
export function openBench(root: string, signal: AbortSignal): Bench {
  const store = createMemoryStore(sha256);
  const engines = new Map<string, Promise<Executor>>();
  let scratch: string | undefined;
  const engineOf = (name: string): Promise<Executor> => {
    let engine = engines.get(name);
    if (engine === undefined) engines.set(name, engine = create(name, root, scratch ??= makeTemporary('telar-contract-')));
    return engine;
  };
  return {
    sha256, load: (ref) => loadValue(ref, store.blobs),
    execute: async (program, inputs, limits) => {
      const engine = await engineOf(program.engine);
      const ready = engine.available();
      if (!ready.ok) throw new TelarError('unavailable', ready.reason, { lacks: program.engine });
      return engine.execute(program, inputs, { blobs: store.blobs, limits: { ...LIMITS, ...limits }, signal, emit: () => undefined });
    },
    close: async () => {
      await Promise.all([...engines.values()].map(async (engine) => (await engine).close()));
      await store.close();
      if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
    },
  };
}

async function create(name: string, root: string, scratch: string): Promise<Executor> {
  if (name === 'javascript') return (await import('../../../executors/javascript/javascript.node.ts')).createJavaScript({ scratch });
  if (name === 'python') return (await import('../../../executors/python/python.node.ts')).createPython({ root, cache: cacheFolder(join(root, '.telar', 'cache')), scratch });
  throw new TelarError('unavailable', `Contracts are tested in JavaScript and Python, not in ${name}.`, { lacks: name });
}
