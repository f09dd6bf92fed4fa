/** `security.md` 15: what is installed is pinned, hashed and free to use; and no install script runs that nobody allowed. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Entry { readonly version?: string; readonly integrity?: string; readonly license?: string; readonly hasInstallScript?: boolean }
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'));
const { packages } = read('package-lock.json') as { packages: Readonly<Record<string, Entry>> };
const manifest = read('package.json') as { dependencies: Record<string, string>; devDependencies: Record<string, string>; allowScripts: Record<string, boolean> };
const installed = Object.entries(packages).filter(([path]) => path !== '').map(([path, entry]) => ({ name: path.slice(path.lastIndexOf('node_modules/') + 13), ...entry }));

/** Licences that let anybody use, change and sell. */
const FREE = ['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0', 'MPL-2.0', 'Unlicense', 'CC0-1.0', 'Python-2.0', 'Zlib'];
/** Packages whose manifest names no licence, with the one that their files state. */
const STATED: Readonly<Record<string, string>> = { 'json-bignum': 'MIT' };

test('S15 every package has a licence that allows commercial use', () => {
  for (const { name, license = STATED[name] } of installed) {
    const names = (license ?? 'none').replace(/[()]/g, '').split(/ (?:AND|OR) /);
    expect([name, names.filter((one) => !FREE.includes(one))]).toEqual([name, []]);
  }
});

test('S15 every package is pinned by a hash, and every dependency of ours by its version', () => {
  expect(installed.filter((one) => one.integrity === undefined).map((one) => one.name)).toEqual([]);
  for (const [name, version] of [...Object.entries(manifest.dependencies), ...Object.entries(manifest.devDependencies)]) expect([name, /^\d+\.\d+\.\d+/.test(version)]).toEqual([name, true]);
});

test('S15 install scripts are those that were looked at', () => {
  const scripts = [...new Set(installed.filter((one) => one.hasInstallScript).map((one) => one.name))].filter((name) => name !== 'fsevents');
  expect(scripts.filter((name) => !(name in manifest.allowScripts))).toEqual([]);
});
