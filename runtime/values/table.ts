/**
 * Tables: a manifest and one blob per column (C8), read lazily and written column by column.
 *
 * A table's hash is its manifest's, so a column that did not change is stored once and can be handed on by reference.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { Blobs, ColumnManifest, TableManifest, TableView, ValueRef } from '../../contracts/values.ts';
import { decodeColumn } from './column-decode.ts';
import { encodeColumn } from './column-encode.ts';

/** Keeps a manifest of columns that are stored already. */
export function putManifest(columns: readonly ColumnManifest[], rows: number, blobs: Blobs): ValueRef {
  const manifest: TableManifest = { rows, columns: columns.map(({ name, type, blob, bytes }) => ({ name, type, blob, bytes })) };
  const bytes = new TextEncoder().encode(JSON.stringify(manifest));
  return { form: 'table', hash: blobs.put(bytes), bytes: columns.reduce((sum, column) => sum + column.bytes, bytes.length) };
}

/** Keeps a table of encoded columns. */
function makeTable(columns: readonly { readonly name: string; readonly type: string; readonly blob: Uint8Array }[], rows: number, blobs: Blobs): ValueRef {
  return putManifest(columns.map(({ name, type, blob }) => ({ name, type, blob: blobs.put(blob), bytes: blob.length })), rows, blobs);
}

/** Reads a table's manifest. @throws TelarError `value-missing`, `damaged` */
export function readManifest(ref: ValueRef, blobs: Blobs): TableManifest {
  const bytes = blobs.get(ref.hash);
  if (bytes === undefined) throw missing(ref.hash);
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as TableManifest;
  } catch (error) {
    throw new TelarError('damaged', 'A stored table cannot be read; run the node that made it again.', { hash: ref.hash }, { cause: error });
  }
}

const missing = (hash: string): TelarError => new TelarError('value-missing', 'A stored table or column is gone; run the node that made it again.', { hash });

/** A stored table; each column is decoded when first asked for, and once. */
class StoredTable implements TableView {
  readonly ref: ValueRef;
  readonly manifest: TableManifest;
  readonly #blobs: Blobs;
  readonly #decoded = new Map<string, readonly unknown[]>();

  constructor(ref: ValueRef, blobs: Blobs) {
    this.ref = ref;
    this.manifest = readManifest(ref, blobs);
    this.#blobs = blobs;
  }

  get rows(): number { return this.manifest.rows; }

  get columns(): readonly ColumnManifest[] { return this.manifest.columns; }

  /** @throws TelarError `bad-input` for a name it has not, `value-missing`, `damaged` */
  column(name: string): readonly unknown[] {
    const known = this.#decoded.get(name);
    if (known !== undefined) return known;
    const column = this.columns.find((each) => each.name === name);
    if (column === undefined) throw new TelarError('bad-input', `The table has no column “${name}”; it has ${this.columns.map((each) => each.name).join(', ')}.`, { column: name });
    const blob = this.#blobs.get(column.blob);
    if (blob === undefined) throw missing(column.blob);
    const values = decodeColumn(blob);
    this.#decoded.set(name, values);
    return values;
  }

  row(index: number): Record<string, unknown> {
    return Object.fromEntries(this.columns.map(({ name }) => [name, this.column(name)[index]]));
  }
}

/** A stored table, lazily. @throws TelarError `value-missing`, `damaged` */
export const openTable = (ref: ValueRef, blobs: Blobs): TableView => new StoredTable(ref, blobs);

/** A table in memory. */
export class PlainTableView implements TableView {
  readonly rows: number;
  readonly columns: readonly { readonly name: string; readonly type: string; readonly values: readonly unknown[] }[];

  constructor(columns: PlainTableView['columns'], rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  column(name: string): readonly unknown[] { return this.columns.find((column) => column.name === name)?.values ?? []; }

  row(index: number): Record<string, unknown> { return Object.fromEntries(this.columns.map(({ name, values }) => [name, values[index]])); }
}

/**
 * Keeps any table in the portable form. One that is stored already is kept by reference.
 * @throws TelarError `value-type` naming the column
 */
export function storeTable(view: Pick<TableView, 'rows' | 'columns' | 'column'>, blobs: Blobs): ValueRef {
  if (view instanceof StoredTable && blobs.has(view.ref.hash)) return view.ref;
  return makeTable(encodeColumns(view), view.rows, blobs);
}

/** The columns of a table in the portable form, encoded. @throws TelarError `value-type` naming the column */
export function encodeColumns(view: Pick<TableView, 'columns' | 'column'>): { name: string; type: string; blob: Uint8Array }[] {
  return view.columns.map(({ name, type }) => {
    try {
      return { name, type, blob: encodeColumn(type, view.column(name)) };
    } catch (error) {
      if (!(error instanceof TelarError)) throw error;
      throw new TelarError(error.code, `Column “${name}”: ${error.message}`, { ...error.data, column: name }, { cause: error });
    }
  });
}

/** Names as SQL can hold them: distinct without regard to case, by `_1`, `_2` … at the later ones; never empty. */
export function distinctNames(names: readonly string[]): string[] {
  const taken = new Set(names.map((name) => name.toLowerCase()));
  const used = new Set<string>();
  return names.map((given) => {
    const name = given === '' ? 'column' : given;
    let free = name;
    for (let turn = 1; used.has(free.toLowerCase()) || (free !== name && taken.has(free.toLowerCase())); turn += 1) free = `${name}_${turn}`;
    used.add(free.toLowerCase());
    return free;
  });
}
