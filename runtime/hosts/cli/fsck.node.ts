/** `telar fsck`: reads the whole store and tells what is damaged or missing; with `--repair` makes it again where a step can. */
import type { Examined } from '../../checkpoints/examine.node.ts';
import { isOnDisk, type DiskStore } from '../../checkpoints/sqlite.node.ts';
import { repairValues } from '../../replay/repair.ts';
import type { Arguments } from './arguments.node.ts';
import { openHost, type Host } from './host.node.ts';
import { stoppable } from './stoppable.node.ts';
import { colour, count, terminal } from './terminal.node.ts';

/** What the repair came to. */
interface Mended {
  /** Hashes of values that were made again. */
  readonly repaired: readonly string[];
  /** Results whose values could not be: taken out, by run and key. */
  readonly dropped: readonly { readonly run: string; readonly key: string }[];
  /** Hashes that runs need and that are not there still: texts of their notebooks. */
  readonly left: readonly string[];
}

export async function run(args: Arguments): Promise<number> {
  const json = args.flags.json === true;
  const repair = args.flags.repair === true;
  const host = openHost(args.text('workspace') ?? '.', args, 'read');
  try {
    const { store } = host;
    const looked = isOnDisk(store) ? store.examine(progress(json)) : NOTHING;
    const found = repair && isOnDisk(store) ? store.mend(looked) : looked;
    const mended = repair && isOnDisk(store) ? await mend(host, store, found) : undefined;
    if (mended !== undefined) host.journal.write('info', `fsck: ${found.damaged.length + found.missing.length + found.broken.length} damaged or missing, ${count(mended.repaired.length, 'value')} repaired, ${count(mended.dropped.length, 'result')} dropped`, { event: 'fsck', repaired: mended.repaired.length, dropped: mended.dropped.length, left: mended.left.length });
    // A database that could not even be opened, or that was salvaged, has been moved aside.
    const pages = [...found.pages, ...(isOnDisk(store) ? store.damage.filter((one) => one.what === 'database').map((one) => one.message) : [])];
    const { values, records, damaged, missing, orphans } = found;
    if (json) terminal.out(`${JSON.stringify({ type: 'fsck', values, records, damaged, missing, orphans, broken: found.broken.length, pages, ...mended })}\n`);
    else tell({ ...found, pages }, mended, args.flags.quiet === true);
    return isClean({ ...found, pages }, mended) ? 0 : 1;
  } finally {
    await host.close();
  }
}

const NOTHING: Examined = { values: 0, records: 0, damaged: [], missing: [], lost: [], orphans: 0, broken: [], pages: [] };

async function mend(host: Host, store: DiskStore, found: Examined): Promise<Mended> {
  const repaired = found.lost.length === 0 ? [] : await stoppable((signal) => repairValues(host, found.lost, { signal, progress: (text) => { terminal.error(`again: ${text}`); } }));
  const dropped = store.dropBroken().map(({ producedBy, key }) => ({ run: producedBy, key }));
  const { lost } = store.examine();
  return { repaired, dropped, left: lost };
}

/** Whether all is as it was meant to be: nothing was found, or all of it was made again. A damaged value that nobody needs is no loss. */
function isClean({ lost, damaged, broken, pages }: Examined, mended: Mended | undefined): boolean {
  if (broken.length > 0 || pages.length > 0) return false;
  return mended === undefined ? lost.length === 0 && damaged.length === 0 : mended.repaired.length === lost.length;
}

function tell(found: Examined, mended: Mended | undefined, quiet: boolean): void {
  const { values, records, damaged, missing, broken, orphans, pages } = found;
  for (const page of pages) terminal.out(`${colour.red('database')}  ${page}\n`);
  for (const hash of damaged) terminal.out(`${colour.red('damaged')}   ${hash}\n`);
  for (const hash of missing) terminal.out(`${colour.red('missing')}   ${hash}\n`);
  for (const [table, all] of Map.groupBy(broken, (one) => one.table)) terminal.out(`${colour.red('damaged')}   ${count(all.length, 'record')} of ${table}\n`);
  for (const hash of mended?.repaired ?? []) terminal.out(`${colour.green('repaired')}  ${hash}\n`);
  for (const { run, key } of mended?.dropped ?? []) terminal.out(`${colour.yellow('dropped')}   result of run ${run}, key ${key.slice(0, 12)}: its values cannot be made again here; its step will run again\n`);
  for (const hash of mended?.left ?? []) terminal.out(`${colour.yellow('lost')}      ${hash}: a text of a past run, which cannot be verified any more\n`);
  if (quiet) return;
  const verdict = isClean(found, mended) ? colour.green(mended !== undefined && found.lost.length > 0 ? 'repaired' : 'clean') : colour.red(mended === undefined ? 'damaged' : 'not all repaired');
  terminal.out(`${verdict}  ${count(values, 'value')} and ${count(records, 'record')} read${orphans === 0 ? '' : `, ${count(orphans, 'value')} that nothing names (\`telar gc\` frees them)`}\n`);
  if (!isClean(found, mended) && mended === undefined) terminal.out('`telar fsck --repair` computes again what it can.\n');
}

/** Tells a person how far it is, from half a second on. */
function progress(json: boolean): (done: number, of: number) => void {
  let next = performance.now() + 500;
  let told = false;
  return (done, of) => {
    if (json || !process.stderr.isTTY) return;
    if (told && done === of) process.stderr.write('\r\u001b[K');
    if (performance.now() < next || done === of) return;
    told = true;
    next = performance.now() + 200;
    process.stderr.write(`\r${done} of ${of} values read`);
  };
}
