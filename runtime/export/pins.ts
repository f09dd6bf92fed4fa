/** A run as a skill pins it: without ids, times and places, under paths that begin at the notebook's folder. Reads the store and changes nothing. */
import { TelarError } from '../../contracts/errors.ts';
import { describeRun, type CollectFrom } from '../bundle/collect.ts';
import { insidePath } from '../bundle/paths.ts';
import { columnsOf, type RunRecord, type StepRecord } from '../checkpoints/store.ts';
import { NOTHING } from '../graph/fingerprint.ts';
import { templatePath } from '../graph/node.ts';
import { textsOf } from '../texts.ts';
import { MOST_PINNED, pinned, type Lock, type NotPinned, type PinnedRow, type Pins } from './format.ts';

/** What a run left that a skill keeps. */
export interface PinnedRun {
  readonly lock: Pick<Lock, 'inputs' | 'order' | 'engines' | 'steps' | 'rows' | 'leftOut'>;
  readonly values: Pins['values'];
  /** Hash of each file that the run was of or read, by path from the workspace's root. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Pins a run.
 * @param folderOf the folder of a step's notebook; a result may have been made first by another notebook, in another folder
 * @throws TelarError `refused` for a file above the notebook, `value-missing` when results are gone
 */
export function pinRun(record: RunRecord, from: CollectFrom, folderOf: (step: string) => string | undefined): PinnedRun {
  const { run, steps, rows } = describeRun(record, from);
  const folder = run.file.includes('/') ? run.file.slice(0, run.file.lastIndexOf('/')) : '';
  const files = new Map(Object.entries(textsOf(run.texts)));
  const places = new Map(run.order.map((path, index) => [path, index]));
  const place = ({ node }: StepRecord): number => places.get(templatePath(node)) ?? places.size;
  const sorted = steps.toSorted((a, b) => place(a) - place(b) || (a.node < b.node ? -1 : 1));
  const byId = new Map(rows.map((row) => [row.id, row]));
  const kept = new Map<string, PinnedRow>();
  for (const step of sorted) {
    const row = step.row === undefined ? undefined : byId.get(step.row);
    if (row === undefined) continue;
    const { id, key, reads, readsDigest, take, outputs, warnings, effect } = row;
    const at = folderOf(step.node) ?? row.folder;
    for (const { what, path, saw } of reads) if (what === 'file') files.set(insidePath(at, path) ?? path, saw);
    kept.set(id, { id, key, reads, readsDigest, folder: reads.length === 0 ? '' : below(folder, at, step.node), take, outputs, effect, ...(warnings === undefined ? {} : { warnings }) });
  }
  const { values, leftOut } = valuesOf(sorted, kept, from.store);
  return {
    files, values,
    lock: {
      inputs: run.inputs, order: run.order, engines: run.engines, leftOut, rows: [...kept.values()],
      steps: sorted.map(({ node, state, key, components, row }) => ({ node, state, ...(key === undefined ? {} : { key }), ...(components === undefined ? {} : { components }), ...(row === undefined ? {} : { row }) })),
    },
  };
}

function below(folder: string, path: string, node: string): string {
  if (path === folder) return '';
  if (folder === '') return path;
  if (path.startsWith(`${folder}/`)) return path.slice(folder.length + 1);
  throw above(node, path);
}

/** The error of what lies above the notebook. */
export function above(who: string, path: string): TelarError {
  return new TelarError('refused', `\`${who}\` uses ${path}, which is not in the notebook's folder or below it, so it cannot be carried in a skill. Put it there, or put the notebook above it.`, { file: path });
}

/** The bytes of values, smallest first until there is no more room: outputs, and what inputs were given. */
function valuesOf(steps: readonly StepRecord[], rows: ReadonlyMap<string, PinnedRow>, { blobs }: CollectFrom['store']): { values: Pins['values']; leftOut: NotPinned[] } {
  const wanted = new Map<string, { where: string; parts: readonly string[] }>();
  const want = (where: string, form: string, hash: string): void => {
    if (form === 'live' || form === 'opaque' || wanted.has(hash)) return;
    const manifest = form === 'table' ? blobs.get(hash) : undefined;
    wanted.set(hash, { where, parts: [hash, ...(manifest === undefined ? [] : columnsOf(new TextDecoder().decode(manifest)))] });
  };
  for (const step of steps) {
    const row = step.row === undefined ? undefined : rows.get(step.row);
    for (const [name, { ref }] of Object.entries(row?.outputs ?? {})) if (ref !== undefined) want(`${step.node}.${name}`, ref.form, ref.hash);
    for (const [name, value] of Object.entries(step.components ?? {})) {
      const [form, hash] = value.split(':');
      if (name.startsWith('input.') && value !== NOTHING && form !== undefined && hash !== undefined) want(`${step.node} ${name}`, form, hash);
    }
  }
  const sized = [...wanted].map(([hash, { where, parts }]) => ({ hash, where, parts, bytes: parts.reduce((sum, part) => sum + (blobs.size(part) ?? Infinity), 0) }));
  const values: Record<string, Pins['values'][string]> = {};
  const leftOut: NotPinned[] = [];
  let room = MOST_PINNED;
  for (const { hash, where, parts, bytes } of sized.toSorted((a, b) => a.bytes - b.bytes || (a.hash < b.hash ? -1 : 1))) {
    const read = bytes > room ? undefined : parts.map((part) => [part, blobs.get(part)] as const);
    if (read === undefined || read.some(([, data]) => data === undefined)) { leftOut.push({ where, hash, bytes: Number.isFinite(bytes) ? bytes : 0 }); continue; }
    room -= bytes;
    for (const [part, data] of read) values[part] ??= pinned(data as Uint8Array);
  }
  return { values, leftOut };
}
