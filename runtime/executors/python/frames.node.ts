/**
 * Frames: what the child says to its parent, over one inherited descriptor, so that output and results keep one order.
 *
 * A frame is a byte for its kind, the length of its payload (32 bits, little-endian) and the payload. The child writes synchronously,
 * because running Python blocks its event loop: Node's own IPC would hold the text back until the step is over.
 */
import { writeSync } from 'node:fs';

/** Kinds of frames. `result`: JSON, then the small blobs it names. `idle`: the next step may come. `ready`: once, after the start. `ask`: a question to the network, whose answer comes by another pipe. */
export const FRAME = { stdout: 1, stderr: 2, result: 3, idle: 4, ready: 5, made: 6, ask: 7 } as const;

/** The descriptor that the child inherits for its frames. */
const FRAME_FD = 3;

/** Blobs above this size travel as files of the `out` folder. */
export const INLINE = 64 * 1024;

/** Longest frame that a parent accepts. */
const LONGEST = 256 * 1024 * 1024;

/** Writes a frame, waiting for a parent that is slow. */
export function writeFrame(kind: number, payload: Uint8Array): void {
  const frame = new Uint8Array(5 + payload.length);
  frame[0] = kind;
  new DataView(frame.buffer).setUint32(1, payload.length, true);
  frame.set(payload, 5);
  for (let at = 0; at < frame.length;) {
    try {
      at += writeSync(FRAME_FD, frame, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/** Packs a message and the blobs it names by index. */
export function packResult(message: unknown, blobs: readonly Uint8Array[]): Uint8Array {
  const head = new TextEncoder().encode(JSON.stringify({ message, sizes: blobs.map((blob) => blob.length) }));
  const bytes = new Uint8Array(blobs.reduce((size, blob) => size + blob.length, 4 + head.length));
  new DataView(bytes.buffer).setUint32(0, head.length, true);
  bytes.set(head, 4);
  let at = 4 + head.length;
  for (const blob of blobs) { bytes.set(blob, at); at += blob.length; }
  return bytes;
}

/** Undoes `packResult`. @throws Error when the bytes are none of its */
export function unpackResult(bytes: Uint8Array): { message: unknown; blobs: Uint8Array[] } {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const { message, sizes } = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as { message: unknown; sizes: number[] };
  let at = 4 + length;
  return { message, blobs: sizes.map((size) => bytes.subarray(at, at += size)) };
}

/** Splits a stream of bytes into frames. */
export class FrameReader {
  #pending: Uint8Array[] = [];
  #size = 0;
  readonly #take: (kind: number, payload: Uint8Array) => void;

  constructor(take: (kind: number, payload: Uint8Array) => void) { this.#take = take; }

  /** @throws Error when a frame is longer than any honest child sends */
  push(chunk: Uint8Array): void {
    this.#pending.push(chunk);
    this.#size += chunk.length;
    while (this.#size >= 5) {
      const head = this.#join(5);
      const length = new DataView(head.buffer, head.byteOffset).getUint32(1, true);
      if (length > LONGEST) throw new Error(`a frame of ${length} bytes`);
      if (this.#size < 5 + length) return;
      const all = this.#join(5 + length);
      this.#pending = all.length > 5 + length ? [all.subarray(5 + length)] : [];
      this.#size -= 5 + length;
      this.#take(all[0]!, all.subarray(5, 5 + length));
    }
  }

  /** At least `size` bytes in one piece at the front. */
  #join(size: number): Uint8Array {
    if (this.#pending[0]!.length < size) this.#pending = [Buffer.concat(this.#pending)];
    return this.#pending[0]!;
  }
}
