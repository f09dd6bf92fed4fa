/** `telar models` by the real command line, over files of random weights and a server on the loopback. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPlace, type Finished, type Line, type Place } from '../support/cli.ts';
import { makeModel } from '../support/gguf.ts';
import { loopback, type Loopback } from '../support/loopback.ts';
import { llamaReason } from '../support/llama.ts';

const bytes = makeModel();
const sha256 = createHash('sha256').update(bytes).digest('hex');
const schema = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync(join(import.meta.dirname, '../../contracts/schema/models.schema.json'), 'utf8')) as object);
let place: Place;
let server: Loopback;
beforeAll(async () => {
  place = createPlace({ 'random.gguf': bytes, 'broken.gguf': 'GGUF', Modelfile: readFileSync(join(import.meta.dirname, '../models/chronos.Modelfile')) });
  server = await loopback(({ method, url, headers }, response) => {
    const [, from = '0', to = ''] = /bytes=(\d+)-(\d*)/.exec(String(headers.range ?? '')) ?? [];
    if (!url.startsWith('/model')) { response.writeHead(404).end(); return; }
    const part = bytes.subarray(Number(from), to === '' ? bytes.length : Number(to) + 1);
    response.writeHead(headers.range === undefined ? 200 : 206, { 'content-length': part.length, 'accept-ranges': 'bytes', ...(headers.range === undefined ? {} : { 'content-range': `bytes ${from}-${Number(from) + part.length - 1}/${bytes.length}` }) });
    response.end(method === 'HEAD' ? undefined : part);
  });
});
afterAll(async () => { place.remove(); await server.close(); });

const telar = (...args: string[]): Promise<Finished> => place.telar(['models', ...args], { env: { TELAR_MODELS: place.path('own') } });
/** The result of `--json`, which keeps to its schema. */
async function told(...args: string[]): Promise<Line> {
  const { lines, stderr } = await telar(...args, '--json');
  const last = lines.at(-1)!;
  expect(schema(last), `${JSON.stringify(schema.errors)} ${stderr}`).toBe(true);
  return last;
}

test('K15 a file is added with its hash, shown with all that it says, listed, exported and removed', async () => {
  expect((await telar('list')).stdout).toMatch(/No model is set up here/);
  const added = await told('add', 'small', '--file', 'random.gguf', '--parameter', 'temperature=0.5', '--parameter', 'stop=END', '--about', 'Random words.');
  expect(added.models).toMatchObject([{ name: 'small', from: 'workspace', path: 'models/small.model.yaml', provider: 'llama', bytes: bytes.length, ready: true, profile: { sha256, file: 'random.gguf' }, file: { architecture: 'llama', window: 512, chat: 'has no template' } }]);
  expect(place.read('models/small.model.yaml')).toBe(`telar-model: 1\nprovider: llama\nfile: ../random.gguf\nsha256: ${sha256}\nparameters:\n  temperature: 0.5\n  stop:\n    - END\nabout: Random words.\n`);
  const shown = await telar('show', 'small');
  expect([shown.code, shown.stdout]).toStrictEqual([0, expect.stringMatching(/small {2}ready[^]*temperature {2}0.5[^]*weights {6}128832 numbers[^]*be bound by a schema/)]);
  expect((await told('show', 'ollama/llama3.2')).models).toMatchObject([{ name: 'ollama/llama3.2', features: { grammar: true } }]);
  expect((await told('list')).models).toMatchObject([{ name: 'small', ready: true }]);
  expect((await telar('export', 'small')).stdout).toBe('FROM ./random.gguf\n\nPARAMETER temperature 0.5\nPARAMETER stop "END"\n');
  const asked = await telar('remove', 'small');
  expect([asked.code, asked.stderr, existsSync(place.path('models/small.model.yaml'))]).toStrictEqual([1, expect.stringMatching(/Nothing was removed/), true]);
  expect((await telar('remove', 'small', '--with-file', '--yes')).stderr).toMatch(/is no GGUF file beside its profile/);
  place.write('mine.model.yaml', 'telar-model: 1\nprovider: llama\nfile: Modelfile\n');
  expect([(await telar('remove', 'mine', '--with-file', '--yes')).code, existsSync(place.path('Modelfile'))]).toStrictEqual([1, true]);
  expect((await told('remove', 'mine', '--yes')).models).toMatchObject([{ name: 'mine' }]);
  place.write('said.model.yaml', 'telar-model: 1\nprovider: script\nmodel: answers.yaml\n');
  expect((await told('show', 'said')).models).toMatchObject([{ ready: false, words: expect.stringMatching(/answers\.yaml is not there/) as string }]);
  place.write('answers.yaml', '- answer: Yes.');
  expect((await told('show', 'said')).models).toMatchObject([{ ready: true }]);
  expect((await told('remove', 'small', '--yes')).models).toMatchObject([{ name: 'small' }]);
  expect((await told('show', 'default')).models).toMatchObject([{ name: 'said', path: 'said.model.yaml', from: 'workspace' }]);
  expect([readdirSync(place.path('models')), existsSync(place.path('random.gguf'))]).toStrictEqual([[], true]);
});

test('K15 a Modelfile goes to a profile and back to the same', async () => {
  const { models: [model], told: lost } = await told('import', 'Modelfile', 'chronos', '--user');
  expect([model.profile, lost]).toMatchObject([{ provider: 'ollama', model: 'llama3.2', parameters: { temperature: 0.7, context: 4096 } }, []]);
  expect((await telar('export', 'chronos', '-o', 'Again')).stdout).toMatch(/ollama create chronos -f Again/);
  await told('import', 'Again', 'again', '--user');
  expect(place.read('own/again.model.yaml')).toBe(place.read('own/chronos.model.yaml'));
  expect(place.read('Again').replace(/\s+/g, ' ')).toBe(place.read('Modelfile').replace('# Modelfile', '').replace(/\s+/g, ' ').trimStart());
});

test.skipIf(llamaReason.includes('not installed'))('K15 a model is fetched, pinned, and refused when it is another one', async () => {
  const url = `${server.origin}/model.gguf`;
  const { models } = await told('pull', `${url}?token=secret`, 'fetched', '--sha256', sha256.toUpperCase());
  expect(models).toMatchObject([{ name: 'fetched', from: 'person', ready: true, bytes: bytes.length, profile: { sha256, about: `From ${url}` } }]);
  const wrong = await telar('pull', url, 'other', '--sha256', '0'.repeat(64));
  expect([wrong.code, wrong.stderr]).toStrictEqual([1, expect.stringMatching(/is not the file that was asked for/)]);
  const gone = await telar('pull', `${server.origin}/gone.gguf`, 'gone');
  expect([gone.code, gone.stderr]).toStrictEqual([4, expect.stringMatching(/cannot be fetched \(.*404.*take it by `telar models add/)]);
  // Nothing is fetched for a name that something else has.
  expect(await telar('pull', url, 'chronos')).toMatchObject({ code: 2, stderr: expect.stringMatching(/There is a model `chronos` already/) });
  expect((await telar('pull', 'http://example.org/m.gguf', 'plain')).code).toBe(2);
  const parts = await telar('pull', `${server.origin}/model-00001-of-00002.gguf`, 'parts');
  expect([parts.code, parts.stderr]).toStrictEqual([2, expect.stringMatching(/comes in several files/)]);
  expect(readdirSync(place.path('own')).filter((name) => name.includes('gguf'))).toStrictEqual(['fetched.gguf']);
  expect((await telar('remove', 'fetched', '--with-file', '--yes')).code).toBe(0);
  expect(readdirSync(place.path('own')).filter((name) => name.startsWith('fetched'))).toStrictEqual([]);
});

test('K14 K15 a schema is told keyword by keyword; what is wrong is told with what to do', async () => {
  place.write('schema.json', '{"type": "object", "properties": {"a": {"type": "string", "pattern": "^a"}}}');
  const { lowered } = await told('schema', 'schema.json');
  expect((lowered as Line[]).map(({ provider }) => provider as string)).toStrictEqual(['llama', 'ollama', 'openai', 'anthropic']);
  expect((lowered as Line[])[0]!.enforcement).toContainEqual({ path: '#/properties/a', keyword: 'pattern', by: 'validation' });
  expect((await telar('schema', 'schema.json', '--provider', 'llama')).stdout).toMatch(/^llama\n {2}grammar {4}type/);
  const refused: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['show', 'nope'], 2, /There is no model `nope`/], [['add', 'x'], 2, /Say who is asked/], [['add', '../x', '--provider', 'ollama', '--model', 'a'], 2, /no name of a model/],
    [['add', 'x', '--file', 'broken.gguf'], 2, /GGUF/], [['add', 'x', '--provider', 'ollama', '--model', 'a', '--parameter', 'heat=1'], 2, /is no parameter/],
  ];
  for (const [args, code, words] of refused) {
    const done = await telar(...args);
    expect([done.code, done.stderr], args.join(' ')).toStrictEqual([code, expect.stringMatching(words)]);
  }
});
