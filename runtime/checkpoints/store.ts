/**
 * Store: what runs leave behind. Rows (results under an action key), blobs (values by content), runs with their steps and
 * logs, and two caches (analyses of bodies, hashes of files).
 *
 * This file holds the types, and the rules that every store shares; `memory.ts` and `sqlite.node.ts` are the stores. A store
 * decides nothing: whether a row may be reused is the planner's question. One promise is kept here: *a row means that the value is there*.
 */
import type { EffectClass } from '../../contracts/contract.ts';
import { TelarError, type ErrorJSON } from '../../contracts/errors.ts';
import type { Display, ObservedRead, OutputValue } from '../../contracts/node.ts';
import type { Decision, How, NodeState, RunStatus } from '../../contracts/protocol.ts';
import type { Blobs, TableManifest, ValueRef } from '../../contracts/values.ts';
import type { Sha256 } from '../ports.ts';

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
  readonly parent?: string;
  /** Engines with their exact identities. */
  readonly engines: Readonly<Record<string, string>>;
  /** The nodes in the order of the plan. */
  readonly order: readonly string[];
  readonly pinned?: boolean;
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
   * @throws TelarError `value-missing` (a value was never put), `disk-full`, `read-only`, `locked`: then nothing was kept
   */
  addRow(row: Row): Promise<{ readonly row: Row; readonly evidence: boolean }>;
  /** Rows that contradicted a kept one (C5). */
  evidence(id: string): readonly Row[];
  /** Begins a run, or takes one over from a process that is gone: that one's later records are refused. */
  openRun(run: RunRecord): void;
  addStep(step: StepRecord): void;
  addLog(run: string, node: string, stream: string, text: string): void;
  /** @throws TelarError `lost` when another process has taken the run over; and as `addRow` */
  closeRun(id: string, status: RunStatus, ended: string): Promise<void>;
  run(id: string): RunRecord | undefined;
  /** Newest first; of one file, or all. */
  runs(file?: string): readonly RunRecord[];
  lastRun(file: string): RunRecord | undefined;
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
    if (known === undefined) { outputs[name] = value; grown = true; }
    else if (known.hash !== value.ref.hash || known.form !== value.ref.form) return { row: first, outcome: 'evidence' };
  }
  return grown ? { row: { ...first, outputs }, outcome: 'grown' } : { row: first, outcome: 'same' };
}
