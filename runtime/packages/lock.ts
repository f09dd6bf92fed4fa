/**
 * The lock file of a notebook, `NAME.telar.lock`: its packages with exact versions and hashes, as canonical JSON, one field a line, so that
 * a change is a small diff. It says nothing of addresses: where a wheel is got is the machine's business, the hash is the file's.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { Sha256 } from '../ports.ts';
import { packageName } from './name.ts';
import type { Realm } from './realm.ts';
import { readRequirement, requirementText, type Requirement } from './requirement.ts';
import { readVersion, satisfies } from './version.ts';
import type { Origin } from './resolve.ts';

/** A locked package. */
export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  readonly file: string;
  readonly sha256: string;
  readonly from: Origin;
  /** Names of packages that it needs. */
  readonly depends: readonly string[];
  /** Names that it can be imported by. */
  readonly imports: readonly string[];
}

/** A lock, checked. */
export interface Lock extends Realm {
  /** What the front matter asked for, each in its one form, sorted. */
  readonly requires: readonly string[];
  readonly packages: readonly LockedPackage[];
}

/** Generation of the file. */
const GENERATION = 1;
/** Largest file that is read, and most packages in one. */
const LARGEST = 4 * 1024 * 1024;
const MOST = 2000;

/** Path of a notebook's lock file. */
export const lockPath = (notebook: string): string => notebook.replace(/\.telar\.md$|\.md$/, '') + '.telar.lock';

/** What the front matter asks for. @returns the first that cannot be read, in words */
export function readWants(packages: readonly string[]): readonly Requirement[] | string {
  const wants: Requirement[] = [];
  for (const text of packages) {
    const want = readRequirement(text);
    if (typeof want === 'string') return `\`${text}\` in \`packages\` cannot be read: ${want}.`;
    wants.push(want);
  }
  return wants;
}

/** The wants in the form in which a lock keeps them. */
export const wantTexts = (wants: readonly Requirement[]): readonly string[] => [...new Set(wants.map(requirementText))].sort();

/** Writes a lock. */
export function formatLock({ requires, packages, python, platform }: Lock, sha256: Sha256): string {
  const body = {
    lock: GENERATION,
    packages: [...packages].sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ depends, file, from, imports, name, sha256: hash, version }) => ({ depends: [...depends].sort(), file, from, imports: [...imports].sort(), name, sha256: hash, version })),
    platform, python, requires: [...requires].sort(),
  };
  return `${JSON.stringify({ checksum: sha256(JSON.stringify(body)), ...body }, null, 2)}\n`;
}

/** Reads a lock. @throws TelarError `damaged`, saying where and what to do */
export function parseLock(text: string, path: string, sha256: Sha256): Lock {
  const damaged = (what: string): TelarError => new TelarError('damaged', `${path}: ${what}.`, { path });
  if (text.length > LARGEST) throw damaged('it is larger than a lock can be');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged(`it is not JSON (${(error as Error).message.slice(0, 120)})`);
  }
  const record = fields(value, ['checksum', 'lock', 'packages', 'platform', 'python', 'requires']);
  if (record === undefined) throw damaged('it has not the fields of a lock');
  if (record.lock !== GENERATION) throw damaged(`it is of generation ${String(record.lock)}, and this release reads ${GENERATION}`);
  if (!isText(record.python) || !isText(record.platform) || !areTexts(record.requires)) throw damaged('`python`, `platform` or `requires` is of another form');
  if (!Array.isArray(record.packages) || record.packages.length > MOST) throw damaged('`packages` is no list');
  const packages = record.packages.map((one, i): LockedPackage => {
    const found = fields(one, ['depends', 'file', 'from', 'imports', 'name', 'sha256', 'version']);
    const fault = found === undefined ? 'its fields' : faultOf(found as unknown as LockedPackage);
    if (fault !== undefined) throw damaged(`package ${i + 1}${isText(found?.name) ? ` (${found.name.slice(0, 60)})` : ''}: ${fault} cannot be right`);
    return found as unknown as LockedPackage;
  });
  const names = new Set(packages.map(({ name }) => name));
  if (names.size !== packages.length) throw damaged('a package stands in it twice');
  const gap = packages.find(({ depends }) => depends.some((name) => !names.has(name)));
  if (gap !== undefined) throw damaged(`\`${gap.name}\` needs \`${gap.depends.find((name) => !names.has(name)) as string}\`, which is not in it`);
  const lock: Lock = { requires: record.requires, packages, python: record.python, platform: record.platform };
  if (JSON.parse(formatLock(lock, sha256)).checksum !== record.checksum) throw damaged('it was edited by hand, or merged: its checksum is another');
  return lock;
}

/** Why a lock is not one of these wants in this realm; `undefined` when it is. */
export function outOfDate(lock: Lock, wants: readonly Requirement[], realm: Realm): string | undefined {
  if (lock.python !== realm.python || lock.platform !== realm.platform) return `it is for Python ${lock.python} (${lock.platform}), and this is ${realm.python} (${realm.platform})`;
  const texts = wantTexts(wants);
  const missing = texts.find((text) => !lock.requires.includes(text));
  if (missing !== undefined) return `\`${missing}\` is asked for and not locked`;
  const more = lock.requires.find((text) => !texts.includes(text));
  if (more !== undefined) return `\`${more}\` is locked and no longer asked for`;
  for (const { name, clauses, marker } of wants) {
    const found = lock.packages.find((one) => one.name === name);
    const version = readVersion(found?.version ?? '');
    if (found !== undefined && !(version !== undefined && satisfies(version, clauses))) return `\`${name}\` is locked to ${found.version}, which is not what is asked for`;
    if (found === undefined && marker === undefined) return `\`${name}\` is asked for and not locked`;
  }
  return undefined;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.length > 0 && value.length < 500;
const areTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.length <= MOST && value.every(isText);

/** An object with exactly these own keys. */
function fields(value: unknown, keys: readonly string[]): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const own = Object.keys(value).sort();
  return own.length === keys.length && own.every((key, i) => key === keys[i]) ? value as Record<string, unknown> : undefined;
}

function faultOf({ depends, file, from, imports, name, sha256, version }: LockedPackage): string | undefined {
  if (!isText(name) || packageName(name) !== name || !/^[a-z0-9-]+$/.test(name)) return 'its name';
  if (!isText(version) || readVersion(version) === undefined) return 'its version';
  if (!isText(file) || !/^[A-Za-z0-9][A-Za-z0-9._+!-]*\.(whl|zip)$/.test(file)) return 'its file';
  if (!isText(sha256) || !/^[0-9a-f]{64}$/.test(sha256)) return 'its hash';
  if (!['file', 'pyodide', 'pypi'].includes(from)) return 'where it is from';
  return !areTexts(depends) ? '`depends`' : areTexts(imports) ? undefined : '`imports`';
}
