/**
 * `skill`: instructions as a value, for prompts to take (`{{ style }}`). A Markdown fence holds the text itself, with front matter or
 * without; a YAML fence says `use: name` and takes it from the notebook's volumes of skills. The value is the body, without front
 * matter. It is text and stays text: no template in it is filled in, and nothing in it is run.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { BodyProblem } from '../../contracts/errors.ts';
import { defineNode } from '../../contracts/node.ts';
import type { Analysis, Cell, Outcome, Step, StepContext } from '../../contracts/node.ts';
import { isMapping, normalForm, parseYamlBody, unknownKeys } from '../yaml-body.ts';
import type { YamlBody } from '../yaml-body.ts';
import { locateSkill, skillText } from './library.ts';
import { openSkill, readSkill } from './read.ts';

/** Keys of the YAML form. */
export const SKILL_BODY_KEYS: readonly string[] = ['use'];

export const skill = defineNode({
  name: 'skill', contract: 'core/skill.yaml', languages: [], keyVersion: 1, analysisVersion: 1,
  engines: () => [],
  analyse: (cell: Cell): Analysis => {
    if (!isYaml(cell)) {
      const { text, problems } = ownText(cell.body);
      return { reads: [], binds: [], imports: [], normal: text, problems };
    }
    const yaml = parseYamlBody(cell.body);
    const { use, problems } = readUse(yaml);
    return { reads: [], binds: [], imports: [], normal: `use:${use ?? normalForm(yaml.value ?? cell.body)}`, problems, skills: true };
  },
  run: async (step: Step, context: StepContext): Promise<Outcome> => {
    const text = isYaml(step.cell) ? usedText(step, context) : ownText(step.cell.body).text;
    return { outputs: { value: context.store(text, { form: 'text', mediaType: 'text/markdown' }) }, reads: [] };
  },
});

const isYaml = ({ language }: Cell): boolean => language === 'yaml' || language === 'yml';

/** The text of a fence that holds the skill. Front matter is only such when it begins as such. */
function ownText(body: string): { readonly text: string; readonly problems: BodyProblem[] } {
  const source = openSkill(body);
  if (/^\s*use:[ \t]*\S+\s*$/.test(body)) return { text: body.trim(), problems: [{ code: 'syntax', severity: 'warning', message: 'This is a text, not the name of a skill: `use:` means something only in a YAML fence. Write its language as `yaml`.', at: { from: 0, to: body.length } }] };
  if (source.flaws.some(({ rule }) => rule === 'start')) return { text: body.trim(), problems: body.trim() === '' ? [{ code: 'missing-key', severity: 'error', message: 'The skill is empty. Write the instructions, or `use: name` in a YAML fence.', at: { from: 0, to: body.length } }] : [] };
  const readable = readSkill(source) !== undefined;
  const problems = source.flaws.map(({ message, at }): BodyProblem => ({ code: 'syntax', severity: readable ? 'warning' : 'error', message: `The skill's front matter: ${message}`, at }));
  return { text: source.text.slice(source.parts.bodyFrom).trim(), problems };
}

function readUse(yaml: YamlBody): { readonly use?: string; readonly problems: BodyProblem[] } {
  const problems = [...yaml.problems];
  if (problems.length > 0) return { problems };
  const raw = isMapping(yaml.value) ? yaml.value : {};
  problems.push(...unknownKeys(yaml, [], raw, SKILL_BODY_KEYS, 'a skill'));
  if (typeof raw.use === 'string' && raw.use.trim() !== '') return { use: raw.use.trim(), problems };
  problems.push({ code: 'use' in raw ? 'bad-value' : 'missing-key', severity: 'error', message: 'Say which skill: `use: name`, the name of its folder, or `use: volume/name`. A text of its own stands in a `markdown` fence.', at: yaml.at(['use']) });
  return { problems };
}

/** The text of a skill in a volume. @throws TelarError `missing-name`, `ambiguous-name`, `bad-file` */
function usedText(step: Step, context: StepContext): string {
  const yaml = parseYamlBody(step.cell.body);
  const { use } = readUse(yaml);
  if (use === undefined) throw new Error(`the body of ${step.node} has problems and should not run`);
  const line = step.line + yaml.line(['use']);
  try {
    const files = { read: (path: string) => context.readFile(path), glob: (pattern: string) => context.glob(pattern) };
    return skillText(files, locateSkill(files, step.skills ?? [], use));
  } catch (error) {
    if (!(error instanceof TelarError)) throw error;
    throw new TelarError(error.code, error.message, { line, ...error.data }, { cause: error });
  }
}
