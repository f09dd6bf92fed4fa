/**
 * A CSV text as a table, without an engine: an answer from the network has no file that an engine could read. Types are those that
 * every value of a column has: flag, whole number, number, else text. For more (dates, other separators of decimals) read it in SQL.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { TableView } from '../../contracts/values.ts';
import { csvFault, sniffDelimiter } from '../data/csv-fault.ts';

/** Reads a CSV whose first line names the columns. @throws TelarError `bad-file` with the line whose width differs */
export function parseCsv(text: string, source: string): TableView {
  const bytes = new TextEncoder().encode(text);
  const delim = sniffDelimiter(bytes);
  const fault = csvFault(bytes, delim);
  if (fault !== undefined) throw new TelarError('bad-file', `\`${source}\`, line ${fault.line}, ${fault.message}; say \`as: text\` to have it as it is.`, { fileLine: fault.line });
  const [names, ...rows] = [...records(text, delim)].filter((fields) => fields.length > 1 || fields[0] !== '');
  if (names === undefined) throw new TelarError('bad-file', `\`${source}\` is empty; a CSV has a line of names.`);
  const columns = distinct(names).map((name, index) => ({ name, ...typed(rows.map((fields) => fields[index] ?? '')) }));
  return {
    rows: rows.length,
    columns: columns.map(({ name, type }) => ({ name, type })),
    column: (name) => columns.find((column) => column.name === name)?.values ?? [],
    row: (index) => Object.fromEntries(columns.map(({ name, values }) => [name, values[index] ?? null])),
  };
}

/** The fields of each line; what stands in quotes may hold line ends. */
function* records(text: string, delim: string): Generator<string[]> {
  const part = new RegExp(`"((?:[^"]|"")*)"|([^"\\r\\n${delim}][^\\r\\n${delim}]*)|(\\r\\n|\\r|\\n)|(${delim.replace('|', '\\|')})`, 'gy');
  let fields = [''];
  for (const [, quoted, plain, end, next] of text.replace(/^\uFEFF/, '').matchAll(part)) {
    if (end !== undefined) { yield fields; fields = ['']; }
    else if (next !== undefined) fields.push('');
    else fields[fields.length - 1] += quoted === undefined ? plain as string : quoted.replaceAll('""', '"');
  }
  if (fields.length > 1 || fields[0] !== '') yield fields;
}

/** Names, told apart where two are the same. */
function distinct(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name, index) => {
    const base = name.trim() === '' ? `column${index}` : name.trim();
    const count = seen.get(base) ?? 0;
    seen.set(base, count + 1);
    return count === 0 ? base : `${base}_${count}`;
  });
}

/** The values of a column in the narrowest type that all of them have; the empty text is null. */
function typed(texts: readonly string[]): { readonly type: string; readonly values: readonly unknown[] } {
  const all = (pattern: RegExp): boolean => texts.some((text) => text !== '') && texts.every((text) => text === '' || pattern.test(text));
  const as = (type: string, read: (text: string) => unknown): { type: string; values: unknown[] } => ({ type, values: texts.map((text) => (text === '' ? null : read(text))) });
  if (all(/^(?:true|false)$/i)) return as('BOOLEAN', (text) => text.toLowerCase() === 'true');
  // A number that begins with a zero is a code, like 0049.
  if (all(/^-?(?:0|[1-9]\d{0,14})$/)) return as('BIGINT', Number);
  if (all(/^-?(?:0|[1-9]\d{0,14})(?:\.\d+)?(?:e[+-]?\d{1,3})?$/i)) return as('DOUBLE', Number);
  return as('VARCHAR', (text) => text);
}
