/**
 * What a coordinator and its workers say to each other. Types only; `codec.ts` makes frames of them.
 *
 * The link knows nothing of what a task is: its *payload* is a piece of JSON that it carries, with *bulk* beside it (small blobs, each
 * at most 64 KiB; whatever is larger travels through the store and is named in the payload). Paranoid Pirate's READY and HEARTBEAT, and
 * what fencing, reconnection and streams need beside them.
 */
import type { ErrorJSON } from '../../../contracts/errors.ts';

/** JSON that the link carries and does not look into. */
export type Payload = Readonly<Record<string, unknown>>;

/** A task that a worker has: it computes, or has a result that nobody has accepted yet. */
export interface InFlight {
  readonly task: string;
  /** What the task is, by content: two tasks of one key are the same work. A coordinator that was restarted knows it by this. */
  readonly key: string;
  readonly epoch: number;
  readonly state: 'computing' | 'done';
}

/** What the worker's link process sees of its compute child. `progress` grows while the child gets on, whatever its unit; 0: that cannot be seen. */
export interface Vital {
  readonly task?: string;
  readonly progress: number;
  /** Bytes of memory of link and child together. */
  readonly memory: number;
}

/** From a worker. */
export type FromWorker =
  | { readonly type: 'ready'; readonly worker: string; readonly class: string; readonly pid: number; readonly versions: Readonly<Record<string, string>>; readonly capabilities: readonly string[]; readonly tasks: readonly InFlight[] }
  | { readonly type: 'heartbeat'; readonly vital: Vital }
  | { readonly type: 'begun'; readonly task: string; readonly epoch: number }
  | { readonly type: 'stream'; readonly task: string; readonly epoch: number; readonly stream: 'stdout' | 'stderr' | 'progress'; readonly text: string }
  /** The end of a task: its outcome (with bulk), or its error. Sent again after every RESYNC until it is answered. */
  | { readonly type: 'result'; readonly task: string; readonly epoch: number; readonly payload?: Payload; readonly error?: ErrorJSON }
  /** A record for the journal. Nobody but the coordinator opens that file. */
  | { readonly type: 'log'; readonly record: Payload }
  /** It leaves in order: an asked-for stop. */
  | { readonly type: 'goodbye' };

/** To a worker. */
export type ToWorker =
  | { readonly type: 'heartbeat' }
  /** "I do not know you": the worker answers with READY. */
  | { readonly type: 'resync' }
  | { readonly type: 'task'; readonly task: string; readonly key: string; readonly epoch: number; readonly payload: Payload }
  /** A task that the worker told in READY goes on under this name and epoch. */
  | { readonly type: 'adopt'; readonly was: string; readonly task: string; readonly epoch: number }
  /** `soft`: interrupt the computation. `hard`: kill the compute child. */
  | { readonly type: 'cancel'; readonly task: string; readonly epoch: number; readonly how: 'soft' | 'hard'; readonly reason: string }
  /** The answer to a result: it is kept (`accepted`) or refused, its epoch being old; either way the worker forgets it. */
  | { readonly type: 'settled'; readonly task: string; readonly epoch: number; readonly accepted: boolean }
  /** Finish nothing more, say goodbye and end. */
  | { readonly type: 'stop' };

/** A message with its bulk. */
export interface Envelope<M> { readonly message: M; readonly bulk: readonly Uint8Array[] }

/** Largest piece of bulk, largest JSON, and largest message in all, in bytes; what is larger is nonsense. */
export const MOST_BULK = 64 * 1024;
export const MOST_JSON = 256 * 1024;
export const MOST_MESSAGE = 8 * 1024 * 1024;
