/**
 * Ports: the powers that the portable runtime asks of its host. A host implements them once (`*.node.ts`, `*.browser.ts`);
 * portable code never reaches for a clock, chance, a disk or an environment by itself.
 */
import type { Blobs } from '../contracts/values.ts';
import type { Limits, ObservedRead, Outcome, Program, StepInput, WebRequest, WebResponse } from '../contracts/node.ts';
import type { ColumnData } from './values/column.ts';
import type { Isolation } from './workers/isolation.ts';

/** What is seen of a file. `stamp` changes when the file may have changed (size, times, inode); it is never part of a key. */
export interface FileStat { readonly kind: 'file' | 'folder' | 'other'; readonly size: number; readonly stamp: string }

/** Files of one workspace. Paths are relative to its root, with `/`, and never leave it. */
export interface Files {
  /** @throws TelarError `missing-file`, `refused` when the path leaves the workspace (also by a symbolic link), `bad-file` */
  read(path: string): Uint8Array;
  stat(path: string): FileStat | undefined;
  /** Sorted names in a folder, without `.git` and `.telar`; `undefined` when there is no such folder. @throws TelarError `bad-file` when it may not be read */
  list(path: string): readonly string[] | undefined;
  /** Replaces a file atomically. */
  write(path: string, bytes: Uint8Array): void;
  /** The path for engines that open files by themselves; `undefined` where there are no real files. */
  absolute?(path: string): string;
}

/** Monotonic milliseconds, the wall clock for records that people read, and waiting. */
export interface Clock {
  now(): number;
  date(): Date;
  /** Resolves after these milliseconds, or at once when the signal says stop. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** SHA-256 in lower-case hex. */
export type Sha256 = (data: string | Uint8Array) => string;

/**
 * A world that a step is shown instead of the real one, so that verify can find out what its result hangs on (C4). Never part of
 * a key. What is not said is as always.
 */
export interface World {
  /** Milliseconds that the wall clock is ahead; it runs. */
  readonly clockShift?: number;
  /** All clocks stand still: the wall clock at this time (milliseconds since 1970), the monotonic ones at 0. */
  readonly clock?: number;
  /** Seed of chance that nobody seeded: `random` and NumPy, `Math.random`, SQL's `random()`. A `seed=` of the fence wins. */
  readonly seed?: number;
  /** Seed from which the system's entropy is served: `os.urandom`, `secrets`, `uuid4`, `crypto`. */
  readonly entropy?: number;
  /** Threads of SQL, whatever the fence says. */
  readonly threads?: number;
}

/** What one execution may use and must obey. */
export interface ExecuteContext {
  readonly blobs: Blobs;
  readonly limits: Limits;
  readonly signal: AbortSignal;
  readonly world?: World;
  /** Who asks, for the journal and for people. */
  readonly asker?: Asker;
  /** May not be done twice (an effect): when the engine is lost it is told and not mended. */
  readonly once?: true;
  /** Where it is done: in a process of this host, or by a supervised worker. Never part of a key. */
  readonly worker?: WorkerPlace;
  /** What an isolated step was granted; absent: it is a restricted one. */
  readonly isolation?: Isolation;
  /** Asks the network within the step's grant; absent: it has none. */
  fetch?(request: WebRequest): Promise<WebResponse>;
  emit(stream: 'stdout' | 'stderr' | 'progress', text: string): void;
}

/** A run and one of its nodes. */
export interface Asker { readonly run: string; readonly node: string }

/** `light`: an engine beside this process. `heavy`: a supervised worker of its own (`workers/`). */
export type WorkerPlace = 'light' | 'heavy';

/** Runs programs of one engine. One suite, `tests/suites/executor.ts`, holds for all. */
export interface Executor {
  /** `sql`, `sql-wasm`, `python`, `javascript`, `jupyter`, `llama`. */
  readonly engine: string;
  /** Where its programs run unless somebody says otherwise; `light` when absent. */
  readonly place?: WorkerPlace;
  /** Grows while a program gets on, whatever its unit: how a hung computation is told from a busy one (W6). */
  progress?(): number;
  /** Bytes that its processes take now, where that can be known. */
  memory?(): number;
  /** Most programs it runs at once; further ones wait in the scheduler. */
  readonly concurrency: number;
  /**
   * What of the engine can change a result: names, versions, settings, hashes. Goes into action keys, so it must be the same
   * before and after the engine has started, and cheap: nothing is started for it.
   */
  identity(program?: Pick<Program, 'settings'>): Readonly<Record<string, string>>;
  /** Whether it can run here, without starting it; a reason and what to do when not. */
  available(): { readonly ok: true } | { readonly ok: false; readonly reason: string };
  /**
   * Runs a program.
   * @throws TelarError `exception` (with `line` in the notebook and `traceback`), `syntax`, `timeout`, `memory`, `output-limit`,
   *   `cancelled`, `covenant`, `value-type` (a value this engine cannot take, naming port and type), `refused`, `lost`
   */
  execute(program: Program, inputs: Readonly<Record<string, StepInput>>, context: ExecuteContext): Promise<Outcome>;
  /** Starts what the first program will need; never throws. Absent: nothing is gained by it. */
  warm?(): Promise<void>;
  /** Ends processes and frees memory. No call may follow. */
  close(): Promise<void>;
}

/** The network: one question, one answer. It follows no redirect, knows no cookie and no proxy. */
export interface Network {
  /**
   * @throws TelarError `network` (no answer; `data.sent` is false where the question was surely not sent), `timeout`, `output-limit`, `cancelled`
   */
  ask(request: WebRequest, limits: { readonly time: number; readonly output: number; readonly signal: AbortSignal }): Promise<WebResponse>;
  /**
   * The same for an answer that comes in pieces; a host may lack it. Whoever leaves off reading ends the connection; reading throws what asking throws.
   * @param limits `time` until the last byte, `idle` between two of them: milliseconds
   */
  stream?(request: WebRequest, limits: { readonly time: number; readonly idle: number; readonly output: number; readonly signal: AbortSignal }): Promise<StreamedResponse>;
}

/** An answer of the network as it comes. Header names are in lower case. */
export interface StreamedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Read it, or leave a loop over it: an answer that nobody looks at holds its connection until its time is over. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Secrets by name, from where a person keeps them. */
export interface Secrets {
  get(name: string): string | undefined;
  /** What stands for a secret in an action key: a keyed hash, that tells nothing of it and changes with it. */
  fingerprint(name: string): string | undefined;
}

/** Writes columns as a Parquet file. @returns the file's bytes, and the columns that had to become text */
export type ParquetWriter = (columns: readonly { readonly name: string; readonly data: ColumnData }[], rows: number) => Promise<{ readonly bytes: Uint8Array; readonly asText: readonly string[] }>;

/** Verifies observed reads against the world of now (P4): the digest it gives is equal when all would be seen the same. */
export interface Observer { digest(folder: string, reads: readonly ObservedRead[]): string }
