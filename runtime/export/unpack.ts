/** Getting a notebook back out of an exported skill: everything is checked before anything is written, and no code of it is run. */
import { TelarError } from '../../contracts/errors.ts';
import type { Sha256 } from '../ports.ts';
import type { Beside } from './choose.ts';
import { GRAPH, isPlainPath, LOCK, mismatches, MOST_BYTES, MOST_FILES, notWhole, ownFiles, PINS, readCanonical, readLock, unpinned, type Lock, type Pins, type SkillFiles } from './format.ts';

/** What comes out. */
export interface Unpacked {
  readonly name: string;
  /** The notebook's file name. */
  readonly notebook: string;
  /** Files to write, by path from the folder: the notebook, what it uses, and the pins. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** The file that an import leaves beside a notebook. */
export const pinsBeside = (notebook: string): string => `${notebook.replace(/\.telar\.md$/i, '')}.telar.pins`;

/**
 * Unpacks a skill.
 * @param check throws for what is not of the schema `name`
 * @throws TelarError `refused` for a skill without a graph, `forged`, `newer-generation`
 */
export function unpackSkill(files: SkillFiles, sha256: Sha256, check: (name: 'export-lock' | 'export-pins', value: unknown) => void): Unpacked {
  if (!files.has(LOCK) || !files.has(`assets/${GRAPH}`)) {
    throw new TelarError('refused', `This skill has no graph of Telar (no ${LOCK}), so there is no notebook in it. \`telar skills\` shows, checks and uses skills of any kind.`);
  }
  const bytes = [...files.values()].reduce((sum, one) => sum + one.length, 0);
  if (files.size > MOST_FILES || bytes > MOST_BYTES) throw notWhole(`it has ${files.size} files and ${bytes} bytes; ${MOST_FILES} files and ${MOST_BYTES} bytes are the most.`);
  const lock = readLock(files.get(LOCK) as Uint8Array, sha256);
  check('export-lock', lock);
  for (const path of [...Object.keys(lock.files), lock.notebook]) if (!isPlainPath(path)) throw notWhole(`it names a path that no file may have: ${JSON.stringify(path)}.`, { file: path });
  if (lock.notebook.includes('/') || !lock.notebook.endsWith('.telar.md')) throw notWhole(`its notebook would be called ${JSON.stringify(lock.notebook)}.`);
  const wrong = mismatches(lock, files, sha256);
  if (wrong.length > 0) throw notWhole(`${wrong.slice(0, 5).join('; ')}.`, { files: wrong });
  const pins = readCanonical(files.get(PINS) ?? new Uint8Array(), PINS) as Pins;
  check('export-pins', pins);
  for (const [hash, value] of Object.entries(pins.values)) if (sha256(unpinned(value)) !== hash) throw notWhole(`the pinned value ${hash.slice(0, 12)} has other bytes than its name says.`, { hash });
  return { name: lock.name, notebook: lock.notebook, files: placed(lock, pins, files, sha256) };
}

function placed(lock: Lock, pins: Pins, files: SkillFiles, sha256: Sha256): Map<string, Uint8Array> {
  const own = ownFiles(files);
  const { inputs, order, engines, steps, rows, leftOut } = lock;
  const beside: Beside = { lock: { inputs, order, engines, steps, rows, leftOut }, values: pins.values, files: Object.fromEntries([...own].map(([path, bytes]) => [path, sha256(bytes)])) };
  const found = new Map<string, Uint8Array>();
  for (const [path, bytes] of own) found.set(path === GRAPH ? lock.notebook : path, bytes);
  const pinsFile = pinsBeside(lock.notebook);
  const lower = [...found.keys(), pinsFile].map((path) => path.normalize('NFC').toLowerCase());
  if (new Set(lower).size !== own.size + 1 || lower.some((path) => [lower.at(-1), lock.notebook.toLowerCase()].some((file) => path.startsWith(`${file}/`)))) throw notWhole('two of its files would have one name.');
  return found.set(pinsFile, new TextEncoder().encode(`${JSON.stringify(beside)}\n`));
}
