/** Values that input nodes are given: set by a person, or constants of an enclosing `with:`. */
import { parse } from 'yaml';
import { TelarError } from '../contracts/errors.ts';
import type { OutputValue } from '../contracts/node.ts';
import type { Blobs } from '../contracts/values.ts';
import type { Graph } from './graph/graph.ts';
import type { GraphNode } from './graph/node.ts';
import { tableFromRecords } from './values/infer.ts';
import { storeValue } from './values/kinds.ts';
import { PlainTableView } from './values/table.ts';

/** Values set from outside, by path of the input node: text as a person typed it, or data. */
export type Settings = Readonly<Record<string, unknown>>;

/** The values, by input node, put into the store. @throws TelarError `usage` for what is no input, or is wired */
export function givenValues(graph: Graph, set: Settings, blobs: Blobs): Map<GraphNode, OutputValue> {
  const given = new Map<GraphNode, OutputValue>();
  for (const node of graph.nodes()) {
    const { constants } = node.scope;
    const constant = Object.hasOwn(constants, node.id) ? constants[node.id] : undefined;
    if (node.description.kind === 'input' && constant !== undefined) given.set(node, storeValue(constant, blobs));
  }
  for (const [path, value] of Object.entries(set)) {
    const node = graph.node(path);
    if (node?.description.kind !== 'input') {
      const inputs = [...graph.nodes()].filter((one) => one.description.kind === 'input').map((one) => one.path);
      throw new TelarError('usage', `--set ${path}: there is no input \`${path}\`; inputs are ${inputs.join(', ') || 'none'}.`, { node: path });
    }
    const wire = node.ports.find((port) => port.name === 'given');
    if (wire !== undefined) {
      throw new TelarError('usage', `--set ${path}: this input is wired to \`${wire.source.node.path}\`, which gives its value; set what that depends on, or run its notebook alone.`, { node: path });
    }
    given.set(node, storeValue(typed(value, node), blobs));
  }
  return given;
}

/** What was set, as its input's type says: of text a string as it stands, all else as JSON where it is JSON; a list of rows for a table is one. */
function typed(set: unknown, node: GraphNode): unknown {
  let type: unknown;
  try { type = (parse(node.cell.body) as { type?: unknown } | null)?.type; } catch { type = undefined; }
  let value = set;
  if (typeof set === 'string' && type !== 'string') try { value = JSON.parse(set) as unknown; } catch { /* a text after all */ }
  return type === 'table' && Array.isArray(value) ? tableOf(value) : value;
}

function tableOf(list: readonly unknown[]): PlainTableView {
  const { rows, columns } = tableFromRecords(list);
  return new PlainTableView(columns, rows);
}
