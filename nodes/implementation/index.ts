/**
 * `implementation`: code under a contract (`of=`). Running it runs the contract's tests in the restricted sandbox; its value is the report,
 * and a red one fails the node with the first line that does not hold. What it exports reaches readers like any function (P8): the first
 * program that it hands over is the code itself, which is what a reader's realm runs.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { ErrorJSON } from '../../contracts/errors.ts';
import { defineNode } from '../../contracts/node.ts';
import type { Analysis, Cell, Outcome, OutputValue, Program, Read, Step, StepContext, StepInput } from '../../contracts/node.ts';
import { CONTRACT, type ContractValue } from '../contract/kind.ts';
import { readContract } from '../contract/read.ts';
import { testContract } from '../contract/run.ts';
import type { CodeContract, Language, TestReport } from '../contract/types.ts';
import { analyseJavaScript } from '../javascript/analyse.ts';
import { analysePython, preparePython } from '../python/analyse.ts';
import { readable } from '../python/source.ts';
import { withoutExports } from './source.ts';

/** Media type of a report. */
export const CONTRACT_REPORT = 'application/vnd.telar.contract-report+json';
/** Reasons why it is not verified that are told as remarks. */
const MOST_TOLD = 8;

const languageOf = ({ language }: Cell): Language | undefined => (language === 'python' ? 'python' : language === 'javascript' || language === 'js' ? 'javascript' : undefined);

export const implementation = defineNode({
  name: 'implementation', contract: 'core/implementation.yaml', languages: [], keyVersion: 1, analysisVersion: 1,
  prepare: preparePython,
  engines: (cell: Cell) => { const language = languageOf(cell); return language === undefined ? [] : [language]; },
  analyse: (cell: Cell): Analysis => {
    const language = languageOf(cell);
    const under: Read[] = cell.params.of === undefined || cell.params.of === '' ? [] : [{ name: cell.params.of, ranges: [] }];
    if (language === undefined) {
      return { reads: under, binds: [], imports: [], normal: cell.body, problems: [{ code: 'bad-value', severity: 'error', message: `Code under a contract is tested in JavaScript and Python; write \`javascript\` or \`python\` as the fence's language${cell.language === '' ? '' : `, not \`${cell.language}\``}.`, at: { from: 0, to: 0 } }] };
    }
    const analysis = language === 'python' ? analysePython(cell.body) : analyseJavaScript(withoutExports(cell.body));
    // What the contract gives to the code (\`localStorage\`, the exports of what it needs) is defined by no node.
    const reads = analysis.reads.filter(({ name }) => name !== cell.params.of).map((read) => ({ ...read, optional: true }));
    return { ...analysis, reads: [...under, ...reads] };
  },
  run: async (step: Step, context: StepContext): Promise<Outcome> => {
    const language = languageOf(step.cell);
    const of = String(step.params.of);
    if (language === undefined) throw new Error(`the body of ${step.node} has problems and should not run`);
    const { [of]: given, ...inputs } = step.inputs;
    const exported = await handOut(step, language, inputs, context);
    const { contract, dependencies } = contractOf(given, of, step, context);
    const report = await testContract(contract, { code: step.cell.body, language, file: step.file }, {
      execute: (program, wires) => context.execute(program, wires), load: (ref) => context.load(ref),
      sha256: (text) => context.blobs.put(new TextEncoder().encode(text)),
    }, { dependencies, proofs: step.params.proofs === true, signal: context.signal });
    const value = context.store(plainReport(report), { form: 'record', mediaType: CONTRACT_REPORT });
    const warnings = [...exported.warnings, ...(report.ok && !report.verified ? report.lacks.slice(0, MOST_TOLD).map((lack) => `not verified: ${lack}`) : [])];
    return { outputs: { ...exported.outputs, value }, reads: exported.reads, ...(warnings.length === 0 ? {} : { warnings }), ...(report.ok ? {} : { error: redError(contract, report, step) }) };
  },
});

/** The code as an ordinary body, for what it hands out. Where it needs the world of its contract to load, readers have nothing of it; its tests tell more. */
async function handOut(step: Step, language: Language, inputs: Readonly<Record<string, StepInput>>, context: StepContext): Promise<{ readonly outputs: Readonly<Record<string, OutputValue>>; readonly reads: Outcome['reads']; readonly warnings: readonly string[] }> {
  const binds = step.analysis.binds.filter((bind) => bind.output && bind.name !== 'value').map((bind) => bind.name);
  const program: Program = {
    engine: language, code: language === 'python' ? readable(step.cell.body).text : withoutExports(step.cell.body), file: step.file, line: step.line, id: step.cell.id,
    wanted: step.wanted, binds: binds.filter((name) => name !== step.cell.id), modules: step.modules, folder: step.folder, settings: {},
    ...(typeof step.params.seed === 'number' ? { seed: step.params.seed } : {}),
  };
  try {
    const { outputs: { value: _, ...outputs }, reads, warnings = [] } = await context.execute(program, inputs);
    return { outputs, reads, warnings };
  } catch (error) {
    if (!(error instanceof TelarError) || error.code !== 'exception') throw error;
    if (step.wanted.length > 0) throw error;
    return { outputs: {}, reads: [], warnings: [`by itself the code does not load (${error.message}), so no other node can use it`] };
  }
}

/** The contract behind a wire. @throws TelarError `value-type` */
function contractOf(given: StepInput | undefined, of: string, step: Step, context: StepContext): { readonly contract: CodeContract; readonly dependencies: Readonly<Record<string, CodeContract>> } {
  const value = given !== undefined && 'ref' in given && given.ref.mediaType === CONTRACT ? context.load(given.ref) as ContractValue : undefined;
  const contract = value === undefined ? undefined : readContract(value.yaml, value.source).contract;
  if (value === undefined || contract === undefined) throw new TelarError('value-type', `\`of=${of}\` names no contract; name a \`contract\` node, or the \`metadata.id\` of one.`, { line: step.line, port: of });
  const dependencies = Object.entries(value.needs).flatMap(([id, yaml]) => { const read = readContract(yaml).contract; return read === undefined ? [] : [[id, read] as const]; });
  return { contract, dependencies: Object.fromEntries(dependencies) };
}

/** A report without what differs from run to run: times, and what was measured. */
function plainReport(report: TestReport): object {
  const { contract, version, language, properties, proofs, ok, verified, lacks } = report;
  return {
    contract, version, language, ok, verified, lacks, properties, ...(proofs === undefined ? {} : { proofs }),
    lines: report.lines.map(({ id, test, text, status, meaning, line, column, waived, judged, ok: holds, expected, actual, error }) => defined({ id, test, text, status, meaning, line, column, waived, judged, ok: holds, expected, actual, error })),
    tests: report.tests.map(({ id, name, ok: holds, error }) => defined({ id, name, ok: holds, error })),
    constraints: report.constraints.map(({ seen, ...constraint }) => (constraint.measured === true ? constraint : { ...constraint, seen })),
  };
}

const defined = (all: object): object => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));

/** The first thing that does not hold, with its values. */
function redError(contract: CodeContract, { lines, tests, properties, constraints }: TestReport, step: Step): ErrorJSON {
  const line = lines.find(({ ok }) => ok === false);
  const red = lines.filter(({ ok }) => ok === false).length;
  const facts = { contract: contract.id, red };
  const more = red > 1 ? ` ${red - 1} more of ${lines.length} lines ${red === 2 ? 'does' : 'do'} not hold either.` : '';
  if (line !== undefined) {
    const { id, text, expected, actual, error } = line;
    const seen = error ?? (expected === undefined && actual === undefined ? '' : `Expected ${expected ?? 'nothing'}, came ${actual ?? 'nothing'}`);
    return { code: 'check-red', message: `${contract.id} ${id} does not hold: ${text}. ${sentence(seen)}${more}`.trim(), line: step.line, data: { ...facts, test: line.test, id, text, ...(expected === undefined ? {} : { expected }), ...(actual === undefined ? {} : { actual }), ...(error === undefined ? {} : { error }) } };
  }
  const test = tests.find(({ ok, error }) => !ok && error !== undefined);
  if (test !== undefined) return { code: 'check-red', message: `${contract.id} ${test.id} does not hold: ${test.name}. ${sentence(test.error ?? '')}`.trim(), line: step.line, data: { ...facts, test: test.id } };
  const property = properties.find(({ ok }) => !ok);
  if (property !== undefined) return { code: 'check-red', message: `${contract.id} ${property.id} does not hold: ${property.name}. ${sentence(property.error ?? `Seen: ${JSON.stringify(property.counterexample)}`)}`, line: step.line, data: { ...facts, property: property.id, ...(property.counterexample === undefined ? {} : { counterexample: property.counterexample }) } };
  const broken = constraints.find(({ status }) => status === 'broken');
  return { code: 'check-red', message: `${contract.id} breaks ${broken?.name ?? 'a constraint'}: ${JSON.stringify(broken?.value)}. ${sentence(broken?.seen ?? '')}`.trim(), line: step.line, data: { ...facts, ...(broken === undefined ? {} : { constraint: broken.name }) } };
}

const sentence = (text: string): string => (text === '' || /[.!?]$/.test(text) ? text : `${text}.`);
