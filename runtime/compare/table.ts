/**
 * Tables, compared column by column: by the hashes of the columns first, then row by row where they stand, then without their order.
 * A column whose hash is the same on both sides is not read while the rows are compared in order.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { Blobs, ColumnManifest, TableManifest, ValueRef } from '../../contracts/values.ts';
import { readManifest } from '../values/table.ts';
import { readCells } from './cell-shapes.ts';
import type { Cells } from './cells.ts';
import { unmatchedRows, type Rows } from './rows.ts';
import type { Manner } from './rules.ts';

/** A stored table, of which columns are read when they are asked for. */
export class Side {
  readonly rows: number;
  readonly columns: readonly ColumnManifest[];
  readonly hash: string;
  readonly #blobs: Blobs;
  readonly #cells = new Map<ColumnManifest, Cells>();

  /** @throws TelarError `value-missing`, `damaged` */
  constructor(ref: ValueRef, blobs: Blobs) {
    const { rows, columns } = (readManifest(ref, blobs) as Partial<TableManifest> | null) ?? {};
    const whole = Array.isArray(columns) && columns.every((one) => typeof one?.name === 'string' && typeof one.type === 'string' && typeof one.blob === 'string');
    if (!whole || rows === undefined || !Number.isSafeInteger(rows) || rows < 0 || new Set(columns.map((one) => one.name)).size < columns.length) {
      throw new TelarError('damaged', 'A stored table is not what a table is; run the node that made it again.', { hash: ref.hash });
    }
    this.rows = rows;
    this.columns = columns;
    this.hash = ref.hash;
    this.#blobs = blobs;
  }

  column(name: string): ColumnManifest | undefined { return this.columns.find((one) => one.name === name); }

  /** @throws TelarError `value-missing`, `damaged` */
  cells(name: string): Cells {
    const column = this.column(name) as ColumnManifest;
    const known = this.#cells.get(column);
    if (known !== undefined) return known;
    const blob = this.#blobs.get(column.blob);
    if (blob === undefined) throw new TelarError('value-missing', `The column ${name} of a stored table is gone; run the node that made it again.`, { hash: column.blob, column: name });
    const cells = readCells(blob, column.type, this.rows);
    this.#cells.set(column, cells);
    return cells;
  }

  /** The rows by some of the columns. */
  by(names: readonly string[]): Rows { return { count: this.rows, cells: names.map((name) => this.cells(name)) }; }
}

/** How the columns of two tables differ, in words; and the names of those that both have with one type. */
export function compareColumns(before: Side, after: Side): { readonly changes: readonly string[]; readonly shared: readonly string[] } {
  const added = after.columns.filter(({ name }) => before.column(name) === undefined).map(({ name }) => name);
  const removed = before.columns.filter(({ name }) => after.column(name) === undefined).map(({ name }) => name);
  const kept = before.columns.filter(({ name }) => after.column(name) !== undefined);
  const retyped = kept.filter(({ name, type }) => after.column(name)?.type !== type);
  const order = after.columns.filter(({ name }) => before.column(name) !== undefined).map(({ name }) => name);
  const told = (what: string, names: readonly string[]): string[] => (names.length === 0 ? [] : [`column${names.length === 1 ? '' : 's'} ${what}: ${names.slice(0, 8).join(', ')}${names.length > 8 ? ` and ${names.length - 8} more` : ''}`]);
  return {
    changes: [
      ...told('added', added), ...told('removed', removed),
      ...retyped.slice(0, 8).map(({ name, type }) => `type of ${name}: ${type} → ${after.column(name)?.type}`),
      ...(kept.every(({ name }, index) => order[index] === name) ? [] : ['columns in another order']),
    ],
    shared: kept.filter((one) => !retyped.includes(one)).map(({ name }) => name),
  };
}

/** Columns that are not known to be the same by their hashes. */
export const doubtful = (before: Side, after: Side, names: readonly string[]): string[] => names.filter((name) => before.column(name)?.blob !== after.column(name)?.blob);

/** How two tables of the same columns and number of rows came out equal, if they are. */
export function equalRows(before: Side, after: Side, { tolerance, ordered }: Manner): 'in order' | 'in another order' | undefined {
  if (before.rows !== after.rows) return undefined;
  const names = before.columns.map(({ name }) => name);
  if (inOrder(before, after, doubtful(before, after, names), tolerance)) return 'in order';
  if (ordered) return undefined;
  return pairOff(before, after, names, tolerance).before.length === 0 ? 'in another order' : undefined;
}

function inOrder(before: Side, after: Side, names: readonly string[], tolerance: number): boolean {
  return names.every((name) => {
    const [mine, theirs] = [before.cells(name), after.cells(name)];
    for (let row = 0; row < before.rows; row += 1) if (!mine.equal(row, theirs, row, tolerance)) return false;
    return true;
  });
}

/** A seed for hashing rows, that is the same both ways round. */
export const seedOf = (before: Side, after: Side): number => Number.parseInt(before.hash.slice(0, 8), 16) ^ Number.parseInt(after.hash.slice(0, 8), 16);

/** Rows that have no partner on the other side. What it finds does not hang on which side is called the first. */
export function pairOff(before: Side, after: Side, names: readonly string[], tolerance: number): ReturnType<typeof unmatchedRows> {
  const seed = seedOf(before, after);
  if (before.hash <= after.hash) return unmatchedRows(before.by(names), after.by(names), tolerance, seed);
  const { before: theirs, after: mine, gaveUp } = unmatchedRows(after.by(names), before.by(names), tolerance, seed);
  return { before: mine, after: theirs, gaveUp };
}
