/** Reading sealed records (C3): what is damaged is reported, once, and left out; it is never served. */
import type { Connection } from './connection.node.ts';
import { unpackRow, unpackStep, unseal, type StoredRow, type StoredStep, type Words } from './records.node.ts';
import type { Damage, Row, RunRecord, StepRecord } from './store.ts';

/** A record, or a part of one, as a column `body` holds it. */
export interface Body { readonly body: string }

/** Records as they were written, of what a statement found. */
export interface Reader {
  /** Texts with a seal over `beside`. */
  texts(found: readonly unknown[], beside: string): string[];
  /** Such texts that are JSON. */
  parsed<T>(found: readonly unknown[], beside?: string): T[];
  /** @param known the column by which they were found; `none` where it is among what was read */
  rows(found: readonly unknown[], known: { readonly id: string } | { readonly key: string } | 'none'): Row[];
  steps(found: readonly unknown[], id: string): StepRecord[];
  runs(found: readonly unknown[], id: string): RunRecord[];
}

/** A reader that reports what it finds damaged. */
export function createReader(connection: Connection, words: Words, onDamage: (damage: Damage) => void): Reader {
  const reported = new Set<string>();

  function readAll<S extends Body, T>(found: readonly unknown[], id: string, unpack: (stored: S) => T | undefined): T[] {
    const good: T[] = [];
    for (const stored of found as readonly S[]) {
      const record = connection.ask(() => unpack(stored)); // it may look up words
      if (record !== undefined) good.push(record);
      else if (!reported.has(stored.body)) {
        reported.add(stored.body);
        onDamage({ what: 'row', id, message: 'A stored record was damaged and is not used. What it told will be computed again.' });
      }
    }
    return good;
  }

  const texts: Reader['texts'] = (found, beside) => readAll(found, beside, ({ body }: Body) => unseal(body, beside));
  return {
    texts,
    parsed: <T>(found: readonly unknown[], beside = ''): T[] => texts(found, beside).map((text) => JSON.parse(text) as T),
    steps: (found, id) => readAll(found, id, (stored: StoredStep) => unpackStep(stored, words)),
    rows(found, known) {
      const id = known === 'none' ? 'rows' : 'id' in known ? known.id : known.key;
      return readAll(found, id, (stored: StoredRow) => unpackRow(known === 'none' ? stored : Object.assign(stored, known), words));
    },
    // Whether a run is pinned is beside its record, for it changes when the record does not.
    runs: (found, id) => readAll(found, id, ({ body, pinned }: Body & { readonly pinned: number }) => {
      const text = unseal(body);
      return text === undefined ? undefined : { ...JSON.parse(text) as RunRecord, ...(pinned === 1 && { pinned: true }) };
    }),
  };
}
