/** `telar doctor`: each line says ok, or what to do; only what Telar cannot do without fails it. */
import { mkdirSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPlace, js, type Line, type Place } from '../support/cli.ts';

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
