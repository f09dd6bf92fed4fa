/** Executor `sql-wasm`: DuckDB compiled to WebAssembly, in child processes. The same SQL as native, one version behind, without Parquet, JSON and time zones. */
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import type { Executor } from '../../ports.ts';
import { createSqlHost, type SqlOptions } from './host.node.ts';

const require = createRequire(import.meta.url);
const WASM = '@duckdb/duckdb-wasm/dist/duckdb-eh.wasm';
const version = (): string => (require(join(dirname(require.resolve(WASM)), '..', 'package.json')) as { version: string }).version;

/** @param options the workspace and how many steps run at once */
export function createWasmSql(options: SqlOptions): Executor {
  return createSqlHost({
    engine: 'sql-wasm', child: new URL(`wasm-child.node${extname(import.meta.url)}`, import.meta.url), files: true,
    identity: () => ({ engine: 'duckdb-wasm', version: version(), threads: '1', bridge: '2', timezone: 'UTC' }),
    available() {
      try {
        require.resolve(WASM);
        return { ok: true };
      } catch {
        return { ok: false, reason: 'DuckDB-Wasm is not installed; run npm install, or leave out engine=wasm.' };
      }
    },
  }, options);
}
