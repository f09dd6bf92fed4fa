/**
 * The front matter of a skill, read as the format means it: every scalar is a text (`version: 1.0` says "1.0"), nothing is an alias,
 * nothing is built. What is wrong is a flaw with a place; what can be read of the rest is kept.
 *
 * No judgement here of what a skill ought to say: that is the validator's. Aliases are never followed, so a bomb of them costs nothing.
 */
import { isAlias, isMap, isScalar, isSeq, parseDocument, visit } from 'yaml';
import type { Node, Pair, YAMLMap } from 'yaml';
import type { Range } from '../../contracts/errors.ts';

/** Longest front matter that is looked at, in UTF-16 units: a description has at most 1,024 characters. */
const LONGEST_FRONT = 65_536;

/** Something wrong with the text of a skill; `rule` is the validator's id of it. */
export interface SkillFlaw { readonly rule: string; readonly message: string; readonly at: Range }

/** A text that is cut into front matter and body. Offsets are those of the text with LF as line ends and without a byte order mark. */
export interface SkillParts {
  /** Place of the YAML; `undefined` when the text has none, or it does not end. */
  readonly yamlAt?: Range;
  readonly bodyFrom: number;
  readonly flaws: readonly SkillFlaw[];
}

/** One key at the top, with its value as a node of the `yaml` package. */
export interface FrontEntry { readonly key: string; readonly keyAt: Range; readonly at: Range; readonly node: Node | null }

/** What front matter says. `readable` is false when nothing of it can be believed. */
export interface Front { readonly entries: readonly FrontEntry[]; readonly flaws: readonly SkillFlaw[]; readonly readable: boolean }

/** Line ends as LF, without a byte order mark: what all offsets are of. */
export const plainText = (text: string): string => text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');

/** Finds the two lines of dashes. */
export function splitSkill(text: string): SkillParts {
  const start = { from: 0, to: Math.min(text.length, 3) };
  if (!/^---[ \t]*(?:\n|$)/.test(text)) {
    return { bodyFrom: 0, flaws: [{ rule: 'start', message: 'It does not begin with front matter. Let the first line be `---`, then `name:` and `description:`, then `---`.', at: start }] };
  }
  const from = text.indexOf('\n') + 1;
  const end = from === 0 ? null : /^---[ \t]*$/m.exec(text.slice(from, from + LONGEST_FRONT));
  if (end === null) return { bodyFrom: text.length, flaws: [{ rule: 'unclosed', message: 'The front matter does not end. Put a line `---` below its last key.', at: start }] };
  const to = from + end.index;
  const next = text.indexOf('\n', to);
  return { yamlAt: { from, to }, bodyFrom: next < 0 ? text.length : next + 1, flaws: [] };
}

/** Reads the YAML at a place. Total. */
export function readFront(text: string, { from, to }: Range): Front {
  const flaws: SkillFlaw[] = [];
  const flaw = (rule: string, message: string, at: Range): void => { flaws.push({ rule, message, at }); };
  const span = (node: { range?: readonly number[] | null } | null | undefined): Range => {
    const range = node?.range;
    return range === null || range === undefined ? { from, to } : { from: from + range[0]!, to: Math.min(to, from + range[1]!) };
  };
  let document;
  try {
    document = parseDocument(text.slice(from, to), { schema: 'failsafe', prettyErrors: false, logLevel: 'silent' });
    for (const error of document.errors.slice(0, 5)) {
      const at = { from: Math.min(from + error.pos[0], to), to: Math.min(from + Math.max(error.pos[1], error.pos[0]), to) };
      if (error.code === 'DUPLICATE_KEY') flaw('duplicate-key', 'The same key stands twice. Keep one of them.', at);
      else flaw('yaml', `It is not valid YAML: ${error.message.split('\n')[0]!.replace(/[.:]$/, '').slice(0, 200)}. Mend this line; a text with \`: \` or \`#\` in it needs quotes.`, at);
    }
    visit(document, (_, node) => {
      if (flaws.length > 10) return visit.BREAK;
      if (isAlias(node)) flaw('alias', 'Aliases (`*name`) are not allowed in a skill. Write the value out.', span(node));
      else if (typeof node === 'object' && node !== null && 'anchor' in node && node.anchor !== undefined) flaw('alias', 'Anchors (`&name`) are not allowed in a skill. Take it out.', span(node as Node));
      else if (typeof node === 'object' && node !== null && 'tag' in node && node.tag !== undefined && 'range' in node && isTagged(text, span(node as Node))) flaw('tag', 'Tags (`!name`) are not allowed in a skill. Take it out.', span(node as Node));
      if ((isMap(node) || isSeq(node)) && node.flow === true) flaw('block-style', 'Braces and brackets are not allowed in the front matter of a skill. Write one `key: value` a line, indented under its key.', span(node));
      return undefined;
    });
  } catch {
    return { entries: [], readable: false, flaws: [{ rule: 'yaml', message: 'The front matter is nested too deeply to be read. Make it flat.', at: { from, to } }] };
  }
  const broken = flaws.some(({ rule }) => rule === 'yaml' || rule === 'alias' || rule === 'duplicate-key');
  if (!isMap(document.contents)) {
    if (!broken) flaw('not-a-map', 'The front matter must be keys with values, as in `name: my-skill`.', { from, to });
    return { entries: [], flaws, readable: false };
  }
  return { entries: entriesOf(document.contents, span), flaws, readable: !broken };
}

/** The keys and values of a map of YAML. */
export function entriesOf(map: YAMLMap, span: (node: Node | null) => Range): FrontEntry[] {
  return (map.items as Pair<Node, Node | null>[]).map(({ key, value }) => ({ key: isScalar(key) ? String(key.value) : '', keyAt: span(key), at: value === null || value.range?.[0] === value.range?.[1] ? span(key) : span(value), node: value }));
}

/** The text of a scalar; `undefined` for anything else. An empty value is an empty text. */
export function textOf(node: Node | null): string | undefined {
  return node === null ? '' : isScalar(node) ? String(node.value ?? '') : undefined;
}

/** Whether a tag is written there, before the value. */
const isTagged = (text: string, { from }: Range): boolean => /![^\s]*\s*$/.test(text.slice(Math.max(text.lastIndexOf('\n', from - 1) + 1, from - 200), from)) || text[from] === '!';
