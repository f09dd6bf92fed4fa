/**
 * Which value of a past run a person means by `ID[.output]`: of the row that its record names, whatever the notebook and the
 * store have come to since. Names are those of then. Runs nothing.
 */
import { TelarError } from '../../../contracts/errors.ts';
import type { Display, OutputValue } from '../../../contracts/node.ts';
import { nearest } from '../../../nodes/nearest.ts';
import type { RunRecord, StepRecord, Store } from '../../checkpoints/store.ts';
import type { Graph } from '../../graph/graph.ts';
import { outputPorts, templatePath } from '../../graph/node.ts';
import { innerPath } from '../../replay/past.ts';

/** A stored value with what must be told of it. */
export interface Found {
  readonly value: OutputValue;
  readonly displays: readonly Display[];
  /** The step's path. */
  readonly node: string;
  readonly output: string;
  /** A remark: whose it is, where it is not what a run would give now. */
  readonly note?: string;
}

/** Most keys of elements that a message tells. */
const TOLD = 8;

/**
 * @param graph of the run's own texts; without it only the outputs of nested notebooks have no name
 * @throws TelarError `usage` when the run had no such node or output, `value-missing` when it gave none, or it is gone
 */
export function findPastValue(store: Store, run: RunRecord, graph: Graph | undefined, name: string): Found {
  const steps = new Map(store.steps(run.id).map((step) => [step.node, step]));
  const { path, output } = named(name, steps, graph, run);
  const step = steps.get(path);
  const row = step?.row === undefined ? undefined : store.row(step.row);
  if (step?.row === undefined) throw nothing(path, step, steps, run);
  if (row === undefined) throw new TelarError('value-missing', `What run ${run.id} had of \`${path}\` is not in the store any more.`, { node: path, run: run.id });
  const value = Object.hasOwn(row.outputs, output) ? row.outputs[output] : undefined;
  if (value === undefined) {
    const offered = Object.keys(row.outputs).map((one) => `\`${path}${one === 'value' ? '' : `.${one}`}\``).join(', ');
    throw new TelarError('usage', `In run ${run.id} \`${path}\` has no output \`${output}\`. It has ${offered}.`, { node: path, run: run.id });
  }
  const what = run.parent !== undefined ? 'fork' : store.lastRun(run.file)?.id === run.id ? 'run' : 'older run';
  const failed = step.state === 'failed' ? '; its step failed, and this is what it gave' : '';
  return { value, displays: output === 'value' ? row.displays ?? [] : [], node: path, output, note: `this is of the ${what} ${run.id}, begun ${run.started}${failed}` };
}

/** A name as a step's path and an output. What stands in the brackets of an element may hold dots. */
function named(name: string, steps: ReadonlyMap<string, StepRecord>, graph: Graph | undefined, run: RunRecord): { path: string; output: string } {
  const known = (path: string): boolean => steps.has(path) || graph?.node(templatePath(path)) !== undefined;
  const dot = name.lastIndexOf('.');
  const split = dot > name.lastIndexOf(']') && !known(name);
  const path = split ? name.slice(0, dot) : name;
  const said = split ? name.slice(dot + 1) : undefined;
  if (!known(path)) {
    const near = nearest(path, [...steps.keys()]);
    throw new TelarError('usage', `Run ${run.id} has no node \`${path}\`.${near === undefined ? '' : ` Did you mean \`${near}\`?`}`, { node: path, run: run.id });
  }
  const boundary = graph?.node(templatePath(path));
  if (boundary?.inner === undefined) return { path, output: said === undefined || said === boundary?.id ? 'value' : said };
  const ports = outputPorts(boundary);
  const port = said === undefined && ports.length === 1 ? ports[0] : ports.find((one) => one.name === said);
  if (port === undefined) {
    const offered = ports.map((one) => `\`${path}.${one.name}\``).join(', ') || 'none';
    throw new TelarError('usage', `${said === undefined ? `\`${path}\` is a notebook: say which of its outputs.` : `\`${path}\` has no output \`${said}\`.`} It has ${offered}.`, { node: path });
  }
  // What all elements of an `each=` gave together is the boundary's own.
  return steps.get(path)?.row === undefined ? { path: innerPath(path, port), output: port.source.output } : { path, output: port.name };
}

/** Why a run has no value of a step. */
function nothing(path: string, step: StepRecord | undefined, steps: ReadonlyMap<string, StepRecord>, run: RunRecord): TelarError {
  const facts = { node: path, run: run.id };
  if (step === undefined) {
    const keys = [...steps.keys()].filter((one) => one !== path && templatePath(one) === templatePath(path));
    if (keys.length > 0) return new TelarError('value-missing', `Run ${run.id} has no \`${path}\`. It has ${keys.slice(0, TOLD).map((one) => `\`${one}\``).join(', ')}${keys.length > TOLD ? ` and ${keys.length - TOLD} more` : ''}.`, facts);
    const why = run.status === undefined ? 'it was cut off before' : 'it was not among what was asked for';
    return new TelarError('value-missing', `Run ${run.id} did not come to \`${path}\`: ${why}.`, facts);
  }
  const why = step.error?.message ?? step.reason;
  return new TelarError('value-missing', `Run ${run.id} gave no value of \`${path}\`: it ${step.state === 'failed' ? 'failed' : `was ${step.state}`}${why === undefined ? '.' : `: ${/[.?!]$/.test(why) ? why : `${why}.`}`}`, facts);
}
