/**
 * Two cheap proofs that the tests of a contract say something (K3). Red first: every test fails on an empty stub with the right exports. Vacuity: each line
 * fails on some mutant of the code that passes. A line that no mutant fails is told, with how many were tried.
 */
import { tickingCode } from './coverage.ts';
import type { Job, JobResult, Runner, Version } from './jobs.ts';
import { mutantsOf } from './mutants.ts';
import { executable } from './truth.ts';
import type { CodeContract, Language, Proofs, TestTruth } from './types.ts';

/** What is proved. */
export interface ProofTask {
  readonly contract: CodeContract;
  readonly code: string;
  readonly language: Language;
  readonly tests: readonly TestTruth[];
  /** The jobs of those tests on version 0. */
  readonly jobs: readonly Job[];
  readonly runner: Runner;
  readonly time: number;
  readonly most: number;
  /** Whether the code passes: mutants of red code prove nothing. */
  readonly mutate: boolean;
}

/** Mutants in one program. */
const TOGETHER = 16;

/** Runs both proofs. */
export async function proveTests(task: ProofTask): Promise<Proofs> {
  const { contract, language, tests, jobs, runner, time } = task;
  const stub = await runner.run([{ code: stubOf(contract, language) }], jobs, time);
  const greenOnStub = tests.filter((_, index) => stub[index]!.lines.every(({ ok }) => ok) && stub[index]!.loaded === undefined).map(({ test }) => test.id);
  const lines = tests.flatMap(({ lines: all }) => all.filter(executable).map(({ id }) => id));
  if (!task.mutate) return { greenOnStub, mutants: 0, killed: {}, vacuous: [] };
  const killed = new Map(lines.map((id) => [id, 0]));
  const versions = await versionsOf(task);
  for (let from = 0; from < versions.length; from += TOGETHER) {
    const some = versions.slice(from, from + TOGETHER);
    const results = await runner.run(some, some.flatMap((_, version) => jobs.map((job): Job => ({ ...job, version }))), time);
    some.forEach((_, version) => { tests.forEach((test, index) => { count(test, results[version * jobs.length + index]!, killed); }); });
  }
  return { greenOnStub, mutants: versions.length, killed: Object.fromEntries(killed), vacuous: versions.length === 0 ? lines : lines.filter((id) => killed.get(id) === 0) };
}

/** An empty stub: the right exports, which do nothing. */
export function stubOf(contract: CodeContract, language: Language): string {
  return contract.exports.map(({ name, type }) => {
    if (language === 'python') return type === 'function' ? `def ${name}(*args, **kwargs):\n    return None\n` : `${name} = None\n`;
    return `export const ${name} = ${type === 'function' ? '() => undefined' : type === 'class' ? 'class {}' : 'undefined'};\n`;
  }).join('');
}

async function versionsOf({ code, most, runner }: ProofTask): Promise<readonly Version[]> {
  if (runner.mutants !== undefined) return runner.mutants(most);
  return mutantsOf(code, most).map((mutant): Version => ({ code: tickingCode(mutant.code), metered: true }));
}

/**
 * A line fails on a mutant by its own verdict. That the code does not load, or that `when` fails before the line is looked at, says nothing of the line;
 * an idiom like "App does not break" is about just that.
 */
function count(test: TestTruth, result: JobResult, killed: Map<string, number>): void {
  if (result.loaded !== undefined || result.stopped !== undefined) return;
  test.lines.filter(executable).forEach(({ id, checks }, index) => {
    if (result.lines[index]?.ok === false && (result.when === undefined || checks.every(({ is }) => is === 'sound' || is === 'throws'))) killed.set(id, killed.get(id)! + 1);
  });
}
