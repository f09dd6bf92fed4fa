/** The command line's host: opens the workspace of a file and puts store, files, kinds and engines behind the runtime's ports. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { TelarError } from '../../../contracts/errors.ts';
import { createCatalogue, type Catalogue } from '../../../nodes/index.ts';
import { systemClock } from '../../adapters/clock.node.ts';
import { createFiles, type DiskFiles } from '../../adapters/files.node.ts';
import { sha256 } from '../../adapters/hash.node.ts';
import { createObserver } from '../../adapters/observer.ts';
import { createResources } from '../../adapters/resources.node.ts';
import { createSecrets } from '../../adapters/secrets.node.ts';
import { findWorkspace, type Workspace } from '../../adapters/workspace.node.ts';
import { hasStore } from '../../checkpoints/connection.node.ts';
import { createMemoryStore } from '../../checkpoints/memory.ts';
import { openStore } from '../../checkpoints/sqlite.node.ts';
import type { Store } from '../../checkpoints/store.ts';
import type { Executor } from '../../ports.ts';
import type { ReplayPorts } from '../../replay/replica.ts';
import { createRuntime, type Notebook, type RuntimePorts } from '../../runtime.ts';
import { createExecutors } from '../executors.node.ts';
import { createReplica } from '../replica.node.ts';
import type { Arguments } from './arguments.node.ts';
import { terminal } from './terminal.node.ts';

/** An open workspace with its runtime. */
export interface Host extends ReplayPorts {
  readonly workspace: Workspace;
  readonly files: DiskFiles;
  readonly store: Store;
  readonly runtime: ReturnType<typeof createRuntime>;
  open(): Promise<Notebook>;
  close(): Promise<void>;
}

/** Most steps at once when nobody says. */
export const defaultJobs = (): number => availableParallelism();

/** The catalogue over the contracts beside this code. */
export function openCatalogue(): Catalogue {
  return createCatalogue((path) => readFileSync(new URL(`../../../contracts/nodes/${path}`, import.meta.url), 'utf8'));
}

/**
 * What a command does with the store: `run` begins one where there is none; `read` looks into it, and makes none; `parse` does
 * without it where it cannot be opened.
 */
type Use = 'run' | 'read' | 'parse';

/** Opens the workspace of a notebook, or of a folder. @throws TelarError `missing-file`, and what the store throws */
export function openHost(path: string, args: Pick<Arguments, 'text'>, use: Use = 'run'): Host {
  const workspace = findWorkspace(path, args.text('workspace'));
  const state = join(workspace.root, '.telar');
  const files = createFiles(workspace.root);
  const store = storeFor(workspace.root, use);
  const executors: ReadonlyMap<string, Executor> = createExecutors({ root: workspace.root, state });
  const ports: RuntimePorts = {
    files, store, observer: createObserver({ files, store, sha256 }), catalogue: openCatalogue(), resources: createResources(), executors,
    sha256, clock: systemClock, newRun, secrets: createSecrets(state),
    // Loaded when a step needs them.
    network: { ask: async (request, limits) => (await import('../../adapters/network.node.ts')).systemNetwork.ask(request, limits) },
    parquet: async (columns, rows) => (await import('./parquet.node.ts')).parquetOf(columns, rows),
  };
  const runtime = createRuntime(ports);
  return {
    ...ports, files, store, workspace, runtime,
    replica: () => createReplica(ports, state),
    open: () => runtime.open(workspace.file),
    close: async () => {
      try { await Promise.all([...executors.values()].map((executor) => executor.close())); } finally { await store.close(); }
    },
  };
}

function storeFor(root: string, use: Use): Store {
  if (use !== 'run' && !hasStore(root)) return createMemoryStore(sha256);
  try {
    return openStore(root, { onDamage: (damage) => { terminal.error(`telar: ${damage.message}`); }, orReadOnly: use !== 'run' });
  } catch (error) {
    if (use !== 'parse' || !(error instanceof TelarError)) throw error;
    return createMemoryStore(sha256);
  }
}

/** `20261120-154107-3fa9c1`: sorts by time, and two in one second differ. */
function newRun(): string {
  const time = new Date().toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${time}-${randomBytes(3).toString('hex')}`;
}
