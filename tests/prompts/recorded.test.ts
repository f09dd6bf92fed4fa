/** Answers as recorded values, on the real command line over scripted models: reused, keyed by question and model, asked again on purpose, told, taken along. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, expect, test } from 'vitest';
import { createPlace, fence, js, type Finished, type Line, type Place } from '../support/cli.ts';
import type { NodeStatus, Operation } from '../../contracts/protocol.ts';
import { openHost } from '../../runtime/hosts/cli/host.node.ts';
import { runSummary } from '../../runtime/hosts/cli/summary.ts';
import type { Notebook } from '../../runtime/runtime.ts';
import { loadValue } from '../../runtime/values/kinds.ts';
import { preload } from '../cli/fixtures.ts';
import { modelServer } from '../support/model-servers.ts';

const folder = join(import.meta.dirname, '../../contracts/schema');
const ajv = new Ajv2020({ allErrors: true, strict: false });
for (const name of readdirSync(folder)) ajv.addSchema(JSON.parse(readFileSync(join(folder, name), 'utf8')) as object);
function keeps(name: string, line: unknown): void {
  const validate = ajv.getSchema(`urn:telar:schema:${name}:1`)!;
  validate(line);
  expect(validate.errors ?? [], JSON.stringify(line)).toEqual([]);
}

let place: Place;
afterEach(() => { place.remove(); });
const last = ({ lines }: Finished): Line => lines.at(-1) as Line;
const journal = (): string => readdirSync(place.path('.telar/journal')).map((name) => readFileSync(place.path(`.telar/journal/${name}`), 'utf8')).join('\n');
const profile = (more = ''): string => `telar-model: 1\nprovider: script\nmodel: answers.yaml\nprice: {input: 1000000, output: 2000000, currency: USD}\n${more}`;
const question = fence('text', '#said .prompt model=parrot', 'Say this in one sentence.\n{{ rain }}');
const notebook = `---\ntelar: 1\n---\n${js('rain', '({city: "Bogotá", mm: 12})')}${question}${js('reader', 'said.length')}`;
const files = { 'parrot.model.yaml': profile(), 'answers.yaml': '- {answer: "Rain in Bogotá: 12 mm."}\n', 'main.telar.md': notebook };
const how = (nodes: Readonly<Record<string, { how?: string }>>): Record<string, string | undefined> => Object.fromEntries(Object.entries(nodes).map(([id, one]) => [id, one.how]));

test('K16 an answer is recorded and reused by another process, which loads no parser, no validator and no provider', async () => {
  place = createPlace(files);
  const first = await place.run();
  expect(first.unwell).toEqual({});
  for (const line of first.lines.slice(0, -1)) keeps('operation', line);
  keeps('summary', last(first));
  // Twelve words asked, five answered: input 18 words counted by the script.
  expect(last(first).nodes.said.usage).toMatchObject({ before: expect.any(Number) as number, counted: 'exact', asks: 1, currency: 'USD' });
  const { input, output, cost } = last(first).usage as { input: number; output: number; cost: number };
  expect([output, cost]).toEqual([5, input + 2 * output]);
  const log = place.path('loaded.txt');
  const env = preload(place.root, 'loaded.cjs', `const { appendFileSync } = require('node:fs'); require('node:module').registerHooks({ load: (url, context, next) => { appendFileSync(${JSON.stringify(log)}, url + '\\n'); return next(url, context); } });`);
  const again = await place.run(undefined, [], { env });
  expect(how(again.nodes)).toEqual({ rain: 'reused', said: 'reused', reader: 'reused' });
  expect([last(again).usage, last(again).nodes.said.usage]).toEqual([undefined, undefined]);
  const loaded = readFileSync(log, 'utf8');
  expect(loaded).toMatch(/run-plan\.ts/);
  expect(loaded).not.toMatch(/handlebars|\/ajv\/|nodes\/prompt|prompts\/(?:ask|validate)|providers\/(?:index|script|openai|llama)/);
  expect(journal()).toMatch(/run ended: ok, 3 ran; \d+ \+ 5 tokens, \d+\.00 USD/);
});

/** Runs in this process, as `telar run` does. */
async function inHere(options: Partial<Parameters<Notebook['run']>[0]> = {}, told: Operation[] = []): Promise<{ nodes: ReadonlyMap<string, NodeStatus>; summary: Line; value(id: string): unknown; refreshed(): Promise<ReadonlySet<string>>; close(): Promise<void>; why(id: string): readonly string[] }> {
  const host = openHost(place.path('main.telar.md'), { text: () => undefined });
  const notebook = await host.open();
  const result = await notebook.run({ jobs: 2, failFast: false, signal: new AbortController().signal, emit: (operation) => { told.push(operation); }, ...options });
  const { nodes } = result;
  return { nodes, summary: runSummary(result) as Line, value: (id) => loadValue(nodes.get(id)!.outputs!.value!.ref!, host.store.blobs), refreshed: () => notebook.refresh(), close: () => host.close(), why: (id) => notebook.why(id).changed.map(({ component }) => component) };
}

test('K16 the key is the question and how the model is asked: not its name, place, price or description', async () => {
  place = createPlace(files);
  const rerun = async (name?: string, content?: string): Promise<unknown[]> => {
    if (name !== undefined) place.write(name, content as string);
    const { nodes, close, why } = await inHere();
    const told = [nodes.get('said')?.how, ...why('said')];
    await close();
    return told;
  };
  expect(await rerun()).toEqual(['ran']);
  expect(await rerun('parrot.model.yaml', `# a remark\n${profile('about: a parrot\n').replace('2000000', '3000000')}`)).toEqual(['reused']);
  place.write('other.model.yaml', profile());
  expect(await rerun('main.telar.md', notebook.replace('model=parrot', 'model=other'))).toEqual(['reused']);
  expect(await rerun('other.model.yaml', profile('system: Be brief.\n'))).toEqual(['ran', 'model']);
  expect((await rerun('main.telar.md', notebook))[0]).toBe('reused');
  expect(await rerun('parrot.model.yaml', profile('parameters: {temperature: 0.5}\n'))).toEqual(['ran', 'model']);
  expect(await rerun('main.telar.md', notebook.replace('one sentence', 'two sentences'))).toEqual(['ran', 'code']);
  const open = await inHere();
  expect([...await open.refreshed()]).toEqual([]);
  place.write('parrot.model.yaml', profile('parameters: {temperature: 0.7}\n'));
  expect([...await open.refreshed()]).toEqual(['said']);
  await open.close();
});

test('K11 a model on the network is asked with leave, with its key, by its own name; its text comes as it is said, and its patience and the run\'s end hold', async () => {
  const server = await modelServer('openai', [{ pieces: ['It ', 'rains.'], counts: { input: 30, output: 3 } }, { raw: { status: 429, headers: { 'retry-after': '0.05' }, body: '{}' } }, { pieces: ['It ', 'pours.'] }, { pieces: ['Well', '…'], end: 'silent' }], { key: 'swordfish' });
  place = createPlace({ ...files, 'parrot.model.yaml': `telar-model: 1\nprovider: openai\nmodel: m\nendpoint: ${server.origin}\nsecret: TELAR_TEST_KEY\n` });
  process.env.TELAR_TEST_KEY = 'swordfish';
  try {
    const refused = await inHere();
    expect([refused.nodes.get('said'), server.asked.length]).toMatchObject([{ state: 'unavailable', reason: expect.stringMatching(new RegExp(`send POST to ${server.origin}, with the secret TELAR_TEST_KEY, which nobody has allowed`)) as string }, 0]);
    await refused.close();
    const told: Operation[] = [];
    const first = await inHere({ trust: true }, told);
    expect(first.nodes.get('said')).toMatchObject({ state: 'fresh', usage: { input: 30, output: 3, counted: 'told', asks: 1 } });
    expect(told.flatMap((one) => (one.type === 'stream' && one.node === 'said' ? [one.text] : []))).toEqual(['It ', 'rains.']);
    await first.close();
    // A key that was changed opens the same door: what was answered stays.
    process.env.TELAR_TEST_KEY = 'changed';
    const rotated = await inHere({ trust: true });
    expect(rotated.nodes.get('said')?.how).toBe('reused');
    await rotated.close();
    process.env.TELAR_TEST_KEY = 'swordfish';
    const patient = await inHere({ trust: true, from: ['said'] });
    expect(patient.nodes.get('said')).toMatchObject({ state: 'fresh', warnings: expect.arrayContaining([expect.stringMatching(/asked for patience \(429\)/)]) as string[] });
    await patient.close();
    const stop = new AbortController();
    const late: Operation[] = [];
    const stopped = inHere({ trust: true, from: ['said'], signal: stop.signal, emit: (operation) => { late.push(operation); if (operation.type === 'stream' && operation.node === 'said') stop.abort(); } });
    const { nodes, close } = await stopped;
    expect(nodes.get('said')).toMatchObject({ state: 'cancelled' });
    await close();
    expect(await place.telar(['trust', 'main.telar.md', '--show'])).toMatchObject({ stdout: `said asks to send POST to ${server.origin}, with the secret TELAR_TEST_KEY\n` });
    expect([journal().includes('swordfish'), journal().includes('asked for patience')]).toEqual([false, true]);
  } finally {
    delete process.env.TELAR_TEST_KEY;
    await server.close();
  }
});

test('K16 asking again is an act of its own: a take beside the old one, a comparison, and what later runs reuse', async () => {
  place = createPlace(files);
  const first = await place.telar(['ask', 'main.telar.md', 'said', '--json']);
  expect(first.code).toBe(0);
  for (const line of first.lines.slice(0, -1)) keeps('operation', line);
  keeps('ask', last(first));
  expect(last(first)).toMatchObject({ status: 'ok', answers: [{ node: 'said', state: 'fresh', after: { preview: '  Rain in Bogotá: 12 mm.' }, usage: { asks: 1 } }] });
  expect(last(first).answers[0].before).toBeUndefined();
  const same = last(await place.telar(['ask', 'main.telar.md', 'said', '--json']));
  expect(same).toMatchObject({ answers: [{ verdict: 'identical' }] });
  place.write('answers.yaml', '- {answer: "It rained in Bogotá: 12 mm."}\n');
  const other = await place.telar(['ask', 'main.telar.md', 'said']);
  expect(other.code).toBe(0);
  expect(other.stdout).toMatch(/○ rain[^]*● said[^]*said, before\n {2}Rain in Bogotá: 12 mm\.\n\nsaid, now\n {2}It rained in Bogotá: 12 mm\.\n\nDifferent: [^\n]+/);
  expect(other.stdout).not.toMatch(/reader/);
  const run = await inHere();
  expect([how(Object.fromEntries(run.nodes)), run.value('said')]).toEqual([{ rain: 'reused', said: 'reused', reader: 'ran' }, 'It rained in Bogotá: 12 mm.']);
  await run.close();
  const wrong = await Promise.all([['ask', 'main.telar.md', 'rain'], ['ask', 'main.telar.md', 'sayd']].map((args) => place.telar(args)));
  expect(wrong.map(({ code, stderr }) => [code, stderr])).toEqual([[2, expect.stringMatching(/`rain` asks no model; `telar run main.telar.md --from rain`.*Prompts: said/)], [2, expect.stringMatching(/no prompt `sayd`.*Did you mean `said`/)]]);
});

test('K16 verify takes answers as recorded; a bundle verifies in an empty workspace without the model; a fork keeps them', async () => {
  place = createPlace(files);
  await (await inHere()).close();
  expect((await place.telar(['bundle', 'last', '-o', 'it.telarrun'])).code).toBe(0);
  const empty = createPlace({});
  try {
    const verified = await empty.telar(['bundle', 'verify', place.path('it.telarrun'), '--json']);
    expect([verified.code, last(verified)]).toMatchObject([0, { identical: 2, divergent: [], leftOut: [{ node: 'said', why: 'observe' }] }]);
  } finally {
    empty.remove();
  }
  place.write('parrot.model.yaml', 'telar-model: 1\nprovider: nobody\n');
  place.write('answers.yaml', '- {answer: "Something else."}\n');
  place.write('reader.js', 'said.length * 1000');
  const fork = last(await place.telar(['fork', 'last', '--body', 'reader=reader.js', '--json']));
  expect(fork).toMatchObject({ status: 'ok', nodes: { said: { how: 'reused' }, reader: { how: 'ran' } } });
  // An edit that reaches the prompt asks as the run did: by the profile and the answers of then.
  place.write('rain.js', '({city: "Lima", mm: 0})');
  expect(last(await place.telar(['fork', 'last', '--body', 'rain=rain.js', '--json']))).toMatchObject({ status: 'ok', nodes: { said: { how: 'ran', outputs: { value: { bytes: 23 } } } } });
});

test('K11 what failed has cost something too; each element of a list is asked and told; a schema\'s answer is data', async () => {
  place = createPlace({
    'parrot.model.yaml': profile(),
    'answers.yaml': '- {when: judge, answer: "No idea."}\n- {when: "not what was asked", answer: "Still none."}\n- {when: mood, json: {mood: good}}\n- {when: Lima, answer: "Dry."}\n- {when: Quito, answer: "Wet."}\n',
    'main.telar.md': `---\ntelar: 1\n---\n${js('cities', '["Lima", "Quito"]')}${fence('text', '#each_city .prompt model=parrot each=cities', 'How is it in {{ cities }}?')}${fence('text', '#judged .prompt', '---\nmodel: parrot\noutput: {schema: {a: integer}}\n---\njudge')}${fence('text', '#mood .prompt', '---\nmodel: parrot\noutput: {schema: {"mood(enum)": [good, bad]}}\n---\nmood')}${js('after', 'mood.mood')}${js('reader', 'judged')}`,
  });
  const done = await inHere();
  expect([done.nodes.get('judged')?.error?.code, done.nodes.get('reader')?.state]).toEqual(['bad-answer', 'cancelled']);
  const { nodes, usage } = done.summary as Line & { nodes: Record<string, { usage?: { asks: number; output: number } }> };
  expect(nodes.judged!.usage).toMatchObject({ asks: 2, output: 4 });
  expect(Object.entries(nodes).filter(([, one]) => one.usage !== undefined).map(([path]) => path).sort()).toEqual(['each_city[Lima]', 'each_city[Quito]', 'judged', 'mood']);
  expect(usage).toMatchObject({ asks: 5 });
  keeps('summary', JSON.parse(JSON.stringify(done.summary)));
  expect([done.value('each_city'), done.value('after')]).toEqual([['Dry.', 'Wet.'], 'good']);
  await done.close();
  place.write('answers.yaml', '- {when: judge, answer: "No idea."}\n- {answer: late, delay: 60000}\n');
  const stop = new AbortController();
  const stopped = await inHere({ to: ['judged'], signal: stop.signal, emit: (one) => { if (one.type === 'stream' && /asked once more/.test(one.text)) stop.abort(); } });
  expect(stopped.nodes.get('judged')).toMatchObject({ state: 'cancelled', usage: { asks: 1, output: 2 } });
  await stopped.close();
  place.write('answers.yaml', '- {json: {mood: good}}\n');
  const told = await place.telar(['run', 'main.telar.md', '--from', 'mood']);
  expect(told.stdout).toMatch(/● mood .* tokens, .* USD; asked to run again/);
  expect(told.stdout).toMatch(/questions? to models: \d+ \+ \d+ tokens, [\d.]+ USD/);
});
