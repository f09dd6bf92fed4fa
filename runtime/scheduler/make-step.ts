/**
 * Building a step: what its kind is handed, and under which limits and powers it stands. Nothing is done here; a live value's producer
 * is a program that is told and not run.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { Limits, Outcome, Program, Step, StepContext, StepInput } from '../../contracts/node.ts';
import type { ValueRef } from '../../contracts/values.ts';
import { skillVolumes } from '../../nodes/skill/folders.ts';
import { bareCell } from '../describe.ts';
import type { GraphNode } from '../graph/node.ts';
import type { Plan } from '../graph/plan.ts';
import { storeValue } from '../values/kinds.ts';
import type { RecordingContext, StepPowers } from './context.ts';
import type { WorkerPlace } from '../ports.ts';
import { isolationOf } from '../graph/isolation.ts';
import { effectOf } from './effects.ts';
import type { RunHost } from './host.ts';

/** Limits of a step that says none: ten minutes, 2 GiB, 1 GiB of output. */
const DEFAULT_LIMITS: Limits = { time: 600_000, memory: 2 * 1024 ** 3, output: 1024 ** 3 };

/** Timers take longer times for 1 ms; a minute is left to those who wait for more than the limit. Some 24 days. */
const LONGEST_TIME = 2 ** 31 - 60_001;

/** What reaches a port; `undefined` for nothing. */
export type InputOf = (port: GraphNode['ports'][number]) => Promise<StepInput | undefined>;

/** The limits of a node's step. */
export function limitsOf(node: GraphNode): Limits {
  const { timeout, memory } = node.description.params;
  return { ...DEFAULT_LIMITS, ...(typeof timeout === 'number' ? { time: Math.min(timeout, LONGEST_TIME) } : {}), ...(typeof memory === 'number' ? { memory } : {}) };
}

/** What a step may do beyond its inputs and files, by its class and what it was granted. */
export function powersOf(node: GraphNode, { network, secrets, parquet, worker, provider, clock, watchdog }: RunHost): Partial<StepPowers> {
  const isolation = isolationOf(node);
  const { network: asks, model } = node.description.analysis;
  const origins = [...(asks === undefined ? [] : [asks.origin]), ...(isolation?.network ?? [])];
  const place = (node.description.params.worker as WorkerPlace | undefined) ?? worker ?? node.scope.document.frontMatter.worker;
  return {
    effect: effectOf(node), ...(parquet === undefined ? {} : { parquet }), ...(place === undefined ? {} : { worker: place }),
    ...(isolation === undefined ? {} : { isolation }), ...(origins.length === 0 || network === undefined ? {} : { origins, network }),
    ...(asks === undefined || secrets === undefined ? {} : { secrets }),
    ...(model === undefined || provider === undefined ? {} : { models: { provider, now: () => clock.now(), ...(watchdog === undefined ? {} : { watchdog }) } }),
  };
}

/**
 * The outputs that a step hands out: what others read; of one that looks at the world or changes it, all, since it is not done again
 * for a reader that comes later.
 */
function wantedOf(node: GraphNode, plan: Plan): readonly string[] {
  return ['observe', 'effect'].includes(effectOf(node)) ? node.outputs.filter((name) => name !== 'value') : plan.wanted(node);
}

/** A step as a kind takes it. */
export async function makeStep(node: GraphNode, plan: Plan, host: RunHost, input: InputOf, idempotencyKey?: string): Promise<Step> {
  const inputs: Record<string, StepInput> = {};
  for (const port of node.ports) {
    if (port.gate === true) continue;
    const value = await input(port);
    if (value !== undefined) inputs[port.name] = value;
    // An input of a nested notebook has its default instead.
    else if (port.optional && port.name !== 'given') inputs[port.name] = { ref: storeValue(null, host.store.blobs).ref as ValueRef };
  }
  const outside = host.given(node)?.ref;
  const { given = outside === undefined ? undefined : { ref: outside }, ...rest } = inputs;
  return {
    node: node.path, cell: bareCell(node.cell), analysis: node.description.analysis, inputs: rest, wanted: wantedOf(node, plan),
    params: { ...node.description.params, ...host.packages?.(node) }, file: node.scope.document.file, line: node.cell.bodyLine, modules: host.modules(node), folder: host.folder(node),
    ...(node.description.analysis.skills === true ? { skills: skillVolumes(node.scope.document.frontMatter.skills, host.folder(node)) } : {}),
    ...(node.description.model?.profile === undefined ? {} : { model: node.description.model.profile }),
    ...(given === undefined ? {} : { given }), ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  };
}

let contexts: Promise<{ createStepContext(powers: StepPowers): RecordingContext }> | undefined;

/** A step's context. Its module is loaded with the first step that runs: a run in which all is reused needs nothing of it (B13). */
export async function createContext(powers: StepPowers): Promise<RecordingContext> {
  contexts ??= import('./context.ts');
  return (await contexts).createStepContext(powers);
}

/** The producer of a live value, to be run in its reader's realm: the program that its kind would execute. */
export async function programOf(node: GraphNode, output: string, plan: Plan, host: RunHost, input: InputOf): Promise<StepInput> {
  if (effectOf(node) === 'effect') throw new TelarError('refused', `\`${output === 'value' ? node.id : output}\` lives in its language, and each reader would make it again; but \`${node.path}\` is an effect, which is made once. Put the function into a node of its own.`);
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
