/**
 * Attributes: the info string of a fence, `language {#id .kind key=value key="two words" in.port=node flag}`, with the place of
 * each part. Pandoc's form, and two things more: flags (`disabled`, `mute`), and escapes in quotes (`\"`, `\\`, `\n`, `\r`,
 * `\t`, `\u0060`), so that any value fits in one line, also behind backticks. It knows no kind and checks no key's meaning.
 */
import type { Range } from '../../contracts/errors.ts';
import type { Attribute, WrittenWire } from './document.ts';
import { isBlank } from './lines.ts';

/** What is wrong in an info string, in place. */
interface InfoProblem { readonly message: string; readonly at: Range }

/** A parsed info string. Ranges are places in the whole text. */
export interface Info {
  /** The first word as written; `''` if there is none. */
  readonly language: string;
  /** `{` and `}` included; `undefined` when there is no attribute list, and the fence is an example. */
  readonly list?: Range;
  /** `#id` and `.kind`, without their signs. */
  readonly id?: string;
  readonly idAt?: Range;
  readonly kind?: string;
  readonly kindAt?: Range;
  readonly attributes: readonly Attribute[];
  /** End of the last part that could be read: where a further one goes. */
  readonly partsEnd: number;
  readonly problems: readonly InfoProblem[];
}

const flags = new Set(['disabled', 'mute']);
/** Common keys that say yes or no and are no flags: a person writes them alone at first. */
const answers = new Set(['isolated']);

/** Reads the info string at a span of the text. Total: what cannot be read is a problem in the result. */
export function parseInfo(text: string, span: Range): Info {
  const end = span.to;
  const problems: InfoProblem[] = [];
  let at = span.from;
  while (at < end && !isSpace(text, at) && text[at] !== '{') at += 1;
  const language = text.slice(span.from, at);
  at = pass(text, at, end);
  const found = text[at] === '{' && at < end ? at : lateList(text, at, end);
  if (found < 0) return { language, attributes: [], partsEnd: at, problems };
  if (found > at) problems.push({ message: 'Only the language may stand before `{`; take the rest away.', at: { from: at, to: found } });
  return { language, ...parseList(text, found, end, problems) };
}

/** A list that comes after more than one word: `python title {#a}`. */
function lateList(text: string, from: number, end: number): number {
  for (let at = from; at + 1 < end; at++) if (text[at] === '{' && text[at + 1] === '#' && isSpace(text, at - 1)) return at;
  return -1;
}

function parseList(text: string, from: number, end: number, problems: InfoProblem[]): Omit<Info, 'language'> {
  const attributes: Attribute[] = [];
  let id: Range | undefined;
  let kind: Range | undefined;
  let partsEnd = from + 1;
  let at = pass(text, from + 1, end);
  while (at < end && text[at] !== '}') {
    const start = at;
    at = wordEnd(text, at, end);
    if (text[start] === '#' || text[start] === '.') {
      const name = { from: start + 1, to: at };
      if (text[start] === '#' && id === undefined) id = name;
      else if (text[start] === '.' && kind === undefined && at > start + 1) kind = name;
      else problems.push({ message: `\`${text.slice(start, Math.min(at, start + 60))}\` is one ${text[start] === '#' ? 'id' : 'class'} too many; keep one.`, at: { from: start, to: at } });
    } else if (text[at] === '=' && at < end && at > start) {
      const value = parseValue(text, at + 1, end);
      const to = value.at.to;
      if (!value.ended) problems.push({ message: 'The quoted value has no closing quote; add it.', at: value.at });
      attributes.push({ key: text.slice(start, at), value: value.value, at: { from: start, to }, valueAt: value.at });
      at = to;
    } else if (flags.has(text.slice(start, at))) {
      attributes.push({ key: text.slice(start, at), value: 'true', at: { from: start, to: at }, valueAt: { from: start, to: at } });
    } else {
      while (at < end && !isSpace(text, at) && text[at] !== '}') at += 1;
      if (at === start) at += 1;
      const word = text.slice(start, Math.min(at, start + 60));
      problems.push({ message: `\`${word}\` is not of the form key=value; ${answers.has(word) ? `write \`${word}=true\`` : 'write it so, or take it away'}.`, at: { from: start, to: at } });
    }
    partsEnd = at;
    if (at < end && text[at] !== '}' && !isSpace(text, at)) problems.push({ message: 'Two keys need a space between them; add it.', at: { from: at, to: at + 1 } });
    at = pass(text, at, end);
  }
  const closed = at < end;
  if (!closed) problems.push({ message: 'The attribute list has no closing `}`; add it at the end of the line.', at: { from, to: end } });
  else if (!isBlank(text, at + 1, end)) problems.push({ message: 'Nothing may follow `}` on a fence line; take it away.', at: { from: at + 1, to: end } });
  return {
    list: { from, to: closed ? at + 1 : end }, attributes, partsEnd, problems,
    ...(id === undefined ? {} : { id: text.slice(id.from, id.to), idAt: id }),
    ...(kind === undefined ? {} : { kind: text.slice(kind.from, kind.to), kindAt: kind }),
  };
}

const isSpace = (text: string, at: number): boolean => text[at] === ' ' || text[at] === '\t';

function pass(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && isSpace(text, at)) at += 1;
  return at;
}

function wordEnd(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && !isSpace(text, at) && !'=}{"\''.includes(text[at]!)) at += 1;
  return at;
}

function parseValue(text: string, from: number, end: number): { value: string; at: Range; ended: boolean } {
  const quote = text[from];
  let at = from;
  if (from >= end || (quote !== '"' && quote !== "'")) {
    while (at < end && !isSpace(text, at) && text[at] !== '}') at += 1;
    return { value: text.slice(from, at), at: { from, to: at }, ended: true };
  }
  for (at = from + 1; at < end && text[at] !== quote; at++) if (text[at] === '\\' && at + 1 < end) at += 1;
  const ended = at < end;
  return { value: unescape(text.slice(from + 1, at)), at: { from, to: ended ? at + 1 : end }, ended };
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', "'": "'", '\\': '\\' };

/** An escape that is none keeps its backslash: `C:\data` means what it says. */
const unescape = (text: string): string => text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gsu, (whole, hex: string | undefined, sign: string | undefined) =>
  hex === undefined ? escapes[sign ?? ''] ?? whole : String.fromCharCode(Number.parseInt(hex, 16)));

/** A value as it is written on a fence line: bare where that is safe, else in double quotes. */
export function writeValue(value: string): string {
  if (/^[^\s{}"'`=\\\0]+$/.test(value)) return value;
  const inner = value.replace(/["\\\n\r\t`]/g, (sign) =>
    sign === '\n' ? '\\n' : sign === '\r' ? '\\r' : sign === '\t' ? '\\t' : sign === '`' ? '\\u0060' : `\\${sign}`);
  return `"${inner}"`;
}

/** A key with its value as it is written: a flag that is true stands alone. */
export const writeAttribute = (key: string, value: string): string => (flags.has(key) && value === 'true' ? key : `${key}=${writeValue(value)}`);

/** Whether a key can be written on a fence line. */
export const isKey = (key: string): boolean => /^[^\s{}"'`=#.][^\s{}"'`=]*$/.test(key);

/** The wire that a key states; `undefined` when it is no `in.` key, or names no port or no node. */
export function wireOf<T extends Pick<Attribute, 'key' | 'value'>>(attribute: T): (Omit<WrittenWire, 'attribute'> & { readonly attribute: T }) | undefined {
  if (!attribute.key.startsWith('in.')) return undefined;
  const optional = attribute.key.endsWith('?');
  const port = attribute.key.slice(3, optional ? -1 : undefined);
  const dot = attribute.value.indexOf('.');
  const node = dot < 0 ? attribute.value : attribute.value.slice(0, dot);
  const output = dot < 0 ? undefined : attribute.value.slice(dot + 1);
  if (port === '' || node === '' || output === '') return undefined;
  return { port, node, ...(output === undefined ? {} : { output }), optional, attribute };
}
