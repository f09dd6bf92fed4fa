/** The link's two sockets, as their drivers see them. `router.node.ts` and `dealer.node.ts` make them over zeromq.js. */
import type { Envelope, FromWorker, ToWorker } from './messages.ts';

/** Where a coordinator listens. `serverKey`: its CURVE public key (Z85), where the transport is TCP; it is always there then. */
export interface Endpoint { readonly address: string; readonly serverKey?: string }

/** What comes in at the coordinator. */
export interface RouterEvents {
  message(identity: string, envelope: Envelope<FromWorker>): void;
  /** Bytes that are no message, or too many of them. */
  nonsense(identity: string, reason: string): void;
  /** A frame that could not be delivered. */
  unreachable(identity: string): void;
}

/** The coordinator's socket: ROUTER, `mandatory`, one owner, a bounded queue. Sending never throws and never waits. */
export interface Router {
  readonly endpoint: Endpoint;
  send(identity: string, message: ToWorker, bulk?: readonly Uint8Array[]): void;
  close(): Promise<void>;
}

/** The worker's socket: DEALER. A new one for each identity. */
export interface Dealer {
  send(message: FromWorker, bulk?: readonly Uint8Array[]): void;
  close(): void;
}
