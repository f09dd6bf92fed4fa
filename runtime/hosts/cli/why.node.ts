/** `telar why`: the decision on one node, its reason, and the difference of its key to the last one. */
import { TelarError } from '../../../contracts/errors.ts';
import { nearest } from '../../../nodes/nearest.ts';
import type { ComponentChange } from '../../graph/fingerprint.ts';
import type { Arguments } from './arguments.node.ts';
import { openHost } from './host.node.ts';
import { planOptions } from './run.node.ts';
import { colour, terminal } from './terminal.node.ts';

export async function run(args: Arguments): Promise<number> {
  const [file, id] = args.positionals as [string, string];
  const host = openHost(file, args, 'read');
  try {
    const notebook = await host.open();
    if (notebook.graph.node(id) === undefined) {
      const near = nearest(id, [...notebook.graph.nodes()].map((node) => node.path));
      throw new TelarError('usage', `There is no node \`${id}\` in ${file}.${near === undefined ? '' : ` Did you mean \`${near}\`?`}`);
    }
    const { set } = planOptions(args);
    const why = notebook.why(id, set === undefined ? {} : { set });
    const changed = why.changed.map(named);
    if (args.flags.json === true) {
      const { key, previous } = why;
      terminal.out(`${JSON.stringify({ type: 'why', node: id, decision: why.decision, reason: why.reason, ...(key === undefined ? {} : { key }), ...(previous === undefined ? {} : { previous }), changed })}\n`);
      return 0;
    }
    terminal.out(`${colour.bold(id)}  ${why.decision}: ${why.reason}\n`);
    for (const { component, before, after } of changed) {
      terminal.out(`  ${component.padEnd(16)} ${colour.red(short(before))} → ${colour.green(short(after))}\n`);
    }
    return 0;
  } finally {
    await host.close();
  }
}

/** Components under the names of the command's contract; which engine, file or helper it was goes before the text. */
function named({ component, before, after }: ComponentChange): ComponentChange {
  const [group = '', ...rest] = component.split('.');
  const name = GROUPS[group];
  const said = (text: string): string => (name === undefined || component === name ? text : `${rest.length === 0 ? group : rest.join('.')} ${text}`);
  return { component: name ?? component, ...(before === undefined ? {} : { before: said(before) }), ...(after === undefined ? {} : { after: said(after) }) };
}

/** Helpers, the kind's version and an id that the code binds are code, too. */
const GROUPS: Readonly<Record<string, string>> = { code: 'code', module: 'code', kind: 'code', self: 'code', covenant: 'code', engine: 'engine', locale: 'engine', reads: 'reads' };

const short = (text: string | undefined): string => (text === undefined ? '(none)' : text.replace(/[0-9a-f]{64}/g, (hash) => hash.slice(0, 10)).slice(0, 100));
