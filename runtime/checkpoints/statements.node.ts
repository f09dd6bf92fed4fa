/**
 * The statements of the store, prepared once per connection, and the seal that each record bears.
 *
 * SQLite checks the shape of its pages but not their contents; the seal does, so a flipped bit in a record is found when it is
 * read (C3).
 */
import type { DatabaseSync } from 'node:sqlite';
import { sha256 } from '../adapters/hash.node.ts';

const SEAL = 32;

/** A record's stored form: a hash of its JSON, then the JSON. */
export function seal(record: unknown): string {
  const json = JSON.stringify(record);
  return sha256(json).slice(0, SEAL) + json;
}

/** The record, or `undefined` when its text is not what was written. */
export function unseal<T>(body: string): T | undefined {
  const json = body.slice(SEAL);
  return sha256(json).slice(0, SEAL) === body.slice(0, SEAL) ? JSON.parse(json) as T : undefined;
}

/** Prepares everything. @throws SQLite's error when a table is not as it should be */
export function prepare(database: DatabaseSync) {
  const sql = (text: string) => database.prepare(text);
  return {
    database,
    rows: sql('select body from rows where key = ? order by take desc, seq'),
    row: sql('select body from rows where id = ?'),
    addRow: sql('insert into rows (id, key, take, body) values (?, ?, ?, ?) on conflict (id) do nothing'),
    setRow: sql('update rows set key = ?, take = ?, body = ? where id = ?'),
    evidence: sql('select body from evidence where row = ? order by seq'),
    addEvidence: sql('insert into evidence (row, body) values (?, ?) on conflict (row, body) do nothing'),
    small: sql('select bytes from small where hash = ?'),
    smallSize: sql('select length(bytes) as size from small where hash = ?'),
    addSmall: sql('insert into small (hash, bytes) values (?, ?) on conflict (hash) do nothing'),
    dropSmall: sql('delete from small where hash = ?'),
    nextEpoch: sql("update meta set value = value + 1 where name = 'epoch' returning value"),
    openRun: sql(`insert into runs (id, file, epoch, body) values (?, ?, ?, ?)
      on conflict (id) do update set epoch = excluded.epoch, body = excluded.body where runs.epoch <= excluded.epoch`),
    closeRun: sql('update runs set body = ? where id = ? and epoch = ?'),
    run: sql('select body from runs where id = ?'),
    runs: sql('select body from runs order by seq desc'),
    runsOf: sql('select body from runs where file = ? order by seq desc'),
    lastRun: sql('select body from runs where file = ? order by seq desc limit 1'),
    addStep: sql(`insert or replace into steps (run, file, node, keyed, body)
      select ?1, ?2, ?3, ?4, ?5 where exists (select 1 from runs where id = ?1 and epoch = ?6)`),
    steps: sql('select body from steps where run = ? order by seq'),
    lastStep: sql('select body from steps where file = ? and node = ? and keyed = 1 order by seq desc limit 1'),
    history: sql('select body from steps where file = ? and node = ? and keyed = 1 order by seq desc limit 1000'),
    addLog: sql('insert into logs (run, node, body) select ?1, ?2, ?3 where exists (select 1 from runs where id = ?1 and epoch = ?4)'),
    logs: sql('select body from logs where run = ? order by seq'),
    logsOf: sql('select body from logs where run = ? and node = ? order by seq'),
    analysis: sql('select body from analyses where key = ?'),
    setAnalysis: sql('insert or replace into analyses (key, body) values (?, ?)'),
    fileHash: sql('select body from files where path = ?'),
    setFileHash: sql('insert or replace into files (path, body) values (?, ?)'),
  };
}

/** Prepared statements of one connection. */
export type Statements = ReturnType<typeof prepare>;
