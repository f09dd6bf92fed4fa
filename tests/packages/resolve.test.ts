/** The resolver: against a search of all sets, and in its words. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { environmentOf } from '../../runtime/packages/realm.ts';
import { readRequirement, type Requirement } from '../../runtime/packages/requirement.ts';
import { resolve, type Candidate } from '../../runtime/packages/resolve.ts';
import { readVersion, satisfies } from '../../runtime/packages/version.ts';

const environment = environmentOf({ python: '3.14.2', platform: 'pyemscripten_2026_0_wasm32' });
const want = (text: string): Requirement => readRequirement(text) as Requirement;
type World = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** Candidates of a world `{name: {version: [what it asks for]}}`, newest first. */
const finder = (world: World, tried: string[] = []) => (name: string): Candidate[] => Object.entries(world[name] ?? {}).reverse().map(([version, requires]) => ({
  name, version, file: `${name}-${version}`, from: 'file', sha256: '', yanked: version === '9.9',
  requires: () => { tried.push(`${name} ${version}`); return Promise.resolve(requires.map(want)); },
}));
const solve = async (world: World, ...wants: string[]): Promise<string> =>
  resolve(wants.map(want), { environment, find: finder(world), most: 3000 }).then((found) => found.map(({ candidate: { name, version } }) => `${name} ${version}`).join(', '), (error: Error) => error.message);

/** Whether any choice of versions, or of leaving out, does for all that is asked for. */
function possible(world: World, wants: readonly string[]): boolean {
  const names = Object.keys(world);
  const search = (at: number, picked: Record<string, string>): boolean => {
    if (at === names.length) {
      const asks = [...wants, ...Object.entries(picked).flatMap(([name, version]) => world[name]![version]!)].map(want);
      return asks.every(({ name, clauses }) => picked[name] !== undefined && satisfies(readVersion(picked[name])!, clauses));
    }
    const name = names[at] as string;
    return search(at + 1, picked) || Object.keys(world[name]!).some((version) => search(at + 1, { ...picked, [name]: version }));
  };
  return search(0, {});
}

const NAMES = ['a', 'b', 'c', 'd'];
const ask = fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom('', '>=2', '<2', '==1', '!=2', '<=3,>1', '~=2.0')).map(([name, range]) => name + range);
const worlds = fc.record(Object.fromEntries(NAMES.map((name) => [name, fc.dictionary(fc.constantFrom('1.0', '2.0', '3.0'), fc.array(ask, { maxLength: 2 }), { maxKeys: 3 })]))) as fc.Arbitrary<World>;

test('W16 the resolver finds a set exactly where there is one, and what it finds agrees', async () => {
  await fc.assert(fc.asyncProperty(worlds, fc.array(ask, { minLength: 1, maxLength: 3 }), async (drawn, wants) => {
    const world = Object.fromEntries(Object.entries(drawn).map(([name, versions]) => [name, Object.fromEntries(Object.entries(versions).sort())]));
    const found = await resolve(wants.map(want), { environment, find: finder(world) }).catch(() => undefined);
    expect(found !== undefined).toBe(possible(world, wants));
    if (found === undefined) return;
    const picked = new Map(found.map(({ candidate }) => [candidate.name, candidate.version]));
    const asks = [...wants, ...[...picked].flatMap(([name, version]) => world[name]![version]!)].map(want);
    for (const { name, clauses } of asks) expect(satisfies(readVersion(picked.get(name) ?? '0')!, clauses) && picked.has(name)).toBe(true);
    for (const { candidate, depends } of found) for (const name of depends) expect([candidate.name, picked.has(name)]).toEqual([candidate.name, true]);
  }), { seed: 20261120, numRuns: 400 });
});

test('W16 the newest versions that agree are taken, and markers, extras, pre-releases and yanked files are minded', async () => {
  const world: World = {
    app: { '1.0': ['lib'], '2.0': ['lib<2', 'old; python_version < "3"', 'more; extra == "all"'] }, lib: { '1.0': [], '1.5': [], '2.0': [] }, more: { '1.0': ['lib>1'] },
    fresh: { '1.0': [], '2.0rc1': [] }, drawn: { '1.0': [], '9.9': [] },
  };
  expect(await solve(world, 'app')).toBe('app 2.0, lib 1.5');
  expect(await solve(world, 'lib', 'app')).toBe('app 1.0, lib 2.0'); // what is asked for first is newest
  expect(await solve(world, 'app[all]==2.*')).toBe('app 2.0, lib 1.5, more 1.0');
  expect(await solve(world, 'lib==1.0', 'app[all]')).toBe('app 1.0, lib 1.0');
  expect(await solve(world, 'fresh')).toBe('fresh 1.0');
  expect(await solve(world, 'fresh>=2.0rc1')).toBe('fresh 2.0rc1');
  expect(await solve(world, 'drawn')).toBe('drawn 1.0');
  expect(await solve(world, 'drawn==9.9')).toBe('drawn 9.9');
  expect(await solve({ one: { '1.0': ['two'] }, two: { '1.0': ['one[x]'] } }, 'one')).toBe('one 1.0, two 1.0');
});

test('W16 a conflict is told in words: who asks for what', async () => {
  const world: World = { app: { '2.0': ['lib<2'] }, tool: { '1.0': ['lib>=2'] }, lib: { '1.0': [], '2.0': [] } };
  expect(await solve(world, 'app', 'tool')).toBe('These packages do not go together. `app` 2.0 asks for `lib<2`, `tool` 1.0 asks for `lib>=2`: no version of `lib` that can be had does for all of them.');
  expect(await solve(world, 'lib>=3')).toBe('These packages do not go together. The notebook asks for `lib>=3`: no version of `lib` that can be had does for it.');
});

test('W16 a knot that would take for ever is given up within its bound', async () => {
  const versions = Array.from({ length: 30 }, (_, i) => `${i + 1}.0`);
  const world: World = {
    ...Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => [name, Object.fromEntries(versions.map((version) => [version, ['z']]))])), z: { '1.0': ['y'] }, y: { '1.0': ['a>=99'] },
  };
  expect(await solve(world, 'b', 'c', 'd', 'e', 'f', 'a', 'z')).toContain('given up after many tries');
});
