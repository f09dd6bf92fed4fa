/**
 * Snapshot: Python's memory after its start, made once per version of engine and bootstrap, so that a child is ready eight times sooner.
 *
 * Several processes may make it at once: each makes its own file and renames it into place. Without one, children start cold.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from './engine.node.ts';

/** Longest time to make it, in milliseconds. */
const PATIENCE = 60_000;

/** Where the snapshot of this engine lies in the cache. */
function snapshotPath(cache: string, identity: Readonly<Record<string, string>>): string {
  const key = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 16);
  return join(cache, `python-${identity.pyodide}-${key}.snapshot`);
}

/** The path of the snapshot, made if it was not there; `undefined` when it cannot be made, or `signal` ends the making. */
export async function ensureSnapshot(node: string, cache: string, pyodide: string, identity: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<string | undefined> {
  const path = snapshotPath(cache, identity);
  if (existsSync(path)) return realpathSync(path);
  let folder: string | undefined;
  try {
    mkdirSync(cache, { recursive: true });
    folder = realpathSync(mkdtempSync(join(cache, 'making-')));
    const made = join(folder, 'snapshot');
    const child = startChild(node, { pyodide, root: folder, in: folder, out: folder, make: made });
    const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
    signal?.addEventListener('abort', () => child.kill('SIGKILL'), { once: true });
    const code = await new Promise((done) => child.once('exit', done).once('error', done));
    clearTimeout(timer);
    if (code !== 0) return undefined;
    renameSync(made, path);
    return realpathSync(path);
  } catch {
    return undefined; // a cache that cannot be written: only slower
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}
