/**
 * A worker's socket: a DEALER under a name that is used once. ZeroMQ's own reconnecting is off, since it would come back under the old name
 * and lose what was on its way; when to come back is the worker's end's to say (W3).
 *
 * Messages wait in a bounded queue of ours and are sent one after the other. A little `linger` is left here, unlike at the
 * coordinator, so that a goodbye gets out.
 */
import { context, Dealer as Socket } from 'zeromq';
import { decodeToWorker, encodeMessage } from './codec.ts';
import type { KeyPair } from './curve.node.ts';
import { type Envelope, MOST_JSON, type ToWorker } from './messages.ts';
import type { Dealer, Endpoint } from './sockets.ts';
import { TIMING } from './timing.ts';

/** What comes in at a worker. */
export interface DealerEvents {
  message(envelope: Envelope<ToWorker>): void;
  /** Bytes that are no message, or a coordinator that takes none. */
  nonsense(reason: string): void;
}

const WAITING = 1_000;
/** Bytes that wait here when ZeroMQ takes no more. What comes beyond is lost; a result is given again (W4). */
const QUEUE = 32 * 1024 * 1024;
const LINGER = 200;

/** Connects. It never fails: what does not answer is found out by its silence. */
export function createDealer({ address, serverKey }: Endpoint, identity: string, events: DealerEvents, keys?: KeyPair): Dealer {
  context.blocky = false;
  const socket = new Socket({
    routingId: identity, linger: LINGER, reconnectInterval: -1, maxMessageSize: MOST_JSON, sendHighWaterMark: WAITING, receiveHighWaterMark: WAITING,
    heartbeatInterval: TIMING.interval, heartbeatTimeout: TIMING.interval * TIMING.liveness,
    ...(serverKey === undefined || keys === undefined ? {} : { curveServerKey: serverKey, curvePublicKey: keys.publicKey, curveSecretKey: keys.secretKey }),
  });
  let open = true;
  let sending = false;
  let queue: (readonly Uint8Array[])[] = [];
  let size = 0;

  const drain = async (): Promise<void> => {
    sending = true;
    try {
      while (open && queue.length > 0) {
        const batch = queue;
        queue = [];
        for (const frames of batch) {
          await socket.send(frames as Uint8Array[]);
          size -= sizeOf(frames);
        }
      }
    } catch { /* it was closed */ } finally {
      sending = false;
    }
  };
  const listen = async (): Promise<void> => {
    try {
      while (open) {
        const heard = decodeToWorker(await socket.receive());
        if (!open) return;
        if ('message' in heard) events.message(heard);
        else events.nonsense(heard.nonsense);
      }
    } catch (error) {
      if (open) throw error;
    }
  };

  socket.connect(address);
  void listen();
  return {
    send(message, bulk) {
      if (!open) return;
      const frames = encodeMessage(message, bulk);
      if (size + sizeOf(frames) > QUEUE) {
        events.nonsense(`the coordinator takes no messages; ${size} bytes wait`);
        return;
      }
      size += sizeOf(frames);
      queue.push(frames);
      if (!sending) void drain();
    },
    close() {
      if (!open) return;
      open = false;
      socket.close();
    },
  };
}

const sizeOf = (frames: readonly Uint8Array[]): number => frames.reduce((sum, { length }) => sum + length, 0);
