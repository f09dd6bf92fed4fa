/** A bench for JavaScript bodies: one engine, blobs in memory, and outcomes in plain form. */
import type { Outcome, Program, StepInput } from '../../contracts/node.ts';
import { createJavaScript } from '../../runtime/executors/javascript/javascript.node.ts';
import type { World } from '../../runtime/ports.ts';
import { loadValue, storeValue } from '../../runtime/values/kinds.ts';
import { storeTable } from '../../runtime/values/table.ts';
import { splitJavaScript } from '../../nodes/javascript/split.ts';
import { memoryBlobs } from './memory-blobs.ts';

export interface BenchOptions {
  readonly id?: string; readonly wanted?: readonly string[]; readonly modules?: Readonly<Record<string, string>>; readonly seed?: number; readonly line?: number;
  readonly time?: number; readonly memory?: number; readonly output?: number; readonly signal?: AbortSignal; readonly world?: World;
}

export const blobs = memoryBlobs();
export const engine = createJavaScript();

export const programOf = (code: string, { id = 'cell', wanted = [], modules = {}, seed, line = 10 }: BenchOptions = {}): Program => ({
  engine: 'javascript', code, file: 'bench.telar.md', line, id, wanted, binds: splitJavaScript(code)?.names ?? [], modules, folder: '', ...(seed === undefined ? {} : { seed }),
});

/** Any portable value as an input; a `Table` below as a table. */
export const input = (value: unknown): { readonly ref: NonNullable<ReturnType<typeof storeValue>['ref']> } => ({ ref: storeValue(value, blobs).ref! });

/** A table of columns: name → [type, values]. */
export function table(columns: Readonly<Record<string, readonly [string, readonly unknown[]]>>): ReturnType<typeof input> {
  const entries = Object.entries(columns);
  return { ref: storeTable({ rows: entries[0]![1][1].length, columns: entries.map(([name, [type]]) => ({ name, type })), column: (name) => columns[name]![1] }, blobs) };
}

/** Runs a body; `value` is loaded. */
export async function run(code: string, inputs: Readonly<Record<string, StepInput>> = {}, options: BenchOptions = {}): Promise<{ value: unknown; outcome: Outcome; said: string }> {
  let said = '';
  const outcome = await engine.execute(programOf(code, options), inputs, {
    blobs, signal: options.signal ?? new AbortController().signal,
    limits: { time: options.time ?? 20_000, memory: options.memory ?? 512e6, output: options.output ?? 64e6 },
    emit: (stream, text) => { said += stream === 'stderr' ? `[${text}]` : text; }, ...(options.world === undefined ? {} : { world: options.world }),
  });
  const ref = outcome.outputs.value!.ref!;
  return { value: ref.form === 'live' ? ref : loadValue(ref, blobs), outcome, said };
}
