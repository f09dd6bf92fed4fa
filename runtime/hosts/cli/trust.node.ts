/**
 * `telar trust`: a person's leave for what a notebook asks for. It says in plain words what it allows; on a terminal it asks first,
 * elsewhere the command itself is the act. Runs nothing.
 */
import { createInterface } from 'node:readline/promises';
import { TelarError } from '../../../contracts/errors.ts';
import { asksOf } from '../../grants.ts';
import type { Arguments } from './arguments.node.ts';
import { openHost } from './host.node.ts';
import { shownPath } from './paths.node.ts';
import { colour, terminal } from './terminal.node.ts';

export async function run(args: Arguments): Promise<number> {
  const host = openHost(args.positionals[0] as string, args);
  try {
    const { graph, file } = await host.open();
    const asks = asksOf(graph, host.sha256).map((ask) => ({ ...ask, known: host.store.granted(ask.hash) }));
    const news = asks.filter(({ known }) => !known);
    const json = args.flags.json === true;
    const quiet = json || args.flags.quiet === true;
    const say = (text: string): void => { if (!quiet) terminal.out(text); };
    if (asks.length === 0) say(`${shownPath(host.workspace, file)} asks for nothing.\n`);
    for (const { node, words, known } of asks) say(`${colour.bold(node)} may ${words}${known ? colour.grey('  (allowed before)') : ''}\n`);
    if (news.length > 0 && !quiet && process.stdin.isTTY === true && process.stdout.isTTY === true && !await agreed()) {
      terminal.out('Nothing was allowed.\n');
      return 1;
    }
    for (const { hash } of news) await host.store.grant(hash);
    if (news.length > 0) say(`Allowed until the code of ${news.length === 1 ? 'this node' : 'these nodes'} changes.\n`);
    if (json) terminal.out(`${JSON.stringify({ type: 'trust', file, allowed: asks.map(({ known, ...ask }) => ({ ...ask, before: known })) })}\n`);
    return 0;
  } finally {
    await host.close();
  }
}

/** Whether the person says yes. @throws TelarError `cancelled` by the keyboard */
async function agreed(): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const stop = new AbortController();
  lines.on('SIGINT', () => { stop.abort(); });
  try {
    return /^y(?:es)?$/i.test((await lines.question('Allow this? [y/N] ', { signal: stop.signal })).trim());
  } catch (error) {
    throw new TelarError('cancelled', 'Stopped by the keyboard.', {}, { cause: error });
  } finally {
    lines.close();
  }
}
