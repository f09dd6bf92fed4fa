/** The objects that end a `--json` output; their shapes are JSON Schemas in `contracts/schema/`. */
import type { OutputValue } from '../../../contracts/node.ts';
import type { NodeStatus } from '../../../contracts/protocol.ts';
import type { RunResult } from '../../scheduler/run-plan.ts';

/** `{hash, type, bytes}` of an output; one that was only summarised has no hash. */
function outputSummary({ ref, summary }: OutputValue): Record<string, unknown> {
  return ref === undefined ? { type: summary.type } : { hash: ref.hash, type: ref.form, bytes: ref.bytes };
}

function nodeSummary(status: NodeStatus): Record<string, unknown> {
  const { state, by, how, key, ms, outputs, error } = status;
  return {
    state, ...(by === undefined ? {} : { by }), ...(how === undefined ? {} : { how }), ...(key === undefined ? {} : { key }),
    ...(ms === undefined ? {} : { ms: Math.round(ms * 1000) / 1000 }),
    ...(outputs === undefined ? {} : { outputs: Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, outputSummary(value)])) }),
    ...(error === undefined ? {} : { error }),
  };
}

/** The last line of `telar run --json`. */
export function runSummary(result: RunResult): Record<string, unknown> {
  const nodes = Object.fromEntries([...result.nodes].map(([path, status]) => [path, nodeSummary(status)]));
  return { type: 'summary', run: result.run, status: result.status, nodes };
}
