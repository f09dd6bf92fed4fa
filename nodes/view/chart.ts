/**
 * `chart`: a Vega-Lite specification whose named data are wires. Its value is the specification with the data by reference: nothing
 * is drawn when it runs, so a chart of a million rows costs as much as one of ten. `render-chart.ts` draws it.
 *
 * Data that the specification would fetch itself (`url`) are refused: what a chart shows comes from the notebook.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { BodyProblem, Range } from '../../contracts/errors.ts';
import { defineNode } from '../../contracts/node.ts';
import type { Analysis, Cell, Outcome, Step, StepContext } from '../../contracts/node.ts';
import type { TableView, ValueRef } from '../../contracts/values.ts';
import { didYouMean } from '../nearest.ts';
import { normalForm } from '../yaml-body.ts';
import { JsonFault, parseJsonText } from './json-text.ts';
import type { JsonNode } from './json-text.ts';

/** Media type of a chart's value. */
export const CHART = 'application/vnd.vegalite.v6+json';

/** What a chart remembers of one of its data: enough to load it again, and to differ when it differs. */
export interface ChartData { readonly form: ValueRef['form']; readonly hash: string; readonly bytes: number; readonly rows: number }

export const chart = defineNode({
  name: 'chart', contract: 'core/chart.yaml', languages: ['vega-lite'], keyVersion: 1, analysisVersion: 2,
  engines: () => [],
  analyse: (cell: Cell): Analysis => {
    let text: JsonNode;
    try {
      text = parseJsonText(cell.body);
    } catch (error) {
      if (!(error instanceof JsonFault)) throw error;
      return { reads: [], binds: [], imports: [], normal: cell.body, problems: [{ code: 'syntax', severity: 'error', message: `The chart is not valid JSON: ${error.message}`, at: error.at }] };
    }
    const found: Found = { names: new Map(), own: new Set(), problems: [] };
    if (text.type !== 'object') found.problems.push({ code: 'syntax', severity: 'error', message: 'A chart is a JSON object, like `{"mark": "bar", …}`.', at: text.at });
    collect(text, found);
    checkMarks(text, found);
    const reads = [...found.names].filter(([name]) => !found.own.has(name)).map(([name, ranges]) => ({ name, ranges }));
    return { reads, binds: [], imports: [], normal: normalForm(JSON.parse(cell.body)), problems: found.problems };
  },
  run: async (step: Step, context: StepContext): Promise<Outcome> => {
    const specification = JSON.parse(step.cell.body) as Record<string, unknown>;
    const data: Record<string, ChartData> = {};
    for (const [name, given] of Object.entries(step.inputs)) {
      if (!('ref' in given)) throw new TelarError('value-type', `A chart cannot draw \`${name}\`: it is a function or an open object; give it rows.`, { line: step.line, port: name });
      const rows = countRows(context.load(given.ref));
      if (rows === undefined) throw new TelarError('value-type', `A chart cannot draw \`${name}\`: it is ${given.ref.form}, not rows; give it a table or a list of records.`, { line: step.line, port: name });
      data[name] = { form: given.ref.form, hash: given.ref.hash, bytes: given.ref.bytes, rows };
    }
    const usermeta = specification.usermeta as { telar?: object } | undefined;
    const value = { ...specification, usermeta: { ...usermeta, telar: { ...usermeta?.telar, data } } };
    return { outputs: { value: context.store(value, { form: 'record', mediaType: CHART }) }, reads: [] };
  },
});

/** The data of a chart's value, by name, as references that can be loaded. */
export function chartData(value: unknown): Readonly<Record<string, ValueRef>> {
  const data = (value as { usermeta?: { telar?: { data?: Record<string, ChartData> } } } | null)?.usermeta?.telar?.data ?? {};
  return Object.fromEntries(Object.entries(data).map(([name, { form, hash, bytes }]) => [name, { form, hash, bytes }]));
}

const MARKS = ['arc', 'area', 'bar', 'boxplot', 'circle', 'errorband', 'errorbar', 'geoshape', 'image', 'line', 'point', 'rect', 'rule', 'square', 'text', 'tick', 'trail'];
/** Members of a view that are views. */
const VIEWS = new Set(['layer', 'concat', 'hconcat', 'vconcat', 'spec']);

interface Found { readonly names: Map<string, Range[]>; readonly own: Set<string>; readonly problems: BodyProblem[] }

/** Walks a specification for the names of its data, but not into data themselves. */
function collect(node: JsonNode, found: Found): void {
  if (node.type === 'array') for (const item of node.items) collect(item, found);
  if (node.type !== 'object') return;
  for (const { key, value } of node.members) {
    if (key === 'data' && value.type === 'object') source(value, found);
    else if (key === 'datasets' && value.type === 'object') for (const member of value.members) found.own.add(member.key);
    else if (key !== 'usermeta' && key !== 'values') collect(value, found);
  }
}

/** Looks at the mark of a view and of the views in it; elsewhere `mark` may be the name of a field. */
function checkMarks(view: JsonNode, found: Found): void {
  if (view.type !== 'object') return;
  for (const { key, value } of view.members) {
    if (key === 'mark') {
      const mark = value.type === 'object' ? value.members.find((one) => one.key === 'type')?.value : value;
      if (mark?.type !== 'string' || MARKS.includes(mark.value)) continue;
      found.problems.push({ code: 'bad-value', severity: 'error', message: `Vega-Lite has no mark \`${mark.value}\`.${didYouMean(mark.value, MARKS)} Marks: ${MARKS.join(', ')}.`, at: mark.at });
    } else if (VIEWS.has(key)) for (const inner of value.type === 'array' ? value.items : [value]) checkMarks(inner, found);
  }
}

function source(data: JsonNode & { type: 'object' }, found: Found): void {
  const member = (key: string): JsonNode | undefined => data.members.find((one) => one.key === key)?.value;
  const url = data.members.find((one) => one.key === 'url');
  if (url !== undefined) {
    found.problems.push({ code: 'bad-value', severity: 'error', message: 'A chart fetches nothing: read the file with a `data` node and name that node here.', at: url.keyAt });
  }
  const name = member('name');
  if (name?.type !== 'string') return;
  const makesItself = ['values', 'url', 'sequence', 'sphere', 'graticule'].some((key) => member(key) !== undefined);
  if (makesItself) { found.own.add(name.value); return; }
  // Inside the quotes; a name with escapes is no name of a node.
  const at = { from: name.at.from + 1, to: name.at.to - 1 };
  const ranges = found.names.get(name.value);
  if (ranges === undefined) found.names.set(name.value, [at]);
  else ranges.push(at);
}

/** Rows that a value has in a chart; `undefined` for what a chart cannot take. */
function countRows(value: unknown): number | undefined {
  if (Array.isArray(value)) return value.length;
  const table = value as Partial<TableView> | null;
  if (typeof table !== 'object' || table === null) return undefined;
  if (typeof table.rows === 'number' && typeof table.column === 'function') return table.rows;
  const { shape } = table as { shape?: readonly number[] };
  if (Array.isArray(shape) && 'data' in table) return shape[0] ?? 1;
  return Object.getPrototypeOf(table) === Object.prototype ? 1 : undefined;
}
