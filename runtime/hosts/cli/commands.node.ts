/** The table of commands. */
import { TelarError } from '../../../contracts/errors.ts';
import { nearest } from '../../../nodes/nearest.ts';
import type { Command, Option } from './arguments.node.ts';

const json: Option = { name: 'json', help: 'JSON lines; the last one is the result' };
const planning: readonly Option[] = [
  { name: 'set', value: 'NAME=VALUE', many: true, help: 'value of an input' },
  { name: 'to', value: 'ID,..', many: true, help: 'only these nodes and what they need' },
  { name: 'from', value: 'ID,..', many: true, help: 'these and all that depends on them, again' },
  { name: 'no-reuse', help: 'do every step again' },
];

export const commands: readonly Command[] = [
  { name: 'new', takes: 'FILE', summary: 'Write a small notebook to start from', options: [], load: () => import('./new.node.ts') },
  {
    name: 'run', takes: 'FILE', summary: 'Run a notebook; only what changed is done again', load: () => import('./run.node.ts'),
    options: [
      ...planning,
      { name: 'jobs', short: 'j', value: 'N', help: 'most steps at once (default: the number of processors)' },
      { name: 'fail-fast', help: 'stop at the first failure' },
      { name: 'watch', short: 'w', help: 'run again whenever a file changes' },
      json,
    ],
    detail: 'Exit status: 0 ok, 1 a step failed, 2 the file has errors (the rest has run), 3 a check is red, 4 something is missing here, 130 cancelled.',
  },
  { name: 'plan', takes: 'FILE', summary: 'Say what a run would do, without doing it', options: [...planning, json], load: () => import('./plan.node.ts') },
  { name: 'why', takes: 'FILE ID', summary: 'Say why a node runs or is reused, and what changed', options: [planning[0] as Option, json], load: () => import('./why.node.ts') },
  {
    name: 'graph', takes: 'FILE', summary: 'Draw the graph', load: () => import('./graph.node.ts'),
    options: [{ name: 'format', short: 'f', value: 'FORMAT', choices: ['mermaid', 'dot', 'json'], help: 'how (default: mermaid)' }, { name: 'output', short: 'o', value: 'PATH', help: 'write into a file' }],
  },
  {
    name: 'show', takes: 'FILE ID[.output]', summary: 'Print a stored value', load: () => import('./show.node.ts'),
    options: [
      { ...(planning[0] as Option), help: 'value of an input (default: as in the last run)' },
      { name: 'format', short: 'f', value: 'FORMAT', choices: ['auto', 'json', 'csv', 'arrow', 'parquet', 'text', 'svg'], help: 'how (default: auto)' },
      { name: 'output', short: 'o', value: 'PATH', help: 'write into a file' },
    ],
  },
  { name: 'check', takes: 'PATH...', summary: 'Find problems in notebooks, running nothing', options: [json], load: () => import('./check.node.ts') },
  { name: 'fmt', takes: 'FILE...', summary: 'Put fence lines and front matter into their usual form', options: [{ name: 'check', help: 'write nothing; exit 1 if a file would change' }], load: () => import('./fmt.node.ts') },
  { name: 'runs', takes: '[FILE]', summary: 'List past runs, newest first', options: [json], load: () => import('./runs.node.ts') },
  { name: 'doctor', takes: '', summary: 'Say what of Telar works on this machine, and what to do where it does not', options: [json], load: () => import('./doctor.node.ts') },
  { name: 'completion', takes: '[SHELL]', summary: 'Print a completion script for bash, zsh or fish', options: [], load: () => import('./completion.node.ts') },
];

/** @throws TelarError `usage`, with the nearest command */
export function findCommand(name: string): Command {
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  const near = nearest(name, commands.map((command) => command.name));
  throw new TelarError('usage', `There is no command \`${name}\`.${near === undefined ? '' : ` Did you mean \`telar ${near}\`?`} \`telar help\` lists them.`);
}
