/**
 * A wall for bubblewrap (Linux): the arguments of `bwrap`, without the program. All namespaces are new, so there is no network but
 * an empty one, and no process but its own; the root is empty but for what is bound.
 *
 * No seccomp filter: it would have to be compiled for each architecture, and what it would take away (new namespaces, capabilities)
 * is taken away here by other means. No limit of memory: V8 and WebAssembly reserve far more address room than they use, and a
 * control group needs rights that a person's session may lack; the process around it watches the memory instead.
 */
import { outermostFirst, type Wall } from './profile.ts';

/** What every program on Linux needs to start: its loader and libraries. A link is made again as a link. */
export interface SystemFolders {
  readonly folders: readonly string[];
  readonly links: readonly { readonly path: string; readonly target: string }[];
}

/** Arguments of `bwrap`; the program and its own arguments come after `--`. */
export function bubblewrapArguments(wall: Wall, system: SystemFolders): readonly string[] {
  const places = outermostFirst([
    ...system.folders.map((path) => ({ path, as: ['--ro-bind', path, path] })),
    ...wall.reads.map((path) => ({ path, as: ['--ro-bind', path, path] })),
    ...(wall.hides ?? []).map((path) => ({ path, as: ['--tmpfs', path] })),
    ...wall.writes.map((path) => ({ path, as: ['--bind', path, path] })),
  ]);
  return [
    '--unshare-all', '--unshare-user', '--disable-userns', '--cap-drop', 'ALL', '--die-with-parent', '--new-session', '--hostname', 'telar',
    '--clearenv', ...Object.entries(wall.environment).flatMap(([name, value]) => ['--setenv', name, value]),
    '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp',
    ...system.links.flatMap(({ path, target }) => ['--symlink', target, path]),
    ...places.flatMap(({ as }) => as), '--chdir', wall.cwd,
  ];
}
