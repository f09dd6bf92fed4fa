/**
 * The store of a workspace: SQLite for rows, runs and small values, files for large values, under `.telar/`.
 *
 * Synchronous, in the runtime's own thread: a look-up is a few microseconds, less than a message to another thread would cost.
 * What is gathered but not yet committed is seen by look-ups of rows, values and steps; rarer questions commit first.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TelarError } from '../../contracts/errors.ts';
import { syncFolder } from '../adapters/durable.node.ts';
import { fault } from '../faults.ts';
import { openBlobs, type DiskBlobs } from './blobs.node.ts';
import { openDatabase, setAside } from './database.node.ts';
import { createGroup } from './group.node.ts';
import { prepare, seal, unseal, type Statements } from './statements.node.ts';
import { holdsRow, meet, rowWithoutValues, type Damage, type Row, type RunLog, type RunRecord, type StepRecord, type Store } from './store.ts';
import { isCorrupt, typed } from './trouble.node.ts';

/** What the host of a store may want to hear. */
export interface StoreOptions { readonly onDamage?: (damage: Damage) => void }

/** A store whose blobs are files or can become files. */
export interface DiskStore extends Store { readonly blobs: DiskBlobs }

interface Body { readonly body: string }

/**
 * Opens the store of a workspace, and begins it where there is none.
 * @param root the workspace root; the store is in `.telar/` there
 * @throws TelarError `read-only`, `disk-full`, `locked`, `newer-generation`, `damaged` (a damaged database that cannot be moved aside)
 */
export function openStore(root: string, options: StoreOptions = {}): DiskStore {
  const folder = join(root, '.telar');
  const path = join(folder, 'telar.db');
  const onDamage = options.onDamage ?? (() => {});
  try {
    // One by one: on a read-only file system a recursive call says that the folder above is missing.
    for (const each of [folder, join(folder, 'blobs')]) {
      if (existsSync(each)) continue;
      mkdirSync(each);
      syncFolder(dirname(each));
    }
    if (!existsSync(join(folder, '.gitignore'))) writeFileSync(join(folder, '.gitignore'), '*\n');
  } catch (error) {
    throw typed(error, folder);
  }
  let sql = openDatabase(path, prepare, onDamage);
  let epoch: number | undefined;
  let epochIsKept = false;
  const opened = new Map<string, RunRecord>();
  const pendingRows = new Map<string, Row[]>();
  const pendingSteps = new Map<string, StepRecord | undefined>();
  const reported = new Set<string>();

  /** Puts a database that turned out damaged aside and goes on with a new one, which knows the runs that are open here. */
  function heal(): void {
    sql.database.close();
    onDamage({ what: 'database', id: path, path: setAside(path), message: 'The database turned out to be damaged and has been moved aside; a new one is begun. Results will be computed again where they are needed.' });
    sql = openDatabase(path, prepare, onDamage);
    epoch = undefined;
    epochIsKept = false;
    blobs.forget();
    for (const run of opened.values()) writeRun(sql, run);
  }

  function ask<T>(question: (sql: Statements) => T): T {
    try {
      return question(sql);
    } catch (error) {
      // Within a transaction the commit heals, for it must begin again as a whole.
      if (!isCorrupt(error) || sql.database.isTransaction) throw sql.database.isTransaction ? error : typed(error, folder);
      heal();
      return question(sql);
    }
  }

  const blobs = openBlobs(folder, {
    read: (hash) => ask(({ small }) => (small.get(hash) as { bytes: Uint8Array } | undefined)?.bytes),
    size: (hash) => ask(({ smallSize }) => (smallSize.get(hash) as { size: number } | undefined)?.size),
    drop: (hash) => void ask(({ dropSmall }) => dropSmall.run(hash)),
  }, onDamage, (bytes) => group.weigh(bytes));

  const group = createGroup(folder, () => sql, blobs, heal, (done) => {
    pendingRows.clear();
    if (done) {
      pendingSteps.clear();
      epochIsKept = epoch !== undefined;
    } else if (!epochIsKept) epoch = undefined;
  });

  /** Unseals; what is damaged is reported, once, and left out. */
  function records<T>(bodies: readonly unknown[], id: string): T[] {
    const good: T[] = [];
    for (const { body } of bodies as readonly Body[]) {
      const record = unseal<T>(body);
      if (record !== undefined) good.push(record);
      else if (!reported.has(body)) {
        reported.add(body);
        onDamage({ what: 'row', id, message: 'A stored record was damaged and is not used. What it told will be computed again.' });
      }
    }
    return good;
  }

  function committedFirst<T>(question: (sql: Statements) => T): T {
    const error = group.commit();
    if (error !== undefined) throw error;
    return ask(question);
  }

  function rows(key: string): Row[] {
    const stored = records<Row>(ask((sql) => sql.rows.all(key)), key).filter((row) => row.key === key);
    const waiting = pendingRows.get(key);
    if (waiting === undefined) return stored;
    return [...stored.filter((row) => !waiting.some((other) => other.id === row.id)), ...waiting].sort((a, b) => b.take - a.take);
  }

  /** The row of an identity as the database has it; `undefined` also when it is damaged. */
  const storedRow = (sql: Statements, id: string): Row | undefined =>
    records<Row>([sql.row.get(id)].filter((found) => found !== undefined), id).find((row) => row.id === id);

  function writeRow(sql: Statements, row: Row): { row: Row; evidence: boolean } {
    const { changes } = sql.addRow.run(row.id, row.key, row.take, seal(row));
    fault('row-inserted');
    if (changes === 1) return { row, evidence: false };
    const first = storedRow(sql, row.id);
    if (first === undefined || !holdsRow(blobs, first)) {
      sql.setRow.run(row.key, row.take, seal(row), row.id);
      return { row, evidence: false };
    }
    const met = meet(first, row);
    if (met.outcome === 'grown') sql.setRow.run(row.key, row.take, seal(met.row), row.id);
    if (met.outcome === 'evidence') sql.addEvidence.run(row.id, seal(row));
    return { row: met.row, evidence: met.outcome === 'evidence' };
  }

  function writeRun(sql: Statements, run: RunRecord): void {
    epoch ??= (sql.nextEpoch.get() as { value: number }).value;
    sql.openRun.run(run.id, run.file, epoch, seal(run));
    fault('run');
  }

  function mine(run: string): RunRecord {
    const record = opened.get(run);
    if (record === undefined) throw new TelarError('lost', `Run ${run} is not open in this process.`, { run });
    return record;
  }

  /** Makes a write somebody waits for. */
  function awaited<T>(apply: (sql: Statements) => T): Promise<T> {
    return new Promise((resolve, reject) => group.add({
      apply,
      settle: (outcome) => ('error' in outcome ? reject(outcome.error) : resolve(outcome.value as T)),
    }));
  }

  async function flush(): Promise<void> {
    const error = group.commit();
    if (error !== undefined) throw error;
  }

  return {
    blobs, rows, flush,
    row: (id) => [...pendingRows.values()].flat().find((row) => row.id === id) ?? ask((sql) => storedRow(sql, id)),
    holds: (row) => holdsRow(blobs, row),
    async addRow(row) {
      if (!holdsRow(blobs, row)) throw rowWithoutValues(row);
      const waiting = pendingRows.get(row.key) ?? [];
      const first = rows(row.key).find((other) => other.id === row.id);
      const seen = first === undefined || !holdsRow(blobs, first) ? row : meet(first, row).row;
      pendingRows.set(row.key, [...waiting.filter((other) => other.id !== row.id), seen]);
      return awaited((sql) => writeRow(sql, row));
    },
    evidence: (id) => committedFirst((sql) => records(sql.evidence.all(id), id)),
    openRun(run) {
      opened.set(run.id, run);
      group.add({ apply: (sql) => writeRun(sql, run) });
    },
    addStep(step) {
      mine(step.run);
      pendingSteps.set(`${step.file}\n${step.node}`, step.key === undefined ? undefined : step);
      group.add({ apply: (sql) => sql.addStep.run(step.run, step.file, step.node, step.key === undefined ? 0 : 1, seal(step), epoch as number) });
    },
    addLog(run, node, stream, text) {
      mine(run);
      group.add({ apply: (sql) => sql.addLog.run(run, node, seal({ node, stream, text }), epoch as number) });
    },
    async closeRun(id, status, ended) {
      const run = { ...mine(id), status, ended };
      await awaited((sql) => {
        if (sql.closeRun.run(seal(run), id, epoch as number).changes === 0) {
          throw new TelarError('lost', `Another process has taken over run ${id}; what this one recorded of it since then was not kept.`, { run: id });
        }
      });
      opened.delete(id);
    },
    run: (id) => committedFirst((sql) => records<RunRecord>([sql.run.get(id)].filter((found) => found !== undefined), id)[0]),
    runs: (file) => committedFirst((sql) => records(file === undefined ? sql.runs.all() : sql.runsOf.all(file), 'runs')),
    lastRun: (file) => committedFirst((sql) => records<RunRecord>(sql.lastRun.all(file), file)[0]),
    steps: (run) => committedFirst((sql) => records(sql.steps.all(run), run)),
    lastStep(file, node) {
      const place = `${file}\n${node}`;
      const find = (sql: Statements): StepRecord | undefined => records<StepRecord>(sql.lastStep.all(file, node), node)[0];
      // One without a key may wait to replace one that has: then only the database can tell.
      return pendingSteps.get(place) ?? (pendingSteps.has(place) ? committedFirst(find) : ask(find));
    },
    history: (file, node) => committedFirst((sql) => records(sql.history.all(file, node), node)),
    logs: (run, node) => committedFirst((sql) => records<RunLog>(node === undefined ? sql.logs.all(run) : sql.logsOf.all(run, node), run)),
    analysis: (key) => records<string>(ask((sql) => sql.analysis.all(key)), key)[0],
    setAnalysis(key, json) { group.add({ apply: (sql) => sql.setAnalysis.run(key, seal(json)) }); },
    fileHash(file, stamp) {
      const [known] = records<[string, string, string]>(ask((sql) => sql.fileHash.all(file)), file);
      return known?.[0] === file && known[1] === stamp ? known[2] : undefined;
    },
    setFileHash(file, stamp, sha) { group.add({ apply: (sql) => sql.setFileHash.run(file, seal([file, stamp, sha])) }); },
    async close() {
      const error = group.commit();
      sql.database.close();
      if (error !== undefined) throw error;
    },
  };
}
