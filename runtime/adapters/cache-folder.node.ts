/**
 * The folder for what can be made again and serves every workspace of one person: the Python engine's memory snapshot takes
 * seconds to make and is the same everywhere.
 */
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** `TELAR_CACHE`, else the system's place for caches; `otherwise` when that cannot be written. */
export function cacheFolder(otherwise: string): string {
  const folder = process.env.TELAR_CACHE ?? join(systemCache(), 'telar');
  try {
    makeFolder(folder);
    accessSync(folder, constants.W_OK);
    return folder;
  } catch {
    return otherwise;
  }
}

/** Level by level: Node's own recursion never ends under `/proc`. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function systemCache(): string {
  if (process.platform === 'win32') return process.env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local');
  return process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
}
