/** The upkeep of a store that is at rest: retention (C6), examining and mending (C3), each after what was gathered has been committed. */
import { isBrought } from './aside.ts';
import type { DiskBlobs } from './blobs.node.ts';
import { collect, type CollectOptions, type Collected } from './collect.node.ts';
import type { Connection } from './connection.node.ts';
import type { EffectsJournal } from './effects-journal.node.ts';
import type { Effects } from './effects.node.ts';
import { examine, mend, mendPages, type Examined } from './examine.node.ts';
import type { Presence } from './presence.node.ts';
import { pack, unpacked } from './records.node.ts';
import type { Statements } from './statements.node.ts';
import { holdsBundled, holdsRow, type Row } from './store.ts';
import { isCorrupt, typed } from './trouble.node.ts';
import type { KnownWords } from './words.node.ts';

/** What a store on disk can do to itself. */
export interface Upkeep {
  /** Retention. What the store has read is forgotten. @throws TelarError as `openStore` */
  collect(options: CollectOptions): Collected;
  /** Reads everything and changes nothing. @param progress told how many blobs of how many have been read */
  examine(progress?: (done: number, of: number) => void): Examined;
  /**
   * Puts aside and takes out what was found damaged; what the journal of effects has of it comes back. A database whose pages are
   * damaged is moved aside, and what can be read of it salvaged.
   * @returns what was found, or is found in what was salvaged
   */
  mend(found: Examined): Examined;
  /** Takes out the rows whose values are not all there, and tells them. */
  dropBroken(): readonly Row[];
}

/** What it is done to. */
interface UpkeepParts {
  readonly folder: string;
  readonly connection: Connection;
  readonly blobs: DiskBlobs;
  readonly words: KnownWords;
  readonly effects: Effects;
  readonly journal: EffectsJournal;
  readonly presence: Presence;
  stored(sql: Statements, id: string): Row | undefined;
  committedFirst<T>(question: (sql: Statements) => T): T;
}

/** The upkeep of one store. */
export function createUpkeep({ folder, connection, blobs, words, effects, journal, presence, stored, committedFirst }: UpkeepParts): Upkeep {
  const opened = ({ database }: Statements) => ({ database, blobs, words, journal });

  function look(progress: (done: number, of: number) => void = () => {}): Examined {
    return committedFirst(() => {
      words.forget();
      try {
        return examine(opened(connection.sql), progress);
      } catch (thrown) {
        if (!isCorrupt(thrown)) throw typed(thrown, folder);
        return { values: 0, records: 0, damaged: [], missing: [], lost: [], broken: [], orphans: 0, pages: [(thrown as Error).message] };
      }
    });
  }

  function salvaged({ pages }: Examined): Examined {
    connection.salvage();
    return { ...look(), pages };
  }

  return {
    collect(options) {
      // Receipts that the database has lost name values.
      if (options.dryRun !== true) effects.recallAll();
      return committedFirst(({ database }) => {
        presence.release();
        blobs.forget();
        words.forget();
        const collected = collect(database, folder, blobs, options);
        if (options.dryRun !== true) connection.alone(() => journal.compact(false));
        return collected;
      });
    },
    examine: look,
    mend(found) {
      // First, for whatever else comes upon a damaged page begins a new database without salvage.
      const examined = found.pages.length === 0 || connection.ask(({ database }) => mendPages(database)) ? found : salvaged(found);
      presence.take();
      connection.ask((sql) => mend(opened(sql), examined));
      words.forget();
      effects.mend();
      return examined;
    },
    dropBroken: () => committedFirst((sql) => {
      const ids = sql.database.prepare(`select ${unpacked('id')} from rows`).all() as { id: string }[];
      const found = ids.flatMap(({ id }) => stored(sql, id) ?? []).filter((row) => !(isBrought(row) ? holdsBundled : holdsRow)(blobs, row));
      for (const row of found) sql.database.prepare('delete from rows where id = ?').run(pack(row.id));
      return found;
    }),
  };
}
