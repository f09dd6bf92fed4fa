/** `telar fork`: a new run from a past one with edits. Only what they reach is done; the notebook's file stays as it is. */
import { readFileSync } from 'node:fs';
import { TelarError } from '../../../contracts/errors.ts';
import { findRun } from '../../checkpoints/find-run.ts';
import { decodeNotebook } from '../../document/decode.ts';
import { forkRun, type ForkEdits } from '../../replay/fork.ts';
import type { Arguments } from './arguments.node.ts';
import { openHost } from './host.node.ts';
import { jobsOf, planOptions } from './run.node.ts';
import { stoppable } from './stoppable.node.ts';
import { tellRun, type ToldRun } from './tell-run.node.ts';
import { terminal } from './terminal.node.ts';

export async function run(args: Arguments): Promise<number> {
  const jobs = jobsOf(args);
  const host = openHost(args.text('workspace') ?? '.', args, 'read');
  try {
    const parent = findRun(host.store, args.positionals[0] as string);
    const edits = readEdits(args);
    let told: ToldRun | undefined;
    const result = await stoppable((signal) => forkRun(host, parent, edits, {
      jobs, failFast: false, signal, effects: args.flags.effects === true, trust: args.flags.trust === true, emit: (operation) => { told?.emit(operation); },
      opened: (notebook, gone) => {
        if (gone.length > 0) terminal.error(`telar: ${gone.join(', ')} as run ${parent.id} read ${gone.length === 1 ? 'it is' : 'them are'} not kept any more; a step that reads ${gone.length === 1 ? 'it' : 'them'} again fails.`);
        told = tellRun(host, notebook, args, parent.id);
      },
    })).finally(() => { told?.close(); });
    return (told as ToldRun | undefined)?.end(result) ?? 0;
  } finally {
    await host.close();
  }
}

function readEdits(args: Arguments): ForkEdits {
  const { set } = planOptions(args);
  const at = args.list('at');
  if (at?.length === 0) throw new TelarError('usage', '--at names no node. Give ids, separated by commas.');
  const file = args.text('file');
  const bodies = Object.create(null) as Record<string, string>;
  for (const one of ([] as unknown[]).concat(args.flags.body ?? []).map(String)) {
    const cut = one.indexOf('=');
    if (cut < 1 || cut === one.length - 1) throw new TelarError('usage', `--body takes ID=FILE; \`${one}\` has no id or no file.`);
    const id = one.slice(0, cut);
    if (Object.hasOwn(bodies, id)) throw new TelarError('usage', `--body says \`${id}\` twice; it can have one body.`);
    bodies[id] = readText(one.slice(cut + 1));
  }
  return { ...(set === undefined ? {} : { set }), ...(at === undefined ? {} : { at }), ...(file === undefined ? {} : { text: readText(file) }), bodies };
}

/** A text that a person names, from the folder where the command was given. */
function readText(path: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw new TelarError('missing-file', `There is no file ${path}.`, { file: path });
    throw new TelarError('bad-file', `${path} cannot be read (${code ?? 'unknown'}).`, { file: path }, { cause: error });
  }
  return decodeNotebook(bytes, path);
}
