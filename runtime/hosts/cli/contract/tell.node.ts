/** How tests of contracts are told to a person: what is red first with its values, then what nobody could judge. */
import type { LineReport, TestReport } from '../../../../nodes/contract/types.ts';
import { clean, colour, count, duration, terminal } from '../terminal.node.ts';
import type { ContractFile } from './load.node.ts';
import { nameOf } from './load.node.ts';

/** What is told of one contract. */
interface Told { readonly file: ContractFile; readonly report?: Omit<TestReport, 'language'>; readonly why?: string; readonly verified: boolean }

/** Tells one contract. */
export function tellReport({ file, report, why, verified }: Told, quiet: boolean): void {
  const name = `${nameOf(file)} ${colour.grey(file.shown)}`;
  if (report === undefined) {
    if (!quiet) terminal.out(`${colour.grey('○')} ${name}  not tested: ${why ?? ''}\n`);
    return;
  }
  if (quiet && report.ok && why === undefined) return;
  const mark = verified ? colour.green('●') : report.ok ? colour.yellow('●') : colour.red('✗');
  const verdict = verified ? 'verified' : report.ok ? 'green, not verified' : colour.red('red');
  const waived = report.lines.filter((line) => line.ok === undefined && line.waived !== undefined).length;
  const unseen = report.lines.filter(({ ok }) => ok === undefined).length - waived;
  terminal.out(`${mark} ${name}  ${verdict}  ${report.lines.filter(({ ok }) => ok === true).length} of ${count(report.lines.length, 'line')} green${waived > 0 ? `, ${waived} waived` : ''}${unseen > 0 ? `, ${unseen} not judged` : ''}  ${colour.grey(duration(report.ms))}\n`);
  for (const line of report.lines) if (line.ok === false) terminal.out(`  ${colour.red('✗')} ${file.shown}:${line.line}:${line.column}: ${line.id} ${clean(line.text)}${valuesOf(line)}\n`);
  for (const test of report.tests) if (test.error !== undefined && !demanded(test.id, report.lines)) terminal.out(`  ${colour.red('✗')} ${test.id} ${clean(test.name)}: ${clean(test.error)}\n`);
  for (const one of report.properties) if (!one.ok) terminal.out(`  ${colour.red('✗')} ${one.id} ${clean(one.name)}: ${clean(one.error ?? `does not hold for ${JSON.stringify(one.counterexample)}`)} (seed ${one.seed}${one.path === undefined ? '' : `, path ${one.path}`})\n`);
  for (const one of report.constraints) if (one.status === 'broken') terminal.out(`  ${colour.red('✗')} ${file.shown}:${one.line}:${one.column}: ${one.name}: ${JSON.stringify(one.value)}: ${clean(one.seen)}\n`);
  for (const one of quiet ? [] : report.constraints) if (one.status === 'pending' && one.waived === undefined) terminal.out(`  ${colour.yellow('–')} ${file.shown}:${one.line}:${one.column}: ${one.name}: ${JSON.stringify(one.value)}: ${clean(one.seen)}\n`);
  for (const lack of quiet ? [] : report.lacks) terminal.out(`  ${colour.yellow('–')} ${clean(lack)}\n`);
  if (why !== undefined) terminal.out(`  ${colour.red('✗')} ${clean(why)}\n`);
}

/** Whether a test's error is what its lines want: some line saw it and is green, and none is red. */
function demanded(test: string, lines: readonly LineReport[]): boolean {
  const own = lines.filter((line) => line.test === test);
  return own.some(({ ok }) => ok === true) && own.every(({ ok }) => ok !== false);
}

/** What was expected and what came. */
function valuesOf({ expected, actual, error }: LineReport): string {
  if (error !== undefined) return `\n      ${clean(error)}`;
  if (expected === undefined && actual === undefined) return '';
  return `\n      expected ${clean(expected ?? '')}\n      came     ${clean(actual ?? '')}`;
}
