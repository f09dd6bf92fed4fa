/** `telar bundle`: a run into one file; and such a file checked, verified, or taken as a run of this workspace. */
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { TelarError } from '../../../contracts/errors.ts';
import { checkManifest } from '../../bundle/check.ts';
import { collectBundle } from '../../bundle/collect.ts';
import type { LeftOut, Manifest } from '../../bundle/format.ts';
import { importBundle, isHere } from '../../bundle/import.ts';
import { openBundle } from '../../bundle/read.node.ts';
import { checkSchema } from '../../bundle/schema.node.ts';
import type { Progress } from '../../bundle/progress.node.ts';
import { writeBundle } from '../../bundle/write.node.ts';
import { findRun } from '../../checkpoints/find-run.ts';
import type { Sha256 } from '../../ports.ts';
import type { Arguments } from './arguments.node.ts';
import { openHost, type Host } from './host.node.ts';
import { stoppable } from './stoppable.node.ts';
import { colour, size, terminal } from './terminal.node.ts';

/** Milliseconds after which it is told how far the work is. */
const PATIENCE = 500;
/** Most things left out that are told by name. */
const TOLD = 10;

const USAGE = 'Usage: telar bundle RUN -o FILE.telarrun, telar bundle verify FILE, or telar bundle import FILE';

export async function run(args: Arguments): Promise<number> {
  const [what, file] = args.positionals as readonly [string, string?];
  const act = what === 'import' ? importFile : what === 'verify' ? verifyFile : undefined;
  if (act === undefined ? file !== undefined : file === undefined || args.text('output') !== undefined) throw new TelarError('usage', USAGE);
  return stoppable(async (signal) => {
    const progress = createProgress(signal, args.flags.quiet === true || args.flags.json === true);
    try {
      return await (act === undefined ? writeRun(what, args, progress) : act(file as string, args, progress));
    } finally {
      progress.end();
    }
  });
}

async function writeRun(text: string, args: Arguments, progress: Progress): Promise<number> {
  const host = openHost(args.text('workspace') ?? '.', args, 'read');
  try {
    const run = findRun(host.store, text);
    const manifest = collectBundle(run, { ...host, places: placesOf(host) });
    refuseUnfit(manifest, host.sha256);
    const path = args.text('output') ?? `${basename(run.file).replace(/\.telar\.md$/, '')}-${run.id}.telarrun`;
    const bytes = await writeBundle(path, manifest, host.store.blobs, progress);
    if (args.flags.json === true) print({ type: 'bundle', run: run.id, file: path, bytes, steps: manifest.steps.length, values: manifest.blobs.length, leftOut: manifest.leftOut });
    else if (args.flags.quiet !== true) {
      terminal.out(`${path}: run ${run.id} of ${run.file}, ${manifest.steps.length} steps, ${manifest.blobs.length} values, ${size(bytes)}\n`);
      tellLeftOut(manifest.leftOut);
    }
    return 0;
  } finally {
    await host.close();
  }
}

async function importFile(file: string, args: Arguments, progress: Progress): Promise<number> {
  // A bundle that cannot be trusted begins no store.
  const bundle = await openBundle(file, progress);
  const host = openHost(args.text('workspace') ?? '.', args);
  const letGo = host.store.hold();
  try {
    const { run, leftOut } = bundle.manifest;
    const isKnown = isHere(bundle.manifest, host.store, host.sha256, placesOf(host));
    if (!isKnown) {
      await bundle.putBlobs(host.store.blobs, join(host.workspace.root, '.telar', 'scratch'), progress);
      await importBundle(bundle.manifest, basename(file), host.store, host.sha256);
      host.journal.write('info', `imported from ${basename(file)}`, { event: 'import', run: run.id, file: run.file });
    }
    if (args.flags.json === true) print({ type: 'import', run: run.id, file: run.file, isKnown, leftOut });
    else if (args.flags.quiet !== true) tellImport(run, isKnown, leftOut);
    return 0;
  } finally {
    letGo();
    bundle.close();
    await host.close();
  }
}

async function verifyFile(file: string, args: Arguments, progress: Progress): Promise<number> {
  const { verifyBundle } = await import('./bundle-verify.node.ts');
  return verifyBundle(file, args, progress);
}

/** A run that a reader would refuse is not written. @throws TelarError `refused` */
function refuseUnfit(manifest: Manifest, sha256: Sha256): void {
  try {
    checkManifest(checkSchema(manifest), sha256);
  } catch (error) {
    throw new TelarError('refused', `Run ${manifest.run.id} cannot be bundled: ${TelarError.from(error).message.replace(/^[^:]*: /, '').replace(/ Ask for it anew[^.]*\.$/, '')}`, { run: manifest.run.id }, { cause: error });
  }
}

/** Folders that messages of steps may mention. */
const placesOf = (host: Host): readonly string[] => [host.workspace.root, homedir()];

function tellImport(run: Manifest['run'], isKnown: boolean, leftOut: readonly LeftOut[]): void {
  if (isKnown) { terminal.out(`Run ${run.id} of ${run.file} is here already, and it is the same. Nothing changed.\n`); return; }
  terminal.out(`Imported run ${colour.bold(run.id)} of ${run.file}, begun ${run.started}. No run here reuses anything of it; \`telar verify ${run.id}\` does its steps again.\n`);
  tellLeftOut(leftOut);
}

const REASONS: Readonly<Record<LeftOut['what'], string>> = {
  opaque: 'a pickled object; it is computed again when it is needed',
  file: 'a file that was read, of which only the hash was kept',
  list: 'a listing of which only the hash was kept',
  input: 'a value that was not kept',
  log: 'output beyond the limit of a bundle',
};

function tellLeftOut(leftOut: readonly LeftOut[]): void {
  for (const { what, where } of leftOut.slice(0, TOLD)) terminal.out(`${colour.yellow('left out')}  ${where}: ${REASONS[what]}\n`);
  if (leftOut.length > TOLD) terminal.out(`${colour.yellow('left out')}  and ${leftOut.length - TOLD} more\n`);
}

/** Tells how far it is where that takes a while. */
function createProgress(signal: AbortSignal, quiet: boolean): Progress & { end(): void } {
  const begun = performance.now();
  let told = begun + PATIENCE;
  return {
    signal,
    done(part) {
      const now = performance.now();
      if (quiet || !terminal.isLive || now < told) return;
      told = now + PATIENCE / 5;
      terminal.out(`\r\u001b[2K${Math.floor(part * 100)} %`);
    },
    end() { if (told > begun + PATIENCE) terminal.out('\r\u001b[2K'); },
  };
}

const print = (value: Record<string, unknown>): void => { terminal.out(`${JSON.stringify(value)}\n`); };
