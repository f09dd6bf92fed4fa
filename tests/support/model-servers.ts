/**
 * Model servers on the loopback: they speak the three protocols of the network's providers, and behave as a test says, badly too. Each
 * question is answered by the next behaviour, the last one again and again. They are written from the protocols, not from our clients.
 */
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { ModelProfile } from '../../contracts/models.ts';
import { systemNetwork } from '../../runtime/adapters/network.node.ts';
import type { ProviderPowers } from '../../runtime/providers/provider.ts';
import { createStream } from '../../runtime/scheduler/context-network.ts';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { loopback, type Asked } from './loopback.ts';

export type Wire = 'ollama' | 'openai' | 'anthropic';
export const WIRES: readonly Wire[] = ['ollama', 'openai', 'anthropic'];

/** How one question is answered. */
export interface Behaviour {
  readonly pieces?: readonly string[];
  readonly finish?: 'stop' | 'length' | 'refusal';
  /** As the server tells them, sensible or not. */
  readonly counts?: { readonly input?: unknown; readonly output?: unknown; readonly cached?: unknown };
  /** `half`: the stream ends politely before its last event; `cut`: the connection is cut; `silent`: nothing more comes; `endless`: the pieces again and again; `error`: an error event; `torn`: cut right after the last event; `linger`: all is said, and the connection stays. */
  readonly end?: 'whole' | 'half' | 'cut' | 'silent' | 'endless' | 'error' | 'torn' | 'linger';
  /** Milliseconds before the headers, and between pieces. */
  readonly late?: number;
  readonly slow?: number;
  /** Bytes of a chunk: events and characters are torn. */
  readonly chunk?: number;
  /** Line ends as Windows has them, comments between events, no `[DONE]`, no counts. */
  readonly odd?: true;
  /** Another answer than a stream. */
  readonly raw?: { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body: string | Uint8Array };
}

/** A server, and what it was asked. */
export interface ModelServer {
  readonly origin: string;
  readonly asked: readonly Asked[];
  /** Questions for an answer, as their bodies. */
  questions(): readonly Record<string, unknown>[];
  /** Connections on which something is being answered. */
  answering(): number;
  close(): Promise<void>;
}

const OK = new Set(['/api/tags', '/api/show', '/v1/models', '/v1/models/m']);

/** Starts one. `facts` answers what is asked beside questions: lists of models. */
export async function modelServer(wire: Wire, behaviours: readonly Behaviour[], facts: { readonly show?: unknown; readonly models?: readonly string[]; readonly key?: string } = {}): Promise<ModelServer> {
  let next = 0;
  let answering = 0;
  const { models = ['m'] } = facts;
  const server = await loopback((asked, response) => {
    answering += 1;
    response.on('close', () => { answering -= 1; });
    const json = (status: number, body: unknown): void => { response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)); };
    const sent = wire === 'anthropic' ? asked.headers['x-api-key'] : asked.headers.authorization;
    if (facts.key !== undefined && sent !== facts.key && sent !== `Bearer ${facts.key}`) { json(401, { error: { type: 'authentication_error', message: `no such key: ${String(sent)}` } }); return; }
    const [path = ''] = asked.url.split('?');
    if (asked.method === 'GET' || path === '/api/show') {
      if (!OK.has(path)) json(404, { error: { type: 'not_found_error', message: 'not found' } });
      else json(200, path === '/api/show' ? facts.show ?? { model_info: { 'x.context_length': 32_768 } } : { models: models.map((name) => ({ name })), data: models.map((id) => ({ id })) });
      return;
    }
    void answer(wire, behaviours[Math.min(next, behaviours.length - 1)] as Behaviour, response).catch(() => { response.destroy(); });
    next += 1;
  });
  return {
    ...server, answering: () => answering,
    questions: () => server.asked.filter(({ method, url }) => method === 'POST' && url !== '/api/show').map(({ body }) => JSON.parse(body) as Record<string, unknown>),
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });

const drained = (response: ServerResponse): Promise<void> => new Promise((resolve) => {
  const done = (): void => { response.off('drain', done).off('close', done); resolve(); };
  response.on('drain', done).on('close', done);
});

async function answer(wire: Wire, behaviour: Behaviour, response: ServerResponse): Promise<void> {
  const { pieces = ['Hello', ' world'], end = 'whole', late = 0, slow = 0, raw } = behaviour;
  if (late > 0) await pause(late);
  if (raw !== undefined) {
    response.writeHead(raw.status ?? 200, raw.headers ?? { 'content-type': 'application/json' }).write(raw.body);
    if (end !== 'silent') response.end();
    return;
  }
  response.writeHead(200, { 'content-type': wire === 'ollama' ? 'application/x-ndjson' : 'text/event-stream; charset=utf-8' });
  const send = async (text: string): Promise<void> => {
    const bytes = Buffer.from(behaviour.odd === true ? text.replaceAll('\n', '\r\n') : text);
    const size = behaviour.chunk ?? bytes.length;
    for (let at = 0; at < bytes.length && !response.destroyed; at += size) {
      if (!response.write(bytes.subarray(at, at + size))) await drained(response);
      if (size < bytes.length) await new Promise<void>((resolve) => { setImmediate(resolve); });
    }
  };
  await send(FIRST[wire](behaviour));
  do {
    for (const piece of pieces) {
      if (slow > 0) await pause(slow);
      await send(PIECE[wire](piece));
      if (behaviour.odd === true && wire !== 'ollama') await send(': still here\n\n');
    }
  } while (end === 'endless' && !response.destroyed);
  if (end === 'silent') return;
  if (end === 'torn' || end === 'linger') await send(LAST[wire](behaviour));
  if (end === 'linger') return;
  if (end === 'cut' || end === 'torn') { await pause(5); response.destroy(); return; }
  if (end === 'error') await send(ERROR[wire]);
  else if (end === 'whole') await send(LAST[wire](behaviour));
  response.end();
}

const event = (data: unknown, name?: string): string => `${name === undefined ? '' : `event: ${name}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
const line = (data: unknown): string => `${JSON.stringify(data)}\n`;
const chunk = (delta: unknown, reason: string | null = null): string => event({ id: 'c', object: 'chat.completion.chunk', model: 'm-1', choices: [{ index: 0, delta, finish_reason: reason }], usage: null });

const FIRST: Readonly<Record<Wire, (behaviour: Behaviour) => string>> = {
  ollama: () => '',
  openai: () => chunk({ role: 'assistant', content: '' }),
  anthropic: ({ counts = {} }) => event({
    type: 'message_start', message: { id: 'msg', type: 'message', role: 'assistant', model: 'm-1', content: [], stop_reason: null, usage: { input_tokens: counts.input ?? 12, cache_read_input_tokens: counts.cached ?? 0, cache_creation_input_tokens: 0, output_tokens: 1 } },
  }, 'message_start') + event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }, 'content_block_start') + event({ type: 'ping' }, 'ping'),
};
const PIECE: Readonly<Record<Wire, (text: string) => string>> = {
  ollama: (content) => line({ model: 'm-1', created_at: '2026-01-01T00:00:00Z', message: { role: 'assistant', content }, done: false }),
  openai: (content) => chunk({ content }),
  anthropic: (text) => event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }, 'content_block_delta'),
};
const LAST: Readonly<Record<Wire, (behaviour: Behaviour) => string>> = {
  ollama: ({ finish = 'stop', counts = {}, odd }) => line({ model: 'm-1', message: { role: 'assistant', content: '' }, done: true, done_reason: finish, ...(odd === true ? {} : { prompt_eval_count: counts.input ?? 12, eval_count: counts.output ?? 2 }) }),
  openai: ({ finish = 'stop', counts = {}, odd }) => (finish === 'refusal' ? chunk({ refusal: 'I will not.' }) : '') + chunk({}, finish === 'refusal' ? 'stop' : finish)
    + (odd === true ? '' : event({ model: 'm-1', choices: [], usage: { prompt_tokens: counts.input ?? 12, completion_tokens: counts.output ?? 2, prompt_tokens_details: { cached_tokens: counts.cached ?? 0 } } }) + event('[DONE]')),
  anthropic: ({ finish = 'stop', counts = {}, odd }) => event({ type: 'content_block_stop', index: 0 }, 'content_block_stop')
    + event({ type: 'message_delta', delta: { stop_reason: { stop: 'end_turn', length: 'max_tokens', refusal: 'refusal' }[finish], stop_sequence: null }, ...(odd === true ? {} : { usage: { output_tokens: counts.output ?? 2 } }) }, 'message_delta')
    + (odd === true ? '' : event({ type: 'message_stop' }, 'message_stop')),
};
const ERROR: Readonly<Record<Wire, string>> = {
  ollama: line({ error: 'the runner has crashed' }),
  openai: event({ error: { message: 'the runner has crashed', type: 'server_error', code: 500 } }),
  anthropic: event({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, 'error'),
};

/** A whole answer in one packed piece. */
export const packed = (wire: Wire): Behaviour => ({
  raw: { headers: { 'content-type': wire === 'ollama' ? 'application/x-ndjson' : 'text/event-stream', 'content-encoding': 'gzip' }, body: gzipSync(FIRST[wire]({}) + PIECE[wire]('Hello') + LAST[wire]({})) },
});

/** A profile for a server. */
export const profileOf = (wire: Wire, { origin }: { readonly origin: string }, more: Partial<ModelProfile> = {}): ModelProfile => ({ name: 'test', provider: wire, model: 'm', endpoint: origin, parameters: {}, template: 'chat', ...more });

/** What a provider may use, over the real network: to granted origins only. */
export function networkPowers(origins: readonly string[], { signal = new AbortController().signal, time = 5000, output = 1_000_000, idle, secrets = {} }: { signal?: AbortSignal; time?: number; output?: number; idle?: number; secrets?: Readonly<Record<string, string>> } = {}): ProviderPowers {
  const limits = { time, output, memory: 1e9 };
  const none = (what: string) => (): never => { throw new Error(`a provider of the network needs no ${what}`); };
  return {
    signal, limits, sha256, execute: none('engine'), load: none('store'), readFile: none('file'), secret: (name) => secrets[name],
    stream: createStream({ network: systemNetwork, origins, limits, signal, effect: 'observe' }, idle),
  };
}
