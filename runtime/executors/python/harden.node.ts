/**
 * Harden: takes from a child what its engine never needs, before that is loaded. JavaScript's child does the same.
 *
 * The wall is the process (Node's permission model, no network, no environment, no code from strings); this is the plaster on it:
 * whoever gets hold of `process` or of a built-in module finds nothing there that reaches out.
 */
import childProcess from 'node:child_process';
import { constants } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const REMOVED = ['kill', '_kill', 'abort', 'dlopen', 'chdir', 'setuid', 'setgid', '_debugProcess', '_startProfilerIdleNotifier', 'loadEnvFile', 'report'];

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
