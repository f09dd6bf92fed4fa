/**
 * Doubts (P7): effects that were begun and have no receipt. The world may tell (a file that has exactly the bytes that would have been
 * written); a person decides. Nothing is resolved by itself: the file could also be somebody else's.
 */
import { TelarError } from '../contracts/errors.ts';
import { rowId, type Intent, type Store } from './checkpoints/store.ts';
import { isOpen } from './scheduler/effects.ts';
import type { Files, Sha256 } from './ports.ts';
import { storeValue } from './values/kinds.ts';

/** What the world shows of an intent. `unknown`: there is nothing to look at. */
export type Evidence = 'written' | 'other' | 'missing' | 'unknown';

/** An effect in doubt, with what can be seen of it. */
export interface Doubt {
  readonly intent: Intent;
  readonly evidence: Evidence;
  /** Whether the run that began it has not ended: it may still be at it, or was cut off. */
  readonly open: boolean;
}

/** What looking and resolving need. */
export interface DoubtPowers { readonly store: Store; readonly files: Files; readonly sha256: Sha256 }

/** The effects in doubt, oldest first. Reads the files that they are about. */
export function doubtsOf({ store, files, sha256 }: DoubtPowers): readonly Doubt[] {
  return store.intents().map((intent) => ({ intent, evidence: evidenceOf(intent, files, sha256), open: isOpen(intent.run, store) }));
}

function evidenceOf({ writes }: Intent, files: Files, sha256: Sha256): Evidence {
  if (writes === undefined) return 'unknown';
  const found = files.stat(writes.path);
  if (found === undefined) return 'missing';
  return found.kind === 'file' && found.size === writes.bytes && sha256(files.read(writes.path)) === writes.sha256 ? 'written' : 'other';
}

/**
 * The intent that a text names: its id, or a beginning that only it has.
 * @throws TelarError `usage`
 */
export function findDoubt(store: Pick<Store, 'intents'>, text: string): Intent {
  const all = store.intents();
  const found = text === '' ? [] : all.filter(({ id }) => id.startsWith(text.toLowerCase()));
  if (found.length === 1) return found[0] as Intent;
  if (found.length > 1) throw new TelarError('usage', `\`${text}\` begins the ids of ${found.length} doubts: ${found.map(({ id }) => id.slice(0, 16)).join(', ')}. Write more of one.`, { candidates: found.map(({ id }) => id) });
  throw new TelarError('usage', `No effect in doubt has the id \`${text}\`. ${all.length === 0 ? 'None is in doubt.' : '`telar doubt list` shows them.'}`, { id: text });
}

/**
 * Ends a doubt as a person says: `done` keeps a receipt, so that it is not made again; `again` forgets the intent, so that the next
 * run makes it. The receipt of a file is what would have been written; that of anything else is null, since nobody knows what it gave.
 */
export async function resolveDoubt(intent: Intent, how: 'done' | 'again', { store, sha256 }: Pick<DoubtPowers, 'store' | 'sha256'>): Promise<void> {
  const { id, key, take, run, writes } = intent;
  if (how === 'again') { await store.dropIntent(id); return; }
  const receipt = writes === undefined ? null : { file: writes.file, bytes: writes.bytes, sha256: writes.sha256 };
  await store.addRow({
    id: rowId(sha256, { key, readsDigest: '', take }), key, take, reads: [], readsDigest: '', folder: '', outputs: { value: storeValue(receipt, store.blobs) },
    effect: 'effect', ms: 0, producedBy: run, warnings: ['its receipt was lost; a person said that it was done'],
  }, id);
}
