/** The engines of a Node host. Making them starts nothing: each starts at its first program. */
import { join } from 'node:path';
import { cacheFolder } from '../adapters/cache-folder.node.ts';
import { removeLeftovers } from '../adapters/leftovers.node.ts';
import { createJavaScript } from '../executors/javascript/javascript.node.ts';
import { createPython } from '../executors/python/python.node.ts';
import { createNativeSql } from '../executors/sql/native.node.ts';
import { createWasmSql } from '../executors/sql/wasm.node.ts';
import type { Executor } from '../ports.ts';

/** Where the engines work; absolute paths. */
export interface EnginePlaces {
  /** The workspace. */
  readonly root: string;
  /** Its `.telar`. Values cross by link there, since links do not leave a file system. */
  readonly state: string;
}

/** All engines by the name that programs use. */
export function createExecutors({ root, state }: EnginePlaces): ReadonlyMap<string, Executor> {
  const scratch = join(state, 'scratch');
  removeLeftovers(scratch, /^[a-z-]+-(\d+)-/);
  const all: readonly Executor[] = [
    createNativeSql({ root, scratch }),
    createWasmSql({ root, scratch }),
    createPython({ root, cache: cacheFolder(join(state, 'cache')), scratch }),
    createJavaScript({ scratch }),
  ];
  return new Map(all.map((executor) => [executor.engine, executor]));
}
