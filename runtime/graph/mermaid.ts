/** The graph as Mermaid, as Markdown viewers draw it, and its edges. It draws what it is given; nothing is laid out here. */
import { type GraphNode, type Scope } from './node.ts';
import type { Graph } from './graph.ts';

/** How a node is marked; `undefined` for one about which nothing is to be said. */
export type Mark = 'problem' | 'disabled' | 'failed' | undefined;

/** A graph with what is known of its nodes' last run. */
export interface Drawing { readonly graph: Graph; mark(node: GraphNode): Mark }

/** A wire. */
export interface Edge { readonly from: GraphNode; readonly output: string; readonly to: GraphNode; readonly port: string }

/** All wires, reader by reader. */
export function* edges(graph: Graph): Generator<Edge> {
  for (const to of graph.nodes()) for (const { name, source } of to.ports) yield { from: source.node, output: source.output, to, port: name };
}

/** What stands at an edge: nothing where the port bears the name of what it reads. */
export function edgeLabel({ from, output, to, port }: Edge): string {
  const said = output === 'value' ? from.id : output;
  if (to.inner !== undefined || port === said || port.endsWith(`.${said}`)) return output === 'value' || output === from.id ? '' : output;
  return port === 'given' ? '' : `${said} → ${port}`;
}

/** What is said of a marked node. */
export const MARKS: Readonly<Record<Exclude<Mark, undefined>, string>> = { problem: 'has an error', disabled: 'disabled', failed: 'failed last time' };
const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Mermaid. Nested notebooks are subgraphs. */
export function mermaid({ graph, mark }: Drawing): string {
  const lines = ['flowchart TD'];
  const named = new Map([...graph.nodes()].map((node, i) => [node, `n${i}`]));
  const draw = (scope: Scope, indent: string): void => {
    for (const node of scope.nodes) {
      const [open, close] = SHAPES[node.description.kind] ?? ['[', ']'];
      const state = mark(node);
      const text = `${escape(node.id)}<br/><small>${escape(node.description.kind)}${state === undefined ? '' : `, ${MARKS[state]}`}</small>`;
      if (node.inner !== undefined) {
        lines.push(`${indent}subgraph s${named.get(node)}["${escape(node.id)}: ${escape(node.inner.document.file)}"]`);
        draw(node.inner, `${indent}  `);
        lines.push(`${indent}end`);
      }
      lines.push(`${indent}${named.get(node)}${open}"${text}"${close}${state === undefined ? '' : `:::${state}`}`);
    }
  };
  draw(graph.root, '  ');
  for (const edge of edges(graph)) {
    const label = edgeLabel(edge);
    lines.push(`  ${named.get(edge.from)} -->${label === '' ? '' : `|"${escape(label)}"|`} ${named.get(edge.to)}`);
  }
  lines.push('  classDef problem stroke:#c00,stroke-width:2px', '  classDef failed stroke:#c00,stroke-dasharray:4', '  classDef disabled stroke:#999,color:#999,stroke-dasharray:4');
  return `${lines.join('\n')}\n`;
}

const SHAPES: Readonly<Record<string, readonly [string, string]>> = {
  data: ['[(', ')]'], input: ['([', '])'], sql: ['[', ']'], text: ['[/', '/]'], chart: ['[/', '/]'], check: ['{{', '}}'], graph: ['[[', ']]'],
};
