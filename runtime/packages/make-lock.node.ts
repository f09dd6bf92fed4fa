/**
 * Making a lock: resolve what is asked for, get every wheel, and say what they hold. Nothing is written but the cache; whoever calls writes
 * the lock when all of it is here.
 */
import { join } from 'node:path';
import { TelarError } from '../../contracts/errors.ts';
import { pyodideFolder } from '../executors/python/engine.node.ts';
import { pyodidePackages } from '../executors/python/missing.node.ts';
import type { Clock, Network } from '../ports.ts';
import { outOfDate, wantTexts, type Lock, type LockedPackage } from './lock.ts';
import { environmentOf, realmOf, type Realm } from './realm.ts';
import type { Requirement } from './requirement.ts';
import { resolve, type Candidate } from './resolve.ts';
import { addresses, Sources } from './sources.node.ts';
import { createWeb } from './web.node.ts';
import { importsOf } from './wheel.ts';
import type { WheelCache } from './wheel-cache.node.ts';

/** What making a lock takes. */
export interface LockPowers {
  /** Identity of the Python engine. */
  readonly identity: Readonly<Record<string, string>>;
  readonly wheels: WheelCache;
  readonly network: Network;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly env: NodeJS.ProcessEnv;
  /** Absolute. */
  readonly folders: readonly string[];
  readonly offline: boolean;
  /** Told what it does, for progress. */
  said(what: string): void;
}

/** The wheel folders of a workspace: those named, its own, and those of `TELAR_WHEELS`. */
export function wheelFolders(named: readonly string[], state: string, env: NodeJS.ProcessEnv): readonly string[] {
  const separator = process.platform === 'win32' ? ';' : ':';
  return [...named, join(state, 'wheels'), ...(env.TELAR_WHEELS ?? '').split(separator).filter((one) => one !== '')];
}

/**
 * A lock for these wants whose wheels are all on this machine. Versions of `before` stay where they still do; where it fits as it is, only
 * what is missing is got.
 * @throws TelarError `unavailable`, `network`, `refused`, `cancelled`
 */
export async function makeLock(wants: readonly Requirement[], before: Lock | undefined, powers: LockPowers): Promise<Lock> {
  const folder = pyodideFolder();
  const realm = realmOf(powers.identity);
  if (folder === undefined || realm === undefined) throw new TelarError('unavailable', 'Python needs the package “pyodide”; install it with npm.');
  const { wheels, said } = powers;
  const pyodide = pyodidePackages(folder);
  const sources = new Sources({
    realm, cache: wheels, folders: powers.folders, pyodide, ...addresses(powers.env, powers.identity.pyodide as string),
    ...(powers.offline ? {} : { web: createWeb({ ...powers, begun: (url) => { said(`asking ${url}`); } }) }),
  });
  if (before !== undefined && outOfDate(before, wants, realm) === undefined) {
    for (const one of before.packages) await get(sources, one, powers);
    return before;
  }
  const kept = new Map(before === undefined || !sameRealm(before, realm) ? [] : before.packages.map((one) => [one.name, one]));
  said('resolving');
  const chosen = await resolve(wants, {
    environment: environmentOf(realm),
    find: (name) => preferred(sources, kept.get(name), name),
    why: (name) => sources.why(name),
  });
  const packages: LockedPackage[] = [];
  for (const { candidate: { name, version, file, sha256, from }, depends } of chosen) {
    const bytes = await get(sources, { name, file, sha256, from }, powers);
    packages.push({ name, version, file, sha256, from, depends, imports: from === 'pyodide' ? pyodide.imports(name) : importsOf(bytes, file) });
  }
  return { requires: wantTexts(wants), packages, python: realm.python, platform: realm.platform };
}

async function get(sources: Sources, one: Pick<LockedPackage, 'name' | 'file' | 'sha256' | 'from'>, { signal, said, wheels }: LockPowers): Promise<Uint8Array> {
  if (signal.aborted) throw new TelarError('cancelled', 'Stopped by the keyboard; the notebook and its lock are as they were.');
  if (!wheels.has(one.sha256)) said(`getting ${one.file}`);
  const bytes = await sources.get(one);
  wheels.unpacked(one.sha256, one.file);
  return bytes;
}

/** The locked version first, then the others. */
async function* preferred(sources: Sources, kept: LockedPackage | undefined, name: string): AsyncIterable<Candidate> {
  if (kept !== undefined) for await (const one of sources.find(name)) if (one.sha256 === kept.sha256) yield one;
  for await (const one of sources.find(name)) if (one.sha256 !== kept?.sha256) yield one;
}

const sameRealm = (lock: Realm, { python, platform }: Realm): boolean => lock.python === python && lock.platform === platform;
