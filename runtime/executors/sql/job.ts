/**
 * What the host and a SQL child say to each other. Control goes by message; bulk goes by path where there is one.
 */
import type { TelarError } from '../../../contracts/errors.ts';
import type { ValueSummary } from '../../../contracts/values.ts';
import type { ColumnData } from '../../values/column.ts';

/** A column to load: its blob, here or in a file. */
export interface ColumnInput { readonly name: string; readonly type: string; readonly bytes?: Uint8Array; readonly path?: string }

/** A table to lay before the statements. */
export interface TableInput { readonly schema: string | undefined; readonly name: string; readonly rows: number; readonly columns: readonly ColumnInput[] }

/** One step of SQL. */
export interface SqlJob {
  readonly sql: string;
  readonly tables: readonly TableInput[];
  /** `params[0]` is `$1`: a column blob of one row. */
  readonly params: readonly { readonly type: string; readonly bytes: Uint8Array }[];
  /** Absolute folder in which relative names are looked up. */
  readonly folder: string;
  /** Exactly what may be opened: absolute paths, and names and patterns as the SQL spells them. */
  readonly allowed: readonly string[];
  readonly threads: number;
  /** Seed of `random()`, `uuid()` and samples; absent: fresh chance. */
  readonly seed?: number;
  /** Bytes. */
  readonly memory: number;
  readonly output: number;
  /** A folder for large columns. */
  readonly scratch: string;
}

/** A column of the result: its blob, here or in a file of the scratch folder. */
export interface ColumnOutput { readonly name: string; readonly type: string; readonly size: number; readonly bytes?: Uint8Array; readonly path?: string }

/** How a step ended. `table` is absent when the last statement gives no rows. */
export type SqlReply =
  | { readonly ok: true; readonly table?: { readonly rows: number; readonly columns: readonly ColumnOutput[]; readonly summary: ValueSummary } }
  | { readonly ok: false; readonly code: TelarError['code']; readonly message: string; readonly position?: number; readonly data?: Readonly<Record<string, unknown>> };

/** What an engine gives back within its process. */
export interface SqlResult { readonly rows: number; readonly columns: readonly { readonly name: string; readonly data: ColumnData }[] }

/** How a running job is stopped, where the engine can be. */
export interface Control { interrupt?: () => void }

/** To a child. */
export type ToChild = { readonly type: 'run'; readonly job: SqlJob } | { readonly type: 'interrupt' };
