/**
 * Gate: a node's `when=`, judged by the JavaScript engine before the node. The answer is kept in a row of its own under a key of
 * kind `when`, so asking again costs nothing; it is no part of the step's key, which is that of the same step without a gate.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { Limits, StepInput } from '../../contracts/node.ts';
import type { Blobs } from '../../contracts/values.ts';
import { rowId, type Row } from '../checkpoints/store.ts';
import { actionKey, engineComponent, LOCALE, refComponent } from '../graph/fingerprint.ts';
import type { Condition, GraphNode, InputPort } from '../graph/node.ts';
import { conditionPorts } from '../graph/resolve.ts';
import { loadValue, storeValue } from '../values/kinds.ts';
import { decodeRecord } from '../values/record.ts';
import type { DecideFacts } from './decide.ts';
import type { RunHost } from './host.ts';
import type { Lane } from './lane.ts';

/** Raised when the same expression would be judged otherwise. */
const WHEN = 'when@1';

/** A condition is small: ten seconds unless `timeout=` says otherwise (at most ten minutes), 256 MiB, 1 MiB of output. */
function limitsOf({ description: { params } }: GraphNode): Limits {
  return { time: Math.min(params.timeout as number | undefined ?? 10_000, 600_000), memory: 256 * 1024 ** 2, output: 1024 ** 2 };
}

const ENGINE = 'javascript';

/** A gate whose inputs are known: its key, and the answer, if it was asked before. */
export interface Gate { readonly key: string; readonly ports: ReadonlyMap<string, InputPort>; readonly answer?: boolean }

/** Fixes the key of a node's gate in a lane. */
export function gateOf(node: GraphNode, lane: Lane, facts: DecideFacts & Pick<RunHost, 'executors'>): Gate {
  const { text, analysis } = node.description.when as Condition;
  const ports = conditionPorts(node);
  const components: Record<string, string> = { kind: WHEN, code: facts.sha256(analysis.problems.length === 0 ? analysis.normal : text), locale: LOCALE };
  components[`engine.${ENGINE}`] = engineComponent(facts.executors.get(ENGINE)?.identity() ?? {});
  for (const [name, port] of ports) components[`input.${name}`] = refComponent(lane.refOf(node, port));
  const key = actionKey(components, facts.sha256);
  const answer = facts.store.rows(key).map((row) => answerOf(row, facts.store.blobs)).find((one) => one !== undefined);
  return { key, ports, ...(answer === undefined ? {} : { answer }) };
}

/** The answer that a row has; `undefined` when it is lost or damaged. */
function answerOf({ outputs }: Row, blobs: Blobs): boolean | undefined {
  const bytes = blobs.get(outputs.value?.ref?.hash ?? '');
  return bytes === undefined ? undefined : decodeRecord(bytes) === true;
}

/**
 * Judges a condition.
 * @returns the answer, and the row that holds it, to be kept
 * @throws TelarError what the expression throws, `unavailable` without a JavaScript engine
 */
export async function judge(node: GraphNode, gate: Gate, facts: { host: RunHost; run: string; signal: AbortSignal; input(port: InputPort): Promise<StepInput | undefined>; stream(stream: 'stdout' | 'stderr' | 'progress', text: string): void }): Promise<{ readonly answer: boolean; readonly row: Row }> {
  const { host } = facts;
  const { text } = node.description.when as Condition;
  const executor = host.executors.get(ENGINE);
  const ready = executor?.available() ?? { ok: false as const, reason: 'this host has none' };
  if (executor === undefined || !ready.ok) throw new TelarError('unavailable', `\`when=\` is judged by the JavaScript engine: ${ready.ok ? '' : ready.reason}.`, { lacks: ENGINE });
  const { blobs } = host.store;
  const inputs: Record<string, StepInput> = {};
  for (const [name, port] of gate.ports) inputs[name] = await facts.input(port) ?? { ref: storeValue(null, blobs).ref! };
  const started = host.clock.now();
  const program = { engine: ENGINE, code: text, file: node.scope.document.file, line: node.cell.line, id: 'when', wanted: [], binds: [], modules: {}, folder: host.folder(node) };
  const { outputs } = await executor.execute(program, inputs, { blobs, limits: limitsOf(node), signal: facts.signal, emit: (stream, said) => { facts.stream(stream, said); } }).catch((thrown: unknown) => {
    const { code, message, data } = TelarError.from(thrown);
    throw new TelarError(code, code === 'cancelled' || code === 'value-missing' ? message : `\`when=${text}\`: ${message}`, { ...data, line: node.cell.line });
  });
  const ref = outputs.value?.ref;
  const answer = ref !== undefined && (ref.form === 'live' || ref.form === 'opaque' || Boolean(loadValue(ref, blobs)));
  const identity = { key: gate.key, readsDigest: '', take: 0 };
  const row: Row = {
    ...identity, id: rowId(host.sha256, identity), reads: [], folder: host.folder(node), outputs: { value: storeValue(answer, blobs) },
    effect: 'pure', ms: host.clock.now() - started, producedBy: facts.run,
  };
  return { answer, row };
}
