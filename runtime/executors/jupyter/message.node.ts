/**
 * Messages of Jupyter's protocol (5.3 and later): packed, signed, and checked before anything in them is believed.
 *
 * A message is a list of frames: identities, the delimiter, a signature (HMAC-SHA256 over the four parts that follow, in hex), header, parent header,
 * metadata and content as JSON, then buffers, which nobody here uses. Who signs with another key, or not at all, is not our kernel.
 */
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';

/** The version that we say we speak; kernels below 5.3 are refused at the handshake. */
const PROTOCOL = '5.3';

/** Largest frame that is taken from a kernel. */
export const LARGEST = 64 * 1024 * 1024;

const DELIMITER = Buffer.from('<IDS|MSG>');

/** What a header says; other members are left alone. */
interface Header { readonly msg_id: string; readonly msg_type: string; readonly session?: string }

/** A message as it came in, its signature checked. */
export interface Message {
  readonly header: Header;
  /** Empty where the message answers nothing. */
  readonly parent: Partial<Header>;
  readonly content: Readonly<Record<string, unknown>>;
}

/** Why frames are no message: `forged` when the signature is wrong, else they are nonsense. */
export class BadMessage extends Error {
  readonly forged: boolean;

  constructor(message: string, forged = false) {
    super(message);
    this.forged = forged;
  }
}

/** Packs and unpacks the messages of one kernel. */
export class Session {
  readonly #key: string;
  readonly #id = randomUUID();

  /** @param key shared with the kernel through its connection file */
  constructor(key: string) { this.#key = key; }

  /** Frames of a new message, and its id. */
  pack(type: string, content: unknown, parent: unknown = {}): { readonly id: string; readonly frames: (Buffer | string)[] } {
    const id = randomUUID();
    const header = { msg_id: id, msg_type: type, session: this.#id, username: 'telar', date: new Date().toISOString(), version: PROTOCOL };
    const parts = [header, parent, {}, content].map((part) => Buffer.from(JSON.stringify(part)));
    return { id, frames: [DELIMITER, this.#sign(parts).toString('hex'), ...parts] };
  }

  /** @throws BadMessage */
  unpack(frames: readonly Buffer[]): Message {
    const at = frames.findIndex((frame) => frame.equals(DELIMITER));
    if (at < 0 || frames.length < at + 6) throw new BadMessage('it is no message of Jupyter’s protocol');
    const parts = frames.slice(at + 2, at + 6);
    const given = Buffer.from(frames[at + 1]!.toString('latin1'), 'hex');
    const own = this.#sign(parts);
    if (given.length !== own.length || !timingSafeEqual(given, own)) throw new BadMessage('its signature is wrong', true);
    const [header, parent, , content] = parts.map((part) => objectOf(part)) as [Record<string, unknown>, Record<string, unknown>, unknown, Record<string, unknown>];
    if (typeof header.msg_type !== 'string' || typeof header.msg_id !== 'string') throw new BadMessage('its header has no type or id');
    return { header: header as unknown as Header, parent, content };
  }

  #sign(parts: readonly Buffer[]): Buffer {
    const hmac = createHmac('sha256', this.#key);
    for (const part of parts) hmac.update(part);
    return hmac.digest();
  }
}

function objectOf(part: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(part.toString('utf8'));
  } catch {
    throw new BadMessage('a part of it is no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadMessage('a part of it is no JSON object');
  return value as Record<string, unknown>;
}
