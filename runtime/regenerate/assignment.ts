/** From a contract to what regeneration takes: what the model is told of it, and the tests that judge what it wrote. */
import { TelarError } from '../../contracts/errors.ts';
import type { CodeContract, TestOptions, TestReport, TestTools } from '../../nodes/contract/types.ts';
import { testContract } from '../../nodes/contract/run.ts';
import type { Assignment, Failure } from './implementation-prompt.ts';
import type { Verdict } from './regenerate.ts';

/** @throws TelarError `bad-input` when its code is in no language that is tested here */
export function assignmentOf(contract: CodeContract, dependencies: Readonly<Record<string, CodeContract>> = {}): Assignment {
  if (contract.language === undefined) throw new TelarError('bad-input', `${contract.id} is in ${contract.languages.join(', ') || 'no language that it names'}; code is made and tested in JavaScript and Python. Set metadata.language.`, { contract: contract.id });
  const lines = contract.constraints.find(({ name }) => name === 'max_lines')?.value;
  return {
    id: contract.id, language: contract.language, text: contract.text, ...(typeof lines === 'number' ? { maxLines: lines } : {}),
    exports: contract.exports.map(({ name }) => name),
    internal: Object.fromEntries(contract.dependencies.internal.flatMap(({ id }) => (dependencies[id] === undefined ? [] : [[id, dependencies[id].exports.map(({ name }) => name)]]))),
  };
}

/** Judges code by a contract. Code is green when nothing is red; lines that are pending are a person's business, and are told elsewhere. */
export function judgeBy(contract: CodeContract, tools: TestTools, options: TestOptions = {}): (code: string) => Promise<Verdict> {
  return async (code) => verdictOf(await testContract(contract, { code, ...(contract.file === undefined ? {} : { file: contract.file }) }, tools, options));
}

/** A report as a verdict: its first red line, else constraint, else property, with what was seen. */
function verdictOf(report: TestReport): Verdict {
  const judged = report.lines.filter(({ ok }) => ok !== undefined);
  const broken = report.constraints.filter(({ status }) => status === 'broken');
  const passed = judged.filter(({ ok }) => ok === true).length + report.properties.filter(({ ok }) => ok).length + report.constraints.filter(({ status }) => status === 'held').length;
  const total = judged.length + report.properties.length + broken.length + report.constraints.filter(({ status }) => status === 'held').length;
  const failure = report.ok ? undefined : firstFailure(report);
  return { green: report.ok, passed, total, ...(failure === undefined ? {} : { failure }) };
}

function firstFailure({ lines, tests, constraints, properties }: TestReport): Failure {
  const line = lines.find(({ ok }) => ok === false);
  if (line !== undefined) {
    const { test, text, expected, actual, error } = line;
    return { test, line: text, ...(expected === undefined ? {} : { expected }), ...(actual === undefined ? {} : { actual }), ...(error === undefined ? {} : { error }) };
  }
  const test = tests.find(({ ok }) => !ok);
  if (test !== undefined) return { test: test.id, line: test.name, ...(test.error === undefined ? {} : { error: test.error }) };
  const constraint = constraints.find(({ status }) => status === 'broken');
  if (constraint !== undefined) return { test: 'constraints', line: `${constraint.group}.${constraint.name}: ${JSON.stringify(constraint.value)}`, actual: constraint.seen };
  const property = properties.find(({ ok }) => !ok);
  if (property !== undefined) return { test: property.id, line: property.name, ...(property.counterexample === undefined ? {} : { actual: `fails for ${JSON.stringify(property.counterexample)}` }), ...(property.error === undefined ? {} : { error: property.error }) };
  return { test: 'contract', line: 'the report is red' };
}
