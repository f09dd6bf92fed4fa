/** A value as text for a terminal: a table with aligned columns, a text as it is, anything else as JSON. */
import type { OutputValue } from '../../../contracts/node.ts';
import type { Blobs, TableView } from '../../../contracts/values.ts';
import { harmless } from '../../prompts/harmless.ts';
import { loadValue } from '../../values/kinds.ts';
import { isTableView } from '../../values/summary.ts';
import { colour } from './terminal.node.ts';

const MOST_ROWS = 12;
const MOST_CELL = 40;

/** At most a screenful; what is cut is told. */
export function previewValue(value: OutputValue, blobs: Blobs): string {
  const { ref, summary } = value;
  if (ref === undefined || ref.form === 'live' || ref.form === 'opaque' || ref.form === 'bytes') return indent(summary.preview);
  if (ref.mediaType?.startsWith('application/vnd.vegalite') === true) return indent('a chart; `telar show FILE ID --format svg -o chart.svg` draws it');
  const loaded = loadValue(ref, blobs);
  if (isTableView(loaded)) return tableText(loaded, MOST_ROWS);
  return indent(typeof loaded === 'string' ? harmless(loaded) : summary.preview);
}

/** Rows and columns, numbers to the right. */
export function tableText(table: TableView, most: number): string {
  const shown = Math.min(table.rows, most);
  const columns = table.columns.map(({ name, type }) => {
    const values = table.column(name).slice(0, shown).map(cellText);
    const isNumber = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|UINTEGER|FLOAT|DOUBLE|DECIMAL.*)$/.test(type);
    const width = values.reduce((most, text) => Math.max(most, text.length), name.length);
    const fit = (text: string): string => (isNumber ? text.padStart(width) : text.padEnd(width));
    return { head: fit(name), values: values.map(fit) };
  });
  const lines = [colour.bold(columns.map((column) => column.head).join('  '))];
  for (let i = 0; i < shown; i++) lines.push(columns.map((column) => column.values[i]).join('  '));
  if (table.rows > shown) lines.push(colour.grey(`… ${table.rows - shown} more rows`));
  return indent(lines.join('\n'));
}

function cellText(value: unknown): string {
  const text = value === null || value === undefined ? '' : typeof value === 'number' && !Number.isInteger(value) ? String(Number(value.toPrecision(8)))
    : value instanceof Uint8Array ? `${value.byteLength} bytes` : typeof value === 'object' && !('tag' in value) ? JSON.stringify(value) ?? '' : String(value);
  const line = text.replace(/\s+/g, ' ');
  return line.length > MOST_CELL ? `${line.slice(0, MOST_CELL - 1)}…` : line;
}

const indent = (text: string): string => text.split('\n').map((line) => `  ${line}`).join('\n');
