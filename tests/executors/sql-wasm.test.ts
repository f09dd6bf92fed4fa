/** DuckDB-Wasm passes the suite. */
import { createWasmSql } from '../../runtime/executors/sql/wasm.node.ts';
import { sqlExecutorSuite } from '../suites/sql-executor.ts';

sqlExecutorSuite((root) => createWasmSql({ root }), { rows: 50_000, extensions: false });
