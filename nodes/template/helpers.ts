/** The helpers of templates, and how values print. No other helper can be called, and none reaches a prototype. */
import type { TableView } from '../../contracts/values.ts';

/** Blocks that a template may open. */
export const blocks: ReadonlySet<string> = new Set(['each', 'if', 'unless', 'with']);
/** Calls that a template may make: `json x`, `table x rows=50`, `round x 1`. */
export const helpers: ReadonlySet<string> = new Set(['json', 'table', 'round']);
/** Rows of a table that are printed unless a template asks for more. */
const shownRows = 20;

/** Calls a helper. @returns the value to print or to pass on */
export function callHelper(name: string, params: readonly unknown[], options: Readonly<Record<string, unknown>>): unknown {
  if (name === 'json') return JSON.stringify(plain(params[0])) ?? 'null';
  if (name === 'table') return markdownTable(params[0], typeof options.rows === 'number' ? options.rows : shownRows);
  const value = Number(params[0]);
  // `round` keeps what is no number as it stands: a template never fails for a value.
  return params[0] === null || params[0] === undefined || Number.isNaN(value) ? params[0] : value.toFixed(digits(params[1]));
}

const digits = (value: unknown): number => Math.min(100, Math.max(0, Math.trunc(Number(value ?? 0)) || 0));

/** Is this a table with columns on demand? */
export function isTable(value: unknown): value is TableView {
  const table = value as Partial<TableView> | null;
  return typeof value === 'object' && table !== null && typeof table.rows === 'number' && Array.isArray(table.columns) && typeof table.row === 'function' && typeof table.column === 'function';
}

/** The text of a value: nothing for null, a table as Markdown, a list of plain things with commas, all else as JSON. */
export function print(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'function' || typeof value === 'symbol') return '';
  if (typeof value !== 'object') return String(value);
  if (isTable(value)) return markdownTable(value, shownRows);
  if (isTagged(value)) return String(value);
  if (Array.isArray(value) && value.every((item) => item === null || typeof item !== 'object' || isTagged(item))) return value.map(print).join(', ');
  return JSON.stringify(plain(value));
}

/** A value that has a text of its own: a decimal, a date, a duration. */
export const isTagged = (value: object): boolean => typeof (value as { tag?: unknown }).tag === 'string' && typeof (value as { text?: unknown }).text === 'string' && Object.getPrototypeOf(value) !== Object.prototype;

/** A Markdown table of a table or of a list of records; the cut is told below it. @param print how a cell is written */
export function markdownTable(value: unknown, limit: number, cell: (value: unknown) => string = print, cut = (shown: number, count: number): string => `(${shown} of ${count} rows)`): string {
  const rows = rowsOf(value, limit);
  if (rows === undefined) return cell(value);
  const plainly = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('|', '\\|').replace(/\r\n?|\n/g, ' ');
  const line = (cells: readonly string[]): string => `| ${cells.map(plainly).join(' | ')} |`;
  const lines = [line(rows.names), line(rows.names.map(() => '---')), ...rows.shown.map((row) => line(rows.names.map((name) => cell(Object.hasOwn(row, name) ? row[name] : null))))];
  if (rows.count > rows.shown.length) lines.push('', cut(rows.shown.length, rows.count));
  return lines.join('\n');
}

type Row = Readonly<Record<string, unknown>>;

/** What of a value is rows: a table, or a list of records. */
export function rowsOf(value: unknown, limit: number): { readonly names: readonly string[]; readonly shown: readonly Row[]; readonly count: number } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (isTable(value)) {
    const shown = Array.from({ length: Math.min(limit, value.rows) }, (_, index) => value.row(index));
    return { names: value.columns.map((column) => column.name), shown, count: value.rows };
  }
  if (!Array.isArray(value) || value.length === 0 || !value.every((row) => typeof row === 'object' && row !== null && !Array.isArray(row) && !isTagged(row))) return undefined;
  const shown = value.slice(0, limit).map((row: object): Row => (row instanceof Map ? Object.fromEntries(row) : row as Row));
  return { names: [...new Set(shown.flatMap((row) => Object.keys(row)))], shown, count: value.length };
}

/** A value as JSON can write it. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (isTable(value)) return Array.from({ length: value.rows }, (_, index) => plain(value.row(index)));
  if (isTagged(value)) return String(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value) || value instanceof Set) return [...value].map(plain);
  const entries: Iterable<readonly [unknown, unknown]> = value instanceof Map ? value : Object.entries(value);
  return Object.fromEntries([...entries].map(([key, item]) => [String(key), plain(item)]));
}
