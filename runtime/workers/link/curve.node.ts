/**
 * Who may speak, where the link is TCP: CURVE both ways. The coordinator's key is in its invitation, each worker's in its record, both files
 * that only their owner can read; ZAP (ZeroMQ's own question to the server, RFC 27) lets in the workers' keys and no other.
 *
 * The road not taken: a token inside READY, which would let strangers open connections and be read before they are refused.
 */
import { Context, curveKeyPair, Reply } from 'zeromq';

/** A pair of CURVE keys in Z85. */
export interface KeyPair { readonly publicKey: string; readonly secretKey: string }

/** New keys. */
export const newKeys = (): KeyPair => curveKeyPair();

/** The ZAP domain; it must not be empty, or nobody is asked. */
export const DOMAIN = 'telar';

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';

/** What stands at the door of a secured socket. */
export interface Guard { readonly context: Context; close(): void }

/** Begins to answer for sockets of a context of its own: there is one such door to a context. `allowed` may grow and shrink. */
export async function createGuard(allowed: ReadonlySet<string>): Promise<Guard> {
  const context = new Context({ blocky: false });
  const door = new Reply({ context, linger: 0 });
  await door.bind('inproc://zeromq.zap.01');
  void answer(door, allowed);
  return { context, close: () => { door.close(); } };
}

async function answer(door: Reply, allowed: ReadonlySet<string>): Promise<void> {
  try {
    for await (const [version, request, domain, , , mechanism, key] of door) {
      const known = String(version) === '1.0' && String(domain) === DOMAIN && String(mechanism) === 'CURVE' && key?.length === 32 && allowed.has(z85(key));
      await door.send(known ? ['1.0', request as Buffer, '200', 'OK', '', ''] : ['1.0', request as Buffer, '400', 'unknown key', '', '']);
    }
  } catch { /* it was closed */ }
}

function z85(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4) {
    const value = bytes.readUInt32BE(at);
    for (const power of [52_200_625, 614_125, 7_225, 85, 1]) text += DIGITS[Math.floor(value / power) % 85];
  }
  return text;
}
