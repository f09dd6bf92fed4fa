/**
 * The wire: operations, and the three messages that carry them. A client dispatches; the runtime answers with accepted
 * operations in one order; values are read on demand. The command line's `--json` prints operations, one a line.
 */
import type { ErrorJSON, Problem } from './errors.ts';
import type { Usage } from './models.ts';
import type { OutputValue } from './node.ts';

/** States of a node, as `semantics.md` names them. */
export type NodeState =
  | 'new' | 'stale' | 'blocked' | 'unavailable' | 'queued' | 'running' | 'fresh' | 'failed' | 'cancelled' | 'skipped' | 'disabled';

/** How a fresh node came by its value. */
export type How = 'ran' | 'reused' | 'verified';

/** A decision of a plan. */
export type Decision = 'run' | 'reuse' | 'undecided' | 'blocked' | 'unavailable' | 'failed' | 'disabled' | 'skipped';

/** What is known of one node in one run. */
export interface NodeStatus {
  readonly state: NodeState;
  /** Root causes of `blocked` and `cancelled`. */
  readonly by?: readonly string[];
  readonly how?: How;
  /** The action key. */
  readonly key?: string;
  readonly reason?: string;
  /** Milliseconds of the work, without waiting. */
  readonly ms?: number;
  readonly outputs?: Readonly<Record<string, OutputValue>>;
  readonly error?: ErrorJSON;
  readonly warnings?: readonly string[];
  /** Of a step that asked a model in this run: tokens and cost. */
  readonly usage?: Usage;
}

/** One accepted change of what a client can see. Each is one JSON line. */
export type Operation =
  | { readonly type: 'run'; readonly run: string; readonly file: string; readonly targets: readonly string[]; readonly nodes: number }
  | { readonly type: 'node'; readonly run: string; readonly node: string; readonly status: NodeStatus }
  | { readonly type: 'stream'; readonly run: string; readonly node: string; readonly stream: 'stdout' | 'stderr' | 'progress'; readonly text: string }
  | { readonly type: 'problems'; readonly file: string; readonly problems: readonly Problem[] }
  | { readonly type: 'end'; readonly run: string; readonly status: RunStatus; readonly ms: number };

/** How a run ended. */
export type RunStatus = 'ok' | 'failed' | 'cancelled';
