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
  {
    name: 'ask', takes: 'FILE ID', summary: 'Ask a prompt\'s model again, and compare the answers', load: () => import('./ask.node.ts'),
    options: [planning[0] as Option, jobs, trust, json],
    detail: 'Only this prompt is asked; what it needs is reused, or run. The new answer is kept beside the old one, and later runs reuse it.\nExit status: as of `run`.',
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
  {
    name: 'check', takes: 'PATH...', summary: 'Find problems in notebooks and contracts, running nothing', load: () => import('./check.node.ts'),
    options: [{ name: 'format', short: 'f', value: 'FORMAT', choices: ['text', 'json', 'github', 'sarif', 'markdown'], help: 'how (default: text): json is that of --json; github annotates a pull request; sarif is for code scanning; markdown is a comment that teaches' }, { name: 'output', short: 'o', value: 'PATH', help: 'write into a file' }, json],
    detail: 'A folder means the notebooks (*.telar.md) and contracts (*.contract.yaml) at and below it. Exit status: 0 no errors, 2 errors.\n`samples/contracts/telar-check.yml` is a workflow to copy, which comments on pull requests.',
  },
  {
    name: 'contract', takes: 'VERB PATH...', summary: 'Contracts of code: what they promise, whether the code keeps it, what has drifted', load: () => import('./contract.node.ts'),
    options: [
      { name: 'code', value: 'FILE', help: 'test: this code, and not what the contract names; no lock is written' },
      { name: 'language', value: 'LANGUAGE', choices: ['javascript', 'python'], help: 'test: the language of the code (default: as the contract says)' },
      { name: 'no-proofs', help: 'test: do not prove that each line can fail; then nothing is verified' },
      { name: 'against', value: 'REVISION', help: 'diff: the contract as it is in that revision of git' },
      { name: 'check', value: 'TEXT', many: true, help: 'accept: what the line means, as an expression or a step' },
      { name: 'reason', value: 'TEXT', help: 'waive: why' },
      { name: 'profile', value: 'NAME', help: 'implement, regenerate: the model to ask (default: `default`; `telar models list`)' },
      { name: 'attempts', value: 'N', help: 'implement, regenerate: most attempts, each of an answer and two repairs (default: 3)' },
      { name: 'tokens', value: 'N', help: 'implement, regenerate: most tokens (default: 200000)' },
      { name: 'seconds', value: 'N', help: 'implement, regenerate: most seconds (default: 600)' },
      { name: 'stability', value: 'N', help: 'regenerate: do it N times, and tell how many pass' },
      { name: 'yes', short: 'y', help: 'implement, regenerate, undo: write without asking' },
      json,
    ],
    detail: `  telar contract check PATH...         what is wrong, and what each line is worth; runs nothing
  telar contract test PATH...          runs the tests in the sandbox; what is verified gets a NAME.contract.lock
  telar contract status PATH...        draft, generated, verified or drifted, computed; runs nothing
  telar contract drift PATH...         only what is not as it was verified (exit status 3)
  telar contract graph PATH...         what needs what; rings, missing ids, versions that do not fit
  telar contract diff OLD NEW          how the interfaces differ, and whether the version says so
  telar contract diff FILE --against REVISION
  telar contract accept FILE TEST LINE               agrees with the shown meaning of an idiom
  telar contract accept FILE TEST LINE --check TEXT  says what a pending line means
  telar contract waive FILE TEST LINE --reason TEXT  lets a pending line go
  telar contract implement ID          a model writes the code that is not there yet; shown as a difference, written when you agree
  telar contract regenerate ID         the same for code that is there; what it replaces is kept
  telar contract undo ID               the code as it was before

Exit status: 0 ok, 1 nothing was written, 2 a contract has errors, 3 a contract is red, or no answer passes.`,
  },
  { name: 'fmt', takes: 'FILE...', summary: 'Put fence lines and front matter into their usual form', options: [{ name: 'check', help: 'write nothing; exit 1 if a file would change' }], load: () => import('./fmt.node.ts') },
  {
    name: 'models', takes: 'VERB [ARG...]', summary: 'Models that prompts ask: list, add, fetch and carry over their profiles', load: () => import('./models.node.ts'),
    options: [
      { name: 'provider', value: 'NAME', help: 'add: who is asked (llama, ollama, openai, anthropic, script, replay); schema: only this one' },
      { name: 'model', value: 'NAME', help: 'add: the provider\'s own name of the model' },
      { name: 'file', value: 'GGUF', help: 'add: a model in a file; it is hashed, and pinned by its SHA-256' },
      { name: 'endpoint', value: 'URL', help: 'add: the server (default: the provider\'s own)' },
      { name: 'secret', value: 'NAME', help: 'add: the environment variable that holds the key; never the key itself' },
      { name: 'system', value: 'TEXT', help: 'add: text before each prompt\'s own' },
      { name: 'template', value: 'FORM', choices: ['chat', 'raw'], help: 'add: the model\'s own template, or the text as it is (default: chat)' },
      { name: 'parameter', value: 'NAME=VALUE', many: true, help: 'add: temperature, top_k, top_p, max_tokens, seed, stop, context, threads, keep_alive' },
      { name: 'about', value: 'TEXT', help: 'add, pull: what the model is and is not' },
      { name: 'sha256', value: 'HASH', help: 'add, pull: the file has to be this one' },
      { name: 'user', help: 'add, import: among your own models, not in models/ here' },
      { name: 'with-file', help: 'remove: its GGUF file too, where that lies beside the profile' },
      { name: 'output', short: 'o', value: 'PATH', help: 'export: write into a file' },
      { name: 'yes', short: 'y', help: 'write over what is there; remove without asking' },
      json,
    ],
    detail: `  telar models list                        what a prompt here can name, and whether it is ready
  telar models show NAME                   all of one: its file, its window, what it can do
  telar models add NAME --file MODEL.gguf
  telar models add NAME --provider ollama --model llama3.2 --parameter temperature=0.7
  telar models remove NAME
  telar models pull hf:USER/MODEL:QUANT NAME     fetches a GGUF file into your own models
  telar models import Modelfile NAME             of Ollama; what has no counterpart is told
  telar models export NAME -o Modelfile
  telar models schema FILE.json            who sees to each keyword of a schema, provider by provider

Your own models lie in TELAR_MODELS, or in telar/models of the system's folder for settings. Exit status: 0 ok, 2 there is none of that name, 4 something is missing here.`,
  },
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
    name: 'export', takes: 'FILE', summary: 'Write a notebook with its results as a skill, or a manifest for MCP clients', load: () => import('./export.node.ts'),
    options: [
      { name: 'to', value: 'FORM', choices: ['skill', 'mcp-manifest'], help: 'what to write' }, { name: 'output', short: 'o', value: 'DIR', help: 'the folder to write into' },
      { name: 'run', value: 'RUN', help: 'with the results of that run (default: the newest one that is up to date, else a new one)' }, jobs, json,
    ],
    detail: '  telar export report.telar.md --to skill -o skills     writes skills/report/\n  node skills/report/scripts/run.mjs --replay --verify  proves it, under Node 20 with nothing installed\n\nExit status: 0 ok, 3 blocked by what is red or failed, 4 something is missing here.',
  },
  {
    name: 'import', takes: 'skill DIR', summary: 'Get the notebook of an exported skill back, with its files and results', load: () => import('./import.node.ts'),
    options: [{ name: 'output', short: 'o', value: 'FOLDER', help: 'the folder to write into (default: one of the name of the skill, here)' }, json],
    detail: 'Exit status: 0 ok, 1 not a skill of Telar, or something is in the way, 5 the skill cannot be trusted.',
  },
  {
    name: 'mcp', takes: 'FILE...', summary: 'Serve notebooks as tools of the Model Context Protocol, on standard input and output', load: () => import('./mcp.node.ts'),
    options: [{ name: 'skills', value: 'DIR', many: true, help: 'serve the skills in this folder, too, as resources' }, jobs, worker, policy],
    detail: 'It ends when standard input ends. A notebook that asks for network, files, programs or kernels gets what `telar trust` allowed, and nothing else.',
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
    name: 'skills', takes: 'list|show|search|validate|convert [ARG...]', summary: 'Skills: list, read, find, check and convert them', load: () => import('./skills.node.ts'),
    options: [
      { name: 'skills', value: 'DIR', many: true, help: 'folder that holds skills, or NAME=DIR (default: skills/ here and in each folder above, up to the workspace)' },
      { name: 'top', short: 'n', value: 'N', help: 'search: most skills to show (default: 5)' },
      { name: 'profile', value: 'PROFILE', choices: ['standard', 'strict'], help: 'validate: by the open format, or by what Telar exports (default: standard)' },
      { name: 'output', short: 'o', value: 'DIR', help: 'convert: where the converted skills go' }, json,
    ],
    detail: '  telar skills search "a chart of sales"      ranked, with the words that matched and where\n  telar skills show NAME                      NAME, or VOLUME/NAME where two volumes have it\n  telar skills validate DIR...                skills, or folders of skills; without one, all\n  telar skills convert OLD.md... -o skills    the older form (category, keywords) into the open format\n\nExit status: 0 ok, 2 a skill is not valid, or there is none of that name.',
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
