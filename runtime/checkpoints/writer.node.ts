/**
 * Writing records, within a transaction of the group commit. A run is written under an *epoch*, a number that grows with each process that
 * begins one: what a process records of a run that another has taken over since finds no run of its epoch, and is not kept.
 */
import { TelarError } from '../../contracts/errors.ts';
import { sha256 } from '../adapters/hash.node.ts';
import { fault } from '../faults.ts';
import type { DiskBlobs } from './blobs.node.ts';
import { pack, packRow, packStep, seal, type Words } from './records.node.ts';
import type { Statements } from './statements.node.ts';
import { holdsRow, isAside, meet, type Row, type RunLog, type RunRecord, type StepRecord } from './store.ts';

/** Writes into the transaction of `sql`. */
export interface Writer {
  row(sql: Statements, row: Row): { readonly row: Row; readonly evidence: boolean };
  run(sql: Statements, run: RunRecord): void;
  step(sql: Statements, step: StepRecord): void;
  log(sql: Statements, run: string, log: RunLog): void;
  /** The record of a run as it ended. @throws TelarError `lost` */
  end(sql: Statements, run: RunRecord): void;
  /** Told of each commit, whether it was done. */
  settled(done: boolean): void;
  /** Told that the database has been replaced. */
  renewed(): void;
}

/** What writing needs. */
interface WriterParts {
  readonly blobs: DiskBlobs;
  readonly words: Words;
  /** The name of this process's lease. */
  lease(): string | undefined;
  /** The row of an identity as the database has it; `undefined` also when it is damaged. */
  stored(sql: Statements, id: string): Row | undefined;
}

/** A writer with no epoch yet. */
export function createWriter({ blobs, words, lease, stored }: WriterParts): Writer {
  let epoch: number | undefined;
  let isKept = false;

  return {
    row(sql, row) {
      const packed = packRow(row, words);
      const { changes } = sql.addRow.run(packed.id, packed.key, packed.take, packed.body);
      fault('row-inserted');
      if (changes === 1) return { row, evidence: false };
      const set = ({ id, key, take, body }: typeof packed): unknown => sql.setRow.run(key, take, body, id);
      const first = stored(sql, row.id);
      if (first === undefined || !holdsRow(blobs, first)) {
        set(packed);
        return { row, evidence: false };
      }
      const met = meet(first, row);
      if (met.outcome === 'grown') set(packRow(met.row, words));
      if (met.outcome === 'evidence') sql.addEvidence.run(packed.id, pack(sha256(JSON.stringify(row))), seal(JSON.stringify(row)));
      return { row: met.row, evidence: met.outcome === 'evidence' };
    },
    run(sql, run) {
      epoch ??= (sql.nextEpoch.get() as { value: number }).value;
      const { pinned: _, ...record } = run;
      sql.openRun.run(run.id, run.file, epoch, isAside(run) ? 1 : 0, run.status === undefined ? lease() ?? null : null, seal(JSON.stringify(record)));
      if (!isAside(run)) sql.dropMark.run('shown', run.file);
      fault('run');
    },
    step(sql, step) {
      const { file, node, key, row, body } = packStep(step, words);
      sql.addStep.run(file, node, key, row, body, step.run, epoch as number);
    },
    log(sql, run, { node, stream, text }) {
      sql.addLog.run(node, seal(JSON.stringify({ node, stream, text }), run), run, epoch as number);
    },
    end(sql, ended) {
      const { pinned: _, ...run } = ended;
      if (sql.closeRun.run(seal(JSON.stringify(run)), run.id, epoch as number).changes > 0) return;
      throw new TelarError('lost', `Another process has taken over run ${run.id}; what this one recorded of it since then was not kept.`, { run: run.id });
    },
    settled(done) {
      if (done) isKept = epoch !== undefined;
      else if (!isKept) epoch = undefined;
    },
    renewed() {
      epoch = undefined;
      isKept = false;
    },
  };
}
