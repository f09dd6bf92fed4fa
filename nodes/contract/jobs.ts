/**
 * Jobs: tests to be run on code, whatever the language. A job is one test on one version of the code; a runner does many of them in one program, and the
 * ones that bring a program down (an endless loop, all of the memory) alone, so that they take nobody with them.
 */
import { TelarError, type ErrorCode } from '../../contracts/errors.ts';
import type { Outcome, Program } from '../../contracts/node.ts';
import type { Act, Check, CodeContract, Given, TestTools } from './types.ts';

/** One test on one version of the code. */
export interface Job {
  /** Index of the code in `versions`. */
  readonly version: number;
  readonly acts: readonly Act[];
  readonly lines: readonly (readonly Check[])[];
  readonly given: Given;
  /** After the lines: an expression for each input of a property, or a call to be timed. */
  readonly probe?: Probe;
}

/** What is asked of code beside a test's lines. */
type Probe =
  | { readonly ask: 'time'; readonly calls: readonly string[]; readonly repeat: number }
  | { readonly ask: 'property'; readonly names: readonly string[]; readonly inputs: readonly (readonly unknown[])[]; readonly when: string; readonly holds: string };

/** How one line came out in the sandbox. */
interface Verdict { readonly ok: boolean; readonly expected?: string; readonly actual?: string; readonly error?: string; readonly ms: number }

/** How one job came out. */
export interface JobResult {
  readonly lines: readonly Verdict[];
  /** The code could not be loaded. */
  readonly loaded?: string;
  /** `when` ended in this error. */
  readonly when?: string;
  readonly ms: number;
  /** Most bytes that `localStorage` held, as UTF-16. */
  readonly bytes?: number;
  /** Statements that were run, of a version that counts them. */
  readonly hits?: readonly number[];
  /** How many there are, where only the engine can tell (Python). */
  readonly statements?: number;
  readonly probe?: unknown;
  /** The whole program failed so: time, memory, a promise that never settles. */
  readonly stopped?: string;
}

/** Code to be loaded, in one of several versions. */
export interface Version {
  readonly code: string;
  /** It counts the statements that run, or the turns of its loops. */
  readonly metered?: true;
  /** The code under test as it is, which the runner has. */
  readonly own?: true;
}

/** What runs jobs in one language. */
export interface Runner {
  run(versions: readonly Version[], jobs: readonly Job[], time: number): Promise<readonly JobResult[]>;
  /** Faulty versions of the code, where the engine makes them itself (Python). */
  mutants?(most: number): Promise<readonly Version[]>;
}

/** What a runner is made of. */
export interface RunnerParts { readonly contract: CodeContract; readonly code: string; readonly tools: TestTools; readonly file: string; readonly signal?: AbortSignal }

const MEMORY = 128_000_000;
const OUTPUT = 8_000_000;
/** Errors of the host, not of the code under test. */
const HOSTS = new Set<string>(['cancelled', 'unavailable', 'internal', 'locked', 'disk-full', 'read-only', 'usage'] satisfies ErrorCode[]);

/** Runs jobs together; when that fails, in halves or alone. @param program the text for some jobs @param start milliseconds that the engine may need to start */
export async function runJobs(jobs: readonly Job[], time: number, parts: RunnerParts, make: (jobs: readonly Job[]) => { program: Program; read: (value: unknown) => readonly JobResult[] | undefined }, memory = MEMORY): Promise<readonly JobResult[]> {
  if (jobs.length === 0) return [];
  if (parts.signal?.aborted === true) throw new TelarError('cancelled', 'The test was cancelled.');
  let stopped: string;
  try {
    const { program, read } = make(jobs);
    const outcome: Outcome = await parts.tools.execute(program, {}, { time, memory, output: OUTPUT });
    const ref = outcome.outputs.value?.ref;
    const results = ref === undefined ? undefined : read(parts.tools.load(ref));
    if (results !== undefined && results.length === jobs.length) return results;
    stopped = 'the code under test spoiled the result of its test';
  } catch (error) {
    if (!(error instanceof TelarError) || HOSTS.has(error.code)) throw error;
    stopped = error.code === 'timeout' ? `no end within ${time / 1000} s` : error.code === 'memory' ? 'it took all of the memory' : error.message;
  }
  if (jobs.length === 1) return [{ lines: jobs[0]!.lines.map(() => ({ ok: false, error: stopped, ms: 0 })), ms: 0, stopped }];
  const step = jobs.length <= 12 ? 1 : Math.ceil(jobs.length / 4);
  const results: JobResult[] = [];
  for (let from = 0; from < jobs.length; from += step) {
    // The same test on code that counts, would not end either where the code as it is did not.
    const twin = step > 1 ? undefined : results.find((result, index) => result.stopped !== undefined && jobs[index]!.lines === jobs[from]!.lines && jobs[index]!.version === 0);
    results.push(...(twin === undefined ? await runJobs(jobs.slice(from, from + step), time, parts, make, memory) : [twin]));
  }
  return results;
}
