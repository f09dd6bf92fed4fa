/**
 * Sources: the Python that a kernel is given at its start, as one line of code, and its hash, which is part of the engine's identity.
 * Values, tables and steps are those of Pyodide's engine; what is around them is the kernel's own. Files are sent and not imported: a walled-off kernel cannot see them.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PLACES = { boot: '../python/boot', values: '../python/values', table: '../python/table', web: './web', reset: './reset', step: '../python/step', files: './files', world: './world', bridge: './bridge' };

let sources: readonly (readonly [string, string])[] | undefined;
const read = (): readonly (readonly [string, string])[] =>
  sources ??= Object.entries(PLACES).map(([name, path]) => [name, readFileSync(fileURLToPath(new URL(`${path}.py`, import.meta.url)), 'utf8')] as const);

/** SHA-256 over all of them. */
export function bridgeHash(): string {
  const hash = createHash('sha256');
  for (const [name, source] of read()) hash.update(`${name}\0${source}\0`);
  return hash.digest('hex');
}

/** Where a kernel finds its things. */
export interface BridgeOptions { readonly root: string; readonly in: string; readonly out: string; readonly private: string }

/** The code that loads the bridge. JSON texts are Python texts too. */
export function loadCode(options: BridgeOptions): string {
  const [[, boot], ...rest] = read() as [[string, string], ...[string, string][]];
  const text = (value: unknown): string => JSON.stringify(JSON.stringify(value));
  return `import sys as _s; exec("import sys\\nif sys.version_info < (3, 9): raise RuntimeError('old')"); _t = {}; exec(compile(__import__("json").loads(${text(boot)}), "_telar/boot.py", "exec"), _t); `
    + `[_t["_load"](n, c) for n, c in __import__("json").loads(${text(rest)})]; _s.modules["_telar.bridge"].install(${text(options)}); del _s, _t`;
}

/** The code that runs the step which lies in the `in` folder. */
export const RUN_CODE = '__import__("sys").modules["_telar.bridge"].run()';
