/**
 * Wall: a kernel behind the system's wall (T2). It sees its own interpreter and packages, the workspace without `.telar` and `.git`, what was granted, and its work folder; it has
 * no network, so its sockets must be files.
 */
import { existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { TelarError } from '../../../contracts/errors.ts';
import { grantedProgram, hiddenIn, walled } from '../../sandbox/isolate.node.ts';
import { grantedFolders } from '../python/grants.node.ts';
import { prefixesOf } from './interpreter.node.ts';
import type { Isolation } from '../../workers/isolation.ts';
import type { KernelCommand, KernelFolders } from './launch.node.ts';

const SYSTEM = ['/', '/usr', '/usr/local'];
const PUBLIC = ['/usr/local/lib', '/usr/share', '/etc/localtime', '/etc/fonts', '/etc/alternatives', '/etc/python3'];

/** A program in a `bin` of the person's own: what lies beside that is no environment. */
const holdsHome = (prefix: string): boolean => `${homedir()}/`.startsWith(`${prefix}/`);

/** The command behind the wall. @throws TelarError `unavailable`; `missing-file`, `refused` for what was granted */
export function wallKernel({ argv, env, cwd }: KernelCommand, { read, write, sockets, root }: KernelFolders, isolation: Isolation): KernelCommand {
  if (!sockets) throw new TelarError('unavailable', 'An isolated kernel needs sockets that are files, which this system lacks; leave `isolated` out, or `kernel=`.', { lacks: 'isolation' });
  const program = argv[0]!;
  const { JPY_PARENT_PID: _, ...environment } = env; // behind the wall every parent is process 1, which a kernel takes for a lost one; the wall ends it instead
  const real = realpathSync(program);
  // An environment is shown whole, and the Python it stands on; of the system's folders only what is no program, since programs are granted one by one.
  const libraries = [...prefixesOf(program), dirname(dirname(real))].flatMap((prefix) => (SYSTEM.includes(prefix) ? PUBLIC : holdsHome(prefix) ? [join(prefix, 'lib')] : [prefix]));
  const shown = (path: string): boolean => libraries.some((folder) => path.startsWith(`${folder}/`));
  const granted = [...grantedFolders(isolation.files).flatMap(({ shows }) => shows), ...isolation.programs.flatMap(grantedProgram)];
  const [first, ...rest] = walled(argv, {
    reads: [...new Set([...[program, real].filter((path) => !shown(path)), ...libraries.filter((path) => existsSync(path)), ...read, ...granted])], writes: write, cwd, environment, hides: hiddenIn(root),
  });
  return { argv: [first!, ...rest], env, cwd };
}
