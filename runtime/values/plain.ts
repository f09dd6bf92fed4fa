/**
 * Values as plain JSON and as CSV, exactly: what JSON's numbers cannot hold (big integers, decimals, dates, infinities) is text. Not the
 * stored form (`runtime/values/record.ts`), whose tags say which is which; this one is for other programs.
 */
import type { TableView } from '../../contracts/values.ts';
import { NumberArray } from './array.ts';
import { toBase64 } from './base64.ts';
import { Complex, Tagged } from './scalars.ts';

/** Rows that are made at a time. */
const BATCH = 2_000;

/** A value that `JSON.stringify` writes without losing anything. */
export function plainJson(value: unknown): unknown {
  switch (typeof value) {
    case 'bigint': return String(value);
    case 'number': return Number.isFinite(value) ? value : String(value);
    case 'object': break;
    default: return value ?? null;
  }
  if (value === null || value instanceof Tagged) return value;
  if (value instanceof Complex) return String(value);
  if (value instanceof Uint8Array) return toBase64(value);
  if (value instanceof NumberArray) return Array.from(value.data as Iterable<unknown>, plainJson);
  if (Array.isArray(value) || value instanceof Set) return Array.from(value as Iterable<unknown>, plainJson);
  if (value instanceof Map) {
    return [...value.keys()].every((key) => typeof key === 'string') ? object(value as Map<string, unknown>) : [...value].map((pair) => pair.map(plainJson));
  }
  return object(Object.entries(value));
}

/** An object with these keys, `__proto__` too. */
function object(entries: Iterable<readonly [string, unknown]>): Record<string, unknown> {
  return Object.fromEntries([...entries].map(([key, item]) => [key, plainJson(item)]));
}

/** A table as a JSON list of objects, one a line, in pieces. */
export function* tableJson(table: TableView): Generator<string> {
  const columns = table.columns.map(({ name }) => ({ head: `${JSON.stringify(name)}:`, values: table.column(name) }));
  for (let from = 0; from < table.rows; from += BATCH) {
    const lines: string[] = [];
    for (let row = from; row < Math.min(table.rows, from + BATCH); row++) lines.push(`{${columns.map(({ head, values }) => head + JSON.stringify(plainJson(values[row]))).join(',')}}`);
    yield `${from === 0 ? '[\n' : ',\n'}${lines.join(',\n')}`;
  }
  yield table.rows === 0 ? '[]\n' : '\n]\n';
}

/** A table as CSV (RFC 4180 with LF): null is nothing, the empty text is `""`, lists and records are JSON. */
export function* tableCsv(table: TableView): Generator<string> {
  const columns = table.columns.map(({ name }) => table.column(name));
  yield `${table.columns.map(({ name }) => quoted(name)).join(',')}\n`;
  for (let from = 0; from < table.rows; from += BATCH) {
    let piece = '';
    for (let row = from; row < Math.min(table.rows, from + BATCH); row++) piece += `${columns.map((values) => csvCell(values[row])).join(',')}\n`;
    yield piece;
  }
}

function csvCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const json = plainJson(value);
  return quoted(typeof json === 'string' ? json : json instanceof Tagged ? String(json) : JSON.stringify(json));
}

const quoted = (text: string): string => (text === '' || /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text);
