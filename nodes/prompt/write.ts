/**
 * How values are written into a prompt: a table, a list of records, and the facts of one record as Markdown tables, numbers in their
 * shortest form. Models read these better than JSON, and people too.
 */
import { TelarError } from '../../contracts/errors.ts';
import { isTable, isTagged, markdownTable, print, rowsOf } from '../template/helpers.ts';

/** Most rows of a table in a prompt: more of them fill a model's window and are rarely read by it. */
const MOST_ROWS = 200;

/** The text of a value. @param tell is called with what was left out */
export function writeValue(value: unknown, tell: (warning: string) => void): string {
  const cut = (shown: number, count: number): string => {
    const left = `${count - shown} more ${count - shown === 1 ? 'row is' : 'rows are'} left out`;
    tell(`a table of ${count} rows was cut to ${shown}: let the prompt take a summary, or fewer rows`);
    return `(${left})`;
  };
  if (value instanceof Uint8Array) throw new TelarError('value-type', 'Bytes have no text. A picture goes into a prompt by `{{media url=name}}`.');
  if (typeof value !== 'object' || value === null) return print(value);
  if (isTagged(value)) return cell(value);
  if (isTable(value) || rowsOf(value, 1) !== undefined) return markdownTable(value, MOST_ROWS, cell, cut);
  const facts = factsOf(value);
  return facts === undefined ? print(value) : markdownTable(facts, MOST_ROWS, cell, cut);
}

/** A record of plain values as rows of name and value. */
function factsOf(value: object): readonly { readonly fact: string; readonly value: unknown }[] | undefined {
  if (Array.isArray(value) || value instanceof Set || ArrayBuffer.isView(value)) return undefined;
  const entries: readonly (readonly [unknown, unknown])[] = value instanceof Map ? [...value] : Object.entries(value);
  if (entries.length === 0 || !entries.every(([, item]) => typeof item !== 'object' || item === null || isTagged(item))) return undefined;
  return entries.map(([key, item]) => ({ fact: String(key), value: item }));
}

/** One value in its shortest form: a decimal without zeros at its end. */
function cell(value: unknown): string {
  const text = print(value);
  const decimal = typeof value === 'object' && value !== null && (value as { tag?: unknown }).tag === 'decimal';
  return decimal && /^-?\d+\.\d+$/.test(text) ? text.replace(/\.?0+$/, '') : text;
}
