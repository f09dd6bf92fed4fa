/** The kind `http` over the real client, to a server on the loopback: answers, failures, redirects, limits, secrets. */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { TelarError } from '../../contracts/errors.ts';
import { http } from '../../nodes/http/index.ts';
import { systemNetwork } from '../../runtime/adapters/network.node.ts';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { createStepContext } from '../../runtime/scheduler/context.ts';
import type { Deed } from '../../runtime/scheduler/effects.ts';
import { loadValue, storeValue } from '../../runtime/values/kinds.ts';
import { isTableView } from '../../runtime/values/summary.ts';
import { loopback, type Loopback } from '../support/loopback.ts';
import { memoryBlobs } from '../support/memory-blobs.ts';
import { memoryFiles } from '../support/memory-files.ts';
import { analyse } from '../support/steps.ts';

let server: Loopback;
let other: Loopback;
const blobs = memoryBlobs();

beforeAll(async () => {
  other = await loopback((_, response) => { response.end('elsewhere'); });
  server = await loopback((asked, response) => {
    const send = (type: string, body: string | Uint8Array, status = 200, headers = {}): void => { response.writeHead(status, { 'content-type': type, ...headers }).end(body); };
    const path = asked.url.split('?')[0];
    switch (path) {
      case '/json': send('application/json; charset=utf-8', '{"n": 12345678901234567890, "of": [1, 2.5]}'); break;
      case '/csv': send('text/csv', 'code,n,ok,t\r\n0049,1,true,1.5\r\n0001,2,false,\r\n"a ""b"",\nc",3,true,2\r\n'); break;
      case '/ragged': send('text/csv', 'a,b\n1,2\n3\n'); break;
      case '/text': send('text/plain; charset=iso-8859-1', new Uint8Array([0x61, 0xf1, 0x6f])); break;
      case '/bytes': send('image/png', new Uint8Array([1, 2, 3])); break;
      case '/packed': send('application/json', gzipSync('{"packed": true}'), 200, { 'content-encoding': 'gzip' }); break;
      case '/bomb': send('application/json', gzipSync(new Uint8Array(50_000_000)), 200, { 'content-encoding': 'gzip' }); break;
      case '/echo': send('application/json', JSON.stringify(asked)); break;
      case '/near': send('text/plain', '', 302, { location: '/json' }); break;
      case '/post-near': send('text/plain', '', 303, { location: '/echo' }); break;
      case '/far': send('text/plain', '', 302, { location: `${other.origin}/` }); break;
      case '/round': send('text/plain', '', 307, { location: '/round' }); break;
      case '/nowhere': send('text/plain', '', 302, { location: 'http://[' }); break;
      case '/denied': send('application/json', JSON.stringify({ 'you sent': asked.headers.authorization }).replace(':', ': '), 401); break;
      case '/broken': send('application/json', '{"a": '); break;
      case '/large': send('text/plain', 'x'.repeat(2_000_000)); break;
      case '/endless': response.writeHead(200, { 'content-type': 'text/plain' }); for (let i = 0; i < 100; i += 1) response.write('x'.repeat(100_000)); break;
      case '/cut': response.writeHead(200, { 'content-length': '100' }); response.write('some'); setTimeout(() => response.destroy(), 20); break;
      case '/silent': break;
      default: send('text/plain', 'no such thing', 404);
    }
  });
});
afterAll(async () => { await server.close(); await other.close(); });
beforeEach(() => { server.asked.length = 0; other.asked.length = 0; });

interface Options { readonly rest?: string; readonly inputs?: Record<string, unknown>; readonly effect?: 'observe' | 'effect' | 'pure'; readonly time?: number; readonly origin?: string; readonly deeds?: Deed[]; readonly signal?: AbortSignal; readonly secrets?: Record<string, string> }

async function outcome(path: string, { rest = '', inputs = {}, effect = 'observe', time = 5000, origin = server.origin, deeds, signal, secrets = {} }: Options = {}) {
  const body = `url: "${server.origin}${path}"\n${rest}`;
  const analysis = await analyse(http, body);
  expect(analysis.problems).toEqual([]);
  const context = createStepContext({
    blobs, files: memoryFiles({}), sha256, executors: new Map(), folder: '', effect, network: systemNetwork, origins: [origin],
    secrets: { get: (name) => secrets[name], fingerprint: () => undefined }, ...(deeds === undefined ? {} : { begin: async (deed: Deed) => { deeds.push(deed); } }),
    limits: { time, memory: 1e9, output: 1_000_000 }, signal: signal ?? new AbortController().signal, emit: () => undefined,
  });
  return http.run!({
    node: 'web', cell: { id: 'web', kind: 'http', language: 'yaml', body, params: {} }, analysis, wanted: [], params: {}, file: 'a.telar.md', line: 10, modules: {}, folder: '',
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, { ref: storeValue(value, blobs).ref! }])),
    ...(effect === 'effect' ? { idempotencyKey: 'one-doing' } : {}),
  }, context);
}
const value = async (path: string, options?: Options): Promise<unknown> => loadValue((await outcome(path, options)).outputs.value!.ref!, blobs);
const fault = (path: string, options?: Options): Promise<TelarError> => outcome(path, options).then(() => { throw new Error('it did not fail'); }, (error: TelarError) => error);

test('P7 the form of an answer is what the server says: JSON exactly, CSV with types, text in its charset, bytes', async () => {
  expect(await value('/json')).toEqual({ n: 12345678901234567890n, of: [1, 2.5] });
  const table = await value('/csv');
  if (!isTableView(table)) throw new Error('no table');
  expect(table.columns).toMatchObject([{ name: 'code', type: 'VARCHAR' }, { name: 'n', type: 'BIGINT' }, { name: 'ok', type: 'BOOLEAN' }, { name: 't', type: 'DOUBLE' }]);
  expect([table.column('code'), table.column('t')]).toEqual([['0049', '0001', 'a "b",\nc'], [1.5, null, 2]]);
  expect(await value('/text')).toBe('año');
  expect(await value('/bytes')).toEqual(new Uint8Array([1, 2, 3]));
  expect(await value('/packed')).toEqual({ packed: true });
});

test('P7 `as` says otherwise', async () => {
  expect(await value('/json', { rest: 'as: text' })).toContain('12345678901234567890');
  expect(await value('/json', { rest: 'as: bytes' })).toBeInstanceOf(Uint8Array);
  expect((await fault('/csv', { rest: 'as: json' })).code).toBe('bad-file');
  expect((await fault('/ragged')).message).toContain('line 3');
  expect((await fault('/broken')).message).toContain('is not valid JSON');
});

test('P7 what is sent: method, headers, a body of text or data, values filled in', async () => {
  const rest = 'method: POST\nheaders: {X-Year: "{{ year }}"}\nbody: {year: "{{ year }}", list: [1, true, null]}';
  const echo = await value('/echo?q={{ who.name }}', { rest, inputs: { year: 2014, who: { name: 'ana' } } }) as Record<string, unknown>;
  expect(echo).toMatchObject({ method: 'POST', url: '/echo?q=ana', body: '{"year":"2014","list":[1,true,null]}', headers: { 'x-year': '2014', 'content-type': 'application/json' } });
  expect(Object.keys(echo.headers as object)).not.toContain('cookie');
  expect(await value('/echo', { rest: 'method: POST\nbody: hola' })).toMatchObject({ body: 'hola', headers: { 'content-type': 'text/plain; charset=utf-8' } });
});

test('P7 a value that would make a second header is refused', async () => {
  expect((await fault('/echo', { rest: 'headers: {x-a: "{{ evil }}"}', inputs: { evil: 'a\r\nx-b: c' } })).code).toBe('refused');
  expect(server.asked).toEqual([]);
});

test('P7 what Node refuses to send is refused, and surely not sent', async () => {
  const error = await fault('/echo', { rest: 'method: POST\nheaders: {x-a: "{{ odd }}"}', inputs: { odd: 'ñandú ☃' }, effect: 'effect' });
  expect([error.code, error.data.sent]).toEqual(['refused', false]);
});

test('P7 of HEAD the value is the headers', async () => {
  expect(await value('/csv', { rest: 'method: HEAD' })).toMatchObject({ 'content-type': 'text/csv' });
});

test('P7 a filled-in address stays at its origin', async () => {
  for (const evil of ['/elsewhere.example/', '..//elsewhere.example', '@elsewhere.example', '\\\\elsewhere.example']) {
    expect([evil, (await fault('/{{ evil }}', { inputs: { evil } })).data.status]).toEqual([evil, 404]);
  }
  expect(server.asked.length).toBe(4);
  const { problems } = await analyse(http, 'url: "https://example.org{{ evil }}"');
  expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining('must be written out')]);
});

test('P7 an answer that is no success is a typed failure with its status and line', async () => {
  const error = await fault('/gone');
  expect([error.code, error.data.status, error.line]).toEqual(['network', 404, 10]);
  expect(error.message).toMatch(/the server answered 404 \(no such thing\)\. Correct the address\./);
});

test('P7 redirects are followed within the origin, and nowhere else', async () => {
  expect(await value('/near')).toMatchObject({ of: [1, 2.5] });
  expect(await value('/post-near', { rest: 'method: POST\nbody: x' })).toMatchObject({ method: 'GET', body: '' });
  const far = await fault('/far');
  expect([far.code, far.data.origin]).toEqual(['refused', other.origin]);
  expect(other.asked).toEqual([]);
  expect((await fault('/round')).message).toContain('more than 10 times');
  expect((await fault('/nowhere')).message).toContain('is no address');
});

test('R5 limits: time, size, and size when unpacked', async () => {
  const late = await fault('/silent', { time: 100 });
  expect([late.code, late.data.sent]).toEqual(['timeout', true]);
  for (const path of ['/large', '/endless', '/bomb']) expect([path, (await fault(path)).code]).toEqual([path, 'output-limit']);
  // Of a question that changes something it is told as one of which nobody knows what it did.
  expect(await fault('/large', { rest: 'method: POST', effect: 'effect' })).toMatchObject({ code: 'network', message: expect.stringContaining('more than 1000000 bytes'), data: { sent: true } });
});

test('R2 a cancel ends the question at once', async () => {
  const stop = new AbortController();
  setTimeout(() => { stop.abort(); }, 30);
  expect((await fault('/silent', { signal: stop.signal })).code).toBe('cancelled');
  expect((await fault('/json', { signal: stop.signal })).data.sent).toBe(false);
});

test('P7 a failure says whether the question was sent', async () => {
  expect((await fault('/cut')).data.sent).toBe(true);
  const gone = await loopback((_, response) => { response.end(); });
  await gone.close();
  const error = await systemNetwork.ask({ url: gone.origin, method: 'GET', headers: {} }, { time: 1000, output: 10, signal: new AbortController().signal }).catch((one: TelarError) => one) as TelarError;
  expect([error.code, error.data.sent]).toEqual(['network', false]);
  expect(error.message).toContain('nobody listens there');
});

test('P7 an effect begins before each question, bears its key, and keeps an answer that it cannot read', async () => {
  const deeds: Deed[] = [];
  const done = await outcome('/broken', { rest: 'method: POST\nbody: x', effect: 'effect', deeds });
  expect(deeds).toEqual([{ what: `POST ${server.origin}/broken` }]);
  expect(server.asked[0]?.headers['idempotency-key']).toBe('one-doing');
  expect(new TextDecoder().decode(loadValue(done.outputs.value!.ref!, blobs) as Uint8Array)).toBe('{"a": ');
  expect(done.warnings?.[0]).toContain('kept as bytes');
});

test('P7 a step of another class, or of another origin, asks nothing', async () => {
  expect((await fault('/json', { effect: 'pure' })).code).toBe('refused');
  expect((await fault('/json', { origin: other.origin })).code).toBe('refused');
  expect(server.asked).toEqual([]);
});

test.each(['trailing ', 'two  blanks', 'quo"ted'])('S10 the secret %j is hidden in what a server says back, however that writes it', async (secret) => {
  const error = await fault('/denied', { rest: 'headers: {authorization: {secret: TOKEN}}', secrets: { TOKEN: secret } });
  expect(error.message).toContain('"you sent": "…"');
});

test('S10 a secret goes into its header and nowhere else, also when the server says it back', async () => {
  const rest = 'headers: {authorization: {secret: TOKEN}}';
  const error = await fault('/denied', { rest, secrets: { TOKEN: 's3cr3t-value' } });
  expect(server.asked[0]?.headers.authorization).toBe('s3cr3t-value');
  expect(JSON.stringify(error)).not.toContain('s3cr3t-value');
  const unset = await fault('/echo', { rest });
  expect([unset.code, unset.message]).toEqual(['unavailable', expect.stringContaining('`TOKEN` is not set')]);
});

test('D4 what a body lacks or may not say is a problem with its place', async () => {
  const problems = async (body: string, params = {}): Promise<string[]> => {
    const { problems: found } = http.analyse({ id: 'web', kind: 'http', language: 'yaml', body, params });
    return found.map(({ code, at }) => `${code} ${body.slice(at.from, at.to)}`);
  };
  const url = 'url: https://example.org/';
  expect(await problems('')).toEqual(['missing-key ']);
  expect(await problems('method: GET')).toEqual(['missing-key method: GET']);
  for (const bad of ['ftp://example.org/', '/data.json', 'https://{{ host }}/', 'https://u:p@example.org/', 'https://exa mple.org/', 'file:///etc/passwd']) expect([bad, await problems(`url: "${bad}"`)]).toEqual([bad, [`bad-value "${bad}"`]]);
  expect(await problems(`${url}\nmethod: TRACE`)).toEqual(['bad-value TRACE']);
  expect(await problems(`${url}\nas: xml`)).toEqual(['bad-value xml']);
  expect(await problems(`${url}\nmethod: HEAD\nas: text`)).toEqual(['bad-value text']);
  expect(await problems(`${url}\nbody: x`)).toEqual(['bad-value x']);
  expect(await problems(`${url}\nmethod: POST\nbody: {ids: [1, 12345678901234567890]}`)).toEqual(['bad-value 12345678901234567890']);
  for (const header of ['host: a', 'cookie: a', 'proxy-authorization: a', 'a b: c', 'n: 1', 's: {secret: "a b"}', 's: {secret: A, more: B}']) expect([header, (await problems(`${url}\nheaders: {${header}}`)).length]).toEqual([header, 1]);
  expect(await problems(`${url}\nmethod: DELETE`, { effect: 'observe' })).toEqual(['bad-value DELETE']);
  expect(await problems(`${url}\nmethod: POST`, { effect: 'observe' })).toEqual([]);
});

test('S4 what a body would do on the network is known without running it', async () => {
  const { network, effect, reads } = await analyse(http, 'url: https://Example.org:443/a/{{ year }}\nmethod: PUT\nheaders: {a: {secret: B}, c: {secret: A}}\nbody: "{{ text }}"');
  expect([network, effect, reads.map(({ name }) => name)]).toEqual([{ origin: 'https://example.org', method: 'PUT', secrets: ['A', 'B'] }, 'effect', ['year', 'text']]);
});
