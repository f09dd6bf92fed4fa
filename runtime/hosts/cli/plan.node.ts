/** `telar plan`: what a run would do, and why; does nothing. */
import type { Arguments } from './arguments.node.ts';
import { openHost } from './host.node.ts';
import { planOptions } from './run.node.ts';
import { colour, terminal } from './terminal.node.ts';

const MARK: Readonly<Record<string, (text: string) => string>> = { run: colour.blue, reuse: colour.green, undecided: colour.blue, failed: colour.red };

export async function run(args: Arguments): Promise<number> {
  const host = openHost(args.positionals[0] as string, args, 'read');
  try {
    const notebook = await host.open();
    const steps = notebook.plan(planOptions(args));
    if (args.flags.json === true) {
      terminal.out(`${JSON.stringify({ type: 'plan', steps: steps.map(({ node, decision, reason }) => ({ node, decision, reason })) })}\n`);
      return 0;
    }
    const width = Math.min(28, Math.max(6, ...steps.map((step) => step.node.length)));
    for (const { node, decision, reason } of steps) {
      terminal.out(`${node.padEnd(width)}  ${(MARK[decision] ?? colour.yellow)(decision.padEnd(11))} ${colour.grey(reason)}\n`);
    }
    return 0;
  } finally {
    await host.close();
  }
}
