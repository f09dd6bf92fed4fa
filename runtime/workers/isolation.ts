/**
 * What an isolated step was granted (security.md 4, 6): plain data, part of a task, and, by hash, what a person's leave is given to.
 * Without any grant an isolated step has its work folder and nothing else.
 */
export interface Isolation {
  /** Origins that it may ask: `https://example.org`. Asked by the process around it, never by its own socket. */
  readonly network: readonly string[];
  /** Absolute files and folders outside the workspace that it may read. */
  readonly files: readonly string[];
  /** Programs that it may start: absolute paths, or names found on PATH. */
  readonly programs: readonly string[];
}
