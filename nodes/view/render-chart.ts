/**
 * Draws a chart's value as SVG, without a browser, a network, or code made from the notebook's text.
 *
 * Moments go to Vega as local wall-clock texts of their UTC: it reads and shows local time, so the same picture comes out in every
 * time zone. Not here: interaction; the studio gives the same specification to a live view.
 */
import type { TopLevelSpec } from 'vega-lite';
import { TelarError } from '../../contracts/errors.ts';
import type { TableView } from '../../contracts/values.ts';
import { chartExpressions } from './chart-expressions.ts';

/**
 * Draws.
 * @param specification the value of a `chart` node, or any Vega-Lite specification
 * @param tables for each named data its rows: a `TableView`, a list of records or of scalars (these become the column `value`), one record
 * @returns an SVG document
 * @throws TelarError `exception` with Vega's reason when the specification cannot be drawn
 */
export async function renderChart(specification: unknown, tables: Readonly<Record<string, unknown>>): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')]);
  const { usermeta: _, ...spec } = specification as Record<string, unknown>;
  const datasets = { ...spec.datasets as object, ...Object.fromEntries(Object.entries(tables).map(([name, rows]) => [name, chartRows(rows)])) };
  const faults: string[] = [];
  const logger = { level: () => 0, error: (...args: unknown[]) => { faults.push(args.map(String).join(' ')); return logger; }, warn: () => logger, info: () => logger, debug: () => logger };
  try {
    const compiled = vegaLite.compile({ ...spec, datasets } as unknown as TopLevelSpec, { logger: logger as never }).spec;
    const view = new vega.View(vega.parse(compiled, undefined, { ast: true } as never), { renderer: 'none', loader: refusing as never, logger: logger as never, expr: chartExpressions } as never);
    try {
      const svg = await view.toSVG();
      if (faults.length === 0) return svg;
      throw new Error(faults[0]);
    } finally {
      view.finalize();
    }
  } catch (error) {
    const reason = faults[0] ?? (error instanceof Error ? error.message : String(error));
    throw new TelarError('exception', `The chart cannot be drawn: ${reason}`, {}, { cause: error });
  }
}

const refuse = (): Promise<never> => Promise.reject(new Error('a chart fetches nothing; bring its data by a `data` node'));
const refusing = { load: refuse, sanitize: refuse, http: refuse, file: refuse, options: {} };

/** Rows as Vega takes them: fresh objects, since it marks those it gets. */
function chartRows(value: unknown): Record<string, unknown>[] {
  const table = value as Partial<TableView> | null;
  if (typeof table?.rows === 'number' && table.column !== undefined && table.columns !== undefined) {
    const columns = table.columns.map(({ name }) => [name, table.column!(name)] as const);
    return Array.from({ length: table.rows }, (_, index) => Object.fromEntries(columns.map(([name, values]) => [name, scalar(values[index])])));
  }
  const numbers = value as { data?: unknown; shape?: unknown } | null;
  if (ArrayBuffer.isView(numbers?.data) && Array.isArray(numbers.shape)) return chartRows(Array.from(numbers.data as unknown as ArrayLike<number>));
  const rows: readonly unknown[] = Array.isArray(value) ? value : [value];
  return rows.map((row) => (isRecord(row) ? Object.fromEntries((row instanceof Map ? [...row] : Object.entries(row)).map(([key, item]) => [String(key), scalar(item)])) : { value: scalar(row) }));
}

function isRecord(value: unknown): value is Record<string, unknown> | Map<unknown, unknown> {
  return value instanceof Map || (typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value) as null));
}

/** A value for a chart: what JavaScript lacks becomes a number or a local wall-clock text. */
function scalar(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return value ?? null;
  if (value instanceof Uint8Array) return null;
  if (Array.isArray(value)) return value.map(scalar);
  const tagged = value as { tag?: unknown; text?: unknown };
  if (typeof tagged.tag === 'string' && typeof tagged.text === 'string' && typeof (value as object).toString === 'function' && !isRecord(value)) {
    switch (tagged.tag) {
      // With dashes Vega would read UTC, and show the day before to the west of Greenwich.
      case 'date': return /^\d{4}-/.test(tagged.text) ? tagged.text.replaceAll('-', '/') : null;
      case 'timestamp': case 'timestamptz': { const ms = Number(value); return Number.isFinite(ms) ? new Date(ms).toISOString().slice(0, -1) : null; }
      case 'time': return tagged.text;
      default: return Number(value);
    }
  }
  if (value instanceof Date) return value.toISOString().slice(0, -1);
  return isRecord(value) ? Object.fromEntries((value instanceof Map ? [...value] : Object.entries(value)).map(([key, item]) => [String(key), scalar(item)])) : Number(value);
}
