/**
 * The blobs that a value, or all inputs of a step, lead to: what has to be at hand where a program runs. A table leads to its manifest and
 * to each of its columns, a producer to its own inputs.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { StepInput } from '../../contracts/node.ts';
import type { Blobs, TableManifest, ValueRef } from '../../contracts/values.ts';

/** A blob by its name. `bytes`: its size, as far as it is told without reading it. */
export interface Reached { readonly hash: string; readonly bytes?: number }

/** The blobs of one value; a live one has none. @throws TelarError `value-missing`, `damaged`: a table's manifest cannot be read */
export function* reachedByValue(ref: ValueRef, blobs: Pick<Blobs, 'get'>): Generator<Reached> {
  if (ref.form === 'live') return;
  if (ref.form !== 'table') return yield { hash: ref.hash, bytes: ref.bytes };
  yield { hash: ref.hash };
  const found = blobs.get(ref.hash);
  if (found === undefined) throw new TelarError('value-missing', 'An input is not in the store any more; run its producer again.', { hash: ref.hash });
  for (const { blob, bytes } of readColumns(found, ref.hash)) yield { hash: blob, bytes };
}

/** The blobs of a step's inputs; one may come more than once. @throws TelarError as `reachedByValue` */
export function* reachedByInputs(inputs: Readonly<Record<string, StepInput>>, blobs: Pick<Blobs, 'get'>): Generator<Reached> {
  for (const input of Object.values(inputs)) {
    if ('producer' in input) yield* reachedByInputs(input.inputs, blobs);
    else yield* reachedByValue(input.ref, blobs);
  }
}

/** The columns that a manifest names. @throws TelarError `damaged` */
export function readColumns(manifest: Uint8Array, hash: string): TableManifest['columns'] {
  try {
    const { columns } = JSON.parse(new TextDecoder().decode(manifest)) as TableManifest;
    if (Array.isArray(columns) && columns.every(({ blob, bytes }) => typeof blob === 'string' && typeof bytes === 'number')) return columns;
  } catch { /* told below, as what is no list of columns */ }
  throw new TelarError('damaged', 'A stored table cannot be read; run the node that made it again.', { hash });
}
