/** `telar compare`: how two runs differ, node by node. Runs nothing. */
import { findRun } from '../../checkpoints/find-run.ts';
import type { RunRecord } from '../../checkpoints/store.ts';
import { ruleFor } from '../../compare/rules.ts';
import { compareRuns, type NodeComparison } from '../../compare/runs.ts';
import { count, oneLine } from '../../compare/words.ts';
import { templatePath } from '../../graph/node.ts';
import { openPast } from '../../replay/past.ts';
import type { Arguments } from './arguments.node.ts';
import { openHost } from './host.node.ts';
import { colour, terminal } from './terminal.node.ts';

/** Milliseconds after which it says how far it is. */
const PATIENCE = 500;

const MARKS = { changed: colour.yellow('~'), added: colour.green('+'), removed: colour.red('-') };

export async function run(args: Arguments): Promise<number> {
  const host = openHost(args.text('workspace') ?? '.', args, 'read');
  try {
    const [a, b] = args.positionals.map((text) => findRun(host.store, text)) as [RunRecord, RunRecord];
    // Without the notebook of then, values are compared as where nobody says how.
    const graph = (await openPast(host, b).catch(() => undefined))?.graph;
    const waiting = hourglass();
    const { nodes } = compareRuns(host.store, a, b, {
      rule: (path, output) => { const node = graph?.node(templatePath(path)); return node === undefined ? undefined : ruleFor(node, output); },
      progress: waiting.tell,
    });
    waiting.end();
    if (args.flags.json === true) {
      terminal.out(`${JSON.stringify({ type: 'compare', runs: [a.id, b.id], nodes: nodes.map(({ node, output, change, summary }) => ({ node, output, change, summary })) })}\n`);
      return 0;
    }
    print(a, b, nodes, args.flags.quiet === true);
    return 0;
  } finally {
    await host.close();
  }
}

function print(a: RunRecord, b: RunRecord, nodes: readonly NodeComparison[], quiet: boolean): void {
  if (!quiet) terminal.out(`${colour.bold(a.id)} → ${colour.bold(b.id)}  ${a.file === b.file ? a.file : `${a.file} → ${b.file}`}\n`);
  const changed = nodes.filter((one) => one.change !== 'same');
  const nameOf = ({ node, output }: NodeComparison): string => oneLine(output === 'value' ? node : `${node}.${output}`);
  const width = Math.min(32, Math.max(0, ...changed.map((one) => nameOf(one).length)));
  for (const one of changed) {
    terminal.out(`${MARKS[one.change as keyof typeof MARKS]} ${nameOf(one).padEnd(width)}  ${one.summary}\n`);
    for (const line of one.lines) terminal.out(`    ${colour.grey(line)}\n`);
  }
  if (quiet) return;
  const same = nodes.length - changed.length;
  terminal.out(`${changed.length === 0 ? 'No difference' : `${count(changed.length, 'output')} differ${changed.length === 1 ? 's' : ''}`}; ${same} of ${nodes.length} are the same.\n`);
}

/** Says on a terminal how many nodes are done, where it takes longer. */
function hourglass(): { tell(done: number, all: number): void; end(): void } {
  const started = performance.now();
  let told = false;
  const write = (text: string): void => { if (process.stderr.isTTY === true) process.stderr.write(text); };
  return {
    tell: (done, all) => {
      if (performance.now() - started < PATIENCE) return;
      told = true;
      write(`\r\u001b[2Kcomparing, ${done} of ${all} nodes`);
    },
    end: () => { if (told) write('\r\u001b[2K'); },
  };
}
