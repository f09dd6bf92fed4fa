/**
 * `data`: a file beside the notebook, or at an address, as a value. CSV, JSON records, NDJSON, Parquet and Arrow become tables; other JSON a record; texts
 * and bytes themselves. What was read is recorded with its hash, so a changed file runs this node again and nothing else.
 *
 * Tables are read by SQL that is made here (`query.ts`), so types, globs and speed are the engine's.
 * What an address answers is given to SQL as a file of its own (`fetched.ts`); it is observed, and asks a person first, as `http` does.
 */
import { TelarError } from '../../contracts/errors.ts';
import { defineNode } from '../../contracts/node.ts';
import type { Analysis, Cell, Outcome, OutputValue, Step, StepContext } from '../../contracts/node.ts';
import { nearest } from '../nearest.ts';
import { normalForm, parseYamlBody } from '../yaml-body.ts';
import { readDataBody } from './body.ts';
import { fetched } from './fetched.ts';
import type { Known } from './body.ts';
import { csvFault, notUtf8Line, sniffDelimiter } from './csv-fault.ts';
import { ARROW, mediaTypeOf } from './media.ts';
import { dataQuery } from './query.ts';
import type { SourceFile } from './query.ts';
import { decodeText, encodingError, looksLikeRecords, parseExactJson, unpack } from './read.ts';

export const data = defineNode({
  name: 'data', contract: 'core/data.yaml', languages: [], keyVersion: 1, analysisVersion: 2,
  engines: (cell: Cell): readonly string[] => {
    const { body } = readDataBody(parseYamlBody(cell.body));
    return body !== undefined && (body.format === undefined || ['csv', 'json', 'ndjson', 'parquet'].includes(body.format)) ? ['sql'] : [];
  },
  analyse: (cell: Cell): Analysis => {
    const yaml = parseYamlBody(cell.body);
    const { body, problems } = readDataBody(yaml);
    return { reads: [], binds: [], imports: [], normal: normalForm(yaml.value ?? cell.body), problems, ...(body === undefined ? {} : body.origin === undefined ? { files: [body.file] } : { effect: 'observe', network: { origin: body.origin, method: 'GET', secrets: [] } }) };
  },
  run: async (step: Step, context: StepContext): Promise<Outcome> => {
    const yaml = parseYamlBody(step.cell.body);
    const { body } = readDataBody(yaml);
    if (body === undefined) throw new Error(`the body of ${step.node} has problems and should not run`);
    const line = step.line + yaml.line([body.url === undefined ? 'file' : 'url']);
    try {
      if (body.url === undefined) return await read(body as Known, step, context);
      const source = await fetched(body, body.url, context);
      return await source.named(() => read(source.body, step, source.context));
    } catch (error) {
      const known = TelarError.from(error);
      throw ['bad-file', 'missing-file', 'network', 'refused'].includes(known.code) ? new TelarError(known.code, known.message, { ...known.data, line }, { cause: known }) : known;
    }
  },
});

async function read(body: Known, step: Step, context: StepContext): Promise<Outcome> {
  const named = /[*?[{]/.test(body.file);
  const paths = named ? context.glob(body.file) : [body.file];
  if (paths.length === 0) throw new TelarError('missing-file', `No file matches \`${body.file}\`; correct the pattern (it is relative to the notebook), or add a file.`, { file: body.file });
  if (['csv', 'ndjson', 'parquet'].includes(body.format)) return readTable(body, paths, named, step, context);
  if (named && body.format !== 'json') throw new TelarError('bad-file', `A glob gives one table, but files of format ${body.format} are none; name one file.`, { file: body.file });
  if (named) return readTable(body, paths, true, step, context);
  return readOne(body, paths[0]!, step, context);
}

async function readOne(body: Known, path: string, step: Step, context: StepContext): Promise<Outcome> {
  const bytes = context.readFile(path);
  if (body.format === 'bytes') return one(context.store(bytes, { form: 'bytes', mediaType: mediaTypeOf(path) }));
  const whole = await unpack(bytes, path, context.limits.memory);
  if (body.format === 'arrow') return one(arrow(whole, path, context));
  if (body.format === 'json' && looksLikeRecords(whole)) {
    try {
      return await readTable(body, [path], false, step, context);
    } catch (error) {
      // Records first, and then something else: a record after all.
      if (!/non-record JSON/.test(String((error as Error).cause))) throw error;
    }
  }
  const text = decodeText(whole, path, body.encoding);
  if (body.format === 'json') return one(context.store(parseExactJson(text, path), { form: 'record' }));
  return one(context.store(text, { form: 'text', ...(/\.md(?:\.gz)?$/i.test(path) ? { mediaType: 'text/markdown' } : {}) }));
}

function arrow(bytes: Uint8Array, path: string, context: StepContext): OutputValue {
  try {
    return context.store(bytes, { mediaType: ARROW });
  } catch (error) {
    throw new TelarError('bad-file', `\`${path}\` cannot be read as Arrow: ${(error as Error).message}`, { file: path }, { cause: error });
  }
}

async function readTable(body: Known, paths: readonly string[], named: boolean, step: Step, context: StepContext): Promise<Outcome> {
  const files = await Promise.all(paths.map(async (path): Promise<SourceFile> => {
    if (body.format === 'parquet') return { path };
    // Also tells a missing file by its nearest name, before an engine is asked.
    const bytes = context.readFile(path);
    if (body.format !== 'csv') return { path };
    return { path, delim: body.delim ?? sniffDelimiter(/\.gz$/i.test(path) ? await unpack(bytes, path, context.limits.memory) : bytes) };
  }));
  try {
    return await context.execute({
      engine: 'sql', code: dataQuery(body, files, named), file: step.file, line: step.line, id: step.cell.id, wanted: [], binds: [], modules: {},
      folder: step.folder, files: paths, settings: { threads: 1 },
    }, {});
  } catch (error) {
    const known = TelarError.from(error);
    throw ['exception', 'syntax', 'bad-file'].includes(known.code) ? await explain(known, body, files, context) : known;
  }
}

const one = (value: OutputValue): Outcome => ({ outputs: { value }, reads: [] });

/** What an engine's refusal means for the file: which file, which line, what to do. */
async function explain(error: TelarError, body: Known, files: readonly SourceFile[], context: StepContext): Promise<TelarError> {
  const mentioned = files.filter(({ path }) => error.message.includes(path)).sort((a, b) => b.path.length - a.path.length);
  const suspects = mentioned.length > 0 ? mentioned : files;
  if (body.format !== 'parquet') {
    for (const { path, delim = ',' } of suspects) {
      const bytes = await unpack(context.readFile(path), path, context.limits.memory);
      if (body.encoding === 'utf-8' && notUtf8Line(bytes) !== undefined) return encodingError(bytes, path, body.encoding, error);
      const fault = body.format === 'csv' ? csvFault(bytes, delim) : undefined;
      if (fault !== undefined) return new TelarError('bad-file', `\`${path}\`, line ${fault.line}, ${fault.message}; mend the row, or say \`delim\` if the columns are not separated by \`${delim === '\t' ? 'a tab' : delim}\`.`, { file: path, fileLine: fault.line }, { cause: error });
    }
  }
  const path = suspects[0]!.path;
  const line = Number(/\bline:? (\d+)/i.exec(error.message)?.[1] ?? Number.NaN);
  const place = Number.isNaN(line) ? `\`${path}\`` : `\`${path}\`, line ${line}`;
  const facts = { file: path, ...(Number.isNaN(line) ? {} : { fileLine: line }) };
  const conversion = /Error when converting column "(.*?)"\. Could not convert string "(.*?)" to '(.*?)'/s.exec(error.message);
  if (conversion !== null) {
    const [, column, value, type] = conversion;
    return new TelarError('bad-file', `${place}: column \`${column}\` holds \`${value}\`, which is no ${type}; mend it, list it under \`null\`, or say \`types: {${column}: varchar}\`.`, { ...facts, column }, { cause: error });
  }
  const absent = /Columns with names: "(.*?)"/.exec(error.message) ?? /Referenced column "(.*?)" not found/.exec(error.message);
  if (absent !== null) {
    const near = nearest(absent[1]!, [...error.message.split('\n').slice(1).join(' ').matchAll(/"([^"]+)"/g)].map((match) => match[1]!));
    return new TelarError('bad-file', `${place} has no column \`${absent[1]}\`.${near === undefined ? '' : ` Did you mean \`${near}\`?`}`, { ...facts, column: absent[1] }, { cause: error });
  }
  return new TelarError('bad-file', `${place} cannot be read as ${body.format}: ${firstLine(error.message)}`, facts, { cause: error });
}

/** The engine's own first words, without its class of error and the machine's paths. */
function firstLine(message: string): string {
  const line = message.split('\n')[0]!.replace(/^[A-Za-z ]+ Error: /, '').replace(/^[Ff]ile '.*?' /, 'it is ').replace(/ in file ".*?"/, '').replace(/while reading file ".*?"\s*/, '').trim();
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}
