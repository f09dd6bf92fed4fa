/**
 * Asking the network from inside a child that has none (T4): a question goes out as a frame, the answer is read from an inherited
 * pipe. Python waits meanwhile, which is what its code expects of a request.
 *
 * What may be asked is decided by the process around the child. Who breaks out of Python finds this pipe, and the same answers.
 */
import { readSync } from 'node:fs';
import { TelarError } from '../../../contracts/errors.ts';
import type { WebRequest, WebResponse } from '../../../contracts/node.ts';
import { FRAME, packResult, unpackResult, writeFrame } from './frames.node.ts';
import { quit } from '../quit.node.ts';

/** The descriptor that the child inherits for answers. */
const ANSWER_FD = 5;
/** Longest body of a question, and of an answer. */
const LONGEST = 64 * 1024 * 1024;
const LONGEST_HEAD = 256 * 1024;

/** What comes back: what was answered, or why nothing was. */
export type AnswerHead = Pick<WebResponse, 'status' | 'headers'> | { readonly error: { readonly code: string; readonly message: string } };

/** The child's side: asks and waits. */
export function ask(head: unknown, body: Uint8Array): { readonly head: AnswerHead; readonly body: Uint8Array } {
  writeFrame(FRAME.ask, packResult(head, [body]));
  const length = new DataView(read(4).buffer).getUint32(0, true);
  const { message, blobs } = unpackResult(read(length));
  return { head: message as AnswerHead, body: blobs[0] ?? new Uint8Array() };
}

function read(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    try {
      const count = readSync(ANSWER_FD, bytes, at, length - at, null);
      if (count === 0) quit(); // nobody is left who would answer
      at += count;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
  return bytes;
}

/** The parent's side: does what a child asks, as far as `fetch` lets it; never rejects. @returns the bytes for the pipe */
export async function answer(payload: Uint8Array, fetch: ((request: WebRequest) => Promise<WebResponse>) | undefined): Promise<Uint8Array> {
  try {
    const request = question(payload);
    if (fetch === undefined) throw new TelarError('refused', NO_GRANT);
    const { status, headers, body } = await fetch(request);
    if (body.length > LONGEST) throw new TelarError('output-limit', `${request.url} answered with more than ${LONGEST} bytes; ask it for less.`);
    return framed({ status, headers }, body);
  } catch (error) {
    const { code, message } = TelarError.from(error);
    return framed({ error: { code, message } }, new Uint8Array());
  }
}

const NO_GRANT = 'This step has no network; write `isolated=true network=https://example.org` on its fence, with the origin that it needs, and allow it with `telar trust`.';

/** Nothing that a child says is believed. @throws TelarError `refused` */
function question(payload: Uint8Array): WebRequest {
  const bad = (): TelarError => new TelarError('refused', 'That is no question to the network.');
  let message: unknown;
  let blobs: readonly Uint8Array[];
  try {
    ({ message, blobs } = unpackResult(payload));
  } catch {
    throw bad();
  }
  const { url, method, headers } = (message ?? {}) as Partial<Record<string, unknown>>;
  const entries = typeof headers === 'object' && headers !== null ? Object.entries(headers) : undefined;
  const [body = new Uint8Array()] = blobs;
  if (typeof url !== 'string' || typeof method !== 'string' || entries === undefined || !entries.every(([, value]) => typeof value === 'string')) throw bad();
  if (!/^[A-Z]{1,20}$/.test(method) || !/^https?:\/\//i.test(url) || !URL.canParse(url) || url.length + JSON.stringify(headers).length > LONGEST_HEAD) throw bad();
  if (body.length > LONGEST) throw new TelarError('refused', `A question of more than ${LONGEST} bytes is not sent; send less at once.`);
  return { url: new URL(url).href, method, headers: Object.fromEntries(entries) as Record<string, string>, ...(body.length === 0 ? {} : { body: new Uint8Array(body) }) };
}

function framed(head: AnswerHead, body: Uint8Array): Uint8Array {
  const packed = packResult(head, [body]);
  const frame = new Uint8Array(4 + packed.length);
  new DataView(frame.buffer).setUint32(0, packed.length, true);
  frame.set(packed, 4);
  return frame;
}
