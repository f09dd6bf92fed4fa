/**
 * The YAML of a `data` node, read and checked: which file or address, in which format, with which types.
 */
import type { BodyProblem } from '../../contracts/errors.ts';
import { originOf } from '../http/body.ts';
import { isMapping, unknownKeys } from '../yaml-body.ts';
import type { YamlBody } from '../yaml-body.ts';

const FORMATS = ['csv', 'json', 'ndjson', 'parquet', 'arrow', 'text', 'bytes'] as const;
type Format = typeof FORMATS[number];

export const DATA_KEYS = ['file', 'url', 'format', 'types', 'delim', 'header', 'names', 'null', 'encoding', 'columns'] as const;

/** What a well-formed body says. */
export interface DataBody {
  /** A path or glob; `''` where an address is read. */
  readonly file: string;
  /** An address, and the origin in it that a person allows. */
  readonly url?: string;
  readonly origin?: string;
  /** Of an address that does not tell it: `undefined` until the answer does. */
  readonly format: Format | undefined;
  /** DuckDB types by column. */
  readonly types: Readonly<Record<string, string>>;
  readonly delim?: string;
  readonly header: boolean;
  readonly names?: readonly string[];
  /** Texts that mean null. */
  readonly null: readonly string[];
  readonly encoding: string;
  /** Columns to keep, in this order; all when left out. */
  readonly columns?: readonly string[];
}

/** A body whose format is known. */
export type Known = DataBody & { readonly format: Format };

const EXTENSIONS: Readonly<Record<string, Format>> = {
  csv: 'csv', tsv: 'csv', json: 'json', geojson: 'json', ndjson: 'ndjson', jsonl: 'ndjson', parquet: 'parquet', pq: 'parquet',
  arrow: 'arrow', arrows: 'arrow', feather: 'arrow', ipc: 'arrow', txt: 'text', md: 'text',
};
/** Encodings: those that both DuckDB and the Web's `TextDecoder` read. */
const ENCODINGS = ['utf-8', 'latin-1', 'utf-16'];
/** Keys that mean something to a format; the others are refused there. */
const OF_FORMAT: Readonly<Record<string, readonly Format[]>> = {
  delim: ['csv'], header: ['csv'], names: ['csv'], null: ['csv'], encoding: ['csv', 'text'],
  types: ['csv', 'json', 'ndjson', 'parquet'], columns: ['csv', 'json', 'ndjson', 'parquet'],
};

/** The format that a file's name says; `.gz` is looked through. */
function formatOf(file: string): Format | undefined {
  const extension = /\.([a-z0-9]+)$/.exec(file.toLowerCase().replace(/\.gz$/, ''))?.[1] ?? '';
  return EXTENSIONS[extension];
}

/** The format that a server says. */
export function formatOfMedia(mediaType: string): Format {
  const type = mediaType.split(';')[0]!.trim().toLowerCase();
  if (type === 'text/csv' || type === 'text/tab-separated-values') return 'csv';
  if (/[/+]json$/.test(type)) return 'json';
  if (/^application\/(?:x-)?(?:ndjson|jsonl|jsonlines|json-seq)$/.test(type)) return 'ndjson';
  if (/^application\/(?:vnd\.apache\.|x-)?parquet$/.test(type)) return 'parquet';
  if (/^application\/vnd\.apache\.arrow\.(?:stream|file)$/.test(type)) return 'arrow';
  return type.startsWith('text/') ? 'text' : 'bytes';
}

/** The last part of an address's path. */
export const nameInUrl = (url: string): string => new URL(url).pathname.split('/').at(-1) ?? '';

/** Reads a body; `body` is `undefined` when there are problems of severity error. */
export function readDataBody(yaml: YamlBody): { body?: DataBody; problems: BodyProblem[] } {
  if (yaml.problems.length > 0) return { problems: [...yaml.problems] };
  const raw = yaml.value;
  if (!isMapping(raw)) return { problems: [{ code: 'missing-key', severity: 'error', message: 'Say which file to read: `file: data/name.csv`.', at: yaml.at([]) }] };
  const problems = unknownKeys(yaml, [], raw, DATA_KEYS, 'data');
  const bad = (key: string, message: string): void => { problems.push({ code: 'bad-value', severity: 'error', message, at: yaml.at([key]) }); };
  const texts = (value: unknown): value is string[] => Array.isArray(value) && value.every((one) => typeof one === 'string');

  const origin = 'url' in raw ? originOf(raw.url) : undefined;
  if ('url' in raw) {
    if ('file' in raw) bad('url', 'A `data` node reads a `file` or a `url`; take one of them out.');
    else if (origin === undefined || typeof origin !== 'string') bad('url', origin?.fault ?? '');
    else if (!URL.canParse(raw.url as string) || /\{\{/.test(raw.url as string)) bad('url', '`url` must be a whole address, like `https://example.org/rain.csv`; an `http` node fills in parts of one.');
  } else if (!('file' in raw)) problems.push({ code: 'missing-key', severity: 'error', message: 'Say which file to read: `file: data/name.csv`.', at: yaml.at([]) });
  if ('file' in raw && (typeof raw.file !== 'string' || raw.file === '')) bad('file', '`file` must be a path beside the notebook, or a glob like `data/*.csv`. Quote it if it begins with a sign.');
  if ('format' in raw && !(FORMATS as readonly unknown[]).includes(raw.format)) bad('format', `\`format\` must be one of ${FORMATS.join(', ')}.`);
  if ('types' in raw && !(isMapping(raw.types) && Object.values(raw.types).every((type) => typeof type === 'string'))) bad('types', '`types` must be a map of columns to SQL types, like `{date: date, amount: "decimal(10,2)"}`.');
  if ('delim' in raw && !(typeof raw.delim === 'string' && /^[^"\r\n]{1,4}$/.test(raw.delim))) bad('delim', '`delim` must be the text between columns, like `";"`.');
  if ('header' in raw && typeof raw.header !== 'boolean') bad('header', '`header` must be true or false.');
  if ('names' in raw && !texts(raw.names)) bad('names', '`names` must be a list of column names.');
  if ('null' in raw && typeof raw.null !== 'string' && !texts(raw.null)) bad('null', '`null` must be a text, or a list of texts, that mean "no value".');
  if ('encoding' in raw && !ENCODINGS.includes(String(raw.encoding).toLowerCase())) bad('encoding', `\`encoding\` must be one of ${ENCODINGS.join(', ')}.`);
  if ('columns' in raw && !(texts(raw.columns) && raw.columns.length > 0)) bad('columns', '`columns` must be a list of the columns to keep.');

  const url = problems.length === 0 && typeof raw.url === 'string' ? raw.url : undefined;
  const format = raw.format as Format | undefined ?? (url === undefined ? formatOf(String(raw.file)) ?? 'bytes' : formatOf(nameInUrl(url)));
  if (problems.length === 0) {
    for (const [key, formats] of Object.entries(OF_FORMAT)) {
      if (key in raw && format !== undefined && !formats.includes(format)) bad(key, `\`${key}\` means nothing for a file of format ${format}; take it out.`);
    }
  }
  if (problems.length > 0) return { problems };
  return {
    problems,
    body: {
      file: url === undefined ? raw.file as string : '', format, ...(url === undefined ? {} : { url, origin: origin as string }), header: raw.header !== false && raw.names === undefined || raw.header === true,
      types: (raw.types ?? {}) as Record<string, string>, encoding: String(raw.encoding ?? 'utf-8').toLowerCase(),
      null: raw.null === undefined ? [] : ([] as string[]).concat(raw.null as string | string[]),
      ...(raw.delim === undefined ? {} : { delim: raw.delim as string }),
      ...(raw.names === undefined ? {} : { names: raw.names as string[] }),
      ...(raw.columns === undefined ? {} : { columns: raw.columns as string[] }),
    },
  };
}
