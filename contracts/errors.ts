/**
 * Errors and problems: the two ways in which Telar says that something is wrong.
 *
 * A `Problem` is a finding about a document (file, line, column, node); it is returned, never thrown.
 * A `TelarError` fails a step or a command; it is thrown, has a code that programs can read, and survives the wire by
 * `toJSON` and `fromJSON`. Bugs throw plain `Error`s. A message says what happened and what to do.
 */

/** Codes of findings in a document. The first eight are those of `semantics.md`, last section. */
export type ProblemCode =
  | 'missing-name' | 'ambiguous-name' | 'cycle' | 'duplicate-id' | 'unknown-kind' | 'unknown-key' | 'syntax' | 'rebinding'
  | 'bad-value' | 'missing-key' | 'front-matter' | 'generation' | 'conflict' | 'missing-file' | 'not-utf8' | 'bad-id'
  | 'cross-language' | 'star-import' | 'undeclared-write' | 'unwired-input' | 'unavailable' | 'type-mismatch' | 'not-in-generation'
  | 'pending' | 'drifted' | 'version-too-low';

/** Codes of errors that fail a step or a command. */
export type ErrorCode =
  | 'exception' | 'timeout' | 'memory' | 'output-limit' | 'check-red' | 'lost' | 'poison' | 'covenant' | 'syntax'
  | 'missing-file' | 'bad-file' | 'bad-input' | 'value-type' | 'value-missing' | 'unsupported-type' | 'refused'
  | 'cancelled' | 'unavailable' | 'usage' | 'unreadable' | 'newer-generation' | 'damaged' | 'locked' | 'disk-full'
  | 'read-only' | 'internal' | 'in-doubt' | 'input-gone' | 'forged' | 'network' | 'unknown-run' | 'divergent' | 'bad-answer';

/** A span of a text, in UTF-16 units, end exclusive. */
export interface Range { readonly from: number; readonly to: number }

/** A finding about a document, with its place. Lines and columns count from 1, columns in UTF-16 units. */
export interface Problem {
  readonly code: ProblemCode;
  readonly severity: 'error' | 'warning' | 'info';
  readonly message: string;
  /** Workspace-relative or given path of the notebook. */
  readonly file?: string;
  readonly line: number;
  readonly column: number;
  /** The node's path, where the finding belongs to one. */
  readonly node?: string;
  /** Facts a program may want: candidates, the path of a cycle, the nearest valid key. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** A finding inside one body; the document adds file, line, column and node. */
export interface BodyProblem {
  readonly code: ProblemCode;
  readonly severity: 'error' | 'warning' | 'info';
  readonly message: string;
  /** Place within the body. */
  readonly at: Range;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** The wire form of a `TelarError`. A node that its definition fails bears the code of that problem. */
export interface ErrorJSON {
  readonly code: ErrorCode | ProblemCode;
  readonly message: string;
  /** Line in the notebook file, from 1, where the error has such a place. */
  readonly line?: number;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** An error that a program can act on and a person can read. */
export class TelarError extends Error {
  readonly code: ErrorCode | ProblemCode;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode | ProblemCode, message: string, data: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TelarError';
    this.code = code;
    this.data = data;
  }

  /** Line in the notebook, where known. */
  get line(): number | undefined {
    return typeof this.data.line === 'number' ? this.data.line : undefined;
  }

  toJSON(): ErrorJSON {
    const { line, ...data } = this.data;
    return {
      code: this.code, message: this.message,
      ...(typeof line === 'number' ? { line } : {}),
      ...(Object.keys(data).length > 0 ? { data } : {}),
    };
  }

  /** Rebuilds what `toJSON` wrote. */
  static fromJSON(json: ErrorJSON): TelarError {
    return new TelarError(json.code, json.message, { ...json.data, ...(json.line === undefined ? {} : { line: json.line }) });
  }

  /** Any thrown thing as a `TelarError`; what is not one already becomes `internal` (or `code`). */
  static from(error: unknown, code: ErrorCode = 'internal'): TelarError {
    if (error instanceof TelarError) return error;
    const message = error instanceof Error ? error.message : String(error);
    return new TelarError(code, message, {}, { cause: error });
  }
}
