/**
 * Dispatcher: where steps are sent. The coordinator stays the only scheduler; a dispatcher delivers. Two drivers, `in-process.ts` and
 * `zeromq.node.ts`, pass one suite (`tests/suites/dispatcher.ts`); a queue on another machine would be a third.
 */
import type { Limits, Outcome, Program, StepInput, WebRequest, WebResponse } from '../../contracts/node.ts';
import type { Blobs } from '../../contracts/values.ts';
import type { Asker, World } from '../ports.ts';
import type { Isolation } from './isolation.ts';
import type { WorkerView } from './link/supervisor-types.ts';

/** One program to run somewhere. All of it but `blobs`, `fetch` and `emit` can cross a process boundary. */
export interface Task {
  /** Unique within a dispatcher. */
  readonly id: string;
  readonly program: Program;
  readonly inputs: Readonly<Record<string, StepInput>>;
  readonly limits: Limits;
  readonly world?: World;
  /** Who asks, for the journal and for people. */
  readonly asker?: Asker;
  /** May not be done twice: a loss is told (`lost`), and not mended. */
  readonly once?: true;
  readonly isolation?: Isolation;
  /** Where inputs are read and outputs kept. Outputs are kept under a valid lease only. */
  readonly blobs: Blobs;
  /** Asks the network within the step's grant; absent: it has none. */
  fetch?(request: WebRequest): Promise<WebResponse>;
  emit(stream: 'stdout' | 'stderr' | 'progress', text: string): void;
}

/** What is told of a task or a worker as it happens. */
export interface DispatchEvent {
  readonly event: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly worker?: string;
  readonly task?: string;
  readonly epoch?: number;
  readonly asker?: Asker;
}

/** Delivers tasks. */
export interface Dispatcher {
  /**
   * Has a task done. A loss of the engine's process is mended by another try under a new epoch, up to three deaths (then `poison`), unless the task is `once`.
   * @throws TelarError what the engine threw; `lost`, `poison`, `cancelled`, `unavailable` (no room, or the class cannot start)
   */
  submit(task: Task): Promise<Outcome>;
  /** Stops a task: softly, then by force. Its `submit` rejects with `cancelled`. Unknown ids are ignored. */
  cancel(id: string, reason: string): void;
  /** Calls back for each event until the returned function is called. */
  events(listener: (event: DispatchEvent) => void): () => void;
  workers(): readonly WorkerView[];
  /** Ends all workers. What is in flight is cancelled. */
  close(): Promise<void>;
}
