/**
 * The blobs that a run names, and what each is for. Whoever writes a bundle carries them; whoever reads one holds its list against
 * them: nothing may be missing without being listed as left out, and nothing may be there that nobody names.
 */
import { importedKey } from '../checkpoints/aside.ts';
import { rowId, type Row } from '../checkpoints/store.ts';
import { NOTHING } from '../graph/fingerprint.ts';
import type { Sha256 } from '../ports.ts';
import type { ValueRef } from '../../contracts/values.ts';
import { forged, type RunParts } from './format.ts';
import { insidePath } from './paths.ts';

/** A blob's name, and the place that names it. */
export interface Named {
  readonly what: 'text' | 'value' | 'display' | 'opaque' | 'file' | 'list' | 'input';
  /** A path, or an output: `monthly.hottest`. */
  readonly where: string;
  readonly hash: string;
  /** Where the place tells it. */
  readonly bytes?: number;
  /** The blob is a table's manifest, which names columns. */
  readonly isTable?: true;
}

/** A row under the key under which it is kept here, so that nothing of it is reused unseen. */
export function importedRow(row: Row, sha256: Sha256): Row {
  const key = importedKey(row.key, row, sha256);
  return { ...row, key, id: rowId(sha256, { ...row, key }) };
}

/** All that a run names, in an order that only the run decides; a blob may come more than once. @throws TelarError `forged` */
export function* namedBlobs({ run, steps, rows }: Pick<RunParts, 'run' | 'steps' | 'rows'>): Generator<Named> {
  for (const [where, hash] of Object.entries(run.texts)) yield { what: 'text', where, hash };
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const step of steps) {
    const row = step.row === undefined ? undefined : byId.get(step.row);
    if (row !== undefined) yield* namedByRow(step.node, row);
    for (const [component, value] of Object.entries(step.components ?? {})) {
      if (!component.startsWith('input.') || value === NOTHING) continue;
      const [, form, hash] = /^([a-z]+):([0-9a-f]{64})(?::|$)/.exec(value) ?? [];
      if (form === undefined || hash === undefined) throw forged(`the ${component} of ${step.node}`, 'names no value.');
      if (form !== 'live') yield byForm({ form, hash }, 'input', `${step.node} ${component}`);
    }
  }
}

function* namedByRow(node: string, row: Row): Generator<Named> {
  for (const [output, { ref }] of Object.entries(row.outputs)) {
    if (ref === undefined || ref.form === 'live') continue;
    const named = byForm(ref, 'value', `${node}.${output}`);
    yield ref.form === 'table' ? named : { ...named, bytes: ref.bytes };
  }
  for (const { hash, bytes } of row.displays ?? []) yield { what: 'display', where: node, hash, bytes };
  for (const { what, path, saw } of row.reads) {
    if (what === 'file' || what === 'list') yield { what, where: insidePath(row.folder, path) ?? path, hash: saw };
  }
}

function byForm({ form, hash }: { readonly form: string } & Pick<ValueRef, 'hash'>, what: Named['what'], where: string): Named {
  if (form === 'opaque') return { what: 'opaque', where, hash };
  return form === 'table' ? { what, where, hash, isTable: true } : { what, where, hash };
}
