/** `telar doctor`: each line says ok, or what to do; only what Telar cannot do without fails it. */
import { mkdirSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPlace, js, type Line, type Place } from '../support/cli.ts';
import { modelServer } from '../support/model-servers.ts';

let place: Place;
beforeEach(() => { place = createPlace({ 'a.telar.md': js('one', '1') }); });
afterEach(() => { place.remove(); });

type Checks = Readonly<Record<string, Line>>;
const doctor = async (env: Readonly<Record<string, string>> = {}): Promise<{ code: number | null; checks: Checks; ms: number }> => {
  const done = await place.telar(['doctor', '--json'], { env });
  return { code: done.code, ms: done.ms, checks: Object.fromEntries(((done.lines.at(-1) as Line).checks as Line[]).map((one) => [one.name as string, one])) };
};

test('W15 S38 a whole machine is ok, each line says what was seen, and nothing is left behind', async () => {
  const before = readdirSync(place.path('.telar'));
  const { code, checks } = await doctor();
  expect(code).toBe(0);
  for (const name of ['telar', 'node', 'sql', 'sql-wasm', 'python', 'javascript', 'python grammar', 'packages', 'workers', 'governor', 'store', 'journal', 'disk', 'temporary folder']) expect(checks[name]).toMatchObject({ ok: true });
  expect(checks.workers?.detail).toMatch(/^ZeroMQ \d.* over (?:local sockets|TCP)/);
  expect(checks.governor?.detail).toMatch(/^balanced \(the default\): \d+ processors?.*room for/);
  for (const name of ['llama', 'models', 'isolation', 'git']) expect(checks[name]?.ok === true || checks[name]?.optional === true).toBe(true);
  expect(checks.models).toMatchObject({ ok: false, optional: true, detail: expect.stringMatching(/no model is set up/) as string });
  for (const one of Object.values(checks)) expect(one.ok === true || one.optional === true || typeof one.fix === 'string').toBe(true);
  expect(readdirSync(place.path('.telar'))).toEqual(before);
  expect(readdirSync(process.env.XDG_RUNTIME_DIR ?? realpathSync(tmpdir())).filter((name) => name.startsWith('telar-doctor-'))).toEqual([]);
});

test('W15 S38 what only some notebooks want is information, with what to do, and does not fail it', async () => {
  for (const [name, spec] of [['no-json', '{'], ['no-program', JSON.stringify({ argv: ['/nowhere/python', '-f', '{connection_file}'], language: 'python', display_name: 'Gone' })]] as const) {
    mkdirSync(place.path(`jupyter/kernels/${name}`), { recursive: true });
    writeFileSync(place.path(`jupyter/kernels/${name}/kernel.json`), spec);
  }
  mkdirSync(place.path('empty'));
  writeFileSync(place.path('.telar/journal'), 'in the way');
  // A wall that does not stand: it is waited for a second, and nobody else waits with it.
  writeFileSync(place.path('empty/bwrap'), '#!/bin/sh\nexec /bin/sleep 20\n', { mode: 0o755 });
  const [{ code, checks, ms }, { stdout }] = await Promise.all([doctor({ JUPYTER_PATH: place.path('jupyter'), PATH: place.path('empty') }), place.telar(['doctor'], { env: { JUPYTER_PATH: place.path('jupyter') } })]);
  expect(code).toBe(0);
  expect(ms).toBeLessThan(8000);
  if (process.platform === 'linux') expect(checks.isolation).toMatchObject({ ok: false, optional: true, fix: expect.stringMatching(/no answer within 1 s/) as string });
  expect(checks.workers).toMatchObject({ ok: true });
  expect(checks['kernel no-json']).toMatchObject({ ok: false, optional: true, fix: expect.stringMatching(/no JSON/) as string });
  expect(checks['kernel no-program']).toMatchObject({ ok: false, optional: true, fix: expect.stringMatching(/\/nowhere\/python is not there/) as string });
  expect(checks.git).toMatchObject({ ok: false, optional: true });
  expect(checks.journal).toMatchObject({ ok: false, optional: true, fix: 'Allow writing there.' });
  expect(stdout).toMatch(/^-- {3}kernel no-json +cannot be used\n +.*no JSON/m);
});

test('W15 S38 what Telar cannot do without fails it with status 4 and what to do', async () => {
  const file = place.path('a.telar.md');
  const { code, stdout } = await place.telar(['doctor', '-q'], { env: { TMPDIR: file, XDG_RUNTIME_DIR: file } });
  expect(code).toBe(4);
  expect(stdout).toMatch(/^no {3}temporary folder .*\n +Set TMPDIR to a folder that can be written/m);
  expect(stdout).toMatch(/^no {3}workers .*ZeroMQ does not work here.*\n +.*XDG_RUNTIME_DIR/m);
  expect(stdout).not.toMatch(/^(?:ok|--)/m);
});

test('W15 S38 models are asked whether they are ready; what a file of the workspace would send elsewhere, or with a secret of its choice, is told and not sent', async () => {
  const [ollama, openai, canary] = await Promise.all([modelServer('ollama', [{}], { models: ['small:latest'] }), modelServer('openai', [{}], { key: 'k-123' }), modelServer('openai', [{}])]);
  try {
    const profile = (path: string, text: string): void => { mkdirSync(place.path(path.split('/').slice(0, -1).join('/')), { recursive: true }); writeFileSync(place.path(path), `telar-model: 1\n${text}`); };
    profile('models/here.model.yaml', `provider: ollama\nmodel: small\nendpoint: ${ollama.origin}\n`);
    profile('models/pull.model.yaml', `provider: ollama\nmodel: big\nendpoint: ${ollama.origin}\n`);
    profile('models/sly.model.yaml', `provider: openai\nmodel: m\nendpoint: ${canary.origin}\nsecret: OTHER_KEY\n`);
    profile('models/far.model.yaml', 'provider: openai\nmodel: m\nendpoint: https://models.example.org\n');
    profile('models/unset.model.yaml', 'provider: anthropic\nmodel: m\nsecret: NOT_SET_KEY\n');
    profile('models/gguf.model.yaml', 'provider: llama\nfile: gone.gguf\n');
    profile('models/bad.model.yaml', 'provider: nobody\n');
    profile('own/mine.model.yaml', `provider: openai\nmodel: m\nendpoint: ${openai.origin}\nsecret: MY_KEY\n`);
    const { code, checks, ms } = await doctor({ TELAR_MODELS: place.path('own'), MY_KEY: 'k-123', OTHER_KEY: 'k-456' });
    expect([code, ms < 8000]).toEqual([0, true]);
    expect(checks['model here']).toMatchObject({ ok: true, detail: expect.stringMatching(/^ollama at 127.0.0.1:\d+ has `small`$/) as string });
    expect(checks['model pull']).toMatchObject({ ok: false, optional: true, fix: expect.stringMatching(/`ollama pull big`/) as string });
    expect(checks['model mine']).toMatchObject({ ok: true });
    expect(checks['model sly']).toMatchObject({ ok: false, optional: true, detail: expect.stringMatching(/not asked.*with the secret `OTHER_KEY`/) as string });
    expect(canary.asked).toEqual([]);
    expect(checks['model far']).toMatchObject({ ok: false, detail: expect.stringMatching(/not asked.*models\.example\.org/) as string });
    expect(checks['model unset']).toMatchObject({ ok: false, fix: 'Set the environment variable NOT_SET_KEY.' });
    expect(checks['model gguf']).toMatchObject({ ok: false, detail: expect.stringMatching(/gone\.gguf is not there/) as string });
    expect(checks['model bad']).toMatchObject({ ok: false, fix: expect.stringMatching(/bad\.model\.yaml:2:/) as string });
    expect(checks.models).toBeUndefined();
    expect(JSON.stringify(checks)).not.toMatch(/k-123|k-456/);
  } finally {
    await Promise.all([ollama, openai, canary].map((server) => server.close()));
  }
});
