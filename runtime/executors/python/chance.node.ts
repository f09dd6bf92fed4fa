/**
 * Chance: `/dev/random` and `/dev/urandom` of Python ask the system at each read. Emscripten's own devices keep up to a kilobyte of bytes
 * for later, which the next step would be given.
 */
import crypto from 'node:crypto';
import type { EmscriptenFS } from './mount.node.ts';

/** Replaces what the two devices read. Call once. */
export function unkept(FS: EmscriptenFS): void {
  for (const name of ['random', 'urandom']) {
    const { stream_ops: operations } = FS.getDevice(FS.lookupPath(`/dev/${name}`).node.rdev);
    operations.read = (_stream: unknown, buffer: Uint8Array, offset: number, length: number): number => {
      // Through the module, where a step's world replaces it.
      crypto.randomFillSync(new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length));
      return length;
    };
  }
}
