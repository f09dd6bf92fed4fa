/**
 * Wheels: zip files that are read with suspicion. Names may not leave the folder, sizes are bounded before anything is unpacked, and
 * only what Python imports is given out: scripts and headers stay behind.
 */
import { unzipSync, type UnzipFileInfo } from 'fflate';
import { TelarError } from '../../contracts/errors.ts';
import { packageName } from './name.ts';
import { readRequirement, type Requirement } from './requirement.ts';

/** Largest wheel, all that it unpacks to, and most files in it. */
export const LARGEST = 512 * 1024 * 1024;
const UNPACKED = 1024 * 1024 * 1024;
const FILES = 50_000;
/** A bomb: unpacked this many times larger, beyond a size that harms nobody. */
const RATIO = 200;
const HARMLESS = 32 * 1024 * 1024;

const decoder = new TextDecoder();
const bad = (file: string, what: string): TelarError => new TelarError('refused', `The wheel ${file} is not taken: ${what}. Get it again, or take another version.`, { file, unreadable: true });

function unpack(bytes: Uint8Array, file: string, wanted: (name: string) => boolean): Readonly<Record<string, Uint8Array>> {
  if (bytes.length > LARGEST) throw bad(file, `it is larger than ${LARGEST} bytes`);
  let total = 0;
  let files = 0;
  const seen = new Set<string>();
  const filter = ({ name, originalSize, compression }: UnzipFileInfo): boolean => {
    total += originalSize;
    if ((files += 1) > FILES) throw bad(file, `it holds more than ${FILES} files`);
    if (total > UNPACKED || (total > HARMLESS && total > bytes.length * RATIO)) throw bad(file, 'it would unpack to far more than it is');
    if (!isSafe(name)) throw bad(file, `it names \`${name.slice(0, 100)}\`, which does not stay in its folder`);
    const folded = name.toLowerCase();
    if (seen.has(folded)) throw bad(file, `it holds \`${name.slice(0, 100)}\` twice`);
    seen.add(folded);
    if (compression !== 0 && compression !== 8) throw bad(file, 'it is packed in a way that wheels are not');
    return !name.endsWith('/') && wanted(name);
  };
  try {
    return Object.assign(Object.create(null), unzipSync(bytes, { filter })) as Record<string, Uint8Array>;
  } catch (error) {
    if (error instanceof TelarError) throw error;
    throw bad(file, `it is no whole zip file (${(error as Error).message})`);
  }
}

/** Whether the name of an entry stays below its folder on every system. */
function isSafe(name: string): boolean {
  const parts = name.replace(/\/$/, '').split('/');
  return name.length < 1000 && !/[\\\0:]/.test(name) && parts.every((part) => part !== '' && part !== '.' && part !== '..');
}

/** What a wheel says of itself. */
export interface WheelMetadata { readonly name: string; readonly version: string; readonly requires: readonly Requirement[]; readonly requiresPython?: string }

/** Reads `METADATA`. @throws TelarError `refused` */
export function readMetadata(text: string, file: string): WheelMetadata {
  const head = text.replaceAll('\r\n', '\n').split('\n\n', 1)[0]!;
  const all = (key: string): string[] => [...head.matchAll(new RegExp(`^${key}:[ \\t]*(.*)$`, 'gim'))].map(([, value]) => (value as string).trim());
  const [name] = all('Name');
  const [version] = all('Version');
  if (name === undefined || version === undefined) throw bad(file, 'its METADATA has no name or no version');
  const requires = all('Requires-Dist').map((one) => {
    const read = readRequirement(one);
    if (typeof read === 'string') throw bad(file, `it asks for \`${one.slice(0, 200)}\`: ${read}`);
    return read;
  });
  const [requiresPython] = all('Requires-Python');
  return { name: packageName(name), version, requires, ...(requiresPython === undefined ? {} : { requiresPython }) };
}

const INFO = /^[^/]+\.dist-info\/(METADATA|top_level\.txt)$/;

/** The metadata of a wheel's bytes. @throws TelarError `refused` */
export function metadataOf(bytes: Uint8Array, file: string): WheelMetadata {
  const found = unpack(bytes, file, (name) => INFO.test(name));
  const [path] = Object.keys(found).filter((name) => name.endsWith('/METADATA'));
  if (path === undefined) throw bad(file, 'it has no METADATA');
  return readMetadata(decoder.decode(found[path]), file);
}

/** Names by which what is in a wheel can be imported, sorted. */
export function importsOf(bytes: Uint8Array, file: string): readonly string[] {
  return importsIn(Object.keys(filesOf(bytes, file)));
}

function importsIn(paths: readonly string[]): readonly string[] {
  const names = paths.flatMap((path) => {
    const [top = '', ...rest] = path.split('/');
    if (/\.(dist-info|data|libs)$/.test(top) || top === '__pycache__') return [];
    if (rest.length > 0) return /\.(pyi?|so)$/.test(path) ? [top] : [];
    return /\.(py|so)$/.test(top) ? [top.split('.')[0] as string] : [];
  });
  return [...new Set(names)].filter((name) => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(name)).sort();
}

/** The files that go into `site-packages`, by path. @throws TelarError `refused` */
export function filesOf(bytes: Uint8Array, file: string): Readonly<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = Object.create(null);
  for (const [name, content] of Object.entries(unpack(bytes, file, (one) => !/^[^/]+\.data\/(scripts|headers|data)\//.test(one)))) {
    files[name.replace(/^[^/]+\.data\/(purelib|platlib)\//, '')] = content;
  }
  return files;
}
