/**
 * Journal: what became of each step, told once in one order and kept in the run's record. It decides nothing. What says that a
 * value is kept leaves only when it is (C2).
 */
import { TelarError, type ErrorJSON } from '../../contracts/errors.ts';
import type { NodeStatus, Operation, RunStatus } from '../../contracts/protocol.ts';
import type { StepRecord } from '../checkpoints/store.ts';
import type { GraphNode } from '../graph/node.ts';
import type { Plan } from '../graph/plan.ts';
import { journalOf } from '../journal/operations.ts';
import type { RunHost } from './host.ts';
import type { Lane } from './lane.ts';
import { Outbox } from './outbox.ts';
import type { Slots } from './slots.ts';

/** One request to run. */
export interface RunRequest {
  readonly run: string;
  readonly jobs: number;
  readonly failFast: boolean;
  readonly signal: AbortSignal;
  emit(operation: Operation): void;
}

/** What a run came to. By path, those of elements too. */
export interface RunResult { readonly run: string; readonly status: RunStatus; readonly ms: number; readonly nodes: ReadonlyMap<string, NodeStatus> }

/** What all parts of one run share. */
export interface Running {
  readonly plan: Plan;
  readonly request: RunRequest;
  readonly host: RunHost;
  readonly journal: Journal;
  readonly slots: Slots;
  /** Ends the run: a person's cancel, or `--fail-fast`. */
  readonly stop: AbortController;
}

/** What a step's record says beside its status. */
export type Recorded = Pick<StepRecord, 'decision' | 'components' | 'row'>;

/** The journal of one run. */
export class Journal {
  readonly outbox: Outbox;
  /** Rows on their way to the disk. */
  readonly gates: Promise<unknown>[] = [];
  readonly #run: string;
  readonly #host: RunHost;

  constructor(request: RunRequest, host: RunHost) {
    this.#run = request.run;
    this.#host = host;
    const record = host.journal === undefined ? undefined : journalOf(host.journal);
    this.outbox = new Outbox((operation) => {
      request.emit(operation);
      record?.(operation);
    });
  }

  /** Tells and records what became of a node. @param gate resolves when what is said is kept; `status` is asked for then */
  settle(node: GraphNode, lane: Lane, status: NodeStatus, recorded: Recorded, gate?: Promise<unknown>): void {
    lane.status.set(node, status);
    this.#host.store.addStep(this.#record(node, lane, status, recorded));
    if (gate === undefined) { this.tell(node, lane, status); return; }
    this.gates.push(gate);
    this.outbox.send(() => this.#operation(node, lane, lane.status.get(node) as NodeStatus), gate);
  }

  /** Replaces a settled status that is not told yet: the row could not be kept, or differs from an earlier one. */
  amend(node: GraphNode, lane: Lane, status: NodeStatus, recorded?: Recorded): void {
    lane.status.set(node, status);
    if (recorded !== undefined) this.#host.store.addStep(this.#record(node, lane, status, recorded));
  }

  /** Tells a status on the way. */
  tell(node: GraphNode, lane: Lane, status: NodeStatus): void { this.outbox.send(() => this.#operation(node, lane, status)); }

  stream(node: GraphNode, lane: Lane, stream: 'stdout' | 'stderr' | 'progress', text: string): void {
    const path = lane.pathOf(node);
    if (stream !== 'progress') this.#host.store.addLog(this.#run, path, stream, text);
    this.outbox.send(() => ({ type: 'stream', run: this.#run, node: path, stream, text }));
  }

  /** Tells that a step is tried again, to clients and in the journal. */
  retry(node: GraphNode, lane: Lane, told: string, wait: number): void {
    const text = `${told}; again in ${(wait / 1000).toFixed(1)} s`;
    this.stream(node, lane, 'stderr', `${text}\n`);
    this.#host.journal?.write('warn', text, { event: 'retry', run: this.#run, node: lane.pathOf(node) });
  }

  /** Something wrong with the run itself, that would be lost otherwise. */
  note(error: TelarError): void {
    this.outbox.send(() => ({ type: 'stream', run: this.#run, node: '', stream: 'stderr', text: `${error.message}\n` }));
  }

  #operation(node: GraphNode, lane: Lane, status: NodeStatus): Operation {
    return { type: 'node', run: this.#run, node: lane.pathOf(node), status };
  }

  #record(node: GraphNode, lane: Lane, status: NodeStatus, recorded: Recorded): StepRecord {
    const { key, how, reason, ms, error, by, state } = status;
    return {
      run: this.#run, node: lane.pathOf(node), file: this.#host.file, state, ...recorded,
      ...(key === undefined ? {} : { key }), ...(how === undefined ? {} : { how }), ...(reason === undefined ? {} : { reason }),
      ...(ms === undefined ? {} : { ms }), ...(error === undefined ? {} : { error }), ...(by === undefined ? {} : { by }),
    };
  }
}

/** Settles a node as failed; with `--fail-fast` the run ends. */
export function fail({ journal, request, stop }: Running, node: GraphNode, lane: Lane, status: Omit<NodeStatus, 'state'> & { readonly error: ErrorJSON }, recorded: Recorded): void {
  if (request.failFast) stop.abort(new TelarError('cancelled', 'another step failed'));
  journal.settle(node, lane, { state: 'failed', ...status, error: placed(node, status.error) }, recorded);
}

/** Settles a node that the end of the run keeps from running. */
export function cancel({ journal, request }: Running, node: GraphNode, lane: Lane): void {
  journal.settle(node, lane, { state: 'cancelled', reason: request.signal.aborted ? 'the run was cancelled' : 'another step failed' }, { decision: 'run' });
}

/** The error of a node inside a nested notebook says which notebook its line is of (`file` is a data file's name). */
export function placed(node: GraphNode, error: ErrorJSON): ErrorJSON {
  return node.scope.boundary === undefined ? error : { ...error, data: { ...error.data, notebook: node.scope.document.file } };
}
