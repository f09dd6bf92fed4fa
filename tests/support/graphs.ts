/** Graphs from texts, for tests: real parser, real kinds, files in memory. */
import { readFileSync } from 'node:fs';
import { createCatalogue } from '../../nodes/index.ts';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { createResources } from '../../runtime/adapters/resources.node.ts';
import { createDescriber, type Describer } from '../../runtime/describe.ts';
import { parseDocument } from '../../runtime/document/parse.ts';
import { TelarError } from '../../contracts/errors.ts';
import { buildGraph, type Graph } from '../../runtime/graph/graph.ts';
import { readProject, type Project } from '../../runtime/graph/project.ts';

/** The catalogue over the contracts of this repository. */
export const catalogue = createCatalogue((path) => readFileSync(new URL(`../../contracts/nodes/${path}`, import.meta.url), 'utf8'));

const cache = new Map<string, string>();
export const describer: Describer = createDescriber({
  catalogue, sha256, resources: createResources(),
  cache: { analysis: (key) => cache.get(key), setAnalysis: (key, json) => { cache.set(key, json); } },
});

/** Reads a project from texts by path; the first one is the root. */
export async function projectOf(files: Readonly<Record<string, string>>): Promise<Project> {
  const [root] = Object.keys(files) as [string];
  const project = readProject(root, (path) => {
    const text = files[path];
    if (text === undefined) throw new TelarError('missing-file', `There is no notebook ${path}.`);
    return parseDocument(text, path);
  });
  await describer.prepare([project.root, ...[...project.nested.values()].flatMap((one) => ('document' in one ? [one.document] : []))]);
  return project;
}

/** Builds the graph of texts. */
export async function graphOf(files: Readonly<Record<string, string>> | string): Promise<Graph> {
  const project = await projectOf(typeof files === 'string' ? { 'main.telar.md': files } : files);
  return buildGraph(project, (cell) => describer.describe(cell));
}

/** A JavaScript cell. */
export const js = (id: string, body: string, keys = ''): string => `\`\`\`javascript {#${id}${keys === '' ? '' : ` ${keys}`}}\n${body}\n\`\`\`\n`;

/** All that can be seen of a graph, in plain data: two graphs are the same exactly when this is. */
export function portrait(graph: Graph): unknown {
  return {
    order: graph.order().map((node) => node.path),
    problems: graph.problems().map(({ code, node, line, message }) => ({ code, node, line, message })),
    nodes: [...graph.nodes()].map((node) => ({
      path: node.path, outputs: node.outputs, readers: [...node.readers.keys()].map((reader) => reader.path).sort(),
      ports: node.ports.map((port) => `${port.name}=${port.source.node.path}.${port.source.output}`).sort(),
      cycles: node.cycles.map((cycle) => cycle.map((one) => one.path)).sort(),
    })),
  };
}
