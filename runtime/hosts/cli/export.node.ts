/** `telar export`: a notebook with the results of a run as a skill, or a manifest by which an MCP client finds it. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { TelarError } from '../../../contracts/errors.ts';
import { decodeNotebook } from '../../document/decode.ts';
import { runnerText } from '../../export/bundle-runner.node.ts';
import { chooseRun, type Beside } from '../../export/choose.ts';
import { checkExport } from '../../export/schema.node.ts';
import { writeSkillFolder } from '../../export/folder.node.ts';
import { canonical } from '../../export/format.ts';
import { makeSkill, type MadeSkill } from '../../export/skill.ts';
import { pinsBeside } from '../../export/unpack.ts';
import { findRun } from '../../checkpoints/find-run.ts';
import { toolOf } from '../../mcp/tools.ts';
import type { Notebook } from '../../runtime.ts';
import type { Arguments } from './arguments.node.ts';
import { openHost, type Host } from './host.node.ts';
import { deliver } from './paths.node.ts';
import { Report } from './report.node.ts';
import { jobsOf } from './run.node.ts';
import { stoppable } from './stoppable.node.ts';
import { colour, size, terminal } from './terminal.node.ts';

export async function run(args: Arguments): Promise<number> {
  const to = args.text('to');
  if (to === undefined) throw new TelarError('usage', 'Say what to export to: --to skill, or --to mcp-manifest.');
  const folder = args.text('output');
  if (folder === undefined) throw new TelarError('usage', 'Say where to write: -o DIR.');
  if (to !== 'skill' && args.text('run') !== undefined) throw new TelarError('usage', 'A manifest has no results; leave --run out.');
  const host = openHost(args.positionals[0] as string, args);
  try {
    const notebook = await host.open();
    return await stoppable((signal) => (to === 'skill' ? exportSkill(host, notebook, folder, args, signal) : exportManifest(host, notebook, folder, args)));
  } finally {
    await host.close();
  }
}

async function exportSkill(host: Host, notebook: Notebook, folder: string, args: Arguments, signal: AbortSignal): Promise<number> {
  const quiet = args.flags.quiet === true || args.flags.json === true;
  const asked = args.text('run');
  const report = new Report([...notebook.graph.nodes()].map((node) => node.path), quiet, (file) => file);
  const beside = besideOf(host, notebook.file);
  const chosen = await chooseRun({
    ports: host, notebook, places: [host.workspace.root, homedir()], jobs: jobsOf(args), signal, emit: (operation) => { if (!quiet) report.operation(operation); },
    ...(asked === undefined ? {} : { asked: findRun(host.store, asked) }), ...(beside === undefined ? {} : { beside }),
  }).finally(() => { report.close(); });
  const javascript = host.executors.get('javascript');
  if (javascript === undefined) throw new TelarError('unavailable', 'There is no JavaScript engine in this host.');
  const skill = await makeSkill({
    ...chosen, imported: chosen.run === undefined, notebook: basename(notebook.file), catalogue: host.catalogue, resources: host.resources, sha256: host.sha256, clock: host.clock, javascript,
    runner: await runnerText(), analysis: (key) => host.store.analysis(key), signal,
  });
  const place = join(folder, skill.name);
  await refuseInvalid(skill);
  writeSkillFolder(place, skill.files);
  tell(skill, place, chosen.run, args);
  return 0;
}

/** What an import left beside the notebook, if it is whole. */
function besideOf(host: Host, notebook: string): Beside | undefined {
  const path = pinsBeside(notebook);
  if (host.files.stat(path)?.kind !== 'file') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(decodeNotebook(host.files.read(path), path), (key, one: unknown) => { if (key === '__proto__') throw new Error(key); return one; });
  } catch (error) {
    throw new TelarError('forged', `${path}, which an import left, is no JSON of pinned results. Take the file away, and export again.`, { file: path }, { cause: error });
  }
  checkExport('export-beside', value);
  return value as Beside;
}

/** A file of this name may be somebody's own. @throws TelarError `refused` */
function refuseOthers(place: string): void {
  if (!existsSync(place)) return;
  try {
    checkExport('export-mcp', JSON.parse(readFileSync(place, 'utf8')));
  } catch (error) {
    throw new TelarError('refused', `${place} is there already and was not written by this command; it was left as it is. Name another folder with -o.`, { file: place }, { cause: error });
  }
}

/** Holds what would be written to the strict rules, as whoever gets it may. */
async function refuseInvalid({ name, files }: MadeSkill): Promise<void> {
  const [{ validateSkill }, { folderOfFiles }] = await Promise.all([import('../../skills/validate.ts'), import('../../skills/folder.ts')]);
  const fault = validateSkill(folderOfFiles(name, files), 'strict').problems.find(({ level }) => level === 'error');
  if (fault !== undefined) throw new TelarError('refused', `The skill would break a rule, so nothing was written. ${fault.file}, line ${fault.line}: ${fault.message}`, { rule: fault.rule });
}

function tell(skill: MadeSkill, place: string, run: string | undefined, args: Arguments): void {
  const bytes = [...skill.files.values()].reduce((sum, one) => sum + one.length, 0);
  const { steps, leftOut } = skill.lock;
  if (args.flags.json === true) {
    terminal.out(`${JSON.stringify({ type: 'export', to: 'skill', name: skill.name, folder: place, files: skill.files.size, bytes, steps: steps.length, same: skill.same, recorded: skill.recorded, leftOut, ...(run === undefined ? {} : { run }) })}\n`);
    return;
  }
  if (args.flags.quiet === true) return;
  terminal.out(`${colour.bold(place)}: ${skill.files.size} files, ${size(bytes)}, ${steps.length} pinned steps${run === undefined ? ', as they were imported' : ` of run ${run}`}\n`);
  if (skill.recorded.length > 0) terminal.out(colour.yellow(`${skill.recorded.join(', ')}: not the same when done again; what is pinned is held to its hash alone\n`));
  for (const one of leftOut) terminal.out(colour.yellow(`${one.where}: ${size(one.bytes)} are too much to be pinned\n`));
  terminal.out(`node ${join(place, 'scripts', 'run.mjs')} --replay --verify   proves it, on any machine with Node 20\n`);
}

async function exportManifest(host: Host, notebook: Notebook, folder: string, args: Arguments): Promise<number> {
  const tool = toolOf(notebook);
  const path = resolve(host.workspace.root, notebook.file);
  const digests = Object.fromEntries(notebook.sources().filter((file) => host.observer.fileHash(file) !== undefined).sort().map((file) => [file, host.observer.fileHash(file) as string]));
  const { name, title, description, inputSchema, outputSchema, annotations } = tool;
  const manifest = { mcpServers: { [name]: { command: 'telar', args: ['mcp', path] } }, tools: [{ name, ...(title === undefined ? {} : { title }), description, inputSchema, outputSchema, annotations, digests }] };
  const place = join(folder, 'mcp.json');
  refuseOthers(place);
  mkdirSync(folder, { recursive: true });
  deliver([canonical(manifest)], place);
  if (args.flags.json === true) terminal.out(`${JSON.stringify({ type: 'export', to: 'mcp-manifest', name, folder, files: 1 })}\n`);
  else if (args.flags.quiet !== true) terminal.out(`${join(folder, 'mcp.json')}: the tool ${colour.bold(name)}, served by \`telar mcp ${path}\`\n`);
  return 0;
}

