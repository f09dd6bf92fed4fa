/** The engines of a Node host. Making them starts nothing: each starts at its first program. `engine.node.ts` makes the one of a worker. */
import { join } from 'node:path';
import { cacheFolder } from '../adapters/cache-folder.node.ts';
import { removeLeftovers, SCRATCH } from '../adapters/leftovers.node.ts';
import { createJavaScript } from '../executors/javascript/javascript.node.ts';
import { createJupyter } from '../executors/jupyter/jupyter.node.ts';
import { createLlama } from '../executors/llama/llama.node.ts';
import { createPython } from '../executors/python/python.node.ts';
import { createNativeSql } from '../executors/sql/native.node.ts';
import { createWasmSql } from '../executors/sql/wasm.node.ts';
import type { Policy } from '../governor/governor.ts';
import { openRoom } from '../governor/open.node.ts';
import type { Executor } from '../ports.ts';

/** Where the engines work; absolute paths. */
export interface EnginePlaces {
  /** The workspace. */
  readonly root: string;
  /** Its `.telar`. Values cross by link there, since links do not leave a file system. */
  readonly state: string;
  /** How much of the machine a model may take; what the machine says unless said. */
  readonly policy?: Policy;
}

/** All engines by the name that programs use. */
export function createExecutors({ root, state, policy }: EnginePlaces): ReadonlyMap<string, Executor> {
  const scratch = join(state, 'scratch');
  removeLeftovers(scratch, SCRATCH);
  const all: readonly Executor[] = [
    createNativeSql({ root, scratch }),
    createWasmSql({ root, scratch }),
    createPython({ root, cache: cacheFolder(join(state, 'cache')), scratch }),
    createJavaScript({ scratch }),
    createJupyter({ root, scratch }),
    createLlama({ root, scratch, cache: cacheFolder(join(state, 'cache')), room: openRoom(policy) }),
  ];
  return new Map(all.map((executor) => [executor.engine, executor]));
}
