/**
 * `telar bundle verify`: a bundle, taken as a run of an empty workspace that is thrown away, and verified there. Nothing of the
 * person's own workspace is looked at, so what verifies here verifies anywhere; and nothing is fetched.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { removeLeftovers } from '../../adapters/leftovers.node.ts';
import { makeTemporary } from '../../adapters/temporary.node.ts';
import { checkAgreement } from '../../bundle/agree.ts';
import type { Manifest } from '../../bundle/format.ts';
import { importBundle } from '../../bundle/import.ts';
import { openBundle } from '../../bundle/read.node.ts';
import type { Progress } from '../../bundle/progress.node.ts';
import { openReplay } from '../../replay/replay.ts';
import type { Arguments } from './arguments.node.ts';
import { openHost, type Host } from './host.node.ts';
import { jobsOf } from './run.node.ts';
import { terminal } from './terminal.node.ts';
import { tellVerify } from './verify.node.ts';

/** Verifies a bundle and tells it as `telar verify` does. @returns its exit status */
export async function verifyBundle(file: string, args: Arguments, progress: Progress): Promise<number> {
  const bundle = await openBundle(file, progress);
  const root = emptyWorkspace();
  try {
    const host = openHost(root, { text: () => undefined });
    try {
      await bundle.putBlobs(host.store.blobs, join(root, '.telar', 'scratch'), progress);
      const { id } = await importBundle(bundle.manifest, basename(file), host.store, host.sha256);
      await holdAgainstTexts(host, id);
      if (args.flags.quiet !== true) tellEngines(bundle.manifest.run, host);
      return await tellVerify(host, id, args, jobsOf(args));
    } finally {
      await host.close();
    }
  } finally {
    bundle.close();
    rmSync(root, { recursive: true, force: true });
  }
}

function emptyWorkspace(): string {
  removeLeftovers(tmpdir(), /^telar-bundle-(\d+)-/);
  const root = makeTemporary(`telar-bundle-${process.pid}-`);
  mkdirSync(join(root, '.telar'));
  return root;
}

/** Holds the records against the notebook. @throws TelarError `forged` */
async function holdAgainstTexts(host: Host, id: string): Promise<void> {
  const replay = await openReplay(host, id);
  try {
    checkAgreement(replay);
  } finally {
    await replay.close();
  }
}

/** Tells where an engine of here is not the one of there: then results may differ by right. */
function tellEngines({ engines }: Manifest['run'], { executors }: Host): void {
  for (const [name, recorded] of Object.entries(engines)) {
    const there = identityOf(recorded);
    const here = executors.get(name)?.identity() ?? {};
    const other = [...new Set([...Object.keys(there), ...Object.keys(here)])].filter((part) => there[part] !== here[part]);
    if (other.length > 0) terminal.error(`telar: the run was made with another engine \`${name}\`: ${other.map((part) => `${part} ${short(there[part])} there, ${short(here[part])} here`).join('; ')}.`);
  }
}

function identityOf(recorded: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(recorded)) as Record<string, unknown>;
  } catch {
    return {};
  }
}

const short = (value: unknown): string => (value === undefined ? 'nothing' : String(value).slice(0, 24));
