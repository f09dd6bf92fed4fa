/** A notebook as an MCP tool: its name, what it takes and gives as JSON Schemas, and hints from what its nodes do to the world. Runs nothing. */
import { skillDescription, skillName } from '../export/words.ts';
import { inputSchema, outputSchema, type JsonSchema } from '../export/outputs.ts';
import { isolationOf } from '../graph/isolation.ts';
import type { Notebook } from '../notebook.ts';
import { effectOf } from '../scheduler/effects.ts';

/** What a client may assume; hints, not promises. */
interface Hints { readonly readOnlyHint: boolean; readonly destructiveHint: boolean; readonly idempotentHint: boolean; readonly openWorldHint: boolean }

/** A tool. */
export interface NotebookTool {
  readonly name: string;
  readonly title?: string;
  readonly description: string;
  readonly inputSchema: JsonSchema;
  readonly outputSchema: JsonSchema;
  readonly annotations: Hints;
}

/** The tool that a notebook is. @throws TelarError `refused` when it can have no name */
export function toolOf({ graph, file }: Notebook): NotebookTool {
  const { title, data } = graph.root.document.frontMatter;
  const name = skillName(file, title);
  return {
    name, ...(title === undefined ? {} : { title }), description: skillDescription(graph, title ?? name, data.description),
    inputSchema: inputSchema(graph), outputSchema: outputSchema(graph), annotations: hintsOf({ graph }),
  };
}

function hintsOf({ graph }: Pick<Notebook, 'graph'>): Hints {
  const nodes = [...graph.nodes()];
  const effects = new Set(nodes.map(effectOf));
  const writes = effects.has('effect');
  return {
    readOnlyHint: !writes, destructiveHint: writes, idempotentHint: true,
    openWorldHint: effects.has('observe') || nodes.some((node) => node.description.analysis.network !== undefined || (isolationOf(node)?.network.length ?? 0) > 0),
  };
}

/** Tools by name; where two notebooks have one name, the later one gets a number. */
export function distinctTools<T extends { readonly tool: NotebookTool }>(all: readonly T[]): Map<string, T> {
  const tools = new Map<string, T>();
  for (const one of all) {
    let { name } = one.tool;
    for (let count = 2; tools.has(name); count += 1) name = `${one.tool.name}-${count}`;
    tools.set(name, { ...one, tool: { ...one.tool, name } });
  }
  return tools;
}
