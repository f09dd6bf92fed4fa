/** RunHost: the powers that running a plan needs, gathered by `runtime.ts` from the host's ports. */
import type { NodeKind } from '../../contracts/node.ts';
import type { GraphNode } from '../graph/node.ts';
import type { Clock, Executor, Files } from '../ports.ts';
import type { DecideFacts } from './decide.ts';

/** What running needs of the host. */
export interface RunHost extends DecideFacts {
  readonly files: Files;
  readonly clock: Clock;
  readonly executors: ReadonlyMap<string, Executor>;
  loadKind(name: string): Promise<NodeKind>;
  modules(node: GraphNode): Readonly<Record<string, string>>;
}
