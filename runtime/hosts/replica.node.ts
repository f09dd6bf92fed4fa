/**
 * A replica on a disk: a folder under `.telar/scratch/` that bears the number of its process, so that one that was left behind is
 * swept by whoever comes next. Large files are links to the store's values or to the workspace's files; engines read them and
 * write nowhere near.
 */
import { copyFileSync, linkSync, lstatSync, mkdirSync, mkdtempSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { createFiles } from '../adapters/files.node.ts';
import { createObserver } from '../adapters/observer.ts';
import { typed } from '../checkpoints/trouble.node.ts';
import { createModels } from '../models/library.node.ts';
import { createExecutors } from './executors.node.ts';
import type { RuntimePorts } from '../runtime.ts';
import type { Content, Replica } from '../replay/replica.ts';
import { createResults } from '../replay/results.node.ts';

/** From this size on a value is linked into the replica, in bytes; a smaller one is quicker written. */
const LINKED = 64 * 1024;

/** Makes an empty replica. @param state the workspace's `.telar`; absolute @throws TelarError `disk-full`, `read-only` */
export function createReplica(host: RuntimePorts, state: string): Replica {
  const scratch = join(state, 'scratch');
  const top = making(state, () => {
    mkdirSync(scratch, { recursive: true });
    return mkdtempSync(join(scratch, `replica-${process.pid}-`));
  });
  const root = join(top, 'files');
  mkdirSync(root);
  const files = createFiles(root);
  const executors = createExecutors({ root, state });
  const { blobs } = host.store;
  const stamps = new Map<string, { stamp: string; sha: string }>();
  // The store remembers hashes by path, and the same path is another file here.
  const store: typeof host.store = {
    ...host.store,
    fileHash: (path, stamp) => { const known = stamps.get(path); return known?.stamp === stamp ? known.sha : undefined; },
    setFileHash: (path, stamp, sha) => { stamps.set(path, { stamp, sha }); },
  };

  function lay(path: string, content: Content): boolean {
    const place = resolve(root, path);
    if (place === root) return content.what === 'folder';
    // A path may come from a bundle that was made elsewhere.
    if (!place.startsWith(root + sep) || path.includes('\0')) return false;
    if (content.what === 'folder') { mkdirSync(place, { recursive: true }); return true; }
    mkdirSync(dirname(place), { recursive: true });
    if (content.what === 'bytes') return written(place, content.bytes);
    if (content.what === 'workspace') { const from = host.files.absolute?.(path); return from !== undefined && linked(from, place); }
    if (content.what === 'size') { written(place, new Uint8Array()); truncateSync(place, content.size); return true; }
    if ((blobs.size(content.hash) ?? 0) >= LINKED) { const from = blobs.path(content.hash); return from !== undefined && linked(from, place); }
    const bytes = blobs.get(content.hash);
    return bytes !== undefined && written(place, bytes);
  }

  return {
    ports: { ...host, store, executors, ...(host.models === undefined ? {} : { models: createModels(root) }), observer: createObserver({ files, store, sha256: host.sha256 }), files: { ...files, write: (path, bytes) => { host.files.write(path, bytes); } } },
    results: createResults(blobs, join(top, 'results')),
    put: (path, content) => making(state, () => {
      try {
        return lay(path, content);
      } catch (error) {
        if (IN_THE_WAY.has((error as NodeJS.ErrnoException).code ?? '')) return false;
        throw error;
      }
    }),
    close: async () => {
      try {
        await Promise.all([...executors.values()].map((executor) => executor.close()));
      } finally {
        rmSync(top, { recursive: true, force: true });
      }
    },
  };
}

/** What the file system says where two things want one place, a name cannot be, a size is beyond it, or a file has gone. */
const IN_THE_WAY: ReadonlySet<string> = new Set(['EEXIST', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG', 'EFBIG', 'EINVAL', 'ENOENT', 'EACCES', 'EPERM', 'ERR_OUT_OF_RANGE']);

/** What stands there may be a link to somebody's file: it is not written over. */
function clear(place: string): void {
  if (lstatSync(place, { throwIfNoEntry: false }) !== undefined) unlinkSync(place);
}

function written(place: string, bytes: Uint8Array): true {
  clear(place);
  writeFileSync(place, bytes, { mode: 0o444 });
  return true;
}

/** A link, or a copy where there can be none. */
function linked(from: string, place: string): true {
  clear(place);
  try {
    linkSync(from, place);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
    copyFileSync(from, place);
  }
  return true;
}

function making<T>(state: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw typed(error, state);
  }
}
