/**
 * NodeKind: what a kind of node is. A kind analyses a body without running it, and runs a step when asked; it never draws,
 * and it knows no engine: it hands programs to `context.execute`, which the host connects to an executor.
 */
import type { EffectClass } from './contract.ts';
import type { BodyProblem, ErrorJSON, Range } from './errors.ts';
import type { AskAnswer, AskRequest, ModelProfile, Usage } from './models.ts';
import type { Blobs, ValueRef, ValueSummary } from './values.ts';

/** A place of a name. `shorthand`: there it names a member too (`{ total }` in JavaScript), which a rename keeps. */
export interface NamePlace extends Range { readonly shorthand?: true }

/** A free name of a body: a wire, if some other node defines it. */
export interface Read {
  readonly name: string;
  /**
   * The members used (`station` in `stats.station`) when *every* use in this body is a member access; `undefined` when the
   * name is also used bare. A nested notebook's outputs are wired one by one through this.
   */
  readonly members?: readonly string[];
  /** Every place where the name itself is written, within the body: what a rename rewrites. */
  readonly ranges: readonly NamePlace[];
  /** Matches without case (SQL). */
  readonly fold?: boolean;
  /** A builtin or keyword of the language (`range`, `Array`): wired only on purpose, by `in.`. */
  readonly builtin?: boolean;
  /** The name is never an error when no node defines it (a template variable inside a block, a SQL name that may be a column). */
  readonly optional?: boolean;
  /** Read at the top level before the body binds the same name (`df = df.dropna()`). */
  readonly rebound?: boolean;
}

/** A name that a body defines at its top level. */
export interface Bind {
  readonly name: string;
  readonly ranges: readonly NamePlace[];
  readonly what: 'value' | 'function' | 'class';
  /** Underscored, imported, loop and `with` names are bound but are no outputs. */
  readonly output: boolean;
}

/** What parsing a body tells. Plain data: it is cached across processes by the hash of the body. */
export interface Analysis {
  readonly reads: readonly Read[];
  readonly binds: readonly Bind[];
  /** Modules imported, by full dotted name as written (`helpers`, `pkg.mod`, `./helpers.js`), for P1's closure. */
  readonly imports: readonly { readonly module: string; readonly at: Range }[];
  /** The normal form: equal exactly when two bodies are the same but for comments and layout (P2). */
  readonly normal: string;
  /** A star import: names that no node defines are left to run time (G5). */
  readonly open?: boolean;
  /** Effect class the body itself shows (SQL: by the stability of its functions); default is the kind's. */
  readonly effect?: EffectClass;
  /** Files that the body names outright (SQL file functions and string tables; `file:` of `data`; `use:` of `graph`), globs allowed. */
  readonly files?: readonly string[];
  /** What it asks of the network: grants are given to these and to nothing else. */
  readonly network?: NetworkUse;
  /** The rows of the value stand in an order that the body asks for (SQL: its last statement has an ORDER BY); else their order is chance. */
  readonly ordered?: boolean;
  /** The model that it asks, as written: the name of a profile, or `provider/model`. The runtime finds the profile (`Step.model`). */
  readonly model?: string;
  /** It looks for skills in the notebook's volumes (`Step.skills`), which are part of its key then. */
  readonly skills?: true;
  /** Language that live values of this node belong to, if it can have any. */
  readonly language?: string;
  readonly problems: readonly BodyProblem[];
}

/** What a body would do on the network. */
interface NetworkUse {
  /** `https://example.org`: scheme, host and port. */
  readonly origin: string;
  readonly method: string;
  /** Names of secrets that it sends there. */
  readonly secrets: readonly string[];
}

/** What a kind may look at beside the body when it analyses. */
export interface Cell {
  readonly id: string;
  readonly kind: string;
  /** The fence's language word, lower case. */
  readonly language: string;
  readonly body: string;
  /** Keys of the fence line, without `in.*` and the class. */
  readonly params: Readonly<Record<string, string>>;
}

/** A port's value as it reaches a step: a stored value, or a producer to run in the reader's realm (P8). */
export type StepInput =
  | { readonly ref: ValueRef }
  | { readonly producer: Program; readonly inputs: Readonly<Record<string, StepInput>>; readonly output: string };

/** One step to do. Ports may be dotted (`station.monthly`): a member of a namespace `station`. */
export interface Step {
  /** Path of the node: `monthly`, `by_station/monthly`. */
  readonly node: string;
  readonly cell: Cell;
  readonly analysis: Analysis;
  readonly inputs: Readonly<Record<string, StepInput>>;
  /** Names to hand out beside `value`, because somebody reads them. Others are only summarised. */
  readonly wanted: readonly string[];
  /** Params after defaults and checks, in their parsed types. */
  readonly params: Readonly<Record<string, unknown>>;
  /** Where the body stands: notebook file and the line of its first line, for errors. */
  readonly file: string;
  readonly line: number;
  /** Helper modules beside the notebook, by module name, with the closure of what they import. */
  readonly modules: Readonly<Record<string, string>>;
  /** Folder of the notebook, relative to the workspace root (`''` for the root). */
  readonly folder: string;
  /** Input node: the value set by `--set` or a host, or by the enclosing notebook. */
  readonly given?: StepInput;
  /** The profile of the model that the body names. */
  readonly model?: ModelProfile;
  /** The notebook's volumes of skills, with paths from its folder, for a body that looks for skills. */
  readonly skills?: readonly { readonly name: string; readonly path: string }[];
  /** Of a step of class `effect`: names this one doing of it, so that what it calls can tell a repetition (P7). */
  readonly idempotencyKey?: string;
}

/** Limits of a step; milliseconds and bytes. Reaching one is a typed failure (R5). */
export interface Limits { readonly time: number; readonly memory: number; readonly output: number }

/** A text for an engine. All that differs between bodies is data, so a program can cross a process boundary. */
export interface Program {
  /** `sql` (native), `sql-wasm`, `python`, `javascript`. */
  readonly engine: string;
  readonly code: string;
  readonly file: string;
  /** Line in `file` of the first line of `code`, from 1. */
  readonly line: number;
  /** Id of the node; a body that binds this name defines its value so. */
  readonly id: string;
  /** Names to hand out beside `value`. */
  readonly wanted: readonly string[];
  /** All names the body defines that are outputs; those not wanted are summarised only. */
  readonly binds: readonly string[];
  readonly modules: Readonly<Record<string, string>>;
  readonly folder: string;
  /** Files (relative to the notebook's folder, globs expanded) an engine that reads by path may open. */
  readonly files?: readonly string[];
  /** Files that an engine which reads by path finds instead of the notebook's folder: a name, and the input whose bytes it has. */
  readonly given?: Readonly<Record<string, string>>;
  readonly seed?: number;
  /** Engine's own settings that are in the key (`threads`, `tables`). */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** One thing a step looked at outside its inputs (P9), with what it saw. */
export interface ObservedRead {
  /** `file` and its bytes' SHA-256; `stat` and `kind:size`; `list` and the SHA-256 of the sorted names; `missing`. */
  readonly what: 'file' | 'stat' | 'list' | 'missing';
  /** Relative to the notebook's folder, with `/`. */
  readonly path: string;
  readonly saw: string;
}

/** A value that a step gave out. Without `ref` it was not kept: only its summary is. */
export interface OutputValue {
  readonly ref?: ValueRef;
  readonly summary: ValueSummary;
}

/** A view of a rich result; never hashed into a key, never passed on. */
export interface Display { readonly mediaType: string; readonly hash: string; readonly bytes: number }

/** What doing a step gave. */
export interface Outcome {
  /** `value`, and every output name. */
  readonly outputs: Readonly<Record<string, OutputValue>>;
  readonly reads: readonly ObservedRead[];
  readonly displays?: readonly Display[];
  /** Breaches of the covenant (R7), which begin with `covenant:`, and other remarks. */
  readonly warnings?: readonly string[];
  /** Of a step that asked a model: tokens and cost. */
  readonly usage?: Usage;
  /** A red check is an outcome with values and this error. */
  readonly error?: ErrorJSON;
}

/** A file as it was written: what tells afterwards whether it still is so. */
export interface FileReceipt {
  /** As the notebook says it, relative to its folder. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A form of a value in a file. `raw`: bytes as they are. */
export type FileFormat = 'parquet' | 'csv' | 'arrow' | 'json' | 'jsonl' | 'text' | 'svg' | 'raw';

/** What a running step may use. */
export interface StepContext {
  readonly blobs: Blobs;
  readonly limits: Limits;
  readonly signal: AbortSignal;
  /** Ordered text of the step: standard output, standard error, progress in [0, 1]. */
  emit(stream: 'stdout' | 'stderr' | 'progress', text: string): void;
  /** Runs a program on the engine it names, within the step's limits or tighter ones. Throws a `TelarError` when it fails. */
  execute(program: Program, inputs: Readonly<Record<string, StepInput>>, tighter?: Partial<Limits>): Promise<Outcome>;
  /** A stored value in its portable JavaScript form; a table is a `TableView`. */
  load(ref: ValueRef): unknown;
  /** Keeps a portable JavaScript value (JSON-like, string, Uint8Array, TableView) and tells its summary. */
  store(value: unknown, options?: { readonly form?: 'text' | 'record' | 'bytes'; readonly mediaType?: string }): OutputValue;
  /** Reads a file beside the notebook and records that it was read. @throws TelarError `missing-file`, `refused` (outside the workspace) */
  readFile(path: string): Uint8Array;
  /** Names of files that match a glob, sorted; the listing is recorded. */
  glob(pattern: string): readonly string[];
  /**
   * Writes a file beside the notebook, atomically and durably. Only a step of class `effect` may; what it shall write is on record before (P7).
   * @returns its receipt
   * @throws TelarError `refused` (outside the workspace, hidden, a notebook, or a step of another class), `disk-full`, `read-only`
   */
  writeFile(path: string, bytes: Uint8Array): Promise<FileReceipt>;
  /**
   * A stored value as the bytes of a file, exactly: what a format cannot hold is text in it.
   * @returns the bytes, and remarks to tell
   * @throws TelarError `value-type` (the value has no such form), `unavailable` (this host cannot write the format)
   */
  encode(ref: ValueRef, format: FileFormat): Promise<{ readonly bytes: Uint8Array; readonly remarks: readonly string[] }>;
  /** Asks the network. Only a step of class `observe` or `effect` may. @throws TelarError `network`, `refused`, `unavailable`, `timeout`, `output-limit` */
  fetch(request: WebRequest): Promise<WebResponse>;
  /**
   * Asks a language model; its text is streamed as standard output. Only a step of class `observe` may.
   * @throws TelarError `unavailable`, `bad-input` (does not fit, a schema that is none), `bad-answer` (not what the schema asks, after one repair; a refusal; nothing), and what providers throw
   */
  ask(request: AskRequest): Promise<AskAnswer>;
  /** A secret by its name; `undefined` where nobody has set it. It goes into a request and nowhere else. */
  secret(name: string): string | undefined;
}

/** One question to the network. */
export interface WebRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** What came back. Header names are in lower case. */
export interface WebResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Files that a kind's parser needs (a grammar), by package path: `tree-sitter-python/tree-sitter-python.wasm`. */
export interface Resources { bytes(specifier: string): Promise<Uint8Array> }

/** A kind of node. `contract` names its YAML under `contracts/nodes/`. */
export interface NodeKind {
  readonly name: string;
  readonly contract: string;
  /** Fence languages whose default kind this is. */
  readonly languages: readonly string[];
  /** Raised when the same body and inputs would give another result; part of the action key. */
  readonly keyVersion: number;
  /** Raised when `analyse` would tell something else of the same body; part of the cache of analyses. */
  readonly analysisVersion: number;
  /** Loads what `analyse` needs, once. Never called when the analysis is cached. */
  prepare?(resources: Resources): Promise<void>;
  /** Parses a body. Never runs it, never throws for what the body says. */
  analyse(cell: Cell): Analysis;
  /** The engines that a step of this cell will use; their identities are part of its key. */
  engines(cell: Cell): readonly string[];
  /** Does a step. A `graph` has none: it expands when the graph is built. */
  run?(step: Step, context: StepContext): Promise<Outcome>;
}

/** Identity: gives a kind its type and nothing else. */
export function defineNode<K extends NodeKind>(kind: K): K { return kind; }
