/** `telar mcp`: notebooks as tools of the Model Context Protocol, on standard input and output. Nothing but the protocol is written there. */
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { TelarError } from '../../../contracts/errors.ts';
import { runnerText } from '../../export/bundle-runner.node.ts';
import { keptRun } from '../../export/choose.ts';
import { readSkillFolder } from '../../export/folder.node.ts';
import { outputsOf, settingsOf, valueJson, valueOf } from '../../export/outputs.ts';
import { makeSkill } from '../../export/skill.ts';
import { distinctTools, toolOf, type NotebookTool } from '../../mcp/tools.ts';
import { serveMcp, type ServedSkill, type ServedTool } from '../../mcp/server.node.ts';
import type { Notebook } from '../../runtime.ts';
import type { Arguments } from './arguments.node.ts';
import { openHost, type Host } from './host.node.ts';
import { jobsOf } from './run.node.ts';
import { terminal } from './terminal.node.ts';
import { readVersion } from './version.node.ts';

interface Open { readonly host: Host; readonly notebook: Notebook; readonly tool: NotebookTool }

export async function run(args: Arguments): Promise<number> {
  const jobs = jobsOf(args);
  const open: Open[] = [];
  try {
    for (const file of args.positionals) {
      const host = openHost(file, args);
      try {
        const notebook = await host.open();
        open.push({ host, notebook, tool: toolOf(notebook) });
      } catch (error) {
        await host.close();
        throw error;
      }
    }
    const tools = distinctTools(open);
    const folders = distinct(skillFolders(args.list('skills') ?? []), tools);
    const going = new AbortController();
    const running = new Set<Promise<unknown>>();
    // Calls of one notebook take turns: each reads its files again.
    const last = new Map<Notebook, Promise<unknown>>();
    const served = new Map([...tools].map(([name, one]): [string, ServedTool] => [name, {
      tool: one.tool,
      call: (input, signal, progress) => {
        const either = AbortSignal.any([signal, going.signal]);
        const call = (last.get(one.notebook) ?? Promise.resolve()).then(() => { either.throwIfAborted(); return callNotebook(one, input, either, jobs, progress); });
        last.set(one.notebook, call.catch(() => undefined));
        const quiet = call.catch(() => undefined).finally(() => { running.delete(quiet); });
        running.add(quiet);
        return call;
      },
    }]));
    const made = new Map<string, ServedSkill>();
    const skills = async (): Promise<readonly ServedSkill[]> => {
      const own = await Promise.all([...tools].map(async ([name, one]) => skillOf(name, one, made)));
      // A folder that cannot be trusted, or is gone, costs itself and no other.
      const others = folders.flatMap(([name, folder]) => { try { return [{ name, files: readSkillFolder(folder) }]; } catch (error) { noSkill(folder, error); return []; } });
      return [...own.flatMap((one) => one ?? []), ...others];
    };
    await serveMcp({ version: readVersion(), tools: served, skills }, (text) => { terminal.error(text); });
    going.abort(new TelarError('cancelled', 'The server ended.'));
    await Promise.all(running);
    return 0;
  } finally {
    for (const { host } of open) await host.close();
  }
}

/** Folders of skills: the one that is named, or those in it. @throws TelarError `missing-file`, `bad-file` */
function skillFolders(named: readonly string[]): string[] {
  return named.flatMap((folder) => {
    const found = statSync(folder, { throwIfNoEntry: false });
    if (found?.isDirectory() !== true) throw new TelarError(found === undefined ? 'missing-file' : 'bad-file', found === undefined ? `There is no folder ${folder}. Check the spelling.` : `${folder} is no folder. Name a folder of skills.`, { file: folder });
    if (existsSync(join(folder, 'SKILL.md'))) return [folder];
    return readdirSync(folder, { withFileTypes: true }).filter((one) => one.isDirectory() && existsSync(join(folder, one.name, 'SKILL.md'))).map((one) => join(folder, one.name)).sort();
  });
}

/** Each by a name of its own; one that is taken gets a number, as tools do. */
function distinct(folders: readonly string[], taken: ReadonlyMap<string, unknown>): [name: string, folder: string][] {
  const names = new Set(taken.keys());
  return folders.map((folder) => {
    const own = basename(resolve(folder));
    let name = own;
    for (let count = 2; names.has(name); count += 1) name = `${own}-${count}`;
    names.add(name);
    return [name, folder];
  });
}

function noSkill(what: string, error: unknown): void {
  terminal.error(`telar mcp: ${what} is no skill: ${TelarError.from(error).message}`);
}

/** Runs a notebook as `telar run` does, with reuse. Its files are read again first. */
async function callNotebook({ host, notebook }: Open, input: Readonly<Record<string, unknown>>, signal: AbortSignal, jobs: number, progress: Parameters<ServedTool['call']>[2]): Promise<Record<string, unknown>> {
  await notebook.refresh();
  let done = 0;
  let total = 0;
  const result = await notebook.run({
    set: settingsOf(notebook.graph, input), jobs, failFast: false, signal,
    emit: (operation) => {
      if (operation.type === 'run') total = operation.nodes;
      if (operation.type !== 'node' || operation.node.includes('[')) return;
      if (operation.status.state === 'running') progress(done, total, `${operation.node} runs`);
      else if (operation.status.state !== 'queued') { done += 1; progress(done, Math.max(done, total), operation.node); }
    },
  });
  if (result.status === 'cancelled') throw new TelarError('cancelled', 'The run was cancelled.');
  for (const [node, { state, error, reason }] of result.nodes) {
    if (state === 'failed' && error !== undefined) throw new TelarError(error.code, `\`${node}\`: ${error.message}`, { node, ...error.data });
    if (state === 'unavailable') throw new TelarError('unavailable', `\`${node}\`: ${reason ?? 'it cannot run here'}.`, { node });
  }
  return Object.fromEntries(outputsOf(notebook.graph).flatMap((one) => {
    const value = valueOf(one, (path) => result.nodes.get(path)?.outputs);
    return value === undefined ? [] : [[one.name, valueJson(value, host.store.blobs)]];
  }));
}

/** The skill that a notebook would be exported as, where a run of it as it stands is kept. Nothing is run for it but what a skill proves by itself. */
async function skillOf(name: string, { host, notebook }: Open, made: Map<string, ServedSkill>): Promise<ServedSkill | undefined> {
  const javascript = host.executors.get('javascript');
  try {
    await notebook.refresh();
    const chosen = keptRun({ ports: host, notebook, places: [host.workspace.root, homedir()] });
    if (chosen?.run === undefined || javascript === undefined) return undefined;
    const known = made.get(chosen.run);
    if (known !== undefined) return known;
    const { files } = await makeSkill({
      ...chosen, imported: false, notebook: basename(notebook.file), catalogue: host.catalogue, resources: host.resources, sha256: host.sha256, clock: host.clock, javascript,
      runner: await runnerText(), analysis: (key) => host.store.analysis(key),
    });
    const skill = { name, files };
    made.set(chosen.run, skill);
    return skill;
  } catch (error) {
    noSkill(notebook.file, error);
    return undefined;
  }
}
