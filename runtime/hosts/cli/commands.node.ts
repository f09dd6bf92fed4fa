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

const jobs: Option = { name: 'jobs', short: 'j', value: 'N', help: 'most steps at once (default: the number of processors)' };
const trust: Option = { name: 'trust', help: 'allow what the notebook asks for: the network, for `http` nodes' };
const faultOption: Option = { name: 'fault', value: 'NAME[:kind][@n]', many: true, help: 'for tests: stop or fail at a named point (`telar faults` lists them)' };

export const commands: readonly Command[] = [
  { name: 'new', takes: 'FILE', summary: 'Write a small notebook to start from', options: [], load: () => import('./new.node.ts') },
  {
    name: 'run', takes: 'FILE', summary: 'Run a notebook; only what changed is done again', load: () => import('./run.node.ts'),
    options: [
      ...planning,
      jobs,
      { name: 'fail-fast', help: 'stop at the first failure' },
      { name: 'watch', short: 'w', help: 'run again whenever a file changes' },
      trust, faultOption, json,
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
      { name: 'run', value: 'RUN', help: 'as that run left it (an id, a unique beginning of one, last, last~2)' },
    ],
  },
  { name: 'check', takes: 'PATH...', summary: 'Find problems in notebooks, running nothing', options: [json], load: () => import('./check.node.ts') },
  { name: 'fmt', takes: 'FILE...', summary: 'Put fence lines and front matter into their usual form', options: [{ name: 'check', help: 'write nothing; exit 1 if a file would change' }], load: () => import('./fmt.node.ts') },
  { name: 'runs', takes: '[FILE]', summary: 'List past runs, newest first, forks under the run they came from', options: [json], load: () => import('./runs.node.ts') },
  { name: 'restore', takes: 'RUN', summary: 'Make a past run the shown one of its notebook; runs nothing', options: [json], load: () => import('./restore.node.ts') },
  {
    name: 'verify', takes: 'RUN', summary: 'Do the steps of a past run again on what they were given, and compare', load: () => import('./verify.node.ts'),
    options: [{ name: 'to', value: 'ID,..', many: true, help: 'only these nodes' }, jobs, json],
    detail: 'Exit status: 0 all the same, 5 something differs, 4 something is missing here.',
  },
  {
    name: 'fork', takes: 'RUN', summary: 'A new run from a past one, with edits; only what they reach is done', load: () => import('./fork.node.ts'),
    options: [
      { name: 'at', value: 'ID,..', many: true, help: 'these nodes and all that depends on them, again' },
      { name: 'set', value: 'NAME=VALUE', many: true, help: 'value of an input' },
      { name: 'body', value: 'ID=FILE', many: true, help: "a node's new body" },
      { name: 'file', value: 'EDITED', help: 'the whole notebook, edited' },
      { name: 'effects', help: 'make the effects that an edit reaches (else they are skipped)' },
      jobs, trust, json,
    ],
    detail: '  telar fork last --set year=2015\n  telar fork last~2 --body by_station/monthly=monthly.sql\nThe notebook itself stays as it is. Exit status: as of `run`.',
  },
  {
    name: 'compare', takes: 'RUN RUN', summary: 'Tell how two runs differ, node by node; runs nothing', options: [json], load: () => import('./compare.node.ts'),
    detail: 'Exit status: 0 whether they differ or not; it is no test. `telar verify` is one.',
  },
  { name: 'pin', takes: 'RUN', summary: 'Keep a run whatever `gc` would do', options: [], load: () => import('./pin.node.ts') },
  { name: 'unpin', takes: 'RUN', summary: 'Let a pinned run go', options: [], load: () => import('./unpin.node.ts') },
  {
    name: 'gc', takes: '', summary: 'Forget old runs and free what only they hold', load: () => import('./gc.node.ts'),
    options: [{ name: 'keep', value: 'N', help: 'newest runs of each notebook to keep (default: 20)' }, { name: 'dry-run', help: 'only tell what would go' }, json],
  },
  { name: 'fsck', takes: '', summary: 'Read the whole store and report what is damaged', options: [{ name: 'repair', help: 'compute again what is damaged or missing' }, json], load: () => import('./fsck.node.ts') },
  {
    name: 'bundle', takes: 'RUN|verify|import [FILE]', summary: 'Put a run into one file; verify or import such a file', load: () => import('./bundle.node.ts'),
    options: [{ name: 'output', short: 'o', value: 'FILE.telarrun', help: 'the file to write (default: NOTEBOOK-RUN.telarrun, here)' }, json],
    detail: '  telar bundle RUN -o FILE.telarrun\n  telar bundle verify FILE    does its steps again, offline, in an empty workspace\n  telar bundle import FILE    takes it as a run of this workspace\n\nExit status: 0 ok, 2 no whole bundle, 4 something is missing here, 5 something differs, or the bundle cannot be trusted.',
  },
  {
    name: 'doubt', takes: 'list|resolve [ID] [done|again]', summary: 'Effects of which nobody knows whether they were made', options: [json], load: () => import('./doubt.node.ts'),
    detail: '  telar doubt list\n  telar doubt resolve ID done     it was made; it is not made again\n  telar doubt resolve ID again    it was not made; the next run makes it',
  },
  { name: 'trust', takes: 'FILE', summary: 'Allow what a notebook asks for, until its code changes', options: [json], load: () => import('./trust.node.ts') },
  { name: 'faults', takes: '', summary: 'List the points at which a run can be made to fail', options: [json], load: () => import('./faults.node.ts') },
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
