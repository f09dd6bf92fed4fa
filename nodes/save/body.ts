/** The YAML of a `save` node, read and checked: which value, into which file, in which format. */
import type { BodyProblem } from '../../contracts/errors.ts';
import type { FileFormat, Read } from '../../contracts/node.ts';
import { isMapping, unknownKeys } from '../yaml-body.ts';
import type { YamlBody } from '../yaml-body.ts';
import { isTemplate, joinReads, nameRead, templateReads } from '../yaml-wires.ts';

export const SAVE_KEYS = ['from', 'file', 'format'] as const;

/** What a well-formed body says. */
export interface SaveBody {
  /** `name` or `name.member`. */
  readonly from: string;
  readonly file: string;
  readonly format: FileFormat;
}

const FORMATS: readonly FileFormat[] = ['parquet', 'csv', 'arrow', 'json', 'jsonl', 'text', 'svg', 'raw'];
const EXTENSIONS: Readonly<Record<string, FileFormat>> = {
  parquet: 'parquet', pq: 'parquet', csv: 'csv', arrow: 'arrow', arrows: 'arrow', ipc: 'arrow', json: 'json', geojson: 'json', jsonl: 'jsonl', ndjson: 'jsonl',
  txt: 'text', md: 'text', html: 'text', htm: 'text', xml: 'text', yaml: 'text', yml: 'text', tex: 'text', svg: 'svg',
  png: 'raw', jpg: 'raw', jpeg: 'raw', gif: 'raw', webp: 'raw', pdf: 'raw', zip: 'raw', gz: 'raw', bin: 'raw', wav: 'raw', mp3: 'raw', mp4: 'raw', wasm: 'raw',
};

/** Reads a body; `body` is `undefined` when there are problems. */
export function readSaveBody(yaml: YamlBody): { body?: SaveBody; reads: readonly Read[]; problems: BodyProblem[] } {
  if (yaml.problems.length > 0) return { reads: [], problems: [...yaml.problems] };
  const raw = yaml.value;
  if (!isMapping(raw)) return { reads: [], problems: [{ code: 'missing-key', severity: 'error', message: 'Say what to write and where: `from: monthly` and `file: out/monthly.parquet`.', at: yaml.at([]) }] };
  const problems = unknownKeys(yaml, [], raw, SAVE_KEYS, 'save');
  const bad = (key: string, message: string, code: BodyProblem['code'] = 'bad-value'): void => { problems.push({ code, severity: 'error', message, at: yaml.at(key in raw ? [key] : []) }); };

  const from = nameRead(yaml, ['from'], raw.from);
  if (!('from' in raw)) bad('from', 'Say which value to write: `from: monthly`.', 'missing-key');
  else if (from === undefined) bad('from', '`from` must be the name of a node or of an output, like `monthly` or `by_station.monthly`.');

  const { file } = raw;
  if (!('file' in raw)) bad('file', 'Say where to write: `file: out/monthly.parquet`.', 'missing-key');
  else if (typeof file !== 'string' || file === '') bad('file', '`file` must be a path beside the notebook, like `out/monthly.parquet`. Quote it if it begins with `{{`.');
  else if (/\.telar\.[a-z.]+$/i.test(file)) bad('file', 'A `save` does not write notebooks; choose another name.');
  const name = typeof file === 'string' && isTemplate(file) ? templateReads(yaml, ['file'], file) : { reads: [], problems: [] };
  problems.push(...name.problems);

  const extension = /\.([a-z0-9]+)$/.exec(String(file).toLowerCase())?.[1] ?? '';
  const format = 'format' in raw ? FORMATS.find((one) => one === raw.format) : EXTENSIONS[extension];
  if (format === undefined && 'format' in raw) bad('format', `\`format\` must be one of ${FORMATS.join(', ')}.`);
  else if (format === undefined && problems.length === 0) bad('file', `The name does not say how to write it; end it in .${['parquet', 'csv', 'json', 'txt', 'svg'].join(', .')}, or say \`format\` (${FORMATS.join(', ')}).`);
  const reads = joinReads([...(from === undefined ? [] : [from]), ...name.reads]);
  return problems.length > 0 || format === undefined ? { reads, problems } : { reads, problems, body: { from: raw.from as string, file: file as string, format } };
}
