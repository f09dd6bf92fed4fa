/**
 * The packages of the notebooks of a project, by their lock files, as planning and running need them. Only files are read: nothing is
 * resolved, fetched or unpacked (D8).
 */
import { TelarError, type Problem } from '../../contracts/errors.ts';
import type { Document } from '../document/document.ts';
import { yamlOf } from '../document/front-matter.ts';
import { offsetToPlace } from '../document/places.ts';
import type { Files, Sha256 } from '../ports.ts';
import { lockPath, outOfDate, parseLock, readWants } from './lock.ts';
import type { Realm } from './realm.ts';

/** A locked package as a program's settings name it; the engine finds its wheel by the hash. */
export interface PackagePin { readonly name: string; readonly version: string; readonly sha256: string }

/** What one notebook has. */
export interface NotebookPackages {
  /** Workspace path of its lock file, which may not be there. */
  readonly path: string;
  readonly pins: readonly PackagePin[];
  readonly problem?: Problem;
  /** Why its Python steps cannot run, in short: no lock that fits; or wheels that are not here, which a stored result does not need. */
  readonly lacks?: string;
  readonly missing?: string;
  /** The lock's text, as it was read. */
  readonly text?: string;
}

/** What reading takes of the host. */
export interface LockFacts {
  readonly files: Files;
  readonly sha256: Sha256;
  readonly realm: Realm | undefined;
  /** Whether the wheel of this hash is on this machine. */
  here(sha256: string): boolean;
}

/** Reads the lock of a notebook; `undefined` when it asks for no packages. */
export function packagesOf(document: Document, facts: LockFacts): NotebookPackages | undefined {
  const { packages = [], at } = document.frontMatter;
  if (packages.length === 0) return undefined;
  const { file } = document;
  const path = lockPath(file);
  const problem = (message: string, code: Problem['code'], severity: Problem['severity'] = 'error'): Problem =>
    ({ code, severity, message, file, ...offsetToPlace(document, (at?.from ?? 0) + offsetOf(document)), data: { key: 'packages' } });
  const broken = (what: string, code: Problem['code'] = 'front-matter'): NotebookPackages =>
    ({ path, pins: [], problem: problem(`${what} Run \`telar packages lock ${file}\`.`, code), lacks: `the packages of ${file} are not locked: run \`telar packages lock ${file}\`` });
  const wants = readWants(packages);
  if (typeof wants === 'string') return { ...broken(wants), problem: problem(`${wants} Write it as \`pandas\` or \`pandas>=2\`.`, 'front-matter') };
  if (facts.files.stat(path)?.kind !== 'file') return broken(`${file} asks for packages, and ${path} is not there: no versions are locked.`, 'missing-file');
  try {
    const text = new TextDecoder().decode(facts.files.read(path));
    const lock = parseLock(text, path, facts.sha256);
    const late = facts.realm === undefined ? undefined : outOfDate(lock, wants, facts.realm);
    if (late !== undefined) return { ...broken(`${path} is out of date: ${late}.`), text };
    const pins = lock.packages.map(({ name, version, sha256 }) => ({ name, version, sha256 }));
    const gone = pins.filter(({ sha256 }) => !facts.here(sha256));
    if (gone.length === 0) return { path, pins, text };
    const named = `${gone.slice(0, 3).map(({ name, version }) => `${name} ${version}`).join(', ')}${gone.length > 3 ? ` and ${gone.length - 3} more` : ''}`;
    return {
      path, pins, text, missing: `the packages of ${file} are not all on this machine (${named}): \`telar packages lock ${file}\` gets them`,
      problem: problem(`Packages are locked but not on this machine: ${named}. \`telar packages lock ${file}\` gets them.`, 'unavailable', 'warning'),
    };
  } catch (error) {
    const failure = TelarError.from(error);
    return broken(failure.code === 'damaged' ? `The lock is damaged. ${failure.message}` : failure.message);
  }
}

/** Place of `packages` within the front matter. */
function offsetOf({ text, frontMatter: { at } }: Document): number {
  if (at === undefined) return 0;
  return (yamlOf(text.slice(at.from, at.to))?.get('packages', true) as { range?: readonly number[] } | undefined)?.range?.[0] ?? 0;
}
