/**
 * Engine: where Pyodide lies, what it is, and how a child of it is started under Node's permission model (security 6).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sourcesHash } from './sources.node.ts';
import type { ChildOptions } from './wire.ts';

/** The folder of the `pyodide` package; `undefined` where it is not installed. */
export function pyodideFolder(): string | undefined {
  try {
    return realpathSync(dirname(createRequire(import.meta.url).resolve('pyodide/package.json')));
  } catch {
    return undefined;
  }
}

/** Versions and the hash of our own Python, from files alone. */
export function engineIdentity(folder: string): Readonly<Record<string, string>> {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  const { info } = JSON.parse(readFileSync(join(folder, 'pyodide-lock.json'), 'utf8')) as { info: { python: string; abi_version: string } };
  return { python: info.python, pyodide: version, abi: info.abi_version, bootstrap: sourcesHash() };
}

/** Megabytes of JavaScript memory that a child may have; Python's own memory is WebAssembly's and bounded by the step's limit. */
const HEAP = 512;

/** What the child may read besides what it is told: this engine's code, and Pyodide's. */
function codeFolders(): string[] {
  const floor = fileURLToPath(new URL('../../../', import.meta.url));
  return ['runtime/executors/python/', `runtime/executors/world.node${extname(import.meta.url)}`, 'runtime/values/', 'contracts/', 'package.json'].map((part) => join(floor, part)).filter((path) => existsSync(path));
}

/**
 * Starts a child: it reads the code, the workspace, its `in` folder and the snapshot; it writes to `out`; it has no network, no
 * children, no workers, no add-ons, no environment, and makes no code from strings.
 */
export function startChild(node: string, options: ChildOptions): ChildProcess {
  const reads = [options.pyodide, ...codeFolders(), options.root, options.in, ...(options.snapshot === undefined ? [] : [options.snapshot])];
  const script = fileURLToPath(new URL(`./child.node${extname(import.meta.url)}`, import.meta.url));
  const flags = [
    '--permission', '--disallow-code-generation-from-strings', '--disable-proto=delete', '--no-addons', '--no-warnings', `--max-old-space-size=${HEAP}`,
    ...reads.map((path) => `--allow-fs-read=${path}`), `--allow-fs-write=${options.out}`,
  ];
  return spawn(node, [...flags, script, JSON.stringify(options)], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'ipc'], serialization: 'advanced', windowsHide: true, cwd: options.out,
    env: { TZ: 'UTC', ...(process.platform === 'win32' ? { SystemRoot: process.env.SystemRoot } : {}) },
  });
}
