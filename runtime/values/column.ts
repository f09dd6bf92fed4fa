/** Columns of tables: the door to their parts. See `semantics.md` C8 for what makes a column's bytes canonical. */
export { type ColumnData, ColumnBuilder, type Rows, type Source } from './column-builder.ts';
export { decodeColumn, decodeRows } from './column-decode.ts';
export { buildColumn, encodeColumn } from './column-encode.ts';
export { frameColumn, frameTable } from './column-ipc.ts';
export { columnLayout, readColumn } from './layout.ts';
