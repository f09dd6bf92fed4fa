/**
 * From generation 1 to 2: records that were JSON texts with a seal of 32 hex digits are packed. What is damaged already is left
 * behind, as it was never served; caches of analyses and of the hashes of files are made anew.
 */
import type { DatabaseSync } from 'node:sqlite';
import { sha256 } from '../adapters/hash.node.ts';
import { pack, packRow, packStep, seal, wordId, type Words } from './records.node.ts';
import { isAside, type Row, type RunLog, type RunRecord, type StepRecord } from './store.ts';

/** Within the transaction that has made the tables of generation 2 beside `rows_1`, `runs_1`, … */
export function carryToGeneration2(database: DatabaseSync): void {
  const words = wordsOf(database);
  const insert = (sql: string) => database.prepare(sql);
  const addRun = insert('insert into runs (seq, id, file, epoch, aside, body) values (?, ?, ?, ?, ?, ?)');
  for (const [run, { seq, epoch }] of records<RunRecord>(database, 'runs_1')) addRun.run(seq, run.id, run.file, epoch as number, isAside(run) ? 1 : 0, seal(JSON.stringify(run)));
  const addRow = insert('insert into rows (seq, id, key, take, body) values (?, ?, ?, ?, ?)');
  for (const [row, { seq }] of records<Row>(database, 'rows_1')) {
    const { id, key, take, body } = packRow(row, words);
    addRow.run(seq, id, key, take, body);
  }
  const addEvidence = insert('insert into evidence (row, digest, at, body) select ?1, ?2, ?3, ?4 where exists (select 1 from rows where id = ?1)');
  for (const [row, { seq }] of records<Row>(database, 'evidence_1')) {
    const text = JSON.stringify(row);
    addEvidence.run(pack(row.id), pack(sha256(text)), seq, seal(text));
  }
  const addStep = insert('insert into steps (seq, run, file, node, key, row, body) select ?, seq, ?, ?, ?, ?, ? from runs where id = ?');
  for (const [step, { seq }] of records<StepRecord>(database, 'steps_1')) {
    const { run, file, node, key, row, body } = packStep(step, words);
    addStep.run(seq, file, node, key, row, body, run);
  }
  const addLog = insert('insert into logs (run, at, node, body) select seq, ?, ?, ? from runs where id = ?');
  for (const [log, { seq, run }] of records<RunLog>(database, 'logs_1')) addLog.run(seq, log.node, seal(JSON.stringify(log), run as string), run as string);
  // Children first: they refer to the others.
  for (const table of ['evidence', 'steps', 'logs', 'rows', 'runs']) database.exec(`drop table ${table}_1`);
}

type Found = { readonly seq: number } & Readonly<Record<string, string | number>>;

/** The sound records of a table of generation 1, in their order. */
function* records<T>(database: DatabaseSync, table: string): Generator<readonly [T, Found]> {
  for (const found of database.prepare(`select * from ${table} order by seq`).iterate() as Iterable<Found>) {
    const body = found.body as string;
    const json = body.slice(32);
    if (sha256(json).slice(0, 32) === body.slice(0, 32)) yield [JSON.parse(json) as T, found];
  }
}

function wordsOf(database: DatabaseSync): Words {
  const add = database.prepare('insert into words (id, text) values (?, ?) on conflict (id) do nothing');
  const get = database.prepare('select text from words where id = ?');
  return {
    id(text) {
      const id = wordId(text);
      add.run(id, text);
      return (get.get(id) as { text: string }).text === text ? id : undefined;
    },
    text: () => undefined,
  };
}
