/** `telar restore`: makes a past run the shown one of its notebook and tells what it came to. Runs nothing; the notebook stays as it is. */
import { findRun } from '../../checkpoints/find-run.ts';
import { pastGraph, pastNodes } from '../../replay/past.ts';
import type { Arguments } from './arguments.node.ts';
import { openHost } from './host.node.ts';
import { shownPath } from './paths.node.ts';
import { Report } from './report.node.ts';
import { pastSummary } from './summary.ts';
import { colour, terminal } from './terminal.node.ts';

export async function run(args: Arguments): Promise<number> {
  const host = openHost(args.text('workspace') ?? '.', args, 'read');
  try {
    const run = findRun(host.store, args.positionals[0] as string);
    // Without its graph only the outputs of nested notebooks are not told; their nodes' are.
    const graph = await pastGraph(host, run);
    const nodes = pastNodes(host.store, run, graph);
    await host.store.show(run.file, run.id);
    if (args.flags.json === true) { terminal.out(`${JSON.stringify(pastSummary(run, nodes))}\n`); return 0; }
    if (args.flags.quiet === true) return 0;
    const report = new Report([...nodes.keys()], false, (file) => shownPath(host.workspace, file));
    for (const [node, status] of nodes) report.operation({ type: 'node', run: run.id, node, status });
    report.close();
    const file = shownPath(host.workspace, run.file);
    terminal.out(`\n${colour.bold(run.id)}  ${run.status ?? 'unfinished'}, begun ${run.started}${run.parent === undefined ? '' : `, forked from ${run.parent} (${(run.edits ?? []).join(', ')})`}\n`);
    terminal.out(`It is the shown run of ${file} now: \`telar show ${file} ID\` shows its values, until the next run.\n`);
    return 0;
  } finally {
    await host.close();
  }
}
