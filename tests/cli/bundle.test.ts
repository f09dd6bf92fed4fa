/** `telar bundle`: a run leaves one workspace in a file and is the same run in another one; what cannot be trusted is refused. */
import { existsSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { actionKey } from '../../runtime/graph/fingerprint.ts';
import { keyPart } from '../../runtime/scheduler/decide.ts';
import { rowId } from '../../runtime/checkpoints/store.ts';
import { imported, reforged, taken } from '../bundle/bundles.ts';
import { weather } from '../bundle/weather.ts';
import { createPlace, js, yaml, type Finished, type Line, type Place } from '../support/cli.ts';
import { canary, preload } from './fixtures.ts';

const SECRET = 'swordfish-4711';
let here: Place;
let there: Place;
let run: string;
beforeAll(async () => {
  here = createPlace({ ...weather, 'chance.telar.md': js('dice', '({ n: Math.random() })'), 'bad.telar.md': `${yaml('folder', 'data', 'file: data')}${js('loud', 'throw new Error("no")')}` });
  there = createPlace({});
  const done = await here.run('weather.telar.md', [], { env: { TELAR_SECRET: SECRET } });
  expect(done.unwell).toEqual({});
  ({ run } = done.lines.at(-1) as Line);
  expect((await here.telar(['bundle', run, '-o', 'weather.telarrun'])).code).toBe(0);
});
afterAll(() => { here.remove(); there.remove(); });

const last = ({ lines }: Finished): Line => lines.at(-1) as Line;
const keeps = (name: string, line: Line): void => {
  const ajv = new Ajv2020({ strict: false });
  const validate = ajv.compile(JSON.parse(readFileSync(join(import.meta.dirname, `../../contracts/schema/${name}.schema.json`), 'utf8')) as object);
  expect(validate(line), JSON.stringify(validate.errors)).toBe(true);
};
const bundle = (name = 'weather.telarrun'): Uint8Array => new Uint8Array(readFileSync(here.path(name)));

test('C7 a bundle says what it holds and what it left out, and never takes the place of a file', async () => {
  const done = await here.telar(['bundle', 'last', '-o', 'again.telarrun', '--json']);
  expect(done.code).toBe(0);
  keeps('bundled', last(done));
  expect(last(done)).toMatchObject({ run, bytes: bundle('again.telarrun').length, leftOut: [{ what: 'opaque', where: 'opened.value' }] });
  const twice = await here.telar(['bundle', 'last', '-o', 'again.telarrun']);
  expect(twice).toMatchObject({ code: 2, stderr: expect.stringContaining('exists already') as string });
  const plain = await here.telar(['bundle', 'last']);
  expect(plain.stdout).toContain('a pickled object');
  expect(existsSync(here.path(`weather-${run}.telarrun`))).toBe(true);
});

test('C7 an imported run is shown, listed, bundled again to the same bytes, and nothing of it runs', async () => {
  const song = there.path('canary');
  const env = preload(there.root, 'canary.cjs', canary(song));
  const done = await there.telar(['bundle', 'import', here.path('weather.telarrun'), '--json'], { env });
  expect(done.code).toBe(0);
  keeps('import', last(done));
  expect(last(done)).toMatchObject({ run, file: 'weather.telar.md', isKnown: false });
  expect(last(await there.telar(['runs', '--json'])).runs).toMatchObject([{ run, bundle: 'weather.telarrun' }]);
  const shown = await there.telar(['show', 'weather.telar.md', 'told', '--run', 'last'], { env });
  expect(shown.stdout).toContain('3 warm days at Bergen and Molde');
  expect((await there.telar(['show', 'weather.telar.md', 'warm', '--run', run, '--format', 'csv'])).stdout).toContain('24.25');
  expect((await there.telar(['bundle', 'last', '-o', 'back.telarrun'], { env })).code).toBe(0);
  expect(readFileSync(there.path('back.telarrun')).equals(bundle())).toBe(true);
  const twice = await there.telar(['bundle', 'import', 'back.telarrun', '--json']);
  expect(last(twice)).toMatchObject({ isKnown: true });
  expect(existsSync(song) ? readFileSync(song, 'utf8') : '').toBe('');
});

test('C7 an imported run is verified, compared and forked where it came to', async () => {
  await there.telar(['bundle', 'import', here.path('weather.telarrun')]);
  const compared = await there.telar(['compare', run, run, '--json']);
  expect((last(compared).nodes as Line[]).filter(({ change }) => change !== 'same')).toEqual([]);
  const forked = await there.telar(['fork', run, '--set', 'least=26', '--json']);
  expect(forked.code).toBe(0);
  expect((await there.telar(['show', 'weather.telar.md', 'told', '--run', 'last'])).stdout).toContain('1 warm days');
  expect((await there.telar(['bundle', 'last', '-o', 'fork.telarrun'])).code).toBe(0);
  expect((await there.telar(['bundle', 'verify', 'fork.telarrun'])).code).toBe(0);
});

test('C7 a bundle verifies with nothing around it and no network; what it left out is made again', async () => {
  const song = here.path('canary');
  rmSync(song, { force: true });
  const done = await here.telar(['bundle', 'verify', 'weather.telarrun', '--json'], { env: preload(here.root, 'canary.cjs', canary(song)) });
  expect(done.stderr).toBe('');
  expect(done.code).toBe(0);
  keeps('verify', last(done));
  expect(last(done)).toMatchObject({ type: 'verify', run, divergent: [] });
  expect((last(done).leftOut as Line[]).map(({ why }) => why)).not.toContain('input-gone');
  expect(readFileSync(song, 'utf8')).not.toMatch(/^(?:connect|dns|https?|fetch) /m);
  expect(last(await here.telar(['runs', 'weather.telar.md', '--json'])).runs).toHaveLength(1);
});

test('C7 elements, nested ones, conditions, set inputs and an effect go through a bundle, and verify makes no effect', async () => {
  const place = createPlace({
    'each.telar.md': `${yaml('least', 'input', 'type: integer\ndefault: 1')}${js('names', '["a b", "c/d", "x"]')}${js('tags', '({ "k/1": 1, three: 3 })')}${js('loud', 'const size = name.length\nname + "!"', 'each=name in.name=names')}${
      js('again', 'word + "?"', 'each=word in.word=loud')}${js('tagged', '({ tag })', 'each=tag in.tag=tags when="tag > least"')}${js('read', '[loud.size, again, [...tagged].length]')}${
      yaml('by', 'graph', 'use: inner.telar.md', 'each=word in.word=names')}${js('all', '[by.out, by.also]')}${js('off', '1', 'when="false"')}${js('maybe', 'off === null', 'in.off?=off')}${
      yaml('kept', 'save', 'from: loud\nfile: out/loud.json')}`,
    'inner.telar.md': `---\ntelar: 1\noutputs: [out, also]\n---\n${yaml('word', 'input', 'type: string')}${js('out', 'word.toUpperCase()')}${js('parts', '[...word]')}${js('also', 'letter + word', 'each=letter in.letter=parts')}`,
  });
  try {
    const { nodes, stderr } = await place.run('each.telar.md', ['--set', 'least=2']);
    const skipped = Object.entries(nodes).flatMap(([path, { state }]) => (state === 'skipped' ? [path] : []));
    expect(skipped.toSorted(), stderr).toEqual(['off', 'tagged[0]']);
    for (const name of ['ran.telarrun', 'reused.telarrun']) {
      expect((await place.telar(['bundle', 'last', '-o', name])).code).toBe(0);
      rmSync(place.path('out'), { recursive: true, force: true });
      const done = await place.telar(['bundle', 'verify', name, '--json']);
      expect(last(done), done.stderr).toMatchObject({ type: 'verify', divergent: [] });
      expect(last(done).leftOut).toContainEqual({ node: 'kept', why: 'effect' });
      expect(done.code).toBe(0);
      expect(existsSync(place.path('out'))).toBe(false);
      await place.run('each.telar.md', ['--set', 'least=2']);
    }
  } finally {
    place.remove();
  }
});

test('C7 chance in a bundle is found: verification differs', async () => {
  await here.run('chance.telar.md');
  await here.telar(['bundle', 'last', '-o', 'chance.telarrun']);
  const done = await here.telar(['bundle', 'verify', 'chance.telarrun', '--json']);
  expect(done.code).toBe(5);
  expect(last(done)).toMatchObject({ divergent: [{ node: 'dice', output: 'value' }] });
});

type Loose = { [name: string]: any }; // oxlint-disable-line typescript/no-explicit-any
/** Gives a step other components, and all names that follow from them: a forger who knows the format. */
function rekeyed(m: Loose, node: string, change: (components: Loose) => void): void {
  const step = m.steps.find((one: Loose) => one.node === node) as Loose;
  change(step.components);
  const row = m.rows.find((one: Loose) => one.id === step.row) as Loose;
  step.key = actionKey(keyPart(step.components), sha256);
  row.key = step.key;
  row.id = rowId(sha256, row as never);
  step.row = row.id;
}

test('C7 a sealed forgery is found by holding keys against texts and sources', async () => {
  const forgeries: Readonly<Record<string, (m: Loose) => void>> = {
    code: (m) => { rekeyed(m, 'warm', (components) => { components.code = 'f'.repeat(64); }); },
    param: (m) => { rekeyed(m, 'warm', (components) => { components['param.threads'] = '4'; }); },
    input: (m) => {
      const given = (m.steps as Loose[]).find(({ node }) => node === 'days')?.components as Loose;
      expect(given).toBeDefined();
      const other = (m.rows as Loose[]).flatMap((row) => Object.values(row.outputs as Loose)).find(({ ref }) => ref?.form === 'table' && ref.hash !== String(m.steps.find((one: Loose) => one.node === 'warm').components['input.days']).slice(6)) as Loose;
      rekeyed(m, 'warm', (components) => { components['input.days'] = `table:${other.ref.hash}`; });
    },
    gathered: (m) => {
      const value = (node: string): Loose => m.rows.find((row: Loose) => row.id === m.steps.find((one: Loose) => one.node === node).row).outputs as Loose;
      value('loud').value = value('kept').value;
    },
    set: (m) => { m.run.inputs = { least: '25' }; },
    node: (m) => { m.steps.find((one: Loose) => one.node === 'warm').node = 'warmer'; m.logs = []; },
  };
  for (const [name, change] of Object.entries(forgeries)) {
    writeFileSync(here.path('forged.telarrun'), reforged(bundle(), change));
    const done = await here.telar(['bundle', 'verify', 'forged.telarrun', '--json']);
    expect(last(done), name).toMatchObject({ type: 'error', code: 'forged' });
    expect(done.stderr, name).toMatch(name === 'gathered' ? /the step loud has another value than its elements give/ : name === 'set' ? /the step least/ : /the step warm/);
    expect(done.code, name).toBe(5);
  }
});

test('C7 a forged result that hangs together is found by doing its step again', async () => {
  const forged = reforged(bundle(), (m) => {
    const output = (node: string): Loose => m.rows.find((row: Loose) => row.id === m.steps.find((one: Loose) => one.node === node).row).outputs.value as Loose;
    const label = output('label').ref as Loose;
    output('told').ref = { ...label };
  });
  // The blob that nobody names any more goes with its bytes, or the list would betray it.
  const { text } = taken(forged);
  const told = (JSON.parse(taken(bundle()).text) as Loose).rows.flatMap((row: Loose) => Object.values(row.outputs)).find(({ ref, summary }: Loose) => ref?.form === 'text' && String(summary.preview).includes('from 20')) as Loose;
  const m = JSON.parse(text) as Loose;
  expect(m.blobs.some(({ hash }: Loose) => hash === told.ref.hash)).toBe(true);
  let at = 0;
  const body = taken(bundle()).body;
  const pieces: Uint8Array[] = [];
  for (const { hash, bytes } of m.blobs as Loose[]) {
    const begin = at;
    for (let left = bytes as number; left > 0; left -= 2 ** 20) at += 5 + new DataView(body.buffer, body.byteOffset).getUint32(at + 1, true);
    if (hash !== told.ref.hash) pieces.push(body.subarray(begin, at));
  }
  m.blobs = m.blobs.filter(({ hash }: Loose) => hash !== told.ref.hash);
  const { sealed } = await import('../bundle/bundles.ts');
  writeFileSync(here.path('lie.telarrun'), sealed(JSON.stringify(m), Buffer.concat(pieces)));
  const done = await here.telar(['bundle', 'verify', 'lie.telarrun', '--json']);
  expect(last(done)).toMatchObject({ type: 'verify', divergent: [{ node: 'told', output: 'value' }] });
  expect(done.code).toBe(5);
});

test('C7 no place, person or secret of this machine is in a bundle', async () => {
  await here.run('bad.telar.md');
  await here.telar(['bundle', 'last', '-o', 'bad.telarrun']);
  for (const name of ['weather.telarrun', 'bad.telarrun']) {
    const { store, manifest } = await imported(bundle(name), here.root);
    const all = [taken(bundle(name)).text, ...manifest.blobs.map(({ hash }) => new TextDecoder('latin1').decode(store.blobs.get(hash)))].join('\n');
    const { username } = userInfo();
    for (const word of [here.root, realpathSync(here.root), homedir(), hostname(), SECRET]) expect(all.includes(word), `${name}: ${word}`).toBe(false);
    expect(new RegExp(`\\b${username}\\b`).test(all), `${name}: ${username}`).toBe(false);
  }
  expect(taken(bundle('bad.telarrun')).text).toContain('"state":"failed"');
});

test('C7 what is no bundle is refused, and the workspace stays as it was', async () => {
  writeFileSync(here.path('cut.telarrun'), bundle().slice(0, -100));
  writeFileSync(here.path('newer.telarrun'), Buffer.concat([Buffer.from('telarrun 9 2\n{}'), Buffer.alloc(64)]));
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['import', 'cut.telarrun'], 2, /cut off, or its bytes were damaged/], [['verify', 'cut.telarrun'], 2, /Fetch the file again/],
    [['import', 'newer.telarrun'], 2, /generation 9/], [['import', 'weather.telar.md'], 2, /does not begin as one/], [['import', '.'], 2, /not a regular file/],
    [['import', 'none.telarrun'], 2, /no file none/], [['import'], 2, /Usage/], [['verify'], 2, /Usage/], [['last', 'x.telarrun'], 2, /Usage/],
    [['none-such'], 2, /no such run/], [['last', '-o', 'no/such/folder.telarrun'], 2, /cannot be written/],
  ];
  const before = (await here.telar(['runs', '--json'])).stdout;
  for (const [args, code, says] of cases) {
    const done = await here.telar(['bundle', ...args]);
    expect(done.stderr, args.join(' ')).toMatch(says);
    expect(done.code, args.join(' ')).toBe(code);
    expect(done.stderr).not.toMatch(/\n\s+at /);
  }
  expect((await here.telar(['runs', '--json'])).stdout).toBe(before);
});
