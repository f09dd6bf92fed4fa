/**
 * What the records of a store name: the blobs and words that are not to go. A blob is named when its hash stands in any record,
 * whatever for: a hash that only looks like a name keeps a blob too long, and nothing worse.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { columnsOf } from './store.ts';

/** How a table's manifest begins (`contracts/values.ts`). */
const MANIFEST = '{"rows":';

const hashes = (text: string): readonly string[] => text.match(/[0-9a-f]{64}/g) ?? [];

/** Named blobs and words. @param fileOf the path of a blob that is a file; `undefined` for one that is none */
export function namesIn(database: DatabaseSync, fileOf: (hash: string) => string | undefined): { readonly blobs: ReadonlySet<string>; readonly words: ReadonlySet<number> } {
  const blobs = new Set<string>();
  const words = new Set<number>();
  for (const table of ['runs', 'rows', 'evidence', 'steps']) {
    for (const { body } of database.prepare(`select body from ${table}`).iterate() as Iterable<{ body: string }>) {
      for (const hash of hashes(body)) blobs.add(hash);
      for (const id of body.match(/(?<=[:[])\d{1,16}(?=[,}])/g) ?? []) words.add(Number(id));
    }
  }
  for (const { id, text } of database.prepare('select id, text from words').iterate() as Iterable<{ id: number; text: string }>) {
    if (words.has(id)) for (const hash of hashes(text)) blobs.add(hash);
  }
  const inside = database.prepare('select cast(bytes as text) as text from small where hash = ? and substr(bytes, 1, 8) = cast(? as blob)');
  for (const hash of blobs) {
    const text = (inside.get(hash, MANIFEST) as { text: string } | undefined)?.text ?? manifestFile(fileOf(hash));
    for (const column of columnsOf(text)) blobs.add(column);
  }
  return { blobs, words };
}

/** The text of a file that begins as a manifest does. */
function manifestFile(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const descriptor = openSync(path, 'r');
  try {
    const begin = Buffer.alloc(MANIFEST.length);
    readSync(descriptor, begin);
    return begin.toString() === MANIFEST ? readFileSync(path, 'utf8') : undefined;
  } finally {
    closeSync(descriptor);
  }
}
