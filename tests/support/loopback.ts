/** A web server on the loopback for tests: answers by path, and remembers what it was asked. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One question as it came. */
export interface Asked { readonly method: string; readonly url: string; readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>; readonly body: string }

/** A server that answers. */
export interface Loopback { readonly origin: string; readonly asked: Asked[]; close(): Promise<void> }

/** Starts one on a free port. */
export async function loopback(answer: (asked: Asked, response: ServerResponse, request: IncomingMessage) => void): Promise<Loopback> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
      const one = { method: request.method as string, url: request.url as string, headers: request.headers, body: Buffer.concat(parts).toString() };
      asked.push(one);
      answer(one, response, request);
    });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked,
    close: () => new Promise((resolve) => { server.closeAllConnections(); server.close(() => { resolve(); }); }),
  };
}
