/** What a notebook takes and gives, as JSON and as JSON Schemas: the same for a skill, for an MCP tool, and for whoever calls either. */
import type { OutputValue } from '../../contracts/node.ts';
import type { Blobs, TableView } from '../../contracts/values.ts';
import { parseYamlBody } from '../../nodes/yaml-body.ts';
import type { Graph } from '../graph/graph.ts';
import type { Settings } from '../given.ts';
import { eachOf, outputPorts, type GraphNode } from '../graph/node.ts';
import { toBase64 } from '../values/base64.ts';
import { loadValue } from '../values/kinds.ts';
import { plainJson } from '../values/plain.ts';
import { isTableView } from '../values/summary.ts';

/** A JSON Schema. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** An output of a notebook: its name, the node and which of its outputs. */
export interface NamedOutput { readonly name: string; readonly node: GraphNode; readonly output: string }

/** The inputs that can be set: those that no wire gives. */
function inputsOf(graph: Graph): readonly GraphNode[] {
  return graph.root.nodes.filter((node) => node.description.kind === 'input' && !node.cell.disabled && !node.ports.some((port) => port.name === 'given'));
}

/** The outputs: those that the front matter names, else every node that nothing reads and that is no check. */
export function outputsOf(graph: Graph): readonly NamedOutput[] {
  const said = graph.root.document.frontMatter.outputs;
  if (said === undefined || said.length === 0) {
    return graph.root.nodes.filter((node) => node.readers.size === 0 && !node.cell.disabled && !['check', 'save', 'input', 'graph'].includes(node.description.kind)).map((node) => ({ name: node.id, node, output: 'value' }));
  }
  return said.flatMap((name) => {
    const dot = name.indexOf('.');
    const node = graph.node(dot < 0 ? name : name.slice(0, dot));
    return node === undefined ? [] : [{ name, node, output: dot < 0 ? 'value' : name.slice(dot + 1) }];
  });
}

/** The value of an output among those that a run left; of a nested notebook, of the node inside. */
export function valueOf({ node, output }: NamedOutput, outputs: (path: string) => Readonly<Record<string, OutputValue>> | undefined): OutputValue | undefined {
  const own = outputs(node.path)?.[output];
  const inner = own === undefined ? outputPorts(node).find((port) => port.name === output)?.source : undefined;
  return inner === undefined ? own : outputs(inner.node.path)?.[inner.output];
}

/** A value as JSON for another program: a table as its rows, bytes as base64. @throws TelarError `value-missing`, `value-type` */
export function valueJson({ ref, summary }: OutputValue, blobs: Blobs): unknown {
  if (ref === undefined || ref.form === 'live' || ref.form === 'opaque') return summary.preview;
  const value = loadValue(ref, blobs);
  if (isTableView(value)) return rowsOf(value);
  if (ref.form === 'bytes') return { mediaType: ref.mediaType ?? 'application/octet-stream', base64: toBase64(value as Uint8Array) };
  return JSON.parse(JSON.stringify(plainJson(value))) as unknown;
}

function rowsOf(table: TableView): Record<string, unknown>[] {
  const columns = table.columns.map(({ name }) => [name, table.column(name)] as const);
  return Array.from({ length: table.rows }, (_, row) => JSON.parse(JSON.stringify(Object.fromEntries(columns.map(([name, values]) => [name, plainJson(values[row])])))) as Record<string, unknown>);
}

/** Types of a Telar input that JSON Schema says otherwise. */
const OTHERWISE: Readonly<Record<string, readonly string[]>> = { any: [], table: ['array'] };

/** What a program sets, as a run takes it: of a type other than `string` a run takes a text for what a person typed, and reads it as JSON. */
export const settingsOf = (graph: Graph, input: Settings): Settings => eachText(graph, input, (text) => JSON.stringify(text));

/** What a run was set to, as a program would say it. */
export const settingsJson = (graph: Graph, set: Settings): Settings => eachText(graph, set, (text) => { try { return JSON.parse(text) as unknown; } catch { return text; } });

function eachText(graph: Graph, set: Settings, act: (text: string) => unknown): Settings {
  const nodes = new Map(inputsOf(graph).map((node) => [node.id, node]));
  return Object.fromEntries(Object.entries(set).map(([name, value]) => { const node = nodes.get(name); return [name, typeof value === 'string' && node !== undefined && inputOf(node).type !== 'string' ? act(value) : value]; }));
}

/** Schema of what may be set. */
export function inputSchema(graph: Graph): JsonSchema {
  const inputs = inputsOf(graph).map((node) => [node.id, inputOf(node)] as const);
  const required = inputs.filter(([, schema]) => !('default' in schema)).map(([id]) => id);
  return { type: 'object', properties: Object.fromEntries(inputs), ...(required.length === 0 ? {} : { required }), additionalProperties: false };
}

function inputOf(node: GraphNode): JsonSchema {
  return schemaOf(Object(parseYamlBody(node.cell.body).value) as Record<string, unknown>);
}

function schemaOf({ type, items, properties, default: standard, ...others }: Record<string, unknown>): JsonSchema {
  const rest = Object.fromEntries(Object.entries(others).filter(([key]) => key !== 'widget'));
  const types = [...new Set([type ?? 'any'].flat().flatMap((one) => OTHERWISE[String(one)] ?? [String(one)]))];
  const isOpen = [type ?? 'any'].flat().includes('any');
  return {
    ...(isOpen || types.length === 0 ? {} : { type: types.length === 1 ? types[0] : types }), ...(JSON.parse(JSON.stringify(rest, (_, one: unknown) => (typeof one === 'bigint' ? Number(one) : one))) as object),
    ...(items === undefined ? {} : { items: schemaOf(Object(items) as Record<string, unknown>) }),
    ...(properties === undefined ? {} : { properties: Object.fromEntries(Object.entries(Object(properties) as Record<string, unknown>).map(([name, one]) => [name, schemaOf(Object(one) as Record<string, unknown>)])) }),
    ...(standard === undefined ? {} : { default: JSON.parse(JSON.stringify(plainJson(standard))) as unknown }),
  };
}

/** Schema of what comes out. No more is promised than the kind of node keeps whatever its inputs are. */
export function outputSchema(graph: Graph): JsonSchema {
  const outputs = outputsOf(graph);
  const sure = outputs.filter(({ node }) => node.description.when === undefined && node.scope.boundary === undefined && !hasGate(node)).map(({ name }) => name);
  return { type: 'object', properties: Object.fromEntries(outputs.map((one) => [one.name, outputOf(one)])), ...(sure.length === 0 ? {} : { required: sure }), additionalProperties: false };
}

/** Whether anything before the node may be skipped. */
function hasGate(node: GraphNode, seen = new Set<GraphNode>()): boolean {
  if (seen.has(node)) return false;
  seen.add(node);
  return node.description.when !== undefined || node.ports.some((port) => hasGate(port.source.node, seen));
}

const ROWS: JsonSchema = { type: 'array', items: { type: 'object' } };

function outputOf({ node, output }: NamedOutput): JsonSchema {
  if (eachOf(node) !== undefined || output !== 'value') return {};
  const { kind, params } = node.description;
  if (kind === 'text') return params.format === 'markdown' ? { type: 'string', contentMediaType: 'text/markdown' } : { type: 'string' };
  if (kind === 'sql') return ROWS;
  if (kind === 'chart') return { type: 'object', description: 'A Vega-Lite specification; its data are named by their hashes.' };
  return {};
}
