/** What DuckDB's own parser says of a query: the tables it names, where, by `json_serialize_sql`. SELECT only. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { systemSchemas, systemTable } from '../../nodes/sql/words.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Names of tables (`a`, `a.b`) with the offset of each use, and files named as tables. */
export interface Oracle { readonly tables: readonly string[]; readonly files: readonly string[] }

/** @throws Error when DuckDB does not parse the text */
export async function oracle(connection: DuckDBConnection, sql: string): Promise<Oracle> {
  const reader = await connection.runAndReadAll('select json_serialize_sql($1::varchar, skip_null := true, skip_empty := true, skip_default := true)', [sql]);
  const tree = JSON.parse(String(reader.getRowsJson()[0]?.[0])) as { error: boolean; error_message?: string; statements: Json };
  if (tree.error) throw new Error(`${tree.error_message}: ${sql}`);
  const tables: string[] = [];
  const files: string[] = [];
  const bytes = new TextEncoder().encode(sql);
  const visit = (node: Json | undefined, scope: ReadonlySet<string>): void => {
    if (node === null || typeof node !== 'object' || node === undefined) return;
    if (Array.isArray(node)) { for (const child of node) visit(child, scope); return; }
    let inner = scope;
    if (node.type === 'BASE_TABLE') {
      const name = String(node.table_name);
      const schema = node.schema_name === undefined ? undefined : String(node.schema_name);
      const catalog = node.catalog_name === undefined ? undefined : String(node.catalog_name);
      if (bytes[Number(node.query_location)] === 0x27) files.push(name);
      else if (schema === undefined && scope.has(name.toLowerCase())) { /* a common table */ }
      else if (systemSchemas.has(schema ?? '') || systemTable.test(name)) { /* every database has it */ }
      else {
        const parts = [catalog, schema, name].filter((part) => part !== undefined);
        const main = parts.lastIndexOf('main', parts.length - 2);
        const own = parts.slice(main + 1);
        tables.push(`${own[0]?.toLowerCase()}${own[1] === undefined ? '' : `.${own[1]}`}`);
      }
      return;
    }
    const map = (node.cte_map as { map?: { key: string; value: Json }[] } | undefined)?.map ?? [];
    for (const { key, value } of map) {
      visit(value, inner);
      inner = new Set([...inner, key.toLowerCase()]);
    }
    for (const [key, child] of Object.entries(node)) {
      if (key === 'cte_map') continue;
      // Only the second half of a recursive common table sees itself.
      visit(child, node.type === 'RECURSIVE_CTE_NODE' && key === 'right' ? new Set([...inner, String(node.cte_name).toLowerCase()]) : inner);
    }
  };
  visit(tree.statements, new Set());
  return { tables: tables.sort(), files: files.sort() };
}
