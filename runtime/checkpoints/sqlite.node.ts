/**
 * The store of a workspace: SQLite for rows, runs and small values, files for large values, under `.telar/`.
 *
 * Synchronous, in the runtime's own thread: a look-up is a few microseconds, less than a message to another thread would cost.
 * What is gathered but not yet committed is seen by look-ups of rows, values and steps; rarer questions commit first.
 */
import { join } from 'node:path';
import { TelarError } from '../../contracts/errors.ts';
import { openBlobs, type DiskBlobs } from './blobs.node.ts';
import { connect } from './connection.node.ts';
import { openEffectsJournal } from './effects-journal.node.ts';
import { createEffects } from './effects.node.ts';
import { createGroup, createReadOnlyGroup } from './group.node.ts';
import { createMarks } from './marks.node.ts';
import { createPresence } from './presence.node.ts';
import { createReader } from './reader.node.ts';
import { pack } from './records.node.ts';
import { createRuns, placeOf } from './runs.node.ts';
import type { Statements } from './statements.node.ts';
import { alreadyHere, holdsBundled, holdsRow, meet, rowWithoutValues, type Damage, type Row, type RunRecord, type StepRecord, type Store } from './store.ts';
import { createUpkeep, type Upkeep } from './upkeep.node.ts';
import { openWords } from './words.node.ts';
import { createWriter } from './writer.node.ts';

/** What the host of a store may want to hear. */
export interface StoreOptions {
  readonly onDamage?: (damage: Damage) => void;
  /** A store that cannot be written, or has no room to, is opened for reading; what writes is refused then. */
  readonly orReadOnly?: boolean;
}

/** A store whose blobs are files or can become files, and which can be collected and examined. */
export interface DiskStore extends Store, Upkeep {
  readonly blobs: DiskBlobs;
  /** What was found damaged since it was opened. */
  readonly damage: readonly Damage[];
}

/** Whether a store is one on disk. */
export const isOnDisk = (store: Store): store is DiskStore => 'collect' in store;

/**
 * Opens the store of a workspace, and begins it where there is none.
 * @param root the workspace root; the store is in `.telar/` there
 * @throws TelarError `read-only`, `disk-full`, `locked`, `newer-generation`, `damaged` (a damaged database that cannot be moved aside)
 */
export function openStore(root: string, options: StoreOptions = {}): DiskStore {
  const folder = join(root, '.telar');
  const damage: Damage[] = [];
  const onDamage = (found: Damage): void => {
    damage.push(found);
    options.onDamage?.(found);
  };
  const opened = new Map<string, RunRecord>();
  const pendingRows = new Map<string, Row[]>();
  const pendingSteps = new Map<string, StepRecord | undefined>();
  const forget = (): void => {
    blobs.forget();
    words.forget();
  };

  const connection = connect(folder, {
    orReadOnly: options.orReadOnly === true, onDamage,
    // A new database knows the runs that are open here.
    healed() {
      writer.renewed();
      forget();
      for (const run of opened.values()) writer.run(connection.sql, run);
    },
  });
  const { ask } = connection;
  const presence = createPresence(folder, connection, forget, () => opened.size > 0);
  const words = openWords(() => connection.sql);
  const reader = createReader(connection, words, onDamage);
  const journal = openEffectsJournal(folder, onDamage);

  const blobs = openBlobs(folder, {
    read: (hash) => ask(({ small }) => (small.get(hash) as { bytes: Uint8Array } | undefined)?.bytes),
    size: (hash) => ask(({ smallSize }) => (smallSize.get(hash) as { size: number } | undefined)?.size),
    drop: (hash) => void ask(({ dropSmall }) => dropSmall.run(hash)),
  }, onDamage, { before: presence.take, pending: (bytes) => group.weigh(bytes), mayWrite: () => !connection.isReadOnly });

  const group = connection.refusal !== undefined ? createReadOnlyGroup(connection.refusal) : createGroup(folder, () => connection.sql, blobs, connection.heal, (done) => {
    pendingRows.clear();
    if (done) pendingSteps.clear();
    else words.forget();
    writer.settled(done);
  });

  /** The row of an identity as the database has it; `undefined` also when it is damaged. */
  const stored = (sql: Statements, id: string): Row | undefined => reader.rows(sql.row.all(pack(id)), { id })[0];
  const writer = createWriter({ blobs, words, stored, lease: () => presence.name });

  function committedFirst<T>(question: (sql: Statements) => T): T {
    const error = group.commit();
    if (error !== undefined) throw error;
    return ask(question);
  }

  /** Makes a write somebody waits for. */
  function awaited<T>(apply: (sql: Statements) => T): Promise<T> {
    return new Promise((resolve, reject) => group.add({
      apply,
      settle: (outcome) => ('error' in outcome ? reject(outcome.error) : resolve(outcome.value as T)),
    }));
  }

  /** Makes one with the next commit, for which nobody waits. */
  const later = (apply: (sql: Statements) => unknown): void => group.add({ apply });

  function rows(key: string): Row[] {
    const kept = reader.rows(ask((sql) => sql.rows.all(pack(key))), { key });
    const waiting = pendingRows.get(key);
    if (waiting === undefined) return kept;
    return [...kept.filter((row) => !waiting.some((other) => other.id === row.id)), ...waiting].sort((a, b) => b.take - a.take);
  }

  /** Lets look-ups see a row that is to be committed. */
  function anticipate(row: Row): void {
    const waiting = pendingRows.get(row.key) ?? [];
    const first = rows(row.key).find((other) => other.id === row.id);
    const seen = first === undefined || !holdsRow(blobs, first) ? row : meet(first, row).row;
    pendingRows.set(row.key, [...waiting.filter((other) => other.id !== row.id), seen]);
  }

  const effects = createEffects({
    connection, journal, blobs, reader, rows, later, awaited, committedFirst,
    restore(row) {
      anticipate(row);
      later((sql) => writer.row(sql, row));
    },
  });

  function mine(run: string): RunRecord {
    const record = opened.get(run);
    if (record === undefined) throw new TelarError('lost', `Run ${run} is not open in this process.`, { run });
    return record;
  }

  return {
    blobs, damage, rows,
    addIntent: effects.addIntent, intents: effects.intents, intent: effects.intent, dropIntent: effects.dropIntent, recall: effects.recall,
    ...createRuns({ folder, connection, presence, reader, committedFirst, pending: pendingSteps }),
    ...createMarks({ connection, reader, awaited, committedFirst, later }),
    ...createUpkeep({ folder, connection, blobs, words, effects, journal, presence, stored, committedFirst }),
    hold: presence.keep,
    row: (id) => [...pendingRows.values()].flat().find((row) => row.id === id) ?? ask((sql) => stored(sql, id)),
    holds: (row) => holdsRow(blobs, row),
    async addRow(row, closes) {
      presence.take();
      if (!holdsRow(blobs, row)) throw rowWithoutValues(row);
      anticipate(row);
      return awaited((sql) => {
        if (closes !== undefined) effects.close(sql, row, closes);
        return writer.row(sql, row);
      });
    },
    evidence: (id) => committedFirst((sql) => reader.parsed(sql.evidence.all(pack(id)))),
    openRun(run) {
      presence.take();
      opened.set(run.id, run);
      later((sql) => writer.run(sql, run));
    },
    addStep(step) {
      mine(step.run);
      pendingSteps.set(placeOf(step.file, step.node), step.key === undefined ? undefined : step);
      later((sql) => writer.step(sql, step));
    },
    addLog(run, node, stream, text) {
      mine(run);
      later((sql) => writer.log(sql, run, { node, stream, text }));
    },
    async closeRun(id, status, ended) {
      const run = { ...mine(id), status, ended };
      await awaited((sql) => writer.end(sql, run));
      opened.delete(id);
      presence.release();
    },
    async importRun(run, { steps, rows: itsRows, logs }) {
      presence.take();
      const without = itsRows.find((row) => !holdsBundled(blobs, row));
      if (without !== undefined) throw rowWithoutValues(without);
      await awaited((sql) => {
        if (sql.run.get(run.id) !== undefined) throw alreadyHere(run.id);
        writer.run(sql, run);
        for (const row of itsRows) writer.row(sql, row);
        for (const step of steps) writer.step(sql, { ...step, run: run.id });
        for (const log of logs) writer.log(sql, run.id, log);
      });
      presence.release();
    },
    flush: async () => committedFirst(() => undefined),
    async close() {
      const error = group.commit();
      presence.end();
      connection.sql.database.close();
      if (error !== undefined) throw error;
    },
  };
}
