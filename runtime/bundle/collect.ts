/**
 * What a store knows of a run, as a bundle tells it: under the keys under which it was made, without the places of this machine,
 * and with a list of the blobs that belong to it. Reads the store and changes nothing.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { TableManifest } from '../../contracts/values.ts';
import { plainKey } from '../checkpoints/aside.ts';
import { rowId, type Row, type RunLog, type RunRecord, type Store } from '../checkpoints/store.ts';
import type { Sha256 } from '../ports.ts';
import { BUNDLE_GENERATION, LOG_LIMIT, type LeftOut, type ListedBlob, type Manifest, type RunParts } from './format.ts';
import { namedBlobs, type Named } from './named.ts';

/** What collecting needs. */
export interface CollectFrom {
  readonly store: Store;
  readonly sha256: Sha256;
  /** Folders of this machine (the workspace, the home), which messages and logs may mention; a bundle says `.` instead. */
  readonly places: readonly string[];
}

/** Most values that an error names. */
const TOLD = 5;

/** A run with all that it left, but for the values. */
export function describeRun(record: RunRecord, { store, sha256, places }: CollectFrom): RunParts & { readonly leftOut: readonly LeftOut[] } {
  const { bundle: _, pinned: __, ...run } = record;
  const hide = hiding(places);
  const rows = new Map<string, Row>();
  const steps = store.steps(run.id).map((step) => {
    const { key, reason, error } = step;
    const told = {
      ...step, ...(key === undefined ? {} : { key: plainKey(key) }),
      ...(reason === undefined ? {} : { reason: hide(reason) }), ...(error === undefined ? {} : { error: hide(error) }),
    };
    if (step.row === undefined) return told;
    const row = store.row(step.row);
    if (row === undefined) throw lost(run.id, [`the result of ${step.node}`]);
    let plain = describeRow(row, sha256, hide);
    // Two results of one key are two takes here.
    for (let known = rows.get(plain.id); known !== undefined && JSON.stringify(known) !== JSON.stringify(plain); known = rows.get(plain.id)) plain = describeRow({ ...plain, take: plain.take + 1 }, sha256, hide);
    rows.set(plain.id, plain);
    return { ...told, row: plain.id };
  });
  const { logs, leftOut } = cutLogs(hide(store.logs(run.id)));
  return { run, steps, rows: [...rows.values()], logs, leftOut };
}

function describeRow(row: Row, sha256: Sha256, hide: <T>(value: T) => T): Row {
  const key = plainKey(row.key);
  return {
    ...row, key, id: rowId(sha256, { ...row, key }),
    ...(row.warnings === undefined ? {} : { warnings: hide(row.warnings) }),
    ...(row.logs === undefined ? {} : { logs: hide(row.logs) }),
  };
}

/**
 * The manifest of a run's bundle.
 * @throws TelarError `value-missing` when a value that the run kept is not there any more
 */
export function collectBundle(record: RunRecord, from: CollectFrom): Manifest {
  const { leftOut: cut, ...parts } = describeRun(record, from);
  const { blobs } = from.store;
  const named = [...namedBlobs(parts)];
  const opaque = new Set(named.filter(({ what }) => what === 'opaque').map(({ hash }) => hash));
  const listed = new Map<string, ListedBlob>();
  const leftOut = new Map<string, LeftOut>();
  const gone: string[] = [];
  const list = (hash: string, bytes: number): void => { listed.set(hash, { hash, bytes }); };
  for (const one of named) {
    const { what, where, hash } = one;
    if (listed.has(hash)) continue;
    const leave = (what: LeftOut['what']): void => { if (!leftOut.has(`${what} ${hash}`)) leftOut.set(`${what} ${hash}`, { what, where, hash }); };
    const columns = opaque.has(hash) ? undefined : whole(one, from.store);
    if (columns !== undefined) {
      list(hash, blobs.size(hash) as number);
      for (const column of columns) list(column.blob, column.bytes);
    } else if (what === 'opaque' || what === 'file' || what === 'list' || what === 'input') leave(what);
    else gone.push(where);
  }
  if (gone.length > 0) throw lost(record.id, gone);
  return { telarrun: BUNDLE_GENERATION, ...parts, leftOut: [...leftOut.values(), ...cut], blobs: [...listed.values()] };
}

/** The columns of a value that is there (none, when it is no table); `undefined` when it, or a part of it, is not. */
function whole({ hash, bytes, isTable }: Named, { blobs }: Store): TableManifest['columns'] | undefined {
  const size = blobs.size(hash);
  if (size === undefined || (bytes !== undefined && bytes !== size)) return undefined;
  if (isTable === undefined) return [];
  const found = blobs.get(hash);
  if (found === undefined) return undefined;
  const { columns } = JSON.parse(new TextDecoder().decode(found)) as TableManifest;
  return columns.every((column) => blobs.size(column.blob) === column.bytes) ? columns : undefined;
}

function cutLogs(all: readonly RunLog[]): { logs: RunLog[]; leftOut: LeftOut[] } {
  const logs: RunLog[] = [];
  const cut = new Set<string>();
  let room = LOG_LIMIT;
  for (const entry of all) {
    room -= entry.text.length;
    if (room >= 0) logs.push(entry);
    else cut.add(entry.node);
  }
  return { logs, leftOut: [...cut].map((where) => ({ what: 'log', where })) };
}

/** Writes `.` for each of the places, wherever a text of a record begins a path with it. */
function hiding(places: readonly string[]): <T>(value: T) => T {
  const escaped = places.filter((place) => place.length > 1).sort((a, b) => b.length - a.length)
    .map((place) => JSON.stringify(place).slice(1, -1).replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  if (escaped.length === 0) return (value) => value;
  const pattern = new RegExp(`(?:${escaped.join('|')})(?![\\w.-])`, 'g');
  return <T>(value: T) => JSON.parse(JSON.stringify(value).replace(pattern, '.')) as T;
}

function lost(run: string, what: readonly string[]): TelarError {
  const more = what.length > TOLD ? ` and ${what.length - TOLD} more` : '';
  return new TelarError('value-missing', `Run ${run} cannot be bundled, for values of it are not in the store any more: ${what.slice(0, TOLD).join(', ')}${more}. \`telar fsck --repair\` computes again what it can.`, { run, lost: what });
}
