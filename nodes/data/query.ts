/**
 * The SQL that reads files into one table. The dialect of a CSV is stated, never guessed: a guesser that meets a broken row settles
 * for a dialect in which it is whole, and gives one column of rubbish. All that comes from the body is a quoted literal or name.
 */
import type { DataBody } from './body.ts';

/** One file to read, with the separator that its first line shows (CSV). */
export interface SourceFile { readonly path: string; readonly delim?: string }

/** The query; with `named`, a column `filename` tells the file of each row. */
export function dataQuery(body: DataBody, files: readonly SourceFile[], named: boolean): string {
  return files.map((file) => {
    const filename = named ? `, ${literal(file.path)} as filename` : '';
    return `select ${selection(body)}${filename} from ${reader(body, file)}`;
  }).join('\nunion all by name\n');
}

function reader(body: DataBody, { path, delim = ',' }: SourceFile): string {
  const file = literal(path);
  switch (body.format) {
    case 'parquet': return `read_parquet(${file})`;
    case 'json': return `read_json(${file}, format = 'array', records = true, maximum_object_size = ${64 * 2 ** 20})`;
    case 'ndjson': return `read_json(${file}, format = 'newline_delimited', records = true, maximum_object_size = ${16 * 2 ** 20})`;
    default: {
      const types = Object.entries(body.types).map(([column, type]) => `${literal(column)}: ${literal(type)}`);
      return `read_csv(${[
        file, `delim = ${literal(delim)}`, `quote = '"'`, `escape = '"'`, `comment = ''`, 'skip = 0', 'strict_mode = true',
        `header = ${body.header}`, `encoding = ${literal(body.encoding)}`,
        ...(body.names === undefined ? [] : [`names = [${body.names.map(literal).join(', ')}]`]),
        ...(body.null.length === 0 ? [] : [`nullstr = [${['', ...body.null].map(literal).join(', ')}]`]),
        ...(types.length === 0 ? [] : [`types = {${types.join(', ')}}`]),
      ].join(', ')})`;
    }
  }
}

/** Types of a CSV are said to its reader, so an error names the row; of other formats they are casts. */
function selection(body: DataBody): string {
  const casts = body.format === 'csv' ? {} : body.types;
  const column = (name: string): string => (name in casts ? `cast(${identifier(name)} as ${type(casts[name]!)}) as ${identifier(name)}` : identifier(name));
  if (body.columns !== undefined) return body.columns.map(column).join(', ');
  const replaced = Object.keys(casts).map(column);
  return replaced.length === 0 ? '*' : `* replace (${replaced.join(', ')})`;
}

/** A quoted text. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
/** A quoted name. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A type may hold names, numbers, quotes, commas and brackets, but nothing that ends it. */
function type(text: string): string {
  return /^[\w\s,()[\]."']+$/.test(text) && balanced(text) ? text : identifier(text);
}

function balanced(text: string): boolean {
  let depth = 0;
  for (const char of text.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"/g, '')) {
    if (char === '(' || char === '[') depth += 1;
    else if (char === ')' || char === ']') depth -= 1;
    else if (char === '"' || char === "'") return false;
    if (depth < 0) return false;
  }
  return depth === 0;
}
