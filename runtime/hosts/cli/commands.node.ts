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

const jobs: Option = { name: 'jobs', short: 'j', value: 'N', help: 'most steps at once (default: the number of processors, half of it with `--policy conserve`)' };
const trust: Option = { name: 'trust', help: 'allow, for this run, all that the notebook asks for: network, files, programs, kernels' };
const worker: Option = { name: 'worker', value: 'PLACE', choices: ['light', 'heavy'], help: 'where steps are done whose fence does not say: beside this process, or in supervised workers' };
const policy: Option = { name: 'policy', value: 'POLICY', choices: ['sprint', 'balanced', 'conserve'], help: 'how much of the machine may be taken (default: balanced; conserve on battery)' };
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
      worker, policy, trust, faultOption, json,
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
  {
    name: 'trust', takes: 'FILE', summary: 'Allow what a notebook asks for, until its code changes', load: () => import('./trust.node.ts'),
    options: [{ name: 'show', help: 'only say what it asks for and what is allowed' }, { name: 'revoke', help: 'take back what was allowed' }, json],
    detail: 'On a terminal it asks first, with --json and -q on standard error; where nobody can be asked, the command itself allows.',
  },
  {
    name: 'packages', takes: 'add|remove|list|lock FILE [PACKAGE...]', summary: 'Packages of Python that a notebook uses, with exact versions', load: () => import('./packages.node.ts'),
    options: [{ name: 'wheels', value: 'DIR', many: true, help: 'look for wheels in this folder first' }, { name: 'offline', help: 'ask no server' }, json],
    detail: '  telar packages add FILE pandas      writes `packages:` and NAME.telar.lock, and gets the wheels\n  telar packages lock FILE            locks what the front matter says, and gets what is missing; what is locked stays where it still does\n  telar packages list FILE            what is locked, and what is here',
  },
  {
    name: 'journal', takes: '', summary: 'Read the journal: what runs, steps and workers did, and why', load: () => import('./journal.node.ts'),
    options: [
      { name: 'run', value: 'RUN', help: 'only this run (an id, a unique beginning of one, last, last~2)' }, { name: 'node', value: 'ID', help: 'only this node' },
      { name: 'level', value: 'LEVEL', choices: ['trace', 'debug', 'info', 'warn', 'error'], help: 'at least this (default: info)' }, { name: 'follow', short: 'f', help: 'go on as it grows, until Ctrl-C' }, json,
    ],
    detail: '  telar journal --run last --level debug     all of the last run\n  telar journal --follow --node monthly      what happens at one node\nIt lies in .telar/journal/, a file a day, five days. TELAR_JOURNAL=trace records reused steps too.',
  },
  { name: 'workers', takes: '', summary: 'Show the workers that are at work here, and what the machine has room for', options: [json], load: () => import('./workers.node.ts') },
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
