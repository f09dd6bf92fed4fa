/** `telar doctor`: what of Telar works on this machine, and what to do where it does not. Looks and tries; starts no engine and never guesses. */
import { existsSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TelarError } from '../../../contracts/errors.ts';
import { createResources } from '../../adapters/resources.node.ts';
import { findWorkspace } from '../../adapters/workspace.node.ts';
import { openStore } from '../../checkpoints/sqlite.node.ts';
import { createExecutors } from '../executors.node.ts';
import type { Arguments } from './arguments.node.ts';
import { colour, size, terminal } from './terminal.node.ts';

/** One thing that was looked at. */
interface Check { readonly name: string; readonly ok: boolean; readonly detail: string; readonly fix?: string }

const LEAST_NODE = 26;
/** Below this a run of some size may fail. */
const LEAST_ROOM = 1e9;

export async function run(args: Arguments): Promise<number> {
  const { root } = findWorkspace(args.text('workspace') ?? '.', args.text('workspace'));
  const checks = [node(), ...await engines(root), ...await grammars(), await store(root), room(root), temporary(), git()];
  const ok = checks.every((check) => check.ok);
  if (args.flags.json === true) terminal.out(`${JSON.stringify({ type: 'doctor', checks })}\n`);
  else {
    const width = Math.max(...checks.map((check) => check.name.length));
    for (const { name, ok: fine, detail, fix } of checks) {
      if (fine && args.flags.quiet === true) continue;
      terminal.out(`${fine ? colour.green('ok  ') : colour.red('no  ')} ${name.padEnd(width)}  ${detail}\n${fix === undefined ? '' : `     ${''.padEnd(width)}  ${colour.bold(fix)}\n`}`);
    }
  }
  return ok ? 0 : 4;
}

const passed = (name: string, detail: string): Check => ({ name, ok: true, detail });
const wrong = (name: string, detail: string, fix: string): Check => ({ name, ok: false, detail, fix });
const reason = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? (error as Error).message;

function node(): Check {
  let pinned: string | undefined;
  try { pinned = (createRequire(import.meta.url)('node/package.json') as { version: string }).version; } catch { pinned = undefined; }
  const detail = `${process.versions.node}${pinned === undefined ? '' : ` (Telar pins ${pinned})`} on ${process.platform} ${process.arch}`;
  if (Number(process.versions.node.split('.')[0]) < LEAST_NODE) return wrong('node', detail, `Run npm install again, or install Node ${LEAST_NODE}.`);
  return passed('node', detail);
}

async function engines(root: string): Promise<Check[]> {
  const executors = createExecutors({ root, state: join(root, '.telar') });
  const checks = [...executors].map(([name, executor]): Check => {
    const able = executor.available();
    if (!able.ok) return wrong(name, 'is not available', able.reason);
    return passed(name, Object.entries(executor.identity()).map(([key, value]) => `${key} ${/^[0-9a-f]{32,}$/.test(value) ? value.slice(0, 10) : value}`).join(', '));
  });
  await Promise.all([...executors.values()].map((executor) => executor.close()));
  return checks;
}

async function grammars(): Promise<Check[]> {
  const resources = createResources();
  return Promise.all(['tree-sitter-python/tree-sitter-python.wasm'].map(async (specifier) => {
    const name = 'python grammar';
    try { return passed(name, `${size((await resources.bytes(specifier)).length)}`); } catch (error) { return wrong(name, (error as Error).message, 'Run npm install again.'); }
  }));
}

/** Opens the store where there is one, and writes beside it; where there is none, tries whether one could be made. */
async function store(root: string): Promise<Check> {
  const folder = join(root, '.telar');
  try {
    if (!existsSync(join(folder, 'telar.db'))) {
      tryWriting(existsSync(folder) ? folder : root);
      return passed('store', `${folder} will be made at the first run`);
    }
    const damages: string[] = [];
    const opened = openStore(root, { onDamage: (damage) => { damages.push(damage.message); } });
    const runs = opened.runs().length;
    await opened.close();
    tryWriting(folder);
    return damages.length > 0 ? wrong('store', damages.join(' '), 'Run the notebook again; what was lost is computed anew.') : passed('store', `${folder}, ${runs} ${runs === 1 ? 'run' : 'runs'}`);
  } catch (error) {
    return wrong('store', `${folder} cannot be used (${reason(error)})`, error instanceof TelarError ? error.message : 'Allow writing there, or name another workspace with --workspace.');
  }
}

function tryWriting(folder: string): void {
  const trial = mkdtempSync(join(folder, '.telar-doctor-'));
  try { writeFileSync(join(trial, 'trial'), 'trial'); } finally { rmSync(trial, { recursive: true, force: true }); }
}

function room(root: string): Check {
  const { bavail, bsize } = statfsSync(root);
  const free = bavail * bsize;
  return free < LEAST_ROOM ? wrong('disk', `${size(free)} free in ${root}`, 'Make room: a run keeps its results.') : passed('disk', `${size(free)} free in ${root}`);
}

function temporary(): Check {
  try {
    tryWriting(tmpdir());
    return passed('temporary folder', tmpdir());
  } catch (error) {
    return wrong('temporary folder', `${tmpdir()} cannot be written (${reason(error)})`, 'Set TMPDIR to a folder that can be written; engines exchange large values there.');
  }
}

/** Git is not needed to run anything: without it a workspace is found by its `.telar/`. */
function git(): Check {
  const { stdout, error } = spawnSync('git', ['--version'], { encoding: 'utf8', timeout: 1000 });
  return passed('git', error === undefined ? stdout.trim().replace(/^git version /, '') : 'not found; nothing here needs it yet');
}
