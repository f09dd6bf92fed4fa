/**
 * `telar ask`: asks a prompt's model again, on purpose, and tells how the new answer differs from the one before. Only that node runs;
 * what it needs is as a run would have it. The new answer is a take of its own, and later runs reuse it.
 */
import { TelarError } from '../../../contracts/errors.ts';
import type { OutputValue } from '../../../contracts/node.ts';
import type { NodeStatus } from '../../../contracts/protocol.ts';
import { nearest } from '../../../nodes/nearest.ts';
import type { Row, Store } from '../../checkpoints/store.ts';
import { compareValues, type Comparison } from '../../compare/compare.ts';
import { ruleFor } from '../../compare/rules.ts';
import { templatePath, type GraphNode } from '../../graph/node.ts';
import { usageWords } from '../../prompts/usage.ts';
import type { Notebook } from '../../runtime.ts';
import type { Arguments } from './arguments.node.ts';
import { openHost, type Host } from './host.node.ts';
import { previewValue } from './preview.node.ts';
import { jobsOf, planOptions } from './run.node.ts';
import { stoppable } from './stoppable.node.ts';
import { tellRun } from './tell-run.node.ts';
import { colour, exitOfRun, terminal } from './terminal.node.ts';

/** One question with its new answer, and the one before where the same was asked before. */
interface Answered { readonly node: string; readonly status: NodeStatus; readonly before?: OutputValue; readonly after?: OutputValue; readonly comparison?: Comparison }

export async function run(args: Arguments): Promise<number> {
  const host = openHost(args.positionals[0] as string, args);
  try {
    return await stoppable(async (signal) => {
      const notebook = await host.open();
      const node = promptOf(notebook, args.positionals[1] as string);
      const told = tellRun(host, notebook, args);
      const result = await notebook.run({ ...planOptions(args), to: [node.path], from: [node.path], jobs: jobsOf(args), failFast: false, signal, emit: told.emit }).finally(told.close);
      const answers = [...result.nodes].flatMap(([path, status]) => (templatePath(path) === node.path ? [answered(path, status, node, host.store)] : [])).filter(({ status }, _, all) => all.length === 1 || status.usage !== undefined || status.state !== 'fresh');
      if (args.flags.json === true) terminal.out(`${JSON.stringify({ type: 'ask', run: result.run, status: result.status, answers: answers.map((one) => summaryOf(one, host)) })}\n`);
      else for (const one of answers) print(one, host);
      // Errors elsewhere in the file have been told; what was asked for is what counts.
      return exitOfRun(result.status === 'cancelled', result.nodes.values(), false);
    });
  } finally {
    await host.close();
  }
}

/** @throws TelarError `usage` for what is no prompt */
function promptOf({ graph, file }: Notebook, name: string): GraphNode {
  const node = graph.node(templatePath(name));
  const prompts = [...graph.nodes()].filter((one) => one.description.analysis.model !== undefined).map((one) => one.path);
  if (node?.description.analysis.model !== undefined) return node;
  const near = nearest(name, prompts);
  const known = near === undefined ? (prompts.length === 0 ? 'It has none.' : `It has ${prompts.slice(0, 10).join(', ')}.`) : `Did you mean \`${near}\`?`;
  if (node === undefined) throw new TelarError('usage', `There is no prompt \`${name}\` in ${file}. ${known}`);
  throw new TelarError('usage', `\`${name}\` asks no model; \`telar run ${file} --from ${name}\` does it again. ${prompts.length === 0 ? '' : `Prompts: ${prompts.slice(0, 10).join(', ')}.`}`.trim());
}

function answered(path: string, status: NodeStatus, node: GraphNode, store: Store): Answered {
  const after = status.outputs?.value;
  const rows: readonly Row[] = status.key === undefined ? [] : store.rows(status.key);
  const newest = status.state === 'fresh' ? rows.find((row) => row.outputs.value?.ref?.hash === after?.ref?.hash) : undefined;
  const before = rows.find((row) => newest === undefined || row.take < newest.take)?.outputs.value;
  const comparison = before === undefined || after === undefined ? undefined : compareValues(before, after, ruleFor(node, 'value'), store.blobs);
  return { node: path, status, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }), ...(comparison === undefined ? {} : { comparison }) };
}

function summaryOf({ node, status, before, after, comparison }: Answered, { store }: Host): Record<string, unknown> {
  const shown = (value: OutputValue): Record<string, unknown> => ({ ...(value.ref === undefined ? {} : { hash: value.ref.hash }), preview: previewValue(value, store.blobs) });
  return {
    node, state: status.state, ...(status.reason === undefined || status.state === 'fresh' ? {} : { reason: status.reason }), ...(before === undefined ? {} : { before: shown(before) }), ...(after === undefined ? {} : { after: shown(after) }),
    ...(comparison === undefined ? {} : { verdict: comparison.verdict, summary: comparison.summary }), ...(status.usage === undefined ? {} : { usage: status.usage }),
    ...(status.error === undefined ? {} : { error: status.error }),
  };
}

function print({ node, status, before, after, comparison }: Answered, { store }: Host): void {
  if (after === undefined) return;
  if (before !== undefined) terminal.out(`\n${colour.bold(`${node}, before`)}\n${previewValue(before, store.blobs)}\n`);
  terminal.out(`\n${colour.bold(`${node}, ${before === undefined ? 'asked for the first time' : 'now'}`)}\n${previewValue(after, store.blobs)}\n`);
  if (comparison !== undefined) {
    terminal.out(`\n${comparison.verdict === 'identical' ? 'The same answer.' : `${comparison.verdict === 'equal' ? 'Equal' : 'Different'}: ${comparison.summary}`}\n`);
    for (const line of comparison.lines) terminal.out(`    ${colour.grey(line)}\n`);
  }
  if (status.usage !== undefined) terminal.out(`${colour.grey(usageWords(status.usage))}\n`);
}
