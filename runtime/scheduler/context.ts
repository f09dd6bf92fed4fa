/**
 * The context of one running step: the only door from a node kind to engines, values and files.
 *
 * A kind hands it programs and paths; it finds the executor, keeps values, and remembers every look at the world, so that a
 * kind can be neither impure by accident nor tied to an engine. One is made per step and thrown away with it.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { FileReceipt, Limits, ObservedRead, Outcome, Program, StepContext, StepInput } from '../../contracts/node.ts';
import type { Blobs } from '../../contracts/values.ts';
import type { Asker, ExecuteContext, Executor, Files, ParquetWriter, Secrets, Sha256, WorkerPlace, World } from '../ports.ts';
import type { Isolation } from '../workers/isolation.ts';
import { ARROW } from '../../nodes/data/media.ts';
import { loadValue, storeValue } from '../values/kinds.ts';
import { tableFromArrow } from './context-arrow.ts';
import { createStepFiles, writable } from './context-files.ts';
import { createStepAsk, type ModelPowers } from './context-ask.ts';
import { createFetch, type OutsidePowers } from './context-network.ts';

/** What a step's context is made of. */
export interface StepPowers extends OutsidePowers {
  readonly blobs: Blobs;
  readonly files: Files;
  readonly sha256: Sha256;
  /** By the name that programs use: `sql`, `python`, … */
  readonly executors: ReadonlyMap<string, Executor>;
  /** Folder of the notebook, relative to the workspace root. */
  readonly folder: string;
  readonly secrets?: Secrets;
  readonly parquet?: ParquetWriter;
  readonly world?: World;
  readonly asker?: Asker;
  readonly worker?: WorkerPlace;
  readonly isolation?: Isolation;
  /** Of a step that asks a model. */
  readonly models?: ModelPowers;
  emit(stream: 'stdout' | 'stderr' | 'progress', text: string): void;
}

/** A step's context that can also tell all that the step has seen so far, by itself and through engines. */
export interface RecordingContext extends StepContext { reads(): readonly ObservedRead[] }

/** Makes the context of one step. */
export function createStepContext(powers: StepPowers): RecordingContext {
  const { blobs, limits, signal, executors, effect = 'pure', sha256, world } = powers;
  const files = createStepFiles(powers.files, powers.folder, powers.sha256);
  const fetch = createFetch(powers);
  const emit: StepContext['emit'] = (stream, text) => { powers.emit(stream, text); };
  const load: StepContext['load'] = (ref) => loadValue(ref, blobs);
  const readFile: StepContext['readFile'] = (path) => files.read(path);
  const execute = async (program: Program, inputs: Readonly<Record<string, StepInput>>, how: Pick<ExecuteContext, 'limits' | 'signal' | 'emit'>): Promise<Outcome> => {
    const executor = executors.get(program.engine);
    if (executor === undefined) {
      const known = [...executors.keys()].join(', ') || 'none';
      throw new TelarError('unavailable', `There is no engine \`${program.engine}\` here (there are: ${known}).`, { lacks: program.engine });
    }
    const ready = executor.available();
    if (!ready.ok) throw new TelarError('unavailable', ready.reason, { lacks: program.engine });
    if (effect === 'effect') await powers.begin?.({ what: `run ${program.id}` });
    const outcome = await executor.execute(program, inputs, {
      blobs, ...how, ...(world === undefined ? {} : { world }), ...(effect === 'effect' ? { once: true } : {}),
      ...(powers.asker === undefined ? {} : { asker: powers.asker }), ...(powers.worker === undefined ? {} : { worker: powers.worker }),
      ...(powers.isolation === undefined ? {} : { isolation: powers.isolation, ...(powers.isolation.network.length === 0 ? {} : { fetch }) }),
    });
    files.add(outcome.reads);
    return outcome;
  };
  return {
    blobs, limits, signal, emit, load, readFile,
    execute: (program, inputs, tighter) => execute(program, inputs, { limits: tighter === undefined ? limits : tightest(limits, tighter), signal, emit }),
    // Arrow's bytes are kept as the table that they are.
    store: (value, options) => (value instanceof Uint8Array && options?.mediaType === ARROW
      ? storeValue(tableFromArrow(value), blobs) : storeValue(value, blobs, options)),
    glob: (pattern) => files.glob(pattern),
    encode: async (ref, format) => (await import('../values/export.ts')).exportValue(ref, format, powers),
    writeFile: async (path, bytes) => {
      if (effect !== 'effect') throw new TelarError('refused', 'Only a step of class `effect` may write files.');
      const place = writable(powers.files, powers.folder, path);
      const receipt: FileReceipt = { file: path, bytes: bytes.length, sha256: sha256(bytes) };
      await powers.begin?.({ what: `write ${place}`, writes: { ...receipt, path: place } });
      powers.files.write(place, bytes);
      return receipt;
    },
    fetch,
    ask: createStepAsk({
      ...powers, load, readFile,
      execute: (program, inputs, until, onText) => execute(program, inputs, { limits, signal: until, emit: (stream, text) => { if (stream === 'stdout' && onText !== undefined) onText(text); else emit(stream, text); } }),
    }),
    secret: (name) => powers.secrets?.get(name),
    reads: () => files.reads(),
  };
}

const tightest = (limits: Limits, { time = limits.time, memory = limits.memory, output = limits.output }: Partial<Limits>): Limits =>
  ({ time: Math.min(limits.time, time), memory: Math.min(limits.memory, memory), output: Math.min(limits.output, output) });
