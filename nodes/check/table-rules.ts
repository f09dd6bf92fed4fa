/**
 * Claims about a table, judged over its columns; the first row that breaks one is the counter-example. Nulls break only `not_null`.
 * `matches` is not here: its regular expressions run in an engine whose matching takes linear time.
 */
import type { TableView } from '../../contracts/values.ts';
import { didYouMean } from '../nearest.ts';
import type { TableRule } from './body.ts';

/** What came of a claim. */
export interface Verdict {
  readonly ok: boolean;
  /** What breaks it: a row with its number from 0, the number of rows, values by name. */
  readonly counterexample?: unknown;
  readonly error?: string;
}

type Table = Pick<TableView, 'rows' | 'columns' | 'column' | 'row'>;

/** A value as a table: a table itself, or a list of records, or one record; `undefined` for others. */
export function asTable(value: unknown): Table | undefined {
  const table = value as Partial<TableView> | null;
  if (typeof table === 'object' && table !== null && typeof table.rows === 'number' && typeof table.column === 'function') return value as TableView;
  const rows = (Array.isArray(value) ? value : [value]) as Record<string, unknown>[];
  if (!rows.every((row) => typeof row === 'object' && row !== null && Object.getPrototypeOf(row) === Object.prototype)) return undefined;
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const column = (name: string): unknown[] => rows.map((row) => row[name] ?? null);
  return { rows: rows.length, column, row: (index) => rows[index] ?? {}, columns: names.map((name) => ({ name, type: inferred(column(name)) })) };
}

/** Judges one rule other than `matches`. */
export function judge(rule: TableRule, table: Table): Verdict {
  if (rule.rule === 'rows') {
    const { min, max } = rule.argument as { min?: number; max?: number };
    const ok = table.rows >= (min ?? 0) && table.rows <= (max ?? Infinity);
    return ok ? { ok } : { ok, counterexample: { rows: table.rows } };
  }
  const names = rule.rule === 'unique' && rule.column === undefined ? rule.argument as string[] : [rule.column!];
  const absent = names.find((name) => !table.columns.some((column) => column.name === name));
  if (absent !== undefined) return missingColumn(absent, table);
  if (rule.rule === 'unique') return unique(names, table);
  if (rule.rule === 'type') {
    const { type } = table.columns.find((column) => column.name === rule.column)!;
    const ok = isOfType(type, String(rule.argument));
    return ok ? { ok } : { ok, counterexample: { type } };
  }
  const breaks = breaker(rule);
  const at = table.column(rule.column!).findIndex(breaks);
  return at < 0 ? { ok: true } : { ok: false, counterexample: offender(table, at) };
}

/** The verdict over a column that is not there. */
export function missingColumn(name: string, table: Table): Verdict {
  const names = table.columns.map((column) => column.name);
  return { ok: false, error: `There is no column \`${name}\`.${didYouMean(name, names) || ` There are: ${names.join(', ')}.`}` };
}

/** A row as a counter-example. */
function offender(table: Table, row: number): unknown {
  return { row, ...table.row(row) };
}

function breaker({ rule, argument }: TableRule): (value: unknown) => boolean {
  const given = (value: unknown): boolean => value !== null && value !== undefined;
  switch (rule) {
    case 'not_null': return (value) => !given(value);
    case 'in': {
      const allowed = new Set((argument as unknown[]).map(keyOf));
      return (value) => given(value) && !allowed.has(keyOf(value));
    }
    case 'between': {
      const [least, greatest] = argument as [unknown, unknown];
      return (value) => given(value) && !(compare(value, least) >= 0 && compare(value, greatest) <= 0);
    }
    case 'min': return (value) => given(value) && !(compare(value, argument) >= 0);
    default: return (value) => given(value) && !(compare(value, argument) <= 0);
  }
}

function unique(names: readonly string[], table: Table): Verdict {
  const columns = names.map((name) => table.column(name));
  const seen = new Map<string, number>();
  for (let row = 0; row < table.rows; row += 1) {
    const values = columns.map((column) => column[row]);
    if (values.some((value) => value === null || value === undefined)) continue;
    const key = JSON.stringify(values.map(keyOf));
    const first = seen.get(key);
    if (first !== undefined) return { ok: false, counterexample: { rows: [first, row], ...Object.fromEntries(names.map((name, index) => [name, values[index]])) } };
    seen.set(key, row);
  }
  return { ok: true };
}

/** Equal values have equal keys, however wide their number. */
function keyOf(value: unknown): string {
  if (typeof value === 'string') return `"${value}`;
  const tag = (value as { tag?: unknown } | null)?.tag;
  if (tag === 'decimal' || tag === 'float') return String(Number(value));
  if (typeof value === 'object' && value !== null && tag === undefined) return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
  return typeof tag === 'string' ? `"${String(value)}` : String(value);
}

/** Below, at or above 0; NaN when the two cannot be compared. Dates and times compare with their texts. */
function compare(value: unknown, bound: unknown): number {
  if (typeof value === 'string') return typeof bound === 'string' ? (value < bound ? -1 : value > bound ? 1 : 0) : Number.NaN;
  const left = typeof value === 'bigint' ? value : Number(value);
  const right = typeof bound === 'string' ? moment(value, bound) : bound as number | bigint;
  if (left === undefined || right === undefined) return Number.NaN;
  return left < right ? -1 : left > right ? 1 : left === right || Number(left) === Number(right) ? 0 : Number.NaN;
}

/** A bound written as text, on the scale of the value it is compared with. */
function moment(value: unknown, bound: string): number | undefined {
  const tag = (value as { tag?: unknown }).tag;
  if (tag === 'time') {
    const [hours = 0, minutes = 0, seconds = 0] = bound.split(':').map(Number);
    return ((hours * 60 + minutes) * 60 + seconds) * 1000;
  }
  if (tag === 'date' || tag === 'timestamp' || tag === 'timestamptz') {
    const text = /(?:Z|[+-]\d\d:?\d\d)$/i.test(bound) || !bound.includes(':') ? bound : `${bound}Z`;
    return Date.parse(text.replace(' ', 'T'));
  }
  return bound.trim() === '' ? undefined : Number(bound);
}

const INTEGERS = /^(?:U?(?:TINY|SMALL|BIG|HUGE)INT|U?INTEGER)$/;
const GROUPS: Readonly<Record<string, (type: string) => boolean>> = {
  integer: (type) => INTEGERS.test(type),
  number: (type) => INTEGERS.test(type) || /^(?:FLOAT|DOUBLE|DECIMAL)/.test(type),
  text: (type) => /^(?:VARCHAR|ENUM)/.test(type),
  timestamp: (type) => type.startsWith('TIMESTAMP'),
  time: (type) => type === 'TIME' || type.startsWith('TIME '),
};

function isOfType(type: string, wanted: string): boolean {
  const group = GROUPS[wanted.toLowerCase()];
  if (group !== undefined) return group(type);
  const name = wanted.toUpperCase().trim();
  return type === name || (type.startsWith(`${name}(`) && !name.includes('('));
}

function inferred(values: readonly unknown[]): string {
  const value = values.find((one) => one !== null);
  switch (typeof value) {
    case 'boolean': return 'BOOLEAN';
    case 'bigint': return 'HUGEINT';
    case 'number': return values.every((one) => one === null || Number.isInteger(one)) ? 'BIGINT' : 'DOUBLE';
    case 'string': return 'VARCHAR';
    default: return String((value as { tag?: unknown } | undefined)?.tag ?? 'json').toUpperCase();
  }
}
