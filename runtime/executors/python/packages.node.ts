/**
 * Packages of a step: which wheels its program and the producers of its live inputs were locked to, as folders that a child may read.
 *
 * They are mounted, not installed: the memory snapshot holds none of them and serves every set. A set with native code gets a child for
 * each step, since such modules can be loaded once in a process and keep what a step did to them.
 */
import { readdirSync } from 'node:fs';
import { TelarError } from '../../../contracts/errors.ts';
import type { Program, StepInput } from '../../../contracts/node.ts';
import type { PackagePin } from '../../packages/locked.ts';
import type { WheelCache } from '../../packages/wheel-cache.node.ts';

/** A set of packages as a child sees it. */
export interface PackageSet {
  /** The same for the same set. */
  readonly key: string;
  readonly folders: readonly string[];
  /** Some of it is native code. */
  readonly native: boolean;
}

/** The packages that a program's settings name, sorted. @throws TelarError `bad-input` when they are of another form */
export function pinsOf(program: Pick<Program, 'settings'>): readonly PackagePin[] {
  const given = program.settings?.packages;
  if (given === undefined) return [];
  const isPin = (one: unknown): one is PackagePin => typeof one === 'object' && one !== null
    && ['name', 'version', 'sha256'].every((key) => typeof (one as Record<string, unknown>)[key] === 'string') && /^[0-9a-f]{64}$/.test((one as PackagePin).sha256);
  if (!Array.isArray(given) || !given.every(isPin)) throw new TelarError('bad-input', 'The packages of a Python program are not named by name, version and hash.');
  return given.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** In words, for the key: another lock, another key. */
export const pinWords = (pins: readonly PackagePin[]): string => pins.map(({ name, version, sha256 }) => `${name}==${version} ${sha256}`).join('\n');

/** All packages that a step needs. @throws TelarError `value-type` when an input's producer was locked to another version */
function gather(program: Program, inputs: Readonly<Record<string, StepInput>>, found: Map<string, PackagePin>): void {
  for (const pin of pinsOf(program)) {
    const other = found.get(pin.name);
    if (other !== undefined && other.sha256 !== pin.sha256) {
      throw new TelarError('value-type', `An input lives in Python with \`${pin.name}\` ${pin.version}, and this step with ${other.version}. Lock both notebooks to one version.`, { name: pin.name });
    }
    found.set(pin.name, pin);
  }
  for (const input of Object.values(inputs)) if ('producer' in input && input.producer.engine === 'python') gather(input.producer, input.inputs, found);
}

const natives = new Map<string, boolean>();

function isNative(folder: string): boolean {
  let known = natives.get(folder);
  if (known === undefined) natives.set(folder, known = readdirSync(folder, { recursive: true, encoding: 'utf8' }).some((name) => name.endsWith('.so')));
  return known;
}

/** The set of a step, unpacked; `undefined`: it has none. @throws TelarError `unavailable`, `damaged`, `refused`, `value-type` */
export function setFor(program: Program, inputs: Readonly<Record<string, StepInput>>, cache: WheelCache): PackageSet | undefined {
  const found = new Map<string, PackagePin>();
  gather(program, inputs, found);
  if (found.size === 0) return undefined;
  const pins = [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const folders = pins.map(({ name, version, sha256 }) => cache.unpacked(sha256, `${name} ${version}`, program.file));
  return { key: pinWords(pins), folders, native: folders.some(isNative) };
}
