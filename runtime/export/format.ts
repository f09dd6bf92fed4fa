/**
 * A graph as a skill, on disk: what is in the folder, and the two files by which it proves itself.
 *
 *     NAME/SKILL.md               for whoever looks for a skill
 *     NAME/scripts/run.mjs        runs the graph, and proves the pinned results, under Node 20 with nothing installed
 *     NAME/references/GRAPH.md    the graph, drawn and listed
 *     NAME/assets/graph.telar.md  the notebook to the byte, and beside it the notebooks, helpers and data that it uses
 *     NAME/assets/lock.json       the hash of every other file, and a pinned run: keys, reads and the hash of each output
 *     NAME/assets/pins.json       the pinned values by their hash, and what parsers that are not in `run.mjs` found
 *     NAME/evals/evals.json       the pinned run as a question with its answer
 *
 * The same run gives the same bytes: no time, no place, no name of a machine or run is in it. Not a bundle (`runtime/bundle`), which
 * carries a run of any size in one file for Telar alone.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { Row, StepRecord } from '../checkpoints/store.ts';
import type { Sha256 } from '../ports.ts';
import { fromBase64, toBase64 } from '../values/base64.ts';

/** The generation of skills that this Telar writes. */
export const SKILL_GENERATION = 1;
export { MOST_BYTES, MOST_FILES } from '../skills/folder.ts';
/** Most bytes of pinned values. */
export const MOST_PINNED = 8 * 2 ** 20;

/** Where the notebook is in the folder of assets. */
export const GRAPH = 'graph.telar.md';
export const LOCK = 'assets/lock.json';
export const PINS = 'assets/pins.json';
const ASSETS = 'assets/';

/** Files of assets that are not the notebook's own. */
export const MADE: ReadonlySet<string> = new Set(['lock.json', 'pins.json', 'input.schema.json', 'output.schema.json']);

/** Files by path from the skill's folder. */
export type SkillFiles = ReadonlyMap<string, Uint8Array>;

/** A step of the pinned run. */
interface PinnedStep extends Pick<StepRecord, 'node' | 'state' | 'key' | 'components' | 'row'> {
  /** It does not come out the same when it is done again (chance, clocks): its result is held to its hash alone. */
  readonly recorded?: true;
}

/** A result of the pinned run. */
export type PinnedRow = Pick<Row, 'id' | 'key' | 'reads' | 'readsDigest' | 'folder' | 'take' | 'outputs' | 'warnings' | 'effect'>;

/** A value whose bytes are not pinned. */
export interface NotPinned { readonly where: string; readonly hash: string; readonly bytes: number }

/** `assets/lock.json`. */
export interface Lock {
  readonly telarSkill: number;
  readonly name: string;
  /** The notebook's file name where it was exported. */
  readonly notebook: string;
  /** SHA-256 of each file of the folder but this one. */
  readonly files: Readonly<Record<string, string>>;
  /** What the inputs were set to. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly order: readonly string[];
  /** Engines with their exact identities. */
  readonly engines: Readonly<Record<string, string>>;
  readonly steps: readonly PinnedStep[];
  readonly rows: readonly PinnedRow[];
  readonly leftOut: readonly NotPinned[];
  /** SHA-256 of this file without this line. */
  readonly seal: string;
}

/** `assets/pins.json`. */
export interface Pins {
  /** By hash: the text of a blob, or its bytes in base64. */
  readonly values: Readonly<Record<string, { readonly text: string } | { readonly base64: string }>>;
  /** What `describe.ts` keeps of bodies that are parsed by what `run.mjs` does not carry. */
  readonly analyses: Readonly<Record<string, string>>;
}

const utf8 = new TextEncoder();

/** JSON with sorted names, a line each, and a line feed at the end. */
export function canonical(value: unknown): string {
  return `${JSON.stringify(sorted(value), undefined, 1)}\n`;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, one]) => [name, sorted(one)]));
}

/** Writes a lock with its seal. */
export function sealed(lock: Omit<Lock, 'seal'>, sha256: Sha256): string {
  return canonical({ ...lock, seal: sha256(canonical(lock)) });
}

/** The error of a skill that is not what it says. */
export function notWhole(what: string, data: Record<string, unknown> = {}): TelarError {
  return new TelarError('forged', `This skill cannot be trusted: ${what} Fetch it anew, or export it again.`, data);
}

/** JSON as `canonical` writes it; nothing in it is called `__proto__`. @throws TelarError `forged` */
export function readCanonical(bytes: Uint8Array, name: string): unknown {
  let value: unknown;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text, (key, one: unknown) => { if (key === '__proto__') throw new Error(key); return one; });
    if (canonical(value) === text) return value;
  } catch {
    throw notWhole(`${name} is no JSON of a skill.`, { file: name });
  }
  throw notWhole(`${name} is not written as Telar writes it.`, { file: name });
}

/** The lock of a folder, held to its own seal. Its shape is for the schema to say. @throws TelarError `forged` */
export function readLock(bytes: Uint8Array, sha256: Sha256): Lock {
  const lock = readCanonical(bytes, LOCK) as Lock;
  const { seal, ...rest } = Object(lock) as Lock;
  if (rest.telarSkill > SKILL_GENERATION) throw new TelarError('newer-generation', `This skill was written by a newer Telar (generation ${rest.telarSkill}; this one reads up to ${SKILL_GENERATION}). Update Telar.`);
  if (seal !== sha256(canonical(rest))) throw notWhole(`${LOCK} was changed after it was sealed.`, { file: LOCK });
  return lock;
}

/** Holds all files of a folder to the lock: none differs, none is missing, none came. @returns the mismatches */
export function mismatches(lock: Lock, files: SkillFiles, sha256: Sha256): string[] {
  const found: string[] = [];
  for (const [path, hash] of Object.entries(lock.files)) {
    const bytes = files.get(path);
    if (bytes === undefined) found.push(`${path} is missing`);
    else if (sha256(bytes) !== hash) found.push(`${path} is not the file that was exported`);
  }
  for (const path of files.keys()) if (path !== LOCK && !Object.hasOwn(lock.files, path)) found.push(`${path} is none of its files`);
  return found;
}

/** A blob for `pins.json`: as text where its bytes are UTF-8. */
export function pinned(bytes: Uint8Array): { text: string } | { base64: string } {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { text };
  } catch {
    return { base64: toBase64(bytes) };
  }
}

/** The bytes of a pinned blob. */
export function unpinned(value: Pins['values'][string]): Uint8Array {
  return 'text' in value ? utf8.encode(value.text) : fromBase64(value.base64);
}

/** The notebook's own files, by path from the folder of assets. */
export function ownFiles(files: SkillFiles): Map<string, Uint8Array> {
  const own = new Map<string, Uint8Array>();
  for (const [path, bytes] of files) {
    const inside = path.startsWith(ASSETS) ? path.slice(ASSETS.length) : '';
    if (inside !== '' && !MADE.has(inside)) own.set(inside, bytes);
  }
  return own;
}

/** Whether a path may be one of a skill: relative, with `/`, of plain parts, none of them hidden: what an import writes shall be seen. */
export function isPlainPath(path: string): boolean {
  return path.length <= 255 && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && !/[\\:*?"<>|\p{Cc}]/u.test(part) && !/[. ]$/.test(part) && !part.startsWith('.'));
}
