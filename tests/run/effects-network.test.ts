/** P7 and S4: what reads the network is recorded and reused; it needs leave, by code and origin; a host may have no network. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { systemNetwork } from '../../runtime/adapters/network.node.ts';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { askOf, asksOf } from '../../runtime/grants.ts';
import type { Secrets } from '../../runtime/ports.ts';
import { createRuntime, type Notebook, type RunOptions, type RuntimePorts } from '../../runtime/runtime.ts';
import type { RunResult } from '../../runtime/scheduler/run-plan.ts';
import { js } from '../support/graphs.ts';
import { loopback, type Loopback } from '../support/loopback.ts';
import { createBench, type Bench } from '../support/workbench.ts';

let server: Loopback;
let count = 0;
beforeAll(async () => {
  server = await loopback((asked, response) => {
    if (asked.url === '/cut') { response.destroy(); return; }
    if (asked.url === '/busy') { response.writeHead(503).end(); return; }
    if (asked.url === '/away') { response.writeHead(303, { location: 'http://127.0.0.1:1/' }).end(); return; }
    if (asked.url === '/nowhere') { response.writeHead(404).end(); return; }
    if (asked.url === '/hasty') { response.writeHead(429).end(); return; }
    count += 1;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ count, seen: asked.headers.authorization !== undefined }));
  });
});
afterAll(() => server.close());
beforeEach(() => { server.asked.length = 0; count = 0; });

const note = (...fences: string[]): string => `---\ntelar: 1\n---\n${fences.join('\n')}`;
const web = (id: string, path: string, rest = '', keys = ''): string => `\`\`\`yaml {#${id} .http${keys === '' ? '' : ` ${keys}`}}\nurl: ${server.origin}${path}\n${rest}\`\`\`\n`;

/** A notebook on a host with a network, and perhaps secrets. */
async function online(text: string, bench: Bench = createBench(text), secrets?: Record<string, string>): Promise<{ bench: Bench; notebook: Notebook; run: (options?: Partial<RunOptions>) => Promise<RunResult> }> {
  bench.write(text);
  const store: Secrets = { get: (name) => secrets?.[name], fingerprint: (name) => (secrets?.[name] === undefined ? undefined : sha256(`k${secrets[name]}`)) };
  const ports: RuntimePorts = { ...bench.ports, network: systemNetwork, ...(secrets === undefined ? {} : { secrets: store }) };
  const notebook = await createRuntime(ports).open('main.telar.md');
  return { bench, notebook, run: (options = {}) => notebook.run({ jobs: 2, failFast: false, signal: new AbortController().signal, emit: () => undefined, ...options }) };
}

test('P7 what was read is recorded and reused until somebody asks again', async () => {
  const text = note(web('web', '/a'), js('n', 'web.count'));
  const { bench, run } = await online(text);
  const first = await run({ trust: true });
  expect(bench.value(first, 'n')).toBe(1);
  expect(bench.store.rows(first.nodes.get('web')!.key!)).toMatchObject([{ effect: 'observe' }]);
  const again = (await run({ trust: true })).nodes;
  expect([again.get('web')?.how, again.get('web')?.reason, again.get('n')?.reason]).toEqual(['reused', expect.stringMatching(/^as read on \d{4}-\d\d-\d\d \d\d:\d\d; `--from web` asks again$/), 'nothing it depends on has changed']);
  const { run: later, notebook } = await online(text, bench);
  expect(notebook.why('web').reason).toMatch(/^as read on .* asks again/);
  expect(bench.value(await later({ trust: true }), 'n')).toBe(1);
  expect(server.asked.length).toBe(1);
  expect(bench.value(await run({ trust: true, from: ['web'] }), 'n')).toBe(2);
  expect(bench.value(await run({ trust: true }), 'n')).toBe(2);
});

test('S4 without leave nothing is asked: the node is unavailable and says what it would do, the rest runs', async () => {
  const { run, notebook } = await online(note(web('web', '/a'), js('reader', 'web.count'), js('other', '1')));
  const { nodes } = await run();
  expect(nodes.get('web')).toMatchObject({ state: 'unavailable', reason: expect.stringMatching(/it would send GET to http:\/\/127\.0\.0\.1:\d+, which nobody has allowed: `telar trust main\.telar\.md`.*`--trust`/) });
  expect([nodes.get('reader')?.state, nodes.get('other')?.state]).toEqual(['blocked', 'fresh']);
  expect(notebook.plan().find((step) => step.node === 'web')?.decision).toBe('unavailable');
  expect(server.asked).toEqual([]);
});

test('S4 leave is for this code and what it asks for: layout keeps it, another address, method or secret does not', async () => {
  const { bench, run } = await online(note(web('web', '/a')));
  const { graph } = await bench.notebook();
  for (const { hash } of asksOf(graph, { sha256 })) await bench.store.grant(hash);
  expect((await run()).nodes.get('web')?.state).toBe('fresh');
  const stateWith = async (text: string): Promise<unknown> => (await (await online(text, bench, {})).run()).nodes.get('other')?.state;
  expect(await stateWith(note('Prose.\n', web('other', '/a', '# a remark\n')))).toBe('fresh');
  expect(await stateWith(note(web('other', '/b')))).toBe('unavailable');
  expect(await stateWith(note(web('other', '/a', 'method: POST\n')))).toBe('unavailable');
  expect(await stateWith(note(web('other', '/a', 'headers: {authorization: {secret: TOKEN}}\n')))).toBe('unavailable');
});

test('S4 --trust is for one run; what it brought is reused without leave, and without a network, but not asked for again', async () => {
  const { bench, run, notebook } = await online(note(web('web', '/a'), js('n', 'web.count')));
  expect((await run({ trust: true })).nodes.get('web')?.how).toBe('ran');
  const reused = await run();
  expect([reused.nodes.get('web')?.how, bench.value(reused, 'n')]).toEqual(['reused', 1]);
  expect((await bench.run()).nodes.get('web')?.how).toBe('reused');
  expect((await run({ from: ['web'] })).nodes.get('web')?.state).toBe('unavailable');
  expect(notebook.plan().map((step) => step.decision)).toEqual(['reuse', 'reuse']);
  expect(server.asked.length).toBe(1);
});

test('S4 a stored answer that turns out to be lost is not asked for without leave', async () => {
  const { bench, run } = await online(note(web('web', '/a'), js('n', 'web.count')));
  const first = await run({ trust: true });
  const { hash } = first.nodes.get('web')!.outputs!.value!.ref!;
  const { rows } = bench.store;
  let looks = 0;
  // The row is there when it is planned, and gone when it is decided.
  bench.store.rows = (key) => (key === first.nodes.get('web')!.key && ++looks > 1 ? [] : rows.call(bench.store, key));
  const { nodes } = await run();
  expect(nodes.get('web')?.error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('which nobody has allowed') });
  expect([server.asked.length, bench.store.blobs.has(hash)]).toEqual([1, true]);
});

test('P7 a host without a network is told before the run, leave or not', async () => {
  const bench = createBench(note(web('web', '/a')));
  const { nodes } = await bench.run({ trust: true });
  expect(nodes.get('web')).toMatchObject({ state: 'unavailable', reason: 'there is no network in this host' });
});

test('P7 a POST is an effect: made once, without an answer in doubt, and not by a second run', async () => {
  const { bench, run } = await online(note(web('sent', '/cut', 'method: POST\nbody: {a: 1}\n')));
  const first = await run({ trust: true });
  expect(first.nodes.get('sent')?.error).toMatchObject({ code: 'network', data: { sent: true } });
  expect(bench.store.intents()).toMatchObject([{ what: `POST ${server.origin}/cut` }]);
  expect((await run({ trust: true })).nodes.get('sent')?.error?.code).toBe('in-doubt');
  expect(server.asked.length).toBe(1);
  expect(server.asked[0]?.headers['idempotency-key']).toBe(bench.store.intents()[0]?.id);
});

test.each([['/busy', 3], ['/nowhere', 1], ['/hasty', 3]])('R6 an answer that says what a person has to mend is not asked for again: %s', async (path, times) => {
  const { run } = await online(note(web('web', path, '', 'retries=2')));
  const error = (await run({ trust: true })).nodes.get('web')?.error;
  expect([error?.code, error?.message.includes('`retries=')]).toEqual(['network', path !== '/nowhere']);
  expect(server.asked.length).toBe(times);
});

test('P7 a POST that was answered with what cannot be followed or held is in doubt: it may have been done', async () => {
  const { bench, run } = await online(note(web('sent', '/away', 'method: POST\n')));
  const first = (await run({ trust: true })).nodes.get('sent')?.error;
  expect(first?.message).toMatch(/redirects to http:\/\/127\.0\.0\.1:1, which this step was not granted/);
  expect(bench.store.intents()).toHaveLength(1);
  expect((await run({ trust: true })).nodes.get('sent')?.error?.code).toBe('in-doubt');
  expect(server.asked.length).toBe(1);
});

test('P7 a server that says no has answered: nothing is in doubt, and the next run asks again', async () => {
  const { bench, run } = await online(note(web('sent', '/busy', 'method: POST\n')));
  for (const times of [1, 2]) {
    expect((await run({ trust: true })).nodes.get('sent')?.error).toMatchObject({ code: 'network', data: { status: 503 } });
    expect([bench.store.intents(), server.asked.length]).toEqual([[], times]);
  }
});

test('S10 a secret is in no key, row, record, log or error; another one is another key', async () => {
  const text = note(web('web', '/a', 'headers: {authorization: {secret: TOKEN}}\n'), js('n', 'web.count'));
  const bench = createBench(text);
  const { run, notebook } = await online(text, bench, { TOKEN: 'first-of-all' });
  expect(asksOf(notebook.graph, { sha256 }).map(({ words }) => words)).toEqual([`send GET to ${server.origin}, with the secret TOKEN`]);
  const first = await run({ trust: true });
  expect(server.asked[0]?.headers.authorization).toBe('first-of-all');
  const { run: second } = await online(text, bench, { TOKEN: 'second-of-all' });
  const next = await second({ trust: true });
  expect(next.nodes.get('web')).toMatchObject({ how: 'ran', reason: 'the secret `TOKEN` changed' });
  expect(next.nodes.get('web')?.key).not.toBe(first.nodes.get('web')?.key);
  const all = JSON.stringify([bench.store.runs(), bench.store.runs().map(({ id }) => [bench.store.steps(id).map((step) => [step, bench.store.row(step.row ?? '')]), bench.store.logs(id)])]);
  expect(all).toContain('seen: true');
  expect(all).not.toMatch(/(?:first|second)-of-all/);
});

test('S4 nodes with errors ask for nothing', async () => {
  const { graph } = await createBench(note(web('web', '/a', 'as: xml\n'), js('one', '1'))).notebook();
  expect(asksOf(graph, { sha256 })).toEqual([]);
  expect(askOf(graph.node('one')!, { sha256 })).toBeUndefined();
});
