/**
 * The stored schema and its generations (C9). A migration is numbered, runs in one transaction, and is never changed once it
 * has been released: the next one mends it.
 *
 * Records are JSON texts sealed by a hash, with plain columns beside them for what is searched (`records.node.ts`). Metadata and
 * values have tables of their own: fat rows make every look-up slower. The generation is written twice (`meta`, and the header's
 * `user_version`), so that one flipped bit is not mistaken for a newer Telar.
 */
import type { DatabaseSync } from 'node:sqlite';
import { TelarError } from '../../contracts/errors.ts';
import { fault } from '../faults.ts';
import { carryToGeneration2 } from './generation-2.node.ts';

interface Migration { readonly generation: number; readonly sql: string; carry?(database: DatabaseSync): void }

const migrations: readonly Migration[] = [{
  generation: 1,
  sql: `
    create table meta (name text primary key, value integer not null) strict;
    create table migrations (generation integer primary key, applied text not null) strict;
    create table rows (
      seq integer primary key, id text not null unique, key text not null, take integer not null, body text not null) strict;
    create index rows_by_key on rows (key, take desc, seq);
    create table evidence (
      seq integer primary key, row text not null references rows (id) on delete cascade, body text not null, unique (row, body)) strict;
    create table small (hash text primary key, bytes blob not null) strict;
    create table runs (
      seq integer primary key, id text not null unique, file text not null, epoch integer not null, body text not null) strict;
    create index runs_by_file on runs (file, seq);
    create table steps (
      seq integer primary key, run text not null references runs (id) on delete cascade, file text not null, node text not null,
      keyed integer not null, body text not null, unique (run, node)) strict;
    create index steps_by_node on steps (file, node, keyed, seq);
    create table logs (
      seq integer primary key, run text not null references runs (id) on delete cascade, node text not null, body text not null) strict;
    create index logs_by_run on logs (run, seq);
    create table analyses (key text primary key, body text not null) strict;
    create table files (path text primary key, body text not null) strict;
    insert into meta values ('generation', 1), ('epoch', 0);`,
}, {
  generation: 2,
  sql: `
    alter table runs rename to runs_1;
    alter table rows rename to rows_1;
    alter table steps rename to steps_1;
    alter table logs rename to logs_1;
    alter table evidence rename to evidence_1;
    drop index rows_by_key;
    drop index runs_by_file;
    drop index steps_by_node;
    drop index logs_by_run;
    drop table analyses;
    drop table files;
    create table words (id integer primary key, text text not null) strict;
    create table rows (seq integer primary key, id any not null unique, key any not null, take integer not null, body text not null) strict;
    create index rows_by_key on rows (key, take desc, seq);
    create table evidence (
      row any not null references rows (id) on delete cascade, digest any not null, at integer not null, body text not null,
      primary key (row, digest)) strict, without rowid;
    create table runs (
      seq integer primary key, id text not null unique, file text not null, epoch integer not null, aside integer not null default 0,
      pinned integer not null default 0, lease text, body text not null) strict;
    create index runs_by_file on runs (file, seq);
    create table steps (
      seq integer primary key, run integer not null references runs (seq) on delete cascade, file text not null, node text not null,
      key any, row any, body text not null, unique (run, node)) strict;
    create index steps_by_node on steps (file, node, seq) where key is not null;
    create table logs (
      run integer not null references runs (seq) on delete cascade, at integer not null, node text not null, body text not null,
      primary key (run, at)) strict, without rowid;
    create table analyses (id integer primary key, body text not null) strict;
    create table intents (id text primary key, key text not null, body text not null) strict, without rowid;
    create table marks (what text not null, name text not null, value any, primary key (what, name)) strict, without rowid;
    alter table meta rename to meta_1;
    create table meta (name text primary key, value integer not null) strict, without rowid;
    insert into meta select * from meta_1 union all select 'collected', 0;
    drop table meta_1;`,
  carry: carryToGeneration2,
}];

/** The generation that this Telar writes. */
export const GENERATION = (migrations.at(-1) as Migration).generation;

/** What a database says of its generation; 0 for an empty one. @throws SQLite's error when it cannot be read */
function generationOf(database: DatabaseSync): { readonly header: number; readonly meta: number } {
  const { user_version: header } = database.prepare('pragma user_version').get() as { user_version: number };
  const known = database.prepare("select 1 from sqlite_schema where type = 'table' and name = 'meta'").get() !== undefined;
  const meta = known ? (database.prepare("select value from meta where name = 'generation'").get() as { value: number } | undefined)?.value : 0;
  return { header, meta: meta ?? -1 };
}

/**
 * Brings a database to this generation, one transaction a step.
 * @throws TelarError `newer-generation`; `damaged` when the two places disagree
 */
export function migrate(database: DatabaseSync, place: string): void {
  for (;;) {
    if (settled(database, place)) return;
    database.exec('begin immediate');
    try {
      // Another process may have migrated while this one waited for the lock.
      const { meta } = generationOf(database);
      const next = migrations.find((migration) => migration.generation === meta + 1);
      if (next !== undefined) {
        database.exec(next.sql);
        next.carry?.(database);
        database.prepare('insert into migrations values (?, ?)').run(next.generation, new Date().toISOString());
        database.prepare("update meta set value = ? where name = 'generation'").run(next.generation);
        database.exec(`pragma user_version = ${next.generation}`);
        fault('migrating');
      }
      database.exec('commit');
    } catch (error) {
      if (database.isTransaction) database.exec('rollback');
      throw error;
    }
  }
}

function settled(database: DatabaseSync, place: string): boolean {
  database.exec('begin');
  const { header, meta } = generationOf(database);
  database.exec('commit');
  if (header !== meta) throw new TelarError('damaged', `The database in ${place} does not know its own generation.`, { place });
  if (meta > GENERATION) {
    throw new TelarError('newer-generation', `The store in ${place} was written by a newer Telar (generation ${meta}; this one reads up to ${GENERATION}). Update Telar.`, { generation: meta });
  }
  return meta === GENERATION;
}
