/** `telar graph`: the graph as text for a drawing program, or as data. Runs nothing; what has a problem or failed last time is marked. */
import type { Problem } from '../../../contracts/errors.ts';
import { outputPorts, problemsOf, type GraphNode, type Scope } from '../../graph/node.ts';
import type { Graph } from '../../graph/graph.ts';
import { edgeLabel, edges, MARKS, mermaid, type Drawing, type Mark } from '../../graph/mermaid.ts';
import type { Arguments } from './arguments.node.ts';
import { openHost } from './host.node.ts';
import { deliver } from './paths.node.ts';

export async function run(args: Arguments): Promise<number> {
  const host = openHost(args.positionals[0] as string, args, 'parse');
  try {
    const { graph, file } = await host.open();
    const last = host.store.lastRun(file);
    const failed = new Set(last === undefined ? [] : host.store.steps(last.id).filter((step) => step.state === 'failed').map((step) => step.node));
    const mark = (node: GraphNode): Mark => (problemsOf(node).some((problem) => problem.severity === 'error') ? 'problem' : node.cell.disabled ? 'disabled' : failed.has(node.path) ? 'failed' : undefined);
    const draw = { mermaid, dot, json: (drawing: Drawing) => `${JSON.stringify(graphJson(drawing.graph))}\n` }[args.text('format') ?? 'mermaid'] as (drawing: Drawing) => string;
    deliver([draw({ graph, mark })], args.text('output'));
    return 0;
  } finally {
    await host.close();
  }
}

/** `telar graph --format json`. Outputs of a boundary are its notebook's. */
function graphJson(graph: Graph): Record<string, unknown> {
  const nodes = [...graph.nodes()].map((node) => ({
    id: node.path, kind: node.description.kind, outputs: node.inner === undefined ? node.outputs : outputPorts(node).map((port) => port.name),
    problems: problemsOf(node).map(({ file = '', line, column, severity, code, message }: Problem) => ({ file, line, column, node: node.path, severity, code, message })),
  }));
  return { type: 'graph', nodes, edges: [...edges(graph)].map(({ from, output, to, port }) => ({ from: from.path, output, to: to.path, port })) };
}

/** Graphviz. */
function dot({ graph, mark }: Drawing): string {
  const quote = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  const lines = ['digraph {', '  node [shape=box, style=rounded, fontname="sans-serif"];'];
  const draw = (scope: Scope, indent: string): void => {
    for (const node of scope.nodes) {
      const state = mark(node);
      if (node.inner !== undefined) {
        lines.push(`${indent}subgraph ${quote(`cluster_${node.path}`)} {`, `${indent}  label=${quote(`${node.id}: ${node.inner.document.file}`)};`);
        draw(node.inner, `${indent}  `);
        lines.push(`${indent}}`);
      }
      const label = `${quote(`${node.id}\n${node.description.kind}${state === undefined ? '' : `, ${MARKS[state]}`}`).replaceAll('\n', '\\n')}`;
      lines.push(`${indent}${quote(node.path)} [label=${label}${state === undefined ? '' : state === 'disabled' ? ', style="rounded,dashed", color=gray' : ', color=red'}];`);
    }
  };
  draw(graph.root, '  ');
  for (const edge of edges(graph)) {
    const label = edgeLabel(edge);
    lines.push(`  ${quote(edge.from.path)} -> ${quote(edge.to.path)}${label === '' ? '' : ` [label=${quote(label)}]`};`);
  }
  return `${lines.join('\n')}\n}\n`;
}
