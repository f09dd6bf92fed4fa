/** Obstacles: what keeps a node from running once its sources are done, with root causes. */
import type { NodeStatus } from '../../contracts/protocol.ts';
import type { GraphNode } from '../graph/node.ts';
import type { Stop } from '../graph/plan.ts';
import { portOfEach, type Lane } from './lane.ts';

/** Most root causes that a sentence names. */
const NAMED = 3;

/**
 * The status of a node that cannot run for what became of its sources; `undefined` when it can. An optional wire is null then. An
 * `each=` over a node that has lines goes on with those that did not fail.
 */
export function obstacleOf(node: GraphNode, lane: Lane, stops: ReadonlyMap<GraphNode, Stop>): NodeStatus | undefined {
  let failed: Set<string> | undefined;
  let skipped: Set<string> | undefined;
  for (const port of node.ports) {
    const { source } = port;
    const outer = source.node.scope !== node.inner;
    if (port.optional && outer) continue;
    if (lane.takes(node, port)) continue;
    const status = lane.statusOf(source.node);
    if (status === undefined) continue;
    if (status.state === 'fresh') {
      // A notebook under `when=` may run, and its output inside be skipped.
      if (outer && source.node.inner !== undefined && lane.outputsOf(source.node)?.[source.output] === undefined) (skipped ??= new Set()).add(`${pathOf(lane, source.node)}/${source.output}`);
      continue;
    }
    if (portOfEach(node) === port.name && lane.linesOf(source.node) !== undefined) continue;
    const stop = stops.get(source.node);
    // An output that is disabled or skipped is none; the notebook's other outputs stand.
    if (!outer && isSkipped(status, stop)) continue;
    const roots = status.by !== undefined && status.by.length > 0 ? status.by : status.state === 'cancelled' ? [] : [pathOf(lane, source.node)];
    for (const root of roots) (isSkipped(status, stop) ? skipped ??= new Set() : failed ??= new Set()).add(root);
  }
  if (failed !== undefined) return { state: 'cancelled', by: [...failed].sort(), reason: `${causes(failed)} failed` };
  return skipped === undefined ? undefined : { state: 'blocked', by: [...skipped].sort(), reason: `${causes(skipped)} ${skipped.size === 1 ? 'is' : 'are'} skipped` };
}

/** Whether a node does not run though nothing failed. */
const isSkipped = ({ state }: NodeStatus, stop: Stop | undefined): boolean => (
  state === 'skipped' || state === 'disabled' || (state === 'blocked' && (stop?.state !== 'blocked' || stop.because === 'disabled')));

const pathOf = (lane: Lane, node: GraphNode): string => (lane.laneOf(node) ?? lane).pathOf(node);

/** Root causes as a sentence begins with them. */
export function causes(roots: ReadonlySet<string>): string {
  const sorted = [...roots].sort();
  return sorted.length <= NAMED ? sorted.join(', ') : `${sorted.slice(0, NAMED).join(', ')} and ${sorted.length - NAMED} more`;
}

/** The status of a node that is known not to run before the run. */
export function stopStatus(stop: Stop): NodeStatus {
  if (stop.state === 'disabled') return { state: 'disabled' };
  if (stop.state === 'unavailable') return { state: 'unavailable', reason: stop.reason };
  if (stop.state === 'blocked') return { state: 'blocked', by: stop.by, reason: `${stop.by.join(', ')} ${stop.because === 'failed' ? 'has an error' : `is ${stop.because}`}` };
  const { code, message, line } = stop.problem;
  return { state: 'failed', error: { code, message, line } };
}
