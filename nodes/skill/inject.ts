/**
 * Skills for a prompt: those that its front matter names (`skills: [style]`), or the best few for its question (`skills: auto`). Which
 * were taken, and why, is told, never silent; where `auto` finds none, that is told too. The texts are data for a model: nothing in
 * them is run here, and none can end the part that holds it.
 */
import type { Volume } from './folders.ts';
import { locateSkill, readLibrary, skillText } from './library.ts';
import type { SkillFiles } from './library.ts';
import { pickSkills } from './search.ts';

/** Most skills that `auto` takes. */
const MOST_PICKED = 3;

/** What a prompt takes. */
export interface Injected {
  /** A part of the system text; empty when there is none. It hangs on the question, so it stands after what does not. */
  readonly text: string;
  /** By `volume/name`, or as the prompt names them. */
  readonly names: readonly string[];
  /** Sentences for a person: which skill and why. */
  readonly warnings: readonly string[];
}

/**
 * The skills of a prompt.
 * @param asked what its front matter says
 * @param question the prompt's own text, filled in: what `auto` looks for
 * @throws TelarError `missing-name`, `ambiguous-name`, `bad-file` for one that is named
 */
export function injectSkills(asked: 'auto' | readonly string[], question: string, files: SkillFiles, volumes: readonly Volume[], most = MOST_PICKED): Injected {
  if (asked !== 'auto') return injected(asked.map((name) => ({ name, text: skillText(files, locateSkill(files, volumes, name)) })), []);
  const { skills, problems } = readLibrary(files, volumes, { graphs: false });
  const picked = pickSkills(question, skills.filter(({ body }) => body !== ''), most);
  const warnings = [
    ...picked.map(({ name, reason }) => `took the skill \`${name}\`: it matches ${reason}`),
    ...(picked.length > 0 ? [] : [`took no skill: none of ${skills.length} has a word of the question`]),
    ...problems.filter(({ level }) => level === 'error').slice(0, 5).map(({ file, line, message }) => `${file}, line ${line}: ${message}`),
  ];
  return injected(picked.map(({ name, skill }) => ({ name, text: skill.body })), warnings);
}

function injected(skills: readonly { readonly name: string; readonly text: string }[], warnings: readonly string[]): Injected {
  const parts = skills.map(({ name, text }) => `<skill name=${JSON.stringify(name)}>\n${text.replace(/<(\/?skill\b)/gi, '&lt;$1')}\n</skill>`);
  return { text: parts.length === 0 ? '' : `Follow these skills where they fit the task.\n\n${parts.join('\n\n')}`, names: skills.map(({ name }) => name), warnings };
}
