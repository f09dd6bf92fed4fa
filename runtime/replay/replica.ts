/**
 * Replica: a folder that stands for the workspace as a past run saw it, with engines that see nothing else. Engines read by path,
 * as always; no engine knows that it looks at the past. The road not taken: a file system of our own under each engine.
 *
 * What is in it is the matter of `materialise.ts`; a host makes it and takes it away.
 */
import type { SizedBlobs } from '../checkpoints/store.ts';
import type { RuntimePorts } from '../runtime.ts';

/** What stands at a path of a replica. */
export type Content =
  | { readonly what: 'bytes'; readonly bytes: Uint8Array }
  /** A value of the store. */
  | { readonly what: 'blob'; readonly hash: string }
  /** The file that the workspace has there now. */
  | { readonly what: 'workspace' }
  /** A file that nobody reads, of which only the size was looked at. */
  | { readonly what: 'size'; readonly size: number }
  | { readonly what: 'folder' };

/** A replica of a workspace. */
export interface Replica {
  /** The host's own, but files, observer and engines see the replica. Files that are written go to the workspace itself. */
  readonly ports: RuntimePorts;
  /** The store's values, and beside them those that steps make in the replica: nobody keeps these. */
  readonly results: SizedBlobs;
  /** Puts something at a path. @returns whether it is there now: it is not when its bytes are lost, or a file is in the way */
  put(path: string, content: Content): boolean;
  /** Ends the engines and takes the folder away. */
  close(): Promise<void>;
}

/** A runtime's ports on a host that can make replicas. */
export interface ReplayPorts extends RuntimePorts {
  /** An empty replica. @throws TelarError `disk-full`, `read-only` */
  replica(): Replica;
}
