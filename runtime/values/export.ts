/**
 * Values as the bytes of files for other programs: what `telar show -o` and a `save` node write. Portable but for Parquet, which a
 * host gives (`ParquetWriter`).
 *
 * Not the stored forms, which are canonical and tagged. What a format cannot hold exactly (a decimal in JSON) is text there.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { FileFormat } from '../../contracts/node.ts';
import type { Blobs, TableView, ValueRef } from '../../contracts/values.ts';
import { CHART, chartData } from '../../nodes/view/chart.ts';
import type { ParquetWriter } from '../ports.ts';
import { NumberArray } from './array.ts';
import { frameTable, readColumn, type ColumnData } from './column.ts';
import { tableFromArray, tableFromRecords } from './infer.ts';
import { loadValue } from './kinds.ts';
import { plainJson, tableCsv, tableJson } from './plain.ts';
import { isPlain } from './scalars.ts';
import { isTableView } from './summary.ts';
import { encodeColumns, PlainTableView, readManifest } from './table.ts';

/** What exporting needs. */
export interface ExportPowers { readonly blobs: Blobs; readonly parquet?: ParquetWriter }

/**
 * A stored value in a format of files. Bytes are always themselves; text is itself in every format but JSON.
 * @returns the bytes, and remarks to tell
 * @throws TelarError `value-type` when it has no such form, `value-missing`, `unavailable` for Parquet where the host has none
 */
export async function exportValue(ref: ValueRef, format: FileFormat, powers: ExportPowers): Promise<{ bytes: Uint8Array; remarks: readonly string[] }> {
  const value = loadValue(ref, powers.blobs);
  if (value instanceof Uint8Array) return { bytes: value, remarks: [] };
  if (format === 'svg' && ref.mediaType === CHART) return { bytes: utf8([`${await chartSvg(ref, powers.blobs)}\n`]), remarks: [] };
  if (format === 'json') return { bytes: utf8(isTableView(value) ? tableJson(value) : [`${JSON.stringify(plainJson(value), undefined, 2)}\n`]), remarks: [] };
  if (typeof value === 'string') return { bytes: utf8([value]), remarks: [] };
  if (format === 'jsonl') {
    const items = isTableView(value) ? Array.from({ length: value.rows }, (_, row) => value.row(row)) : Array.isArray(value) ? value : undefined;
    if (items !== undefined) return { bytes: utf8(items.map((item) => `${JSON.stringify(plainJson(item))}\n`)), remarks: [] };
  }
  const table = ['csv', 'arrow', 'parquet'].includes(format) ? asTable(value) : undefined;
  if (table === undefined) throw new TelarError('value-type', `This value is a ${ref.form}, which has no ${format} form. Make it a table or a text in a node before, or choose another format (json takes all).`, { format });
  return exportTable(ref, table, format as 'csv', powers);
}

async function exportTable(ref: ValueRef, table: TableView, format: 'csv' | 'arrow' | 'parquet', { blobs, parquet }: ExportPowers): Promise<{ bytes: Uint8Array; remarks: readonly string[] }> {
  if (format === 'csv') return { bytes: utf8(tableCsv(table)), remarks: [] };
  const columns = columnsOf(ref, table, blobs);
  if (format === 'arrow') return { bytes: frameTable(columns, table.rows), remarks: [] };
  if (parquet === undefined) throw new TelarError('unavailable', 'Parquet cannot be written in this host; choose csv or arrow.', { lacks: 'parquet' });
  const { bytes, asText } = await parquet(columns, table.rows);
  return { bytes, remarks: asText.length === 0 ? [] : [`Parquet has no exact type for ${asText.join(', ')}; written as text`] };
}

/** Rows and columns of what can be a table: lists of records, one record, arrays. */
export function asTable(value: unknown): TableView | undefined {
  if (isTableView(value)) return value;
  const isRecord = (one: unknown): boolean => one instanceof Map || isPlain(one);
  const rows = Array.isArray(value) && value.every(isRecord) ? value : isRecord(value) ? [value] : undefined;
  const plain = value instanceof NumberArray ? tableFromArray(value) : rows === undefined ? undefined : tableFromRecords(rows);
  return plain === undefined ? undefined : new PlainTableView(plain.columns, plain.rows);
}

/** The columns of a table with their exact types: as they are stored, or made of plain data. */
export function columnsOf(ref: ValueRef, table: TableView, blobs: Blobs): { name: string; data: ColumnData }[] {
  if (ref.form !== 'table') return encodeColumns(table).map(({ name, blob }) => ({ name, data: readColumn(blob) }));
  return readManifest(ref, blobs).columns.map(({ name, blob }) => {
    const bytes = blobs.get(blob);
    if (bytes === undefined) throw new TelarError('value-missing', `The column ${name} is gone or damaged; run the node that made it again.`, { column: name });
    return { name, data: readColumn(bytes) };
  });
}

/** A chart, drawn. */
export async function chartSvg(ref: ValueRef, blobs: Blobs): Promise<string> {
  const { renderChart } = await import('../../nodes/view/render-chart.ts');
  const chart = loadValue(ref, blobs);
  const tables = Object.entries(chartData(chart)).map(([data, from]: [string, ValueRef]) => [data, loadValue(from, blobs)] as const);
  return renderChart(chart, Object.fromEntries(tables));
}

/** Texts as one byte string. */
function utf8(pieces: Iterable<string>): Uint8Array {
  const encoder = new TextEncoder();
  const parts = Array.from(pieces, (piece) => encoder.encode(piece));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { bytes.set(part, at); at += part.length; }
  return bytes;
}
