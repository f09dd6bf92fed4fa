/**
 * Values: what travels along a wire, and how it is named by its content.
 *
 * A value is one of seven forms. Its *blob* is a byte string, its hash is the SHA-256 of that blob in hex, and equal hashes
 * with equal forms mean equal values. A table's blob is its manifest, which names one blob per column; so cutoff, storage and
 * reading work by column. Nothing here encodes or decodes: `runtime/values/` does, and each engine has its own bridge.
 */

/**
 * - `table`: rows and typed columns; blob = the manifest (`TableManifest`, canonical JSON).
 * - `record`: JSON with tags for what JSON lacks; a number, string-keyed map, list, boolean and null are records too.
 * - `text`: a Unicode string; blob = its UTF-8.
 * - `bytes`: a byte string with a media type.
 * - `array`: numbers of one machine type with a shape; blob = a JSON header line, a line feed, the little-endian data.
 * - `opaque`: a Python object that is none of these, pickled; only the Python realm can read it.
 * - `live`: a function, class or open object: it has no blob; a reader runs its producer in its own realm.
 */
export type ValueForm = 'table' | 'record' | 'text' | 'bytes' | 'array' | 'opaque' | 'live';

/** What a port may ask for. `any` takes all; `number`, `integer`, `boolean`, `string`, `list`, `null` are records by shape. */
export type PortType = ValueForm | 'any' | 'number' | 'integer' | 'boolean' | 'string' | 'list' | 'null';

/** A value by its content. */
export interface ValueRef {
  readonly form: ValueForm;
  /** SHA-256 of the blob, lower-case hex. For a `live` value: the identity of the row that produced it. */
  readonly hash: string;
  /** Size in bytes: of the blob, for a table of its manifest and all its columns. */
  readonly bytes: number;
  /** For `bytes`, and for a record or text that has a view of its own (a chart, a check's report, Markdown). */
  readonly mediaType?: string;
  /** `live` only: what kind of thing it is, and the language it lives in. */
  readonly live?: { readonly what: 'function' | 'class' | 'object'; readonly language: string };
}

/** What can be said of a value without reading it: for lists, logs, and outputs that nobody kept. */
export interface ValueSummary {
  /** `table 1461 × 6`, `number`, `list of 12`, `text of 40 characters`. */
  readonly type: string;
  /** At most 400 characters for a person. */
  readonly preview: string;
  readonly rows?: number;
  readonly columns?: readonly { readonly name: string; readonly type: string }[];
}

/** One column of a stored table. */
export interface ColumnManifest {
  readonly name: string;
  /** DuckDB's exact type, in DuckDB's own spelling: `DECIMAL(18,3)`, `STRUCT(a INTEGER, b VARCHAR[])`, `TIMESTAMP WITH TIME ZONE`. */
  readonly type: string;
  /** SHA-256 of the column's blob: a canonical Arrow IPC stream of this one column (one batch, zeroed null slots). */
  readonly blob: string;
  readonly bytes: number;
}

/** The blob of a table. Key order is as written here; the JSON has no spaces. */
export interface TableManifest {
  readonly rows: number;
  readonly columns: readonly ColumnManifest[];
}

/** A byte store by content. In Node it is synchronous; a host without synchronous files preloads what a step needs. */
export interface Blobs {
  /** Keeps the bytes and gives their SHA-256. They are durable only after the store's next flush (C2). */
  put(bytes: Uint8Array): string;
  /** The bytes, checked against their hash at the first read in this process; `undefined` when absent or damaged (C3). */
  get(hash: string): Uint8Array | undefined;
  has(hash: string): boolean;
  /** A file that holds exactly these bytes, for engines that read by path; `undefined` where there are no files. */
  path(hash: string): string | undefined;
  /** Takes over a finished file (moved, not copied, where the file system allows it) and gives its SHA-256. */
  adopt?(path: string): string;
}

/** A table as portable code sees it: columns on demand, values in the JavaScript form of `document.md`. */
export interface TableView {
  readonly rows: number;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** All values of one column. Exact: BigInt where the column does not fit a Number; see `runtime/values/scalars.ts`. */
  column(name: string): readonly unknown[];
  row(index: number): Record<string, unknown>;
}
