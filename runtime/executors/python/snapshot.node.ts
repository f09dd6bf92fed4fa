/**
 * Snapshot: Python's memory after its start, made once per version of engine and bootstrap, so that a child is ready eight times sooner.
 *
 * Of several processes that want it at once one makes it, and the others wait for that. Without one, children start cold. Who says that it is made is
 * killed: an exit of Node waits for V8's threads, and those now and then for a collection that comes no more (nodejs/node#54918).
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeLeftovers } from '../../adapters/leftovers.node.ts';
import { isBusy, type Lock, takeLock } from '../../adapters/lock.node.ts';
import { startChild } from './engine.node.ts';

/** Longest time to make it, and between two looks at another who does, in milliseconds. */
const PATIENCE = 60_000;
const LOOK = 50;
/** Folders of those who make something in the cache. */
const MAKING = /^making-(\d+)-/;

/** Where the snapshot of this engine lies in the cache. */
function snapshotPath(cache: string, identity: Readonly<Record<string, string>>): string {
  const key = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 16);
  return join(cache, `python-${identity.pyodide}-${key}.snapshot`);
}

/** The path of the snapshot, made if it was not there; `undefined` when it cannot be made, or `signal` ends the making. */
export async function ensureSnapshot(node: string, cache: string, pyodide: string, identity: Readonly<Record<string, string>>, signal: AbortSignal): Promise<string | undefined> {
  const path = snapshotPath(cache, identity);
  if (existsSync(path)) return realpathSync(path);
  let lock: Lock | undefined;
  try {
    mkdirSync(cache, { recursive: true });
    lock = await lockFor(path, signal);
    if (!existsSync(path)) await make(node, cache, pyodide, path, signal);
    return realpathSync(path);
  } catch {
    return undefined; // a cache that cannot be written: only slower
  } finally {
    lock?.end();
  }
}

/** The right to make it; `undefined` when another has made it meanwhile. @throws when the wait is over */
async function lockFor(path: string, signal: AbortSignal): Promise<Lock | undefined> {
  for (const end = performance.now() + PATIENCE; !existsSync(path);) {
    try {
      return takeLock(`${path}.lock`, 0);
    } catch (error) {
      if (!isBusy(error) || performance.now() > end) throw error;
    }
    await sleep(LOOK, undefined, { signal });
  }
  return undefined;
}

async function make(node: string, cache: string, pyodide: string, path: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  removeLeftovers(cache, MAKING);
  const folder = realpathSync(mkdtempSync(join(cache, `making-${process.pid}-`)));
  try {
    const made = join(folder, 'snapshot');
    const child = startChild(node, { pyodide, root: folder, in: folder, out: folder, make: made });
    const end = (): void => { child.kill('SIGKILL'); };
    const timer = setTimeout(end, PATIENCE);
    signal.addEventListener('abort', end, { once: true });
    const gone = new Promise((done) => child.once('exit', done).once('error', done));
    child.stdio[3]?.once('data', end); // it says nothing but that
    await gone;
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    renameSync(made, path); // it has this name when it is whole
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
