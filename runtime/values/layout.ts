/**
 * The layout of a column's blob: where each buffer lies, as a tree, without decoding a value. Bridges hand these out lazily.
 */
import type { Range } from '../../contracts/errors.ts';
import type { ColumnData } from './column-builder.ts';
import { readFrame } from './column-ipc.ts';
import { type DuckType, formatType, parseType, shapeOf } from './duckdb-types.ts';

/** One node of a column. Ranges are bytes of the blob. See `ColumnData` for which buffers a shape has, `shapeOf` for its children. */
export interface ColumnLayout {
  /** DuckDB's exact type. */
  readonly type: string;
  readonly length: number;
  readonly nullCount: number;
  /** A bit per row, lowest first; absent when none is null. */
  readonly validity?: Range;
  readonly buffers: readonly Range[];
  readonly children: readonly ColumnLayout[];
}

/** @throws TelarError `damaged` when the blob is no column of ours */
export function columnLayout(blob: Uint8Array): ColumnLayout {
  const raw = readFrame(blob);
  let node = 0;
  let buffer = 0;
  const range = (): Range => {
    const [from, size] = raw.buffers[buffer++] ?? [0, 0];
    return { from, to: from + size };
  };
  const walk = (type: DuckType): ColumnLayout => {
    const [length, nullCount] = raw.nodes[node++] ?? [0, 0];
    const validity = range();
    const shape = shapeOf(type);
    const buffers = shape.shape === 'text' ? [range(), range()] : shape.shape === 'array' || shape.shape === 'struct' ? [] : [range()];
    const types = shape.shape === 'struct' ? shape.children : shape.shape === 'list' || shape.shape === 'array' ? [shape.child] : [];
    return { type: formatType(type), length, nullCount, ...(nullCount > 0 ? { validity } : {}), buffers, children: types.map(walk) };
  };
  return walk(parseType(raw.type));
}

/** The blob's column in memory, without a copy. */
export function readColumn(blob: Uint8Array): ColumnData {
  const part = ({ from, to }: Range): Uint8Array => blob.subarray(from, to);
  const walk = (layout: ColumnLayout): ColumnData => ({
    type: parseType(layout.type), length: layout.length, nullCount: layout.nullCount,
    ...(layout.validity === undefined ? {} : { validity: part(layout.validity) }),
    buffers: layout.buffers.map(part), children: layout.children.map(walk),
  });
  return walk(columnLayout(blob));
}
