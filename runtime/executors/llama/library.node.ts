/** Library: where node-llama-cpp lies. It is an optional peer, large and native; who wants models installs it beside Telar. Nothing of it is loaded here. */
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Its module, its version, and the `node_modules` that it and what it needs lie in. */
export interface Library { readonly entry: string; readonly version: string; readonly folder: string }

const SYSTEM: Readonly<Record<string, string>> = { darwin: 'mac', linux: 'linux', win32: 'win' };

/** Finds it as a module at `from` would. */
export function findLibrary(from: string): { readonly ok: true; readonly library: Library } | { readonly ok: false; readonly reason: string } {
  let entry: string;
  try {
    entry = realpathSync(createRequire(from).resolve('node-llama-cpp'));
  } catch {
    return { ok: false, reason: 'node-llama-cpp is not installed: npm install node-llama-cpp' };
  }
  const home = dirname(dirname(entry));
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { version: string };
  const folder = dirname(home);
  const platform = `${SYSTEM[process.platform] ?? process.platform}-${process.arch}`;
  const binaries = join(folder, '@node-llama-cpp');
  const isHere = existsSync(join(home, 'llama', 'localBuilds')) || (existsSync(binaries) && readdirSync(binaries).some((name) => name === platform || name.startsWith(`${platform}-`)));
  if (!isHere) return { ok: false, reason: `node-llama-cpp has no binary for ${platform} here: npm install node-llama-cpp, with its optional dependencies` };
  return { ok: true, library: { entry, version, folder } };
}
