/**
 * The child's side of a SQL engine: takes a job, runs it, gives the columns back. One job at a time; the host kills what does not stop.
 * It is started in an empty folder, because DuckDB looks for relative names in the process's own folder before any other.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TelarError } from '../../../contracts/errors.ts';
import { decodeRows, frameColumn } from '../../values/column.ts';
import { formatType } from '../../values/duckdb-types.ts';
import { summarise } from '../../values/summary.ts';
import { PlainTableView } from '../../values/table.ts';
import type { ColumnInput, ColumnOutput, Control, SqlJob, SqlReply, SqlResult, ToChild } from './job.ts';
import { readError } from './messages.ts';

/** Columns of more bytes than this go by file. */
const INLINE = 262_144;

/** The blob of an input column. */
export function readBlob(column: ColumnInput): Uint8Array {
  return column.bytes ?? readFileSync(column.path ?? '');
}

/** Serves jobs that come by message. */
export function serve(engine: (job: SqlJob, control: Control) => Promise<SqlResult | undefined>): void {
  const control: Control = {};
  let stopped = false;
  process.on('message', (message: ToChild) => {
    if (message.type === 'interrupt') { stopped = true; control.interrupt?.(); return; }
    stopped = false;
    const { job } = message;
    engine(job, control).then((result) => {
      if (stopped) throw new TelarError('cancelled', 'The step was interrupted.');
      return pack(result, job);
    }).catch((thrown: unknown): SqlReply => {
      if (!(thrown instanceof TelarError)) return readError(thrown);
      const { position, ...data } = thrown.data;
      return { ok: false, code: thrown.code, message: thrown.message, data, ...(typeof position === 'number' ? { position } : {}) };
    }).then((reply) => process.send?.(reply), (thrown: unknown) => { throw thrown; });
  });
  // Not `exit`, which waits for the threads of a running query.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.send?.({ ready: true });
}

function pack(result: SqlResult | undefined, job: SqlJob): SqlReply {
  if (result === undefined) return { ok: true };
  const { rows } = result;
  const columns = result.columns.map(({ name, data }, index): ColumnOutput => {
    const bytes = frameColumn(data);
    const head = { name, type: formatType(data.type), size: bytes.length };
    if (bytes.length <= INLINE) return { ...head, bytes };
    const path = join(job.scratch, `column-${process.pid}-${index}-${Math.floor(performance.now() * 1000)}`);
    writeFileSync(path, bytes);
    return { ...head, path };
  });
  const shown = Math.min(rows, 5);
  const view = new PlainTableView(result.columns.map(({ name, data }) => ({ name, type: formatType(data.type), values: decodeRows(data, 0, shown) })), shown);
  const summary = summarise(view);
  return { ok: true, table: { rows, columns, summary: { ...summary, type: `table ${rows} × ${columns.length}`, rows } } };
}
