/**
 * What can be said of contracts without running anything: their own faults, lines that nothing can check, dependencies, cycles, drift,
 * and a version that says too little. `telar contract check` and `telar check` tell the same.
 */
import { createResources } from '../../../adapters/resources.node.ts';
import { sha256 } from '../../../adapters/hash.node.ts';
import { lackOf } from '../../../../nodes/contract/constraints.ts';
import { syntaxFault } from '../../../../nodes/contract/language.ts';
import { executable, truthOf } from '../../../../nodes/contract/truth.ts';
import type { Truth } from '../../../../nodes/contract/types.ts';
import { acceptedForm } from '../../../../nodes/contract/lock.ts';
import { diffContracts } from '../../../contracts/diff.ts';
import { buildContractGraph, type ContractGraph } from '../../../contracts/graph.ts';
import type { Finding } from '../check/finding.ts';
import { isReadable, type ContractFile, type Readable } from './load.node.ts';

/** A contract with what its lines are worth. */
interface Judged { readonly file: Readable; readonly truth: Truth }

/** All that is found. */
interface Judgement { readonly findings: readonly Finding[]; readonly judged: readonly Judged[]; readonly graph: ContractGraph }

/** Judges contracts together. */
export async function judgeContracts(files: readonly ContractFile[]): Promise<Judgement> {
  const readable = files.filter(isReadable);
  await prepareLanguages(readable);
  const findings: Finding[] = files.flatMap((file) => file.findings);
  const judged = readable.map((file): Judged => ({ file, truth: truthOf(file.contract, sha256) }));
  for (const { file, truth } of judged) {
    for (const problem of truth.problems) findings.push({ ...problem, file: file.shown });
    for (const line of truth.lines) {
      if (line.status === 'notebook' || executable(line) || line.waived !== undefined) continue;
      findings.push({ code: 'pending', severity: 'warning', file: file.shown, line: line.line, column: line.column, node: line.id, message: `\`${line.text}\` is pending: ${line.meaning}${whenFault(file, truth, line.test)}` });
    }
    for (const constraint of file.contract.kind === true ? [] : file.contract.constraints) {
      const found = lackOf(constraint);
      const { group, name, line, column } = constraint;
      if (found === undefined || file.contract.waivers.some((waiver) => waiver.constraint === name || waiver.constraint === `${group}.${name}`)) continue;
      findings.push({ code: found.unknown ? 'unknown-key' : 'bad-value', severity: 'warning', file: file.shown, line, column, message: `\`${name}\` is checked by nothing: ${found.lack}` });
    }
    const { status, why } = file.status;
    const told = { file: file.shown, line: 1, column: 1 } as const;
    if (status === 'drifted') findings.push({ code: 'drifted', severity: 'warning', ...told, message: `${file.contract.id} has drifted: ${why}. Run \`telar contract test ${file.shown}\`.` });
    const fault = versionFault(file);
    if (fault !== undefined) findings.push({ code: 'version-too-low', severity: 'error', ...told, message: `${file.contract.id}: ${fault}` });
  }
  const graph = graphOf(readable);
  // What is needed may lie elsewhere: a double stands in for it in tests.
  for (const { data: _, ...finding } of graph.findings) findings.push({ ...finding, severity: finding.code === 'missing-name' ? 'warning' : 'error' });
  return { findings: distinct(findings), judged, graph };
}

/** What the parser says of a `when` that cannot be done. */
function whenFault({ contract: { language } }: Readable, { tests }: Truth, id: string): string {
  const stuck = language === undefined ? undefined : tests.find(({ test, whyNot }) => test.id === id && whyNot !== undefined);
  const fault = stuck?.test.when.map(({ text }) => syntaxFault(text, language!)).find((one) => one !== undefined);
  return fault === undefined ? '' : ` (${fault.replace(/\.$/, '')})`;
}

/** The dependency graph of contracts. */
export function graphOf(files: readonly Readable[]): ContractGraph {
  return buildContractGraph(files.map(({ contract, shown }) => ({ id: contract.id, version: contract.version, file: shown, needs: contract.dependencies.internal })));
}

/** Why the version says less than what has changed since the contract was accepted. */
export function versionFault({ contract, lock }: Readable): string | undefined {
  if (lock === undefined) return undefined;
  const bare = (version: string, face: unknown): Record<string, unknown> => ({ metadata: { version }, interface: face });
  const { fault, changes, level } = diffContracts(bare(lock.version, lock.interface), bare(contract.version, acceptedForm(contract.raw.interface)));
  const first = changes.find((change) => change.level === level);
  return fault === undefined || first === undefined ? fault : `${fault} (${first.path}: ${first.message})`;
}

/** Makes ready what the lines of these contracts are parsed with: of Python a grammar, which costs nothing where nobody needs it. */
export async function prepareLanguages(files: readonly Readable[]): Promise<void> {
  if (files.some(({ contract }) => contract.language === 'python')) await preparePythonGrammar();
}

/** Loads the grammar of Python, once. */
export async function preparePythonGrammar(): Promise<void> {
  const { preparePython } = await import('../../../../nodes/python/analyse.ts');
  await preparePython(createResources());
}

function distinct(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [JSON.stringify([finding.file, finding.line, finding.column, finding.code, finding.message]), finding])).values()];
}
