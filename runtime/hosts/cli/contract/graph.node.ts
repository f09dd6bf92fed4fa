/** `telar contract graph`: what needs what among contracts, in an order in which they can be made; rings, missing ids and versions that do not fit. */
import type { Problem } from '../../../../contracts/errors.ts';
import type { Arguments } from '../arguments.node.ts';
import { problemLine } from '../tell-run.node.ts';
import { colour, terminal } from '../terminal.node.ts';
import { plainFinding, type Finding } from '../check/finding.ts';
import { graphOf } from './judge.node.ts';
import { contractPaths, isReadable, loadContract } from './load.node.ts';

export async function run(args: Arguments, paths: readonly string[]): Promise<number> {
  const files = contractPaths(paths).map((path) => loadContract(path, args));
  const readable = files.filter(isReadable);
  const graph = graphOf(readable);
  const problems: Finding[] = [...files.filter((file) => !isReadable(file)).flatMap(({ findings }) => findings), ...graph.findings.map((finding) => ({ ...finding, severity: 'error' as const }))];
  if (args.flags.json === true) {
    terminal.out(`${JSON.stringify({ type: 'contract-graph', contracts: readable.map(({ contract, shown }) => ({ id: contract.id, version: contract.version, file: shown })), order: graph.order, edges: graph.edges, cycles: graph.cycles, problems: problems.map(plainFinding) })}\n`);
  } else {
    const needs = Map.groupBy(graph.edges, ({ from }) => from);
    const rings = new Set(graph.cycles.flatMap(({ path }) => path));
    if (args.flags.quiet !== true) {
      for (const id of graph.order) {
        const to = (needs.get(id) ?? []).map((edge) => `${edge.to}${edge.range === undefined ? '' : `@${edge.range}`}`);
        terminal.out(`${rings.has(id) ? colour.red(id) : id}${to.length === 0 ? '' : ` → ${to.join(', ')}`}\n`);
      }
    }
    for (const problem of problems) terminal.error(problemLine(problem as Problem));
  }
  return problems.length > 0 ? 2 : 0;
}
