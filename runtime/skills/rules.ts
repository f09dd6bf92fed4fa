/**
 * Every rule that the validator knows, with what it is in each profile. `standard`: an error is what makes a skill invalid in the open
 * format; `strict`: what Telar writes when it exports, so that every reader we know of takes it.
 */
import type { Range } from '../../contracts/errors.ts';

export type SkillProfile = 'standard' | 'strict';
type Level = 'error' | 'warning' | 'off';

/** A rule: its levels, and what it asks. */
interface Rule { readonly standard: Level; readonly strict: Level; readonly asks: string }

export const SKILL_RULES = {
  'skill-md': { standard: 'error', strict: 'error', asks: 'the folder has a file SKILL.md, in these letters' },
  unreadable: { standard: 'error', strict: 'error', asks: 'every file and folder may be read' },
  empty: { standard: 'error', strict: 'error', asks: 'SKILL.md is not empty' },
  size: { standard: 'error', strict: 'error', asks: 'SKILL.md has at most 1 MiB' },
  utf8: { standard: 'error', strict: 'error', asks: 'SKILL.md is UTF-8' },
  bom: { standard: 'error', strict: 'error', asks: 'no byte order mark' },
  start: { standard: 'error', strict: 'error', asks: 'SKILL.md begins with the line `---` at its first byte' },
  'start-spaces': { standard: 'warning', strict: 'error', asks: 'the lines of dashes are three dashes and nothing else' },
  'line-ends': { standard: 'warning', strict: 'error', asks: 'line ends are LF' },
  unclosed: { standard: 'error', strict: 'error', asks: 'the front matter ends with a line `---`' },
  dashes: { standard: 'error', strict: 'error', asks: 'no `---` inside of the front matter: some readers end it there' },
  yaml: { standard: 'error', strict: 'error', asks: 'the front matter is valid YAML' },
  'not-a-map': { standard: 'error', strict: 'error', asks: 'the front matter is keys with values' },
  'duplicate-key': { standard: 'error', strict: 'error', asks: 'no key stands twice' },
  alias: { standard: 'error', strict: 'error', asks: 'no anchors and aliases' },
  tag: { standard: 'error', strict: 'error', asks: 'no tags' },
  'block-style': { standard: 'error', strict: 'error', asks: 'block style only: no braces and brackets' },
  'unknown-key': { standard: 'error', strict: 'error', asks: 'only the keys of the format' },
  'key-order': { standard: 'off', strict: 'warning', asks: 'keys stand in the order of the format' },
  'name-missing': { standard: 'error', strict: 'error', asks: '`name` is there, a text' },
  'name-form': { standard: 'error', strict: 'error', asks: '`name` is words of small letters and digits with single hyphens between' },
  'name-ascii': { standard: 'warning', strict: 'error', asks: '`name` is `[a-z0-9]+(-[a-z0-9]+)*`' },
  'name-length': { standard: 'error', strict: 'error', asks: '`name` has at most 64 characters' },
  'name-folder': { standard: 'error', strict: 'error', asks: '`name` is the name of the folder' },
  'name-reserved': { standard: 'warning', strict: 'error', asks: '`name` is without "claude" and "anthropic"' },
  'description-missing': { standard: 'error', strict: 'error', asks: '`description` is there, a text' },
  'description-length': { standard: 'error', strict: 'error', asks: '`description` has at most 1,024 characters' },
  'description-short': { standard: 'off', strict: 'error', asks: '`description` has 130 to 250 characters' },
  'description-line': { standard: 'off', strict: 'error', asks: '`description` is one line of ASCII' },
  'description-signs': { standard: 'warning', strict: 'error', asks: '`description` is without `<` and `>`' },
  'description-trigger': { standard: 'off', strict: 'error', asks: '`description` begins with when to use it: `Use`, `When` or `For`' },
  'license-form': { standard: 'warning', strict: 'error', asks: '`license` is a text' },
  'compatibility-form': { standard: 'error', strict: 'error', asks: '`compatibility` is a text of at most 500 characters' },
  'allowed-tools-form': { standard: 'warning', strict: 'error', asks: '`allowed-tools` is a text: names with spaces between' },
  'metadata-form': { standard: 'warning', strict: 'error', asks: '`metadata` is keys with texts' },
  'metadata-nested': { standard: 'warning', strict: 'error', asks: '`metadata` is flat' },
  'metadata-quoted': { standard: 'off', strict: 'error', asks: 'texts in `metadata` are in quotes' },
  'body-empty': { standard: 'warning', strict: 'error', asks: 'there are instructions below the front matter' },
  'body-long': { standard: 'warning', strict: 'warning', asks: 'the instructions have at most 500 lines' },
  'link-missing': { standard: 'warning', strict: 'error', asks: 'links lead to files that are there' },
  'link-outside': { standard: 'warning', strict: 'error', asks: 'links stay in the folder' },
  'files-many': { standard: 'warning', strict: 'error', asks: 'at most 512 files' },
  'files-large': { standard: 'warning', strict: 'error', asks: 'at most 16 MiB in all' },
  symlink: { standard: 'warning', strict: 'error', asks: 'no symbolic links' },
  'special-file': { standard: 'warning', strict: 'error', asks: 'only files and folders' },
} as const satisfies Readonly<Record<string, Rule>>;

export type SkillRule = keyof typeof SKILL_RULES;

/** Something that breaks a rule, within `SKILL.md`. */
export interface RuleFlaw { readonly rule: SkillRule; readonly message: string; readonly at: Range }

/** What a rule is in a profile. */
export const levelOf = (rule: SkillRule, profile: SkillProfile): Level => SKILL_RULES[rule][profile];
