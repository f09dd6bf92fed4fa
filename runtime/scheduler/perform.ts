/**
 * Performing one step: builds what its kind is handed, holds it to its limits, and turns what it gave into a row. A kind's
 * error becomes the step's; a step that does not come back is left behind and its late result ignored (R3).
 */
import { TelarError, type ErrorJSON } from '../../contracts/errors.ts';
import type { Limits, Outcome, OutputValue, Program, Step, StepContext, StepInput } from '../../contracts/node.ts';
import type { ValueRef } from '../../contracts/values.ts';
import { digestReads, rowId, type LogEntry, type Row } from '../checkpoints/store.ts';
import type { GraphNode } from '../graph/node.ts';
import type { Plan } from '../graph/plan.ts';
import { bareCell } from '../describe.ts';
import { storeValue } from '../values/kinds.ts';
import type { RecordingContext, StepPowers } from './context.ts';
import { breachesOf, type Decided } from './decide.ts';
import type { RunHost } from './host.ts';

/** Limits of a step that says none: ten minutes, 2 GiB, 1 GiB of output. */
const DEFAULT_LIMITS: Limits = { time: 600_000, memory: 2 * 1024 ** 3, output: 1024 ** 3 };

/** Timers take longer times for 1 ms; a minute is left to those who wait for more than the limit. Some 24 days. */
const LONGEST_TIME = 2 ** 31 - 60_001;

/** How long an engine that was told to stop may take before the step is given up without it, in milliseconds. */
const GRACE = 2_000;

/** Most text of a step's streams that is kept with its row, in characters; the run's own log has all up to `MOST_LOG`. */
const KEPT_LOG = 16_384;

/** Most text of a step's streams that is shown and logged, in characters: a loop that prints must not fill the disk. */
const MOST_LOG = 16_000_000;

type InputOf = (port: GraphNode['ports'][number]) => Promise<StepInput | undefined>;

/** What performing needs beside the node. */
export interface PerformFacts {
  readonly host: RunHost;
  readonly plan: Plan;
  readonly run: string;
  readonly signal: AbortSignal;
  readonly started: number;
  input: InputOf;
  stream(stream: 'stdout' | 'stderr' | 'progress', text: string): void;
}

/** A row to keep; `error` when the step is red and the row is only evidence. */
export interface StepResult { readonly row: Row; readonly error?: ErrorJSON }

/** Does a step. @throws TelarError what failed it */
export async function performStep(node: GraphNode, decided: Decided, facts: PerformFacts): Promise<StepResult> {
  const { host, plan, signal } = facts;
  const kind = await host.loadKind(node.description.kind);
  if (kind.run === undefined) throw new Error(`kind ${kind.name} does not run`);
  const step = await makeStep(node, plan, host, facts.input);
  const limits = limitsOf(node);
  const logs: LogEntry[] = [];
  let kept = 0;
  let printed = 0;
  const own = new AbortController();
  const stop = (): void => { own.abort(signal.reason); };
  if (signal.aborted) stop(); else signal.addEventListener('abort', stop, { once: true });
  const context = await createContext({
    blobs: host.store.blobs, files: host.files, sha256: host.sha256, executors: host.executors, folder: step.folder, limits, signal: own.signal,
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

let contexts: Promise<{ createStepContext(powers: StepPowers): RecordingContext }> | undefined;

/** A step's context. Its module is loaded with the first step that runs: a run in which all is reused needs nothing of it (B13). */
async function createContext(powers: StepPowers): Promise<RecordingContext> {
  contexts ??= import('./context.ts');
  return (await contexts).createStepContext(powers);
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

function limitsOf(node: GraphNode): Limits {
  const { timeout, memory } = node.description.params;
  return { ...DEFAULT_LIMITS, ...(typeof timeout === 'number' ? { time: Math.min(timeout, LONGEST_TIME) } : {}), ...(typeof memory === 'number' ? { memory } : {}) };
}

/** A step as a kind takes it. */
async function makeStep(node: GraphNode, plan: Plan, host: RunHost, input: InputOf): Promise<Step> {
  const inputs: Record<string, StepInput> = {};
  for (const port of node.ports) {
    const value = await input(port);
    if (value !== undefined) inputs[port.name] = value;
    // An input of a nested notebook has its default instead.
    else if (port.optional && port.name !== 'given') inputs[port.name] = { ref: storeValue(null, host.store.blobs).ref as ValueRef };
  }
  const outside = host.given(node)?.ref;
  const { given = outside === undefined ? undefined : { ref: outside }, ...rest } = inputs;
  return {
    node: node.path, cell: bareCell(node.cell), analysis: node.description.analysis, inputs: rest, wanted: plan.wanted(node),
    params: node.description.params, file: node.scope.document.file, line: node.cell.bodyLine, modules: host.modules(node), folder: host.folder(node),
    ...(given === undefined ? {} : { given }),
  };
}

function toResult(node: GraphNode, decided: Decided, outcome: Outcome, reads: Row['reads'], at: { host: RunHost; folder: string; run: string; ms: number; logs: LogEntry[] }): StepResult {
  const { sha256 } = at.host;
  const breaches = breachesOf(outcome);
  if (breaches.length > 0 && node.scope.document.frontMatter.covenant === 'fail') throw new TelarError('covenant', `${breaches.join(' ')} The notebook says \`covenant: fail\`.`);
  const all = [...outcome.reads, ...reads];
  const unique = [...new Map(all.map((read) => [`${read.what}\n${read.path}`, read])).values()];
  keepReadFiles(unique, at);
  const readsDigest = digestReads(sha256, unique);
  const key = outcome.error === undefined ? decided.key : `red/${decided.key}`;
  const id = rowId(sha256, { key, readsDigest, take: decided.take });
  return {
    row: {
      id, key, reads: unique, readsDigest, folder: at.folder, take: decided.take, outputs: nameLive(outcome.outputs, id, sha256),
      effect: node.description.analysis.effect ?? 'pure', ms: at.ms, producedBy: at.run,
      ...(outcome.displays === undefined ? {} : { displays: outcome.displays }),
      ...(outcome.warnings === undefined ? {} : { warnings: outcome.warnings }),
      ...(at.logs.length === 0 ? {} : { logs: at.logs }),
    },
    ...(outcome.error === undefined ? {} : { error: outcome.error }),
  };
}

/** Most bytes of a read file that are kept with the run (C1); of a larger one only the hash is. */
const KEPT_FILE = 64 * 1024 ** 2;

/** Keeps what a step read, so that the run can be verified when the file has changed. A file that changed meanwhile is not kept. */
function keepReadFiles(reads: Row['reads'], { host, folder }: { host: RunHost; folder: string }): void {
  const { blobs } = host.store;
  for (const { what, path, saw } of reads) {
    if (what !== 'file' || blobs.has(saw)) continue;
    const full = folder === '' ? path : `${folder}/${path}`;
    const found = host.files.stat(full);
    if (found?.kind !== 'file' || found.size > KEPT_FILE) continue;
    try {
      const bytes = host.files.read(full);
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

/** The producer of a live value, to be run in its reader's realm: the program that its kind would execute. */
export async function programOf(node: GraphNode, output: string, plan: Plan, host: RunHost, input: InputOf): Promise<StepInput> {
  const kind = await host.loadKind(node.description.kind);
  const step = await makeStep(node, plan, host, input);
  let found: StepInput | undefined;
  const execute = (program: Program, inputs: Step['inputs']): Promise<Outcome> => {
    found = { producer: { ...program, wanted: [...new Set([...program.wanted, ...(output === 'value' ? [] : [output])])] }, inputs, output };
    return Promise.reject(new Asked());
  };
  const context = { ...await createContext({
    blobs: host.store.blobs, files: host.files, sha256: host.sha256, executors: new Map(), folder: step.folder,
    limits: limitsOf(node), signal: new AbortController().signal, emit: () => undefined,
  }), execute } satisfies StepContext;
  await kind.run?.(step, context).catch((error: unknown) => { if (!(error instanceof Asked)) throw error; });
  if (found === undefined) throw new TelarError('value-type', `\`${node.path}\` gives a live value, and a ${kind.name} node has no program to make it again.`);
  return found;
}

class Asked extends Error {}
