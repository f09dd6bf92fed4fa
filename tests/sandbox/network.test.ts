/** T4: an isolated Python step asks the network through the process around it: real servers on the loopback, and the scheduler's own fetch. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemNetwork } from '../../runtime/adapters/network.node.ts';
import { answer } from '../../runtime/executors/python/ask.node.ts';
import { packResult, unpackResult } from '../../runtime/executors/python/frames.node.ts';
import { createFetch } from '../../runtime/scheduler/context-network.ts';
import { loopback, type Loopback } from '../support/loopback.ts';
import { pythonBench } from '../support/python.ts';
import { describeWalled } from '../support/walls.ts';

let server: Loopback;
let other: Loopback;
beforeAll(async () => {
  server = await loopback(({ url, method, body, headers }, response) => {
    if (url === '/slow') return;
    if (url === '/away') response.writeHead(302, { location: `${other.origin}/told` }).end();
    else if (url === '/round') response.writeHead(302, { location: '/hello' }).end();
    else if (url === '/huge') { response.writeHead(200); for (let i = 0; i < 40; i += 1) response.write(Buffer.alloc(100_000)); response.end(); }
    else if (url === '/half') { response.writeHead(200, { 'content-length': '1000' }); response.write('half'); setTimeout(() => response.destroy(), 20); }
    else if (url === '/gone') response.writeHead(404, { 'content-type': 'text/plain' }).end('no such page');
    else if (url === '/json') response.writeHead(200, { 'content-type': 'application/json' }).end('{"rain": [1, 2]}');
    else response.writeHead(200, { 'content-type': 'text/plain', 'x-told': String(headers['x-asked']) }).end(`${method} ${body}`);
  });
  other = await loopback((_, response) => { response.writeHead(200).end('elsewhere'); });
});
afterAll(async () => { await server.close(); await other.close(); });
beforeEach(() => { server.asked.length = 0; other.asked.length = 0; });

describeWalled('with a grant', () => {
  const bench = pythonBench();
  afterAll(() => bench.close());
  const around = ({ time = 20_000, output = 1_000_000, signal = new AbortController().signal } = {}) => ({
    time, output, signal, isolation: { network: [server.origin], files: [], programs: [] },
    fetch: createFetch({ limits: { time, output, memory: 1e9 }, signal, effect: 'observe', network: systemNetwork, origins: [server.origin] }),
  });
  const get = (path: string): string => `import urllib.request\nurllib.request.urlopen("${server.origin}${path}").read().decode()`;

  it('T4 urllib, http.client and pyodide.http ask the granted origin', async () => {
    const [host, port] = server.origin.replace('http://', '').split(':');
    expect(await bench.value([
      'import urllib.request, http.client', 'from pyodide.http import pyfetch, open_url', `origin = "${server.origin}"`, 'plain = urllib.request.urlopen(origin + "/hello").read().decode()',
      'r = urllib.request.urlopen(urllib.request.Request(origin + "/post", data=b"a=1", headers={"X-Asked": "yes"}))', 'post = [r.status, r.read().decode(), r.headers["x-told"]]',
      `c = http.client.HTTPConnection("${host}", ${port})`, 'c.request("PUT", "/x?y=1", body=iter([b"one", b"two"]), headers={"Transfer-Encoding": "chunked"}, encode_chunked=True)', 'put = c.getresponse().read().decode()',
      'a = await pyfetch(origin + "/json")', 'fetched = [a.ok, (await a.json())["rain"], open_url(origin + "/round").read()]',
      'try: gone = urllib.request.urlopen(origin + "/gone")', 'except urllib.error.HTTPError as error: gone = [error.code, error.read().decode()]', '[plain, post, put, fetched, gone]',
    ].join('\n'), around())).toEqual(['GET ', [200, 'POST a=1', 'yes'], 'PUT onetwo', [true, [1, 2], 'GET '], [404, 'no such page']]);
    expect(server.asked.find(({ method }) => method === 'PUT')).toMatchObject({ url: '/x?y=1', body: 'onetwo' });
  });

  it('T4 another origin is refused, also by a redirect, and is never asked', async () => {
    for (const code of [`import urllib.request\nurllib.request.urlopen("${other.origin}/")`, get('/away'), `import urllib.request\nurllib.request.urlopen("${server.origin.replace('127.0.0.1', 'localhost')}/")`, `from pyodide.http import pyfetch\nawait pyfetch("${server.origin}@${other.origin.slice(7)}/")`]) {
      expect(await bench.error(code, around())).toMatchObject({ code: 'exception', data: { type: 'PermissionError' }, message: expect.stringContaining('not') });
    }
    expect(other.asked).toEqual([]);
  });

  it('T4 a slow server, a huge answer and one that breaks off are told; the child goes on', async () => {
    expect(await bench.error(get('/slow'), around({ time: 500 }))).toMatchObject({ code: 'timeout' });
    expect(await bench.error(get('/huge'), around())).toMatchObject({ code: 'exception', message: expect.stringContaining('more than 1000000 bytes') });
    expect(await bench.error(get('/half'), around())).toMatchObject({ code: 'exception', message: expect.stringMatching(/ConnectionError/) });
    expect(await bench.value(get('/hello'), around())).toBe('GET ');
  });

  it('T4 a cancel ends the wait', async () => {
    const cancel = new AbortController();
    const running = bench.error(get('/slow'), around({ signal: cancel.signal }));
    await expect.poll(() => server.asked.length, { timeout: 10_000 }).toBe(1);
    const from = performance.now();
    cancel.abort();
    expect(await running).toMatchObject({ code: 'cancelled' });
    expect(performance.now() - from).toBeLessThan(1000);
    expect(await bench.value('1', around())).toBe(1);
  });
});

it('T4 without a grant each road says what to write, and nobody is asked', async () => {
  const bench = pythonBench();
  try {
    for (const code of [`import urllib.request\nurllib.request.urlopen("${server.origin}/")`, `from pyodide.http import pyfetch\nawait pyfetch("${server.origin}/")`, 'import socket\nsocket.create_connection(("127.0.0.1", 80))', 'import asyncio\nawait asyncio.open_connection("127.0.0.1", 80)']) {
      expect(await bench.error(code), code).toMatchObject({ code: 'exception', message: expect.stringMatching(/isolated=true network=|NotImplementedError/) });
    }
    expect(server.asked).toEqual([]);
  } finally {
    await bench.close();
  }
});

describe('what a child says is not believed', () => {
  const reply = async (payload: Uint8Array, fetch: Parameters<typeof answer>[1] = () => Promise.resolve({ status: 200, headers: {}, body: new Uint8Array() })): Promise<unknown> => unpackResult((await answer(payload, fetch)).subarray(4)).message;

  it('T4 a question that is none is refused, and does not end the parent', async () => {
    const none = { error: { code: 'refused', message: 'That is no question to the network.' } };
    const good = { url: 'http://127.0.0.1/', method: 'GET', headers: {} };
    for (const wrong of [null, 1, [], { ...good, url: 1 }, { ...good, url: 'file:///etc/passwd' }, { ...good, url: 'http://' }, { ...good, method: 'GET /' }, { ...good, method: 'get' }, { ...good, headers: { a: 1 } }, { ...good, headers: null }, { ...good, url: `http://a/${'x'.repeat(300_000)}` }]) {
      expect(await reply(packResult(wrong, []))).toEqual(none);
    }
    for (const bytes of [new Uint8Array(), new Uint8Array(3), new Uint8Array(8).fill(255), new TextEncoder().encode('{}{}{}{}')]) expect(await reply(bytes)).toEqual(none);
    expect(await reply(packResult(good, [new Uint8Array(64 * 1024 * 1024 + 1)]))).toMatchObject({ error: { code: 'refused' } });
    expect(await reply(packResult(good, []))).toEqual({ status: 200, headers: {} });
  });

  it('T4 without a way to ask, the answer says what to write; whatever the asking throws is told', async () => {
    const question = packResult({ url: 'http://127.0.0.1/', method: 'GET', headers: {} }, []);
    expect(unpackResult((await answer(question, undefined)).subarray(4)).message).toMatchObject({ error: { code: 'refused', message: expect.stringContaining('network=') } });
    expect(await reply(question, () => Promise.reject(new Error('boom')))).toMatchObject({ error: { message: expect.stringContaining('boom') } });
  });
});

it('T4 no question leads elsewhere by its headers, and what was meant for one origin does not follow a redirect to the next', async () => {
  const limits = { time: 5000, output: 1e6, memory: 1e9 };
  const fetch = createFetch({ limits, signal: new AbortController().signal, effect: 'observe', network: systemNetwork, origins: [server.origin, other.origin] });
  for (const name of ['host', 'Host', 'connection', 'transfer-encoding', 'content-length', 'upgrade', 'proxy-authorization', 'expect', 'TE']) {
    await expect(fetch({ url: `${server.origin}/`, method: 'GET', headers: { [name]: 'evil.example' } }), name).rejects.toMatchObject({ code: 'refused' });
  }
  expect(server.asked).toEqual([]);
  await fetch({ url: `${server.origin}/away`, method: 'GET', headers: { Authorization: 'Bearer one', cookie: 'a=1', 'x-kept': 'yes' } });
  expect(other.asked.map(({ headers }) => [headers.authorization, headers.cookie, headers['x-kept']])).toEqual([[undefined, undefined, 'yes']]);
  await fetch({ url: `${server.origin}/round`, method: 'GET', headers: { authorization: 'Bearer one' } });
  expect(server.asked.at(-1)!.headers.authorization).toBe('Bearer one');
});
