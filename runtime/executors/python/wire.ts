/**
 * Wire: what parent and child of the Python engine say to each other. Types only.
 */
import type { ErrorJSON } from '../../../contracts/errors.ts';
import type { ObservedRead, Program } from '../../../contracts/node.ts';
import type { ValueForm, ValueSummary } from '../../../contracts/values.ts';
import type { World } from '../../ports.ts';

/** An input as the child gets it: a blob of its `in` folder (or inline), or a producer to run first (P8). */
export type JobInput =
  | { readonly form: ValueForm; readonly hash: string }
  | { readonly producer: JobProgram; readonly output: string };

/** A program as Python reads it. */
export interface JobProgram extends Pick<Program, 'code' | 'file' | 'line' | 'id' | 'wanted' | 'binds' | 'modules' | 'folder'> {
  readonly seed: number;
  readonly inputs: Readonly<Record<string, JobInput>>;
}

/** One step, parent to child. Milliseconds and bytes. */
export interface Job {
  readonly number: number;
  readonly program: JobProgram;
  readonly time: number;
  readonly memory: number;
  readonly output: number;
  /** Clock and entropy to show it. */
  readonly world?: World;
  /** Small blobs by hash; the others are files of the `in` folder. */
  readonly inline: Readonly<Record<string, Uint8Array>>;
}

/** A column as the child gives it: untouched, or its values as tagged JSON (a kept blob). */
type GivenColumn =
  | { readonly name: string; readonly ref: { readonly type: string; readonly blob: string; readonly bytes: number } }
  | { readonly name: string; readonly type: string | null; readonly file: number };

/** A kept blob: by its index among the small ones of the message, or as a file of the `out` folder. */
type Kept = number;

/** An output as the child gives it. */
export interface GivenOutput {
  readonly summary: ValueSummary;
  readonly form?: ValueForm;
  readonly file?: Kept;
  readonly what?: 'function' | 'class' | 'object';
  readonly table?: readonly GivenColumn[];
  readonly rows?: number;
}

/** The end of a step, child to parent. Blobs are numbered in order; those with a `path` are files of `out`, the others follow the message. */
export interface Result {
  readonly number: number;
  readonly outputs?: Readonly<Record<string, GivenOutput>>;
  readonly displays?: readonly { readonly mediaType: string; readonly file: Kept }[];
  readonly warnings?: readonly string[];
  readonly error?: ErrorJSON & { readonly type?: string; readonly traceback?: string; readonly column?: number };
  readonly reads: readonly ObservedRead[];
  /** Per kept blob: the index among the small ones, or the file's name. */
  readonly blobs: readonly (number | string)[];
  /** Bytes of Python's memory after the step; 0 when the child ends with it. */
  readonly heap: number;
}

/** How a child is started: one JSON argument. Absolute paths. */
export interface ChildOptions {
  readonly pyodide: string;
  readonly root: string;
  readonly in: string;
  readonly out: string;
  /** Folders of unpacked packages, in the order in which Python looks. */
  readonly packages?: readonly string[];
  /** Start from this snapshot; absent: a cold start. */
  readonly snapshot?: string;
  /** Files and folders outside the workspace that its steps may read. */
  readonly files?: readonly string[];
  /** Make a snapshot, write it here, and end. */
  readonly make?: string;
}
