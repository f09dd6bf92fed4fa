/**
 * Performing one step: hands it to its kind, holds it to its limits, and turns what it gave into a row. A kind's
 * error becomes the step's; a step that does not come back is left behind and its late result ignored (R3).
 */
import { TelarError, type ErrorJSON } from '../../contracts/errors.ts';
import type { Limits, Outcome, OutputValue } from '../../contracts/node.ts';
import { redKey } from '../checkpoints/aside.ts';
import { digestReads, rowId, type LogEntry, type Row } from '../checkpoints/store.ts';
import type { GraphNode } from '../graph/node.ts';
import type { Plan } from '../graph/plan.ts';
import { fault } from '../faults.ts';
import type { World } from '../ports.ts';
import { breachesOf, type Decided } from './decide.ts';
import { createDoing, DoneMeanwhile, effectOf, idempotencyKey, inTurn, type Doing } from './effects.ts';
import type { RunHost } from './host.ts';
import { createContext, limitsOf, makeStep, powersOf, type InputOf } from './make-step.ts';

/** How long an engine that was told to stop may take before the step is given up without it, in milliseconds. */
const GRACE = 2_000;

/** Most text of a step's streams that is kept with its row, in characters; the run's own log has all up to `MOST_LOG`. */
const KEPT_LOG = 16_384;

/** Most text of a step's streams that is shown and logged, in characters: a loop that prints must not fill the disk. */
const MOST_LOG = 16_000_000;

/** What performing needs beside the node. */
export interface PerformFacts {
  readonly host: RunHost;
  readonly plan: Plan;
  readonly run: string;
  readonly signal: AbortSignal;
  readonly started: number;
  /** The step's path where it is that of an element: `label[KEY]`. */
  readonly path?: string;
  /** What verify shows the step instead of the real clock and chance (C4). */
  readonly world?: World;
  input: InputOf;
  stream(stream: 'stdout' | 'stderr' | 'progress', text: string): void;
}

/** A row to keep. */
export interface StepResult {
  readonly row: Row;
  /** When the step is red, and the row is only evidence. */
  readonly error?: ErrorJSON;
  /** An effect that somebody else has done since it was decided: the row is theirs. */
  readonly found?: true;
}

/** Does a step. @throws TelarError what failed it */
export async function performStep(node: GraphNode, decided: Decided, facts: PerformFacts): Promise<StepResult> {
  const { host, run } = facts;
  const { store, sha256 } = host;
  const { key, take } = decided;
  if (effectOf(node) !== 'effect') return doStep(node, decided, facts);
  if (decided.refused !== undefined) throw decided.refused();
  return inTurn(store, key, async () => {
    const done = store.rows(key).find((row) => row.take >= take);
    if (done !== undefined) return { row: done, found: true };
    const doing = createDoing({ id: idempotencyKey(sha256, key, take), key, run, node: facts.path ?? node.path, file: host.file, take }, host, decided.replaces);
    let result: StepResult;
    try {
      result = await doStep(node, decided, facts, doing);
    } catch (error) {
      if (error instanceof DoneMeanwhile) return { row: error.row, found: true };
      await doing.failed(TelarError.from(error));
      throw error;
    }
    if (doing.open === undefined) return result;
    fault('effect-made');
    // A receipt that cannot be kept leaves the intent open: it was made, and nothing says so.
    await store.addRow(result.row, doing.open);
    return result;
  });
}

async function doStep(node: GraphNode, decided: Decided, facts: PerformFacts, doing?: Doing): Promise<StepResult> {
  const { host, plan, signal } = facts;
  // The plan has seen to it; here it is for a stored answer that turned out not to be there.
  const lacks = host.leave?.(node);
  if (lacks !== undefined) throw new TelarError('unavailable', `It has to be done again, but ${lacks}.`, { lacks: 'leave' });
  const kind = await host.loadKind(node.description.kind);
  if (kind.run === undefined) throw new Error(`kind ${kind.name} does not run`);
  const step = await makeStep(node, plan, host, facts.input, doing === undefined ? undefined : idempotencyKey(host.sha256, decided.key, decided.take));
  const limits = limitsOf(node);
  const logs: LogEntry[] = [];
  let kept = 0;
  let printed = 0;
  const own = new AbortController();
  const stop = (): void => { own.abort(signal.reason); };
  if (signal.aborted) stop(); else signal.addEventListener('abort', stop, { once: true });
  const context = await createContext({
    blobs: host.store.blobs, files: host.files, sha256: host.sha256, executors: host.executors, folder: step.folder, limits, signal: own.signal,
    ...(facts.world === undefined ? {} : { world: facts.world }), asker: { run: facts.run, node: facts.path ?? node.path }, ...powersOf(node, host), ...(doing === undefined ? {} : { begin: doing.begin }),
    emit: (stream, text) => {
      if (stream !== 'progress') {
        if (printed > MOST_LOG) return;
        printed += text.length;
        if (printed > MOST_LOG) { facts.stream('stderr', `\n… and more: beyond ${MOST_LOG.toLocaleString('en')} characters of a step nothing is shown or kept.\n`); return; }
        if (kept < KEPT_LOG) logs.push({ stream, text: text.slice(0, KEPT_LOG - kept) });
        kept += text.length;
      }
      facts.stream(stream, text);
    },
  });
  try {
    const outcome = await guard(kind.run(step, context), limits, own);
    const ms = host.clock.now() - facts.started;
    return toResult(node, decided, outcome, context.reads(), { host, folder: step.folder, run: facts.run, ms, logs });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/**
 * Ends a step that does not come back. Engines hold the time limit and cancels themselves; this is for one that does not, so
 * it waits a little longer, tells the step to stop, and then goes on without it.
 */
async function guard(work: Promise<Outcome>, limits: Limits, own: AbortController): Promise<Outcome> {
  const late = new TelarError('timeout', `It did not end within ${limits.time / 1000} s. Raise \`timeout=\` on its fence, or make it do less.`);
  const timers: ReturnType<typeof setTimeout>[] = [];
  const given = new Promise<never>((_, reject) => {
    timers.push(setTimeout(() => { own.abort(late); }, limits.time + GRACE));
    const giveUp = (): void => {
      timers.push(setTimeout(() => { reject(own.signal.reason === late ? late : new TelarError('cancelled', 'It was stopped.')); }, GRACE));
    };
    // The step began before this line, so it may have been stopped already.
    if (own.signal.aborted) giveUp(); else own.signal.addEventListener('abort', giveUp, { once: true });
  });
  try {
    return await Promise.race([work, given]);
  } catch (error) {
    throw own.signal.reason === late ? late : error;
  } finally {
    for (const timer of timers) clearTimeout(timer);
    work.catch(() => undefined);
  }
}

function toResult(node: GraphNode, decided: Decided, outcome: Outcome, reads: Row['reads'], at: { host: RunHost; folder: string; run: string; ms: number; logs: LogEntry[] }): StepResult {
  const { sha256 } = at.host;
  const breaches = breachesOf(outcome);
  if (breaches.length > 0 && node.scope.document.frontMatter.covenant === 'fail') throw new TelarError('covenant', `${breaches.join(' ')} The notebook says \`covenant: fail\`.`);
  const all = [...outcome.reads, ...reads];
  const unique = [...new Map(all.map((read) => [`${read.what}\n${read.path}`, read])).values()];
  keepReadFiles(unique, at);
  const readsDigest = digestReads(sha256, unique);
  const key = outcome.error === undefined ? decided.key : redKey(decided.key);
  const id = rowId(sha256, { key, readsDigest, take: decided.take });
  return {
    row: {
      id, key, reads: unique, readsDigest, folder: at.folder, take: decided.take, outputs: nameLive(outcome.outputs, id, sha256),
      effect: effectOf(node), ms: at.ms, producedBy: at.run,
      ...(outcome.displays === undefined ? {} : { displays: outcome.displays }),
      ...(outcome.warnings === undefined ? {} : { warnings: outcome.warnings }),
      ...(outcome.usage === undefined ? {} : { usage: outcome.usage }),
      ...(at.logs.length === 0 ? {} : { logs: at.logs }),
    },
    ...(outcome.error === undefined ? {} : { error: outcome.error }),
  };
}

/** Most bytes of a read file that are kept with the run (C1); of a larger one only the hash is. */
const KEPT_FILE = 64 * 1024 ** 2;

/** Keeps what a step read, files and the names in folders, so that the run can be verified when they have changed. What changed meanwhile is not kept. */
function keepReadFiles(reads: Row['reads'], { host, folder }: { host: RunHost; folder: string }): void {
  const { blobs } = host.store;
  for (const { what, path, saw } of reads) {
    if ((what !== 'file' && what !== 'list') || blobs.has(saw)) continue;
    const full = folder === '' ? path : `${folder}/${path}`;
    const found = host.files.stat(full);
    if (found === undefined || found.size > KEPT_FILE) continue;
    try {
      const bytes = what === 'file' ? host.files.read(full) : new TextEncoder().encode(host.files.list(full)?.join('\n'));
      if (host.sha256(bytes) === saw) blobs.put(bytes);
    } catch (error) {
      // The step has its result; a file that went away since cannot be kept, and verify will say so. A full disk is told.
      if (TelarError.from(error).code === 'disk-full') throw error;
    }
  }
}

/** A live value is named by the row that produced it and its output (P8). */
function nameLive(outputs: Outcome['outputs'], id: string, sha256: (data: string) => string): Record<string, OutputValue> {
  const named: Record<string, OutputValue> = {};
  for (const [name, value] of Object.entries(outputs)) {
    named[name] = value.ref?.form === 'live' ? { ...value, ref: { ...value.ref, hash: sha256(`${id}/${name}`) } } : value;
  }
  return named;
}
