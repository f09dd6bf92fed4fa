/** RunHost: the powers that running a plan needs, gathered by `runtime.ts` from the host's ports. */
import type { NodeKind } from '../../contracts/node.ts';
import type { GraphNode } from '../graph/node.ts';
import type { Clock, Executor, Files, Network, ParquetWriter, Secrets, WorkerPlace } from '../ports.ts';
import type { Journal } from '../journal/record.ts';
import type { ModelPowers } from './context-ask.ts';
import type { DecideFacts } from './decide.ts';

/** What running needs of the host. */
export interface RunHost extends DecideFacts {
  readonly files: Files;
  readonly clock: Clock;
  readonly executors: ReadonlyMap<string, Executor>;
  /** Where a host has none, what asks for it is `unavailable`. */
  readonly network?: Network;
  readonly secrets?: Secrets;
  readonly parquet?: ParquetWriter;
  readonly provider?: ModelPowers['provider'];
  readonly watchdog?: ModelPowers['watchdog'];
  /** Where steps are done whose fence does not say. */
  readonly worker?: WorkerPlace;
  readonly journal?: Journal;
  /** Why a node may not do what it asks for; `undefined` when it may. */
  leave?(node: GraphNode): string | undefined;
  loadKind(name: string): Promise<NodeKind>;
  modules(node: GraphNode): Readonly<Record<string, string>>;
  /** The locked packages of a node's step, as a param of it; none for most. */
  packages?(node: GraphNode): { readonly packages?: readonly unknown[] };
}
