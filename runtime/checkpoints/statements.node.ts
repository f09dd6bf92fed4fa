/** The statements of the store, prepared once per connection. What is only asked by `gc` and `fsck` is theirs. */
import type { DatabaseSync } from 'node:sqlite';
import { unpacked } from './records.node.ts';

/** Prepares everything. @throws SQLite's error when a table is not as it should be */
export function prepare(database: DatabaseSync) {
  const sql = (text: string) => database.prepare(text);
  const stepsJoined = `select runs.id as run, steps.file, node, ${unpacked('key')}, ${unpacked('row')}, steps.body from steps join runs on runs.seq = steps.run`;
  return {
    database,
    word: sql('select text from words where id = ?'),
    addWord: sql('insert into words (id, text) values (?, ?) on conflict (id) do nothing'),
    setWord: sql('update words set text = ? where id = ?'),
    rows: sql(`select ${unpacked('id')}, take, body from rows where key = ? order by take desc, seq`),
    // By `seq`, so that the id is compared in the row itself: in the index it could be right where the row's is damaged.
    row: sql(`select ${unpacked('key')}, take, body from rows where seq = (select seq from rows where id = ?1) and +id = ?1`),
    addRow: sql('insert into rows (id, key, take, body) values (?, ?, ?, ?) on conflict (id) do nothing'),
    // Also the id, which is what is damaged where only the index has it right: SQLite finds that out as it writes.
    setRow: sql('update rows set id = ?4, key = ?1, take = ?2, body = ?3 where id = ?4'),
    evidence: sql('select body from evidence where row = ? order by at'),
    addEvidence: sql('insert into evidence (row, digest, at, body) select ?1, ?2, count(*), ?3 from evidence where row = ?1 on conflict (row, digest) do nothing'),
    small: sql('select bytes from small where hash = ?'),
    smallSize: sql('select length(bytes) as size from small where hash = ?'),
    addSmall: sql('insert into small (hash, bytes) values (?, ?) on conflict (hash) do nothing'),
    dropSmall: sql('delete from small where hash = ?'),
    nextEpoch: sql("update meta set value = value + 1 where name = 'epoch' returning value"),
    collected: sql("select value from meta where name = 'collected'"),
    openRun: sql(`insert into runs (id, file, epoch, aside, lease, body) values (?, ?, ?, ?, ?, ?)
      on conflict (id) do update set epoch = excluded.epoch, lease = excluded.lease, body = excluded.body where runs.epoch <= excluded.epoch`),
    closeRun: sql('update runs set body = ?, lease = null where id = ? and epoch = ?'),
    run: sql('select body, pinned from runs where id = ?'),
    runs: sql('select body, pinned from runs order by seq desc'),
    runsOf: sql('select body, pinned from runs where file = ? order by seq desc'),
    lastRun: sql('select body, pinned from runs where file = ? and aside = 0 order by seq desc limit 1'),
    lease: sql('select lease from runs where id = ?'),
    pin: sql('update runs set pinned = ? where id = ?'),
    mark: sql('select value as body from marks where what = ? and name = ?'),
    setMark: sql('insert or replace into marks (what, name, value) values (?, ?, ?)'),
    dropMark: sql('delete from marks where what = ? and name = ?'),
    // One that is there has been looked at: it is damaged.
    addIntent: sql('insert or replace into intents (id, key, body) values (?, ?, ?)'),
    intents: sql('select body from intents'),
    intentsOf: sql('select body from intents where key = ?'),
    dropIntent: sql('delete from intents where id = ?'),
    addStep: sql(`insert or replace into steps (run, file, node, key, row, body)
      select seq, ?, ?, ?, ?, ? from runs where id = ? and epoch = ?`),
    steps: sql(`${stepsJoined} where runs.id = ? order by steps.seq`),
    lastStep: sql(`${stepsJoined} where steps.file = ? and node = ? and key is not null order by steps.seq desc limit 1`),
    history: sql(`${stepsJoined} where steps.file = ? and node = ? and key is not null order by steps.seq desc limit 1000`),
    addLog: sql(`insert into logs (run, at, node, body)
      select seq, 1 + coalesce((select max(at) from logs where run = runs.seq), 0), ?, ? from runs where id = ? and epoch = ?`),
    logs: sql('select logs.body from logs join runs on runs.seq = logs.run where runs.id = ? order by at'),
    logsOf: sql('select logs.body from logs join runs on runs.seq = logs.run where runs.id = ? and node = ? order by at'),
    analysis: sql('select body from analyses where id = ?'),
    setAnalysis: sql('insert or replace into analyses (id, body) values (?, ?)'),
  };
}

/** Prepared statements of one connection. */
export type Statements = ReturnType<typeof prepare>;
