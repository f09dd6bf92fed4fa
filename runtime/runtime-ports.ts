/** What a host gives to a runtime: all power comes from here. Powers that are left out are powers that the host lacks. */
import type { Resources } from '../contracts/node.ts';
import type { Catalogue } from '../nodes/index.ts';
import type { FileObserver } from './adapters/observer.ts';
import type { Store } from './checkpoints/store.ts';
import type { AskFacts } from './grants.ts';
import type { Journal } from './journal/record.ts';
import type { Models } from './models/models.ts';
import type { ProviderName } from '../contracts/models.ts';
import type { Watchdog } from './prompts/validate.ts';
import type { Provider } from './providers/provider.ts';
import type { Clock, Executor, Files, Network, ParquetWriter, Secrets, Sha256, WorkerPlace } from './ports.ts';

/** What a host gives. */
export interface RuntimePorts {
  readonly files: Files;
  readonly store: Store;
  readonly observer: FileObserver;
  readonly catalogue: Catalogue;
  readonly resources: Resources;
  readonly executors: ReadonlyMap<string, Executor>;
  readonly sha256: Sha256;
  readonly clock: Clock;
  /** Powers that a host may lack; what asks for them is `unavailable` then. */
  readonly network?: Network;
  readonly secrets?: Secrets;
  /** Profiles of models by name, and those who speak to models; absent: prompts are unavailable. Providers are loaded when they are asked for. */
  readonly models?: Models;
  readonly provider?: (name: ProviderName) => Promise<Provider>;
  /** Ends synchronous work that takes too long (a pattern of a schema that backtracks); a host may lack it. */
  readonly watchdog?: Watchdog;
  readonly parquet?: ParquetWriter;
  /** Where steps are done whose fence does not say. */
  readonly worker?: WorkerPlace;
  readonly journal?: Journal;
  /** Kernels by name, for what a person is asked before one starts; a host may know none. */
  readonly kernels?: AskFacts['kernels'];
  /** What names a person's leave; absent: a plain hash, which is the same for every person. */
  readonly askHash?: Sha256;
  /** The wheels of this machine; absent: it has none. */
  readonly wheels?: { has(sha256: string): boolean };
  /** Whether steps can be walled off by the system; absent: this host cannot. `look` starts nothing (D8), `try` may. */
  readonly isolation?: (how: 'look' | 'try') => { readonly ok: true } | { readonly ok: false; readonly reason: string };
  /** A name for a run: unique, and later ones sort after earlier ones. */
  newRun(): string;
}
