/** `telar runs`: past runs of a notebook, or of the workspace, newest first; forks stand under the run that they came from. */
import type { RunRecord, Store } from '../../checkpoints/store.ts';
import type { Arguments } from './arguments.node.ts';
import { openHost } from './host.node.ts';
import { colour, duration, terminal } from './terminal.node.ts';

type Told = ReturnType<typeof tell>;

export async function run(args: Arguments): Promise<number> {
  const [file] = args.positionals;
  const host = openHost(file ?? args.text('workspace') ?? '.', args, 'read');
  try {
    const runs = host.store.runs(file === undefined ? undefined : host.workspace.file).map((one) => tell(one, host.store));
    if (args.flags.json === true) { terminal.out(`${JSON.stringify({ type: 'runs', runs })}\n`); return 0; }
    if (runs.length === 0) terminal.out('No runs yet. `telar run FILE` makes one.\n');
    for (const { one, depth } of asTree(runs)) terminal.out(`${'  '.repeat(depth)}${depth > 0 ? '└ ' : ''}${line(one, file === undefined)}\n`);
    return 0;
  } finally {
    await host.close();
  }
}

/** A run as `--json` tells it. */
function tell(one: RunRecord, store: Store) {
  const steps = store.steps(one.id);
  const count = (test: (step: (typeof steps)[number]) => boolean): number => steps.filter(test).length;
  return {
    run: one.id, file: one.file, started: one.started, status: one.status ?? 'open' as const,
    ...(one.ended === undefined ? {} : { ms: Math.max(0, Date.parse(one.ended) - Date.parse(one.started)) }),
    ran: count((step) => step.how === 'ran'), reused: count((step) => step.how === 'reused'), failed: count((step) => step.state === 'failed'),
    ...(Object.keys(one.inputs).length === 0 ? {} : { inputs: one.inputs }),
    ...(one.parent === undefined ? {} : { parent: one.parent, edits: one.edits ?? [] }),
    ...(one.of === undefined ? {} : { of: one.of, edits: one.edits ?? [] }),
    ...(one.bundle === undefined ? {} : { bundle: one.bundle }),
    ...(one.pinned === true ? { pinned: true } : {}),
    ...(store.shown(one.file) === one.id ? { shown: true } : {}),
    ...(one.status === undefined && store.isLiving(one.id) ? { living: true } : {}),
  };
}

/** Each run once, parents before their forks. A fork whose parent is not there (or, forged, is its own descendant) stands alone. */
function asTree(runs: readonly Told[]): { one: Told; depth: number }[] {
  const listed = new Set(runs.map((one) => one.run));
  const forks = Map.groupBy(runs, (one) => one.parent);
  const placed = new Map<string, { one: Told; depth: number }>();
  const place = (one: Told, depth: number): void => {
    if (placed.has(one.run)) return;
    placed.set(one.run, { one, depth });
    for (const fork of forks.get(one.run) ?? []) place(fork, depth + 1);
  };
  for (const one of runs) if (one.parent === undefined || !listed.has(one.parent)) place(one, 0);
  for (const one of runs) place(one, 0);
  return [...placed.values()];
}

function line(one: Told, withFile: boolean): string {
  const words = (one.living === true ? 'running' : one.status === 'open' ? 'unfinished' : one.status).padEnd(10);
  const status = one.status === 'ok' ? colour.green(words) : one.status === 'failed' ? colour.red(words) : colour.yellow(words);
  const set = Object.entries(one.inputs ?? {}).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const what = one.edits ?? set;
  const marks = [...(one.shown === true ? ['shown'] : []), ...(one.pinned === true ? ['pinned'] : []), ...(one.bundle === undefined ? [] : [`imported from ${one.bundle}`])];
  const parts = [
    one.run, status, one.of === undefined ? `${one.ran} ran, ${one.reused} reused${one.failed > 0 ? `, ${one.failed} failed` : ''}` : 'code was replaced',
    one.ms === undefined || one.of !== undefined ? '' : duration(one.ms), withFile ? one.file : '', colour.grey(what.join(', ')), colour.blue(marks.join(', ')),
  ];
  return parts.filter((part) => part !== '').join('  ');
}
