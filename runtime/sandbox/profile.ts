/**
 * Wall: what a walled-off program may have of the machine, as plain data. Three systems know how to hold a program to it
 * (`bubblewrap.ts`, `sandbox-exec.ts`, `windows-sandbox.ts`); each of those is a pure text of this. What is not listed is not there.
 *
 * Nothing here says network: a walled-off program never has any. What it may ask, the process around it asks for it (T4).
 */

/** All paths are absolute and real (no symbolic links). */
export interface Wall {
  /** Files and folders that it may read, and run programs of. */
  readonly reads: readonly string[];
  /** Folders that it may write. */
  readonly writes: readonly string[];
  /** Folders inside `reads` that are empty to it: `.telar`, `.git`. What is listed above and lies in them is there still. */
  readonly hides?: readonly string[];
  /** Where it starts; one of the folders above. */
  readonly cwd: string;
  /** All of its environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Paths with every folder before what lies in it: a mount of a folder hides what was mounted below it before. */
export function outermostFirst<T extends { readonly path: string }>(places: readonly T[]): readonly T[] {
  const depth = (path: string): number => path.split(/[\\/]/).filter((part) => part !== '').length;
  return [...places].sort((a, b) => depth(a.path) - depth(b.path));
}
