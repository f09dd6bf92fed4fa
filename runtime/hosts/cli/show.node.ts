/** `telar show`: a stored value, on the terminal or in a file. Runs nothing. */
import { extname } from 'node:path';
import { TelarError } from '../../../contracts/errors.ts';
import { CHART } from '../../../nodes/view/chart.ts';
import { findRun } from '../../checkpoints/find-run.ts';
import { pastGraph } from '../../replay/past.ts';
import { frameTable } from '../../values/column.ts';
import { asTable, chartSvg, columnsOf } from '../../values/export.ts';
import { loadValue } from '../../values/kinds.ts';
import { plainJson, tableCsv, tableJson } from '../../values/plain.ts';
import { isTableView } from '../../values/summary.ts';
import type { Arguments } from './arguments.node.ts';
import { findPastValue, type Found } from './find-past.ts';
import { findValue } from './find-value.ts';
import { openHost, type Host } from './host.node.ts';
import { deliver } from './paths.node.ts';
import { tableText } from './preview.node.ts';
import { planOptions } from './run.node.ts';
import { terminal } from './terminal.node.ts';

type Pieces = Iterable<string | Uint8Array>;
type Format = 'auto' | 'json' | 'csv' | 'arrow' | 'parquet' | 'text' | 'svg';

const BY_ENDING: Readonly<Record<string, Format>> = {
  '.json': 'json', '.csv': 'csv', '.arrow': 'arrow', '.arrows': 'arrow', '.ipc': 'arrow', '.parquet': 'parquet', '.svg': 'svg', '.txt': 'text', '.md': 'text',
};
/** Most rows of a table on a terminal. */
const SCREEN = 40;

export async function run(args: Arguments): Promise<number> {
  const [file, name] = args.positionals as [string, string];
  const path = args.text('output');
  const asked = (args.text('format') ?? 'auto') as Format;
  const format = asked === 'auto' && path !== undefined ? BY_ENDING[extname(path).toLowerCase()] ?? 'auto' : asked;
  const toTerminal = (path === undefined || path === '-') && process.stdout.isTTY === true;
  if (toTerminal && (format === 'arrow' || format === 'parquet')) throw new TelarError('usage', `${format} is binary and this is a terminal. Name a file: -o ${name.replaceAll('/', '-')}.${format}`);
  const host = openHost(file, args, 'read');
  try {
    const found = await find(host, name, args);
    if (found.note !== undefined && args.flags.quiet !== true) terminal.error(`telar: ${found.note}.`);
    deliver(await show(found, format, host, toTerminal, args.flags.quiet === true), path);
    return 0;
  } finally {
    await host.close();
  }
}

/** The value: of the run that is named, else of the one that was restored, else what the notebook gives as it stands. */
async function find(host: Host, name: string, args: Arguments): Promise<Found> {
  const { store, workspace: { file } } = host;
  const { set } = planOptions(args);
  const asked = args.text('run');
  const shown = asked === undefined && set === undefined ? store.shown(file) : undefined;
  const run = asked !== undefined ? findRun(store, asked) : shown === undefined ? undefined : store.run(shown);
  if (run === undefined) return findValue(await host.open(), store, name, set);
  if (set !== undefined) throw new TelarError('usage', 'A past run has the inputs that it had: leave --set out, or --run.');
  if (run.file !== file) throw new TelarError('usage', `Run ${run.id} is of ${run.file}, not of ${file}.`, { run: run.id, file: run.file });
  const found = findPastValue(store, run, await pastGraph(host, run), name);
  return asked !== undefined ? found : { ...found, note: `${found.note ?? ''}, which was restored; the next run shows its own values` };
}

async function show(found: Found, format: Format, host: Host, toTerminal: boolean, quiet: boolean): Promise<Pieces> {
  const { value: { ref, summary }, node, output } = found;
  const { blobs } = host.store;
  const full = output === 'value' ? node : `${node}.${output}`;
  if (format === 'svg') return [await svg(found, host, full)];
  if (ref === undefined) {
    if (format === 'auto' || format === 'text') return [`${summary.type}\n${summary.preview}\n(only this summary was kept, since no node reads ${full})\n`];
    throw new TelarError('value-missing', `Only a summary of ${full} was kept (${summary.type}), since no node reads it. Let a node read it, and run again.`, { node });
  }
  if (ref.form === 'live' || ref.form === 'opaque') {
    const what = ref.form === 'live' ? `a ${ref.live?.what ?? 'live object'} in ${ref.live?.language ?? 'its language'}; it is made again where it is read` : 'a Python object that only Python can read; give out plain data to see it elsewhere';
    if (format === 'auto' || format === 'text') return [`${summary.preview}\n(${what})\n`];
    throw new TelarError('value-type', `${full} is ${what}. It has no ${format} form.`, { node });
  }
  if (ref.form === 'bytes') {
    if (format !== 'auto') throw notA(format, full, summary.type);
    if (toTerminal) throw new TelarError('usage', `${full} is binary (${ref.mediaType ?? 'bytes'}, ${ref.bytes} bytes) and this is a terminal. Name a file with -o.`);
    return [loadValue(ref, blobs) as Uint8Array];
  }
  const value = loadValue(ref, blobs);
  switch (format) {
    case 'json': return isTableView(value) ? tableJson(value) : [`${JSON.stringify(plainJson(value), undefined, 2)}\n`];
    case 'text': return [text(value, Infinity)];
    case 'auto': return toTerminal ? [text(value, SCREEN)] : isTableView(value) ? tableCsv(value) : [text(value, Infinity)];
    default: break;
  }
  const table = asTable(value);
  if (table === undefined) throw notA(format, full, summary.type);
  if (format === 'csv') return tableCsv(table);
  const columns = columnsOf(ref, table, blobs);
  if (format === 'arrow') return [frameTable(columns, table.rows)];
  const { parquetOf } = await import('./parquet.node.ts');
  const { bytes, asText } = await parquetOf(columns, table.rows);
  if (asText.length > 0 && !quiet) terminal.error(`telar: Parquet has no exact type for ${asText.join(', ')}; written as text.`);
  return [bytes];
}

const notA = (format: string, name: string, type: string): TelarError =>
  new TelarError('value-type', `${name} is ${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}, which has no ${format} form. Leave --format out to see it as it is.`, { format });

/** For reading: a text as it is, a table with aligned columns, all else as JSON. */
function text(value: unknown, most: number): string {
  if (typeof value === 'string') return value.endsWith('\n') ? value : `${value}\n`;
  if (isTableView(value)) return `${tableText(value, most).replace(/^ {2}/gm, '')}\n`;
  return `${JSON.stringify(plainJson(value), undefined, 2)}\n`;
}

/** A chart, drawn; or a picture that the value is, or that lies beside it. */
async function svg({ value: { ref, summary }, displays }: Found, { store }: Host, name: string): Promise<string> {
  const blob = (hash: string): string => new TextDecoder().decode(store.blobs.get(hash));
  if (ref?.mediaType === CHART) return `${await chartSvg(ref, store.blobs)}\n`;
  if (ref?.mediaType === 'image/svg+xml') return blob(ref.hash);
  const picture = displays.find((display) => display.mediaType === 'image/svg+xml');
  if (picture !== undefined) return blob(picture.hash);
  throw notA('svg', name, summary.type);
}
