/** A peer that speaks ZeroMQ's protocol (ZMTP 3.0, NULL) by hand, so that it can speak it badly. */
import { connect, type Socket } from 'node:net';

/** A frame: its flags (1 more, 2 long, 4 command), the size that it says, and its bytes. */
export const frame = (body: Uint8Array | string, flags = 0, says = Buffer.from(body).length): Buffer => {
  const bytes = Buffer.from(body);
  const size = says > 255 || (flags & 2) !== 0 ? Buffer.concat([Buffer.from([flags | 2]), Buffer.alloc(8)]) : Buffer.from([flags, says]);
  if (size.length > 2) size.writeBigUInt64BE(BigInt(says), 1);
  return Buffer.concat([size, bytes]);
};

const text = (name: string, value: string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(value));
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), length, Buffer.from(value)]);
};

/** The first 64 bytes: signature, version 3.0, mechanism NULL. */
export const greeting = Buffer.concat([Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0]), Buffer.from('NULL'.padEnd(20, '\0')), Buffer.alloc(32)]);

/** Says that it is a DEALER of this name. */
export const ready = (identity: string): Buffer => frame(Buffer.concat([Buffer.from([5]), Buffer.from('READY'), text('Socket-Type', 'DEALER'), text('Identity', identity)]), 4);

/** A raw connection. */
export interface Raw {
  readonly socket: Socket;
  /** All that came. */
  heard(): Buffer;
  readonly closed: Promise<void>;
}

/** Connects to the file of a socket. */
export function raw(file: string): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const socket = connect(file);
    const parts: Buffer[] = [];
    socket.on('data', (part: Buffer) => { parts.push(part); });
    const closed = new Promise<void>((end) => { socket.once('close', () => { end(); }); });
    socket.once('error', reject);
    socket.once('connect', () => { socket.on('error', () => { /* as it should be */ }); resolve({ socket, heard: () => Buffer.concat(parts), closed }); });
  });
}

/** Connects and comes as far as a peer that may send messages. */
export async function peer(file: string, identity: string): Promise<Raw> {
  const made = await raw(file);
  made.socket.write(Buffer.concat([greeting, ready(identity)]));
  // Who speaks before the other side is ready is cut off.
  while (!made.heard().includes('READY') && !made.socket.closed) await new Promise((resolve) => { setTimeout(resolve, 2); });
  return made;
}
