/**
 * Code that was replaced stays in the store, by a record of its own beside the runs of notebooks, and comes back with `undo`. An undo replaces
 * code as well, and so can be undone: nothing that stood in the file is ever lost.
 */
import type { RunRecord, Store } from '../checkpoints/store.ts';

/** One replacement. `before` or `after` is absent where there was, or is, no file. */
export interface Replacement { readonly contract: string; readonly file: string; readonly before?: string; readonly after?: string; readonly what: string }

/** What an archive asks of its host. */
export interface ArchivePowers {
  readonly store: Store;
  newRun(): string;
  date(): Date;
}

const encoder = new TextEncoder();
/** What `texts` holds for a file that was not there: no hash. */
const NO_FILE = '-';

/** Keeps what a file was, before it is replaced. @returns the record's id @throws TelarError `disk-full`, `read-only`, `locked` */
export async function keepReplaced({ contract, file, before, what }: Replacement, { store, newRun, date }: ArchivePowers): Promise<string> {
  const id = newRun();
  const letGo = store.hold();
  try {
    const texts = { [file]: before === undefined ? NO_FILE : store.blobs.put(encoder.encode(before)) };
    store.openRun({ id, file, started: date().toISOString(), targets: [contract], inputs: {}, texts, engines: {}, order: [], edits: [what], of: 'code' });
    await store.closeRun(id, 'ok', date().toISOString());
  } finally {
    letGo();
  }
  return id;
}

/** The newest replacement of a file's code: what it was before. @param contract any contract's unless said */
export function lastReplaced(store: Pick<Store, 'runs' | 'blobs'>, file: string, contract?: string): { readonly record: RunRecord; readonly before?: string } | undefined {
  const record = store.runs(file).find(({ of, targets }) => of === 'code' && (contract === undefined || targets[0] === contract));
  if (record === undefined) return undefined;
  const hash = record.texts[file] ?? NO_FILE;
  const bytes = hash === NO_FILE ? undefined : store.blobs.get(hash);
  if (hash !== NO_FILE && bytes === undefined) return undefined;
  return { record, ...(bytes === undefined ? {} : { before: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes) }) };
}
