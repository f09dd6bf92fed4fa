/**
 * Harden: takes from a child what its engine never needs, before that is loaded. JavaScript's child does the same.
 *
 * The wall is the process (Node's permission model, no network, no environment, no code from strings); this is the plaster on it:
 * whoever gets hold of `process` or of a built-in module finds nothing there that reaches out.
 */
import childProcess from 'node:child_process';
import { constants } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { constants as system } from 'node:os';

const REMOVED = ['kill', '_kill', 'abort', 'dlopen', 'chdir', 'setuid', 'setgid', '_debugProcess', '_startProfilerIdleNotifier', 'loadEnvFile', 'report'];

const { _kill: end, pid } = process as unknown as { _kill(pid: number, signal: number): void; readonly pid: number };

/**
 * Ends this process at once: what a child without a parent does. An exit of Node waits for V8's threads, and those now and then for a collection that
 * comes no more (nodejs/node#54918).
 */
export function quit(): never {
  end.call(process, pid, system.signals.SIGKILL);
  return process.exit(); // where a wall makes it the first of its processes, no signal of its own ends it
}

/** Call once. Pyodide needs `process.binding('constants')` and nothing else of that old door. */
export function harden(): void {
  const target = process as unknown as Record<string, unknown>;
  const shown = Object.freeze({ fs: Object.freeze({ ...constants }) });
  target.binding = (name: string): unknown => {
    if (name === 'constants') return shown;
    throw new Error(`process.binding('${name}') is not here`);
  };
  for (const name of REMOVED) Object.defineProperty(target, name, { value: undefined });
  // Emscripten's system() would call this; a denial thrown there ends Pyodide. "Could not start" is what it understands.
  childProcess.spawnSync = (() => ({ status: 127, signal: null })) as unknown as typeof childProcess.spawnSync;
  syncBuiltinESMExports();
  globalThis.fetch = () => Promise.reject(new TypeError('there is no network here'));
}
