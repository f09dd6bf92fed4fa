/** Rules of a skill's front matter: its keys, and what each may say. */
import { isMap, isScalar } from 'yaml';
import type { Node } from 'yaml';
import type { Range } from '../../contracts/errors.ts';
import { didYouMean } from '../../nodes/nearest.ts';
import { entriesOf, textOf } from '../../nodes/skill/front.ts';
import type { FrontEntry } from '../../nodes/skill/front.ts';
import { isSkillKey, SKILL_KEYS } from '../../nodes/skill/read.ts';
import type { SkillSource } from '../../nodes/skill/read.ts';
import type { RuleFlaw, SkillRule } from './rules.ts';

/** Breaches in the front matter, beyond that it can be read. */
export function frontFlaws({ text, parts, front }: SkillSource, folder: string): RuleFlaw[] {
  const flaws: RuleFlaw[] = [];
  const flaw = (rule: SkillRule, message: string, at: Range): void => { flaws.push({ rule, message, at }); };
  if (parts.yamlAt === undefined) return flaws;
  const { from, to } = parts.yamlAt;
  const opening = text.slice(0, from - 1);
  if (opening !== '---') flaw('start-spaces', 'There are spaces after the first `---`. Take them out.', { from: 3, to: from - 1 });
  const closing = text.slice(to, parts.bodyFrom).replace(/\n$/, '');
  if (closing !== '---') flaw('start-spaces', 'There are spaces after the second `---`. Take them out.', { from: to + 3, to: to + closing.length });
  const dashes = text.indexOf('---', from);
  if (dashes < to && dashes >= 0) flaw('dashes', 'There is `---` inside of the front matter, where some readers end it. Write it otherwise.', { from: dashes, to: dashes + 3 });
  if (!front.readable) return flaws;

  const byKey = new Map(front.entries.map((entry) => [entry.key, entry]));
  for (const { key, keyAt } of front.entries) {
    if (!isSkillKey(key)) flaw('unknown-key', `\`${key}\` is no key of a skill.${didYouMean(key, SKILL_KEYS) || ` Put it under \`metadata:\` (\`telar skills convert\` does so), or take it out. Known: ${SKILL_KEYS.join(', ')}.`}`, keyAt);
  }
  const order = front.entries.map(({ key }) => (SKILL_KEYS as readonly string[]).indexOf(key)).filter((at) => at >= 0);
  if (order.some((at, index) => index > 0 && at < order[index - 1]!)) flaw('key-order', `The usual order of keys is ${SKILL_KEYS.join(', ')}.`, front.entries[0]!.keyAt);
  nameFlaws(byKey.get('name'), folder, parts.yamlAt, flaw);
  descriptionFlaws(byKey.get('description'), text, parts.yamlAt, flaw);
  const isText = (entry: FrontEntry | undefined): boolean => entry === undefined || textOf(entry.node) !== undefined;
  const license = byKey.get('license');
  if (!isText(license)) flaw('license-form', '`license` must be a text, as `license: MIT`.', license!.at);
  const tools = byKey.get('allowed-tools');
  if (!isText(tools)) flaw('allowed-tools-form', '`allowed-tools` must be one text: names with spaces between, as `Read Bash(git:*)`.', tools!.at);
  const compatibility = byKey.get('compatibility');
  const said = textOf(compatibility?.node ?? null);
  if (said === undefined || lengthOf(said) > 500) flaw('compatibility-form', `\`compatibility\` must be a text of at most 500 characters${said === undefined ? '' : `; it has ${lengthOf(said)}`}.`, compatibility!.at);
  metadataFlaws(byKey.get('metadata'), from, flaw);
  return flaws;
}

type Flaw = (rule: SkillRule, message: string, at: Range) => void;

function nameFlaws(entry: FrontEntry | undefined, folder: string, at: Range, flaw: Flaw): void {
  const said = entry === undefined ? undefined : textOf(entry.node);
  if (entry === undefined || said === undefined || said.trim() === '') {
    flaw('name-missing', `${entry === undefined ? 'There is no `name`' : said === undefined ? '`name` is no text' : '`name` is empty'}. Write \`name: ${folder}\`.`, entry?.at ?? start(at));
    return;
  }
  const name = said.trim().normalize('NFKC');
  const form = name !== name.toLowerCase() ? 'has capital letters' : /^-|-$/.test(name) ? 'begins or ends with a hyphen' : name.includes('--') ? 'has two hyphens in a row' : /^[\p{L}\p{N}-]+$/u.test(name) ? undefined : 'has signs other than letters, digits and hyphens';
  if (form !== undefined) flaw('name-form', `\`${name.slice(0, 80)}\` ${form}. Write words of small letters and digits with single hyphens between, as \`weekly-report\`.`, entry.at);
  else if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) flaw('name-ascii', `\`${name.slice(0, 80)}\` has letters or digits beyond a to z and 0 to 9, which not every reader takes. Write it without them.`, entry.at);
  if (lengthOf(name) > 64) flaw('name-length', `The name has ${lengthOf(name)} characters; 64 are allowed. Shorten it.`, entry.at);
  if (name !== folder.normalize('NFKC')) flaw('name-folder', `The skill is called \`${name.slice(0, 80)}\`, its folder \`${folder}\`. Give both the same name.`, entry.at);
  const reserved = /claude|anthropic/i.exec(name)?.[0];
  if (reserved !== undefined) flaw('name-reserved', `"${reserved}" is a reserved word in names of skills. Take it out.`, entry.at);
}

function descriptionFlaws(entry: FrontEntry | undefined, text: string, at: Range, flaw: Flaw): void {
  const said = entry === undefined ? undefined : textOf(entry.node);
  if (entry === undefined || said === undefined || said.trim() === '') {
    flaw('description-missing', `${entry === undefined ? 'There is no `description`' : said === undefined ? '`description` is no text' : '`description` is empty'}. Say what the skill does and when to use it.`, entry?.at ?? start(at));
    return;
  }
  const length = lengthOf(said);
  if (length > 1024) flaw('description-length', `The description has ${length} characters; 1,024 are allowed. Move what is more into the instructions.`, entry.at);
  else if (length < 130 || length > 250) flaw('description-short', `The description has ${length} characters; 130 to 250 are right for a reader that chooses by it.`, entry.at);
  if (!/^[\x20-\x7e]*$/.test(said) || text.slice(entry.at.from, entry.at.to).trimEnd().includes('\n')) flaw('description-line', 'The description must be one line of ASCII. Write it so, in quotes.', entry.at);
  const sign = /[<>]/.exec(said)?.[0];
  if (sign !== undefined) flaw('description-signs', `There is \`${sign}\` in the description, which some readers take for markup. Say it in words.`, entry.at);
  if (!/^(?:Use|When|For)\b/.test(said.trim())) flaw('description-trigger', 'The description must begin with when to use the skill: `Use when …`.', entry.at);
}

function metadataFlaws(entry: FrontEntry | undefined, from: number, flaw: Flaw): void {
  if (entry === undefined || entry.node === null) return;
  if (!isMap(entry.node)) { flaw('metadata-form', '`metadata` must be keys with texts, one a line and indented.', entry.at); return; }
  const span = (node: Node | null): Range => { const range = node?.range; return range === null || range === undefined ? entry.at : { from: from + range[0], to: from + range[1] }; };
  for (const { key, keyAt, at, node } of entriesOf(entry.node, span)) {
    if (node !== null && !isScalar(node)) flaw('metadata-nested', `\`metadata.${key}\` is nested. Metadata is flat: write each value as a text under a key of its own.`, at);
    else if (node === null || !['QUOTE_DOUBLE', 'QUOTE_SINGLE'].includes(String(node.type))) flaw('metadata-quoted', `\`metadata.${key}\` is not in quotes, so readers may take it for a number or a date. Put it in quotes.`, node === null ? keyAt : at);
  }
}

/** Characters as Python counts them. */
const lengthOf = (text: string): number => [...text].length;
const start = ({ from }: Range): Range => ({ from, to: from });
