/**
 * The validator of skills: every rule of the open format, and those that Telar adds for what it writes (`rules.ts`). It runs nothing,
 * follows no link, and ends with a list of problems, each with its rule, place and what to do. A broken part hides no other: what can be
 * looked at is looked at.
 *
 * The road not taken is to call the format's own reference validator: it needs Python, tells no places, and stops at the first line that
 * it cannot read. A test holds our verdicts against it.
 */
import { TelarError } from '../../contracts/errors.ts';
import { placed } from '../../nodes/skill/library.ts';
import type { SkillProblem } from '../../nodes/skill/library.ts';
import { decodeSkill, LARGEST_SKILL, openSkill } from '../../nodes/skill/read.ts';
import { MOST_BYTES, MOST_FILES } from './folder.ts';
import type { SkillFolder } from './folder.ts';
import { bodyFlaws } from './validate-body.ts';
import { frontFlaws } from './validate-front.ts';
import { levelOf } from './rules.ts';
import type { RuleFlaw, SkillProfile, SkillRule } from './rules.ts';

/** What a validation gives. */
export interface Validation {
  readonly profile: SkillProfile;
  /** No error; there may be warnings. */
  readonly valid: boolean;
  readonly problems: readonly SkillProblem[];
}

/** Validates a skill's folder. Never throws for what is in it. */
export function validateSkill(folder: SkillFolder, profile: SkillProfile = 'standard'): Validation {
  const problems: SkillProblem[] = [];
  let text = '';
  const tell = ({ rule, message, at }: RuleFlaw, file = 'SKILL.md'): void => {
    const level = levelOf(rule, profile);
    if (level !== 'off') problems.push(placed(file === 'SKILL.md' ? text : '', { rule, message, at }, file, level));
  };
  const whole = (rule: SkillRule, message: string, file?: string): void => { tell({ rule, message, at: { from: 0, to: 0 } }, file); };

  filesOf(folder, whole);
  const raw = textOfSkill(folder, whole);
  if (raw !== undefined) {
    const source = openSkill(raw);
    text = source.text;
    if (raw.startsWith('\uFEFF')) whole('bom', 'The file begins with a byte order mark, so it does not begin with `---`. Save it as UTF-8 without one.');
    const odd = raw.search(/\r/);
    if (odd >= 0) tell({ rule: 'line-ends', message: 'Line ends are CR or CRLF. Save the file with LF.', at: { from: odd, to: odd + 1 } });
    for (const { rule, message, at } of source.flaws) tell({ rule: rule as SkillRule, message, at });
    for (const flaw of frontFlaws(source, folder.name)) tell(flaw);
    for (const flaw of bodyFlaws(source, folder)) tell(flaw);
  }
  problems.sort((a, b) => Number(a.file !== 'SKILL.md') - Number(b.file !== 'SKILL.md') || a.line - b.line || a.column - b.column);
  return { profile, valid: problems.every(({ level }) => level !== 'error'), problems };
}

type Whole = (rule: SkillRule, message: string, file?: string) => void;

/** What can be said of the files without reading them. */
function filesOf({ entries, cut }: SkillFolder, whole: Whole): void {
  for (const { path, kind } of entries) {
    if (kind === 'link') whole('symlink', `\`${path}\` is a symbolic link, which does not travel with the skill. Put the file itself there.`, path);
    else if (kind === 'unreadable') whole('unreadable', `\`${path}\` may not be read. Change who may read it, or take it out.`, path);
    else if (kind === 'other') whole('special-file', `\`${path}\` is neither a file nor a folder. Take it out.`, path);
  }
  const files = entries.filter(({ kind }) => kind === 'file');
  if (files.length > MOST_FILES || cut === true) whole('files-many', `The skill has ${cut === true ? 'more than ' : ''}${files.length} files; ${MOST_FILES} are allowed. Pack what belongs together into one file.`, '.');
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (bytes > MOST_BYTES) {
    const largest = files.reduce((a, b) => (b.size > a.size ? b : a));
    whole('files-large', `The skill has ${bytes} bytes; ${MOST_BYTES} are allowed. The largest file is \`${largest.path}\` with ${largest.size}.`, '.');
  }
}

/** The text of `SKILL.md`, if it is one. */
function textOfSkill(folder: SkillFolder, whole: Whole): string | undefined {
  const top = folder.entries.filter(({ path }) => /^skill\.md$/i.test(path));
  const entry = top.find(({ path }) => path === 'SKILL.md') ?? top[0];
  if (entry === undefined) { whole('skill-md', 'There is no SKILL.md in the folder. Write one, with front matter and instructions.'); return undefined; }
  if (entry.path !== 'SKILL.md') whole('skill-md', `The file is called \`${entry.path}\`. Call it SKILL.md: most readers look for nothing else.`);
  if (entry.kind !== 'file') return undefined;
  if (entry.size > LARGEST_SKILL) { whole('size', `SKILL.md has ${entry.size} bytes; at most ${LARGEST_SKILL} are read. Move what is long into files beside it.`); return undefined; }
  try {
    const decoded = decodeSkill(folder.read(entry.path));
    if ('raw' in decoded) return decoded.raw;
    whole(decoded.rule as SkillRule, decoded.message);
  } catch (error) {
    if (!(error instanceof TelarError)) throw error;
    whole('unreadable', error.message);
  }
  return undefined;
}
