/** `telar contract`: one command over contracts, with a word for what is to be done. Each word is a file in `contract/`, loaded when it is said. */
import { TelarError } from '../../../contracts/errors.ts';
import { nearest } from '../../../nodes/nearest.ts';
import type { Arguments } from './arguments.node.ts';

/** A word of the command. `run` gets what stands after it, and the word itself. */
type Verb = () => Promise<{ run(args: Arguments, words: readonly string[], verb: string): Promise<number> }>;

const VERBS: Readonly<Record<string, Verb>> = {
  check: () => import('./contract/check.node.ts'),
  test: () => import('./contract/test.node.ts'),
  status: () => import('./contract/status.node.ts'),
  graph: () => import('./contract/graph.node.ts'),
  drift: () => import('./contract/status.node.ts'),
  diff: () => import('./contract/diff.node.ts'),
  accept: () => import('./contract/decide.node.ts'),
  waive: () => import('./contract/decide.node.ts'),
  implement: () => import('./contract/regenerate.node.ts'),
  regenerate: () => import('./contract/regenerate.node.ts'),
  undo: () => import('./contract/undo.node.ts'),
};

export async function run(args: Arguments): Promise<number> {
  const [verb = '', ...words] = args.positionals;
  const load = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (load === undefined) {
    const near = nearest(verb, Object.keys(VERBS));
    throw new TelarError('usage', `\`telar contract\` takes ${Object.keys(VERBS).join(', ')}; \`${verb}\` is none of them.${near === undefined ? '' : ` Did you mean \`${near}\`?`}`);
  }
  return (await load()).run(args, words, verb);
}
