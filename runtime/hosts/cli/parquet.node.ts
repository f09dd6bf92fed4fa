/** A stored table as a Parquet file, by native DuckDB. Parquet lacks some of DuckDB's types: columns of these are written as text. */
import duckdb from '@duckdb/node-bindings';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeTemporary } from '../../adapters/temporary.node.ts';
import { loadTable } from '../../executors/sql/native-write.node.ts';
import type { ColumnData } from '../../values/column.ts';
import { formatType, quoteName, quoteText } from '../../values/duckdb-types.ts';
import { distinctNames } from '../../values/table.ts';

/** Types that Parquet would round or refuse. */
const AS_TEXT = /\b(U?HUGEINT|BIGNUM|BIT|INTERVAL|TIME WITH TIME ZONE|UNION)\b/;

/** @returns the file's bytes, and the names of columns that had to become text */
export async function parquetOf(columns: readonly { readonly name: string; readonly data: ColumnData }[], rows: number): Promise<{ bytes: Uint8Array; asText: readonly string[] }> {
  const folder = makeTemporary('telar-parquet-');
  const path = join(folder, 'table.parquet');
  const config = duckdb.create_config();
  for (const [name, value] of Object.entries({ threads: '1', autoload_known_extensions: 'false', autoinstall_known_extensions: 'false' })) duckdb.set_config(config, name, value);
  const database = await duckdb.open(':memory:', config);
  const connection = await duckdb.connect(database);
  try {
    const names = distinctNames(columns.map((column) => column.name));
    const typed = columns.map(({ data }, i) => ({ name: names[i] as string, type: formatType(data.type), data }));
    const asText = typed.filter(({ type }) => AS_TEXT.test(type)).map(({ name }) => name);
    await loadTable(connection, undefined, 'stored', typed, rows);
    const list = names.map((name) => (asText.includes(name) ? `${quoteName(name)}::VARCHAR AS ${quoteName(name)}` : quoteName(name))).join(', ');
    await duckdb.query(connection, `COPY (SELECT ${list} FROM stored) TO ${quoteText(path)} (FORMAT parquet)`);
    return { bytes: readFileSync(path), asText };
  } finally {
    duckdb.disconnect_sync(connection);
    duckdb.close_sync(database);
    rmSync(folder, { recursive: true, force: true });
  }
}
