/**
 * Engine: where Pyodide lies, what it is, and how a child of it is started under Node's permission model (security 6).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hiddenIn, walled } from '../../sandbox/isolate.node.ts';
import type { Wall } from '../../sandbox/profile.ts';
import type { Isolation } from '../../workers/isolation.ts';
import { grantedFolders } from './grants.node.ts';
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
  return ['runtime/executors/python/', `runtime/executors/world.node${extname(import.meta.url)}`, `runtime/executors/quit.node${extname(import.meta.url)}`, 'runtime/values/', 'contracts/', 'package.json'].map((part) => join(floor, part)).filter((path) => existsSync(path));
}

/** Flags of a child's Node: what may be read and written, and no network, children, workers, add-ons or code from strings. */
export function childFlags(reads: readonly string[], out: string): readonly string[] {
  return [
    '--permission', '--disallow-code-generation-from-strings', '--disable-proto=delete', '--no-addons', '--no-warnings', `--max-old-space-size=${HEAP}`,
    ...reads.map((path) => `--allow-fs-read=${path}`), `--allow-fs-write=${out}`,
  ];
}

/** The wall around an isolated child. What is laid out for it may be a second name of a stored value, so it writes to `out` alone. */
export function childWall({ root, out }: Pick<ChildOptions, 'root' | 'out'>, reads: readonly string[], environment: Readonly<Record<string, string>>): Wall {
  // Node finds its channel by these; the wall takes the rest of the environment away.
  return { reads, writes: [out], hides: hiddenIn(root), cwd: out, environment: { ...environment, NODE_CHANNEL_FD: '4', NODE_CHANNEL_SERIALIZATION_MODE: 'advanced' } };
}

/**
 * Starts a child: it reads the code, the workspace, its `in` folder and the snapshot; it writes to `out`; it has no network, no
 * children, no workers, no add-ons, no environment, and makes no code from strings. An isolated one has the system's wall around all that.
 * @throws TelarError `unavailable` where there is no such wall; `missing-file`, `refused` for what was granted
 */
export function startChild(node: string, options: ChildOptions, isolation?: Isolation): ChildProcess {
  const files = isolation?.files ?? [];
  const granted = grantedFolders(files).flatMap(({ shows }) => shows);
  const reads = [options.pyodide, ...codeFolders(), options.root, options.in, ...options.packages ?? [], ...(options.snapshot === undefined ? [] : [options.snapshot]), ...granted];
  const script = fileURLToPath(new URL(`./child.node${extname(import.meta.url)}`, import.meta.url));
  const flags = childFlags(reads, options.out);
  const environment = { TZ: 'UTC', ...(process.platform === 'win32' ? { SystemRoot: process.env.SystemRoot ?? '' } : {}) };
  const command = [node, ...flags, script, JSON.stringify({ ...options, ...(files.length === 0 ? {} : { files }) })];
  const [program, ...rest] = isolation === undefined ? command : walled(command, childWall(options, [realpathSync(node), ...reads], environment));
  return spawn(program!, rest, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'ipc', 'pipe'], serialization: 'advanced', windowsHide: true, cwd: options.out, env: environment,
  });
}
