/** `telar runs`: past runs of a notebook, or of the workspace. */
import type { Arguments } from './arguments.node.ts';
import { openHost } from './host.node.ts';
import { colour, duration, terminal } from './terminal.node.ts';

export async function run(args: Arguments): Promise<number> {
  const [file] = args.positionals;
  const host = openHost(file ?? args.text('workspace') ?? '.', args, 'read');
  try {
    const runs = host.store.runs(file === undefined ? undefined : host.workspace.file).map((one) => {
      const steps = host.store.steps(one.id);
      const count = (test: (step: (typeof steps)[number]) => boolean): number => steps.filter(test).length;
      return {
        run: one.id, file: one.file, started: one.started, status: one.status ?? 'open',
        ...(one.ended === undefined ? {} : { ms: Date.parse(one.ended) - Date.parse(one.started) }),
        ran: count((step) => step.how === 'ran'), reused: count((step) => step.how === 'reused'), failed: count((step) => step.state === 'failed'),
        ...(Object.keys(one.inputs).length === 0 ? {} : { inputs: one.inputs }),
      };
    });
    if (args.flags.json === true) { terminal.out(`${JSON.stringify({ type: 'runs', runs })}\n`); return 0; }
    if (runs.length === 0) terminal.out('No runs yet. `telar run FILE` makes one.\n');
    for (const one of runs) {
      const words = one.status === 'open' ? 'unfinished' : one.status;
      const status = one.status === 'ok' ? colour.green(one.status) : one.status === 'failed' ? colour.red(one.status) : colour.yellow(words);
      const set = Object.entries(one.inputs ?? {}).map(([name, value]) => ` ${name}=${String(value)}`).join('');
      terminal.out(`${one.run}  ${status.padEnd(10)}  ${one.ran} ran, ${one.reused} reused${one.failed > 0 ? `, ${one.failed} failed` : ''}  ${one.ms === undefined ? '' : duration(one.ms)}  ${file === undefined ? one.file : ''}${colour.grey(set)}\n`);
    }
    return 0;
  } finally {
    await host.close();
  }
}
