/**
 * Channels: the five sockets to one kernel. Each has one owner, one receive in flight and a queue for what is to be sent, since zeromq.js throws at a second.
 *
 * They are connected before the kernel binds its ends; ZeroMQ waits for it. Nothing here knows what a message means.
 */
import { randomUUID } from 'node:crypto';
import type { Dealer, Subscriber } from 'zeromq';
import { BadMessage, LARGEST, type Message, type Session } from './message.node.ts';

/** Channels that carry messages. The heartbeat carries pings. */
export type ChannelName = 'shell' | 'control' | 'stdin' | 'iopub';

/** Where each channel is. */
export type Addresses = Readonly<Record<ChannelName | 'hb', string>>;

/** What comes in. */
export interface ChannelEvents {
  message(channel: ChannelName, message: Message): void;
  bad(channel: ChannelName, error: BadMessage): void;
  /** The kernel's process echoed a ping. */
  beat(): void;
}

/** Most messages that wait to be sent; a kernel that takes none for so long is not there. */
const MOST_WAITING = 1000;

/** The open channels of one kernel. */
export interface Channels {
  /** Sends a message and gives its id. */
  send(channel: Exclude<ChannelName, 'iopub'>, type: string, content: unknown, parent?: unknown): string;
  ping(): void;
  close(): void;
}

/** Connects to all channels. The add-on is loaded here, at the first kernel. */
export async function openChannels(addresses: Addresses, session: Session, events: ChannelEvents): Promise<Channels> {
  const { Context, Dealer, Subscriber } = await import('zeromq');
  const context = new Context({ blocky: false });
  const options = { context, linger: 0, maxMessageSize: LARGEST, reconnectInterval: 50, receiveHighWaterMark: 10_000 };
  const identity = randomUUID(); // one for all: a kernel asks on stdin whoever spoke on shell
  const dealers = new Map((['shell', 'control', 'stdin', 'hb'] as const).map((name) => [name, new Sender(new Dealer({ ...options, sendHighWaterMark: 1000, routingId: identity }))]));
  const iopub = new Subscriber(options);
  iopub.subscribe();
  iopub.connect(addresses.iopub);
  const take = (channel: ChannelName, frames: Buffer[]): void => {
    let message: Message;
    try {
      message = session.unpack(frames);
    } catch (error) {
      if (error instanceof BadMessage) events.bad(channel, error);
      return;
    }
    events.message(channel, message);
  };
  void receive(iopub, (frames) => take('iopub', frames));
  for (const [name, { socket }] of dealers) {
    socket.connect(addresses[name]);
    void receive(socket, (frames) => (name === 'hb' ? events.beat() : take(name, frames)));
  }
  return {
    send(channel, type, content, parent) {
      const { id, frames } = session.pack(type, content, parent);
      dealers.get(channel)!.send(frames);
      return id;
    },
    ping: () => dealers.get('hb')!.send(['', 'ping']),
    close() {
      for (const { socket } of dealers.values()) socket.close();
      iopub.close();
    },
  };
}

/** Hands on what a socket receives until it is closed. */
async function receive(socket: Dealer | Subscriber, take: (frames: Buffer[]) => void): Promise<void> {
  while (!socket.closed) {
    try {
      take(await socket.receive());
    } catch (error) {
      // A socket that fails for good is told by the heartbeat.
      if (socket.closed || (error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
    }
  }
}

/** The one owner of a socket's sending end. */
class Sender {
  readonly socket: Dealer;
  readonly #waiting: (Buffer | string)[][] = [];
  #busy = false;

  constructor(socket: Dealer) { this.socket = socket; }

  send(frames: (Buffer | string)[]): void {
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push(frames);
    if (!this.#busy) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    for (let next = this.#waiting.shift(); next !== undefined && !this.socket.closed; next = this.#waiting.shift()) {
      try {
        await this.socket.send(next);
      } catch { /* closed under it */ }
    }
    this.#busy = false;
  }
}
