/** `telar doctor`: what of Telar works on this machine, and what to do where it does not. Looks and tries, all at once; starts no engine and never guesses. */
import { findWorkspace } from '../../adapters/workspace.node.ts';
import { openGovernor } from '../../governor/open.node.ts';
import type { Arguments } from './arguments.node.ts';
import { engines, governor, grammars, isolation, kernels, llama, packages, probe, transport } from './doctor-engines.node.ts';
import { models } from './doctor-models.node.ts';
import { disk, git, journal, node, store, telar, temporary, type Check } from './doctor-places.node.ts';
import { colour, terminal } from './terminal.node.ts';

export async function run(args: Arguments): Promise<number> {
  const { root, folder } = findWorkspace(args.text('workspace') ?? '.', args.text('workspace'));
  // The slowest first: it runs in a process of its own while the others look.
  const probing = probe();
  const seeing = look(probing);
  const checks = (await Promise.all([
    telar(), node(), engines(root), grammars(), packages(root), kernels(), probing.then(llama), models(root, folder), transport(), isolation(), seeing.then(governor),
    store(root), journal(root), disk(root), temporary(), git(),
  ])).flat();
  const ok = checks.every((check) => check.ok || check.optional === true);
  if (args.flags.json === true) terminal.out(`${JSON.stringify({ type: 'doctor', checks })}\n`);
  else tell(checks, args.flags.quiet === true);
  return ok ? 0 : 4;
}

async function look(probing: ReturnType<typeof probe>): Promise<ReturnType<ReturnType<typeof openGovernor>['view']>> {
  const opened = openGovernor(undefined, async () => { const found = await probing; return 'probed' in found && found.probed.ok ? found.probed.vram : undefined; });
  await opened.look();
  const view = opened.view();
  opened.close();
  return view;
}

function tell(checks: readonly Check[], quiet: boolean): void {
  const width = Math.max(...checks.map((check) => check.name.length));
  for (const { name, ok, optional, detail, fix } of checks) {
    if (quiet && (ok || optional === true)) continue;
    const mark = ok ? colour.green('ok  ') : optional === true ? colour.grey('--  ') : colour.red('no  ');
    terminal.out(`${mark} ${name.padEnd(width)}  ${detail}\n${fix === undefined ? '' : `     ${''.padEnd(width)}  ${optional === true ? fix : colour.bold(fix)}\n`}`);
  }
}
