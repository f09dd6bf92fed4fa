/**
 * Salvage: what can be read of a damaged database is copied into a new one, table by table, from both ends up to the page that
 * cannot be read. What the copy holds is not judged here: `examine.node.ts` reads its seals and hashes afterwards.
 *
 * The road not taken: reading pages by hand, as `sqlite3 .recover` does. It finds rows behind a broken page too, also such as were deleted.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { sqliteCode } from './trouble.node.ts';

/** How many records and values were copied, and how many are known not to have been; the table's own count may be lost with it. */
export interface Salvaged { readonly kept: number; readonly lost: number }

/** Tables with the order in which they lie, those first that others refer to. What else there is are caches. */
const tables: readonly (readonly [table: string, order: readonly string[]])[] = [
  ['words', ['id']], ['small', ['rowid']], ['runs', ['seq']], ['rows', ['seq']], ['steps', ['seq']], ['evidence', ['row', 'digest']], ['logs', ['run', 'at']], ['intents', ['id']], ['marks', ['what', 'name']],
];

type Record = { readonly [column: string]: null | number | bigint | string | Uint8Array };

/** Copies from a damaged database what can be read into a new, empty one. @throws SQLite's error when the new one cannot be written */
export function salvage(from: DatabaseSync, into: DatabaseSync): Salvaged {
  let kept = 0;
  let lost = 0;
  into.exec('begin immediate');
  for (const [table, order] of tables) {
    const there = countOf(from, table);
    const copied = copy(from, into, table, order);
    kept += copied;
    lost += Math.max(0, there - copied);
  }
  // Runs that are taken over get an epoch above all others.
  into.exec("update meta set value = (select coalesce(max(epoch), 0) from runs) where name = 'epoch'; commit");
  return { kept, lost };
}

/** How many there were; 0 when that cannot be read either. */
function countOf(from: DatabaseSync, table: string): number {
  let count = 0;
  untilDamage(() => { count = (from.prepare(`select count(*) as count from ${table}`).get() as { count: number }).count; });
  return count;
}

function copy(from: DatabaseSync, into: DatabaseSync, table: string, order: readonly string[]): number {
  let insert: StatementSync | undefined;
  let copied = 0;
  const columns = into.prepare(`select name from pragma_table_info(?)`).all(table).map(({ name }) => name as string);
  const take = (direction: 'asc' | 'desc'): boolean => untilDamage(() => {
    const sorted = order.map((column) => `${column} ${direction}`).join(', ');
    for (const record of from.prepare(`select ${columns.join(', ')} from ${table} not indexed order by ${sorted}`).iterate() as Iterable<Record>) {
      insert ??= into.prepare(`insert or ignore into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`);
      copied += keep(insert, columns.map((column) => record[column] as Record[string]));
    }
  });
  if (!take('asc')) take('desc');
  return copied;
}

/** Inserts one. What breaks a rule of the schema, or belongs to what is lost, was damaged. @returns how many were inserted */
function keep(insert: StatementSync, values: readonly Record[string][]): number {
  try {
    return Number(insert.run(...values).changes);
  } catch (error) {
    if (sqliteCode(error) === 19) return 0;
    throw error;
  }
}

/** Whether it was done to the end; not, when it came upon damage: 11 (malformed), 26 (no database), or a table that is not there (1). */
function untilDamage(act: () => void): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (![1, 11, 26].includes(sqliteCode(error) ?? 0)) throw error;
    return false;
  }
}
