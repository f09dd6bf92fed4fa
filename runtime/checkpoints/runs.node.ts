/** Questions about runs, their steps and their logs. What is written of them is the matter of `writer.node.ts`. */
import type { Connection } from './connection.node.ts';
import { isHeld } from './lease.node.ts';
import type { Presence } from './presence.node.ts';
import type { Reader } from './reader.node.ts';
import type { Statements } from './statements.node.ts';
import type { RunLog, StepRecord, Store } from './store.ts';

/** The part of a store that they are. */
export type Runs = Pick<Store, 'run' | 'runs' | 'lastRun' | 'isLiving' | 'steps' | 'lastStep' | 'history' | 'logs'>;

/** What they are asked of. */
interface RunsParts {
  readonly folder: string;
  readonly connection: Connection;
  readonly presence: Presence;
  readonly reader: Reader;
  committedFirst<T>(question: (sql: Statements) => T): T;
  /** By file and node, the steps that wait for a commit; `undefined` for one without a key. */
  readonly pending: ReadonlyMap<string, StepRecord | undefined>;
}

/** The place of a node's steps, as `pending` has it. */
export const placeOf = (file: string, node: string): string => `${file}\n${node}`;

/** The runs of one store. */
export function createRuns({ folder, connection, presence, reader, committedFirst, pending }: RunsParts): Runs {
  return {
    run: (id) => committedFirst((sql) => reader.runs(sql.run.all(id), id)[0]),
    runs: (file) => committedFirst((sql) => reader.runs(file === undefined ? sql.runs.all() : sql.runsOf.all(file), 'runs')),
    lastRun: (file) => committedFirst((sql) => reader.runs(sql.lastRun.all(file), file)[0]),
    isLiving(id) {
      const name = committedFirst((sql) => (sql.lease.get(id) as { lease: string | null } | undefined)?.lease);
      return typeof name === 'string' && (name === presence.name || isHeld(folder, name));
    },
    steps: (run) => committedFirst((sql) => reader.steps(sql.steps.all(run), run)),
    lastStep(file, node) {
      const place = placeOf(file, node);
      const find = (sql: Statements): StepRecord | undefined => reader.steps(sql.lastStep.all(file, node), node)[0];
      // One without a key may wait to replace one that has: then only the database can tell.
      return pending.get(place) ?? (pending.has(place) ? committedFirst(find) : connection.ask(find));
    },
    history: (file, node) => committedFirst((sql) => reader.steps(sql.history.all(file, node), node)),
    logs: (run, node) => committedFirst((sql) => reader.parsed<RunLog>(node === undefined ? sql.logs.all(run) : sql.logsOf.all(run, node), run)),
  };
}
