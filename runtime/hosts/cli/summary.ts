/** The objects that end a `--json` output; their shapes are JSON Schemas in `contracts/schema/`. */
import type { Usage } from '../../../contracts/models.ts';
import type { OutputValue } from '../../../contracts/node.ts';
import type { NodeStatus } from '../../../contracts/protocol.ts';
import type { RunRecord } from '../../checkpoints/store.ts';
import { sumUsage } from '../../prompts/usage.ts';
import type { VerifyReport } from '../../replay/verify.ts';
import type { RunResult } from '../../scheduler/run-plan.ts';

/** `{hash, type, bytes}` of an output; one that was only summarised has no hash. */
function outputSummary({ ref, summary }: OutputValue): Record<string, unknown> {
  return ref === undefined ? { type: summary.type } : { hash: ref.hash, type: ref.form, bytes: ref.bytes };
}

function nodeSummary(status: NodeStatus): Record<string, unknown> {
  const { state, by, how, key, ms, outputs, error, usage } = status;
  return {
    state, ...(by === undefined ? {} : { by }), ...(how === undefined ? {} : { how }), ...(key === undefined ? {} : { key }),
    ...(ms === undefined ? {} : { ms: Math.round(ms * 1000) / 1000 }),
    ...(outputs === undefined ? {} : { outputs: Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, outputSummary(value)])) }),
    ...(error === undefined ? {} : { error }), ...(usage === undefined ? {} : { usage }),
  };
}

/** What the answers of a run cost. */
function usageOf(nodes: RunResult['nodes']): { readonly usage?: Usage } {
  const usage = sumUsage([...nodes.values()].flatMap((one) => one.usage ?? []));
  return usage === undefined ? {} : { usage };
}

/** The last line of `telar run --json`; of `telar fork --json` with the run that it came from. */
export function runSummary(result: RunResult, parent?: string): Record<string, unknown> {
  return { type: 'summary', run: result.run, status: result.status, ...(parent === undefined ? {} : { parent }), ...usageOf(result.nodes), nodes: nodesSummary(result.nodes) };
}

/** The last line of `telar restore --json`: the same of a past run, with what it was of. */
export function pastSummary(run: RunRecord, nodes: ReadonlyMap<string, NodeStatus>): Record<string, unknown> {
  const { id, file, started, status = 'open', parent, edits } = run;
  return {
    type: 'summary', run: id, status, file, started, ...(parent === undefined ? {} : { parent }), ...(edits === undefined ? {} : { edits }), nodes: nodesSummary(nodes),
  };
}

/** The last line of `telar verify --json`. */
export function verifySummary({ run, identical, equal, total, divergent, leftOut, ms }: VerifyReport): Record<string, unknown> {
  return { type: 'verify', run, identical, equal, total, divergent, leftOut, ms: Math.round(ms) };
}

function nodesSummary(nodes: ReadonlyMap<string, NodeStatus>): Record<string, unknown> {
  return Object.fromEntries([...nodes].map(([path, status]) => [path, nodeSummary(status)]));
}
