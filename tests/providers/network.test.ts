/** K13: the providers of the network against servers of ours that speak their protocols, well and badly. */
import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import type { TelarError } from '../../contracts/errors.ts';
import type { Message, ModelParameters, ModelProfile } from '../../contracts/models.ts';
import { loadProvider } from '../../runtime/providers/index.ts';
import { addressOf, networkOf } from '../../runtime/providers/network-use.ts';
import type { Completed, Lowered, ProviderPowers } from '../../runtime/providers/provider.ts';
import { providerSuite, type Arrived } from '../suites/provider.ts';
import { modelServer, networkPowers, packed, profileOf, WIRES, type Behaviour, type ModelServer, type Wire } from '../support/model-servers.ts';

const servers: ModelServer[] = [];
afterEach(async () => { for (const server of servers.splice(0)) await server.close(); });
const serve = async (...given: Parameters<typeof modelServer>): Promise<ModelServer> => { const server = await modelServer(...given); servers.push(server); return server; };

const QUESTION: readonly Message[] = [{ role: 'system', content: [{ text: 'Be short.' }] }, { role: 'user', content: [{ text: 'Say hello.' }] }];
interface Options { readonly parameters?: ModelParameters; readonly messages?: readonly Message[]; readonly schema?: Lowered; readonly profile?: Partial<ModelProfile>; readonly powers?: Parameters<typeof networkPowers>[1]; readonly heard?: string[] }

async function ask(server: ModelServer, wire: Wire, { parameters = { context: 4096 }, messages = QUESTION, schema, profile, powers, heard = [] }: Options = {}): Promise<Completed> {
  const provider = await loadProvider(wire);
  return provider.complete({ profile: profileOf(wire, server, profile), messages, parameters, ...(schema === undefined ? {} : { schema }), onText: (text) => { heard.push(text); } }, networkPowers([server.origin], powers));
}
const fails = (asking: Promise<unknown>): Promise<TelarError> => asking.then(() => { throw new Error('it did not fail'); }, (error: TelarError) => error);
const fault = async (wire: Wire, behaviour: Behaviour, options?: Options): Promise<TelarError> => fails(ask(await serve(wire, [behaviour]), wire, options));

/** A question as its protocol writes it, read back. */
function arrived(wire: Wire, body: Readonly<Record<string, unknown>>): Arrived {
  interface Written { readonly options?: Readonly<Record<string, unknown>>; readonly response_format?: { readonly json_schema: { readonly schema: unknown } }; readonly tools?: readonly { readonly input_schema: unknown }[]; readonly system?: unknown; readonly stop_sequences?: unknown }
  const { options = {}, response_format: format, tools, system, stop_sequences: stop } = body as Written;
  const { num_predict: predict, num_ctx: context, ...own } = options;
  const parameters = wire === 'ollama' ? { ...own, context, max_tokens: predict } : { temperature: body.temperature, top_k: body.top_k, top_p: body.top_p, seed: body.seed, max_tokens: body.max_tokens, stop: body.stop ?? stop };
  return {
    messages: [...(system === undefined ? [] : [system]), ...body.messages as unknown[]].map((one) => JSON.stringify(one)), parameters: parameters as ModelParameters,
    schema: wire === 'ollama' ? body.format : wire === 'openai' ? format?.json_schema.schema : tools?.[0]?.input_schema,
  };
}

for (const wire of WIRES) {
  providerSuite(`the provider ${wire}`, async ({ end, ...say }) => {
    const server = await modelServer(wire, [{ ...say, ...(end === undefined ? {} : { end }) }]);
    return {
      provider: await loadProvider(wire), profile: profileOf(wire, server), powers: (options) => networkPowers([server.origin], options),
      arrived: () => server.questions().map((body) => arrived(wire, body)), answering: () => server.answering(), close: () => server.close(),
    };
  }, async () => {
    const server = await modelServer(wire, [{}]);
    await server.close();
    return { subject: { provider: await loadProvider(wire), profile: profileOf(wire, server), powers: (options) => networkPowers([server.origin], options) }, words: /nobody listens.*(?:start|serve).*endpoint/ };
  }, wire === 'anthropic' ? { take: ['seed'] } : {});
}

describe.each(WIRES)('%s', (wire) => {
  const status = (code: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Behaviour => ({ raw: { status: code, body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } } });
  const KEY = 'sk-quite-secret-0123456789';

  test.each([
    [400, 'bad-input', /does not take the question \(400\): so it is/], [401, 'unavailable', /not let this in.*secret `MY_KEY`/], [403, 'unavailable', /not let this in/], [402, 'unavailable', /paid/],
    [404, 'unavailable', wire === 'ollama' ? /no model `m`.*`ollama pull m`/ : /no model `m`.*`model` in the profile/], [413, 'bad-input', /too long/], [429, 'network', /too often/], [500, 'network', /failed \(500\)/],
    [503, 'network', /failed \(503\)/], [529, 'network', /failed \(529\)/], [418, 'bad-input', /418/],
  ])('K13 the status %i is the error %s, in words', async (code, kind, words) => {
    const error = await fault(wire, status(code, { error: wire === 'ollama' ? 'so it is' : { type: 'some_error', message: 'so it is' } }), { profile: { secret: 'MY_KEY' }, powers: { secrets: { MY_KEY: KEY } } });
    expect([error.code, error.data.status]).toEqual([kind, code]);
    expect(error.message).toMatch(words);
    expect(error.message).toContain('so it is');
  });

  test('K13 a question that is too long for the model is told as one', async () => {
    const error = await fault(wire, status(400, { error: { code: 400, type: 'exceed_context_size_error', message: 'request (4390 tokens) exceeds the available context size (4096 tokens), try increasing it' } }));
    expect([error.code, /too long.*4390 tokens/.test(error.message)]).toEqual(['bad-input', true]);
  });

  test('K13 how long to wait is told where the server says it', async () => {
    const date = 'Sat, 21 Nov 2026 00:00:00 GMT';
    for (const [headers, seconds] of [[{ 'retry-after': '7' }, 7], [{ 'retry-after-ms': '1500' }, 1.5], [{ 'retry-after': 'Sat, 21 Nov 2026 00:00:20 GMT', date }, 20], [{ 'retry-after': '-5' }, undefined], [{ 'retry-after': '1e99' }, undefined], [{ 'retry-after': '9999999' }, 86_400]] as const) {
      const error = await fault(wire, status(429, { error: 'slow down' }, headers));
      expect([headers, error.data.retryAfter]).toEqual([headers, seconds]);
    }
  });

  test('K13 a key is sent as the protocol says, and is in no message, even where the server repeats it', async () => {
    const server = await serve(wire, [{}], { key: KEY });
    const options = { profile: { secret: 'MY_KEY' }, powers: { secrets: { MY_KEY: `${KEY}\n` } } };
    expect((await ask(server, wire, options)).text).toBe('Hello world');
    const wrong = await fails(ask(server, wire, { ...options, powers: { secrets: { MY_KEY: 'sk-other-secret-987654321' } } }));
    expect([wrong.code, wrong.message.includes('no such key'), JSON.stringify(wrong).includes('987654321')]).toEqual(['unavailable', true, false]);
    const echo = await fault(wire, { raw: { headers: { 'content-type': 'text/html' }, body: `<title>${KEY}</title>` } }, options);
    expect([echo.code, echo.message.includes(KEY)]).toEqual(['network', false]);
    const broken = await fault(wire, { raw: { headers: { 'content-type': wire === 'ollama' ? 'application/x-ndjson' : 'text/event-stream' }, body: `data: ${KEY}\n\n` } }, options);
    expect([broken.code, broken.message.includes(KEY), broken.message.includes('no JSON')]).toEqual(['network', false, true]);
    // Not a part of it either, wherever what is shown is cut.
    const long = `swordfish${'-of-the-sea'.repeat(30)}`;
    const secret = { profile: { secret: 'MY_KEY' }, powers: { secrets: { MY_KEY: long } } };
    const type = wire === 'ollama' ? 'application/x-ndjson' : 'text/event-stream';
    for (const behaviour of [status(400, { error: `${' '.repeat(2800)}${long}` }), { raw: { headers: { 'content-type': type }, body: `data: ${'x '.repeat(80)}${long}\n\n` } }, { raw: { headers: { 'content-type': `text/${long}` }, body: 'x' } }]) {
      expect((await fault(wire, behaviour, secret)).message).not.toContain('swordfish');
    }
    expect(JSON.stringify(await ask(await serve(wire, [{ counts: { output: long } }]), wire, secret))).not.toContain('swordfish');
    const odd = await fails(ask(server, wire, { ...options, powers: { secrets: { MY_KEY: 'kéy-☃-\u0001-0123456789' } } }));
    expect([odd.code, JSON.stringify(odd).includes('0123456789')]).toEqual(['refused', false]);
  });

  test('K13 without its secret nothing is asked', async () => {
    const server = await serve(wire, [{}]);
    const error = await fails(ask(server, wire, { profile: { secret: 'MY_KEY' } }));
    expect([error.code, error.data.secret]).toEqual(['unavailable', 'MY_KEY']);
    expect(error.message).toMatch(/`MY_KEY` is not set.*environment variable MY_KEY/);
    expect(server.asked).toEqual([]);
  });

  test('K13 what is no answer is told as what it is: a page, plain JSON, an error in JSON, noise', async () => {
    const page = await fault(wire, { raw: { status: 502, headers: { 'content-type': 'text/html' }, body: '<html><style>b{}</style><title>502 Bad\u001b[31m Gateway</title><p>nginx</p></html>' } });
    expect([page.code, /502 Bad \[31m Gateway/.test(page.message)]).toEqual(['network', true]);
    const here = await fault(wire, { raw: { headers: { 'content-type': 'text/html' }, body: '<title>Router login</title>' } });
    expect([here.code, /Router login.*`endpoint`/.test(here.message)]).toEqual(['network', true]);
    const whole = await fault(wire, { raw: { body: JSON.stringify({ error: 'no such thing' }) } });
    expect([whole.code, whole.message.includes('no such thing')]).toEqual(['network', true]);
    const noise = await fault(wire, { raw: { status: 500, headers: { 'content-type': 'application/json' }, body: Uint8Array.from({ length: 5000 }, (_, i) => (i * 7) % 256) } });
    expect([noise.code, noise.message.length < 600, /\p{Cc}/u.test(noise.message)]).toEqual(['network', true, false]);
    const endless = await fault(wire, { raw: { status: 500, body: '<'.repeat(5_000_000) } });
    expect([endless.code, endless.message.length < 600]).toEqual(['network', true]);
    const began = performance.now();
    const stuck = await fault(wire, { raw: { status: 500, body: 'x'.repeat(70_000) }, end: 'silent' });
    expect([stuck.code, stuck.data.status, performance.now() - began < 1000]).toEqual(['network', 500, true]);
  });

  test('K13 an answer that breaks off is no answer: what came is told by its length', async () => {
    for (const end of ['half', 'cut'] as const) {
      const heard: string[] = [];
      const error = await fault(wire, { end }, { heard });
      expect([end, error.code, error.data.partial, heard.join('')]).toEqual([end, 'network', 11, 'Hello world']);
    }
    const error = await fault(wire, { end: 'error' });
    expect([error.code, error.data.partial, error.data.status]).toEqual(['network', 11, wire === 'anthropic' ? 529 : 500]);
    expect(error.message).toMatch(/the runner has crashed|Overloaded/);
  });

  test('K13 late headers, a slow drip and a silent connection end in time', async () => {
    const late = await fault(wire, { late: 2000 }, { powers: { time: 100 } });
    expect([late.code, late.data.partial]).toEqual(['timeout', undefined]);
    const drip = await fault(wire, { pieces: Array.from({ length: 1000 }, () => 'x'), slow: 10 }, { powers: { time: 300 } });
    expect([drip.code, (drip.data.partial as number) > 0]).toEqual(['timeout', true]);
    const silent = await fault(wire, { end: 'silent' }, { powers: { idle: 250 } });
    expect([silent.code, silent.data.idle, silent.data.partial]).toEqual(['timeout', true, 11]);
  });

  test('K13 what is whole is an answer at once, whether the connection stays or is cut after it, and a slow one is not silent', async () => {
    for (const behaviour of [{ end: 'linger' }, { end: 'torn' }, { end: 'torn', odd: true }] as const) {
      const server = await serve(wire, [behaviour]);
      const stop = new AbortController();
      const began = performance.now();
      expect([behaviour, await ask(server, wire, { powers: { signal: stop.signal } })]).toMatchObject([behaviour, { text: 'Hello world', finish: 'stop' }]);
      expect(performance.now() - began).toBeLessThan(1000);
      await expect.poll(() => server.answering(), { timeout: 1000, interval: 5 }).toBe(0);
      expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
    }
    expect((await ask(await serve(wire, [{ pieces: [...'abcdefgh'], slow: 60 }]), wire, { powers: { idle: 400 } })).text).toBe('abcdefgh');
  });

  test('K13 an answer without end is stopped at ten million bytes, whatever the step may take', async () => {
    const error = await fault(wire, { pieces: ['x'.repeat(500_000)], end: 'endless' }, { powers: { output: 1e9 } });
    expect([error.code, error.data.partial]).toEqual(['output-limit', 10_000_000]);
    const huge = await fault(wire, { raw: { headers: { 'content-type': wire === 'ollama' ? 'application/x-ndjson' : 'text/event-stream' }, body: `data: {"x": "${'x'.repeat(17_000_000)}` } }, { powers: { output: 1e9 } });
    expect([huge.code, /one (?:line|event) of more than/.test(huge.message)]).toEqual(['output-limit', true]);
    const nothing = await fault(wire, { pieces: [''], end: 'endless' }, { powers: { output: 1000 } });
    expect([nothing.code, nothing.data.partial]).toEqual(['output-limit', 0]);
  });

  test('K13 torn bytes, other line ends, comments, and what is left out change no text', async () => {
    const pieces = ['ñandú ', '河', ' 👩🏽‍🔬', '"\\', '\n'];
    for (const behaviour of [{ chunk: 1 }, { chunk: 7, odd: true }, { odd: true }] as const) expect([behaviour, await ask(await serve(wire, [{ pieces, ...behaviour }]), wire)]).toMatchObject([behaviour, { text: pieces.join(''), finish: 'stop' }]);
    const bare = await ask(await serve(wire, [{ odd: true }]), wire);
    expect(bare.output ?? 1).toBe(1);
    expect((await ask(await serve(wire, [packed(wire)]), wire)).text).toBe('Hello');
  });

  test('K13 counts that cannot be are not believed, and told', async () => {
    for (const output of [-1, '17', 1e300, 1.5, {}]) {
      const { warnings = [], ...answer } = await ask(await serve(wire, [{ counts: { output } }]), wire);
      expect([output, answer.output, warnings.some((words) => words.includes('cannot be'))]).toEqual([output, undefined, true]);
    }
  });

  test('K13 each turn of a conversation begins with the bytes of the one before', async () => {
    const server = await serve(wire, [{}]);
    const messages = [...QUESTION];
    let before = '';
    for (let turn = 0; turn < 5; turn += 1) {
      await ask(server, wire, { messages, parameters: { context: 65_536, seed: 1 } });
      const body = server.asked.at(-1)!.body;
      expect(body.startsWith(before)).toBe(true);
      const last = JSON.stringify((JSON.parse(body) as { messages: unknown[] }).messages.at(-1));
      before = body.slice(0, body.indexOf(last) + last.length);
      expect(before.length).toBeGreaterThan(turn * 60);
      messages.push({ role: 'model', content: [{ text: `Answer ${turn}.` }] }, { role: 'user', content: [{ text: `And ${turn}?` }] });
    }
  });

  test('K13 the model that answered is told by its own name', async () => { expect((await ask(await serve(wire, [{}]), wire)).model).toBe('m-1'); });

  test('K13 pictures go in the form of the protocol, and other media are refused', async () => {
    const server = await serve(wire, [{}]);
    const picture = (mediaType: string): readonly Message[] => [{ role: 'user', content: [{ text: 'What is it?' }, { media: { mediaType, base64: 'AAEC' } }] }];
    await ask(server, wire, { messages: picture('image/png') });
    expect(JSON.stringify(server.questions()[0])).toContain({ ollama: '"images":["AAEC"]', openai: '"image_url":{"url":"data:image/png;base64,AAEC"}', anthropic: '"source":{"type":"base64","media_type":"image/png","data":"AAEC"}' }[wire]);
    expect(await fails(ask(server, wire, { messages: picture('audio/wav') }))).toMatchObject({ code: 'bad-input' });
  });

  test('K13 only a granted origin is asked, no redirect is followed', async () => {
    const [server, other] = [await serve(wire, [{}]), await serve(wire, [{}])];
    const provider = await loadProvider(wire);
    const asking = (powers: ProviderPowers): Promise<Completed> => provider.complete({ profile: profileOf(wire, server), messages: QUESTION, parameters: { context: 4096 }, onText: () => undefined }, powers);
    expect(await fails(asking(networkPowers([other.origin])))).toMatchObject({ code: 'refused', data: { origin: server.origin } });
    expect(server.asked).toEqual([]);
    const sent = await fault(wire, { raw: { status: 307, headers: { location: `${other.origin}/` }, body: '' } });
    expect([sent.code, sent.message.includes(other.origin)]).toEqual(['network', true]);
    expect(other.asked).toEqual([]);
  });

  test('K13 readiness tells a key that is not set, one that is wrong, and another program', async () => {
    const provider = await loadProvider(wire);
    const server = await serve(wire, [{}], { key: KEY });
    const ready = (secrets: Readonly<Record<string, string>>, profile: Partial<ModelProfile> = {}) => provider.ready(profileOf(wire, server, { secret: 'MY_KEY', ...profile }), networkPowers([server.origin], { secrets }));
    expect(await ready({})).toMatchObject({ ok: false, words: expect.stringMatching(/`MY_KEY` is not set/) as string });
    expect(await ready({ MY_KEY: 'wrong' })).toMatchObject({ ok: false, words: expect.stringMatching(/\(401\).*`MY_KEY` right/) as string });
    expect(await ready({ MY_KEY: KEY })).toMatchObject({ ok: true, words: expect.stringContaining('`m`') as string });
    expect(await ready({ MY_KEY: KEY }, { model: 'other' })).toMatchObject(wire === 'openai' ? { ok: true, words: expect.stringMatching(/does not list `other`/) as string } : { ok: false, words: expect.stringMatching(wire === 'ollama' ? /`ollama pull other`/ : /no model `other`/) as string });
    expect(server.questions()).toEqual([]);
  });
});

describe('ollama', () => {
  const long: readonly Message[] = [{ role: 'user', content: [{ text: 'A word or two. '.repeat(2000) }] }];

  test('K13 cutting is forbidden, the window always said, and as the model has it where nobody says', async () => {
    const provider = await loadProvider('ollama');
    for (const [show, window] of [[{ model_info: { 'qwen.context_length': 262_144 } }, 8192], [{ model_info: { 'tiny.context_length': 512 } }, 512], [{ model_info: { 'q.context_length': 9000 }, parameters: 'stop "x"\nnum_ctx                        20000\n' }, 20_000], [{ model_info: { 'x.context_length': 'many' } }, 8192]] as const) {
      const server = await serve('ollama', [{}], { show });
      const powers = networkPowers([server.origin]);
      expect(await provider.window(profileOf('ollama', server), {}, powers)).toBe(window);
      await ask(server, 'ollama', { parameters: { keep_alive: '9m' } });
      expect(server.questions()[0]).toMatchObject({ truncate: false, shift: false, stream: true, keep_alive: '9m', options: { num_ctx: window } });
      expect(server.asked.filter(({ url }) => url === '/api/show').length).toBe(1);
    }
  });

  test('K13 a question that a server has cut all the same is an error, and one that it seems to have cut is told', async () => {
    const cut = async (input: number): Promise<TelarError> => fails(ask(await serve('ollama', [{ counts: { input } }]), 'ollama', { messages: long, parameters: { context: 4096 } }));
    for (const input of [4096, 2050]) expect([input, await cut(input)]).toMatchObject([input, { code: 'bad-input', message: expect.stringMatching(/did not fit.*`context`/) as string, data: { window: 4096 } }]);
    const { warnings = [] } = await ask(await serve('ollama', [{ counts: { input: 700 } }]), 'ollama', { messages: long, parameters: { context: 65_536 } });
    expect(warnings).toEqual([expect.stringMatching(/counted 700 tokens of a question of about/)]);
  });

  test('K13 what a model thinks is no part of its answer', async () => {
    const lines = [{ message: { role: 'assistant', content: '', thinking: 'Hm.' }, done: false }, { message: { role: 'assistant', content: 'Yes.' }, done: false }, { message: { content: '' }, done: true, done_reason: 'stop' }];
    expect((await ask(await serve('ollama', [{ raw: { headers: { 'content-type': 'application/x-ndjson' }, body: lines.map((one) => JSON.stringify(one)).join('\n') } }]), 'ollama')).text).toBe('Yes.');
  });
});

describe('openai', () => {
  test('K13 a refusal is no answer, by its field and by its reason', async () => {
    expect(await ask(await serve('openai', [{ finish: 'refusal', pieces: [] }]), 'openai')).toMatchObject({ finish: 'refusal', text: 'I will not.' });
    const filtered = 'data: {"choices":[{"delta":{"content":"No"},"finish_reason":null}]}\n\ndata: {"choices":[{"delta":{},"finish_reason":"content_filter"}]}\n\n';
    expect(await ask(await serve('openai', [{ raw: { headers: { 'content-type': 'text/event-stream' }, body: filtered } }]), 'openai')).toMatchObject({ finish: 'refusal', text: 'No' });
  });

  test('K13 an answer that is said to be done needs no reason', async () => {
    const body = 'data: {"choices":[{"delta":{"content":"Yes"}}]}\n\ndata: [DONE]\n\n';
    expect(await ask(await serve('openai', [{ raw: { headers: { 'content-type': 'text/event-stream' }, body }, end: 'silent' }]), 'openai')).toMatchObject({ finish: 'stop', text: 'Yes' });
  });

  test('K13 what it had from before is counted', async () => { expect(await ask(await serve('openai', [{ counts: { input: 900, cached: 850 } }]), 'openai')).toMatchObject({ input: 900, cached: 850 }); });

  test('K13 the service itself gets its newer names, others theirs', async () => {
    const body = async (endpoint?: string): Promise<Record<string, unknown>> => {
      let sent: Record<string, unknown> = {};
      const powers = { ...networkPowers([]), secret: () => 'k', stream: (request: Parameters<ProviderPowers['stream']>[0]) => { sent = { url: request.url, ...JSON.parse(new TextDecoder().decode(request.body)) }; return Promise.reject(new Error('enough')); } };
      const { endpoint: _, ...profile } = profileOf('openai', { origin: 'http://x' });
      await fails((await loadProvider('openai')).complete({ profile: { ...profile, ...(endpoint === undefined ? {} : { endpoint }) }, messages: QUESTION, parameters: { max_tokens: 5, top_k: 3 }, onText: () => undefined }, powers));
      return sent;
    };
    expect(await body()).toMatchObject({ url: 'https://api.openai.com/v1/chat/completions', max_completion_tokens: 5, stream_options: { include_usage: true } });
    expect(Object.keys(await body())).not.toContain('top_k');
    expect(await body('http://127.0.0.1:8080')).toMatchObject({ url: 'http://127.0.0.1:8080/v1/chat/completions', max_tokens: 5, top_k: 3 });
  });
});

describe('anthropic', () => {
  test('K13 the stable text is marked for the cache, and what was had and kept is counted', async () => {
    const server = await serve('anthropic', [{ counts: { input: 10, cached: 1000 } }]);
    expect(await ask(server, 'anthropic')).toMatchObject({ input: 1010, cached: 1000, output: 2 });
    expect(server.questions()[0]).toMatchObject({ cache_control: { type: 'ephemeral' }, max_tokens: 4096, system: [{ type: 'text', text: 'Be short.', cache_control: { type: 'ephemeral' } }], messages: [{ role: 'user', content: [{ type: 'text', text: 'Say hello.' }] }] });
    expect(server.asked[0]?.headers).toMatchObject({ 'anthropic-version': '2023-06-01' });
    expect(JSON.stringify(server.questions()[0]!.messages)).not.toContain('cache_control');
  });

  test('K13 system text after the first question is sent as the user\'s, which is told', async () => {
    const server = await serve('anthropic', [{}]);
    const { warnings = [] } = await ask(server, 'anthropic', { messages: [...QUESTION, { role: 'model', content: [{ text: 'Hi.' }] }, { role: 'system', content: [{ text: 'Be long.' }] }, { role: 'user', content: [{ text: 'Again.' }] }] });
    expect(warnings).toEqual([expect.stringMatching(/system text.*only.*beginning/)]);
    expect((server.questions()[0]!.messages as { role: string }[]).map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'user']);
    expect((await ask(server, 'anthropic')).warnings).toBeUndefined();
  });

  test('K13 an answer of a schema is the input of a tool', async () => {
    const events = [
      { type: 'message_start', message: { model: 'm-1', usage: { input_tokens: 3, output_tokens: 1 } } }, { type: 'content_block_start', index: 0, content_block: { type: 'tool_use', id: 't', name: 'answer', input: {} } },
      ...['', '{"city": "Ca', 'li"}'].map((partial_json) => ({ type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json } })), { type: 'content_block_delta', index: 1, delta: { type: 'thinking_delta', thinking: 'Hm' } },
      { type: 'something_new' }, { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 9 } }, { type: 'message_stop' },
    ];
    const server = await serve('anthropic', [{ raw: { headers: { 'content-type': 'text/event-stream' }, body: events.map((one) => `event: ${one.type}\ndata: ${JSON.stringify(one)}\n\n`).join('') } }]);
    const provider = await loadProvider('anthropic');
    const schema = provider.lower({ type: 'object', properties: { city: { type: 'string' } } }, profileOf('anthropic', server));
    expect(await ask(server, 'anthropic', { schema })).toMatchObject({ text: '{"city": "Cali"}', finish: 'stop', input: 3, output: 9 });
    expect(server.questions()[0]).toMatchObject({ tool_choice: { type: 'tool', name: 'answer' } });
  });

  test('K13 a refusal is no answer, and a prompt without a user is refused before', async () => {
    const server = await serve('anthropic', [{ finish: 'refusal' }]);
    expect((await ask(server, 'anthropic')).finish).toBe('refusal');
    expect(await fails(ask(server, 'anthropic', { messages: QUESTION.slice(0, 1) }))).toMatchObject({ code: 'bad-input' });
    expect(server.asked.length).toBe(1);
  });
});

test('K13 what a profile needs of the network is known without loading a provider', () => {
  const profile = (provider: ModelProfile['provider'], more: Partial<ModelProfile> = {}): ModelProfile => ({ name: 'p', provider, model: 'm', parameters: {}, template: 'chat', ...more });
  expect(networkOf(profile('ollama'))).toEqual({ origin: 'http://127.0.0.1:11434', method: 'POST', secrets: [] });
  expect(networkOf(profile('openai'))).toEqual({ origin: 'https://api.openai.com', method: 'POST', secrets: ['OPENAI_API_KEY'] });
  expect(networkOf(profile('anthropic'))?.secrets).toEqual(['ANTHROPIC_API_KEY']);
  // The key of a service goes to nobody else by itself.
  expect(networkOf(profile('openai', { endpoint: 'https://models.example.org/v1' }))).toEqual({ origin: 'https://models.example.org', method: 'POST', secrets: [] });
  expect(networkOf(profile('openai', { endpoint: 'http://localhost:8000', secret: 'MINE' }))?.secrets).toEqual(['MINE']);
  for (const name of ['llama', 'script', 'replay'] as const) expect(networkOf(profile(name))).toBeUndefined();
  for (const [endpoint, address] of [
    ['http://h:1', 'http://h:1/v1/x'], ['http://h:1/', 'http://h:1/v1/x'], ['http://h/v1', 'http://h/v1/x'], ['https://h/openai/v1/', 'https://h/openai/v1/x'], ['https://h/base', 'https://h/base/v1/x'], ['https://h/v1beta/openai', 'https://h/v1beta/openai/x'],
  ]) expect(addressOf(profile('openai', { endpoint: endpoint! }), '/x')).toBe(address);
  expect(addressOf(profile('ollama', { endpoint: 'http://h/base' }), '/api/chat')).toBe('http://h/base/api/chat');
});
