/** `telar faults`: the points at which a command can be made to fail on purpose, by `--fault` of `run` or the variable TELAR_FAULT of any. */
import { FAULT_KINDS, kindsOf } from '../../adapters/faults.node.ts';
import { FAULT_POINTS, FAULTS } from '../../faults.ts';
import type { Arguments } from './arguments.node.ts';
import { colour, terminal } from './terminal.node.ts';

export async function run(args: Arguments): Promise<number> {
  const points = FAULT_POINTS.map((name) => ({ name, words: FAULTS[name].words, kinds: kindsOf(name), ...(FAULTS[name].worker === true ? { worker: true } : {}) }));
  const kinds = Object.entries(FAULT_KINDS).map(([name, words]) => ({ name, words }));
  if (args.flags.json === true) {
    terminal.out(`${JSON.stringify({ type: 'faults', points, kinds })}\n`);
    return 0;
  }
  const width = Math.max(...[...points, ...kinds].map(({ name }) => name.length));
  const rows = (list: readonly { name: string; words: string }[]): string => list.map(({ name, words }) => `  ${name.padEnd(width)}  ${words}\n`).join('');
  const rare = points.map(({ name, kinds: able }) => ({ name, words: FAULTS[name].words + able.filter((kind) => kind === 'disk-full' || kind === 'torn').map((kind) => colour.grey(`  ${kind}`)).join('') + (FAULTS[name].worker === true ? colour.grey('  in a worker') : '') }));
  terminal.out(`${colour.bold('Points')}\n${rows(rare)}\n${colour.bold('Kinds')}\n${rows(kinds)}
  telar run FILE --fault committing         the process ends at the first commit
  telar run FILE --fault blob-written:disk-full@3
  telar run FILE --worker heavy --fault task-begun       the first worker ends; every/task-begun: each of them
  TELAR_FAULT=any:kill@40 telar gc          at the 40th passing of any point, of any command\n`);
  return 0;
}
