/**
 * Effects (P7): what class a step is of, and the protocol of a doing that changes the world: what it would do is durable before it is
 * done, its receipt closes that, and what has no receipt is in doubt.
 *
 * Not here: what is done (a kind's business), and what a person says of a doubt (`telar doubt`). The road not taken: telling the
 * store before the step begins. A step may fail long before it touches anything; only its first touch makes a doubt.
 */
import type { EffectClass } from '../../contracts/contract.ts';
import { TelarError } from '../../contracts/errors.ts';
import type { FileReceipt, ObservedRead } from '../../contracts/node.ts';
import { digestReads, type Intent, type Row, type Store } from '../checkpoints/store.ts';
import { fault } from '../faults.ts';
import { meetsWorld } from '../graph/isolation.ts';
import type { GraphNode } from '../graph/node.ts';
import type { Clock, Observer, Sha256 } from '../ports.ts';
import { loadValue } from '../values/kinds.ts';

/** The effect class of a node's step: `effect=` of the fence, else what its body or kind says, else `observe` where it was granted more than its folder, else `pure`. */
export function effectOf(node: GraphNode): EffectClass {
  const { params, analysis } = node.description;
  return params.effect as EffectClass | undefined ?? analysis.effect ?? (meetsWorld(node) ? 'observe' : 'pure');
}

/** Names one doing of an effect; asking again on purpose raises the take, and so gives another. */
export function idempotencyKey(sha256: Sha256, key: string, take: number): string {
  return sha256(`effect/${key}/${take}`);
}

/** What a step is about to do to the world. */
export interface Deed {
  /** In words: `write out/monthly.parquet`. */
  readonly what: string;
  readonly writes?: Intent['writes'] & {};
}

/** One doing of an effect. */
export interface Doing {
  /**
   * Before each touch of the world; the first makes the intent durable.
   * @throws TelarError `in-doubt` when another process is at it, or what the store throws: then nothing may be done
   */
  begin(deed: Deed): Promise<void>;
  /** The intent that a receipt has to close; `undefined` when the world was not touched. */
  readonly open: string | undefined;
  /** After an error: an answer closes the intent, no answer leaves it open. */
  failed(error: TelarError): Promise<void>;
}

/** Thrown by `begin` when another process has done it meanwhile. */
export class DoneMeanwhile extends Error {
  readonly row: Row;
  constructor(row: Row) { super('done meanwhile'); this.row = row; }
}

/** Codes of errors after which nobody knows what was done. */
const NO_ANSWER: ReadonlySet<string> = new Set(['timeout', 'lost', 'memory', 'poison', 'cancelled', 'internal', 'output-limit']);

/** Whether an error says how the doing ended. A question to the network that got no answer does not, unless it was never sent. */
function isAnswer({ code, data }: TelarError): boolean {
  if (data.sent === false) return true;
  if (code === 'network') return data.status !== undefined;
  // A file that could not be written is as it was. What the store had no room for was done.
  if (code === 'disk-full' || code === 'read-only') return data.path !== undefined;
  return !NO_ANSWER.has(code);
}

/** @param intent without words of what it does; @param replaces an open intent that a person has asked past on purpose */
export function createDoing(intent: Omit<Intent, 'what' | 'started' | 'writes'>, powers: { store: Store; clock: Clock }, replaces?: string): Doing {
  const { store, clock } = powers;
  let open: string | undefined;
  return {
    get open() { return open; },
    begin: async (deed) => {
      if (open !== undefined) return;
      const other = store.intent(intent.key);
      if (other !== undefined && other.id !== replaces) throw inDoubt(other, store);
      await store.addIntent({ ...intent, ...deed, started: clock.date().toISOString() });
      const kept = store.intents().find(({ id }) => id === intent.id);
      if (kept !== undefined && kept.run !== intent.run) throw inDoubt(kept, store);
      open = intent.id;
      const done = store.rows(intent.key).find((row) => row.take >= intent.take);
      if (done !== undefined) { await store.dropIntent(intent.id); open = undefined; throw new DoneMeanwhile(done); }
      if (replaces !== undefined && replaces !== intent.id) await store.dropIntent(replaces);
      fault('effect-intended');
    },
    failed: async (error) => {
      if (open !== undefined && isAnswer(error)) await store.dropIntent(open);
    },
  };
}

/** Whether a run has not ended: it goes on, or was cut off. */
export function isOpen(run: string, store: Pick<Store, 'run'>): boolean {
  const record = store.run(run);
  return record !== undefined && record.ended === undefined;
}

/** The error of a step whose effect nobody knows to have been made or not. */
export function inDoubt(intent: Intent, store: Pick<Store, 'run'>): TelarError {
  const { id, run, started, what } = intent;
  const short = id.slice(0, 12);
  const going = isOpen(run, store) ? `If run ${run} is still going on, wait for it. Else look` : 'Look';
  return new TelarError('in-doubt', `Run ${run} set out to ${what} at ${started}, and nobody knows whether it did. ${going} (\`telar doubt list\`), then say \`telar doubt resolve ${short} done\` or \`… again\`.`, { intent: id, run, started, what });
}

/** What a reused receipt of a `save` does not say: that its file is not as it was written any more. `''` when it is. */
export function strayed(node: GraphNode, row: Row, folder: string, { store, observer, sha256 }: { store: Pick<Store, 'blobs'>; observer: Observer; sha256: Sha256 }): string {
  const ref = row.outputs.value?.ref;
  if (node.description.kind !== 'save' || ref?.form !== 'record') return '';
  let receipt: FileReceipt | null;
  try {
    receipt = loadValue(ref, store.blobs) as FileReceipt | null;
  } catch {
    // A damaged receipt is its readers' business: the store has set it aside.
    return '';
  }
  if (receipt === null) return '';
  const written: ObservedRead = { what: 'file', path: receipt.file, saw: receipt.sha256 };
  if (observer.digest(folder, [written]) === digestReads(sha256, [written])) return '';
  return `, but ${receipt.file} is not as it was written; \`--from ${node.path}\` writes it again`;
}

const turns = new WeakMap<Store, Map<string, Promise<unknown>>>();

/** Does the effects of one key one after another in this process: two nodes that say the same do it once. */
export async function inTurn<T>(store: Store, key: string, act: () => Promise<T>): Promise<T> {
  let waiting = turns.get(store);
  if (waiting === undefined) turns.set(store, waiting = new Map());
  const before = waiting.get(key);
  const mine = (before ?? Promise.resolve()).then(act, act);
  waiting.set(key, mine);
  try {
    return await mine;
  } finally {
    if (waiting.get(key) === mine) waiting.delete(key);
  }
}
