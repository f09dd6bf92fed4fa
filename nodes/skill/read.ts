/**
 * Reading a skill: both forms. The open Agent Skills format (`SKILL.md` with `name`, `description`, `license`, `compatibility`,
 * `metadata`, `allowed-tools`), and the older form with `category` and `keywords` at the top and a name in words.
 *
 * Liberal on purpose: what can be read is read, and what is odd is a flaw beside it. Only what nobody can believe gives no skill.
 */
import { isMap, isSeq } from 'yaml';
import type { Node } from 'yaml';
import { entriesOf, plainText, readFront, splitSkill, textOf } from './front.ts';
import type { Front, FrontEntry, SkillFlaw, SkillParts } from './front.ts';

/** Largest `SKILL.md` that is read. A model could not take it anyway. */
export const LARGEST_SKILL = 1024 * 1024;

/** Of a heading; the rest of the line counts as no heading. */
const LONGEST_HEADING = 500;

/** The keys of the open format. */
export const SKILL_KEYS = ['name', 'description', 'license', 'compatibility', 'metadata', 'allowed-tools'] as const;

/** What a skill's text says. */
export interface SkillText {
  /** `older`: it has keys that only the seeds' form has. */
  readonly form: 'agent-skill' | 'older';
  /** As written; empty when it has none. */
  readonly name: string;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly license?: string;
  readonly compatibility?: string;
  readonly allowedTools?: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Further keys at the top, as texts: `category` of the older form. */
  readonly other: Readonly<Record<string, string>>;
  /** The Markdown, without front matter and the blank lines around. */
  readonly body: string;
  /** Headings of the body, outside of its fences. */
  readonly headings: readonly string[];
}

/** A text in parts, as the validator looks at it. `text` has LF as line ends and no byte order mark. */
export interface SkillSource { readonly text: string; readonly parts: SkillParts; readonly front: Front; readonly flaws: readonly SkillFlaw[] }

/** Bytes as a text. @returns a flaw when they are no UTF-8, too many, or nothing */
export function decodeSkill(bytes: Uint8Array): { readonly raw: string } | SkillFlaw {
  const at = { from: 0, to: 0 };
  if (bytes.length > LARGEST_SKILL) return { rule: 'size', message: `It has ${bytes.length} bytes; a \`SKILL.md\` has at most ${LARGEST_SKILL}. Move what is long into files beside it.`, at };
  try {
    const raw = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return raw.trim() === '' ? { rule: 'empty', message: 'The file is empty. Write front matter with `name` and `description`, and the instructions below it.', at } : { raw };
  } catch {
    return { rule: 'utf8', message: 'It is not UTF-8. Save it as UTF-8 without a byte order mark.', at };
  }
}

/** Cuts a text and reads its front matter. */
export function openSkill(raw: string): SkillSource {
  const text = plainText(raw);
  const parts = splitSkill(text);
  const front = parts.yamlAt === undefined ? { entries: [], flaws: [], readable: false } : readFront(text, parts.yamlAt);
  return { text, parts, front, flaws: [...parts.flaws, ...front.flaws] };
}

/** What an opened text says; `undefined` when its front matter cannot be believed. */
export function readSkill({ text, parts, front }: SkillSource): SkillText | undefined {
  if (!front.readable) return undefined;
  const byKey = new Map(front.entries.map((entry) => [entry.key, entry]));
  const say = (key: string): string => squeeze(textOf(byKey.get(key)?.node ?? null) ?? '');
  const optional = (key: string): string | undefined => (byKey.has(key) ? say(key) : undefined);
  const metadata = mapOf(byKey.get('metadata')?.node ?? null);
  const other = Object.fromEntries(front.entries.filter(({ key }) => !isSkillKey(key) && key !== 'keywords').map(({ key, node }) => [key, flat(node)]));
  const body = text.slice(parts.bodyFrom).trim();
  const [license, compatibility, allowedTools] = [optional('license'), optional('compatibility'), optional('allowed-tools')];
  return {
    form: byKey.has('category') || byKey.has('keywords') ? 'older' : 'agent-skill', name: say('name'), description: say('description'),
    keywords: byKey.has('keywords') ? listOf(byKey.get('keywords') as FrontEntry) : (metadata.keywords ?? '').split(',').map(squeeze).filter((one) => one !== ''),
    ...(license === undefined ? {} : { license }), ...(compatibility === undefined ? {} : { compatibility }), ...(allowedTools === undefined ? {} : { allowedTools }),
    metadata, other, body, headings: headingsOf(body),
  };
}

/** Whether a key is one of the open format. */
export const isSkillKey = (key: string): boolean => (SKILL_KEYS as readonly string[]).includes(key);

/** Headings of Markdown, outside of its fences. */
function headingsOf(body: string): string[] {
  return outsideFences(body).flatMap((line) => /^ {0,3}#{1,6}[ \t]+(.*)$/.exec(line.slice(0, LONGEST_HEADING))?.[1]?.replace(/[ \t]+#+[ \t]*$/, '').trim() ?? []).filter((heading) => heading !== '');
}

/** The lines of Markdown; those of fences are empty, so that numbers stay. */
export function outsideFences(body: string): string[] {
  let fence = '';
  return body.split('\n').map((line) => {
    const mark = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line);
    if (fence === '') {
      if (mark === null || (mark[1]!.startsWith('`') && mark[2]!.includes('`'))) return line;
      fence = mark[1]!;
    } else if (mark !== null && mark[1]!.startsWith(fence) && mark[2]!.trim() === '') fence = '';
    return '';
  });
}

const squeeze = (text: string): string => text.replace(/\s+/g, ' ').trim();

function mapOf(node: Node | null): Record<string, string> {
  if (!isMap(node)) return {};
  const map: Record<string, string> = {};
  for (const { key, node: value } of entriesOf(node, () => ({ from: 0, to: 0 }))) Object.defineProperty(map, key, { value: flat(value), enumerable: true, configurable: true, writable: true });
  return map;
}

/** `[a, b]`, a block list, or a text with commas. */
function listOf({ node }: FrontEntry): string[] {
  const items = isSeq(node) ? node.items.map((item) => textOf(item as Node | null) ?? '') : (textOf(node) ?? '').split(',');
  return items.map(squeeze).filter((item) => item !== '');
}

/** Any value as one text. What is nested is told by the validator; here two levels are enough. */
function flat(node: Node | null): string {
  if (isSeq(node)) return node.items.map((item) => textOf(item as Node | null) ?? '').filter((item) => item !== '').join(', ');
  return squeeze(textOf(node) ?? '');
}
