/**
 * The smallest change of a contract's text by which a person's decision is written down: an item added to `idioms`, `frozen` or `waivers`.
 * Comments, order and layout stay as they are; a text that cannot be changed so is refused, never written anew.
 */
import { isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Pair } from 'yaml';
import { TelarError } from '../../contracts/errors.ts';
import { normalForm, parseYamlBody } from '../yaml-body.ts';
import { straight } from './read-finder.ts';

/** What is added: a text, or a map of texts and lists of texts. */
export type Item = string | Readonly<Record<string, string | readonly string[]>>;

/**
 * Adds an item to the end of a top-level list of a contract.
 * @throws TelarError `refused` where the text has a form that cannot be changed in place
 */
export function addItem(text: string, section: 'idioms' | 'frozen' | 'waivers', item: Item): string {
  const before = parseYamlBody(straight(text));
  const edited = insert(text, section, item);
  const after = parseYamlBody(straight(edited));
  const had = (before.value as Record<string, unknown> | undefined)?.[section];
  const wanted = { ...(before.value as object), [section]: [...(Array.isArray(had) ? had : had === undefined || had === null ? [] : [had]), item] };
  // The order of sections is the text's own.
  if (after.problems.length > 0 || canonical(after.value) !== canonical(wanted)) throw refused(section);
  return edited;
}

/** Data without the order of its sections, and without the line break that a text at the end of a file gains. */
const canonical = (value: unknown): string => normalForm(Object.fromEntries(Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([key, part]) => [key, typeof part === 'string' ? part.trimEnd() : part])));
const refused = (section: string): TelarError => new TelarError('refused', `\`${section}\` cannot be changed in place as this file is written; add the item by hand.`, { section });

function insert(text: string, section: string, item: Item): string {
  const line = text.includes('\r\n') ? '\r\n' : '\n';
  const document = parseDocument(straight(text), { version: '1.2', schema: 'core', logLevel: 'silent' });
  if (!isMap(document.contents) || document.errors.length > 0) throw refused(section);
  const pair = document.contents.items.find(({ key }) => isScalar(key) && key.value === section) as Pair | undefined;
  if (pair === undefined) return `${text === '' || text.endsWith('\n') ? text : `${text}${line}`}${line}${section}:${line}${block(item, '  ', line)}`;
  const { value } = pair;
  if (isSeq(value) && value.range && value.flow === true) {
    const end = value.range[1] - 1;
    return `${text.slice(0, end).trimEnd()}${value.items.length === 0 ? '' : ', '}${flow(item)}${text.slice(end)}`;
  }
  if (isSeq(value) && value.range && value.items.length > 0) {
    const start = value.range[0];
    const indent = text.slice(text.lastIndexOf('\n', start - 1) + 1, start);
    const last = (value.items.at(-1) as { range?: [number, number, number] } | null)?.range?.[1];
    if (last === undefined || indent.trim() !== '') throw refused(section);
    const at = lineEnd(text, last);
    return `${text.slice(0, at)}${at > 0 && text[at - 1] !== '\n' ? line : ''}${block(item, indent, line)}${text.slice(at)}`;
  }
  if (isScalar(value) && (value.value === null || value.value === '') && value.range) {
    const at = lineEnd(text, (pair.key as { range: [number, number, number] }).range[1]);
    return `${text.slice(0, at)}${text[at - 1] === '\n' ? '' : line}${block(item, '  ', line)}${text.slice(at)}`;
  }
  throw refused(section);
}

/** Where the line of a place ends, with its line break; a block text ends behind its own. */
function lineEnd(text: string, at: number): number {
  if (text[at - 1] === '\n') return at;
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end + 1;
}

const quoted = (text: string): string => JSON.stringify(text);

/** An item of a block list. */
function block(item: Item, indent: string, line: string): string {
  if (typeof item === 'string') return `${indent}- ${quoted(item)}${line}`;
  return Object.entries(item).map(([key, value], at) => {
    const said = typeof value === 'string' ? ` ${quoted(value)}` : `${line}${value.map((one) => `${indent}    - ${quoted(one)}`).join(line)}`;
    return `${indent}${at === 0 ? '- ' : '  '}${key}:${said}${line}`;
  }).join('');
}

const flow = (item: Item): string => (typeof item === 'string' ? quoted(item)
  : `{${Object.entries(item).map(([key, value]) => `${key}: ${typeof value === 'string' ? quoted(value) : `[${value.map(quoted).join(', ')}]`}`).join(', ')}}`);
