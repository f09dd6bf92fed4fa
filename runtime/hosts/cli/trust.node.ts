/**
 * `telar trust`: a person's leave for what a notebook asks for. It says in plain words what it allows; on a terminal it asks first (with
 * `--json` and `--quiet` on standard error), elsewhere the command itself is the act. `--show` only says, `--revoke` takes back. Runs nothing.
 */
import { createInterface } from 'node:readline/promises';
import { TelarError } from '../../../contracts/errors.ts';
import type { Arguments } from './arguments.node.ts';
import { openHost } from './host.node.ts';
import { shownPath } from './paths.node.ts';
import { colour, terminal } from './terminal.node.ts';

export async function run(args: Arguments): Promise<number> {
  const show = args.flags.show === true;
  const revoke = args.flags.revoke === true;
  if (show && revoke) throw new TelarError('usage', '`--show` changes nothing and `--revoke` does; say one of them.');
  const host = openHost(args.positionals[0] as string, args, show ? 'read' : 'run');
  try {
    if (!show && !revoke) host.keepLeave();
    const notebook = await host.open();
    const { file } = notebook;
    const asks = notebook.asks().map((ask) => ({ ...ask, known: host.store.granted(ask.hash) }));
    const json = args.flags.json === true;
    const quiet = json || args.flags.quiet === true;
    const say = (text: string): void => { if (!quiet) terminal.out(text); };
    if (asks.length === 0) say(`${shownPath(host.workspace, file)} asks for nothing.\n`);
    if (revoke && asks.length > 0 && !asks.some(({ known }) => known)) say('Nothing was allowed.\n');
    for (const { node, words, known } of asks) if (known || !revoke) say(`${colour.bold(node)} ${revoke ? 'may no longer' : show && !known ? 'asks to' : 'may'} ${words}${known && !revoke ? colour.grey(show ? '  (allowed)' : '  (allowed before)') : ''}\n`);
    const tell = (): void => { if (json) terminal.out(`${JSON.stringify({ type: 'trust', file, ...told(asks, show, revoke) })}\n`); };
    if (revoke) for (const { hash } of asks) await host.store.revoke(hash);
    if (show || revoke) { tell(); return 0; }
    const news = asks.filter(({ known }) => !known);
    const asking = quiet ? process.stderr : process.stdout;
    if (news.length > 0 && process.stdin.isTTY === true && asking.isTTY === true) {
      // What is asked must be seen before it is allowed, also by who wants no words on standard output.
      if (quiet) for (const { node, words } of news) asking.write(`${node} may ${words}\n`);
      if (!await agreed(asking)) {
        asking.write('Nothing was allowed.\n');
        return 1;
      }
    }
    for (const { hash } of news) await host.store.grant(hash);
    if (news.length > 0) say(`Allowed until the code of ${news.length === 1 ? 'this node' : 'these nodes'} changes.\n`);
    tell();
    return 0;
  } finally {
    await host.close();
  }
}

interface Known { readonly node: string; readonly hash: string; readonly words: string; readonly known: boolean }

/** What is allowed now, and what is not. */
function told(asks: readonly Known[], show: boolean, revoke: boolean): object {
  const plain = asks.map(({ known, ...ask }) => ({ ...ask, before: known }));
  const allowed = plain.filter(({ before }) => !revoke && (!show || before));
  return { allowed, ...(show || revoke ? { asked: plain.filter((ask) => !allowed.includes(ask)) } : {}) };
}

/** Whether the person says yes. @throws TelarError `cancelled` by the keyboard */
async function agreed(output: NodeJS.WriteStream): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output });
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
