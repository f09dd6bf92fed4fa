/**
 * A skill in the open form, from either form: `category`, `keywords` and what else stood at the top become metadata, a name in words a
 * name with hyphens, and a missing description is taken from the text. What had to change is told; nothing is lost unsaid. What was
 * converted once comes out of a second time as it went in, to the byte.
 */
import { TelarError } from '../../contracts/errors.ts';
import { decodeSkill, openSkill, readSkill } from '../../nodes/skill/read.ts';
import type { SkillText } from '../../nodes/skill/read.ts';

/** What a `SKILL.md` shall say. Keys are written in the order of the format, metadata in the order given. */
export interface SkillFields {
  readonly name: string;
  readonly description: string;
  readonly license?: string;
  readonly compatibility?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly allowedTools?: string;
}

/** A converted skill. */
export interface Converted {
  /** Of the folder, too. */
  readonly name: string;
  readonly text: string;
  /** What is not as it was, in sentences. */
  readonly remarks: readonly string[];
}

/** Writes a `SKILL.md`: dashes at the first byte, block style, quoted texts, LF. */
export function formatSkill({ name, description, license, compatibility, metadata = {}, allowedTools }: SkillFields, body: string): string {
  const lines = [`name: ${/^[a-z][a-z0-9-]*$/.test(name) && !['null', 'true', 'false', 'yes', 'no', 'on', 'off', 'y', 'n'].includes(name) ? name : quoted(name)}`, `description: ${quoted(description)}`];
  if (license !== undefined) lines.push(`license: ${quoted(license)}`);
  if (compatibility !== undefined) lines.push(`compatibility: ${quoted(compatibility)}`);
  const entries = Object.entries(metadata);
  if (entries.length > 0) lines.push('metadata:', ...entries.map(([key, value]) => `  ${/^[A-Za-z][\w-]*$/.test(key) ? key : quoted(key)}: ${quoted(value)}`));
  if (allowedTools !== undefined) lines.push(`allowed-tools: ${quoted(allowedTools)}`);
  return `---\n${lines.join('\n')}\n---\n\n${body.replace(/\r\n?/g, '\n').trim()}\n`;
}

/** A name in words as a name of a skill: `Newsletter Style` is `newsletter-style`. */
export function skillName(text: string): string {
  const plain = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return plain.split(/[^a-z0-9]+/).filter((word) => word !== '').join('-').slice(0, 64).replace(/-$/, '') || 'skill';
}

/**
 * Converts the text of a skill.
 * @param file its name, for messages and where it has no name of its own
 * @throws TelarError `bad-file` when it cannot be read
 */
export function convertSkill(bytes: Uint8Array, file: string): Converted {
  const decoded = decodeSkill(bytes);
  if (!('raw' in decoded)) throw new TelarError('bad-file', `${file}: ${decoded.message}`, { file, rule: decoded.rule });
  const source = openSkill(decoded.raw);
  const skill = readSkill(source);
  if (skill === undefined) throw new TelarError('bad-file', `${file}: ${source.flaws[0]!.message}`, { file, rule: source.flaws[0]!.rule });
  if (skill.body === '') throw new TelarError('bad-file', `${file} has no instructions below its front matter; write them there.`, { file });

  const remarks: string[] = [];
  const said = skill.name === '' ? nameOfFile(file) : skill.name;
  const name = skillName(said);
  if (name !== skill.name) remarks.push(skill.name === '' ? `It has no name; it is called \`${name}\` by its file.` : `The name \`${skill.name}\` became \`${name}\`.`);
  const description = describe(skill, name, remarks);
  const metadata = metadataOf(skill, name, remarks);
  for (const { rule, message } of source.flaws) if (rule === 'block-style' || rule === 'tag') { if (skill.form === 'agent-skill') remarks.push(message); }
  const safe = (what: string, text: string): string => undashed(text, what, remarks);
  const compatibility = skill.compatibility === undefined ? undefined : cut(safe('compatibility', skill.compatibility), 500, 'compatibility', remarks);
  const fields: SkillFields = {
    name, description, metadata,
    ...(skill.license === undefined ? {} : { license: safe('license', skill.license) }),
    ...(compatibility === undefined ? {} : { compatibility }),
    ...(skill.allowedTools === undefined ? {} : { allowedTools: safe('allowed-tools', skill.allowedTools) }),
  };
  return { name, text: formatSkill(fields, skill.body), remarks };
}

/** The description, or what stands in its place. */
function describe(skill: SkillText, name: string, remarks: string[]): string {
  let text = skill.description;
  if (text === '') {
    const paragraphs = skill.body.split(/\n[ \t]*\n/).map((part) => part.replace(/\s+/g, ' ').trim());
    const when = paragraphs.findIndex((part) => /^#+ +when to use/i.test(part));
    text = (when >= 0 ? paragraphs[when]!.replace(/^#+ +when to use\S*( it| this skill)?:? */i, '') || paragraphs[when + 1] : undefined) ?? paragraphs.find((part) => !/^(?:#|`{3}|~{3}|>|\|)/.test(part)) ?? skill.headings[0] ?? '';
    text = text.replace(/\s+/g, ' ').trim() || skill.name || name;
    remarks.push('It has no description; the first words of its text stand there. Write a better one: it decides when the skill is found.');
  }
  return cut(undashed(text, 'description', remarks), 1024, 'description', remarks);
}

function metadataOf(skill: SkillText, name: string, remarks: string[]): Record<string, string> {
  const all: Record<string, string> = {};
  const put = (key: string, value: string): void => {
    if (value === '' || Object.hasOwn(all, key)) return;
    Object.defineProperty(all, undashed(key, 'metadata', remarks), { value: undashed(value, `metadata.${key}`, remarks), enumerable: true, configurable: true, writable: true });
  };
  for (const [key, value] of Object.entries(skill.metadata)) put(key, value);
  if (skill.name !== '' && skill.name !== name) put('title', skill.name);
  const moved = Object.entries(skill.other);
  for (const [key, value] of moved) put(key, value);
  if (skill.keywords.length > 0) put('keywords', skill.keywords.join(', '));
  const keys = [...moved.map(([key]) => key), ...(skill.form === 'older' && skill.keywords.length > 0 ? ['keywords'] : [])];
  if (keys.length > 0) remarks.push(`${keys.map((key) => `\`${key}\``).join(', ')} ${keys.length === 1 ? 'stands' : 'stand'} under \`metadata\` now.`);
  return all;
}

function undashed(text: string, what: string, remarks: string[]): string {
  if (!text.includes('---')) return text;
  remarks.push(`\`---\` in \`${what}\` became \`--\`: some readers end the front matter there.`);
  return text.replace(/-{3,}/g, '--');
}

function cut(text: string, most: number, what: string, remarks: string[]): string {
  const signs = [...text];
  if (signs.length <= most) return text;
  remarks.push(`\`${what}\` had ${signs.length} characters and was cut to ${most}.`);
  return `${signs.slice(0, most - 1).join('').trimEnd()}…`;
}

/** In double quotes, in the form that JSON and YAML share; control characters and odd spaces are escaped by JSON or given by their number. */
const quoted = (text: string): string => JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);

function nameOfFile(file: string): string {
  const parts = file.split(/[\\/]/);
  const last = parts.at(-1) ?? '';
  return /^skill\.md$/i.test(last) ? parts.at(-2) ?? 'skill' : last.replace(/\.md$/i, '');
}
