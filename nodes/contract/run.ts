/**
 * Testing code under its contract: every line that can be judged, each test in a fresh state, in the restricted sandbox; then properties, constraints and,
 * when asked, the proofs that the tests can fail.
 *
 * What is not judged is not green: pending lines have no `ok`, and a report with one is not `verified` unless a person waived it. Not here: the status
 * of a contract, which also hangs on digests.
 */
import { TelarError } from '../../contracts/errors.ts';
import { judgeConstraints } from './constraints.ts';
import { coveredVersion } from './coverage.ts';
import { createJavaScriptRunner } from './javascript-runner.ts';
import type { Job, JobResult, Runner, RunnerParts, Version } from './jobs.ts';
import { testProperties } from './properties.ts';
import { proveTests } from './proofs.ts';
import { createPythonRunner } from './python-runner.ts';
import { executable, truthOf } from './truth.ts';
import type { CodeContract, Implementation, LineReport, TestOptions, TestReport, TestTools, TestTruth, Truth } from './types.ts';

/** Longest code that is tested, in UTF-16 units. */
const LONGEST = 262_144;
/** Milliseconds for each test unless somebody says otherwise. */
const TIME = 2_000;

/**
 * Tests code under its contract. For Python `preparePython` must have been awaited (grammar).
 * @throws TelarError `unavailable` (no engine), `bad-input` (a language that is not tested here, code that is too long), `cancelled`; all that the code does wrong is in the report
 */
export async function testContract(contract: CodeContract, implementation: Implementation, tools: TestTools, options: TestOptions = {}): Promise<TestReport> {
  const language = implementation.language ?? contract.language;
  if (language === undefined || (contract.language !== undefined && language !== contract.language)) {
    throw new TelarError('bad-input', `The contract ${contract.id} is for code in ${contract.languages.join(', ') || 'no language'}; code is tested in JavaScript and Python. Say it in \`metadata.language\`.`, { contract: contract.id });
  }
  if (implementation.code.length > LONGEST) throw new TelarError('bad-input', `The code under ${contract.id} has ${implementation.code.length} characters, more than ${LONGEST}; divide it into modules with contracts of their own.`, { contract: contract.id });
  const truth = truthOf(contract, tools.sha256);
  const parts: RunnerParts = { contract, code: implementation.code, tools, file: implementation.file ?? contract.file ?? contract.id, ...(options.signal === undefined ? {} : { signal: options.signal }) };
  const runner: Runner = language === 'python' ? createPythonRunner(parts) : createJavaScriptRunner(parts, Object.values(options.dependencies ?? {}).flatMap((one) => one.exports.map(({ name }) => name)));
  const time = options.time ?? TIME;
  const tests = truth.tests.filter(({ when, lines }) => when !== undefined && lines.some(executable));
  const covered = coveredVersion(implementation.code, language);
  const versions: Version[] = [{ code: implementation.code }, ...(covered === undefined ? [] : [covered])];
  const jobs = tests.map((test) => jobOf(test, contract));
  const probes = covered === undefined || !contract.constraints.some(({ name }) => name === 'test_coverage') ? [] : jobs.map((job): Job => ({ ...job, version: 1 }));
  const results = await runner.run(versions, [...jobs, ...probes], time);
  const byTest = new Map(tests.map((test, index) => [test.test.id, results[index]!]));
  const lines = truth.tests.flatMap((test) => reportLines(test, byTest.get(test.test.id)));
  const stopped = results.find((result) => result.stopped !== undefined)?.stopped;
  const properties = stopped === undefined ? await testProperties(contract, language, runner, time) : contract.properties.map(({ id, name, seed = 0 }) => ({ id, name, seed, ok: false, runs: 0, error: `not tried: of the tests, ${stopped}` }));
  const constraints = await judgeConstraints({ contract, code: implementation.code, written: implementation.written ?? implementation.code, language, lines, runner, time, ...(stopped === undefined ? {} : { stopped }), results: results.slice(0, jobs.length), covered: covered === undefined ? undefined : { statements: covered.statements, results: results.slice(jobs.length) }, truth });
  const green = tests.filter(({ lines: all }) => lines.filter(({ id }) => all.some((line) => line.id === id)).every(({ ok }) => ok !== false)).length === tests.length;
  const proofs = options.proofs === true ? await proveTests({ contract, code: implementation.code, language, tests, jobs, runner, time, most: options.mutants ?? 120, mutate: green }) : undefined;
  const ok = lines.every((line) => line.ok !== false) && properties.every((one) => one.ok) && constraints.every(({ status }) => status !== 'broken');
  const report = {
    contract: contract.id, version: contract.version, language, lines, properties, constraints, ok, ...(proofs === undefined ? {} : { proofs }),
    tests: truth.tests.map(({ test, whyNot }) => reportTest(test.id, test.name, whyNot, lines, byTest.get(test.id))),
  };
  const lacks = lacksOf(report, truth);
  return { ...report, lacks, verified: lacks.length === 0, ms: results.reduce((sum, result) => sum + result.ms, 0) };
}

/** The job of a test on the code as it is. */
function jobOf({ test, when, lines }: TestTruth, contract: CodeContract): Job {
  const given = { localStorage: { ...contract.given.localStorage, ...test.given.localStorage }, globals: { ...contract.given.globals, ...test.given.globals } };
  return { version: 0, acts: when!, lines: lines.filter(executable).map(({ checks }) => checks), given };
}

function reportLines({ lines }: TestTruth, result: JobResult | undefined): LineReport[] {
  let at = 0;
  return lines.map((line): LineReport => {
    if (!executable(line) || result === undefined) return { ...line, ms: 0 };
    const verdict = result.lines[at++];
    if (verdict === undefined) return { ...line, ok: false, error: result.loaded ?? result.stopped ?? 'it was not run', ms: 0 };
    const { ok, expected, actual, error, ms } = verdict;
    return { ...line, ok, ms, ...(ok || expected === undefined ? {} : { expected }), ...(ok || actual === undefined ? {} : { actual }), ...(ok || error === undefined ? {} : { error }) };
  });
}

function reportTest(id: string, name: string, whyNot: string | undefined, lines: readonly LineReport[], result: JobResult | undefined): TestReport['tests'][number] {
  const own = lines.filter((line) => line.test === id);
  const error = whyNot ?? result?.loaded ?? result?.stopped ?? result?.when;
  return { id, name, ok: own.length > 0 && own.every((line) => line.ok === true), ms: result?.ms ?? 0, ...(error === undefined ? {} : { error }) };
}

/** Why a report is not the report of verified code. */
function lacksOf(report: Omit<TestReport, 'lacks' | 'verified' | 'ms'>, truth: Truth): string[] {
  const many = (count: number, one: string, more: string): string[] => (count === 0 ? [] : [`${count} ${count === 1 ? one : more}`]);
  const { lines, properties, constraints, proofs } = report;
  return [
    ...many(lines.filter(({ ok }) => ok === false).length, 'line is red', 'lines are red'),
    ...many(lines.filter(({ ok, waived }) => ok === undefined && waived === undefined).length, 'line is pending', 'lines are pending'),
    ...many(properties.filter(({ ok }) => !ok).length, 'property does not hold', 'properties do not hold'),
    ...many(constraints.filter(({ status }) => status === 'broken').length, 'constraint is broken', 'constraints are broken'),
    ...many(constraints.filter(({ status, waived }) => status === 'pending' && waived === undefined).length, 'constraint is pending', 'constraints are pending'),
    ...(truth.lines.some(executable) ? [] : ['no line can be judged']),
    ...(proofs === undefined ? ['it is not proved that the tests can fail'] : [
      ...many(proofs.greenOnStub.length, 'test does not fail on an empty stub', 'tests do not fail on an empty stub'),
      ...many(proofs.vacuous.length, 'line fails on no mutant', 'lines fail on no mutant')]),
  ];
}
