/**
 * Runs one SQL job on DuckDB-Wasm, with Arrow as the bridge. It knows neither Parquet nor JSON nor ICU, and it cannot be interrupted: its process is killed.
 */
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, join } from 'node:path';
import { TelarError } from '../../../contracts/errors.ts';
import { tokenize } from '../../../nodes/sql/tokens.ts';
import { type ArrowData, arrowSource } from '../../values/column-arrow.ts';
import { buildColumn, ColumnBuilder, type ColumnData, decodeRows, frameTable, readColumn } from '../../values/column.ts';
import { type DuckType, formatType, parseType, quoteName, quoteText } from '../../values/duckdb-types.ts';
import { distinctNames } from '../../values/table.ts';
import { seedSql } from './chance.ts';
import { readBlob } from './child.node.ts';
import type { SqlJob, SqlResult, TableInput } from './job.ts';
import { readError } from './messages.ts';
import { crosses, receiveSql, receiveValue, sendSql, sendValue, sentType } from './transport.ts';

const require = createRequire(import.meta.url);

interface Batch { readonly numRows: number; readonly data: { readonly children: readonly ArrowData[] } }
interface Reader extends Iterable<Batch> { readonly schema: { readonly fields: readonly { readonly name: string }[] } }
interface WasmConnection {
  query(sql: string): { toArray(): readonly Record<string, unknown>[]; readonly batches: readonly Batch[] };
  send(sql: string, stream?: boolean): Promise<Reader>;
  prepare(sql: string): { query(...params: unknown[]): unknown; close(): void };
  insertArrowFromIPCStream(bytes: Uint8Array, options: { name: string; schema?: string; create: boolean }): void;
  close(): void;
}
interface Wasm { instantiate(progress: () => void): Promise<unknown>; open(config: object): void; reset(): void; connect(): WasmConnection; registerFileBuffer(name: string, bytes: Uint8Array): void; dropFiles(): void }
interface WasmModule { createDuckDB(bundles: object, logger: object, runtime: object): Promise<Wasm>; readonly VoidLogger: new () => object; readonly NODE_RUNTIME: object }

let started: Promise<Wasm> | undefined;

async function start(): Promise<Wasm> {
  const module = require('@duckdb/duckdb-wasm/dist/duckdb-node-blocking.cjs') as WasmModule;
  const bundle = { mainModule: require.resolve('@duckdb/duckdb-wasm/dist/duckdb-eh.wasm'), mainWorker: '' };
  const wasm = await module.createDuckDB({ mvp: bundle, eh: bundle }, new module.VoidLogger(), module.NODE_RUNTIME);
  await wasm.instantiate(() => undefined);
  return wasm;
}

/** Runs a job; see `runNative`. */
export async function runWasm(job: SqlJob): Promise<SqlResult | undefined> {
  const wasm = await (started ??= start());
  wasm.open({ path: ':memory:' });
  const connection = wasm.connect();
  try {
    lock(connection, job);
    offerFiles(wasm, job);
    for (const table of job.tables) loadTable(connection, table);
    return await runStatements(connection, job);
  } finally {
    connection.close();
    wasm.dropFiles();
    wasm.reset();
  }
}

function lock(connection: WasmConnection, job: SqlJob): void {
  for (const setting of [
    'autoload_known_extensions = false', 'autoinstall_known_extensions = false', `threads = 1`, `memory_limit = '${Math.max(16, Math.floor(Math.min(job.memory, 3_758_096_384) / 1_048_576))}MiB'`, 'preserve_insertion_order = true',
    "temp_directory = ''", `file_search_path = ${quoteText(job.folder)}`, `allowed_paths = [${job.allowed.map(quoteText).join(', ')}]`, 'errors_as_json = true', 'enable_external_access = false', 'lock_configuration = true',
  ]) connection.query(`SET ${setting}`);
  if (job.seed !== undefined) connection.query(seedSql(job.seed));
}

/** Hands over the granted files under each of their names: Wasm opens none by itself. */
function offerFiles(wasm: Wasm, job: SqlJob): void {
  for (const name of job.allowed) {
    const path = isAbsolute(name) ? name : join(job.folder, name);
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) wasm.registerFileBuffer(name, readFileSync(path));
  }
}

/** Sends a table over the bridge, then turns the columns that could not cross as they are. */
function loadTable(connection: WasmConnection, table: TableInput): void {
  const schema = table.schema ?? 'main';
  if (table.schema !== undefined) connection.query(`CREATE SCHEMA IF NOT EXISTS ${quoteName(schema)}`);
  const columns = table.columns.map((column) => ({ name: column.name, type: parseType(column.type), data: readColumn(readBlob(column)) }));
  const path = `${quoteName(schema)}.${quoteName(table.name)}`;
  connection.query(`CREATE TABLE ${path} (${columns.map(({ name, type }) => `${quoteName(name)} ${formatType(type)}`).join(', ')})`);
  if (table.rows === 0) return;
  const bridge = '__telar_bridge';
  connection.insertArrowFromIPCStream(frameTable(columns.map(({ data, type }, index) => ({ name: `c${index}`, data: sentColumn(data, type) })), table.rows), { name: bridge, create: true });
  connection.query(`INSERT INTO ${path} SELECT ${columns.map(({ type }, index) => receiveSql(`c${index}`, type)).join(', ')} FROM ${bridge}`);
  connection.query(`DROP TABLE ${bridge}`);
}

const sentColumn = (data: ColumnData, type: DuckType): ColumnData => (crosses(type) ? data : buildColumn(sentType(type), decodeRows(data, 0, data.length).map((value) => sendValue(value, type))));

/** Each statement with its place, in UTF-16 units. */
function split(sql: string): { text: string; from: number }[] {
  const statements: { text: string; from: number }[] = [];
  let from: number | undefined;
  let to = 0;
  for (const token of tokenize(sql).tokens) {
    if (token.kind === 'op' && token.raw === ';') {
      if (from !== undefined) statements.push({ text: sql.slice(from, to), from });
      from = undefined;
    } else { from ??= token.from; to = token.to; }
  }
  if (from !== undefined) statements.push({ text: sql.slice(from, to), from });
  return statements;
}

async function runStatements(connection: WasmConnection, job: SqlJob): Promise<SqlResult | undefined> {
  const statements = split(job.sql);
  for (const [index, { text, from }] of statements.entries()) {
    const source = index === statements.length - 1 ? rowsOf(text) : undefined;
    const before = source === undefined ? '' : 'CREATE TEMP TABLE __telar_result AS ';
    try {
      run(connection, `${before}${source ?? text}`, job);
      if (source !== undefined) return await collect(connection, job);
    } catch (error) {
      if (error instanceof TelarError) throw error;
      const { code, message, data, position } = readError(error);
      if (code === 'missing-file' && /[*?[]/.test(String(data?.path))) throw new TelarError('unavailable', `DuckDB-Wasm does not expand patterns such as “${data?.path}”; name the files one by one, or leave out engine=wasm.`, { position: new TextEncoder().encode(job.sql.slice(0, from)).length });
      const within = position === undefined ? 0 : Math.max(0, position - before.length - ((source ?? text).length - text.length));
      throw new TelarError(code, message, { ...data, position: new TextEncoder().encode(job.sql.slice(0, from)).length + within }, { cause: error });
    }
  }
  return undefined;
}

/** The text of a statement that gives rows, as `CREATE TABLE … AS` takes it. */
function rowsOf(text: string): string | undefined {
  const first = tokenize(text).tokens.find((token) => token.raw !== '(')?.key ?? '';
  if (['select', 'with', 'from', 'values', 'table', 'pivot', 'unpivot'].includes(first)) return text;
  return ['describe', 'desc', 'show', 'summarize'].includes(first) ? `FROM (${text})` : undefined;
}

/** Runs one statement; bound values go as JSON, and as text with a cast where JSON would lose their type. */
function run(connection: WasmConnection, text: string, job: SqlJob): void {
  const used = tokenize(text).tokens.filter((token) => token.kind === 'parameter');
  if (used.length === 0) { connection.query(text); return; }
  let sql = '';
  let at = 0;
  const values: unknown[] = [];
  for (const token of used) {
    const param = job.params[Number(token.raw.slice(1)) - 1];
    if (param === undefined) throw new TelarError('syntax', `${token.raw} stands for nothing; write {{ name }} to bind a value.`);
    const type = parseType(param.type);
    const [value] = decodeRows(readColumn(param.bytes), 0, 1);
    const simple = value === null || typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
    values.push(simple ? value : literal(value, type));
    sql += `${text.slice(at, token.from)}${simple && typeof value !== 'number' ? '?' : `CAST(? AS ${typeof value === 'number' && type.kind === 'plain' && type.name === 'BIGINT' && Math.abs(value) < 2 ** 31 ? 'INTEGER' : formatType(type)})`}`;
    at = token.to;
  }
  const prepared = connection.prepare(sql + text.slice(at));
  try {
    prepared.query(...values);
  } finally {
    prepared.close();
  }
}

/** A value as text that DuckDB casts to its type. */
function literal(value: unknown, type: DuckType): string {
  if (value === null || value === undefined) return 'NULL';
  const inner = (item: unknown, itemType: DuckType): string => (typeof item === 'string' ? `'${item.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'` : literal(item, itemType));
  switch (type.kind) {
    case 'list': return `[${(value as unknown[]).map((item) => inner(item, type.item)).join(', ')}]`;
    case 'struct': return `{${type.members.map(({ name, type: member }) => `'${name.replaceAll("'", "\\'")}': ${inner((value as Record<string, unknown>)[name], member)}`).join(', ')}}`;
    case 'map': return `{${(value instanceof Map ? [...value as Map<unknown, unknown>] : Object.entries(value)).map(([key, item]) => `${inner(key, type.key)}=${inner(item, type.value)}`).join(', ')}}`;
    case 'plain':
      if (type.name === 'INTERVAL') { const [months, days, micros] = String(value).split(','); return `${months} months ${days} days ${micros} microseconds`; }
      if (type.name === 'BLOB') return Array.from(value as Uint8Array, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
      return String(value);
    default: return String(value);
  }
}

async function collect(connection: WasmConnection, job: SqlJob): Promise<SqlResult> {
  const described = connection.query('SELECT column_name, column_type FROM (DESCRIBE __telar_result)').toArray();
  const given = described.map((row) => String(row.column_name));
  const names = distinctNames(given);
  const types = described.map((row) => parseType(String(row.column_type)));
  const builders = types.map((type) => new ColumnBuilder(sentType(type)));
  let rows = 0;
  const reader = await connection.send(`SELECT ${given.map((name, index) => `${sendSql(quoteName(name), types[index] as DuckType)} AS c${index}`).join(', ')} FROM __telar_result`, true);
  for (const batch of reader) {
    if (batch.numRows === 0) continue;
    builders.forEach((builder, index) => builder.append(arrowSource(batch.data.children[index] as ArrowData, builder.type), { from: 0, count: batch.numRows }));
    rows += batch.numRows;
    if (builders.reduce((sum, builder) => sum + builder.bytes, 0) > job.output) throw new TelarError('output-limit', `The result is larger than ${Math.round(job.output / 1_048_576)} MiB (stopped after ${rows} rows); select less, aggregate, or raise the limit.`, { rows });
  }
  return {
    rows,
    columns: builders.map((builder, index) => {
      const type = types[index] as DuckType;
      const data = builder.finish();
      return { name: names[index] ?? '', data: crosses(type) ? data : buildColumn(type, decodeRows(data, 0, rows).map((value) => receiveValue(value, type))) };
    }),
  };
}
