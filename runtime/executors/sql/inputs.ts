/**
 * What a SQL step gets: tables for the names it reads, values for its `{{ }}`.
 */
import { TelarError } from '../../../contracts/errors.ts';
import type { Program, StepInput } from '../../../contracts/node.ts';
import type { Blobs, ValueRef } from '../../../contracts/values.ts';
import { bindTemplate } from '../../../nodes/sql/template.ts';
import { encodeColumn, memberOf } from '../../values/column-encode.ts';
import { inferType, type PlainTable, tableFromArray, tableFromRecords } from '../../values/infer.ts';
import { loadValue } from '../../values/kinds.ts';
import { isTableView } from '../../values/summary.ts';
import { distinctNames, encodeColumns, PlainTableView, readManifest } from '../../values/table.ts';
import type { SqlJob, TableInput } from './job.ts';

/** The part of a job that comes from the program's text and its inputs. */
export type Prepared = Pick<SqlJob, 'sql' | 'tables' | 'params'>;

/** @throws TelarError `value-type` naming the port, `bad-input` for a path that leads nowhere, `value-missing` */
export function prepare(program: Program, inputs: Readonly<Record<string, StepInput>>, blobs: Blobs): Prepared {
  const { sql, params } = bindTemplate(program.code);
  const roots = new Set(params.map(({ path }) => path[0]));
  const ports = Object.entries(inputs);
  const tables = ports.flatMap(([port, input]) => {
    const ref = refOf(port, input);
    // A value that is only bound is no table, unless it is one: the SQL may name it besides.
    if (roots.has(port.split('.')[0]) && ref.form !== 'table' && ref.form !== 'array' && !isList(ref, blobs)) return [];
    return [tableOf(port, ref, blobs)];
  });
  return {
    sql, tables,
    params: params.map(({ path }) => {
      const value = follow(path, ports, blobs);
      const type = inferType([value]);
      return { type, bytes: encodeColumn(type, [value]) };
    }),
  };
}

function refOf(port: string, input: StepInput): ValueRef {
  if ('ref' in input) return input.ref;
  throw new TelarError('value-type', `“${port}” is a function or an open object, which SQL cannot read; give a table, a list of records or a value.`, { port, type: 'live' });
}

/** Looks at the first byte: a list's record starts with a bracket. */
const isList = (ref: ValueRef, blobs: Blobs): boolean => ref.form === 'record' && blobs.get(ref.hash)?.[0] === 0x5b;

function valueOf(port: string, ref: ValueRef, blobs: Blobs): unknown {
  if (ref.form === 'opaque' || ref.form === 'live') throw new TelarError('value-type', `“${port}” is a Python object that SQL cannot read; give a table, a list of records, a data frame or a value.`, { port, type: ref.form });
  if (!blobs.has(ref.hash)) throw new TelarError('value-missing', `The value of “${port}” is gone; run the node that made it again.`, { port, hash: ref.hash });
  return loadValue(ref, blobs);
}

function tableOf(port: string, ref: ValueRef, blobs: Blobs): TableInput {
  const dot = port.indexOf('.');
  const place = { schema: dot < 0 ? undefined : port.slice(0, dot), name: port.slice(dot + 1) };
  if (ref.form === 'table') {
    const manifest = readManifest(ref, blobs);
    const names = distinctNames(manifest.columns.map((column) => column.name));
    return {
      ...place, rows: manifest.rows,
      columns: manifest.columns.map(({ type, blob }, index) => {
        const path = blobs.path(blob);
        const head = { name: names[index] ?? '', type };
        if (path !== undefined) return { ...head, path };
        const bytes = blobs.get(blob);
        if (bytes === undefined) throw new TelarError('value-missing', `A column of “${port}” is gone; run the node that made it again.`, { port, hash: blob });
        return { ...head, bytes };
      }),
    };
  }
  try {
    const plain = plainTable(valueOf(port, ref, blobs), ref);
    const names = distinctNames(plain.columns.map((column) => column.name));
    return { ...place, rows: plain.rows, columns: encodeColumns(new PlainTableView(plain.columns, plain.rows)).map(({ type, blob }, index) => ({ name: names[index] ?? '', type, bytes: blob })) };
  } catch (error) {
    if (!(error instanceof TelarError) || error.code !== 'value-type') throw error;
    throw new TelarError('value-type', `“${port}” cannot be read as a table: ${error.message}`, { ...error.data, port }, { cause: error });
  }
}

function plainTable(value: unknown, ref: ValueRef): PlainTable {
  if (ref.form === 'array') return tableFromArray(value as Parameters<typeof tableFromArray>[0]);
  return tableFromRecords(Array.isArray(value) ? value as unknown[] : value instanceof Set ? [...value as Set<unknown>] : [value]);
}

/** The value at a path: the longest port that is a prefix of it, then its members. A table of one row counts as its row. */
function follow(path: readonly string[], ports: readonly (readonly [string, StepInput])[], blobs: Blobs): unknown {
  for (let size = path.length; size > 0; size -= 1) {
    const name = path.slice(0, size).join('.');
    const found = ports.find(([port]) => port === name) ?? ports.find(([port]) => port.toLowerCase() === name.toLowerCase());
    if (found === undefined) continue;
    let value = valueOf(found[0], refOf(...found), blobs);
    for (const step of path.slice(size)) value = member(value, step, path);
    if (isTableView(value)) throw new TelarError('bad-input', `{{ ${path.join('.')} }} is a table; name it in FROM, or bind one of its values ({{ ${path.join('.')}.column }} of a table with one row).`, { path: path.join('.') });
    return value;
  }
  throw new TelarError('bad-input', `{{ ${path.join('.')} }} has no value; there is no input “${path[0]}”.`, { path: path.join('.') });
}

function member(value: unknown, step: string, path: readonly string[]): unknown {
  const nowhere = (): TelarError => new TelarError('bad-input', `{{ ${path.join('.')} }} leads nowhere: there is no “${step}”.`, { path: path.join('.') });
  if (isTableView(value)) {
    if (/^\d+$/.test(step) && Number(step) < value.rows) return value.row(Number(step));
    if (value.rows !== 1 || !value.columns.some(({ name }) => name === step)) throw value.rows === 1 ? nowhere() : new TelarError('bad-input', `{{ ${path.join('.')} }}: the table has ${value.rows} rows; say which ({{ ${path[0]}.0.${step} }}).`, { path: path.join('.') });
    return value.column(step)[0];
  }
  if (Array.isArray(value) && /^\d+$/.test(step) && Number(step) < value.length) return (value as unknown[])[Number(step)];
  const inner = memberOf(value, step);
  if (inner === null && !(value instanceof Map ? value.has(step) : typeof value === 'object' && value !== null && Object.hasOwn(value, step))) throw nowhere();
  return inner;
}
