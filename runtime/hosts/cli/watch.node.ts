/**
 * Watching the files a notebook is made of: its text, nested notebooks, helpers, and what its steps have read. Polls by
 * `fs.watchFile` (saving editors replace files, which change events of many systems lose), once in 300 ms.
 */
import { unwatchFile, watchFile, type StatsListener } from 'node:fs';
import { join } from 'node:path';
import type { Workspace } from '../../adapters/workspace.node.ts';
import type { Notebook } from '../../runtime.ts';

const INTERVAL = 300;

/** Paths (from the workspace root) as they change, until the signal ends it. */
export async function* watchFiles(workspace: Workspace, notebook: Notebook, signal: AbortSignal): AsyncGenerator<string> {
  const changed: string[] = [];
  let wake: () => void = () => undefined;
  const watched = new Map<string, StatsListener>();
  const follow = (): void => {
    for (const path of notebook.sources()) {
      if (watched.has(path)) continue;
      const listener: StatsListener = (now, before) => {
        if (now.mtimeMs === before.mtimeMs && now.size === before.size) return;
        if (!changed.includes(path)) changed.push(path);
        wake();
      };
      watched.set(path, listener);
      watchFile(join(workspace.root, path), { interval: INTERVAL, persistent: true }, listener);
    }
  };
  signal.addEventListener('abort', () => { wake(); }, { once: true });
  try {
    while (!signal.aborted) {
      follow();
      if (changed.length === 0) await new Promise<void>((resolve) => { wake = resolve; });
      if (changed.length > 0) yield changed.splice(0).join(', ');
    }
  } finally {
    for (const [path, listener] of watched) unwatchFile(join(workspace.root, path), listener);
  }
}
