/**
 * Each: does a node once for each element of its input, as many at a time as the run has room for, and gathers what they gave. An element
 * is decided and kept like any step, so only new ones run; one that fails stops its own line and the readers of the whole.
 */
import { TelarError, type ErrorJSON } from '../../contracts/errors.ts';
import type { NodeStatus } from '../../contracts/protocol.ts';
import { rowId, type Row } from '../checkpoints/store.ts';
import { outputPorts, type GraphNode } from '../graph/node.ts';
import type { Plan } from '../graph/plan.ts';
import { turnsOf, type Turn } from './elements.ts';
import { gather, gatherKey, type Part } from './gather.ts';
import { cancel, fail, type Running } from './journal.ts';
import { Lane, type Line } from './lane.ts';
import { causes } from './obstacle.ts';
import type { Steps } from './steps.ts';

/** How long elements that need no waiting may hold up everything else, in milliseconds. */
const LONGEST_HOLD = 50;

/** The nodes with `each=` of one run. */
export class Each {
  readonly #running: Running;
  readonly #steps: Steps;
  /** Does the node for one element. */
  readonly #one: (node: GraphNode, lane: Lane) => void | Promise<void>;

  constructor(running: Running, steps: Steps, one: (node: GraphNode, lane: Lane) => void | Promise<void>) {
    this.#running = running;
    this.#steps = steps;
    this.#one = one;
  }

  /** Does all elements, and settles the node. */
  async perform(node: GraphNode, lane: Lane, mended = false): Promise<void> {
    const { host } = this.#running;
    const started = host.clock.now();
    try {
      const lines: Line[] = [];
      lane.setLines(node, lines);
      const turns = turnsOf(node, lane, { blobs: host.store.blobs, sha256: host.sha256 });
      await this.#all(node, lane, turns, lines);
      this.#settle(node, lane, lines, turns.length, started);
    } catch (thrown) {
      const error = TelarError.from(thrown);
      // A value that was damaged is set aside by now: what made it is done again.
      if (error.code === 'value-missing' && !mended) {
        await this.#steps.renewSources(node, lane);
        return this.perform(node, lane, true);
      }
      fail(this.#running, node, lane, { error: { ...error.toJSON(), line: error.line ?? node.cell.line } }, { decision: 'run' });
    }
  }

  async #all(node: GraphNode, lane: Lane, turns: readonly Turn[], lines: Line[]): Promise<void> {
    const { host, request, stop, journal } = this.#running;
    let next = 0;
    let done = 0;
    let told = false;
    let rested = host.clock.now();
    const tell = (): void => { if (!told) journal.tell(node, lane, { state: 'running' }); told = true; };
    const worker = async (): Promise<void> => {
      while (next < turns.length && !stop.signal.aborted) {
        const { key, element, before } = turns[next++] as Turn;
        const line = new Lane(lane, node, key, element);
        lines.push({ key, lane: line });
        const later = element === undefined ? this.#stopped(node, line, before) : this.#one(node, line);
        if (later !== undefined) { tell(); await later; }
        done += 1;
        // Thousands of elements may all be reused: a cancel must come through, and a person see that it goes on.
        if (host.clock.now() - rested > LONGEST_HOLD) {
          tell();
          await new Promise((resolve) => { setTimeout(resolve, 0); });
          rested = host.clock.now();
        } else if (later === undefined) continue;
        journal.stream(node, lane, 'progress', (done / turns.length).toFixed(3));
      }
    };
    await Promise.all(Array.from({ length: Math.min(request.jobs, turns.length) }, worker));
  }

  /** The line of an element whose own source failed further up. */
  #stopped(node: GraphNode, line: Lane, before: Turn['before']): void {
    const by = before?.status?.by ?? (before === undefined ? [] : [before.path]);
    const blocked = before?.status?.state === 'blocked';
    this.#running.journal.settle(node, line, { state: blocked ? 'blocked' : 'cancelled', by, reason: `${causes(new Set(by))} ${blocked ? 'is skipped' : 'failed'}` }, { decision: blocked ? 'blocked' : 'run' });
  }

  #settle(node: GraphNode, lane: Lane, lines: readonly Line[], all: number, started: number): void {
    const { journal } = this.#running;
    const { parts, failed, roots, ran, stopped, unmade } = tally(node, lines, all);
    if (unmade !== undefined) journal.settle(node, lane, { state: 'skipped', reason: unmade }, { decision: 'skipped' });
    else if (failed.length > 0) fail(this.#running, node, lane, { by: [...roots.cancelled].sort(), error: failureOf(node, failed, all) }, { decision: 'run' });
    else if (stopped) cancel(this.#running, node, lane);
    else if (roots.cancelled.size > 0) journal.settle(node, lane, { state: 'cancelled', by: [...roots.cancelled].sort(), reason: `${causes(roots.cancelled)} failed` }, { decision: 'run' });
    else if (roots.blocked.size > 0) journal.settle(node, lane, { state: 'blocked', by: [...roots.blocked].sort(), reason: `${causes(roots.blocked)} is skipped` }, { decision: 'blocked' });
    else this.#gather(node, lane, parts, ran, started);
  }

  #gather(node: GraphNode, lane: Lane, parts: readonly Part[], ran: number, started: number): void {
    const { host: { store, sha256, clock, folder }, plan, journal, request } = this.#running;
    const names = gatheredNames(node, plan);
    const { key, components } = gatherKey(parts, names, sha256);
    const known = store.rows(key).find((row) => store.holds(row));
    const identity = { key, readsDigest: '', take: 0 };
    const row: Row = known ?? {
      ...identity, id: rowId(sha256, identity), reads: [], folder: folder(node), outputs: gather(parts, names, store.blobs),
      effect: 'pure', ms: clock.now() - started, producedBy: request.run,
    };
    lane.results.set(node, row.outputs);
    const status: NodeStatus = { state: 'fresh', how: ran > 0 ? 'ran' : 'reused', key, reason: countOf(parts.length, ran), ms: clock.now() - started, outputs: row.outputs };
    const gate = known === undefined ? store.addRow(row).then(() => undefined, (thrown: unknown) => {
      journal.amend(node, lane, { state: 'failed', key, error: TelarError.from(thrown).toJSON() }, { decision: 'run' });
    }) : undefined;
    journal.settle(node, lane, status, { decision: ran > 0 ? 'run' : 'reuse', components, row: row.id }, gate);
  }
}

/** What became of the lines. */
interface Tally {
  readonly parts: Part[];
  /** Lines in which the node itself failed, or something inside it. */
  readonly failed: Line[];
  /** Root causes of lines that did not go on. */
  readonly roots: { readonly cancelled: Set<string>; readonly blocked: Set<string> };
  ran: number;
  /** The end of the run came before the last element. */
  stopped: boolean;
  /** Of an effect that a fork does not make, why: there is no list of what was done. */
  unmade?: string;
}

function tally(node: GraphNode, lines: readonly Line[], all: number): Tally {
  const sum: Tally = { parts: [], failed: [], roots: { cancelled: new Set(), blocked: new Set() }, ran: 0, stopped: lines.length < all };
  for (const line of lines) {
    const path = line.lane.pathOf(node);
    const { state, key, reason = '', how, by = state === 'failed' ? [path] : [] } = line.lane.status.get(node) as NodeStatus;
    const own = state === 'failed' || (state === 'cancelled' && by.some((root) => root.startsWith(path)));
    if (own) sum.failed.push(line);
    if (own || state === 'cancelled') for (const root of by) sum.roots.cancelled.add(root);
    if (state === 'blocked') for (const root of by) sum.roots.blocked.add(root);
    if (state === 'cancelled' && by.length === 0) sum.stopped = true;
    if (state === 'skipped' && key !== undefined) sum.unmade = reason;
    if (state !== 'fresh') continue;
    sum.parts.push({ key: line.key, outputs: line.lane.results.get(node) ?? {} });
    if (how === 'ran') sum.ran += 1;
  }
  return sum;
}

/** The outputs of a node with `each=` that are gathered: its value, and what somebody reads; of a notebook all that are not disabled. */
export function gatheredNames(node: GraphNode, plan: Plan): readonly string[] {
  return node.inner === undefined ? ['value', ...plan.wanted(node)] : outputPorts(node).filter(({ source }) => !plan.stops.has(source.node)).map(({ name }) => name);
}

/** `5 elements: 2 ran, 3 reused`. */
function countOf(all: number, ran: number): string {
  const elements = `${all} element${all === 1 ? '' : 's'}`;
  return all === 0 ? 'there are no elements' : ran === 0 ? `${elements}, all reused` : ran === all ? `${elements}, all ran` : `${elements}: ${ran} ran, ${all - ran} reused`;
}

/** How many failed, and the first error. A red check is told as such only when nothing worse is. */
function failureOf(node: GraphNode, failed: readonly Line[], all: number): ErrorJSON {
  const errors = failed.map(({ lane }) => [...lane.all()].flatMap((one) => [...one.status].flatMap(([inner, { error }]) => (error === undefined ? [] : [{ path: one.pathOf(inner), error }])))[0])
    .filter((one) => one !== undefined);
  const worst = errors.find(({ error }) => error.code !== 'check-red') ?? errors[0];
  const first = errors[0];
  return {
    code: worst?.error.code ?? 'exception',
    message: `${failed.length} of ${all} elements failed. ${first === undefined ? '' : `The first, \`${first.path}\`: ${first.error.message}`}`.trim(),
    ...(first?.error.line === undefined ? {} : { line: first.error.line }),
    data: { failed: failed.length, of: all, first: first?.path ?? (failed[0] as Line).lane.pathOf(node) },
  };
}
