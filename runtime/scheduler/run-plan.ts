/**
 * Running a plan: decides each step when its inputs are there, does those that need doing, keeps what they give, and tells
 * what happened in one order. A step may fail; the run goes on with what does not depend on it (R6).
 */
import { TelarError, type ErrorJSON } from '../../contracts/errors.ts';
import type { OutputValue, StepInput } from '../../contracts/node.ts';
import type { NodeStatus, Operation, RunStatus } from '../../contracts/protocol.ts';
import { rowId, type Row, type StepRecord } from '../checkpoints/store.ts';
import type { GraphNode } from '../graph/node.ts';
import { sourcesOf, type Plan, type Stop } from '../graph/plan.ts';
import { decide, readComponents, type Decided } from './decide.ts';
import type { RunHost } from './host.ts';
import { Outbox } from './outbox.ts';
import { performStep, programOf, type StepResult } from './perform.ts';
import { Slots } from './slots.ts';
import { runWave } from './wave.ts';

/** One request to run. */
export interface RunRequest {
  readonly run: string;
  readonly jobs: number;
  readonly failFast: boolean;
  readonly signal: AbortSignal;
  emit(operation: Operation): void;
}

/** What a run came to. */
export interface RunResult { readonly run: string; readonly status: RunStatus; readonly ms: number; readonly nodes: ReadonlyMap<string, NodeStatus> }

/** Runs a frozen plan. Never rejects for what a step does. */
export async function runPlan(plan: Plan, request: RunRequest, host: RunHost): Promise<RunResult> {
  return new Running(plan, request, host).go();
}

class Running {
  readonly #plan: Plan;
  readonly #request: RunRequest;
  readonly #host: RunHost;
  readonly #outbox: Outbox;
  readonly #slots: Slots;
  readonly #stop = new AbortController();
  readonly #results = new Map<GraphNode, Readonly<Record<string, OutputValue>>>();
  readonly #status = new Map<GraphNode, NodeStatus>();
  /** Sources whose stored values were damaged, being done again or done. */
  readonly #renewals = new Map<GraphNode, Promise<void>>();
  /** Rows on their way to the disk. */
  readonly #gates: Promise<unknown>[] = [];

  constructor(plan: Plan, request: RunRequest, host: RunHost) {
    this.#plan = plan;
    this.#request = request;
    this.#host = host;
    this.#outbox = new Outbox((operation) => { request.emit(operation); });
    this.#slots = new Slots(request.jobs, new Map([...host.executors].map(([name, executor]) => [name, executor.concurrency])));
  }

  async go(): Promise<RunResult> {
    const { clock, store } = this.#host;
    const { run, signal } = this.#request;
    const started = clock.now();
    const abort = (): void => { this.#stop.abort(signal.reason); };
    if (signal.aborted) abort(); else signal.addEventListener('abort', abort, { once: true });
    this.#outbox.send(() => ({ type: 'run', run, file: this.#host.file, targets: this.#plan.targets, nodes: this.#plan.order.length }));
    // What cannot run is settled first: members of a cycle would wait for each other for ever.
    for (const [node, stop] of this.#plan.stops) this.#settle(node, stopStatus(node, stop), { decision: stop.state });
    await runWave(this.#plan.order.filter((node) => !this.#plan.stops.has(node)), (node) => this.#perform(node));
    signal.removeEventListener('abort', abort);
    await Promise.allSettled(this.#gates);
    await this.#outbox.drained();
    const nodes = new Map([...this.#status].map(([node, status]) => [node.path, status]));
    const states = [...nodes.values()].map((status) => status.state);
    const status: RunStatus = signal.aborted ? 'cancelled' : states.includes('failed') ? 'failed' : 'ok';
    const ms = clock.now() - started;
    await store.closeRun(run, status, clock.date().toISOString()).catch((error: unknown) => { this.#note(TelarError.from(error)); });
    this.#outbox.send(() => ({ type: 'end', run, status, ms }));
    return { run, status, ms, nodes };
  }

  #perform(node: GraphNode): void | Promise<void> {
    const roots = this.#failedRoots(node);
    if (roots.length > 0) { this.#settle(node, { state: 'cancelled', by: roots, reason: `${roots.join(', ')} failed` }, { decision: 'run' }); return undefined; }
    if (node.inner !== undefined) { this.#boundary(node); return undefined; }
    if (this.#stop.signal.aborted) { this.#cancelled(node); return undefined; }
    let decided: Decided;
    try {
      decided = decide(node, this.#plan, this.#results, this.#host);
    } catch (error) {
      // A store that cannot be asked fails this step, not the run.
      this.#fail(node, { state: 'failed', error: TelarError.from(error).toJSON() }, { decision: 'run' });
      return undefined;
    }
    if (decided.decision === 'reuse') { this.#reuse(node, decided); return undefined; }
    return this.#run(node, decided);
  }

  /** Root causes among the sources: what failed at run time, or was cancelled for it. */
  #failedRoots(node: GraphNode): string[] {
    const roots = new Set<string>();
    for (const source of sourcesOf(node, this.#plan)) {
      const status = this.#status.get(source);
      if (status === undefined || status.state === 'fresh') continue;
      if (status.by !== undefined && status.by.length > 0) for (const root of status.by) roots.add(root);
      else if (status.state !== 'cancelled' || !this.#stop.signal.aborted) roots.add(source.path);
    }
    return [...roots].sort();
  }

  /** A `graph` node does nothing of its own: it shows its notebook's outputs. It has no key (G9). */
  #boundary(node: GraphNode): void {
    if (node.ports.some((port) => this.#status.get(port.source.node)?.state !== 'fresh')) { this.#cancelled(node); return; }
    const outputs: Record<string, OutputValue> = {};
    for (const port of node.ports) {
      const value = this.#results.get(port.source.node)?.[port.source.output];
      if (value !== undefined) outputs[port.name] = value;
    }
    this.#results.set(node, outputs);
    const ran = node.ports.some((port) => this.#status.get(port.source.node)?.how !== 'reused');
    this.#settle(node, { state: 'fresh', how: ran ? 'ran' : 'reused', outputs }, { decision: ran ? 'run' : 'reuse' });
  }

  #cancelled(node: GraphNode): void {
    this.#settle(node, { state: 'cancelled', reason: this.#request.signal.aborted ? 'the run was cancelled' : 'another step failed' }, { decision: 'run' });
  }

  #reuse(node: GraphNode, decided: Decided): void {
    const row = decided.row as Row;
    const reason = decided.reason();
    this.#results.set(node, row.outputs);
    for (const { stream, text } of row.logs ?? []) this.#stream(node, stream as 'stdout', text);
    this.#settle(node, {
      state: 'fresh', how: 'reused', key: decided.key, reason, outputs: row.outputs, ms: 0,
      ...(row.warnings === undefined || row.warnings.length === 0 ? {} : { warnings: row.warnings }),
    }, { decision: 'reuse', components: { ...decided.components, ...readComponents(row) }, row: row.id });
  }

  async #run(node: GraphNode, decided: Decided, mended = false): Promise<void> {
    const { clock } = this.#host;
    const reason = decided.reason();
    const base = { key: decided.key, reason };
    const record = { decision: 'run' as const, components: decided.components };
    this.#tell(node, { state: 'queued', ...base });
    const release = await this.#slots.acquire(node.description.engines);
    if (this.#stop.signal.aborted) { release(); this.#cancelled(node); return; }
    this.#tell(node, { state: 'running', key: decided.key });
    const started = clock.now();
    let failure: TelarError | undefined;
    try {
      const result = await performStep(node, decided, {
        host: this.#host, plan: this.#plan, run: this.#request.run, signal: this.#stop.signal, started,
        input: (port) => this.#input(port), stream: (stream, text) => { this.#stream(node, stream, text); },
      });
      this.#keep(node, result, base, record);
    } catch (error) {
      failure = TelarError.from(error);
    } finally {
      release();
    }
    if (failure === undefined) return;
    const ms = clock.now() - started;
    if (failure.code === 'value-missing' && !mended && await this.#renewSources(node)) await this.#run(node, decide(node, this.#plan, this.#results, this.#host), true);
    else if (failure.code === 'cancelled') this.#settle(node, { state: 'cancelled', ...base, ms, reason: 'stopped while it ran' }, record);
    else this.#fail(node, { state: 'failed', ...base, ms, error: failure.toJSON() }, record);
  }

  /**
   * A reused value turned out damaged when it was read: the store has set it aside, so its producer is done again, once for all
   * its readers (C3).
   * @returns whether a source was done again, and well
   */
  async #renewSources(node: GraphNode): Promise<boolean> {
    let renewed = false;
    for (const source of new Set(node.ports.map((port) => port.source.node))) {
      if (!this.#renewals.has(source)) {
        if (this.#status.get(source)?.how !== 'reused' || source.inner !== undefined) continue;
        const decided = decide(source, this.#plan, this.#results, this.#host);
        if (decided.decision === 'reuse') continue;
        this.#renewals.set(source, this.#run(source, decided));
      }
      await this.#renewals.get(source);
      if (this.#status.get(source)?.state !== 'fresh') return false;
      renewed = true;
    }
    return renewed;
  }

  /** Values are put, the row is on its way to the disk; readers may start, the word waits for the disk (C2). */
  #keep(node: GraphNode, { row, error }: StepResult, base: { key: string; reason: string }, record: Recorded): void {
    const { store } = this.#host;
    let status: NodeStatus = {
      state: error === undefined ? 'fresh' : 'failed', ...base, ms: row.ms, outputs: row.outputs,
      ...(error === undefined ? { how: 'ran' as const } : { error: placed(node, error) }),
      ...(row.warnings === undefined || row.warnings.length === 0 ? {} : { warnings: row.warnings }),
    };
    if (error === undefined) this.#results.set(node, row.outputs);
    const gate = this.#addRow(node, row).then((differs) => {
      if (differs) status = { ...status, warnings: [...status.warnings ?? [], 'it gave a different result for the same key before; both are kept'] };
    }, (failure: unknown) => {
      status = { state: 'failed', ...base, ms: row.ms, error: placed(node, TelarError.from(failure).toJSON()) };
      store.addStep(this.#record(node, status, record));
    }).then(() => { this.#status.set(node, status); });
    this.#gates.push(gate);
    if (status.state === 'failed') this.#failFast();
    this.#status.set(node, status);
    store.addStep(this.#record(node, status, { ...record, components: { ...record.components, ...readComponents(row) }, row: row.id }));
    this.#outbox.send(() => this.#operation(node, status), gate);
  }

  /**
   * Keeps a row. One that contradicts an earlier row of its identity stands back (C5), unless that one lacks an output which
   * somebody reads now: then it becomes the next take, or the step would run again for ever.
   * @returns whether the step gave something else before
   */
  async #addRow(node: GraphNode, row: Row): Promise<boolean> {
    const { store, sha256 } = this.#host;
    const { row: kept, evidence } = await store.addRow(row);
    if (!evidence) return false;
    if (this.#plan.wanted(node).some((name) => kept.outputs[name]?.ref === undefined)) {
      const next = { ...row, take: row.take + 1 };
      await store.addRow({ ...next, id: rowId(sha256, next) });
    }
    return true;
  }

  #fail(node: GraphNode, status: NodeStatus & { readonly error: ErrorJSON }, record: Recorded): void {
    this.#failFast();
    this.#settle(node, { ...status, error: placed(node, status.error) }, record);
  }

  #failFast(): void { if (this.#request.failFast) this.#stop.abort(new TelarError('cancelled', 'another step failed')); }

  /** A run that could not be closed in the store is told as a problem of the run, not lost. */
  #note(error: TelarError): void {
    this.#outbox.send(() => ({ type: 'stream', run: this.#request.run, node: '', stream: 'stderr', text: `${error.message}\n` }));
  }

  #settle(node: GraphNode, status: NodeStatus, record: Recorded): void {
    this.#status.set(node, status);
    this.#host.store.addStep(this.#record(node, status, record));
    this.#outbox.send(() => this.#operation(node, status));
  }

  #tell(node: GraphNode, status: NodeStatus): void { this.#outbox.send(() => this.#operation(node, status)); }

  #operation(node: GraphNode, status: NodeStatus): Operation {
    return { type: 'node', run: this.#request.run, node: node.path, status };
  }

  #stream(node: GraphNode, stream: 'stdout' | 'stderr' | 'progress', text: string): void {
    if (stream !== 'progress') this.#host.store.addLog(this.#request.run, node.path, stream, text);
    this.#outbox.send(() => ({ type: 'stream', run: this.#request.run, node: node.path, stream, text }));
  }

  #record(node: GraphNode, status: NodeStatus, recorded: Recorded): StepRecord {
    const { key, how, reason, ms, error, by, state } = status;
    return {
      run: this.#request.run, node: node.path, file: this.#host.file, state, ...recorded,
      ...(key === undefined ? {} : { key }), ...(how === undefined ? {} : { how }), ...(reason === undefined ? {} : { reason }),
      ...(ms === undefined ? {} : { ms }), ...(error === undefined ? {} : { error }), ...(by === undefined ? {} : { by }),
    };
  }

  /** A port's value. A live one comes as its producer, with the inputs that it had (P8). */
  async #input(port: GraphNode['ports'][number]): Promise<StepInput | undefined> {
    const { node, output } = port.source;
    const ref = this.#results.get(node)?.[output]?.ref;
    if (ref === undefined) return undefined;
    if (ref.form !== 'live') return { ref };
    return programOf(node, output, this.#plan, this.#host, (one) => this.#input(one));
  }
}

type Recorded = Pick<StepRecord, 'decision' | 'components' | 'row'>;

function stopStatus(node: GraphNode, stop: Stop): NodeStatus {
  if (stop.state === 'disabled') return { state: 'disabled' };
  if (stop.state === 'unavailable') return { state: 'unavailable', reason: stop.reason };
  if (stop.state === 'blocked') return { state: 'blocked', by: stop.by, reason: `${stop.by.join(', ')} ${stop.because === 'failed' ? 'has an error' : `is ${stop.because}`}` };
  const { code, message, line } = stop.problem;
  return { state: 'failed', error: placed(node, { code, message, line }) };
}

/** The error of a node inside a nested notebook says which notebook its line is of (`file` is a data file's name). */
function placed(node: GraphNode, error: ErrorJSON): ErrorJSON {
  return node.scope.boundary === undefined ? error : { ...error, data: { ...error.data, notebook: node.scope.document.file } };
}
