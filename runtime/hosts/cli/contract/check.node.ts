/** `telar contract check`: what is wrong with contracts, and what each line is worth; runs nothing. */
import type { Problem } from '../../../../contracts/errors.ts';
import type { TruthStatus } from '../../../../nodes/contract/types.ts';
import type { Arguments } from '../arguments.node.ts';
import { problemLine } from '../tell-run.node.ts';
import { clean, colour, count, terminal } from '../terminal.node.ts';
import { plainFinding } from '../check/finding.ts';
import { judgeContracts } from './judge.node.ts';
import { contractPaths, loadContract } from './load.node.ts';

const PAINT: Readonly<Record<TruthStatus, (text: string) => string>> = { expression: colour.green, step: colour.green, idiom: colour.green, frozen: colour.green, notebook: colour.green, pending: colour.yellow };

export async function run(args: Arguments, paths: readonly string[]): Promise<number> {
  const files = contractPaths(paths).map((path) => loadContract(path, args));
  const { findings, judged } = await judgeContracts(files);
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  if (args.flags.json === true) {
    terminal.out(`${JSON.stringify({
      type: 'contract-check', problems: findings.map(plainFinding),
      contracts: judged.map(({ file, truth }) => ({ file: file.shown, id: file.contract.id, version: file.contract.version, counts: truth.counts, lines: truth.lines.map((line) => ({ ...line, checks: undefined })) })),
    })}\n`);
  } else {
    const quiet = args.flags.quiet === true;
    for (const { file, truth } of quiet ? [] : judged) {
      terminal.out(`${colour.bold(file.contract.id)} ${file.contract.version} ${colour.grey(file.shown)}\n`);
      for (const line of truth.lines) terminal.out(`  ${line.id.padEnd(8)} ${PAINT[line.status](line.status.padEnd(10))} ${clean(line.text)}${line.waived === undefined ? '' : colour.grey(`  waived: ${clean(line.waived)}`)}\n`);
    }
    for (const finding of findings) if (!quiet || finding.severity === 'error') terminal.out(`${problemLine(finding as Problem)}\n`);
    if (!quiet) terminal.out(`${count(files.length, 'contract')}: ${findings.length === 0 ? colour.green('no problems') : `${errors === 0 ? 'no errors' : colour.red(count(errors, 'error'))}${findings.length > errors ? `, ${count(findings.length - errors, 'remark')}` : ''}`}\n`);
  }
  return errors > 0 ? 2 : 0;
}
