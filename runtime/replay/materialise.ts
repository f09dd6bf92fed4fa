/**
 * Materialising a run: its texts, and what its steps read, put into a replica where they were. A file stands there with the bytes
 * that were read; a listing with the names that were seen; of what was only looked at, no more than was seen. What is not kept
 * any more is told step by step (`goneFrom`), not here: other steps do not need it.
 */
import type { Row, RunRecord, StepRecord, Store } from '../checkpoints/store.ts';
import type { Graph } from '../graph/graph.ts';
import { folderOf, templatePath } from '../graph/node.ts';
import { joinPath } from '../graph/project.ts';
import type { ReplayPorts, Replica } from './replica.ts';
import { textsOf } from '../texts.ts';

/** Most files of the workspace of now that a replica takes; of a larger workspace only what the run read. */
const MOST_FILES = 10_000;

/** Folders of the workspace of now that no notebook reads. */
const LEFT_OUT: ReadonlySet<string> = new Set(['.git', '.telar', 'node_modules']);

/** What a replica was made to hold. */
export interface Laid {
  /** Hash of each file that was put with its bytes, by path. */
  readonly files: ReadonlyMap<string, string>;
  /** By folder: the hash of its names as they were seen. */
  readonly lists: ReadonlyMap<string, string>;
}

/** What a replica is to hold beside what the run read. */
export interface LayOptions {
  /** New bytes of files, by path from the workspace root; they take the place of the run's own. */
  readonly edits?: ReadonlyMap<string, Uint8Array>;
  /** Also the files of the workspace of now that the run did not look at. */
  readonly rest?: 'workspace';
}

/** Lays out a run. @param graph of the run's own notebook: it tells each step's folder */
export function materialise(run: RunRecord, steps: Iterable<StepRecord>, graph: Graph, ports: ReplayPorts, replica: Replica, { edits = new Map(), rest }: LayOptions): Laid {
  const { store } = ports;
  const seen = looks(steps, graph, store);
  const files = new Map<string, string>();
  const put = (path: string, hash: string): void => {
    if (files.has(path) || edits.has(path)) return;
    const kept = store.blobs.has(hash) && replica.put(path, { what: 'blob', hash });
    if (kept || (ports.observer.fileHash(path) === hash && replica.put(path, { what: 'workspace' }))) files.set(path, hash);
  };
  for (const [path, bytes] of edits) if (replica.put(path, { what: 'bytes', bytes })) files.set(path, ports.sha256(bytes));
  // What a step read of a notebook or helper comes before its text: it has the same words, and its bytes to the last.
  for (const [path, hash] of seen.files) put(path, hash);
  for (const [path, hash] of Object.entries(textsOf(run.texts))) put(path, hash);
  for (const [path, saw] of seen.stats) {
    if (saw.startsWith('folder')) replica.put(path, { what: 'folder' });
    else if (!files.has(path) && !seen.files.has(path)) {
      // An edit may read what the run only looked at: then the file of now, or none, and never zeros in its place.
      if (isThere(path)) replica.put(path, { what: 'workspace' });
      else if (rest === undefined) replica.put(path, { what: 'size', size: Number(saw.slice(saw.indexOf(':') + 1)) });
    }
  }
  const lists = new Map<string, string>();
  for (const [folder, hash] of seen.lists) if (layList(folder, hash)) lists.set(folder, hash);
  if (rest === 'workspace') layRest();
  return { files, lists };

  /** Whether an edit may read of now what the run only saw the name or the size of. */
  function isThere(path: string): boolean {
    return rest === 'workspace' && !seen.files.has(path) && ports.files.stat(path)?.kind === 'file';
  }

  /** A name that nothing stands under is a file of which nobody knows more. */
  function layList(folder: string, hash: string): boolean {
    const names = namesOf(folder, hash);
    if (names === undefined || !replica.put(folder, { what: 'folder' })) return false;
    for (const name of names) {
      const path = folder === '' ? name : `${folder}/${name}`;
      if (replica.ports.files.stat(path) !== undefined) continue;
      replica.put(path, seen.lists.has(path) ? { what: 'folder' } : isThere(path) ? { what: 'workspace' } : { what: 'size', size: 0 });
    }
    return true;
  }

  /** The names of a listing: as they were kept, else those of now if they are the same. */
  function namesOf(folder: string, hash: string): readonly string[] | undefined {
    const kept = store.blobs.get(hash);
    if (kept !== undefined) return kept.length === 0 ? [] : new TextDecoder().decode(kept).split('\n');
    const now = ports.files.list(folder);
    return now !== undefined && ports.sha256(now.join('\n')) === hash ? now : undefined;
  }

  /** Nothing is added to a folder that the run listed, nothing comes where it found nothing, and nothing of now takes the place of what is lost. */
  function layRest(): void {
    const found: string[] = [];
    const folders = [''];
    for (const folder of folders) {
      for (const name of ports.files.list(folder) ?? []) {
        const path = folder === '' ? name : `${folder}/${name}`;
        if (LEFT_OUT.has(name.toLowerCase()) || seen.missing.has(path)) continue;
        const kind = ports.files.stat(path)?.kind;
        if (kind === 'folder') folders.push(path);
        else if (kind === 'file' && !files.has(path) && !seen.files.has(path) && !seen.lists.has(folder)) found.push(path);
        if (found.length > MOST_FILES || folders.length > MOST_FILES) return;
      }
    }
    for (const path of found) replica.put(path, { what: 'workspace' });
  }
}

/** All that the steps looked at, by path from the workspace root. Of two steps that saw a file differ the first one's counts. */
function looks(steps: Iterable<StepRecord>, graph: Graph, store: Store): Record<'files' | 'stats' | 'lists' | 'missing', Map<string, string>> {
  const seen = { files: new Map<string, string>(), stats: new Map<string, string>(), lists: new Map<string, string>(), missing: new Map<string, string>() };
  const into = { file: seen.files, stat: seen.stats, list: seen.lists, missing: seen.missing };
  for (const step of steps) {
    const row = step.row === undefined ? undefined : store.row(step.row);
    for (const { what, path, saw } of row?.reads ?? []) {
      const full = placeOf(step.node, path, graph, row?.folder ?? '');
      if (!into[what].has(full)) into[what].set(full, saw);
    }
  }
  return seen;
}

/** A read's path from the workspace root. A row may come from another notebook in another folder; the step's own folder counts. */
function placeOf(node: string, path: string, graph: Graph, otherwise: string): string {
  const known = graph.node(templatePath(node));
  const folder = known === undefined ? otherwise : folderOf(known);
  return joinPath(folder === '' ? '.' : `${folder}/.`, path);
}

/** What a step read that the replica does not hold as it was, by path. */
export function goneFrom(laid: Laid, node: string, row: Row, graph: Graph): string[] {
  return row.reads.flatMap(({ what, path, saw }) => {
    const full = placeOf(node, path, graph, row.folder);
    const there = what === 'file' ? laid.files.get(full) : what === 'list' ? laid.lists.get(full) : saw;
    return there === saw ? [] : [path];
  });
}
