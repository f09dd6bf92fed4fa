/**
 * Base 64 of byte strings, by `btoa` and `atob`: every host has them, and the types of `Uint8Array.toBase64` are not settled yet.
 */
import { TelarError } from '../../contracts/errors.ts';

const PIECE = 0x6000;

/** Standard alphabet, padded. */
export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += PIECE) text += btoa(String.fromCharCode(...bytes.subarray(at, at + PIECE)));
  return text;
}

/** @throws TelarError `value-type` when it is no base 64 */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  let binary: string;
  try {
    binary = atob(text);
  } catch (error) {
    throw new TelarError('value-type', 'A byte string is not in base 64.', {}, { cause: error });
  }
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at);
  return bytes;
}
