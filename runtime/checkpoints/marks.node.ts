/** Small things of a store that belong to no run: what a person has said (shown, pinned, allowed), and two caches. */
import type { Connection } from './connection.node.ts';
import type { Body, Reader } from './reader.node.ts';
import { seal, wordId } from './records.node.ts';
import type { Statements } from './statements.node.ts';
import { unknownRun, type Store } from './store.ts';

/** The part of a store that they are. */
export type Marks = Pick<Store, 'pin' | 'shown' | 'show' | 'granted' | 'grant' | 'revoke' | 'analysis' | 'setAnalysis' | 'fileHash' | 'setFileHash'>;

/** What they are made of. */
interface MarksParts {
  readonly connection: Connection;
  readonly reader: Reader;
  awaited<T>(apply: (sql: Statements) => T): Promise<T>;
  committedFirst<T>(question: (sql: Statements) => T): T;
  /** Writes with the next commit; nobody waits. */
  later(apply: (sql: Statements) => unknown): void;
}

/** The marks of one store. */
export function createMarks({ connection, reader, awaited, committedFirst, later }: MarksParts): Marks {
  return {
    pin: (id, pinned) => awaited((sql) => { if (sql.pin.run(pinned ? 1 : 0, id).changes === 0) unknownRun(id); }),
    shown: (file) => committedFirst((sql) => (sql.mark.get('shown', file) as Body | undefined)?.body),
    show: (file, run) => awaited((sql) => {
      if (sql.run.get(run) === undefined) unknownRun(run);
      sql.setMark.run('shown', file, run);
    }),
    granted: (hash) => committedFirst((sql) => sql.mark.get('granted', hash) !== undefined),
    grant: (hash) => awaited((sql) => void sql.setMark.run('granted', hash, null)),
    revoke: (hash) => awaited((sql) => void sql.dropMark.run('granted', hash)),
    analysis: (key) => reader.texts(connection.ask((sql) => sql.analysis.all(wordId(key))), key)[0],
    setAnalysis(key, json) { later((sql) => sql.setAnalysis.run(wordId(key), seal(json, key))); },
    fileHash(file, stamp) {
      const [known] = reader.parsed<[string, string]>(connection.ask((sql) => sql.mark.all('file', file)), file);
      return known?.[0] === stamp ? known[1] : undefined;
    },
    setFileHash(file, stamp, sha) { later((sql) => sql.setMark.run('file', file, seal(JSON.stringify([stamp, sha]), file))); },
  };
}
