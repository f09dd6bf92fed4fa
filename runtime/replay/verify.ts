/**
 * Verify (C4): does every step of a past run again that is not declared to meet the world, and says of each output whether it is
 * identical, equal by its comparator, or divergent, with the cause. Steps are done on their recorded inputs, so they need no order.
 *
 * Each is shown a clock that is off by more than a year and chance of its own: what hangs on them is found with certainty.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { NodeStatus, Operation } from '../../contracts/protocol.ts';
import { nearest } from '../../nodes/nearest.ts';
import type { StepRecord } from '../checkpoints/store.ts';
import { templatePath } from '../graph/node.ts';
import { effectOf } from '../scheduler/effects.ts';
import { Slots } from '../scheduler/slots.ts';
import { Causes } from './cause.ts';
import { findDifferences, type Divergence, type Finding } from './differences.ts';
import { keepEvidence } from './evidence.ts';
import { redoStep, type Redone } from './redo.ts';
import { renewMissing } from './renew.ts';
import type { Replay } from './replay.ts';

/** Milliseconds that the shown clock is ahead: a year and some, and no whole number of anything. */
const CLOCK_AHEAD = 34_567_891_237;

/** What is asked. */
export interface VerifyRequest {
  /** Only these nodes, with their elements. */
  readonly to?: readonly string[];
  /** Most steps at once. */
  readonly jobs: number;
  readonly signal: AbortSignal;
  emit?(operation: Operation): void;
}

/** A step that was not done again; `gather`: it only hands on what its elements, or the nodes inside it, gave. */
export interface LeftOut {
  readonly node: string;
  readonly why: 'observe' | 'effect' | 'gather' | 'no-result' | 'input-gone' | 'unavailable';
  /** In words, where there is more to say. */
  readonly reason?: string;
}

/** What a verification found. Counts are of outputs. */
export interface VerifyReport {
  readonly run: string;
  readonly identical: number;
  readonly equal: number;
  readonly total: number;
  /** In the order of the plan. */
  readonly divergent: readonly Divergence[];
  readonly leftOut: readonly LeftOut[];
  readonly ms: number;
}

/** Verifies a run. @throws TelarError `cancelled`, `usage` for a node that the run did not have, `disk-full`, `damaged` when a step's record is lost */
export async function verifyRun(replay: Replay, request: VerifyRequest): Promise<VerifyReport> {
  const { clock } = replay.host;
  const started = clock.now();
  const slots = new Slots(request.jobs, new Map([...replay.ports.executors].map(([name, executor]) => [name, executor.concurrency])));
  refuseLost(replay);
  const steps = chosen(replay, request.to);
  await renewMissing(replay, request.signal);
  const findings = await allOrNone(steps, (step, signal) => verifyStep(replay, step, slots, { ...request, signal }), request.signal);
  const sum = (name: 'identical' | 'equal'): number => findings.reduce((all, one) => all + one[name], 0);
  const divergent = findings.flatMap((one) => one.divergent);
  const [identical, equal] = [sum('identical'), sum('equal')];
  return {
    run: replay.run.id, identical, equal, total: identical + equal + divergent.length, divergent,
    leftOut: findings.flatMap((one) => one.leftOut ?? []), ms: clock.now() - started,
  };
}

/** A run that ended well has told of every node of its plan, and one that failed of that which failed. @throws TelarError `damaged` */
function refuseLost({ run: { id, status, order }, steps }: Replay): void {
  const told = new Set([...steps.keys()].map(templatePath));
  const lost = status === 'ok' || (status === 'failed' && told.size === 0) ? order.filter((path) => !told.has(path)) : [];
  if (lost.length === 0) return;
  throw new TelarError('damaged', `Run ${id} cannot be verified: the records of ${lost.length} of its ${order.length} steps are lost (${lost.slice(0, 3).join(', ')}${lost.length > 3 ? ', …' : ''}). \`telar fsck\` reads the whole store.`, { run: id, lost });
}

/** What all give; when one rejects, the others are stopped and waited for, so that nothing goes on behind the caller's back. */
async function allOrNone<A, B>(all: readonly A[], act: (one: A, signal: AbortSignal) => Promise<B>, signal: AbortSignal): Promise<B[]> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const ends = await Promise.allSettled(all.map((one) => act(one, either).catch((error: unknown) => { failed.abort(error); throw error; })));
  signal.throwIfAborted();
  failed.signal.throwIfAborted();
  return ends.map((end) => (end as PromiseFulfilledResult<B>).value);
}

/** The steps asked for: all, or those of the nodes named, elements with them. */
function chosen({ steps, run }: Replay, to: readonly string[] | undefined): StepRecord[] {
  const all = [...steps.values()];
  if (to === undefined) return all;
  if (to.length === 0) throw new TelarError('usage', '--to names no node. Give ids, separated by commas.');
  const paths = new Set(all.flatMap((step) => [step.node, templatePath(step.node)]));
  for (const path of to) {
    if (paths.has(path)) continue;
    const near = nearest(path, [...paths]);
    throw new TelarError('usage', `--to: run ${run.id} had no node \`${path}\`.${near === undefined ? '' : ` Did you mean \`${near}\`?`}`, { node: path });
  }
  const isOf = (step: StepRecord, path: string): boolean => [step.node, templatePath(step.node)].some((one) => one === path || one.startsWith(`${path}/`));
  return all.filter((step) => to.some((path) => isOf(step, path)));
}

async function verifyStep(replay: Replay, step: StepRecord, slots: Slots, request: VerifyRequest): Promise<Finding & { readonly leftOut?: LeftOut }> {
  const { run } = replay;
  const { signal, emit } = request;
  const path = step.node;
  const row = replay.row(path);
  const node = replay.node(path);
  const tell = (status: NodeStatus): void => emit?.({ type: 'node', run: run.id, node: path, status });
  const left = (why: LeftOut['why'], reason?: string): Finding & { readonly leftOut: LeftOut } => ({ identical: 0, equal: 0, divergent: [], leftOut: { node: path, why, ...(reason === undefined ? {} : { reason }) } });
  if (step.components?.kind === 'gather' || node?.inner !== undefined) return left('gather');
  if (row === undefined) return left('no-result');
  if (node === undefined) return left('input-gone', `The notebook, as it can be read here and now, has no node \`${path}\`; its text may be lost.`);
  const effect = effectOf(node);
  if (effect === 'observe' || effect === 'effect') return left(effect);
  const release = await slots.acquire(node.description.engines);
  try {
    signal.throwIfAborted();
    tell({ state: 'running' });
    const redone = await redoStep(replay, path, { world: { clockShift: CLOCK_AHEAD }, signal, progress: (text) => emit?.({ type: 'stream', run: run.id, node: path, stream: 'progress', text }) });
    const finding = findDifferences(replay, step, row, node, redone);
    if (finding.divergent.length > 0) {
      const causes = new Causes(replay, { step, row, redone, clockShift: CLOCK_AHEAD }, signal);
      for (const [index, one] of finding.divergent.entries()) finding.divergent[index] = { ...one, cause: await causes.of(one.output) };
      await keepEvidence(replay, row, redone);
    }
    tell(statusOf(finding, redone));
    return finding;
  } catch (caught) {
    const error = TelarError.from(caught);
    if (error.code !== 'input-gone' && error.code !== 'unavailable') throw error;
    tell({ state: 'unavailable', reason: error.message });
    return left(error.code, error.message);
  } finally {
    release();
  }
}

function statusOf({ divergent }: Finding, { outputs, ms }: Redone): NodeStatus {
  const [first] = divergent;
  if (first === undefined) return { state: 'fresh', how: 'verified', outputs, ms };
  const message = `${first.output === 'value' ? '' : `${first.output}: `}${first.summary} (cause: ${first.cause})`;
  return { state: 'failed', outputs, ms, error: { code: 'divergent', message } };
}
