/**
 * The network by Node's own client: no proxy, no cookies, no cache, no redirects, and one connection a question, so that nothing of
 * one step is left for the next. The road not taken: `fetch`, which cannot say whether a question was sent before it failed.
 */
import { Agent as PlainAgent, type ClientRequest, type IncomingMessage, request as plain } from 'node:http';
import { Agent as SafeAgent, request as safe } from 'node:https';
import { pipeline } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { createGunzip, gunzipSync } from 'node:zlib';
import { TelarError } from '../../contracts/errors.ts';
import type { WebRequest, WebResponse } from '../../contracts/node.ts';
import type { Network } from '../ports.ts';

/** What the machine says of a connection that was never made, in words. */
const WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no such host', EAI_AGAIN: 'names cannot be looked up now; is this machine online', ECONNREFUSED: 'nobody listens there',
  ENETUNREACH: 'there is no way there; is this machine online', EHOSTUNREACH: 'there is no way there', ETIMEDOUT: 'nobody answered', ECONNRESET: 'the connection was cut',
};

/** One question that was asked, until somebody ends it. */
interface Exchange {
  readonly answer: Promise<IncomingMessage>;
  /** Why it was ended from here. */
  readonly fault: TelarError | undefined;
  /** Ends it, connection and all; `answer`, or who reads it, fails with this. */
  fail(error: TelarError): void;
  /** No more time and no more stop for it; the connection is closed. */
  close(): void;
}

/** The network of this machine. */
export const systemNetwork: Required<Network> = {
  async ask(question, limits) {
    const exchange = begin(question, limits);
    try {
      const answer = await exchange.answer;
      return await receive(answer, question, limits.output, exchange);
    } finally {
      exchange.close();
    }
  },
  async stream(question, limits) {
    const exchange = begin(question, limits);
    try {
      const answer = await exchange.answer;
      return { status: answer.statusCode as number, headers: headersOf(answer), body: pieces(answer, question, limits, exchange) };
    } catch (error) {
      exchange.close();
      throw error;
    }
  },
};

/** Sends a question. @throws TelarError `cancelled`, `refused` when it cannot be sent */
function begin({ url, method, headers, body }: WebRequest, limits: { readonly time: number; readonly signal: AbortSignal }): Exchange {
  if (limits.signal.aborted) throw new TelarError('cancelled', 'It was stopped.', { sent: false });
  const options = {
    method, headers: { 'accept-encoding': 'identity', 'user-agent': 'telar', ...headers, ...(body === undefined ? {} : { 'content-length': String(body.length) }) },
  };
  let asking: ClientRequest;
  try {
    asking = url.startsWith('https:') ? safe(url, { ...options, agent: new SafeAgent({ keepAlive: false, rejectUnauthorized: true }) }) : plain(url, { ...options, agent: new PlainAgent({ keepAlive: false }) });
  } catch (error) {
    throw new TelarError('refused', `${method} ${url} cannot be asked: ${(error as Error).message}.`, { sent: false }, { cause: error });
  }
  let sent = false;
  let fault: TelarError | undefined;
  let reading: IncomingMessage | undefined;
  const { promise: answer, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const fail = (error: TelarError): void => { fault ??= error; reject(fault); reading?.destroy(); asking.destroy(); };
  const timer = setTimeout(() => { fail(new TelarError('timeout', `${url} did not answer within ${limits.time / 1000} s. Raise \`timeout=\` on the fence, or try again later.`, { sent })); }, limits.time);
  const stop = (): void => { fail(new TelarError('cancelled', 'It was stopped.', { sent })); };
  limits.signal.addEventListener('abort', stop, { once: true });
  asking.on('socket', (socket) => { socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => { sent = !('encrypted' in socket) || (socket as TLSSocket).authorized; }); });
  asking.on('error', (error: NodeJS.ErrnoException) => {
    const words = WORDS[error.code ?? ''] ?? error.message;
    fail(new TelarError('network', `${method} ${url}: ${words}. ${sent ? 'Whether it arrived is not known.' : 'Check the address, and try again.'}`, { sent, ...(error.code === undefined ? {} : { reason: error.code }) }, { cause: error }));
  });
  asking.on('response', (message) => { reading = message; resolve(message); });
  asking.end(body);
  return {
    answer, fail, get fault() { return fault; },
    close: () => { clearTimeout(timer); limits.signal.removeEventListener('abort', stop); asking.destroy(); },
  };
}

const headersOf = (answer: IncomingMessage): Record<string, string> => Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value ?? '']));
const tooMuch = (url: string, most: number, status?: number): TelarError => new TelarError('output-limit', `${url} answered with more than ${most} bytes; ask it for less.`, { status });
const unread = (url: string, encoding: string): TelarError => new TelarError('network', `${url} answered in the encoding \`${encoding}\`, which was not asked for and cannot be read.`, { sent: true });
const isPacked = (encoding: string | undefined): boolean => encoding === 'gzip' || encoding === 'x-gzip';
const isPlain = (encoding: string | undefined): boolean => encoding === undefined || encoding === 'identity';

/** Why reading ended before the answer did. */
function broken(error: unknown, { url, method }: WebRequest, exchange: Exchange): TelarError {
  if (exchange.fault !== undefined) return exchange.fault;
  if (error instanceof TelarError) return error;
  return new TelarError('network', `${method} ${url}: the answer broke off. Try again.`, { sent: true }, { cause: error });
}

/** The whole answer. @throws TelarError `output-limit`, `network` when it breaks off */
async function receive(answer: IncomingMessage, question: WebRequest, most: number, exchange: Exchange): Promise<WebResponse> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of answer as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > most) throw tooMuch(question.url, most, answer.statusCode);
      parts.push(part);
    }
  } catch (error) {
    throw broken(error, question, exchange);
  }
  const headers = headersOf(answer);
  return { status: answer.statusCode as number, headers, body: unpacked(Buffer.concat(parts), headers['content-encoding'], most, question.url) };
}

/** Some servers pack what nobody asked them to pack. */
function unpacked(bytes: Buffer, encoding: string | undefined, most: number, url: string): Uint8Array {
  if (isPlain(encoding) || bytes.length === 0) return new Uint8Array(bytes);
  if (!isPacked(encoding)) throw unread(url, encoding as string);
  try {
    return new Uint8Array(gunzipSync(bytes, { maxOutputLength: most }));
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? tooMuch(url, most) : new TelarError('network', `${url} answered with gzip data that is not whole. Try again.`, { sent: true }, { cause: error });
  }
}

/** The answer as it comes, unpacked and counted. */
async function* pieces(answer: IncomingMessage, question: WebRequest, limits: { readonly idle: number; readonly output: number }, exchange: Exchange): AsyncGenerator<Uint8Array, void, undefined> {
  const { url } = question;
  let size = 0;
  const idle = setTimeout(() => { exchange.fail(new TelarError('timeout', `${url} has said nothing for ${limits.idle / 1000} s in the middle of its answer. Try again; is its machine too busy?`, { sent: true, idle: true })); }, limits.idle);
  try {
    const encoding = answer.headers['content-encoding'];
    if (!isPlain(encoding) && !isPacked(encoding)) throw unread(url, encoding as string);
    const source = isPlain(encoding) ? answer : pipeline(answer, createGunzip(), () => undefined);
    for await (const part of source as AsyncIterable<Buffer>) {
      idle.refresh();
      size += part.length;
      if (size > limits.output) throw tooMuch(url, limits.output, answer.statusCode);
      yield new Uint8Array(part);
    }
  } catch (error) {
    throw broken(error, question, exchange);
  } finally {
    clearTimeout(idle);
    exchange.close();
  }
}
