/** Locks, the edits of front matter that go with them, and what is believed of wheels and indexes. */
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { strToU8, zipSync } from 'fflate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../runtime/adapters/clock.node.ts';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { systemNetwork } from '../../runtime/adapters/network.node.ts';
import { applyChanges } from '../../runtime/document/changes.ts';
import { parseDocument } from '../../runtime/document/parse.ts';
import { addPackage, removePackage } from '../../runtime/packages/edit.ts';
import { formatLock, outOfDate, parseLock, readWants, type Lock } from '../../runtime/packages/lock.ts';
import { makeLock, type LockPowers } from '../../runtime/packages/make-lock.node.ts';
import { PyodidePackages } from '../../runtime/packages/pyodide.ts';
import { resolve } from '../../runtime/packages/resolve.ts';
import { Sources } from '../../runtime/packages/sources.node.ts';
import type { Requirement } from '../../runtime/packages/requirement.ts';
import { createWeb } from '../../runtime/packages/web.node.ts';
import { filesOf, importsOf, metadataOf } from '../../runtime/packages/wheel.ts';
import { WheelCache } from '../../runtime/packages/wheel-cache.node.ts';
import { makeWheel, startIndex, type Index, type IndexPlan, type Wheel } from './wheels.ts';

const realm = { python: '3.14.2', platform: 'pyemscripten_2026_0_wasm32' };
const wants = (...texts: string[]): readonly Requirement[] => readWants(texts) as readonly Requirement[];
const lock: Lock = {
  ...realm, requires: ['app>=1'], packages: [
    { name: 'lib', version: '1.0', file: 'lib-1.0-py3-none-any.whl', sha256: 'b'.repeat(64), from: 'pypi', depends: [], imports: ['lib'] },
    { name: 'app', version: '1.2', file: 'app-1.2-py3-none-any.whl', sha256: 'a'.repeat(64), from: 'file', depends: ['lib'], imports: ['app'] },
  ],
};

let home: string;
beforeAll(() => { home = mkdtempSync(join(realpathSync(tmpdir()), 'telar-packages-')); });
afterAll(() => { rmSync(home, { recursive: true, force: true }); });

test('W16 a lock is canonical, keeps to its schema, and reads back as it was', () => {
  const text = formatLock(lock, sha256);
  expect(formatLock({ ...lock, packages: lock.packages.toReversed() }, sha256)).toBe(text);
  expect(formatLock(parseLock(text, 'a.telar.lock', sha256), sha256)).toBe(text);
  const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../../contracts/schema/lock.schema.json'), 'utf8')) as object;
  expect(new Ajv2020({ strict: false }).validate(schema, JSON.parse(text))).toBe(true);
});

test('W16 no edit of a lock by hand goes unnoticed, and none is anything but `damaged`', () => {
  const text = formatLock(lock, sha256);
  fc.assert(fc.property(fc.nat(text.length - 1), fc.constantFrom('', '0', 'x', '"', '{', '__proto__', ' '), fc.nat(3), (at, insert, cut) => {
    const edited = text.slice(0, at) + insert + text.slice(at + cut);
    let same: boolean;
    try { same = JSON.stringify(JSON.parse(edited)) === JSON.stringify(JSON.parse(text)); } catch { same = false; }
    if (same) return;
    expect(() => parseLock(edited, 'a.telar.lock', sha256)).toThrow(expect.objectContaining({ code: 'damaged', message: expect.stringMatching(/^a\.telar\.lock: /) }) as Error);
  }), { seed: 4, numRuns: 500 });
  expect(() => parseLock(text.replace('b'.repeat(64), 'c'.repeat(64)), 'a.telar.lock', sha256)).toThrow('a.telar.lock: it was edited by hand, or merged: its checksum is another.');
  expect(() => parseLock(text.replace('"lib"\n      ],\n      "file"', '"gone"\n      ],\n      "file"'), 'x', sha256)).toThrow('`app` needs `gone`, which is not in it');
  expect(() => parseLock(text.replace('lib-1.0-py3', '../lib-1.0-py3'), 'x', sha256)).toThrow('package 2 (lib): its file cannot be right');
});

test('W16 a lock is out of date when it is not what the front matter asks for, or for another Python', () => {
  expect(outOfDate(lock, wants('app>=1'), realm)).toBeUndefined();
  expect(outOfDate(lock, wants('App >= 1'), realm)).toBeUndefined();
  expect(outOfDate(lock, wants('app>=1', 'more'), realm)).toBe('`more` is asked for and not locked');
  expect(outOfDate(lock, [], realm)).toBe('`app>=1` is locked and no longer asked for');
  expect(outOfDate(lock, wants('app>=2'), realm)).toContain('`app>=2` is asked for');
  expect(outOfDate(lock, wants('app>=1'), { ...realm, python: '3.15.0' })).toContain('it is for Python 3.14.2');
});

test.each<[string, string, string]>([
  ['no front matter', '# A\n', '---\npackages: [one]\n---\n\n# A\n'],
  ['no list', '---\ntelar: 1 # yes\n---\n', '---\ntelar: 1 # yes\npackages: [one]\n---\n'],
  ['an empty value', '---\npackages: # none yet\ntelar: 1\n---\n', '---\npackages: [one] # none yet\ntelar: 1\n---\n'],
  ['an empty list', '---\npackages: []\n---\n', '---\npackages: [one]\n---\n'],
  ['a list in a line', '---\npackages: [ two ,  three ] # all\n---\n', '---\npackages: [ two ,  three, one ] # all\n---\n'],
  ['a null', '---\npackages: ~\n---\n', '---\npackages: [one]\n---\n'],
  ['a list by lines', '---\r\npackages:\r\n  - two # a\r\n  # b\r\ntelar: 1\r\n---\r\n', '---\r\npackages:\r\n  - two # a\r\n  - one\r\n  # b\r\ntelar: 1\r\n---\r\n'],
  ['a dash on a line of its own', '---\npackages:\n  -\n    two\n---\n', '---\npackages:\n  -\n    two\n  - one\n---\n'],
  ['a version before', '---\npackages: ["one>=1,<2", two]\n---\n', '---\npackages: [one, two]\n---\n'],
])('D2 a package is added by the smallest change: %s', (_, before, after) => {
  const made = applyChanges(before, addPackage(parseDocument(before, 'a.telar.md'), 'one'));
  expect(made).toBe(after);
  expect(parseDocument(made, 'a.telar.md').frontMatter.packages).toContain('one');
  expect(addPackage(parseDocument(made, 'a.telar.md'), 'one')).toEqual([]);
});

test.each<[string, string]>([
  ['---\npackages: [one, two] # x\n---\n', '---\npackages: [two] # x\n---\n'],
  ['---\npackages: [two, "one[a]>=1"]\n---\n', '---\npackages: [two]\n---\n'],
  ['---\ntelar: 1\npackages: [One]\n---\n', '---\ntelar: 1\n---\n'],
  ['---\npackages:\n  - one\n  - two # b\n---\n', '---\npackages:\n  - two # b\n---\n'],
  ['---\npackages:\n  -\n    one\n  - two\n---\n', '---\npackages:\n  - two\n---\n'],
  ['---\npackages:\n  - one # a\ntelar: 1\n---\n', '---\ntelar: 1\n---\n'],
  ['---\npackages:\n  - one # mine\n  # why\n\t# more\n# not in it\ntelar: 1\n---\n', '---\n# not in it\ntelar: 1\n---\n'],
  ['---\r\npackages:\r\n  - one\r\n  # why\r\n---\r\n', '---\r\n---\r\n'],
])('D2 a package is taken away by the smallest change: %j', (before, after) => {
  expect(applyChanges(before, removePackage(parseDocument(before, 'a.telar.md'), 'one'))).toBe(after);
});

test('D3 what was added is what is read, whatever the list looks like', () => {
  const names = fc.uniqueArray(fc.constantFrom('one', 'two>=1', 'three[x]>=1,<2', 'four; python_version < "3"', 'no', 'yes', '1x', '1e5', 'five!=2.*'), { minLength: 1, maxLength: 5 });
  fc.assert(fc.property(names, fc.constantFrom('', '---\ntelar: 1\n---\n', '---\npackages:\n- zero\n---\ntext\n', '---\npackages: [zero]\n---\n'), (texts, start) => {
    const at = start.includes('zero') ? ['zero'] : [];
    const made = texts.reduce<string>((now, text) => applyChanges(now, addPackage(parseDocument(now, 'a.telar.md'), text)), start);
    expect(parseDocument(made, 'a.telar.md').frontMatter.packages).toEqual([...at, ...texts]);
    const gone = texts.reduce<string>((now, text) => applyChanges(now, removePackage(parseDocument(now, 'a.telar.md'), (wants(text)[0] as Requirement).name)), made);
    expect(parseDocument(gone, 'a.telar.md').frontMatter.packages ?? []).toEqual(at);
  }), { seed: 4, numRuns: 60 });
});

test.each<[string, () => Uint8Array, string]>([
  ['leaves its folder', () => makeWheel('x', { files: { '../../x.py': '1' } }).bytes, 'does not stay in its folder'],
  ['is absolute', () => makeWheel('x', { files: { '/x.py': '1' } }).bytes, 'does not stay in its folder'],
  ['has a drive', () => makeWheel('x', { files: { 'C:\\x.py': '1' } }).bytes, 'does not stay in its folder'],
  ['folds onto itself', () => makeWheel('x', { files: { 'x.py': '1', 'X.py': '2' } }).bytes, 'twice'],
  ['is a bomb', () => makeWheel('x', { files: { 'x.py': new Uint8Array(34_000_000) } }).bytes, 'unpack to far more than it is'],
  ['is cut short', () => { const { bytes } = makeWheel('x'); return bytes.subarray(0, bytes.length - 30); }, 'no whole zip file'],
  ['is no zip', () => strToU8('hello'), 'no whole zip file'],
])('W16 a wheel that %s is refused', (_, bytes, words) => {
  expect(() => filesOf(bytes(), 'x-1.0-py3-none-any.whl')).toThrow(expect.objectContaining({ code: 'refused', message: expect.stringContaining(words) }) as Error);
});

test('W16 of a wheel only what Python imports is unpacked', () => {
  const { bytes } = makeWheel('x', { requires: ['y>=1; extra == "z"'], files: { 'x/__init__.py': '', 'x/data.txt': 'd', 'x-1.0.data/purelib/p.py': '', 'x-1.0.data/scripts/run': '', '_n.cpython-314.so': '', 'x.libs/l.so': '' } });
  expect(Object.keys(filesOf(bytes, 'x.whl')).filter((name) => !name.includes('dist-info')).sort()).toEqual(['_n.cpython-314.so', 'p.py', 'x.libs/l.so', 'x/__init__.py', 'x/data.txt']);
  expect(importsOf(bytes, 'x.whl')).toEqual(['_n', 'p', 'x']);
  expect(metadataOf(bytes, 'x.whl')).toMatchObject({ name: 'x', version: '1.0', requires: [{ name: 'y', marker: 'extra == "z"' }] });
  expect(() => metadataOf(zipSync({ 'x.py': strToU8('') }), 'x.whl')).toThrow('it has no METADATA');
});

/** Does something with an index, and ends it. */
async function withIndex<T>(wheels: readonly Wheel[], plan: IndexPlan, act: (index: Index, powers: (over?: Partial<LockPowers>) => LockPowers, cache: string) => Promise<T>): Promise<T> {
  const index = await startIndex(wheels, plan);
  const cache = mkdtempSync(join(home, 'cache-'));
  try {
    return await act(index, (over) => ({
      identity: { python: '3.14.2', abi: '2026_0', pyodide: '0' }, wheels: new WheelCache(cache), network: systemNetwork, clock: { ...systemClock, sleep: () => Promise.resolve() }, signal: new AbortController().signal,
      env: { PIP_INDEX_URL: index.url, TELAR_PYODIDE_CDN: index.cdn }, folders: [], offline: false, said: () => {}, ...over,
    }), cache);
  } finally {
    await index.close();
  }
}
const told = ({ packages }: Lock): string => packages.map(({ name, version, from }) => `${name} ${version} ${from}`).join(', ');
const shelf = [
  makeWheel('app-kit', { version: '1.0' }), makeWheel('app-kit', { version: '2.0', requires: ['my_lib<2', 'gone; sys_platform == "win32"'] }), makeWheel('app-kit', { version: '3.0', requiresPython: '>=3.15' }),
  makeWheel('app-kit', { version: '4.0', tag: 'cp314-cp314-win_amd64' }), makeWheel('my-lib', { version: '1.5' }), makeWheel('my-lib', { version: '1.6' }), makeWheel('my-lib', { version: '2.0' }),
];

test.each<[string, IndexPlan]>([['JSON with metadata apart', {}], ['JSON without', { metadata: false }], ['HTML with metadata apart', { json: false }], ['HTML without', { json: false, metadata: false }], ['a server that is busy twice', { failures: 2 }]])('W16 an index is read: %s', (_, plan) => withIndex(shelf, { ...plan, yanked: ['my_lib-1.6-py3-none-any.whl'] }, async (index, powers, cache) => {
  const made = await makeLock(wants('App.Kit'), undefined, powers());
  expect(told(made)).toBe('app-kit 2.0 pypi, my-lib 1.5 pypi');
  expect(made.packages.map(({ sha256: hash }) => hash)).toEqual([shelf[1]!.sha256, shelf[4]!.sha256]);
  expect(readdirSync(join(cache, 'wheels')).sort()).toEqual([shelf[1]!, shelf[4]!].flatMap((one) => [one.sha256, `${one.sha256}.whl`]).sort());
  // What is locked stays, and what is here is asked of nobody.
  index.asked.length = 0;
  expect(await makeLock(wants('app-kit'), made, powers({ offline: true }))).toEqual(made);
  expect(index.asked).toEqual([]);
  const more = await makeLock(wants('app-kit', 'my-lib'), { ...made, packages: made.packages.map((one) => (one.name === 'app-kit' ? { ...one, version: '1.0', sha256: shelf[0]!.sha256, depends: [] } : one)) }, powers());
  expect(told(more)).toBe('app-kit 1.0 pypi, my-lib 1.5 pypi');
}));

test('W16 what came with another hash is refused, and nothing of it is kept', () => withIndex(shelf, { tamper: (bytes) => { const other = bytes.slice(); other[40]! ^= 1; return other; } }, async (_, powers, cache) => {
  await expect(makeLock(wants('my-lib'), undefined, powers())).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('is not what was locked') as string });
  expect(readdirSync(cache)).toEqual([]);
}));

test('W16 what cannot be had is told in words', () => withIndex([makeWheel('native', { tag: 'cp314-cp314-manylinux_2_28_x86_64' }), ...shelf], {}, async (index, powers) => {
  const fails = (text: string, over?: Partial<LockPowers>): Promise<string> => makeLock(wants(text), undefined, powers(over)).then(told, (error: Error) => error.message);
  expect(await fails('nothing-such')).toContain('the index has no package `nothing-such`');
  expect(await fails('native')).toContain('no wheel that Python 3.14.2 in WebAssembly can take');
  expect(await fails('my-lib>=3')).toContain('The notebook asks for `my-lib>=3`');
  expect(await fails('my-lib', { offline: true })).toContain('no server was asked (--offline)');
  expect(await fails('my-lib', { env: { PIP_INDEX_URL: 'http://example.org/simple' } })).toContain('over https only');
  expect(await fails('my-lib', { env: { PIP_INDEX_URL: 'https://me:secret@example.org/simple' } })).not.toContain('secret');
  expect(await fails('my-lib', { signal: AbortSignal.abort() })).toMatch(/stopped/i);
  expect(index.asked.every((path) => /^\/(simple|files)\//.test(path))).toBe(true);
}));

test('W16 a folder of wheels comes before all, then Pyodide, whose files its own server has', () => {
  const numpy = makeWheel('numpy', { version: '1.0' });
  const folder = mkdtempSync(join(home, 'house-'));
  return withIndex([makeWheel('numpy', { version: '9.0' })], {}, async (index, powers) => {
    await expect(makeLock(wants('numpy'), undefined, powers())).rejects.toMatchObject({ code: 'unavailable', message: expect.stringMatching(/\/cdn\/numpy-.*answered with status 404/) as string });
    writeFileSync(join(folder, numpy.file), numpy.bytes);
    const made = await makeLock(wants('numpy'), undefined, powers({ folders: [join(home, 'none'), folder], offline: true }));
    expect(told(made)).toBe('numpy 1.0 file');
    // Pyodide has no such version, the index does.
    expect(told(await makeLock(wants('numpy>=9'), undefined, powers()))).toBe('numpy 9.0 pypi');
    expect(index.asked.filter((path) => path.startsWith('/cdn/')).length).toBe(1);
  });
});

test('W16 a wheel that was damaged on disk is taken away and got again', () => withIndex(shelf, {}, async (_, powers, cache) => {
  const made = await makeLock(wants('my-lib==2.0'), undefined, powers());
  const path = join(cache, 'wheels', `${made.packages[0]!.sha256}.whl`);
  rmSync(path);
  writeFileSync(path, 'rubbish');
  expect(await makeLock(wants('my-lib==2.0'), made, powers())).toEqual(made);
  expect(readFileSync(path).length).toBe(shelf[6]!.bytes.length);
}));

test('W16 the door follows a turn to a safe address only', async () => {
  const asked: string[] = [];
  const network = { ask: ({ url }: { url: string }) => { asked.push(url); return Promise.resolve({ status: 302, headers: { location: 'http://example.org/x' }, body: new Uint8Array() }); } };
  const web = createWeb({ network, clock: systemClock, signal: new AbortController().signal });
  await expect(web.file('https://example.org/a')).rejects.toMatchObject({ code: 'refused' });
  expect(asked).toEqual(['https://example.org/a']);
  const lost = createWeb({ network: { ask: () => Promise.resolve({ status: 302, headers: { location: 'https://[' }, body: new Uint8Array() }) }, clock: systemClock, signal: new AbortController().signal });
  await expect(lost.file('https://example.org/a')).rejects.toMatchObject({ code: 'refused' });
});

test('W16 the packages of Pyodide’s release come from its server, with what they need; those that need a bare library do not', () => {
  const [lib, app] = [makeWheel('lib'), makeWheel('app')];
  const entry = (wheel: Wheel, name: string, depends: string[]) => ({ name, version: '1.0', file_name: wheel.file, sha256: wheel.sha256, depends, imports: [name.toLowerCase()], package_type: 'package' });
  const pyodide = new PyodidePackages({ packages: { app: entry(app, 'App', ['Lib']), lib: entry(lib, 'Lib', []), heavy: entry(app, 'heavy', ['libblas']), libblas: { ...entry(lib, 'libblas', []), file_name: 'libblas-1.zip', package_type: 'shared_library' } } });
  return withIndex([], { cdn: { [app.file]: app.bytes, [lib.file]: lib.bytes } }, async (index, _, cache) => {
    const web = createWeb({ network: systemNetwork, clock: systemClock, signal: new AbortController().signal });
    const sources = new Sources({ realm, cache: new WheelCache(cache), folders: [], pyodide, index: index.url, cdn: index.cdn, web });
    const chosen = await resolve(wants('app'), { environment: {}, find: (name) => sources.find(name) });
    expect(chosen.map(({ candidate: { name, from }, depends }) => [name, from, depends])).toEqual([['app', 'pyodide', ['lib']], ['lib', 'pyodide', []]]);
    for (const { candidate } of chosen) await sources.get(candidate);
    expect(index.asked).toEqual([`/cdn/${app.file}`, `/cdn/${lib.file}`]);
    await expect(resolve(wants('heavy'), { environment: {}, find: (name) => sources.find(name), why: (name) => pyodide.why(name) })).rejects.toThrow('`heavy` needs the native library `libblas`');
    expect([pyodide.packageOf('app'), pyodide.packageOf('nothing')]).toEqual(['app', undefined]);
  });
});

test('W16 an index with a version whose METADATA cannot be read has the other versions; where nothing else fits it is named', () => withIndex([
  makeWheel('part'), makeWheel('part', { version: '2.0', requires: ['=> nonsense'] }),
], {}, async (_, powers) => {
  expect(told(await makeLock(wants('part'), undefined, powers()))).toBe('part 1.0 pypi');
  await expect(makeLock(wants('part>=2'), undefined, powers())).rejects.toMatchObject({ code: 'unavailable', message: expect.stringMatching(/part-2\.0-py3-none-any\.whl.*it asks for `=> nonsense`/) as string });
}));

test('W16 a wheel of Pyodide that cannot be got is told as what it is, with the way out', () => withIndex([], {}, async (_, powers) => {
  const env = { PIP_INDEX_URL: 'http://127.0.0.1:9/simple', TELAR_PYODIDE_CDN: 'http://127.0.0.1:9/full' };
  await expect(makeLock(wants('numpy'), undefined, powers({ env }))).rejects.toMatchObject({
    code: 'unavailable', message: expect.stringMatching(/^`numpy` comes from Pyodide’s release, which cannot be reached from here \(.*nobody listens there\)\. Get numpy-\S+\.whl elsewhere, put it into a folder, and name that with `--wheels DIR`\.$/) as string,
  });
}));
