/**
 * A library: the skills of several volumes. It reads through two functions, so that a step's reads are recorded (P9) and a host may
 * look anywhere. A skill is `NAME/SKILL.md` in its volume, or a file `NAME.md` in the older form; its name is that of the folder or
 * file. Nothing shadows anything: the same name in two volumes is told, and both are reached as `volume/name`.
 */
import { TelarError } from '../../contracts/errors.ts';
import { nearest } from '../nearest.ts';
import type { Volume } from './folders.ts';
import type { SkillFlaw } from './front.ts';
import { decodeSkill, openSkill, readSkill } from './read.ts';
import type { SkillText } from './read.ts';

/** How a library looks at files: what a step's context has, and what a host makes of a folder. */
export interface SkillFiles {
  /** @throws TelarError when it cannot be read */
  read(path: string): Uint8Array;
  /** Files that match, sorted. */
  glob(pattern: string): readonly string[];
}

/** A skill of a library. */
export interface Skill extends SkillText {
  /** Name of its folder or file: what it is called by. */
  readonly id: string;
  readonly volume: string;
  /** Its folder; of a skill that is a file alone, absent. */
  readonly folder?: string;
  /** The text's file. */
  readonly file: string;
  /** Notebooks in its `assets/`: it can be run. */
  readonly graphs: readonly string[];
}

/** What is wrong in a library; the rest of it can be used. */
export interface SkillProblem {
  readonly rule: string;
  readonly level: 'error' | 'warning';
  readonly message: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Skills in the order of volumes, then names. */
export interface Library { readonly skills: readonly Skill[]; readonly problems: readonly SkillProblem[] }

/** Most skills that one volume may have. */
const MOST_SKILLS = 10_000;

/**
 * Reads all volumes. Never throws for what a skill or volume is: that is a problem.
 * @param graphs whether to look for what can be run; a step that only wants texts does not, so that it reads no more than it uses
 */
export function readLibrary(files: SkillFiles, volumes: readonly Volume[], { graphs = true } = {}): Library {
  const skills: Skill[] = [];
  const problems: SkillProblem[] = [];
  for (const volume of volumes) {
    const runnable = Map.groupBy(!graphs ? [] : attempt(problems, volume.path, () => files.glob(`${volume.path}/*/assets/*.telar.md`)) ?? [], (path) => path.split('/').slice(0, -2).join('/'));
    const found = attempt(problems, volume.path, () => [...files.glob(`${volume.path}/*/SKILL.md`), ...alone(files, volume)]) ?? [];
    if (found.length > MOST_SKILLS) problems.push(problem('too-many', `The volume has more than ${MOST_SKILLS} skills; the first ones are taken. Make several volumes of it.`, volume.path));
    for (const file of found.slice(0, MOST_SKILLS)) {
      if (file === `${volume.path}/SKILL.md` || file === 'SKILL.md') { problems.push(problem('volume', `\`${volume.path}\` is a skill itself. Name the folder that holds it.`, file)); continue; }
      const skill = attempt(problems, file, () => readOne(files, file, volume, problems));
      if (skill !== undefined) skills.push({ ...skill, graphs: runnable.get(skill.folder ?? '') ?? [] });
    }
  }
  const order = new Map(volumes.map(({ name }, at) => [name, at]));
  skills.sort((a, b) => order.get(a.volume)! - order.get(b.volume)! || compare(a.id, b.id) || compare(a.file, b.file));
  for (const [id, same] of Map.groupBy(skills, (skill) => skill.id)) {
    for (const skill of same.slice(1)) problems.push(problem('same-name', `There is another skill \`${id}\`: ${same[0]!.file}. Neither hides the other; say ${same.map(qualified).map((name) => `\`${name}\``).join(' or ')}.`, skill.file, 'warning'));
  }
  return { skills, problems };
}

/**
 * A skill by its name, or by `volume/name`.
 * @throws TelarError `missing-name` with the nearest, `ambiguous-name` with all
 */
export function findSkill({ skills }: Library, name: string): Skill {
  const found = skills.filter((skill) => skill.id === name || qualified(skill) === name);
  if (found.length === 1) return found[0]!;
  if (found.length > 1) throw ambiguous(name, found.map(qualified));
  throw missing(name, [...skills.map(({ id }) => id), ...skills.map(qualified)]);
}

/**
 * The file of a skill by name, looking only where it could be: what a step that uses one skill reads.
 * @throws TelarError as `findSkill`
 */
export function locateSkill(files: SkillFiles, volumes: readonly Volume[], name: string): string {
  const cut = name.lastIndexOf('/');
  const [volume, id] = [name.slice(0, Math.max(cut, 0)), name.slice(cut + 1)];
  if (!/^[^\\*?[\]{},]+$/.test(id) || id.startsWith('.')) throw new TelarError('bad-value', `\`${name}\` is no name of a skill. Write the name of its folder.`);
  const within = volumes.filter((one) => cut < 0 || one.name === volume);
  const found = within.flatMap((one) => [...files.glob(`${one.path}/${id}/SKILL.md`), ...files.glob(`${one.path}/${id}.md`)].map((file) => ({ file, name: `${one.name}/${id}` })));
  if (found.length === 1) return found[0]!.file;
  if (found.length > 1) throw ambiguous(name, found.map((one) => (found.filter((other) => other.name === one.name).length > 1 ? one.file : one.name)));
  const known = volumes.flatMap((one) => [...files.glob(`${one.path}/*/SKILL.md`).map((path) => path.split('/').at(-2)!), ...alone(files, one).map((path) => path.split('/').at(-1)!.slice(0, -3))]);
  throw missing(name, known, volumes);
}

/** The instructions of a skill's file. @throws TelarError `bad-file` with what is wrong in it */
export function skillText(files: SkillFiles, file: string): string {
  const decoded = decodeSkill(files.read(file));
  if (!('raw' in decoded)) throw new TelarError('bad-file', `${file}: ${decoded.message}`, { file, rule: decoded.rule });
  const source = openSkill(decoded.raw);
  const text = readSkill(source);
  if (text === undefined) {
    const told = placed(source.text, source.flaws[0]!, file);
    throw new TelarError('bad-file', `${file}, line ${told.line}: ${told.message}`, { file, rule: told.rule });
  }
  if (text.body === '') throw new TelarError('bad-file', `${file} has no instructions below its front matter; write them there.`, { file });
  return text.body;
}

/** `volume/name`. */
export const qualified = ({ volume, id }: Pick<Skill, 'volume' | 'id'>): string => `${volume}/${id}`;

/** Files that may be skills alone; notebooks are none. */
const alone = (files: SkillFiles, { path }: Volume): readonly string[] => files.glob(`${path}/*.md`).filter((file) => !file.endsWith('.telar.md'));

function readOne(files: SkillFiles, file: string, volume: Volume, problems: SkillProblem[]): Omit<Skill, 'graphs'> | undefined {
  const single = !file.endsWith('/SKILL.md');
  const decoded = decodeSkill(files.read(file));
  if (!('raw' in decoded)) { problems.push(placed('', decoded, file)); return undefined; }
  const source = openSkill(decoded.raw);
  // A file alone that says nothing of a skill is somebody's README.
  if (single && source.parts.yamlAt === undefined && source.flaws.every(({ rule }) => rule === 'start')) return undefined;
  const text = readSkill(source);
  if (text === undefined) { problems.push(...source.flaws.map((flaw) => placed(source.text, flaw, file))); return undefined; }
  if (single && text.form !== 'older' && text.name === '' && text.description === '') return undefined;
  const parts = file.split('/');
  return { ...text, id: single ? parts.at(-1)!.slice(0, -3) : parts.at(-2)!, volume: volume.name, file, ...(single ? {} : { folder: parts.slice(0, -1).join('/') }) };
}

/** A flaw with line and column. */
export function placed(text: string, { rule, message, at }: SkillFlaw, file: string, level: SkillProblem['level'] = 'error'): SkillProblem {
  const before = text.slice(0, at.from);
  return { rule, level, message, file, line: before.split('\n').length, column: at.from - before.lastIndexOf('\n') };
}

const problem = (rule: string, message: string, file: string, level: SkillProblem['level'] = 'error'): SkillProblem => ({ rule, level, message, file, line: 1, column: 1 });

/** What somebody else's file does to us is a problem, and the rest goes on. */
function attempt<T>(problems: SkillProblem[], file: string, act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof TelarError)) throw error;
    if (!problems.some((one) => one.rule === error.code && one.message === error.message)) problems.push(problem(error.code, error.message, file));
    return undefined;
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const ambiguous = (name: string, all: readonly string[]): TelarError => new TelarError('ambiguous-name', `There are ${all.length} skills \`${name}\`. Say which: ${all.map((one) => `\`${one}\``).join(' or ')}.`, { candidates: all });

function missing(name: string, known: readonly string[], volumes: readonly Volume[] = []): TelarError {
  const near = nearest(name, known);
  const help = near !== undefined ? `Did you mean \`${near}\`?`
    : known.length > 0 ? `There are ${[...new Set(known)].slice(0, 12).join(', ')}.` : `There are no skills in ${volumes.map(({ path }) => `\`${path}\``).join(', ') || 'the folders that were named'}; a skill is a folder with a file SKILL.md there.`;
  return new TelarError('missing-name', `There is no skill \`${name}\`. ${help}`, near === undefined ? {} : { nearest: near });
}
