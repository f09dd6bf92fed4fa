/** Executor `sql`: native DuckDB in child processes. */
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import type { Executor } from '../../ports.ts';
import { createSqlHost, type SqlOptions } from './host.node.ts';

const require = createRequire(import.meta.url);

/** @param options the workspace and how many steps run at once */
export function createNativeSql(options: SqlOptions): Executor {
  return createSqlHost({
    engine: 'sql', child: new URL(`native-child.node${extname(import.meta.url)}`, import.meta.url), files: true,
    identity: (threads) => ({ engine: 'duckdb', version: (require('@duckdb/node-api/package.json') as { version: string }).version, threads: String(threads), bridge: '2', timezone: 'UTC' }),
    available() {
      try {
        require.resolve('@duckdb/node-bindings');
        return { ok: true };
      } catch {
        return { ok: false, reason: 'DuckDB is not installed for this machine; run npm install, or choose engine=wasm.' };
      }
    },
  }, options);
}
