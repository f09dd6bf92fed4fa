/** The command line's host: opens the workspace of a file and puts store, files, kinds and engines behind the runtime's ports. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { TelarError } from '../../../contracts/errors.ts';
import { createCatalogue, type Catalogue } from '../../../nodes/index.ts';
import { createAskHash } from '../../adapters/ask-hash.node.ts';
import { systemClock } from '../../adapters/clock.node.ts';
import { cacheFolder } from '../../adapters/cache-folder.node.ts';
import { createFiles, type DiskFiles } from '../../adapters/files.node.ts';
import { sha256 } from '../../adapters/hash.node.ts';
import { createObserver } from '../../adapters/observer.ts';
import { createResources } from '../../adapters/resources.node.ts';
import { createSecrets } from '../../adapters/secrets.node.ts';
import { watchdog } from '../../adapters/watchdog.node.ts';
import { findWorkspace, type Workspace } from '../../adapters/workspace.node.ts';
import { hasStore } from '../../checkpoints/connection.node.ts';
import { createMemoryStore } from '../../checkpoints/memory.ts';
import { openStore } from '../../checkpoints/sqlite.node.ts';
import type { Damage, Store } from '../../checkpoints/store.ts';
import { kernelAsk } from '../../executors/jupyter/kernelspecs.node.ts';
import type { Policy } from '../../governor/governor.ts';
import { askedPolicy } from '../../governor/open.node.ts';
import { jobsFor } from '../../governor/policy.ts';
import { openJournal, type OpenJournal } from '../../journal/journal.node.ts';
import { createModels } from '../../models/library.node.ts';
import type { WorkerPlace } from '../../ports.ts';
import type { ReplayPorts } from '../../replay/replica.ts';
import { WheelCache } from '../../packages/wheel-cache.node.ts';
import { isolationAvailable } from '../../sandbox/isolate.node.ts';
import { createRuntime, type Notebook, type RuntimePorts } from '../../runtime.ts';
import { createExecutors } from '../executors.node.ts';
import { createReplica } from '../replica.node.ts';
import { createHostWorkers } from '../workers.node.ts';
import type { Arguments } from './arguments.node.ts';
import { terminal } from './terminal.node.ts';

/** An open workspace with its runtime. */
export interface Host extends ReplayPorts {
  readonly workspace: Workspace;
  readonly files: DiskFiles;
  readonly store: Store;
  readonly wheels: WheelCache;
  readonly journal: OpenJournal;
  readonly runtime: ReturnType<typeof createRuntime>;
  /** Before leave is given. @throws TelarError `unavailable` where it cannot be kept */
  keepLeave(): void;
  open(): Promise<Notebook>;
  close(): Promise<void>;
}

/** Most steps at once when nobody says. @param policy as it was asked for */
export const defaultJobs = (policy?: Policy): number => jobsFor(policy ?? 'balanced', availableParallelism());

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
  const placing = placingOf(args);
  const workspace = findWorkspace(path, args.text('workspace'));
  const state = join(workspace.root, '.telar');
  const files = createFiles(workspace.root);
  const journal = openJournal(state, { onTrouble: (message) => { terminal.error(`telar: ${message}`); } });
  const wheels = new WheelCache(cacheFolder(join(state, 'cache')));
  const store = storeFor(workspace.root, use, journal);
  const secrets = createSecrets(state);
  const asking = createAskHash();
  const workers = createHostWorkers({ root: workspace.root, state, executors: createExecutors({ root: workspace.root, state, ...placing }), journal, ...placing });
  const { executors } = workers;
  const ports: RuntimePorts = {
    files, store, observer: createObserver({ files, store, sha256 }), catalogue: openCatalogue(), resources: createResources(), executors,
    sha256, clock: systemClock, newRun, journal, ...(placing.worker === undefined ? {} : { worker: placing.worker }),
    secrets: { ...secrets, get: (name) => { const value = secrets.get(name); journal.redactor.add(value); return value; } },
    isolation: isolationAvailable, kernels: (name) => kernelAsk(name), wheels, askHash: asking.hash,
    // Loaded when a step needs them.
    network: {
      ask: async (request, limits) => (await import('../../adapters/network.node.ts')).systemNetwork.ask(request, limits),
      stream: async (request, limits) => (await import('../../adapters/network.node.ts')).systemNetwork.stream(request, limits),
    },
    models: createModels(workspace.root), watchdog,
    provider: async (name) => (await import('../../providers/index.ts')).loadProvider(name),
    parquet: async (columns, rows) => (await import('./parquet.node.ts')).parquetOf(columns, rows),
  };
  const runtime = createRuntime(ports);
  return {
    ...ports, files, store, wheels, journal, workspace, runtime, keepLeave: () => { asking.keep(); },
    replica: () => createReplica(ports, state),
    open: () => runtime.open(workspace.file),
    close: async () => {
      try { await workers.close(); } finally { try { await store.close(); } finally { await journal.close(); } }
    },
  };
}

/** Where steps are done, and how much of the machine they may take, as a person says. @throws TelarError `usage` */
function placingOf(args: Pick<Arguments, 'text'>): { worker?: WorkerPlace; policy?: Policy } {
  const worker = args.text('worker') as WorkerPlace | undefined;
  const policy = askedPolicy(args.text('policy'));
  return { ...(worker === undefined ? {} : { worker }), ...(policy === undefined ? {} : { policy }) };
}

function storeFor(root: string, use: Use, journal: OpenJournal): Store {
  if (use !== 'run' && !hasStore(root)) return createMemoryStore(sha256);
  const onDamage = (damage: Damage): void => {
    terminal.error(`telar: ${damage.message}`);
    // Who only looks writes nothing (D8).
    if (use === 'run') journal.write('error', damage.message, { event: 'damage', what: damage.what, id: damage.id });
  };
  try {
    return openStore(root, { onDamage, orReadOnly: use !== 'run' });
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
