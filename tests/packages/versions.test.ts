/** Versions, requirements and markers, against what Python's own library says of them. */
import { expect, test } from 'vitest';
import { holds } from '../../runtime/packages/marker.ts';
import { fit, environmentOf, readWheelName, realmOf } from '../../runtime/packages/realm.ts';
import { readRequirement, requirementText } from '../../runtime/packages/requirement.ts';
import { compareVersions, readClauses, readVersion, satisfies, type Version } from '../../runtime/packages/version.ts';
import oracle from './pep440.json' with { type: 'json' };

const ranks = oracle.order as [string, number][];
const version = (text: string): Version => readVersion(text)!;

test('W16 versions are in the order of PEP 440', () => {
  for (const [a, one] of ranks) for (const [b, other] of ranks) expect([a, b, Math.sign(compareVersions(version(a), version(b)))]).toEqual([a, b, Math.sign(one - other)]);
});

test.each(Object.entries(oracle.takes))('W16 the specifier %s takes what PEP 440 says', (text, taken) => {
  expect(ranks.map(([one]) => one).filter((one) => satisfies(version(one), readClauses(text)!))).toEqual(taken);
});

test('W16 what is no version and no specifier is refused', () => {
  for (const text of ['', 'one', '1..0', '1.0+', '1.0+-', 'x'.repeat(200), '1.0.*']) expect(readVersion(text), text).toBeUndefined();
  for (const text of ['1.0', '=1', '~=1', '>1.*', '==1.0+a.*', '>=one', '>=1;']) expect(readClauses(text), text).toBeUndefined();
});

test.each([
  ['Foo.Bar_baz[b,A] >=1 , <2', 'foo-bar-baz[a,b]<2,>=1'], ['numpy', 'numpy'], ['x (>=1.0)', 'x>=1.0'], ['a ; python_version < "3"', 'a; python_version < "3"'],
])('W16 the requirement %s has one form', (text, form) => {
  const read = readRequirement(text);
  expect(typeof read === 'string' ? read : requirementText(read)).toBe(form);
});

test.each(['', '-x', 'a @ https://example.org/a.whl', 'a >>1', 'a; os == "x"', 'a; (python_version < "3"', 'a; python_version', `a; ${'('.repeat(5000)}`, `${'a'.repeat(2000)}`])('W16 the requirement %.30s is refused in words', (text) => {
  expect(readRequirement(text)).toBeTypeOf('string');
});

test('W16 markers are said of the realm', () => {
  const environment = environmentOf(realmOf({ python: '3.14.2', abi: '2026_0' })!);
  const yes = ['python_version >= "3.9"', 'sys_platform == "emscripten"', 'sys_platform != "win32" and (os_name == "posix" or python_version < "3")', '"script" in sys_platform', 'platform_system not in "Windows Linux"', 'python_full_version > "3.14.1"', '"3.10" <= python_version'];
  const no = ['python_version < "3.10"', 'extra == "test"', 'platform_machine == "x86_64"', 'implementation_name == "pypy"', 'sys_platform == "linux" or os_name == "nt"'];
  for (const marker of yes) expect([marker, holds(marker, environment)]).toEqual([marker, true]);
  for (const marker of no) expect([marker, holds(marker, environment)]).toEqual([marker, false]);
  expect(holds('extra == "a_B"', { ...environment, extra: 'a-b' })).toBe(true);
});

test('W16 a wheel fits this Python by its tags alone', () => {
  const realm = realmOf({ python: '3.14.2', abi: '2026_0' })!;
  const score = (tag: string): number | undefined => fit(readWheelName(`a_b-1.0-${tag}.whl`)!, realm);
  for (const tag of ['cp313-cp313-pyemscripten_2026_0_wasm32', 'cp314-cp314-pyemscripten_2025_0_wasm32', 'cp314-cp314-manylinux_2_28_x86_64', 'py2-none-any', 'cp315-abi3-pyemscripten_2026_0_wasm32', 'cp314-cp314t-pyemscripten_2026_0_wasm32']) expect([tag, score(tag)]).toEqual([tag, undefined]);
  const order = ['cp314-cp314-pyemscripten_2026_0_wasm32', 'cp39-abi3-pyemscripten_2026_0_wasm32', 'py2.py3-none-any'].map(score) as number[];
  expect(order).toEqual([...order].sort((a, b) => b - a));
  expect(readWheelName('A.b_C-1!2.0+x.y-3build-py3-none-any.whl')).toMatchObject({ name: 'a-b-c', version: '1!2.0+x.y', build: '3build' });
  for (const file of ['a.whl', 'a-1.tar.gz', '../a-1-py3-none-any.whl', 'a-1-py3-none-any.whl/x']) expect(readWheelName(file), file).toBeUndefined();
});
