/**
 * Kernel specs: which kernels are installed, found as Jupyter finds them, and what is wrong with those that are broken. Reads files; starts nothing.
 *
 * Folders, first found wins: `JUPYTER_PATH`, the person's data folder, the folders of an active environment, those of the system. The folder that
 * holds a `kernel.json` names the kernel.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { programOf } from './interpreter.node.ts';

/** A `kernel.json` that can be used. */
export interface KernelSpec {
  readonly name: string;
  readonly displayName: string;
  readonly language: string;
  /** As written, but for the program, which is an absolute path. `{connection_file}` and `{resource_dir}` are filled in at the start. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly interruptMode: 'signal' | 'message';
  /** The folder of the spec. */
  readonly folder: string;
}

/** A kernel for people: usable, or with what is wrong. */
export interface ListedKernel { readonly name: string; readonly displayName: string; readonly language: string; readonly argv: readonly string[]; readonly problem?: string }

/** Largest kernel.json that is read. */
const LARGEST = 256 * 1024;
const NAME = /^[\w.-]{1,100}$/;

type Environment = Readonly<Record<string, string | undefined>>;

/** Data folders of Jupyter on this machine, most important first. */
export function dataFolders(env: Environment = process.env, platform: NodeJS.Platform = process.platform, home: string = homedir()): readonly string[] {
  const own = env.JUPYTER_DATA_DIR ?? (platform === 'darwin' ? join(home, 'Library', 'Jupyter')
    : platform === 'win32' ? join(env.APPDATA ?? join(home, 'AppData', 'Roaming'), 'jupyter')
      : join(env.XDG_DATA_HOME ?? join(home, '.local', 'share'), 'jupyter'));
  const prefixes = [env.VIRTUAL_ENV, env.CONDA_PREFIX].filter((path) => path !== undefined).map((path) => join(path, 'share', 'jupyter'));
  const system = platform === 'win32' ? [join(env.PROGRAMDATA ?? 'C:\\ProgramData', 'jupyter')] : ['/usr/local/share/jupyter', '/usr/share/jupyter'];
  return [...new Set([...(env.JUPYTER_PATH ?? '').split(platform === 'win32' ? ';' : delimiter), own, ...prefixes, ...system].filter((path) => path !== ''))];
}

/** The spec of this name, or in words what is wrong with it. Names fold case, as Jupyter's do. */
export function findKernel(name: string, folders: readonly string[] = dataFolders()): KernelSpec | string {
  if (!NAME.test(name)) return `“${name}” is no name of a kernel: letters, digits, dot, minus and underscore make one.`;
  for (const base of folders) {
    for (const found of names(join(base, 'kernels'))) {
      if (found.toLowerCase() === name.toLowerCase() && isFile(join(base, 'kernels', found, 'kernel.json'))) return readSpec(found, join(base, 'kernels', found));
    }
  }
  const others = listKernels(folders).map((kernel) => kernel.name);
  return `There is no Jupyter kernel “${name}” here${others.length > 0 ? `; there are ${others.join(', ')}` : ''}. Install it (for Python: \`python3 -m pip install ipykernel\`, then \`python3 -m ipykernel install --user --name ${name}\`).`;
}

/** All kernels of this machine, by name. */
export function listKernels(folders: readonly string[] = dataFolders()): readonly ListedKernel[] {
  const found = new Map<string, ListedKernel>();
  for (const base of folders) {
    for (const name of names(join(base, 'kernels'))) {
      const folder = join(base, 'kernels', name);
      if (!NAME.test(name) || found.has(name.toLowerCase()) || !isFile(join(folder, 'kernel.json'))) continue;
      const spec = readSpec(name, folder);
      found.set(name.toLowerCase(), typeof spec === 'string' ? { name, displayName: name, language: '', argv: [], problem: spec }
        : { name, displayName: spec.displayName, language: spec.language, argv: spec.argv });
    }
  }
  return [...found.values()].sort((one, two) => (one.name < two.name ? -1 : 1));
}

/** What a person is asked to allow before this kernel is started; `undefined` when there is none that could be. */
export function kernelAsk(name: string, folders?: readonly string[]): { readonly argv: readonly string[]; readonly hash: string } | undefined {
  const spec = findKernel(name, folders);
  return typeof spec === 'string' ? undefined : { argv: spec.argv, hash: specHash(spec) };
}

/** What of a spec decides what is started. */
export const specHash = ({ argv, env, interruptMode, language }: KernelSpec): string =>
  createHash('sha256').update(JSON.stringify([argv, Object.entries(env).sort(([one], [two]) => (one < two ? -1 : 1)), interruptMode, language])).digest('hex');

function readSpec(name: string, folder: string): KernelSpec | string {
  const file = join(folder, 'kernel.json');
  const bad = (why: string): string => `The kernel “${name}” cannot be used: ${why} (${file}). Install it again.`;
  let given: Record<string, unknown>;
  try {
    if (statSync(file).size > LARGEST) return bad('its kernel.json is too large');
    given = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  } catch (error) {
    return bad(error instanceof SyntaxError ? 'its kernel.json is no JSON' : 'its kernel.json cannot be read');
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return bad('its kernel.json is no object');
  const { argv, env = {}, language, display_name: displayName = name, interrupt_mode: interruptMode = 'signal' } = given;
  if (!Array.isArray(argv) || argv.length === 0 || !argv.every((part) => typeof part === 'string' && !part.includes('\0'))) return bad('“argv” is no list of texts');
  if (!argv.some((part: string) => part.includes('{connection_file}'))) return bad('“argv” does not name {connection_file}');
  if (typeof language !== 'string' || language === '') return bad('“language” is missing');
  if (typeof displayName !== 'string') return bad('“display_name” is no text');
  if (interruptMode !== 'signal' && interruptMode !== 'message') return bad('“interrupt_mode” is neither “signal” nor “message”');
  if (typeof env !== 'object' || env === null || Array.isArray(env) || !Object.values(env).every((value) => typeof value === 'string')) return bad('“env” is no mapping of texts');
  const program = programOf(argv[0] as string, folder);
  if (program === undefined) return bad(`its program ${argv[0] as string} is not there`);
  return { name, displayName, language, argv: [program, ...(argv.slice(1) as string[])], env: env as Record<string, string>, interruptMode, folder };
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
