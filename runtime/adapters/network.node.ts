/**
 * The network by Node's own client: no proxy, no cookies, no cache, no redirects, and one connection a question, so that nothing of
 * one step is left for the next. The road not taken: `fetch`, which cannot say whether a question was sent before it failed.
 */
import { Agent as PlainAgent, type ClientRequest, type IncomingMessage, request as plain } from 'node:http';
import { Agent as SafeAgent, request as safe } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { TelarError } from '../../contracts/errors.ts';
import type { WebRequest, WebResponse } from '../../contracts/node.ts';
import type { Network } from '../ports.ts';

/** What the machine says of a connection that was never made, in words. */
const WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no such host', EAI_AGAIN: 'names cannot be looked up now; is this machine online', ECONNREFUSED: 'nobody listens there',
  ENETUNREACH: 'there is no way there; is this machine online', EHOSTUNREACH: 'there is no way there', ETIMEDOUT: 'nobody answered', ECONNRESET: 'the connection was cut',
};

/** The network of this machine. */
export const systemNetwork: Network = {
  ask: (question, limits) => new Promise((resolve, reject) => {
    const { url, method, headers, body } = question;
    if (limits.signal.aborted) { reject(new TelarError('cancelled', 'It was stopped.', { sent: false })); return; }
    let sent = false;
    const fail = (error: TelarError): void => { clearTimeout(timer); limits.signal.removeEventListener('abort', stop); reject(error); asking.destroy(); };
    const options = {
      method, headers: { 'accept-encoding': 'identity', 'user-agent': 'telar', ...headers, ...(body === undefined ? {} : { 'content-length': String(body.length) }) },
    };
    let asking: ClientRequest;
    try {
      asking = url.startsWith('https:') ? safe(url, { ...options, agent: new SafeAgent({ keepAlive: false, rejectUnauthorized: true }) }) : plain(url, { ...options, agent: new PlainAgent({ keepAlive: false }) });
    } catch (error) {
      reject(new TelarError('refused', `${method} ${url} cannot be asked: ${(error as Error).message}.`, { sent: false }, { cause: error }));
      return;
    }
    const timer = setTimeout(() => { fail(new TelarError('timeout', `${url} did not answer within ${limits.time / 1000} s. Raise \`timeout=\` on the fence, or try again later.`, { sent })); }, limits.time);
    const stop = (): void => { fail(new TelarError('cancelled', 'It was stopped.', { sent })); };
    limits.signal.addEventListener('abort', stop, { once: true });
    asking.on('socket', (socket) => { socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => { sent = !('encrypted' in socket) || (socket as TLSSocket).authorized; }); });
    asking.on('error', (error: NodeJS.ErrnoException) => {
      const words = WORDS[error.code ?? ''] ?? error.message;
      fail(new TelarError('network', `${method} ${url}: ${words}. ${sent ? 'Whether it arrived is not known.' : 'Check the address, and try again.'}`, { sent, ...(error.code === undefined ? {} : { reason: error.code }) }, { cause: error }));
    });
    asking.on('response', (answer) => {
      receive(answer, question, limits.output).then((response) => {
        clearTimeout(timer);
        limits.signal.removeEventListener('abort', stop);
        resolve(response);
      }, (error: unknown) => { fail(TelarError.from(error, 'network')); });
    });
    asking.end(body);
  }),
};

/** The whole answer. @throws TelarError `output-limit`, `network` when it breaks off */
async function receive(answer: IncomingMessage, { url, method }: WebRequest, most: number): Promise<WebResponse> {
  const parts: Buffer[] = [];
  let size = 0;
  const tooMuch = (): TelarError => new TelarError('output-limit', `${url} answered with more than ${most} bytes; ask it for less.`, { status: answer.statusCode });
  try {
    for await (const part of answer as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > most) throw tooMuch();
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof TelarError) throw error;
    throw new TelarError('network', `${method} ${url}: the answer broke off. Try again.`, { sent: true }, { cause: error });
  }
  const status = answer.statusCode as number;
  const headers = Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value ?? '']));
  return { status, headers, body: unpacked(Buffer.concat(parts), headers['content-encoding'], most, url, tooMuch) };
}

/** Some servers pack what nobody asked them to pack. */
function unpacked(bytes: Buffer, encoding: string | undefined, most: number, url: string, tooMuch: () => TelarError): Uint8Array {
  if (encoding === undefined || encoding === 'identity' || bytes.length === 0) return new Uint8Array(bytes);
  if (encoding !== 'gzip' && encoding !== 'x-gzip') throw new TelarError('network', `${url} answered in the encoding \`${encoding}\`, which was not asked for and cannot be read.`, { sent: true });
  try {
    return new Uint8Array(gunzipSync(bytes, { maxOutputLength: most }));
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? tooMuch() : new TelarError('network', `${url} answered with gzip data that is not whole. Try again.`, { sent: true }, { cause: error });
  }
}
