/**
 * Isolate: which wall this machine has, whether it stands, and a command behind it. It starts nothing but a probe, once, and only
 * when somebody asks: a run without isolated steps pays nothing.
 */
import { execFile, spawnSync } from 'node:child_process';
import { accessSync, constants, lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { TelarError } from '../../contracts/errors.ts';
import { bubblewrapArguments, type SystemFolders } from './bubblewrap.ts';
import type { Wall } from './profile.ts';
import { sandboxExecProfile } from './sandbox-exec.ts';

/** Whether steps can be isolated here; when not, why, and what to do. */
export type Isolating = { readonly ok: true; readonly by: 'bubblewrap' | 'sandbox-exec' } | { readonly ok: false; readonly reason: string };

let known: Isolating | undefined;

/** Asks the machine, once in a process. @param how `look`: whether there is something that could stand; nothing is started for it (D8) */
export function isolationAvailable(how: 'look' | 'try' = 'try'): Isolating {
  if (known !== undefined) return known;
  const found = candidate();
  if (!found.ok || how === 'look') return found.ok ? { ok: true, by: found.by } : found;
  const [program, ...args] = found.command;
  const { status, error, stderr } = spawnSync(program, args, { timeout: PATIENCE, encoding: 'utf8' });
  return known = status === 0 ? { ok: true, by: found.by } : { ok: false, reason: found.fallen(error?.message ?? stderr) };
}

/** The same without keeping others waiting, for at most so many milliseconds. */
export async function tryIsolation(patience: number): Promise<Isolating> {
  const found = candidate();
  if (!found.ok) return found;
  const [program, ...args] = found.command;
  return new Promise((resolve) => {
    execFile(program, args, { timeout: patience, killSignal: 'SIGKILL', encoding: 'utf8' }, (error, _, stderr) => {
      resolve(error === null ? { ok: true, by: found.by } : { ok: false, reason: found.fallen(error.killed === true ? `no answer within ${patience / 1000} s` : stderr || error.message) });
    });
  });
}

/**
 * A command behind a wall. Descriptors beyond the first three pass through.
 * @throws TelarError `unavailable` with the reason
 */
export function walled(command: readonly string[], wall: Wall): readonly string[] {
  const able = isolationAvailable();
  if (!able.ok) throw new TelarError('unavailable', able.reason, { lacks: 'isolation' });
  if (able.by === 'sandbox-exec') return [SANDBOX_EXEC, '-p', sandboxExecProfile(wall), '/usr/bin/env', '-i', ...Object.entries(wall.environment).map(([name, value]) => `${name}=${value}`), ...command];
  return [onPath('bwrap')!, ...bubblewrapArguments(wall, systemFolders()), '--', ...command];
}

/** The folders of a workspace that nobody behind a wall sees. */
export const hiddenIn = (root: string): string[] => ['.telar', '.git'].map((name) => join(root, name)).filter((path) => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true);

/**
 * A granted program: its place, and where that leads.
 * @throws TelarError `missing-file`; `refused` for what is no program, so that nothing else is shown in its name
 */
export function grantedProgram(name: string): readonly string[] {
  const place = /[\\/]/.test(name) ? name : onPath(name);
  const real = place === undefined ? undefined : realPlace(place);
  if (place === undefined || real === undefined) throw new TelarError('missing-file', `The program \`${name}\` was granted and is not there; install it, or take it out of \`programs\`.`, { file: name });
  if (!statSync(real).isFile() || !runs(real)) throw new TelarError('refused', `\`${name}\` was granted as a program and is none (${real}); name what is to be read in \`files\`.`, { file: name });
  return [...new Set([place, real])];
}

const SANDBOX_EXEC = '/usr/bin/sandbox-exec';
/** Milliseconds that a wall may take to stand. */
const PATIENCE = 5_000;

/** What could wall steps off here, the command that tries it, and what to say when it fails; or why there is nothing. */
type Candidate = { readonly ok: true; readonly by: 'bubblewrap' | 'sandbox-exec'; readonly command: readonly [string, ...string[]]; fallen(said: string): string } | { readonly ok: false; readonly reason: string };

function candidate(): Candidate {
  const no = (reason: string): Candidate => ({ ok: false, reason });
  switch (process.platform) {
    case 'linux': {
      const bwrap = onPath('bwrap');
      if (bwrap === undefined) return no('isolated steps need bubblewrap; install the package `bubblewrap`, or take `isolated` out');
      const wall = { reads: [], writes: [], cwd: '/tmp', environment: {} };
      return {
        ok: true, by: 'bubblewrap', command: [bwrap, ...bubblewrapArguments(wall, systemFolders(['/usr/bin', '/bin'])), '--', realPlace(onPath('true') ?? '') ?? '/usr/bin/true'],
        fallen: (said) => `isolated steps need bubblewrap, which does not work here (${(said.trim().split('\n').at(-1) ?? '').slice(0, 200)}); allow unprivileged user namespaces on this system, or take \`isolated\` out`,
      };
    }
    case 'darwin': {
      const fallen = (): string => 'isolated steps need `sandbox-exec`, which does not work here; take `isolated` out, or run this on a system that has it';
      return runs(SANDBOX_EXEC) ? { ok: true, by: 'sandbox-exec', command: [SANDBOX_EXEC, '-p', '(version 1)(allow default)', '/usr/bin/true'], fallen } : no(fallen());
    }
    case 'win32': return no('isolated steps cannot run on Windows yet: Windows Sandbox has no pipe to the outside; use Telar in WSL, or take `isolated` out');
    default: return no(`isolated steps cannot run on ${process.platform}: there is no wall for it; take \`isolated\` out, or use Linux`);
  }
}

/** Loader and libraries. Debian and others link `/lib` to `/usr/lib`; Alpine does not. */
function systemFolders(more: readonly string[] = []): SystemFolders {
  const folders: string[] = [];
  const links: SystemFolders['links'][number][] = [];
  for (const path of ['/usr/lib', '/usr/lib64', '/lib', '/lib64', '/etc/ld.so.cache', ...more]) {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isSymbolicLink() === true) links.push({ path, target: readlinkSync(path) });
    else if (found !== undefined) folders.push(path);
  }
  return { folders, links };
}

/** The first program of this name on PATH. Parts of PATH that are not absolute would lead into the workspace. */
function onPath(name: string): string | undefined {
  return (process.env.PATH ?? '').split(delimiter).filter((folder) => isAbsolute(folder)).map((folder) => join(folder, name)).find(runs);
}

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function realPlace(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
