/**
 * `telar contract test`: the code under each contract, tested in the sandbox. What is green and proved so is verified, and its lock is
 * written; nothing else is.
 */
import { TelarError } from '../../../../contracts/errors.ts';
import { formatContractLock, lockOf } from '../../../../nodes/contract/lock.ts';
import { testContract } from '../../../../nodes/contract/run.ts';
import type { CodeContract, Language, TestReport } from '../../../../nodes/contract/types.ts';
import type { Arguments } from '../arguments.node.ts';
import { deliver } from '../paths.node.ts';
import { problemLine } from '../tell-run.node.ts';
import { stoppable } from '../stoppable.node.ts';
import { colour, count, terminal } from '../terminal.node.ts';
import type { Problem } from '../../../../contracts/errors.ts';
import { plainFinding } from '../check/finding.ts';
import { openBench, type Bench } from './bench.node.ts';
import { compiled } from './compile.node.ts';
import type { KindReport } from './notebooks.node.ts';
import { judgeContracts, preparePythonGrammar, versionFault } from './judge.node.ts';
import { contractPaths, isReadable, loadContract, nameOf, shown, type ContractFile, type Readable } from './load.node.ts';
import { tellReport } from './tell.node.ts';

/** Milliseconds after which it says what it does. */
const SILENT = 500;

/** How one contract came out. */
export interface Tested {
  readonly file: ContractFile;
  readonly report?: TestReport | KindReport;
  /** Why it was not tested, or not verified although all is green. */
  readonly why?: string;
  readonly verified: boolean;
  /** Its code cannot be tested for a fault of its own. */
  readonly broken?: true;
  /** Its lock, where one was written. */
  readonly lock?: string;
}

export async function run(args: Arguments, paths: readonly string[]): Promise<number> {
  const files = contractPaths(paths).map((path) => loadContract(path, args));
  if (args.text('code') !== undefined && files.length !== 1) throw new TelarError('usage', '--code is the code of one contract; name one.');
  const { findings, graph } = await judgeContracts(files);
  if (args.text('language') === 'python') await preparePythonGrammar();
  const faults = findings.filter(({ severity }) => severity === 'error');
  const tested = await stoppable((signal) => testAll(files, new Set(graph.cycles.flatMap(({ path }) => path)), args, signal));
  const red = tested.filter(({ report }) => report?.ok === false).length;
  const verified = tested.filter((one) => one.verified).length;
  if (args.flags.json === true) {
    terminal.out(`${JSON.stringify({
      type: 'contract-test', problems: faults.map(plainFinding), red, verified,
      contracts: tested.map(({ file, report, why, verified: isVerified, lock }) => ({
        file: file.shown, id: nameOf(file), verified: isVerified, ...(file.code === undefined ? {} : { code: file.code.shown }),
        ...(report === undefined ? {} : { report }), ...(why === undefined ? {} : { why }), ...(lock === undefined ? {} : { lock: shown(lock) }),
      })),
    })}\n`);
  } else {
    for (const fault of faults) terminal.error(problemLine(fault as Problem));
    for (const one of tested) tellReport(one, args.flags.quiet === true);
    if (args.flags.quiet !== true && tested.length > 1) terminal.out(`${count(tested.length, 'contract')}: ${verified} verified${red > 0 ? `, ${colour.red(`${red} red`)}` : ''}\n`);
  }
  // Code that was verified once and is gone is no draft.
  const lost = tested.some(({ report, broken, file }) => broken === true || (report === undefined && file.lock !== undefined));
  return faults.length > 0 ? 2 : red > 0 || lost ? 3 : tested.some(({ report }) => report !== undefined) ? 0 : 2;
}

async function testAll(files: readonly ContractFile[], rings: ReadonlySet<string>, args: Arguments, signal: AbortSignal): Promise<Tested[]> {
  const known = Object.fromEntries(files.filter(isReadable).map(({ contract }) => [contract.id, contract]));
  const began = performance.now();
  const tested: Tested[] = [];
  let bench: Bench | undefined;
  try {
    for (const [at, file] of files.entries()) {
      signal.throwIfAborted();
      bench ??= openBench(file.root, signal);
      const said = `${files.length > 1 ? `${at + 1} of ${files.length}: ` : ''}testing ${nameOf(file)}…`;
      const timer = setTimeout(() => { if (args.flags.quiet !== true && args.flags.json !== true) terminal.error(colour.grey(said)); }, Math.max(0, SILENT - (performance.now() - began)));
      try {
        tested.push(await testOne(file, rings, known, args, bench, signal));
      } finally {
        clearTimeout(timer);
      }
    }
  } finally {
    await bench?.close();
  }
  return tested;
}

async function testOne(file: ContractFile, rings: ReadonlySet<string>, known: Readonly<Record<string, CodeContract>>, args: Arguments, bench: Bench, signal: AbortSignal): Promise<Tested> {
  const not = (why: string): Tested => ({ file, verified: false, why });
  if (!isReadable(file)) return not('it cannot be read');
  const { contract, code, findings } = file;
  if (findings.some(({ severity }) => severity === 'error')) return not('it has errors');
  if (rings.has(contract.id)) return not('it is on a ring of dependencies, which has to be broken first');
  if (contract.kind === true) return { file, report: await (await import('./notebooks.node.ts')).testKind(contract, signal), verified: false };
  if (code?.text === undefined) return not(code === undefined ? 'it names no code (`metadata.file`, or --code)' : `its code ${code.shown} is not there`);
  const language = args.text('language') as Language | undefined;
  let report: TestReport;
  try {
    const text = await compiled(code, file.root);
    report = await testContract(contract, { code: text, written: code.text, file: code.shown, ...(language === undefined ? {} : { language }) }, bench, { dependencies: known, proofs: args.flags['no-proofs'] !== true, signal });
  } catch (error) {
    if (!(error instanceof TelarError) || (error.code !== 'bad-file' && error.code !== 'bad-input')) throw error;
    return error.code === 'bad-file' ? { ...not(error.message), broken: true } : not(error.message);
  }
  if (!report.verified) return { file, report, verified: false };
  return { file, report, ...accept(file, report, args) };
}

/** Writes the lock of a contract that is verified, unless its version says too little. */
function accept(file: Readable, report: TestReport, args: Arguments): Pick<Tested, 'verified' | 'why' | 'lock'> {
  const fault = versionFault(file);
  if (fault !== undefined) return { verified: false, why: fault };
  // Code that somebody tries by --code is not what the contract names.
  if (args.text('code') !== undefined) return { verified: true };
  const text = formatContractLock(lockOf(file.contract, file.digests, report));
  deliver([text], file.lockPath);
  return { verified: true, lock: file.lockPath };
}
