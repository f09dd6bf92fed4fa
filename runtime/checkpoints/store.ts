/**
 * Store: what runs leave behind. Rows (results under an action key), blobs (values by content), runs with their steps and
 * logs, and two caches (analyses of bodies, hashes of files).
 *
 * This file holds the types, and the rules that every store shares; `memory.ts` and `sqlite.node.ts` are the stores. A store
 * decides nothing: whether a row may be reused is the planner's question. One promise is kept here: *a row means that the value is there*.
 */
import type { EffectClass } from '../../contracts/contract.ts';
import { TelarError, type ErrorJSON } from '../../contracts/errors.ts';
import type { Display, FileReceipt, ObservedRead, OutputValue } from '../../contracts/node.ts';
import type { Decision, How, NodeState, RunStatus } from '../../contracts/protocol.ts';
import type { Usage } from '../../contracts/models.ts';
import type { Blobs, TableManifest, ValueRef, ValueSummary } from '../../contracts/values.ts';
import type { Sha256 } from '../ports.ts';
import { isBrought } from './aside.ts';

/** One piece of a step's text streams, in order. */
export interface LogEntry { readonly stream: string; readonly text: string }

/** A result under its identity: (action key, digest of observed reads, take), P4. */
export interface Row {
  /** `rowId` of the three; also the hash of a live value that this row produced (P8). */
  readonly id: string;
  /** The action key. */
  readonly key: string;
  readonly reads: readonly ObservedRead[];
  /** `digestReads` of `reads`; `''` when nothing was read. */
  readonly readsDigest: string;
  /** Folder that the reads' paths start from, relative to the workspace root. */
  readonly folder: string;
  /** Raised by asking again on purpose; from 0. */
  readonly take: number;
  readonly outputs: Readonly<Record<string, OutputValue>>;
  readonly displays?: readonly Display[];
  readonly warnings?: readonly string[];
  /** Of a step that asked a model: what it cost then. A reuse costs nothing. */
  readonly usage?: Usage;
  /** Told again when the row is reused. */
  readonly logs?: readonly LogEntry[];
  readonly effect: EffectClass;
  /** Milliseconds of the work. */
  readonly ms: number;
  /** The run that made it. */
  readonly producedBy: string;
}

/** What became of one node in one run. Recording it again replaces it. */
export interface StepRecord {
  readonly run: string;
  readonly node: string;
  /** The notebook that the run was of, relative to the workspace root. */
  readonly file: string;
  readonly state: NodeState;
  readonly decision: Decision;
  readonly how?: How;
  readonly reason?: string;
  readonly key?: string;
  /** The parts of the key, for `why`: `code`, `input.P`, `param.K`, `engine.…`, `reads`. */
  readonly components?: Readonly<Record<string, string>>;
  /** Identity of the row that holds the outputs. */
  readonly row?: string;
  readonly ms?: number;
  readonly error?: ErrorJSON;
  readonly by?: readonly string[];
  /** Hash of the node's text. */
  readonly cell?: string;
}

/** One execution of one frozen plan (C1). */
export interface RunRecord {
  readonly id: string;
  readonly file: string;
  /** ISO 8601. */
  readonly started: string;
  readonly ended?: string;
  readonly status?: RunStatus;
  readonly targets: readonly string[];
  readonly inputs: Readonly<Record<string, unknown>>;
  /** By path: the hash of the blob that holds the text of the notebook, of nested ones, of helpers. */
  readonly texts: Readonly<Record<string, string>>;
  /** The run that this one was forked from. */
  readonly parent?: string;
  /** What a fork changed, in words: `--set year=2015`, `body of monthly`. */
  readonly edits?: readonly string[];
  /** The bundle that brought it: its file name. Its rows have the keys `imported/…`, so that nothing of it is reused unseen. */
  readonly bundle?: string;
  /** Not a run of a notebook: code that was replaced by what was made from its contract. `texts` has what it was, `edits` says what was done. */
  readonly of?: 'code';
  /** Engines with their exact identities. */
  readonly engines: Readonly<Record<string, string>>;
  /** The nodes in the order of the plan. */
  readonly order: readonly string[];
  readonly pinned?: boolean;
}

/** An effect about to be made (P7): kept before the call, closed with the row that is its receipt. One that stays open is in doubt. */
export interface Intent {
  /** The idempotency key: of action key and take. */
  readonly id: string;
  /** The action key. */
  readonly key: string;
  readonly run: string;
  readonly node: string;
  readonly file: string;
  /** ISO 8601. */
  readonly started: string;
  /** What it would do, in words: `write out/monthly.parquet`. */
  readonly what: string;
  /** The take that its receipt gets; asking again on purpose raises it. */
  readonly take: number;
  /** The file that it would write; `path` is from the workspace root. */
  readonly writes?: FileReceipt & { readonly path: string };
}

/** A log entry with its node. */
export interface RunLog extends LogEntry { readonly node: string }

/** Something found damaged (C3). It was set aside and is not served; what depended on it will be computed again. */
export interface Damage {
  readonly what: 'blob' | 'row' | 'database';
  /** Hash of the blob, identity of the record, or name of the database. */
  readonly id: string;
  /** Where the damaged thing was put, when it is a file. */
  readonly path?: string;
  readonly message: string;
}

/** A byte store that also knows sizes without reading. */
export interface SizedBlobs extends Blobs {
  /** Bytes of a blob that is there; `undefined` when it is not. */
  size(hash: string): number | undefined;
}

/** Rows, blobs, runs and caches. Look-ups are synchronous and see what is not committed yet; promises resolve when durable. */
export interface Store {
  readonly blobs: SizedBlobs;
  /** Rows of a key: the highest take first, then the oldest. Nothing damaged. */
  rows(key: string): readonly Row[];
  row(id: string): Row | undefined;
  /** Whether every kept value of a row is present with its size (P4). A table's columns count. */
  holds(row: Row): boolean;
  /**
   * Keeps a row; resolves when it and its values are durable. A row of the same identity stays: outputs that it had only
   * summarised are added to it; a contradicting one is kept as evidence beside it (C5), unless its own values are lost.
   * @param closes the intent whose receipt this row is: closed in the same transaction
   * @throws TelarError `value-missing` (a value was never put), `disk-full`, `read-only`, `locked`: then nothing was kept
   */
  addRow(row: Row, closes?: string): Promise<{ readonly row: Row; readonly evidence: boolean }>;
  /** Rows that contradicted a kept one (C5). */
  evidence(id: string): readonly Row[];
  /**
   * Keeps collections of other processes away, for values that are put before the record that names them; an open run does so by
   * itself. @returns what lets go
   */
  hold(): () => void;
  /** Begins a run, or takes one over from a process that is gone: that one's later records are refused. @throws TelarError `locked`, `disk-full`, `read-only` */
  openRun(run: RunRecord): void;
  addStep(step: StepRecord): void;
  addLog(run: string, node: string, stream: string, text: string): void;
  /** @throws TelarError `lost` when another process has taken the run over; and as `addRow` */
  closeRun(id: string, status: RunStatus, ended: string): Promise<void>;
  run(id: string): RunRecord | undefined;
  /** Keeps an intent; resolves when it is durable. One of the same id that is open stays: somebody else is at it. @throws as `addRow` */
  addIntent(intent: Intent): Promise<void>;
  /** The effects in doubt or being made: intents without a receipt, oldest first. */
  intents(): readonly Intent[];
  /** The open intent of an action key. */
  intent(key: string): Intent | undefined;
  /** Before an effect is decided: brings back what was kept of this action key besides, and has been lost since. */
  recall(key: string): void;
  /** Closes an intent without a receipt: what it would do is known not to have been done, or a person says so. */
  dropIntent(id: string): Promise<void>;
  /** Pins a run, so that it is kept whatever the retention says (C6), or lets it go. @throws TelarError `unknown-run` */
  pin(run: string, pinned: boolean): Promise<void>;
  /** The run that a person restored as the shown one of its file (C4), until the next run of that file. */
  shown(file: string): string | undefined;
  /** @throws TelarError `unknown-run` */
  show(file: string, run: string): Promise<void>;
  /** What a person has allowed, by the hash of the code and of what it asks for (security.md 4). */
  granted(hash: string): boolean;
  grant(hash: string): Promise<void>;
  /** Takes back what was allowed; what was not allowed is no error. */
  revoke(hash: string): Promise<void>;
  /** Keeps a whole run that was made elsewhere, in one transaction; its blobs have been put, but for opaque ones. @throws as `addRow`; `refused` when there is a run of that id */
  importRun(run: RunRecord, parts: { readonly steps: readonly StepRecord[]; readonly rows: readonly Row[]; readonly logs: readonly RunLog[] }): Promise<void>;
  /** Newest first; of one file, or all. */
  runs(file?: string): readonly RunRecord[];
  /** The newest one that was made of the file itself: neither a fork nor an import. */
  lastRun(file: string): RunRecord | undefined;
  /** Whether a run is going on: it is not closed, and the process that has it open is at work. */
  isLiving(run: string): boolean;
  /** In the order in which they were recorded. */
  steps(run: string): readonly StepRecord[];
  /** The newest record with a key of this node in this file, of any run. */
  lastStep(file: string, node: string): StepRecord | undefined;
  /** The records with a key of this node in this file, newest first; at most 1,000. */
  history(file: string, node: string): readonly StepRecord[];
  logs(run: string, node?: string): readonly RunLog[];
  /** Cache of analyses: JSON under a key that covers all it came from. */
  analysis(key: string): string | undefined;
  setAnalysis(key: string, json: string): void;
  /** Cache of file hashes: the SHA-256 of a file whose stamp is still this one. */
  fileHash(path: string, stamp: string): string | undefined;
  setFileHash(path: string, stamp: string, sha: string): void;
  /** Commits what is gathered. @throws as `addRow` */
  flush(): Promise<void>;
  /** Commits and lets go. No call may follow. */
  close(): Promise<void>;
}

/** Identity of a row (P4), as one hash. */
export function rowId(sha256: Sha256, row: Pick<Row, 'key' | 'readsDigest' | 'take'>): string {
  return sha256(`${row.key}/${row.readsDigest}/${row.take}`);
}

/** Canonical digest of observed reads: the same for any order; `''` for none. */
export function digestReads(sha256: Sha256, reads: readonly ObservedRead[]): string {
  if (reads.length === 0) return '';
  const lines = reads.map((read) => JSON.stringify([read.what, read.path, read.saw]));
  return sha256([...new Set(lines)].sort().join('\n'));
}

/** Whether the blobs hold a value whole. A live value has none. */
function holdsValue(blobs: SizedBlobs, ref: ValueRef): boolean {
  if (ref.form === 'live') return true;
  if (ref.form !== 'table') return blobs.size(ref.hash) === ref.bytes;
  const manifest = blobs.get(ref.hash);
  if (manifest === undefined) return false;
  const { columns } = JSON.parse(new TextDecoder().decode(manifest)) as TableManifest;
  return columns.every((column) => blobs.size(column.blob) === column.bytes);
}

/** Whether the blobs hold all that a row names. */
export function holdsRow(blobs: SizedBlobs, row: Row): boolean {
  for (const name in row.outputs) {
    const ref = row.outputs[name]?.ref;
    if (ref !== undefined && !holdsValue(blobs, ref)) return false;
  }
  return (row.displays ?? []).every((display) => blobs.size(display.hash) === display.bytes);
}

/** Whether the blobs hold all of a row that a bundle may bring: it brings no pickle (C7). */
export function holdsBundled(blobs: SizedBlobs, row: Row): boolean {
  return holdsRow(blobs, { ...row, outputs: Object.fromEntries(Object.entries(row.outputs).filter(([, { ref }]) => ref?.form !== 'opaque')) });
}

/** The blobs of the columns that a text names, if it is a table's manifest. */
export function columnsOf(text: string | undefined): readonly string[] {
  try {
    return (JSON.parse(text ?? '') as TableManifest).columns.map((column) => column.blob);
  } catch {
    return [];
  }
}

/**
 * The blobs that hold what a row gave: its outputs, with the columns of tables, and its displays. A bundle brings no pickle (C7).
 * @param textOf the text of a manifest, if it is there
 */
export function valuesOf(row: Row, textOf: (hash: string) => string | undefined): readonly string[] {
  const brought = isBrought(row);
  const refs = Object.values(row.outputs).flatMap(({ ref }) => (ref === undefined || ref.form === 'live' || (brought && ref.form === 'opaque') ? [] : [ref]));
  return [...refs.flatMap(({ form, hash }) => (form === 'table' ? [hash, ...columnsOf(textOf(hash))] : [hash])), ...(row.displays ?? []).map((display) => display.hash)];
}

/** Whether a run is not of the file as it stands in the workspace: a fork, or an import. */
export function isAside(run: Pick<RunRecord, 'parent' | 'bundle'>): boolean {
  return run.parent !== undefined || run.bundle !== undefined;
}

/** @throws TelarError `unknown-run`, always */
export function unknownRun(id: string): never {
  throw new TelarError('unknown-run', `There is no run ${id} here. \`telar runs\` lists them.`, { run: id });
}

/** The error of an import whose run is here already. */
export function alreadyHere(id: string): TelarError {
  return new TelarError('refused', `There is a run ${id} in this workspace already; nothing was imported.`, { run: id });
}

/** The error of a row whose values were not put before it. */
export function rowWithoutValues(row: Row): TelarError {
  return new TelarError('value-missing', `The result under key ${row.key.slice(0, 12)} names a value that is not in the store; run the step again.`, { row: row.id });
}

/**
 * What becomes of a second row for one identity: `same` (nothing new), `grown` (outputs that were only summarised are now
 * kept too), or `evidence` (an output that both keep differs: the first stays, C5).
 */
export function meet(first: Row, second: Row): { readonly row: Row; readonly outcome: 'same' | 'grown' | 'evidence' } {
  const outputs: Record<string, OutputValue> = { ...first.outputs };
  let grown = false;
  for (const [name, value] of Object.entries(second.outputs)) {
    if (value.ref === undefined) continue;
    const known = outputs[name]?.ref;
    if (known === undefined && outputs[name] !== undefined && !alike(outputs[name].summary, value.summary)) return { row: first, outcome: 'evidence' };
    if (known === undefined) { outputs[name] = value; grown = true; }
    else if (known.hash !== value.ref.hash || known.form !== value.ref.form) return { row: first, outcome: 'evidence' };
  }
  return grown ? { row: { ...first, outputs }, outcome: 'grown' } : { row: first, outcome: 'same' };
}

/** Whether a value may be the one of which only a summary was kept. */
function alike(summary: ValueSummary, other: ValueSummary): boolean {
  return summary.type === other.type && summary.preview === other.preview && summary.rows === other.rows;
}
