/**
 * Properties: what holds for all inputs of a form. fast-check makes the inputs and shrinks them, in the host and on plain data only; whether it holds is
 * asked of the sandbox: all first inputs in one program, then one program for each step of shrinking. Seed and path are told, so that it is found again.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { Job, JobResult, Runner } from './jobs.ts';
import { arbitraryOf } from './arbitraries.ts';
import { expressionOf, statementsOf } from './language.ts';
import type { CodeContract, Language, PropertyReport, PropertyRule } from './types.ts';

/** Most programs that shrinking one counterexample may cost. */
const SHRINKS = 60;
const SEED = 20_261_121;

/** Tests all properties of a contract, in order. */
export async function testProperties(contract: CodeContract, language: Language, runner: Runner, time: number): Promise<readonly PropertyReport[]> {
  const reports: PropertyReport[] = [];
  for (const rule of contract.properties) reports.push(await testProperty(contract, rule, language, runner, time));
  return reports;
}

async function testProperty(contract: CodeContract, rule: PropertyRule, language: Language, runner: Runner, time: number): Promise<PropertyReport> {
  const { id, name, runs } = rule;
  const seed = rule.seed ?? SEED;
  const told = { id, name, seed };
  const holds = expressionOf(rule.holds, language);
  const whens = rule.when === '' ? [] : statementsOf(rule.when, language);
  if (holds === undefined || whens === undefined || ![holds, ...whens].some(({ calls }) => calls.some((call) => contract.exports.some((one) => one.name === call.name)))) {
    return { ...told, ok: false, runs: 0, error: `${holds === undefined ? '`holds` is no expression' : whens === undefined ? '`when` is no expression' : 'it calls no export'}, so it says nothing of the code` };
  }
  const fc = await import('fast-check');
  const names = Object.keys(rule.forAll);
  const known = new Map<string, string | null>();
  const ask = async (inputs: readonly (readonly unknown[])[]): Promise<void> => {
    const job: Job = { version: 0, acts: [], lines: [], given: contract.given, probe: { ask: 'property', names, inputs, when: whens.map(({ code }) => code).join('), await ('), holds: holds.code } };
    const [result] = await runner.run([{ code: '', own: true }], [job], time);
    const verdicts = verdictsOf(result!, inputs.length);
    inputs.forEach((input, index) => { known.set(JSON.stringify(input), verdicts[index] ?? null); });
  };
  let programs = 0;
  try {
    const inputs = fc.tuple(...names.map((variable) => arbitraryOf(fc, rule.forAll[variable]!).map(plain)));
    const property = fc.asyncProperty(inputs, async (input) => {
      const key = JSON.stringify(input);
      // Shrinking further is given up where it costs too much; what was found stays found.
      if (!known.has(key)) {
        if (programs++ >= SHRINKS) return;
        await ask([input]);
      }
      const verdict = known.get(key);
      if (typeof verdict === 'string') throw new Error(verdict);
    });
    // The same seed gives the same inputs, so all of them are asked at once before; what comes later is shrinking.
    const first: (readonly unknown[])[] = [];
    fc.check(fc.property(inputs, (input) => { first.push(input); }), { seed, numRuns: runs });
    await ask(first);
    const found = await fc.check(property, { seed, numRuns: runs });
    if (!found.failed && programs > 0) throw new Error('fast-check gave other inputs for the same seed');
    if (!found.failed) return { ...told, ok: true, runs: found.numRuns };
    const counterexample = Object.fromEntries(names.map((variable, index) => [variable, found.counterexample![0][index]]));
    return { ...told, ok: false, runs: found.numRuns, ...(found.counterexamplePath === null ? {} : { path: found.counterexamplePath }), counterexample, error: found.errorInstance instanceof Error ? found.errorInstance.message : 'it does not hold' };
  } catch (error) {
    if (!(error instanceof TelarError) || error.code !== 'bad-value') throw error;
    return { ...told, ok: false, runs: 0, error: error.message };
  }
}

function verdictsOf(result: JobResult, count: number): readonly (string | null)[] {
  const why = result.loaded ?? result.stopped;
  if (why !== undefined) return Array.from({ length: count }, () => why);
  const { probe } = result;
  if (Array.isArray(probe) && probe.length === count) return probe as (string | null)[];
  const said = (probe as { error?: string } | undefined)?.error ?? 'it was not run';
  return Array.from({ length: count }, () => said);
}

const plain = (value: unknown): unknown => (value === undefined ? null : JSON.parse(JSON.stringify(value)) as unknown);
