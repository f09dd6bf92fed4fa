/**
 * The coordinator's socket: a ROUTER that one owner sends and receives with.
 *
 * With `sendTimeout: 0` zeromq.js hands a message to ZeroMQ within the call, so there is no second send that could find the first in
 * progress, and no queue of ours: the queue is ZeroMQ's own, bounded per peer. A peer whose queue is full, or that is gone, is
 * `unreachable`. The road not taken: `handover`, by which whoever says a worker's name takes its place.
 */
import { rmSync } from 'node:fs';
import { context as common, Router as Socket } from 'zeromq';
import { TelarError } from '../../../contracts/errors.ts';
import { decodeFromWorker, encodeMessage } from './codec.ts';
import { createGuard, DOMAIN, type KeyPair } from './curve.node.ts';
import { MOST_JSON } from './messages.ts';
import type { Router, RouterEvents } from './sockets.ts';
import { TIMING } from './timing.ts';

/** Where to listen. */
export interface Place {
  /** `ipc://…`, or `tcp://127.0.0.1:*`. */
  readonly address: string;
  /** The socket's file, where it has one. */
  readonly file?: string;
  /** Secures the socket; always there for TCP. */
  readonly keys?: KeyPair;
  /** Public keys of those who may speak there. It may change. */
  readonly allowed: ReadonlySet<string>;
}

/** Messages that wait for one peer, each way. */
const WAITING = 1_000;
/** Most messages of one peer in a second, unless said. More is no worker of ours. */
const MOST_A_SECOND = 50_000;
/** Peers whose messages are counted. */
const MOST_PEERS = 1_000;
/** How long a connection may take to say what it is, in milliseconds. */
const HANDSHAKE = 2_000;

const NAME = /^[\w.:-]{1,128}$/;

/** Listens. @throws TelarError `unavailable` where the address cannot be taken */
export async function createRouter(place: Place, events: RouterEvents, most = MOST_A_SECOND): Promise<Router> {
  common.blocky = false;
  const { keys, allowed, address, file } = place;
  const guard = keys === undefined ? undefined : await createGuard(allowed);
  const socket = new Socket({
    mandatory: true, sendTimeout: 0, linger: 0, maxMessageSize: MOST_JSON, sendHighWaterMark: WAITING, receiveHighWaterMark: WAITING,
    handshakeInterval: HANDSHAKE, heartbeatInterval: TIMING.interval, heartbeatTimeout: TIMING.interval * TIMING.liveness,
    ...(keys === undefined || guard === undefined ? {} : { context: guard.context, curveServer: true, curveSecretKey: keys.secretKey, zapDomain: DOMAIN, zapEnforceDomain: true }),
  });
  try {
    await socket.bind(address);
  } catch (error) {
    socket.close();
    guard?.close();
    throw new TelarError('unavailable', `Workers cannot be reached at ${address}: ${(error as Error).message}. Is there room, and may its folder be written?`, { address }, { cause: error });
  }
  let open = true;
  const ended = listen(socket, events, most, () => open);
  return {
    endpoint: { address: socket.lastEndpoint ?? address, ...(keys === undefined ? {} : { serverKey: keys.publicKey }) },
    send(identity, message, bulk) {
      if (!open) return;
      socket.send([Buffer.from(identity, 'latin1'), ...encodeMessage(message, bulk)]).catch(() => { if (open) events.unreachable(identity); });
    },
    async close() {
      if (!open) return;
      open = false;
      socket.close();
      guard?.close();
      await ended;
      // ZeroMQ leaves it there.
      if (file !== undefined) rmSync(file, { force: true });
    },
  };
}

async function listen(socket: Socket, events: RouterEvents, most: number, open: () => boolean): Promise<void> {
  const counts = new Counts();
  try {
    while (open()) {
      const [name, ...frames] = await socket.receive();
      if (!open()) return;
      const identity = (name as Buffer).toString('latin1');
      const count = counts.add(identity);
      if (count > most) {
        if (count === most + 1) events.nonsense(identity, `more than ${most} messages in a second`);
        continue;
      }
      if (!NAME.test(identity)) {
        events.nonsense(`x${(name as Buffer).toString('hex', 0, 16)}`, 'a name that no worker has');
        continue;
      }
      const heard = decodeFromWorker(frames);
      if ('message' in heard) events.message(identity, heard);
      else events.nonsense(identity, heard.nonsense);
    }
  } catch (error) {
    // The end of a pending receive is how a close shows.
    if (open()) throw error;
  }
}

/** Messages per peer in the second that runs. */
class Counts {
  readonly #counts = new Map<string, number>();
  #until = 0;

  add(identity: string): number {
    const now = performance.now();
    if (now > this.#until || this.#counts.size > MOST_PEERS) {
      this.#counts.clear();
      this.#until = now + 1_000;
    }
    const count = (this.#counts.get(identity) ?? 0) + 1;
    this.#counts.set(identity, count);
    return count;
  }
}
