/** DuckDB's errors, in Telar's words: a code, DuckDB's own sentence without noise, and the place in the SQL. */
import { unsupported } from '../../values/duckdb-types.ts';
import type { SqlReply } from './job.ts';

type Failure = Extract<SqlReply, { ok: false }>;

/** Reads an error as DuckDB throws it, with `errors_as_json` or without. */
export function readError(thrown: unknown): Failure {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const json = parse(text);
  const type = json?.exception_type ?? /^([A-Za-z ]+?) Error: /.exec(text)?.[1] ?? '';
  const message = (json?.exception_message ?? text.replace(/^[A-Za-z ]+ Error: /, '')).trim();
  const position = Number(json?.position ?? Number.NaN);
  return { ok: false, ...sort(type, message), ...(Number.isNaN(position) ? {} : { position }) };
}

function parse(text: string): Record<string, string> | undefined {
  const from = text.indexOf('{');
  if (from < 0 || !text.includes('"exception_type"')) return undefined;
  try {
    return JSON.parse(text.slice(from)) as Record<string, string>;
  } catch {
    return undefined;
  }
}

function sort(type: string, message: string): Omit<Failure, 'ok' | 'position'> {
  if (/^interrupt/i.test(type) || /^Interrupted!?$/.test(message)) return { code: 'cancelled', message: 'The step was interrupted.' };
  if (/^out of memory/i.test(type)) return { code: 'memory', message: `The SQL needs more memory than the step may use (${firstLine(message)}); raise memory= on the fence line, or select less.` };
  if (/^(?:IO)?$/i.test(type) && /no space left on device/i.test(message)) return { code: 'disk-full', message: 'There is no room left on the disk for what this SQL gives; make room and run again.' };
  if (/^parser|^syntax/i.test(type)) return { code: 'syntax', message: firstParagraph(message) };
  const extension = /exists in the (\w+) extension|required extension '(\w+)'/.exec(message);
  if (extension !== null) {
    const name = extension[1] ?? extension[2];
    return { code: 'unavailable', data: { extension: name }, message: `${/"?([\w ]+ "?\w+"?)"? is not in the catalog/.exec(message)?.[0].replace(/ is not in the catalog$/, '') ?? 'This SQL'} needs DuckDB's extension “${name}”, which this engine does not have; ${['json', 'icu', 'parquet'].includes(name ?? '') ? 'native DuckDB has it: leave out engine=wasm.' : 'do it another way.'}` };
  }
  const odd = /^A table cannot be created from an? (.+?)(?: column yet)?$/.exec(message)?.[1];
  if (odd !== undefined) { const { code, message: text, data } = unsupported(odd); return { code, message: text, data }; }
  const denied = /Cannot access (?:file|directory) "([^"]*)"/.exec(message)?.[1];
  if (denied !== undefined) {
    return { code: 'refused', data: { path: denied }, message: `“${denied.replace(/\/\*\*\/\*\.\w+$/, '')}” cannot be opened: a SQL step reads only files beside the notebook or elsewhere in the workspace that its text names outright, and that are there.` };
  }
  const absent = /No files found that match the pattern "([^"]*)"|Cannot open file "([^"]*)": No such file/.exec(message);
  if (absent !== null) return { code: 'missing-file', data: { path: absent[1] ?? absent[2] }, message: `There is no file “${absent[1] ?? absent[2]}”; check its name, which counts from the notebook's folder.` };
  const sniffed = /^Error when sniffing file "([^"]*)"/.exec(message)?.[1];
  if (sniffed !== undefined) {
    const delimiter = /^Delimiter Candidates: '([^'])'$/m.exec(message)?.[1];
    return { code: 'bad-file', data: { file: sniffed, delimiter: delimiter ?? ',' }, message: `${baseName(sniffed)} cannot be read as CSV with these options: its rows do not go together.` };
  }
  return csvError(message) ?? badFile(message) ?? { code: 'exception', message: firstParagraph(message) };
}

/** A row of a CSV file that cannot be read: which file, which line, and what is wrong with it. */
function csvError(message: string): Omit<Failure, 'ok' | 'position'> | undefined {
  const line = /CSV Error on Line: (\d+)/.exec(message)?.[1];
  if (line === undefined) return undefined;
  const file = /^\s*(?:file|path)\s*=\s*(.+?)\s*$/m.exec(message)?.[1] ?? '';
  const original = /^Original Line:\s*(.*)$/m.exec(message)?.[1]?.slice(0, 120);
  const lines = message.split('\n').map((each) => each.trim()).filter((each) => each !== '');
  const start = lines.findIndex((each) => each.startsWith('Original Line:'));
  const cause = (lines[start + 1] ?? lines[1] ?? '').replace(/\.$/, '');
  const name = file === '' ? 'the CSV file' : baseName(file);
  return {
    code: 'bad-file', data: { file: file === '' ? undefined : file, fileLine: Number(line) },
    message: `${name}, line ${line}: ${cause}.${original === undefined || original === '' ? '' : ` The line is: ${original}`} Mend the line, or read the file with other options (delim, quote, ignore_errors, null_padding).`,
  };
}

function badFile(message: string): Omit<Failure, 'ok' | 'position'> | undefined {
  if (!/sniffing file|Malformed JSON|No magic bytes|not (?:a )?(?:valid )?parquet|Invalid unicode|invalid UTF-?8|not utf-8 encoded|too small to be a Parquet/i.test(message) || !/file/i.test(message)) return undefined;
  const file = /file(?: path)?:? ["']([^"']+)["']/i.exec(message)?.[1];
  const shown = firstParagraph(message);
  return { code: 'bad-file', data: { file }, message: file === undefined ? shown : shown.replaceAll(file, baseName(file)) };
}

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const firstLine = (message: string): string => message.split('\n')[0] ?? '';

/** Up to the first blank line, without DuckDB's picture of the place. */
function firstParagraph(message: string): string {
  const [head = ''] = message.split(/\n\s*\n|\nLINE \d+:/);
  return head.trim();
}
