/**
 * The dispatcher over ZeroMQ: workers are processes of their own, supervised by `coordinator.node.ts`. Here: tasks, from their submission to their
 * end, and what is told of them.
 *
 * Nothing is loaded, listened to or started before the first task: a run in which all is reused costs nothing (B13).
 */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { TelarError, type ErrorJSON } from '../../contracts/errors.ts';
import type { Outcome } from '../../contracts/node.ts';
import { sha256 } from '../adapters/hash.node.ts';
import { createFixedGovernor } from '../governor/fixed.ts';
import type { Governor } from '../governor/governor.ts';
import { noJournal, type Journal, type Level } from '../journal/record.ts';
import { Coordinator, type Note, type Owner } from './coordinator.node.ts';
import type { DispatchEvent, Dispatcher, Task } from './dispatcher.ts';
import type { Transport } from './endpoint.node.ts';
import { keepResult, packTask, type PackedTask } from './exchange.node.ts';
import type { Link } from './link.node.ts';
import type { Payload } from './link/messages.ts';
import type { WorkerView } from './link/supervisor-types.ts';
import { TIMING, type Timing } from './link/timing.ts';
import { isNonsense } from './payload.ts';
import { createStatus, type Status } from './status.node.ts';

/** What it needs. */
export interface ZeromqOptions {
  /** The workspace, and its `.telar`; absolute. */
  readonly root: string;
  readonly state: string;
  /** Whether a class can work here; a reason when not. */
  available(workerClass: string): { readonly ok: true } | { readonly ok: false; readonly reason: string };
  /** Asked for when the first task is there. Two of each class at once where there is none. */
  governor?(): Governor;
  readonly journal?: Journal;
  readonly timing?: Timing;
  readonly transport?: Transport;
  /** The fault points of the worker that is started next. */
  faults?(): readonly string[];
  /** What a worker's process runs; for tests and benchmarks. */
  readonly entry?: string;
}

type Settled = { readonly outcome: Outcome } | { readonly error: TelarError };

/** A task between its submission and its end. */
interface Entry {
  readonly task: Task;
  readonly packed: PackedTask;
  /** The supervisor knows it. */
  submitted: boolean;
  outcome?: Outcome;
  /** Why it cannot be done at all. */
  refused?: TelarError;
  end(settled: Settled): void;
}

const LEVELS: readonly unknown[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

/** Makes the dispatcher. It opens at its first task. */
export function createZeromq(options: ZeromqOptions): Dispatcher {
  return new ZeromqDispatcher(options);
}

class ZeromqDispatcher implements Dispatcher, Owner {
  readonly #options: ZeromqOptions;
  readonly #journal: Journal;
  readonly #scratch: string;
  readonly #folder: string;
  /** Workers know tasks by name: no other coordinator has this one. */
  readonly #prefix = randomBytes(6).toString('hex');
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Set<(event: DispatchEvent) => void>();
  #opening: Promise<Link> | undefined;
  #coordinator: Coordinator | undefined;
  #status: Status | undefined;
  #closed = false;
  #broken: TelarError | undefined;

  constructor(options: ZeromqOptions) {
    this.#options = options;
    this.#journal = options.journal ?? noJournal;
    this.#scratch = join(options.state, 'scratch');
    this.#folder = join(this.#scratch, `telar-link-${process.pid}-${this.#prefix}`);
  }

  async submit(task: Task): Promise<Outcome> {
    const { engine } = task.program;
    const able = this.#options.available(engine);
    if (this.#closed) throw closed();
    if (this.#broken !== undefined) throw this.#broken;
    if (!able.ok) throw new TelarError('unavailable', able.reason, { lacks: engine });
    const name = `${this.#prefix}-${task.id}`;
    if (this.#entries.has(name)) throw new Error(`There is a task ${task.id} already.`);
    const folder = join(this.#folder, name);
    const packed = packTask(task, folder);
    let end: Entry['end'];
    const settled = new Promise<Settled>((resolve) => { end = resolve; });
    const entry: Entry = { task, packed, submitted: false, end: end! };
    this.#entries.set(name, entry);
    try {
      await this.#open();
      if (this.#entries.has(name)) {
        entry.submitted = true;
        this.#coordinator?.limit(engine);
        this.#coordinator?.event({ type: 'submit', task: { task: name, label: task.asker?.node ?? task.program.id, key: keyOf(task), class: engine, once: task.once === true } });
      }
      const ended = await settled;
      if ('error' in ended) throw ended.error;
      return ended.outcome;
    } finally {
      this.#entries.delete(name);
      if (packed.overflows) rmSync(folder, { recursive: true, force: true });
    }
  }

  cancel(id: string, reason: string): void {
    const name = `${this.#prefix}-${id}`;
    const entry = this.#entries.get(name);
    if (entry?.submitted === true) this.#coordinator?.event({ type: 'cancel', task: name, reason });
    else if (entry !== undefined) this.settle(name, new TelarError('cancelled', `The step was cancelled: ${reason}`).toJSON());
  }

  events(listener: (event: DispatchEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => { this.#listeners.delete(listener); };
  }

  workers(): readonly WorkerView[] {
    return (this.#coordinator?.workers() ?? []).map((view) => (view.task === undefined ? view : { ...view, task: this.#entries.get(view.task)?.task.id ?? view.task }));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const { task } of this.#entries.values()) this.cancel(task.id, 'the run is over');
    const link = await this.#opening?.catch(() => undefined);
    if (link !== undefined) {
      this.#coordinator?.event({ type: 'close' });
      if (this.#broken === undefined) await link.drain(() => this.#entries.size === 0);
      this.#status?.end();
      this.#coordinator?.end();
      await link.close();
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #open(): Promise<Link> { return this.#opening ??= this.#openOnce(); }

  async #openOnce(): Promise<Link> {
    const { root, state, timing = TIMING, transport, entry, faults } = this.#options;
    const governor = this.#options.governor?.() ?? createFixedGovernor(2);
    const { openLink } = await import('./link.node.ts');
    const coordinator = new Coordinator(this, governor);
    const link = await openLink({ root, state, timing, policy: governor.policy, scratch: join(this.#scratch, 'workers'), ...(faults === undefined ? {} : { faults }), ...(transport === undefined ? {} : { transport }), ...(entry === undefined ? {} : { entry }) }, coordinator);
    coordinator.begin(link);
    this.#coordinator = coordinator;
    this.#status = createStatus(state, link.slot, governor, () => coordinator.workers().map((view) => ({ ...view, asker: view.task === undefined ? undefined : this.#entries.get(view.task)?.task.asker })));
    return link;
  }

  parcel(task: string): PackedTask | undefined { return this.#entries.get(task)?.packed; }

  keep(task: string, payload: Payload, bulk: readonly Uint8Array[]): { error?: ErrorJSON; nonsense?: string } {
    const entry = this.#entries.get(task);
    if (entry === undefined) return {};
    try {
      entry.outcome = keepResult(payload, bulk, { blobs: entry.task.blobs, given: entry.packed.given, scratch: this.#scratch });
      return {};
    } catch (error) {
      return { error: TelarError.from(error).toJSON(), ...(isNonsense(error) ? { nonsense: String(error.data.nonsense) } : {}) };
    }
  }

  settle(task: string, error: ErrorJSON | undefined): void {
    const entry = this.#entries.get(task);
    this.#entries.delete(task);
    if (error !== undefined) entry?.end({ error: entry.refused ?? TelarError.fromJSON(error) });
    else if (entry?.outcome !== undefined) entry.end({ outcome: entry.outcome });
    else entry?.end({ error: new TelarError('internal', 'A task was settled before its result was kept.') });
  }

  stream(task: string, stream: Parameters<Task['emit']>[0], text: string): void { this.#entries.get(task)?.task.emit(stream, text); }

  isWanted(workerClass: string): boolean { return [...this.#entries.values()].some(({ task }) => task.program.engine === workerClass); }

  refuse(workerClass: string, reason: string): void {
    for (const entry of this.#entries.values()) {
      if (entry.task.program.engine !== workerClass) continue;
      entry.refused = new TelarError('unavailable', reason, { lacks: 'memory' });
      this.cancel(entry.task.id, reason);
    }
  }

  after(): void { this.#status?.touch(); }

  fail(error: unknown): void {
    this.#broken = TelarError.from(error);
    for (const name of this.#entries.keys()) this.settle(name, this.#broken.toJSON());
  }

  note({ level, event, message, worker, task, epoch }: Note): void {
    const asker = task === undefined ? undefined : this.#entries.get(task)?.task.asker;
    const told = { event, ...(worker === undefined ? {} : { worker }), ...(task === undefined ? {} : { task: task.slice(this.#prefix.length + 1) }), ...(epoch === undefined ? {} : { epoch }) };
    for (const listener of this.#listeners) listener({ level, message, ...told, ...(asker === undefined ? {} : { asker }) });
    this.#journal.write(level, message, { ...told, ...asker });
  }

  log(worker: string, { level, msg, ...fields }: Payload): void {
    this.#journal.write(LEVELS.includes(level) ? level as Level : 'info', String(msg ?? ''), { ...fields, worker });
  }
}

const closed = (): TelarError => new TelarError('unavailable', 'The workers of this run are closed.');

/** What a task is, by content: the same after a restart of the coordinator (W11). */
const keyOf = ({ program, inputs, limits, world, isolation }: Task): string => sha256(JSON.stringify([program, inputs, limits, world ?? null, isolation ?? null]));
