/** Every notebook and sample, through the real command line in a fresh copy of its folder: green, reused, without problems, in its usual form. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPlace, type Place } from '../support/cli.ts';
import { lacksPandas } from '../support/jupyter.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** All files under a folder of the repository, by their path from its root. Stored results of earlier runs are left out. */
function filesUnder(folder: string): string[] {
  return readdirSync(join(root, folder)).filter((name) => name !== '.telar')
    .flatMap((name) => (statSync(join(root, folder, name)).isDirectory() ? filesUnder(`${folder}/${name}`) : [`${folder}/${name}`]));
}

const all = [...filesUnder('notebooks'), ...filesUnder('samples')];
/** The one that is not green, on purpose. */
const HOSTILE = 'samples/hostile/hostile.telar.md';
/** Needs a kernel with pandas, and a person's leave. */
const KERNEL = 'samples/kernel/kernel.telar.md';
/** Trains a model in a kernel; `tiny-model.test.ts` has its tests. */
const TRAINING = 'samples/models/tiny.telar.md';
/** Used by another notebook of theirs, where their steps are run, reused and verified. */
const PARTS = ['samples/each/station.telar.md', 'samples/nested/species.telar.md'];
const notebooks = all.filter((path) => path.endsWith('.telar.md') && ![HOSTILE, KERNEL, TRAINING].includes(path));

/** The files of the notebook's folder, and what it and its models' profiles name outside it. */
function pathsOf(notebook: string): readonly string[] {
  const folder = posix.dirname(notebook);
  const inside = all.filter((path) => path.startsWith(`${folder}/`));
  const named = [notebook, ...inside.filter((path) => path.endsWith('.model.yaml'))].flatMap((from) => (
    [...readFileSync(join(root, from), 'utf8').matchAll(/^file: (\.\.\/\S+)/gm)].map(([, path]) => posix.join(posix.dirname(from), path as string))));
  return [...inside, ...named];
}

/** A workspace with those of some notebooks. */
function copyOf(...some: readonly string[]): Place {
  return createPlace(Object.fromEntries(some.flatMap(pathsOf).map((path) => [path, readFileSync(join(root, path))])));
}

test('S29 there are samples enough, one idea each, with a README that names data and licence', () => {
  const folders = readdirSync(join(root, 'samples')).filter((name) => statSync(join(root, 'samples', name)).isDirectory());
  expect(folders.length).toBeGreaterThanOrEqual(9);
  for (const folder of folders) {
    const readme = readFileSync(join(root, 'samples', folder, 'README.md'), 'utf8');
    expect(readme, folder).toContain(`npx telar run samples/${folder}/${folder === 'models' ? 'tiny' : folder}.telar.md`);
    expect(readme, folder).toMatch(/^Data: /m);
    expect(readme, folder).toMatch(/public domain|CC0|CC BY|MIT|does not state/);
  }
});

test('W17 samples/kernel without leave: the kernel is not started, the rest runs, and the status says so', async () => {
  const place = copyOf(KERNEL);
  try {
    const run = await place.run(KERNEL);
    expect([run.code, run.unwell]).toEqual([4, { delays: 'unavailable', worst: 'blocked', report: 'blocked' }]);
  } finally { place.remove(); }
});

test.skipIf(lacksPandas !== undefined)(`W17 samples/kernel: pandas on three million flights, in a worker, reused by the next run, and verified${lacksPandas === undefined ? '' : ` (${lacksPandas})`}`, async () => {
  const place = copyOf(KERNEL);
  try {
    expect((await place.telar(['trust', KERNEL])).code).toBe(0);
    const first = await place.run(KERNEL);
    expect([first.code, first.unwell, first.stderr]).toEqual([0, {}, '']);
    const second = await place.run(KERNEL);
    expect([second.code, second.ran]).toEqual([0, []]);
    const frame = await place.telar(['show', KERNEL, 'delays', '--format', 'csv']);
    expect(frame.stdout.split('\n').slice(0, 2)).toEqual(['origin,min,median,max', 'ATL,-3.57,10.6,21.42']);
    expect((await place.telar(['verify', 'last', '--json'])).lines.at(-1)).toMatchObject({ identical: 5, total: 5, divergent: [] });
  } finally { place.remove(); }
});

test('D8 check finds no problem in any notebook, and fmt nothing to do', async () => {
  const place = copyOf(...notebooks, KERNEL);
  try {
    expect(notebooks.length).toBeGreaterThan(15);
    const check = await place.telar(['check', ...notebooks, '--json']);
    expect([check.code, check.lines.at(-1)]).toEqual([0, { type: 'check', problems: [] }]);
    const fmt = await place.telar(['fmt', ...notebooks, KERNEL, '--check']);
    expect(fmt.code, fmt.stdout + fmt.stderr).toBe(0);
  } finally { place.remove(); }
});

describe.each(notebooks.filter((path) => !PARTS.includes(path)))('%s', (notebook) => {
  let place: Place;
  beforeAll(() => { place = copyOf(notebook); });
  afterAll(() => { place.remove(); });

  test('P4 is green, and a second process reuses every step', async () => {
    const first = await place.run(notebook);
    expect({ code: first.code, status: first.status, unwell: first.unwell, stderr: first.stderr }).toEqual({ code: 0, status: 'ok', unwell: {}, stderr: '' });
    const second = await place.run(notebook);
    expect({ code: second.code, status: second.status, unwell: second.unwell, ran: second.ran, stderr: second.stderr }).toEqual({ code: 0, status: 'ok', unwell: {}, ran: [], stderr: '' });
    expect(Object.keys(second.nodes).sort()).toEqual(Object.keys(first.nodes).sort());
    for (const [id, node] of Object.entries(first.nodes)) expect(second.nodes[id]?.outputs, id).toEqual(node.outputs);
  });

  test('C4 verifies with nothing divergent, and nothing left out that could be done', async () => {
    const verified = await place.telar(['verify', 'last', '--json']);
    expect(verified.lines.at(-1), verified.stderr).toMatchObject({ type: 'verify', divergent: [] });
    const { identical, equal, total, leftOut } = verified.lines.at(-1) as unknown as { identical: number; equal: number; total: number; leftOut: readonly { why: string }[] };
    expect([verified.code, identical + equal]).toEqual([0, total]);
    // What has no result was skipped: all is green here.
    expect(leftOut.filter(({ why }) => !['gather', 'no-result', 'observe', 'effect'].includes(why))).toEqual([]);
    expect(total).toBeGreaterThan(0);
  });
});

test('R10 samples/checks turns red when its input says so, and only the check does', async () => {
  const notebook = 'samples/checks/checks.telar.md';
  const place = copyOf(notebook);
  try {
    expect(await place.run(notebook, ['--set', 'most=1.0'])).toMatchObject({ code: 3, status: 'failed', unwell: { in_python: 'check-red' } });
  } finally { place.remove(); }
});

test('T1 samples/hostile: every attempt ends in an error of its own, the honest half is green, and nothing is asked or touched', async () => {
  const place = copyOf(HOSTILE);
  try {
    expect((await place.telar(['check', HOSTILE, '--json'])).lines.at(-1)).toEqual({ type: 'check', problems: [] });
    const before = readdirSync(place.path('samples/hostile')).sort();
    const run = await place.run(HOSTILE, [], { env: { AWS_SECRET_ACCESS_KEY: 'canary-5d1e' } });
    expect(run.code).toBe(1);
    expect(run.unwell).toEqual({
      passwords: 'exception', passwords_too: 'refused', disk: 'exception', keys: 'exception', calls_home: 'exception', fetches: 'refused', environment: 'exception', tokens: 'exception',
      program: 'exception', escape: 'exception', forever: 'timeout', too_much: 'memory', too_deep: 'exception', too_many: 'timeout', asks: 'unavailable',
    });
    expect(Object.keys(run.nodes).filter((id) => run.unwell[id] === undefined).sort()).toEqual(['honest', 'readings', 'report', 'whole']);
    expect(`${run.stdout}${run.stderr}`).not.toMatch(/root:|canary-5d1e/);
    expect(readdirSync(place.path('samples/hostile')).sort()).toEqual(before);
  } finally { place.remove(); }
});
