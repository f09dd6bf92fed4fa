/** `telar unpin`: lets a pinned run go with the others. */
import { findRun } from '../../checkpoints/find-run.ts';
import type { Arguments } from './arguments.node.ts';
import { openHost } from './host.node.ts';
import { terminal } from './terminal.node.ts';

export async function run(args: Arguments): Promise<number> {
  const host = openHost(args.text('workspace') ?? '.', args, 'read');
  try {
    const { id } = findRun(host.store, args.positionals[0] as string);
    await host.store.pin(id, false);
    if (args.flags.quiet !== true) terminal.out(`Run ${id} is not pinned any more: \`telar gc\` keeps it as long as it is one of the newest.\n`);
    return 0;
  } finally {
    await host.close();
  }
}
