/**
 * Launch: what exactly is started for a kernel, with which environment and which folders, so that it can be shown, walled off, and started.
 *
 * A kernel is the person's own program and has the person's rights, unless `wall.node.ts` walls it off. What it gets of our environment is a short list: no secret is passed on,
 * and what would make two machines differ (time zone, language, hash seed, the person's IPython profile) is set.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { KernelHome } from './home.node.ts';
import type { KernelSpec } from './kernelspecs.node.ts';
import { killTree } from '../vitals.node.ts';

/** A program to start, exactly. */
export interface KernelCommand { readonly argv: readonly string[]; readonly env: Readonly<Record<string, string>>; readonly cwd: string }

/** What a walled-off kernel must still be able to reach, beside its own program and libraries. Absolute. A folder that may be written may lie inside one that may only be read. */
export interface KernelFolders {
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** The workspace, one of `read`. */
  readonly root: string;
  /** Whether its sockets are files, in one of `write`. */
  readonly sockets: boolean;
}

const PASSED = [
  'PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'VIRTUAL_ENV', 'CONDA_PREFIX', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'XDG_RUNTIME_DIR', 'CUDA_VISIBLE_DEVICES',
  'SystemRoot', 'SystemDrive', 'USERPROFILE', 'APPDATA', 'LOCALAPPDATA', 'PROGRAMDATA', 'PROGRAMFILES', 'COMSPEC', 'PATHEXT', 'WINDIR', 'NUMBER_OF_PROCESSORS', 'PROCESSOR_ARCHITECTURE',
];

/** The command of a kernel, and the folders that it needs. */
export function kernelCommand(spec: KernelSpec, home: KernelHome, root: string, env: Readonly<Record<string, string | undefined>> = process.env): { readonly command: KernelCommand; readonly folders: KernelFolders } {
  const fill = (text: string): string => text.replaceAll('{connection_file}', home.connectionFile).replaceAll('{resource_dir}', spec.folder);
  const passed = Object.fromEntries(PASSED.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
  // As Jupyter does: `${NAME}` of what is passed on, and nothing else.
  const own = Object.fromEntries(Object.entries(spec.env).map(([name, value]) => [name, value.replace(/\$\{(\w+)\}/g, (whole, inner: string) => passed[inner] ?? whole)]));
  return {
    command: {
      argv: spec.argv.map(fill), cwd: home.tmp,
      env: {
        ...passed, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', TZ: 'UTC', PYTHONHASHSEED: '0', PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1', PYDEVD_DISABLE_FILE_VALIDATION: '1', ...own,
        TMPDIR: home.tmp, TEMP: home.tmp, TMP: home.tmp, IPYTHONDIR: home.profile, JUPYTER_RUNTIME_DIR: home.runtime,
        ...(process.platform === 'win32' ? {} : { JPY_PARENT_PID: String(process.pid) }), // there it is a handle
      },
    },
    folders: { root, sockets: home.sockets !== undefined, read: [root, spec.folder, home.in], write: [home.out, home.tmp, home.profile, home.runtime, ...(home.sockets === undefined ? [] : [home.sockets])] },
  };
}

/** Starts it as the head of a process group of its own, so that a key pressed in a terminal does not reach it and a kill reaches its children. */
export function startKernel({ argv, env, cwd }: KernelCommand): ChildProcess {
  return spawn(argv[0]!, argv.slice(1), { cwd, env: { ...env }, stdio: ['ignore', 'ignore', 'pipe'], detached: process.platform !== 'win32', windowsHide: true });
}

/** Signals a kernel and all of its group, and kills what lives behind its wall; silent when it is gone. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') { child.kill(signal); return; }
    if (signal === 'SIGKILL' && child.exitCode === null && child.signalCode === null) killTree(child.pid);
    process.kill(-child.pid, signal);
  } catch { /* it is gone */ }
}
