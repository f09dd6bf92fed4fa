/**
 * Running a plan: each node once, when what it reads is done, in the lane where it stands. A step may fail; the run goes on with
 * what does not depend on it (R6). How a step is done is `steps.ts`, an `each=` is `each.ts`, a `when=` `gate.ts`.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { OutputValue } from '../../contracts/node.ts';
import type { NodeStatus, RunStatus } from '../../contracts/protocol.ts';
import { eachOf, enclosureOf, isClosed, outputPorts, type GraphNode } from '../graph/node.ts';
import type { Plan } from '../graph/plan.ts';
import { Each } from './each.ts';
import { gateOf, judge, type Gate } from './gate.ts';
import type { RunHost } from './host.ts';
import { cancel, fail, Journal, placed, type Running, type RunRequest, type RunResult } from './journal.ts';
import { Lane } from './lane.ts';
import { obstacleOf, stopStatus } from './obstacle.ts';
import { Slots } from './slots.ts';
import { Steps } from './steps.ts';
import { runWave } from './wave.ts';

export type { RunRequest, RunResult } from './journal.ts';

/** Runs a frozen plan. Never rejects for what a step does. */
export async function runPlan(plan: Plan, request: RunRequest, host: RunHost): Promise<RunResult> {
  return new PlanRun(plan, request, host).go();
}

class PlanRun {
  readonly #running: Running;
  readonly #steps: Steps;
  readonly #each: Each;
  readonly #root = new Lane();
  /** The nodes to do, by the closed boundary that they are inside of; in the plan's order. */
  readonly #orders = new Map<GraphNode | undefined, GraphNode[]>();

  constructor(plan: Plan, request: RunRequest, host: RunHost) {
    const slots = new Slots(request.jobs, new Map([...host.executors].map(([name, executor]) => [name, executor.concurrency])));
    this.#running = { plan, request, host, slots, journal: new Journal(request, host), stop: new AbortController() };
    this.#steps = new Steps(this.#running, (node, lane) => this.#each.perform(node, lane));
    this.#each = new Each(this.#running, this.#steps, (node, lane) => this.#gated(node, lane));
    for (const node of plan.order) {
      if (plan.stops.has(node)) continue;
      const outer = node.scope.boundary === undefined ? undefined : enclosureOf(node);
      const order = this.#orders.get(outer);
      if (order === undefined) this.#orders.set(outer, [node]); else order.push(node);
    }
  }

  async go(): Promise<RunResult> {
    const { plan, request, host, journal, stop } = this.#running;
    const { run, signal } = request;
    const started = host.clock.now();
    const abort = (): void => { stop.abort(signal.reason); };
    if (signal.aborted) abort(); else signal.addEventListener('abort', abort, { once: true });
    journal.outbox.send(() => ({ type: 'run', run, file: host.file, targets: plan.targets, nodes: plan.order.length }));
    // What cannot run is settled first: members of a cycle would wait for each other for ever.
    for (const [node, cause] of plan.stops) {
      const status = stopStatus(cause);
      journal.settle(node, this.#root, status.error === undefined ? status : { ...status, error: placed(node, status.error) }, { decision: cause.state });
    }
    await this.#wave(undefined, this.#root);
    signal.removeEventListener('abort', abort);
    await Promise.allSettled(journal.gates);
    await journal.outbox.drained();
    const nodes = new Map<string, NodeStatus>();
    for (const lane of this.#root.all()) for (const [node, one] of lane.status) nodes.set(lane.pathOf(node), one);
    const status: RunStatus = signal.aborted ? 'cancelled' : [...nodes.values()].some(({ state }) => state === 'failed') ? 'failed' : 'ok';
    const ms = host.clock.now() - started;
    await host.store.closeRun(run, status, host.clock.date().toISOString()).catch((error: unknown) => { journal.note(TelarError.from(error)); });
    journal.outbox.send(() => ({ type: 'end', run, status, ms }));
    return { run, status, ms, nodes };
  }

  /** All nodes of the run, or those inside one closed boundary. */
  #wave(inside: GraphNode | undefined, lane: Lane): Promise<void> {
    return runWave(this.#orders.get(inside) ?? [], (node) => this.#perform(node, lane));
  }

  #perform(node: GraphNode, lane: Lane): void | Promise<void> {
    const { plan, journal, stop } = this.#running;
    const obstacle = obstacleOf(node, lane, plan.stops);
    if (obstacle !== undefined) { journal.settle(node, lane, obstacle, { decision: obstacle.state === 'blocked' ? 'blocked' : 'run' }); return undefined; }
    if (stop.signal.aborted) { cancel(this.#running, node, lane); return undefined; }
    return eachOf(node) === undefined ? this.#gated(node, lane) : this.#each.perform(node, lane);
  }

  /** One doing of a node: of the only one, or of one element. */
  #gated(node: GraphNode, lane: Lane): void | Promise<void> {
    if (node.description.when === undefined) return this.#go(node, lane);
    const { host, plan } = this.#running;
    let gate: Gate;
    try {
      gate = gateOf(node, lane, host);
    } catch (error) {
      fail(this.#running, node, lane, { error: TelarError.from(error).toJSON() }, { decision: 'run' });
      return undefined;
    }
    return gate.answer === undefined || plan.forced.has(node) ? this.#judge(node, lane, gate) : this.#pass(node, lane, gate.answer);
  }

  async #judge(node: GraphNode, lane: Lane, gate: Gate, mended = false): Promise<void> {
    const { host, journal, request, slots, stop } = this.#running;
    const release = await slots.acquire(['javascript']);
    if (stop.signal.aborted) { release(); cancel(this.#running, node, lane); return; }
    let answer: boolean;
    try {
      const judged = await judge(node, gate, {
        host, run: request.run, signal: stop.signal,
        input: (port) => this.#steps.input(node, lane, port), stream: (stream, text) => { journal.stream(node, lane, stream, text); },
      });
      await host.store.addRow(judged.row);
      ({ answer } = judged);
    } catch (thrown) {
      const error = TelarError.from(thrown);
      release();
      if (error.code === 'value-missing' && !mended && await this.#steps.renewSources(node, lane)) return this.#judge(node, lane, gate, true);
      if (error.code === 'cancelled') cancel(this.#running, node, lane);
      else fail(this.#running, node, lane, { error: error.toJSON() }, { decision: 'run' });
      return;
    }
    release();
    await this.#pass(node, lane, answer);
  }

  #pass(node: GraphNode, lane: Lane, answer: boolean): void | Promise<void> {
    if (answer) return this.#go(node, lane);
    this.#skip(node, lane);
    return undefined;
  }

  /** A node is skipped, and with a boundary all that is inside. */
  #skip(node: GraphNode, lane: Lane): void {
    const { journal } = this.#running;
    const skipped: NodeStatus = { state: 'skipped', reason: `\`${node.description.when?.text ?? ''}\` is false` };
    journal.settle(node, lane, skipped, { decision: 'skipped' });
    if (node.inner === undefined || lane.at === node) return;
    const inside = lane.enter(node);
    for (const one of this.#orders.get(node) ?? []) journal.settle(one, inside, skipped, { decision: 'skipped' });
  }

  #go(node: GraphNode, lane: Lane): void | Promise<void> {
    if (node.inner === undefined) return this.#steps.perform(node, lane);
    return isClosed(node) ? this.#enter(node, lane) : this.#boundary(node, lane, lane);
  }

  /** The inside of a closed boundary, then the boundary. */
  async #enter(node: GraphNode, lane: Lane): Promise<void> {
    const inside = eachOf(node) === undefined ? lane.enter(node) : lane;
    await this.#wave(node, inside);
    this.#boundary(node, lane, inside);
  }

  /** A `graph` node does nothing of its own: it shows its notebook's outputs. It has no key (G9). */
  #boundary(node: GraphNode, lane: Lane, inside: Lane): void {
    const { plan, journal } = this.#running;
    const obstacle = inside === lane && !isClosed(node) ? undefined : obstacleOf(node, inside, plan.stops);
    if (obstacle !== undefined) { journal.settle(node, lane, obstacle, { decision: obstacle.state === 'blocked' ? 'blocked' : 'run' }); return; }
    const outputs: Record<string, OutputValue> = {};
    let ran = false;
    for (const port of outputPorts(node)) {
      const status = inside.statusOf(port.source.node);
      const value = inside.outputsOf(port.source.node)?.[port.source.output];
      if (status?.state === 'cancelled') { cancel(this.#running, node, lane); return; }
      if (value === undefined) continue;
      outputs[port.name] = value;
      ran ||= status?.how !== 'reused';
    }
    lane.results.set(node, outputs);
    journal.settle(node, lane, { state: 'fresh', how: ran ? 'ran' : 'reused', outputs }, { decision: ran ? 'run' : 'reuse' });
  }
}
