/**
 * From Arrow data of any writer to our columns: shows a batch of `apache-arrow` as a `Source`, and names the DuckDB type of an Arrow one.
 * Takes the library's objects by their shape, so that only who reads foreign Arrow loads it.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { Source } from './column-builder.ts';
import type { DuckType } from './duckdb-types.ts';
import { formatType, shapeOf } from './duckdb-types.ts';

/** `Data` of apache-arrow, as far as it is used. */
export interface ArrowData {
  readonly length: number;
  readonly offset: number;
  readonly nullBitmap: Uint8Array | null | undefined;
  readonly values: ArrayBufferView | undefined;
  readonly valueOffsets: ArrayBufferView | undefined;
  readonly children: readonly ArrowData[];
}

const bytesOf = (view: ArrayBufferView | undefined): Uint8Array => (view === undefined ? new Uint8Array(0) : new Uint8Array(view.buffer, view.byteOffset, view.byteLength));

/** Shows a batch that lies as `type` does here: so a type of `arrowType`, or a column that DuckDB gave out. @throws TelarError `bad-file` for a sliced batch */
export function arrowSource(data: ArrowData, type: DuckType): Source {
  if (data.offset !== 0) throw new TelarError('bad-file', `The Arrow data of a ${formatType(type)} column starts inside a buffer; write the file again without slices.`);
  const validity = data.nullBitmap !== null && data.nullBitmap !== undefined && data.nullBitmap.length > 0 ? data.nullBitmap : undefined;
  const shape = shapeOf(type);
  const children = (types: readonly DuckType[]): Source[] => types.map((child, index) => arrowSource(data.children[index] as ArrowData, child));
  switch (shape.shape) {
    case 'bit': {
      const bits = bytesOf(data.values);
      return { validity, bit: (row) => (((bits[row >> 3] ?? 0) >> (row & 7)) & 1) === 1 };
    }
    case 'fixed': return { validity, bytes: bytesOf(data.values) };
    case 'text': {
      const offsets = data.valueOffsets as unknown as Int32Array;
      const bytes = bytesOf(data.values);
      return {
        validity,
        text: (rows, mask, into) => {
          for (let index = 0; index < rows.count; index += 1) {
            if (mask === undefined || mask[index] !== 0) {
              const row = rows.picks === undefined ? rows.from + index : rows.picks[index] ?? 0;
              const [from = 0, to = 0] = [Number(offsets[row]), Number(offsets[row + 1])];
              const at = into.claim(to - from);
              into.data.set(bytes.subarray(from, to), at);
            }
            into.end(into.length + index, into.used);
          }
        },
      };
    }
    case 'list': {
      const offsets = data.valueOffsets as unknown as Int32Array;
      return { validity, start: (row) => Number(offsets[row]), size: (row) => Number(offsets[row + 1]) - Number(offsets[row]), children: children([shape.child]) };
    }
    case 'array': return { validity, children: children([shape.child]) };
    default: return { validity, children: children(shape.children) };
  }
}
