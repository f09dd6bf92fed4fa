/** `telar doubt`: effects of which nobody knows whether they were made, and a person's word on them. Runs nothing. */
import { TelarError } from '../../../contracts/errors.ts';
import { doubtsOf, findDoubt, resolveDoubt, type Doubt, type Evidence } from '../../doubt.ts';
import type { Arguments } from './arguments.node.ts';
import { openHost, type Host } from './host.node.ts';
import { shownPath } from './paths.node.ts';
import { colour, terminal } from './terminal.node.ts';

export async function run(args: Arguments): Promise<number> {
  const [act, id, how, ...rest] = args.positionals;
  if ((act !== 'list' && act !== 'resolve') || rest.length > 0) throw new TelarError('usage', '`telar doubt list`, or `telar doubt resolve ID done|again`.');
  if (act === 'list' && id !== undefined) throw new TelarError('usage', '`telar doubt list` takes no further word.');
  if (act === 'resolve' && (id === undefined || (how !== 'done' && how !== 'again'))) {
    throw new TelarError('usage', 'Say which and how: `telar doubt resolve ID done` (it was made), or `… again` (the next run makes it). `telar doubt list` shows the ids.');
  }
  const host = openHost(args.text('workspace') ?? '.', args, 'read');
  try {
    const json = args.flags.json === true;
    let resolved: { id: string; how: string } | undefined;
    if (act === 'resolve') {
      const intent = findDoubt(host.store, id as string);
      await resolveDoubt(intent, how as 'done' | 'again', host);
      if (intent.writes !== undefined) host.files.tidy(intent.writes.path);
      resolved = { id: intent.id, how: how as string };
      if (!json && args.flags.quiet !== true) terminal.out(`${intent.node}: ${how === 'done' ? 'it has its receipt now, and is not made again' : 'the next run makes it'}.\n`);
    }
    if (json) terminal.out(`${JSON.stringify({ type: 'doubts', ...(resolved === undefined ? {} : { resolved }), doubts: doubtsOf(host).map(tell) })}\n`);
    else if (act === 'list') list(host, doubtsOf(host));
    return 0;
  } finally {
    await host.close();
  }
}

/** A doubt as `--json` tells it. */
function tell({ intent: { id, node, file, run, started, what, writes }, evidence, open }: Doubt) {
  return { id, node, file, run, started, what, evidence, open, ...(writes === undefined ? {} : { writes }) };
}

const SEEN: Readonly<Record<Evidence, string>> = {
  written: 'the file has exactly the bytes that it would have written, so it was probably made',
  other: 'the file has other bytes than it would have written',
  missing: 'there is no such file, so it was probably not made',
  unknown: 'nothing here can tell whether it was made',
};

function list(host: Host, doubts: readonly Doubt[]): void {
  if (doubts.length === 0) { terminal.out('Nothing is in doubt.\n'); return; }
  for (const { intent, evidence, open } of doubts) {
    const going = open ? ', which has not ended: it may still be at it, or was cut off' : '';
    terminal.out(`${colour.bold(intent.id.slice(0, 12))}  ${intent.what}\n`
      + `  node ${intent.node} of ${shownPath(host.workspace, intent.file)}, since ${intent.started}, by run ${intent.run}${going}\n`
      + `  ${SEEN[evidence]}\n`);
  }
  terminal.out('\n`telar doubt resolve ID done` if it was made; `telar doubt resolve ID again` if it was not.\n');
}
