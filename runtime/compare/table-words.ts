/**
 * How two tables differ: first their columns, then their rows. Rows are told by a key where there is one (changed, added, removed),
 * else as rows that only one side has, or by their places.
 */
import { FloatCells } from './cell-shapes.ts';
import { findKey, type Keyed } from './key.ts';
import type { Manner } from './rules.ts';
import { doubtful, pairOff, type compareColumns, type Side } from './table.ts';
import { count, figure, short, some } from './words.ts';

interface Words { readonly summary: string; readonly lines: readonly string[] }

/** Rows and columns that are shown as examples. */
const ROWS = 4;
const COLUMNS = 6;

/** The difference of two tables that are not equal. @throws TelarError `value-missing`, `damaged` */
export function tableWords(before: Side, after: Side, { changes, shared }: ReturnType<typeof compareColumns>, manner: Manner): Words {
  const rows = shared.length === 0 ? { summary: before.rows === after.rows ? '' : `${before.rows} → ${count(after.rows, 'row')}`, lines: [] } : rowWords(before, after, shared, manner);
  if (changes.length === 0) return rows.summary === '' ? { summary: 'the same values, stored differently', lines: [] } : rows;
  return { summary: [...changes, ...(rows.summary === '' ? [] : [rows.summary])].join('; '), lines: [...changes.length === 1 ? [] : changes, ...rows.lines] };
}

function rowWords(before: Side, after: Side, shared: readonly string[], manner: Manner): Words {
  const keyed = doubtful(before, after, shared).length === 0 && before.rows === after.rows ? undefined : findKey(before, after, shared);
  if (keyed !== undefined) return keyedWords(before, after, shared, keyed, manner);
  if (before.rows === after.rows && (manner.ordered || doubtful(before, after, shared).length === 0)) {
    const places = changedCells(before, after, shared, Int32Array.from({ length: before.rows }, (_, row) => row), manner);
    if (places.rows > 0 && pairOff(before, after, shared, manner.tolerance).before.length === 0) return { summary: 'the same rows in another order', lines: [] };
    return { summary: places.rows === 0 ? '' : `${places.rows} of ${count(before.rows, 'row')} changed, by their places (${some(places.columns, COLUMNS)})`, lines: places.lines((row) => `row ${row + 1}`) };
  }
  const { before: gone, after: come, gaveUp } = pairOff(before, after, shared, manner.tolerance);
  const parts = [...(gone.length > 0 ? [`${count(gone.length, 'row')} only before`] : []), ...(come.length > 0 ? [`${count(come.length, 'row')} only after`] : [])];
  return {
    summary: parts.length === 0 ? '' : `${parts.join(', ')} (of ${before.rows === after.rows ? before.rows : `${before.rows} and ${after.rows}`})${gaveUp ? '; too many rows are nearly the same to pair them all' : ''}`,
    lines: [...gone.slice(0, ROWS).map((row) => `- ${rowText(before, row, shared)}`), ...come.slice(0, ROWS).map((row) => `+ ${rowText(after, row, shared)}`)],
  };
}

function keyedWords(before: Side, after: Side, shared: readonly string[], { key, partner, added }: Keyed, manner: Manner): Words {
  const rest = shared.filter((name) => !key.includes(name));
  const changed = changedCells(before, after, rest, partner, manner);
  const removed: number[] = [];
  partner.forEach((at, row) => { if (at < 0) removed.push(row); });
  const parts = [
    ...(changed.rows > 0 ? [`${count(changed.rows, 'row')} changed (${some(changed.columns, COLUMNS)})`] : []),
    ...(added.length > 0 ? [`${count(added.length, 'row')} added`] : []), ...(removed.length > 0 ? [`${count(removed.length, 'row')} removed`] : []),
  ];
  const moved = partner.some((at, row) => at !== row);
  if (parts.length === 0) return { summary: moved ? 'the same rows in another order' : '', lines: [] };
  return {
    summary: `${parts.join(', ')}${before.rows === after.rows ? ` of ${before.rows}` : ` (${before.rows} → ${count(after.rows, 'row')})`}, by ${key.join(', ')}`,
    lines: [
      ...changed.lines((row) => rowText(before, row, key)),
      ...added.slice(0, ROWS).map((row) => `+ ${rowText(after, row, shared)}`), ...removed.slice(0, ROWS).map((row) => `- ${rowText(before, row, shared)}`),
    ],
  };
}

interface Changed { readonly rows: number; readonly columns: readonly string[]; lines(place: (row: number) => string): string[] }

/** Cells that differ between rows that belong together; column by column, and only those that may differ. */
function changedCells(before: Side, after: Side, names: readonly string[], partner: Int32Array, { tolerance }: Manner): Changed {
  const inPlace = before.rows === after.rows && partner.every((at, row) => at === row);
  const rows = new Uint8Array(before.rows);
  const told: { readonly name: string; readonly text: string; readonly examples: readonly number[] }[] = [];
  for (const name of inPlace ? doubtful(before, after, names) : names) {
    const [mine, theirs] = [before.cells(name), after.cells(name)];
    const examples: number[] = [];
    let number = 0;
    let largest = 0;
    for (let row = 0; row < before.rows; row += 1) {
      const at = partner[row] as number;
      if (at < 0 || mine.equal(row, theirs, at, tolerance)) continue;
      number += 1;
      rows[row] = 1;
      if (examples.length < ROWS) examples.push(row);
      const gap = mine instanceof FloatCells && theirs instanceof FloatCells ? Math.abs((mine.values[row] as number) - (theirs.values[at] as number)) : 0;
      if (gap > largest && gap < Infinity) largest = gap;
    }
    if (number > 0) told.push({ name, text: `${name}: ${count(number, 'row')}${largest > 0 ? `, by at most ${figure(largest)}` : ''}`, examples });
  }
  return {
    rows: rows.reduce((sum, one) => sum + one, 0), columns: told.map(({ name }) => name),
    lines: (place) => {
      const shown = told.slice(0, COLUMNS);
      const examples = [...new Set(shown.flatMap((one) => one.examples))].sort((a, b) => a - b).slice(0, ROWS);
      return [...shown.map((one) => one.text), ...examples.map((row) => {
        const at = partner[row] as number;
        const cells = shown.filter(({ name }) => !before.cells(name).equal(row, after.cells(name), at, tolerance));
        return `${place(row)}: ${cells.map(({ name }) => `${name} ${short(before.cells(name).value(row), 30)} → ${short(after.cells(name).value(at), 30)}`).join(', ')}`;
      })];
    },
  };
}

const rowText = (side: Side, row: number, names: readonly string[]): string => `${names.slice(0, COLUMNS).map((name) => `${name}=${short(side.cells(name).value(row), 30)}`).join(', ')}${names.length > COLUMNS ? ', …' : ''}`;
