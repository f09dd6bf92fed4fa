/** One engine of a Node host, for a worker: what the others need is not loaded. `executors.node.ts` makes them all. */
import { join } from 'node:path';
import { TelarError } from '../../contracts/errors.ts';
import type { Executor } from '../ports.ts';
import type { EnginePlaces } from './executors.node.ts';

const makers: Readonly<Record<string, (places: EnginePlaces & { readonly scratch: string }) => Promise<Executor>>> = {
  sql: async (places) => (await import('../executors/sql/native.node.ts')).createNativeSql({ ...places, concurrency: 1 }),
  'sql-wasm': async (places) => (await import('../executors/sql/wasm.node.ts')).createWasmSql({ ...places, concurrency: 1 }),
  python: async (places) => {
    const [{ createPython }, { cacheFolder }] = await Promise.all([import('../executors/python/python.node.ts'), import('../adapters/cache-folder.node.ts')]);
    // The pool has spares of its own: other workers.
    return createPython({ ...places, cache: cacheFolder(join(places.state, 'cache')), spares: 0 });
  },
  javascript: async (places) => (await import('../executors/javascript/javascript.node.ts')).createJavaScript({ scratch: places.scratch, concurrency: 1 }),
  jupyter: async ({ root, scratch }) => (await import('../executors/jupyter/jupyter.node.ts')).createJupyter({ root, scratch, concurrency: 1 }),
  llama: async ({ root, scratch, state, policy }) => {
    const [{ createLlama }, { cacheFolder }, { openRoom }] = await Promise.all([import('../executors/llama/llama.node.ts'), import('../adapters/cache-folder.node.ts'), import('../governor/open.node.ts')]);
    return createLlama({ root, scratch, cache: cacheFolder(join(state, 'cache')), room: openRoom(policy) });
  },
};

/** Makes the engine of a class; it starts at its first program, or when it is told to warm up. @throws TelarError `unavailable` */
export async function createExecutor(engine: string, places: EnginePlaces): Promise<Executor> {
  const make = Object.hasOwn(makers, engine) ? makers[engine] : undefined;
  if (make === undefined) throw new TelarError('unavailable', `There is no engine ${engine} for workers. There are ${Object.keys(makers).join(', ')}.`, { lacks: engine });
  return make({ ...places, scratch: join(places.state, 'scratch') });
}
