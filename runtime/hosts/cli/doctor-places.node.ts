/** Readiness of places: Node, the store, the journal, disk and folders, git. Looks and tries; what it makes it takes away. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, statfsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TelarError } from '../../../contracts/errors.ts';
import { tooLong } from '../../checkpoints/trouble.node.ts';
import { openStore } from '../../checkpoints/sqlite.node.ts';
import { filesAmong } from '../../journal/files.ts';
import { count, size } from './terminal.node.ts';
import { readVersion } from './version.node.ts';

/** One thing that was looked at. `optional`: a run can do without it. */
export interface Check { readonly name: string; readonly ok: boolean; readonly optional?: true; readonly detail: string; readonly fix?: string }

export const passed = (name: string, detail: string): Check => ({ name, ok: true, detail });
export const wrong = (name: string, detail: string, fix: string): Check => ({ name, ok: false, detail, fix });
/** Not there, and no failure. */
export const lacking = (name: string, detail: string, fix?: string): Check => ({ name, ok: false, optional: true, detail, ...(fix === undefined ? {} : { fix }) });
const reason = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? (error as Error).message;

const LEAST_NODE = 26;
/** Below this a run of some size may fail. */
const LEAST_ROOM = 1e9;

export function node(): Check {
  let pinned: string | undefined;
  try { pinned = (createRequire(import.meta.url)('node/package.json') as { version: string }).version; } catch { pinned = undefined; }
  const detail = `${process.versions.node}${pinned === undefined ? '' : ` (Telar pins ${pinned})`} on ${process.platform} ${process.arch}`;
  if (Number(process.versions.node.split('.')[0]) < LEAST_NODE) return wrong('node', detail, `Run npm install again, or install Node ${LEAST_NODE}.`);
  return passed('node', detail);
}

export const telar = (): Check => passed('telar', readVersion());

/** Opens the store where there is one, and writes beside it; where there is none, tries whether one could be made. */
export async function store(root: string): Promise<Check> {
  const folder = join(root, '.telar');
  const long = tooLong(folder);
  if (long !== undefined) return wrong('store', 'the path of the workspace is too long', long.message);
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
    return damages.length > 0 ? wrong('store', damages.join(' '), 'Run the notebook again; what was lost is computed anew.') : passed('store', `${folder}, ${count(runs, 'run')}`);
  } catch (error) {
    return wrong('store', `${folder} cannot be used (${reason(error)})`, error instanceof TelarError ? error.message : 'Allow writing there, or name another workspace with --workspace.');
  }
}

/** A run goes on without its journal, and says so. */
export function journal(root: string): Check {
  const folder = join(root, '.telar', 'journal');
  try {
    if (!existsSync(folder)) {
      if (existsSync(join(root, '.telar'))) tryWriting(join(root, '.telar'));
      return passed('journal', 'begins with the first run');
    }
    tryWriting(folder);
    const files = filesAmong(readdirSync(folder));
    const bytes = files.reduce((sum, { name }) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0);
    return passed('journal', `${count(new Set(files.map(({ day }) => day)).size, 'day')}, ${size(bytes)}`);
  } catch (error) {
    return lacking('journal', `${folder} cannot be written (${reason(error)}); runs leave no record there`, 'Allow writing there.');
  }
}

function tryWriting(folder: string): void {
  const trial = mkdtempSync(join(folder, '.telar-doctor-'));
  try { writeFileSync(join(trial, 'trial'), 'trial'); } finally { rmSync(trial, { recursive: true, force: true }); }
}

export function disk(root: string): Check {
  const { bavail, bsize } = statfsSync(root);
  const free = bavail * bsize;
  return free < LEAST_ROOM ? wrong('disk', `${size(free)} free in ${root}`, 'Make room: a run keeps its results.') : passed('disk', `${size(free)} free in ${root}`);
}

export function temporary(): Check {
  try {
    tryWriting(tmpdir());
    return passed('temporary folder', tmpdir());
  } catch (error) {
    return wrong('temporary folder', `${tmpdir()} cannot be written (${reason(error)})`, 'Set TMPDIR to a folder that can be written; engines exchange large values there.');
  }
}

/** Git is not needed to run anything: without it a workspace is found by its `.telar/`. */
export async function git(): Promise<Check> {
  try {
    const { stdout } = await promisify(execFile)('git', ['--version'], { encoding: 'utf8', timeout: 1000 });
    return passed('git', stdout.trim().replace(/^git version /, ''));
  } catch {
    return lacking('git', 'not found; only `telar contract diff --against` needs it');
  }
}
