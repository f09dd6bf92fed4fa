/** `telar contract status` and `drift`: the computed status of each contract, and which parts are not what was accepted. Runs nothing. */
import type { Arguments } from '../arguments.node.ts';
import { colour, terminal } from '../terminal.node.ts';
import type { ContractStatus } from '../../../../nodes/contract/status.ts';
import { contractPaths, isReadable, loadContract, nameOf, type ContractFile } from './load.node.ts';

const MARKS: Readonly<Record<ContractStatus, string>> = { draft: colour.grey('○ draft'), generated: colour.yellow('◐ generated'), verified: colour.green('● verified'), drifted: colour.red('✗ drifted') };
const WIDTH = 11;

export async function run(args: Arguments, paths: readonly string[], verb: string): Promise<number> {
  const files = contractPaths(paths).map((path) => loadContract(path, args));
  const onlyDrift = verb === 'drift';
  const drifted = files.filter(({ status }) => status?.status === 'drifted').length;
  const faults = files.flatMap(({ findings }) => findings.filter(({ severity }) => severity === 'error'));
  if (args.flags.json === true) {
    const told = files.filter((file) => !onlyDrift || file.status?.status === 'drifted').map((file) => ({
      file: file.shown, id: nameOf(file), ...(isReadable(file) ? { version: file.contract.version, ...file.status } : { problem: file.findings[0]?.message ?? 'it cannot be read' }),
      ...(file.lock === undefined ? {} : { accepted: file.lock.version }), ...(file.code === undefined ? {} : { code: file.code.shown }),
    }));
    terminal.out(`${JSON.stringify({ type: `contract-${verb}`, contracts: told, drifted })}\n`);
  } else {
    for (const file of files) if (!onlyDrift || file.status?.status === 'drifted' || !isReadable(file)) tell(file, args.flags.quiet === true);
    if (onlyDrift && drifted === 0 && args.flags.quiet !== true) terminal.out(`${colour.green('no drift')}  ${files.length} ${files.length === 1 ? 'contract' : 'contracts'}\n`);
  }
  return faults.length > 0 ? 2 : onlyDrift && drifted > 0 ? 3 : 0;
}

function tell(file: ContractFile, quiet: boolean): void {
  if (!isReadable(file)) {
    terminal.error(`${file.shown}: ${file.findings[0]?.message ?? 'it cannot be read'}`);
    return;
  }
  if (quiet && file.status.status !== 'drifted') return;
  const { status, declared, why } = file.status;
  const pad = ' '.repeat(Math.max(0, WIDTH - status.length - 2));
  const said = declared === '' || declared === status ? '' : colour.grey(`  (the file says ${declared})`);
  terminal.out(`${MARKS[status]}${pad} ${nameOf(file)} ${file.contract.version}  ${why}${said}  ${colour.grey(file.shown)}\n`);
}
