/** Values that input nodes are given: set by a person, or constants of an enclosing `with:`. */
import { parse } from 'yaml';
import { TelarError } from '../contracts/errors.ts';
import type { OutputValue } from '../contracts/node.ts';
import type { Blobs } from '../contracts/values.ts';
import type { Graph } from './graph/graph.ts';
import type { GraphNode } from './graph/node.ts';
import { storeValue } from './values/kinds.ts';

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
    given.set(node, storeValue(typeof value === 'string' ? typed(value, node) : value, blobs));
  }
  return given;
}

/** Text that a person typed, as its input's type says: a string as it stands, all else as JSON where it is JSON. */
function typed(text: string, node: GraphNode): unknown {
  let type: unknown;
  try { type = (parse(node.cell.body) as { type?: unknown } | null)?.type; } catch { type = undefined; }
  if (type === 'string') return text;
  try { return JSON.parse(text) as unknown; } catch { return text; }
}
