/**
 * Preview: what a run would do, as far as that can be known without doing it (P6). Runs nothing. Of a node with `each=` it tells
 * how many elements would run; nodes inside a notebook with `each=` are told once for all elements.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { Decision } from '../../contracts/protocol.ts';
import { eachOf, enclosureOf, isClosed, outputPorts, type GraphNode } from '../graph/node.ts';
import type { Plan, Stop } from '../graph/plan.ts';
import { decide, type Decided } from './decide.ts';
import { gatheredNames } from './each.ts';
import { turnsOf } from './elements.ts';
import { gatherKey, type Part } from './gather.ts';
import { gateOf } from './gate.ts';
import type { RunHost } from './host.ts';
import { Lane, portOfEach, type Line, type Outputs } from './lane.ts';
import { obstacleOf, stopStatus } from './obstacle.ts';

/** One step of a plan as a person reads it. */
export interface PlannedStep {
  readonly node: string;
  readonly decision: Decision;
  readonly reason: string;
  readonly decided?: Decided;
}

type Told = Omit<PlannedStep, 'node'>;

/** Decides every step whose inputs are stored; the others await those that will run. */
export function previewPlan(plan: Plan, facts: RunHost): PlannedStep[] {
  const preview = new Preview(plan, facts);
  return plan.order.map((node) => ({ node: node.path, ...preview.told(node) }));
}

class Preview {
  readonly #plan: Plan;
  readonly #facts: RunHost;
  readonly #orders: Map<GraphNode | undefined, GraphNode[]>;
  readonly #told = new Map<GraphNode, Told[]>();

  constructor(plan: Plan, facts: RunHost) {
    this.#plan = plan;
    this.#facts = facts;
    this.#orders = Map.groupBy(plan.order.filter((node) => !plan.stops.has(node)), (node) => enclosureOf(node));
    const root = new Lane();
    for (const [node, stop] of plan.stops) {
      root.status.set(node, stopStatus(stop));
      this.#told.set(node, [stopTold(stop)]);
    }
    this.#all(undefined, root);
  }

  /** What is told of a node: of one with several doings, how many of which kind. */
  told(node: GraphNode): Told {
    const all = this.#told.get(node) ?? [];
    return all.length === 1 ? all[0] as Told : all.length === 0 ? { decision: 'undecided', reason: 'what is around it is not decided' } : summed(all);
  }

  #all(inside: GraphNode | undefined, lane: Lane): void {
    for (const node of this.#orders.get(inside) ?? []) {
      const told = this.#one(node, lane);
      this.#told.set(node, [...this.#told.get(node) ?? [], told]);
    }
  }

  #one(node: GraphNode, lane: Lane): Told {
    const awaits = this.#awaited(node, lane);
    if (awaits.length > 0) return { decision: 'undecided', reason: `awaits ${awaits.join(', ')}` };
    const obstacle = obstacleOf(node, lane, this.#plan.stops);
    if (obstacle !== undefined) {
      lane.status.set(node, obstacle);
      return { decision: 'blocked', reason: obstacle.reason ?? '' };
    }
    return eachOf(node) === undefined ? this.#gated(node, lane) : this.#each(node, lane);
  }

  /** Sources of which it is not known what they will give. */
  #awaited(node: GraphNode, lane: Lane): string[] {
    const closed = isClosed(node);
    const open = node.ports.filter((port) => {
      const { source } = port;
      if (lane.takes(node, port) || (closed && source.node.scope === node.inner)) return false;
      return lane.laneOf(source.node) === undefined && !(port.name === portOfEach(node) && lane.linesOf(source.node) !== undefined);
    });
    return [...new Set(open.map(({ source }) => source.node.path))];
  }

  #gated(node: GraphNode, lane: Lane): Told {
    const { when } = node.description;
    if (when === undefined) return this.#go(node, lane);
    const { answer } = gateOf(node, lane, this.#facts);
    if (answer === undefined) return { decision: 'undecided', reason: `\`${when.text}\` is to be judged first` };
    if (answer) return this.#go(node, lane);
    const reason = `\`${when.text}\` is false`;
    lane.status.set(node, { state: 'skipped', reason });
    if (node.inner !== undefined && lane.at !== node) for (const inner of this.#orders.get(node) ?? []) this.#told.set(inner, [...this.#told.get(inner) ?? [], { decision: 'skipped', reason }]);
    return { decision: 'skipped', reason };
  }

  #go(node: GraphNode, lane: Lane): Told {
    if (node.inner !== undefined) {
      const inside = isClosed(node) && lane.at !== node ? lane.enter(node) : lane;
      if (isClosed(node)) this.#all(node, inside);
      return this.#boundary(node, lane, inside);
    }
    const decided = decide(node, this.#plan, lane, this.#facts);
    if (decided.row !== undefined) this.#reused(node, lane, decided.row.outputs);
    if (decided.refused !== undefined) return { decision: 'failed', reason: decided.refused().message, decided };
    return { decision: decided.decision, reason: decided.reason(), decided };
  }

  #boundary(node: GraphNode, lane: Lane, inside: Lane): Told {
    const awaits = outputPorts(node).filter(({ source }) => inside.laneOf(source.node) === undefined).map(({ source }) => source.node.path);
    if (awaits.length > 0) return { decision: 'undecided', reason: `awaits ${awaits.join(', ')}` };
    this.#reused(node, lane, Object.fromEntries(outputPorts(node).flatMap(({ name, source }) => {
      const value = inside.outputsOf(source.node)?.[source.output];
      return value === undefined ? [] : [[name, value] as const];
    })));
    return { decision: 'reuse', reason: 'all its outputs are reused' };
  }

  #each(node: GraphNode, lane: Lane): Told {
    const { store, sha256 } = this.#facts;
    const lines: Line[] = [];
    const told: Told[] = [];
    try {
      for (const { key, element } of turnsOf(node, lane, { blobs: store.blobs, sha256 })) {
        const line = new Lane(lane, node, key, element);
        lines.push({ key, lane: line });
        told.push(element === undefined ? { decision: 'undecided', reason: 'awaits its element' } : this.#gated(node, line));
      }
    } catch (error) {
      return { decision: 'undecided', reason: TelarError.from(error).message };
    }
    lane.setLines(node, lines);
    const sum = summed(told);
    if (sum.decision !== 'reuse') return sum;
    const parts = lines.flatMap(({ key, lane: line }): Part[] => { const outputs = line.results.get(node); return outputs === undefined ? [] : [{ key, outputs }]; });
    const { key, components } = gatherKey(parts, gatheredNames(node, this.#plan), sha256);
    const row = store.rows(key).find((one) => store.holds(one));
    if (row === undefined) return { decision: 'run', reason: `${sum.reason}, and gathered anew` };
    this.#reused(node, lane, row.outputs);
    return { ...sum, decided: { decision: 'reuse', key, components, row, take: row.take, reason: () => sum.reason } };
  }

  #reused(node: GraphNode, lane: Lane, outputs: Outputs): void {
    lane.results.set(node, outputs);
    lane.status.set(node, { state: 'fresh', how: 'reused' });
  }
}

function stopTold(stop: Stop): Told {
  if (stop.state === 'failed') return { decision: 'failed', reason: stop.problem.message };
  if (stop.state === 'disabled') return { decision: 'disabled', reason: 'it is disabled' };
  if (stop.state === 'unavailable') return { decision: 'unavailable', reason: stop.reason };
  return { decision: 'blocked', reason: `by ${stop.by.join(', ')}, which ${stop.because === 'failed' ? 'has an error' : `is ${stop.because}`}` };
}

/** Several doings of one node in one line. */
function summed(all: readonly Told[]): Told {
  if (all.length === 0) return { decision: 'reuse', reason: 'there are no elements' };
  const counts = (['run', 'undecided', 'reuse', 'skipped', 'blocked'] as const).map((decision) => [decision, all.filter((one) => one.decision === decision).length] as const).filter(([, count]) => count > 0);
  const words = { run: 'will run', undecided: 'cannot be decided yet', reuse: 'reused', skipped: 'skipped', blocked: 'blocked' };
  const [first] = counts[0] as readonly ['run' | 'undecided' | 'reuse' | 'skipped' | 'blocked', number];
  const blocked = counts.some(([decision]) => decision === 'blocked');
  return {
    decision: first === 'run' || first === 'undecided' ? first : blocked ? 'blocked' : 'reuse',
    reason: `${all.length} element${all.length === 1 ? '' : 's'}: ${counts.map(([decision, count]) => `${count === all.length && count > 1 ? 'all' : count} ${words[decision]}`).join(', ')}`,
  };
}
