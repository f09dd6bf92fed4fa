/**
 * Runs one SQL job on native DuckDB: a database of its own, locked, so that no step sees another and none can leave its files.
 *
 * One instance per step costs 7 ms. A shared instance with attached databases was not taken: the list of files a step may open, its memory and threads belong to the instance.
 */
import duckdb, { type Connection, type PreparedStatement, type Result } from '@duckdb/node-bindings';
import { TelarError } from '../../../contracts/errors.ts';
import { ColumnBuilder, readColumn } from '../../values/column.ts';
import { formatType, parseType, quoteText } from '../../values/duckdb-types.ts';
import { distinctNames } from '../../values/table.ts';
import { readBlob } from './child.node.ts';
import { seedSql } from './chance.ts';
import type { Control, SqlJob, SqlResult } from './job.ts';
import { readError } from './messages.ts';
import { sourceOf } from './native-read.node.ts';
import { typeOf } from './native-types.node.ts';
import { bindColumn } from './native-value.node.ts';
import { loadTable } from './native-write.node.ts';
import { statementStarts } from './statements.ts';

/**
 * Runs a job.
 * @returns the rows of the last statement, or `undefined` when it gives none
 * @throws what DuckDB throws, or a TelarError
 */
export async function runNative(job: SqlJob, control: Control): Promise<SqlResult | undefined> {
  const config = duckdb.create_config();
  const settings = { threads: job.threads, memory_limit: `${Math.max(16, Math.floor(job.memory / 1_048_576))}MiB`, autoload_known_extensions: false, autoinstall_known_extensions: false, allow_persistent_secrets: false };
  for (const [name, value] of Object.entries(settings)) duckdb.set_config(config, name, String(value));
  const database = await duckdb.open(':memory:', config);
  const connection = await duckdb.connect(database);
  control.interrupt = () => duckdb.interrupt(connection);
  try {
    await lock(connection, job);
    for (const table of job.tables) {
      if (table.schema !== undefined) await duckdb.query(connection, `CREATE SCHEMA IF NOT EXISTS "${table.schema.replaceAll('"', '""')}"`);
      await loadTable(connection, table.schema, table.name, table.columns.map((column) => ({ name: column.name, type: column.type, data: readColumn(readBlob(column)) })), table.rows);
    }
    return await runStatements(connection, job);
  } finally {
    delete control.interrupt;
    duckdb.disconnect_sync(connection);
    duckdb.close_sync(database);
  }
}

async function lock(connection: Connection, job: SqlJob): Promise<void> {
  const list = job.allowed.map(quoteText).join(', ');
  for (const setting of [
    "TimeZone = 'UTC'", "Calendar = 'gregorian'", 'preserve_insertion_order = true', "temp_directory = ''", `file_search_path = ${quoteText(job.folder)}`, `allowed_paths = [${list}]`,
    'errors_as_json = true', 'enable_external_access = false', 'lock_configuration = true',
  ]) await duckdb.query(connection, `SET ${setting}`);
  if (job.seed !== undefined) await duckdb.query(connection, seedSql(job.seed));
}

/** Statement kinds that give rows by their nature; the others give at most a count. */
const GIVES_ROWS = new Set<number>([duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN, duckdb.StatementType.CALL, duckdb.StatementType.PRAGMA, duckdb.StatementType.RELATION]);

async function runStatements(connection: Connection, job: SqlJob): Promise<SqlResult | undefined> {
  const starts = statementStarts(job.sql);
  if (starts.length === 0) return undefined;
  const { extracted_statements: statements, statement_count: count } = await duckdb.extract_statements(connection, job.sql);
  if (count === 0) throw new Error(duckdb.extract_statements_error(statements));
  let value: SqlResult | undefined;
  for (let index = 0; index < count; index += 1) {
    try {
      const statement = await duckdb.prepare_extracted_statement(connection, statements, index);
      value = await runStatement(statement, index === count - 1, job);
      duckdb.destroy_prepare_sync(statement);
    } catch (error) {
      throw placed(error, starts.length === count ? starts[index] : undefined);
    }
  }
  return value;
}

/** Only the last statement's rows are fetched. */
async function runStatement(statement: PreparedStatement, last: boolean, job: SqlJob): Promise<SqlResult | undefined> {
  bind(statement, job);
  const streams = last && duckdb.prepared_statement_type(statement) === duckdb.StatementType.SELECT;
  const result = streams ? await duckdb.execute_prepared_streaming(statement) : await duckdb.execute_prepared(statement);
  const rows = duckdb.result_return_type(result) === duckdb.ResultType.QUERY_RESULT && (GIVES_ROWS.has(duckdb.result_statement_type(result)) || returns(result));
  return last && rows ? collect(result, job) : undefined;
}

/** An error with a place: where DuckDB puts it, else the start of its statement. */
function placed(error: unknown, start: number | undefined): TelarError {
  if (error instanceof TelarError) return new TelarError(error.code, error.message, { ...error.data, position: error.data.position ?? start }, { cause: error });
  const { code, message, data, position = start } = readError(error);
  return new TelarError(code, message, { ...data, position }, { cause: error });
}

/** `INSERT … RETURNING` and its like: more than the one column `Count`. */
const returns = (result: Result): boolean => duckdb.column_count(result) > 1 || (duckdb.column_count(result) === 1 && duckdb.column_name(result, 0) !== 'Count');

function bind(statement: PreparedStatement, job: SqlJob): void {
  const count = duckdb.nparams(statement);
  for (let index = 1; index <= count; index += 1) {
    const name = duckdb.parameter_name(statement, index);
    const param = job.params[Number(name) - 1];
    if (param === undefined) throw new TelarError('syntax', `$${name} stands for nothing; write {{ name }} to bind a value.`);
    bindColumn(statement, index, readColumn(param.bytes));
  }
}

/** Fetches chunk by chunk; a result over the limit is given up before it is built. */
async function collect(result: Result, job: SqlJob): Promise<SqlResult> {
  const names = distinctNames(Array.from({ length: duckdb.column_count(result) }, (_, index) => duckdb.column_name(result, index)));
  // Once through the text: types that no table can hold are found here.
  const types = names.map((name, index) => parseType(formatType(typeOf(duckdb.column_logical_type(result, index), name))));
  const builders = types.map((type) => new ColumnBuilder(type));
  let rows = 0;
  for (let chunk = await duckdb.fetch_chunk(result); chunk !== null; chunk = await duckdb.fetch_chunk(result)) {
    const count = duckdb.data_chunk_get_size(chunk);
    if (count === 0) break;
    builders.forEach((builder, index) => builder.append(sourceOf(duckdb.data_chunk_get_vector(chunk as NonNullable<typeof chunk>, index), builder.type, count), { from: 0, count }));
    rows += count;
    const bytes = builders.reduce((sum, builder) => sum + builder.bytes, 0);
    if (bytes > job.output) throw new TelarError('output-limit', `The result is larger than ${Math.round(job.output / 1_048_576)} MiB (stopped after ${rows} rows); select less, aggregate, or raise the limit.`, { rows });
  }
  return { rows, columns: builders.map((builder, index) => ({ name: names[index] ?? '', data: builder.finish() })) };
}
