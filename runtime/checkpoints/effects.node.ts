/**
 * Effects in a store on disk: intents and receipts in the database, and once more in the journal of effects, from which comes back what
 * the database has lost. The order of the two writes is told in `effects-journal.node.ts`.
 */
import type { DiskBlobs } from './blobs.node.ts';
import { RECEIPT } from './collect.node.ts';
import type { Connection } from './connection.node.ts';
import type { EffectsJournal, Receipt } from './effects-journal.node.ts';
import type { Reader } from './reader.node.ts';
import { seal, unpacked } from './records.node.ts';
import type { Statements } from './statements.node.ts';
import { holdsRow, valuesOf, type Intent, type Row, type Store } from './store.ts';

/** What a store says of effects. */
export interface Effects extends Pick<Store, 'addIntent' | 'intents' | 'intent' | 'dropIntent' | 'recall'> {
  /** In the transaction that keeps a receipt, before it: closes the intent. */
  close(sql: Statements, row: Row, closes: string): void;
  /** Recalls every key. */
  recallAll(): void;
  /** Tells the journal what it has lost, and writes it anew without what is damaged. */
  mend(): void;
}

/** What they are made of. */
interface EffectsParts {
  readonly connection: Connection;
  readonly journal: EffectsJournal;
  readonly blobs: DiskBlobs;
  readonly reader: Reader;
  rows(key: string): readonly Row[];
  /** Keeps a row with the next commit, also when values of it are lost; look-ups see it at once. */
  restore(row: Row): void;
  /** Writes with the next commit; nobody waits. */
  later(apply: (sql: Statements) => unknown): void;
  awaited<T>(apply: (sql: Statements) => T): Promise<T>;
  committedFirst<T>(question: (sql: Statements) => T): T;
}

const oldestFirst = (a: Intent, b: Intent): number => (a.started < b.started ? -1 : a.started > b.started ? 1 : 0);

/** The effects of one store. */
export function createEffects({ connection, journal, blobs, reader, rows, restore, later, awaited, committedFirst }: EffectsParts): Effects {
  const isMade = ({ key, take }: Intent): boolean => [...rows(key), ...journal.receipts(key).map(({ receipt }) => receipt)].some((row) => row.take >= take);
  const storedOf = (sql: Statements, key: string): Intent[] => reader.parsed(sql.intentsOf.all(key));

  /** Of those that the database has and those that it lacks, the open ones. */
  function open(stored: readonly Intent[], journalled: readonly Intent[]): Intent[] {
    const lacking = journalled.filter((one) => !stored.some(({ id }) => id === one.id) && !isMade(one));
    return [...stored.filter(({ id }) => !journal.isClosed(id)), ...lacking].sort(oldestFirst);
  }
  const openOf = (key: string): Intent[] => open(committedFirst((sql) => storedOf(sql, key)), journal.open().filter((one) => one.key === key));

  const write = (sql: Statements, intent: Intent): unknown => sql.addIntent.run(intent.id, intent.key, seal(JSON.stringify(intent)));

  function receiptOf(row: Row, closes?: string): Receipt {
    const textOf = (hash: string): string | undefined => {
      const bytes = blobs.get(hash);
      return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
    };
    const values: Record<string, string> = {};
    for (const hash of valuesOf(row, textOf)) {
      const bytes = blobs.fileOf(hash) === undefined ? blobs.get(hash) : undefined;
      if (bytes !== undefined) values[hash] = Buffer.from(bytes).toString('base64');
    }
    return { receipt: row, values, ...(closes === undefined ? {} : { closes }) };
  }

  function recall(key: string): void {
    for (const { receipt, values, closes } of journal.receipts(key)) {
      const known = rows(key).find(({ id }) => id === receipt.id);
      if (known !== undefined && holdsRow(blobs, known)) continue;
      for (const text of Object.values(values)) blobs.put(Buffer.from(text, 'base64'));
      restore(receipt);
      if (closes !== undefined) later((sql) => sql.dropIntent.run(closes));
    }
    for (const intent of journal.open()) if (intent.key === key) later((sql) => { if (lacks(sql, intent)) write(sql, intent); });
  }

  /** Whether the database has lost an open intent, as it is in the transaction. */
  function lacks(sql: Statements, intent: Intent): boolean {
    return !storedOf(sql, intent.key).some(({ id }) => id === intent.id) && journal.open().some(({ id }) => id === intent.id) && !isMade(intent);
  }

  function recallAll(): void {
    for (const key of journal.keys()) recall(key);
  }

  return {
    recall, recallAll,
    async addIntent(intent) {
      const isAdded = await awaited((sql) => {
        if (storedOf(sql, intent.key).some(({ id }) => id === intent.id)) return false;
        write(sql, intent);
        return true;
      });
      if (!isAdded) return;
      try {
        connection.alone(() => journal.note({ intent }));
      } catch (error) {
        await awaited((sql) => sql.dropIntent.run(intent.id)).catch(() => undefined);
        throw error;
      }
    },
    intents: () => open(committedFirst((sql) => reader.parsed<Intent>(sql.intents.all())), journal.open()),
    intent: (key) => openOf(key)[0],
    dropIntent: (id) => awaited((sql) => {
      if (journal.isClosed(id) || journal.open().some((one) => one.id === id)) journal.note({ dropped: id });
      sql.dropIntent.run(id);
    }),
    close(sql, row, closes) {
      journal.note(receiptOf(row, closes));
      sql.dropIntent.run(closes);
    },
    mend() {
      recallAll();
      const stored = committedFirst(({ database }) => reader.rows(database.prepare(`select ${unpacked('id')}, ${unpacked('key')}, take, body from rows where ${RECEIPT}`).all(), 'none'));
      const intents = committedFirst((sql) => reader.parsed<Intent>(sql.intents.all()));
      connection.alone(() => {
        for (const row of stored) if (!journal.receipts(row.key).some(({ receipt }) => receipt.id === row.id)) journal.note(receiptOf(row));
        for (const intent of intents) if (!journal.isClosed(intent.id) && !journal.open().some(({ id }) => id === intent.id)) journal.note({ intent });
        journal.compact(true);
      });
    },
  };
}
