/**
 * Whether what a bundle says hangs together, by its texts and hashes alone: nothing is run, and no notebook is parsed (`agree.ts`
 * does that, where the notebook can be opened). The first contradiction ends it, with its place.
 */
import type { TableManifest } from '../../contracts/values.ts';
import { redKey } from '../checkpoints/aside.ts';
import { digestReads, rowId, type Row, type StepRecord } from '../checkpoints/store.ts';
import { actionKey } from '../graph/fingerprint.ts';
import type { Sha256 } from '../ports.ts';
import { keyPart } from '../scheduler/decide.ts';
import { CONTENT_LIMIT, forged, type Manifest } from './format.ts';
import { namedBlobs } from './named.ts';
import { insidePath, sameFile } from './paths.ts';

/** Checks all that can be known before a blob is read. @throws TelarError `forged` */
export function checkManifest(manifest: Manifest, sha256: Sha256): void {
  const { run, steps, rows, logs, blobs } = manifest;
  if (run.parent === run.id) throw forged('the run', 'says that it is a fork of itself.');
  if (run.texts[run.file] === undefined) throw forged('the run', `has no text of its notebook ${run.file}.`);
  for (const path of [run.file, ...Object.keys(run.texts)]) if (insidePath('', path) !== path || path === '') throw outside('the texts', path);
  unique(run.order, 'the order');
  unique(steps.map((step) => step.node), 'the steps');
  unique(rows.map((row) => row.id), 'the results');
  unique(blobs.map((blob) => blob.hash), 'the list of blobs');
  const byId = new Map(rows.map((row) => [row.id, row]));
  const files = new Set(Object.keys(run.texts));
  for (const row of rows) checkRow(row, files, sha256);
  const twins = sameFile(files);
  if (twins !== undefined) throw forged('a path', `\`${twins[0]}\` and another one, \`${twins[1]}\`, differ in capitals only.`);
  const used = new Set<string>();
  for (const step of steps) {
    checkStep(step, manifest, byId, sha256);
    if (step.row !== undefined) used.add(step.row);
  }
  for (const id of byId.keys()) if (!used.has(id)) throw forged(`the result ${id.slice(0, 12)}`, 'belongs to no step.');
  const nodes = new Set([...run.order, ...steps.map((step) => step.node)]);
  for (const { node } of logs) if (node !== '' && !nodes.has(node)) throw forged('the logs', `speak of a node ${node} that the run does not have.`);
  let total = 0;
  for (const { bytes } of blobs) total += bytes;
  if (total > CONTENT_LIMIT) throw forged('the list of blobs', `would hold ${total} bytes; ${CONTENT_LIMIT} is the most.`);
}

function checkRow(row: Row, files: Set<string>, sha256: Sha256): void {
  const place = `the result ${row.id.slice(0, 12)}`;
  if (insidePath('', row.folder) !== row.folder) throw outside(place, row.folder);
  for (const { what, path } of row.reads) {
    const inside = insidePath(row.folder, path);
    if (inside === undefined) throw outside(place, path);
    if (what === 'file' || what === 'stat') files.add(inside);
  }
  if (digestReads(sha256, row.reads) !== row.readsDigest) throw forged(place, 'read something else than its digest says.');
  if (rowId(sha256, row) !== row.id) throw forged(place, 'does not bear the name that follows from its key, reads and take.');
}

function checkStep(step: StepRecord, { run }: Manifest, rows: ReadonlyMap<string, Row>, sha256: Sha256): void {
  const place = `the step ${step.node}`;
  if (step.run !== run.id || step.file !== run.file) throw forged(place, 'is of another run.');
  if (step.key !== undefined && step.components !== undefined && actionKey(keyPart(step.components), sha256) !== step.key) throw forged(place, 'has a key that does not follow from its parts.');
  if (step.row === undefined) return;
  const row = rows.get(step.row);
  if (row === undefined) throw forged(place, 'names a result that is not in the bundle.');
  if (row.key !== step.key && (step.key === undefined || row.key !== redKey(step.key))) throw forged(place, 'names the result of another key.');
}

/**
 * Holds the list of blobs against what the run names.
 * @param tables the manifests of the tables among the blobs
 * @throws TelarError `forged`
 */
export function checkBlobs(manifest: Manifest, tables: ReadonlyMap<string, TableManifest>): void {
  const sizes = new Map(manifest.blobs.map(({ hash, bytes }) => [hash, bytes]));
  const leftOut = new Set(manifest.leftOut.map(({ what, hash }) => `${what} ${hash}`));
  const named = new Set<string>();
  for (const { what, where, hash, bytes, isTable } of namedBlobs(manifest)) {
    const size = sizes.get(hash);
    if (what === 'opaque' && size !== undefined) throw forged(where, 'would bring a pickled object.');
    if (size === undefined) {
      if (!leftOut.has(`${what} ${hash}`)) throw forged(where, 'is not in the bundle, and not listed as left out.');
      continue;
    }
    named.add(hash);
    if (bytes !== undefined && bytes !== size) throw forged(where, `has ${bytes} bytes in one place and ${size} in another.`);
    if (isTable !== true) continue;
    for (const column of (tables.get(hash) as TableManifest).columns) {
      if (sizes.get(column.blob) !== column.bytes) throw forged(where, `lacks its column \`${column.name}\`.`);
      named.add(column.blob);
    }
  }
  for (const hash of sizes.keys()) if (!named.has(hash)) throw forged(`the blob ${hash.slice(0, 12)}`, 'is named by nothing.');
}

/** Reads the blob of a table. @throws TelarError `forged` */
export function readTable(bytes: Uint8Array, hash: string): TableManifest {
  const place = `the table ${hash.slice(0, 12)}`;
  let table: Partial<TableManifest> | null;
  try { table = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Partial<TableManifest> | null; } catch { throw forged(place, 'is no JSON.'); }
  const isColumn = (column: Partial<TableManifest['columns'][number]> | null): boolean => typeof column?.name === 'string' && typeof column.type === 'string'
    && /^[0-9a-f]{64}$/.test(String(column.blob)) && Number.isSafeInteger(column.bytes) && (column.bytes as number) >= 0;
  if (!Number.isSafeInteger(table?.rows) || (table?.rows as number) < 0 || !Array.isArray(table?.columns) || !table.columns.every(isColumn)) throw forged(place, 'is not written as a table is.');
  return table as TableManifest;
}

function unique(names: readonly string[], place: string): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw forged(place, `name ${name} twice.`);
    seen.add(name);
  }
}

const outside = (place: string, path: string): Error => forged(place, `name a path that leads outside, or into what is kept for git or Telar: ${JSON.stringify(path)}.`);
