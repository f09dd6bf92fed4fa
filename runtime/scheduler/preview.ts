/** Preview: what a run would do, as far as that can be known without doing it (P6). Runs nothing. */
import type { OutputValue } from '../../contracts/node.ts';
import type { Decision } from '../../contracts/protocol.ts';
import type { GraphNode } from '../graph/node.ts';
import { sourcesOf, type Plan } from '../graph/plan.ts';
import { decide, type Decided, type DecideFacts } from './decide.ts';

/** One step of a plan as a person reads it. */
export interface PlannedStep {
  readonly node: string;
  readonly decision: Decision;
  readonly reason: string;
  readonly decided?: Decided;
}

/** Decides every step whose inputs are stored; the others await those that will run. */
export function previewPlan(plan: Plan, facts: DecideFacts): PlannedStep[] {
  const results = new Map<GraphNode, Readonly<Record<string, OutputValue>>>();
  return plan.order.map((node): PlannedStep => {
    const stop = plan.stops.get(node);
    if (stop?.state === 'failed') return { node: node.path, decision: 'failed', reason: stop.problem.message };
    if (stop?.state === 'disabled') return { node: node.path, decision: 'disabled', reason: 'it is disabled' };
    if (stop?.state === 'unavailable') return { node: node.path, decision: 'unavailable', reason: stop.reason };
    if (stop?.state === 'blocked') return { node: node.path, decision: 'blocked', reason: `by ${stop.by.join(', ')}, which ${stop.because === 'failed' ? 'has an error' : `is ${stop.because}`}` };
    const awaits = [...new Set(sourcesOf(node, plan).filter((source) => !results.has(source)).map((source) => source.path))];
    if (awaits.length > 0) return { node: node.path, decision: 'undecided', reason: `awaits ${awaits.join(', ')}` };
    if (node.inner !== undefined) {
      results.set(node, {});
      return { node: node.path, decision: 'reuse', reason: 'all its outputs are reused' };
    }
    const decided = decide(node, plan, results, facts);
    if (decided.row !== undefined) results.set(node, decided.row.outputs);
    return { node: node.path, decision: decided.decision, reason: decided.reason(), decided };
  });
}
