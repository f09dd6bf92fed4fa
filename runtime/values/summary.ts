/**
 * Summaries: what can be said of a value without keeping it, for lists, logs and outputs that nobody reads. Never used as a value.
 */
import type { TableView, ValueSummary } from '../../contracts/values.ts';
import { NumberArray } from './array.ts';
import { Complex, Tagged, Tuple } from './scalars.ts';

const PREVIEW = 400;
const ROWS = 5;

/** Whether a value is a table as portable code sees it. */
export function isTableView(value: unknown): value is TableView {
  const table = value as Partial<TableView> | null;
  return typeof table === 'object' && table !== null && typeof table.rows === 'number' && Array.isArray(table.columns) && typeof table.column === 'function' && typeof table.row === 'function';
}

/** Tells type, size and a preview of any portable value. Reads at most a few rows or items of it. */
export function summarise(value: unknown): ValueSummary {
  if (isTableView(value)) {
    const rows = Array.from({ length: Math.min(ROWS, value.rows) }, (_, index) => brief(value.row(index), 2));
    return {
      type: `table ${value.rows} × ${value.columns.length}`, preview: cut([value.columns.map(({ name }) => name).join(' | '), ...rows].join('\n')),
      rows: value.rows, columns: value.columns.map(({ name, type }) => ({ name, type })),
    };
  }
  return { type: typeName(value), preview: typeof value === 'string' ? cut(value) : cut(brief(value, 3)) };
}

/** At most 400 characters, never half a surrogate pair, with the cut shown. */
const cut = (text: string): string => (text.length <= PREVIEW ? text : `${text.slice(0, PREVIEW - 1).replace(/[\uD800-\uDBFF]$/, '')}…`);

function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return `text of ${value.length} characters`;
  if (typeof value === 'number' || typeof value === 'bigint') return typeof value === 'bigint' || Number.isInteger(value) ? 'integer' : 'number';
  if (typeof value !== 'object') return typeof value;
  if (value instanceof Tagged) return value.tag === 'float' ? 'number' : value.tag;
  if (value instanceof Complex) return 'complex number';
  if (value instanceof Date) return 'timestamptz';
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) return `${value.byteLength} bytes`;
  if (value instanceof NumberArray) return `array ${value.type} ${value.shape.join(' × ')}`;
  if (ArrayBuffer.isView(value)) return `array of ${(value as unknown as ArrayLike<unknown>).length}`;
  if (value instanceof Tuple) return `tuple of ${value.length}`;
  if (Array.isArray(value)) return `list of ${value.length}`;
  if (value instanceof Set) return `set of ${value.size}`;
  return `record of ${value instanceof Map ? value.size : Object.keys(value).length}`;
}

/** One line, a few items wide and deep. */
function brief(value: unknown, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, PREVIEW));
  if (typeof value !== 'object' || value === null || value instanceof Tagged || value instanceof Complex) return Object.is(value, -0) ? '-0' : String(value ?? null);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) return `<${value.byteLength} bytes>`;
  if (value instanceof NumberArray) return brief(Array.from(value.data.subarray(0, 24) as ArrayLike<unknown>), depth);
  if (depth === 0) return Array.isArray(value) ? '[…]' : '{…}';
  const some = (items: Iterable<unknown>, size: number, show: (item: unknown) => string): string => {
    const shown: string[] = [];
    for (const item of items) if (shown.push(show(item)) === 20) break;
    return shown.join(', ') + (size > 20 ? ', …' : '');
  };
  const item = (inner: unknown): string => brief(inner, depth - 1);
  const pair = (entry: unknown): string => `${String((entry as unknown[])[0])}: ${item((entry as unknown[])[1])}`;
  if (Array.isArray(value)) return value instanceof Tuple ? `(${some(value, value.length, item)})` : `[${some(value, value.length, item)}]`;
  if (ArrayBuffer.isView(value)) return `[${some(value as unknown as Iterable<unknown>, (value as unknown as ArrayLike<unknown>).length, item)}]`;
  if (value instanceof Set) return `{${some(value, value.size, item)}}`;
  if (value instanceof Map) return `{${some(value, value.size, pair)}}`;
  const keys = Object.keys(value);
  return `{${some(keys, keys.length, (key) => `${String(key)}: ${item((value as Record<string, unknown>)[key as string])}`)}}`;
}
