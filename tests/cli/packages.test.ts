/** `telar packages` and steps that use what it locked: by the real command line, with tiny wheels of ours and an index on the loopback. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeWheel, nativeModule, startIndex, type Index } from '../packages/wheels.ts';
import { createPlace, js, py, type Call, type Line, type Place } from '../support/cli.ts';
import { canary, preload } from './fixtures.ts';

const wheels = [
  makeWheel('kit', { version: '1.0', files: { 'kit/__init__.py': 'V = "1.0"\ndef twice(x): return x * 2\nclass Thing:\n  def __init__(self, n): self.n = n\n' } }),
  makeWheel('kit', { version: '2.0', requires: ['my-part>=1'], files: { 'kit/__init__.py': 'import my_part\nV = "2.0"\nSTATE = []\ndef twice(x): return x * 2 + my_part.ADD\n', 'kit/data.txt': 'kept' } }),
  makeWheel('my-part', { files: { 'my_part.py': 'ADD = 100\n' } }),
  makeWheel('tiny', { tag: 'cp314-cp314-pyemscripten_2026_0_wasm32', files: { 'tiny.cpython-314-wasm32-emscripten.so': nativeModule('tiny', 'from native code') } }),
];

let place: Place;
let index: Index;
let own: string;
let call: Call;
beforeAll(async () => {
  index = await startIndex(wheels);
  place = createPlace({ 'inner.telar.md': `---\npackages: [kit<2]\noutputs: [old]\n---\n${py('old', 'import kit\nkit.V')}` });
  // A cache of our own: which wheels are here is what these tests are about. Its snapshot is shared with all others.
  own = mkdtempSync(join(realpathSync(tmpdir()), 'telar-cli-packages-'));
  const shared = process.env.TELAR_CACHE as string;
  if (existsSync(shared)) for (const name of readdirSync(shared)) if (name.endsWith('.snapshot')) copyFileSync(join(shared, name), join(own, name));
  call = { env: { TELAR_CACHE: own, PIP_INDEX_URL: index.url, TELAR_PYODIDE_CDN: index.cdn } };
});
afterAll(async () => {
  const shared = process.env.TELAR_CACHE as string;
  mkdirSync(shared, { recursive: true });
  for (const name of readdirSync(own)) if (name.endsWith('.snapshot') && !existsSync(join(shared, name))) renameSync(join(own, name), join(shared, name));
  place.remove();
  rmSync(own, { recursive: true, force: true });
  await index.close();
});

const telar = (...args: string[]) => place.telar(args, call);
const last = (lines: readonly Line[]): Line => lines.at(-1) as Line;
const value = async (file: string, id: string): Promise<unknown> => JSON.parse((await telar('show', file, id)).stdout) as unknown;
/** The wheels away from this machine, while something is done. */
async function without<T>(act: () => Promise<T>): Promise<T> {
  renameSync(join(own, 'wheels'), join(own, 'away'));
  try { return await act(); } finally { rmSync(join(own, 'wheels'), { recursive: true, force: true }); renameSync(join(own, 'away'), join(own, 'wheels')); }
}

const BODY = `# Kit\n\n${py('once', 'import kit, my_part\nfrom importlib.metadata import version\nkit.STATE.append(1)\n[kit.V, kit.twice(4), version("kit"), len(kit.STATE), kit.__file__]')}${py('again', 'import kit\nkit.STATE.append(1)\n[len(kit.STATE), once[0]]')}${js('other', 'once.length')}`;

test('W16 `add` writes the front matter and the lock, gets the wheels, and a step imports them; the next run reuses', async () => {
  place.write('main.telar.md', BODY);
  const added = await telar('packages', 'add', 'main.telar.md', 'kit', '--json');
  // What takes more than half a second is told as it goes on.
  expect([added.code, added.stderr.replace(/^(?:asking|getting) .*\n/gm, '')]).toEqual([0, '']);
  const schema = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync(join(import.meta.dirname, '../../contracts/schema/packages.schema.json'), 'utf8')) as object);
  expect(schema(last(added.lines)), JSON.stringify(schema.errors)).toBe(true);
  expect(place.read('main.telar.md')).toBe(`---\npackages: [kit]\n---\n\n${BODY}`);
  expect(JSON.parse(place.read('main.telar.lock'))).toMatchObject({ requires: ['kit'], packages: [{ name: 'kit', version: '2.0', from: 'pypi', depends: ['my-part'], imports: ['kit'] }, { name: 'my-part', imports: ['my_part'] }] });
  const first = await place.run('main.telar.md', [], call);
  expect(first.unwell).toEqual({});
  expect(await value('main.telar.md', 'once')).toEqual(['2.0', 108, '2.0', 1, expect.stringMatching(/^\/packages\/\d\/kit\/__init__\.py$/)]);
  expect(await value('main.telar.md', 'again')).toEqual([1, '2.0']); // a step leaves nothing in a package for the next one
  expect((await place.run('main.telar.md', [], call)).ran).toEqual([]);
  const listed = await telar('packages', 'list', 'main.telar.md');
  expect([listed.code, listed.stdout.split('\n').slice(0, 2)]).toEqual([0, [expect.stringMatching(/^kit +2\.0 +pypi +\d/), expect.stringMatching(/^my-part +1\.0 +pypi/)]]);
});

test('W16 another lock is another key, for Python steps alone; a nested notebook has its own, and what is missing is named', async () => {
  expect((await telar('packages', 'add', 'main.telar.md', 'kit<2')).stdout).toContain('kit 1.0 (was 2.0)');
  const plan = last((await telar('plan', 'main.telar.md', '--json')).lines);
  expect((plan.steps as Line[]).map(({ node, decision }) => [node, decision])).toEqual([['once', 'run'], ['again', 'undecided'], ['other', 'undecided']]);
  expect((await telar('why', 'main.telar.md', 'once')).stdout).toMatch(/packages/);
  // What is locked stays where it still does.
  expect((await telar('packages', 'add', 'main.telar.md', 'kit', '-q')).code).toBe(0);
  expect(JSON.parse(place.read('main.telar.lock'))).toMatchObject({ packages: [{ version: '1.0' }] });
  expect((await telar('packages', 'add', 'main.telar.md', 'kit>=2')).stdout).toContain('kit 2.0 (was 1.0)');
  place.write('outer.telar.md', `---\npackages: [kit>=2]\n---\n${py('here', 'import kit\nkit.V')}\`\`\`yaml {#sub .graph}\nuse: inner.telar.md\n\`\`\`\n\n${py('both', '[here, sub.old]')}${py('c', 'import pandas')}${py('d', 'import no_such_module')}`);
  expect((await Promise.all(['inner.telar.md', 'outer.telar.md'].map((file) => telar('packages', 'lock', file)))).map(({ code }) => code)).toEqual([0, 0]);
  const ended = await place.run('outer.telar.md', [], call);
  expect(ended.unwell).toEqual({ c: 'exception', d: 'exception' });
  expect(ended.nodes.c?.error?.message).toBe("ModuleNotFoundError: No module named 'pandas'. It comes with the package `pandas`: `telar packages add outer.telar.md pandas`.");
  expect(ended.nodes.d?.error?.message).toContain('`telar packages add outer.telar.md no_such_module`, if its package is called so');
  expect(await value('outer.telar.md', 'both')).toEqual(['2.0', '1.0']);
});

test('W16 a lock that is not there, damaged or out of date is one error with the command, and nothing else is stopped', async () => {
  const text = `---\npackages: [kit]\n---\n${py('a', 'import kit\nkit.V')}${py('b', '1')}${js('c', '3')}`;
  place.write('bad.telar.md', text);
  const problems = async (): Promise<Line[]> => last((await telar('check', 'bad.telar.md', '--json')).lines).problems as Line[];
  expect(await problems()).toEqual([{ file: 'bad.telar.md', line: 2, column: 11, severity: 'error', code: 'missing-file', message: 'bad.telar.md asks for packages, and bad.telar.lock is not there: no versions are locked. Run `telar packages lock bad.telar.md`.' }]);
  const ended = await place.run('bad.telar.md', [], call);
  expect([ended.code, ended.unwell, ended.nodes.c?.state]).toEqual([2, { a: 'unavailable', b: 'unavailable' }, 'fresh']);
  await telar('packages', 'lock', 'bad.telar.md');
  expect(await problems()).toEqual([]);
  const whole = place.read('bad.telar.lock');
  place.write('bad.telar.lock', whole.replace(wheels[1]!.sha256, wheels[0]!.sha256));
  expect(await problems()).toMatchObject([{ message: expect.stringMatching(/checksum is another\. Run `telar packages lock bad\.telar\.md`/) as string }]);
  place.write('bad.telar.lock', whole);
  place.write('bad.telar.md', text.replace('[kit]', '[kit<2]'));
  expect(await problems()).toMatchObject([{ message: expect.stringMatching(/out of date: `kit<2` is asked for and not locked\. Run/) as string }]);
  place.write('bad.telar.md', text.replace('[kit]', '["kit=>2"]'));
  expect(await problems()).toMatchObject([{ line: 2, message: expect.stringContaining('cannot be read') as string }]);
});

test('W16 wheels that are not on this machine: told before the run with the command that gets them; what is stored is reused', async () => {
  await without(async () => {
    expect((await telar('packages', 'list', 'main.telar.md')).code).toBe(4);
    expect((await place.run('main.telar.md', [], call)).ran).toEqual([]); // the key of the first lock again
    const again = await place.run('main.telar.md', ['--no-reuse'], call);
    expect([again.code, again.nodes.once?.state]).toEqual([4, 'unavailable']);
    expect(again.stdout).toContain('`telar packages lock main.telar.md` gets them');
    index.asked.length = 0;
    expect((await telar('packages', 'lock', 'main.telar.md', '--offline')).code).toBe(4);
    expect(index.asked).toEqual([]);
    expect((await telar('packages', 'lock', 'main.telar.md')).code).toBe(0);
    expect((await telar('packages', 'list', 'main.telar.md')).code).toBe(0);
  });
});

test('D8 opening, checking, planning and listing a notebook with packages ask nobody and unpack nothing', async () => {
  place.write('quiet.telar.md', `---\npackages: [kit]\n---\n${py('a', 'import kit')}`);
  const song = place.path('song');
  const env = { ...call.env, ...preload(place.root, 'canary.cjs', canary(song)) };
  await without(async () => {
    await Promise.all([['check'], ['plan'], ['graph'], ['packages', 'list']].map((args) => place.telar([...args, 'quiet.telar.md'], { env })));
    expect(existsSync(join(own, 'wheels'))).toBe(false);
  });
  expect(existsSync(song) ? readFileSync(song, 'utf8') : '').toBe('');
});

test('W16 `add` and `remove` that fail leave both files as they were; `remove` of the last takes the lock away', async () => {
  place.write('safe.telar.md', `---\ntitle: Safe # note\n---\n${py('a', '1')}`);
  const before = place.read('safe.telar.md');
  await Promise.all(([
    ['add safe.telar.md kit no-such-thing', 4, 'the index has no package `no-such-thing`'], ['add safe.telar.md numpy', 4, 'status 404'], ['add safe.telar.md kit=>2', 2, 'cannot be read'],
    ['remove safe.telar.md kit', 2, 'asks for no packages'], ['add safe.telar.md', 2, 'Say which packages'], ['eat safe.telar.md', 2, 'add, remove, list, lock'], ['lock safe.telar.md --wheels nowhere', 2, 'no folder nowhere'],
  ] as const).map(async ([words, status, reason]) => {
    const { code, stderr } = await telar('packages', ...words.split(' '));
    expect([code, stderr]).toEqual([status, expect.stringContaining(reason)]);
  }));
  expect([place.read('safe.telar.md'), existsSync(place.path('safe.telar.lock'))]).toEqual([before, false]);
  await telar('packages', 'add', 'safe.telar.md', 'my-part', 'kit<2');
  expect(place.read('safe.telar.md')).toBe(before.replace('# note\n', '# note\npackages: [my-part, kit<2]\n'));
  await telar('packages', 'remove', 'safe.telar.md', 'kit');
  expect(JSON.parse(place.read('safe.telar.lock'))).toMatchObject({ packages: [{ name: 'my-part' }] });
  await telar('packages', 'remove', 'safe.telar.md', 'my-part');
  expect([place.read('safe.telar.md'), existsSync(place.path('safe.telar.lock'))]).toEqual([before, false]);
});

test('W16 native code is loaded within the sandbox; each step has it fresh', async () => {
  mkdirSync(place.path('house'));
  writeFileSync(join(place.path('house'), wheels[3]!.file), wheels[3]!.bytes);
  place.write('native.telar.md', `${py('a', 'import tiny\ntiny.mark = 1\ntiny.__doc__')}${py('b', 'import tiny\n[a, hasattr(tiny, "mark")]')}`);
  expect((await telar('packages', 'add', 'native.telar.md', 'tiny', '--wheels', 'house', '--offline')).code).toBe(0);
  expect((await place.run('native.telar.md', [], call)).unwell).toEqual({});
  expect(await value('native.telar.md', 'b')).toEqual(['from native code', false]);
});

test('W16 a run with packages verifies, here and from its bundle in an empty workspace, offline from the cache; without it says what is missing', async () => {
  const { lines, unwell } = await place.run('main.telar.md', ['--no-reuse', '--to', 'once'], call);
  expect(unwell).toEqual({});
  const run = last(lines).run as string;
  index.asked.length = 0;
  expect((await telar('bundle', run, '-o', 'main.telarrun')).code).toBe(0);
  mkdirSync(place.path('empty/.telar'), { recursive: true });
  const verified = await place.telar(['bundle', 'verify', 'main.telarrun', '--workspace', 'empty'], call);
  expect([verified.code, verified.stdout]).toEqual([0, expect.stringContaining('verified')]);
  await without(async () => {
    const { code, stdout, stderr } = await telar('verify', run);
    expect([code, stdout + stderr]).toEqual([4, expect.stringMatching(/not all on this machine \(kit 2\.0, my-part 1\.0\): `telar packages lock main\.telar\.md` gets them/)]);
  });
  expect(index.asked).toEqual([]);
});

test('W16 pure wheels of a real index', async (context) => {
  const passed = Object.fromEntries(['PIP_INDEX_URL', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'].flatMap((name) => { const set = process.env[name]; return set === undefined ? [] : [[name, set]]; }));
  const answer = await place.telar(['packages', 'add', 'real.telar.md', 'humanize', 'tabulate'], (place.write('real.telar.md', py('a', 'import humanize, tabulate\n[humanize.naturalsize(10**9), tabulate.tabulate([[1]], tablefmt="plain")]')), { env: { ...passed, TELAR_CACHE: own } }));
  if (answer.code !== 0) return context.skip(`no package index can be reached from here: ${answer.stderr.trim()}`);
  expect((await place.run('real.telar.md', [], call)).unwell).toEqual({});
  expect(await value('real.telar.md', 'a')).toEqual(['1.0 GB', '1']);
});

test('W16 a package that is not added for the sake of another is told so', async () => {
  place.write('way.telar.md', `---\npackages: [no-such-thing]\n---\n${py('a', '1')}`);
  const { code, stderr } = await telar('packages', 'add', 'way.telar.md', 'my-part');
  expect([code, stderr]).toEqual([4, expect.stringMatching(/`no-such-thing`, which the front matter names already, stands in the way of my-part: .*the index has no package `no-such-thing`/)]);
});

test('W16 `list` names what the code imports and nothing locks; `add` to what is no list says what is wrong with it', async () => {
  place.write('hint.telar.md', `${py('a', 'import json, numpy.linalg, helper')}${py('b', 'import pandas', 'kernel=python3')}`);
  const { code, stdout, stderr } = await telar('packages', 'list', 'hint.telar.md');
  expect([code, stdout, stderr]).toEqual([0, 'hint.telar.md asks for no packages.\n', 'telar: a imports numpy, which is not locked: telar packages add hint.telar.md numpy\n']);
  place.write('scalar.telar.md', '---\npackages: numpy\n---\n');
  const scalar = await telar('packages', 'add', 'scalar.telar.md', 'kit');
  expect([scalar.code, scalar.stderr]).toEqual([2, expect.stringMatching(/scalar\.telar\.md:2: `packages`.*\[pandas, numpy\]/)]);
});
