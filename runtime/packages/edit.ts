/** Edits of `packages:` in the front matter, as the smallest change of text (D2). All else, comments and order too, stays as it is. */
import { isMap, isScalar, isSeq, type YAMLSeq } from 'yaml';
import { TelarError } from '../../contracts/errors.ts';
import type { Document, TextChange } from '../document/document.ts';
import { yamlOf } from '../document/front-matter.ts';
import { readRequirement } from './requirement.ts';

/** What a text stands as in a list: in quotes where YAML would take it for something else. */
const written = (text: string): string => (/^[A-Za-z][\w.~<>=!*+-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off)$/i.test(text) ? text : JSON.stringify(text));

const nameOf = (text: string): string | undefined => {
  const read = readRequirement(text);
  return typeof read === 'string' ? undefined : read.name;
};

/** The changes that add a requirement, or put it in the place of the one with its name. @throws TelarError `usage` when the front matter cannot be edited */
export function addPackage(document: Document, text: string): readonly TextChange[] {
  const { frontMatter: { at }, text: whole } = document;
  const end = /\r\n|\n|\r/.exec(whole)?.[0] ?? '\n';
  if (at === undefined) {
    const start = whole.startsWith('\uFEFF') ? 1 : 0;
    return [{ from: start, to: start, insert: `---${end}packages: [${written(text)}]${end}---${end}${end}` }];
  }
  const list = listOf(document);
  if (list === 'none') return [{ from: at.to, to: at.to, insert: `packages: [${written(text)}]${end}` }];
  if ('empty' in list) return [{ from: list.empty.from, to: list.empty.to, insert: ` [${written(text)}]` }];
  const items = itemsOf(list.seq, at.from);
  const same = items.find((item) => nameOf(item.text) === nameOf(text));
  if (same !== undefined) return same.text === text ? [] : [{ from: same.from, to: same.to, insert: written(text) }];
  const last = items.at(-1);
  if (last === undefined) {
    const open = at.from + list.seq.range![0] + 1;
    return [{ from: open, to: open, insert: written(text) }];
  }
  if (list.seq.flow === true) return [{ from: last.to, to: last.to, insert: `, ${written(text)}` }];
  const next = lineOf(whole, last.to).next;
  const dash = at.from + list.seq.range![0];
  return [{ from: next, to: next, insert: `${whole.slice(lineOf(whole, dash).from, dash)}- ${written(text)}${end}` }];
}

/** The changes that take a package away; with the last one `packages` goes. @throws TelarError `usage` when it is not there */
export function removePackage(document: Document, name: string): readonly TextChange[] {
  const { frontMatter: { at }, text: whole, file } = document;
  const list = at === undefined ? 'none' : listOf(document);
  const items = list === 'none' || 'empty' in list ? [] : itemsOf(list.seq, at!.from);
  const index = items.findIndex((item) => nameOf(item.text) === name);
  const item = items[index];
  if (item === undefined || list === 'none' || 'empty' in list) throw new TelarError('usage', `${file} does not ask for \`${name}\`. It asks for ${items.length === 0 ? 'no packages' : items.map(({ text }) => text).join(', ')}.`, { name });
  if (items.length === 1) {
    const first = lineOf(whole, at!.from + list.from);
    const last = lineOf(whole, Math.max(item.to, list.seq.flow === true ? at!.from + list.seq.range![1] - 1 : item.to) - 1);
    // Comments that stand inside the list were about it.
    const inside = /^(?:[ \t]+#[^\r\n]*(?:\r\n|\n|\r))*/.exec(whole.slice(last.next))![0].length;
    return [{ from: first.from, to: last.next + inside, insert: '' }];
  }
  if (list.seq.flow !== true) return [{ from: lineOf(whole, whole.lastIndexOf('-', item.from - 1)).from, to: lineOf(whole, item.to).next, insert: '' }];
  const next = items[index + 1];
  return next === undefined ? [{ from: items[index - 1]!.to, to: item.to, insert: '' }] : [{ from: item.from, to: next.from, insert: '' }];
}

/** Where `packages` stands; `from` is that of its key. */
function listOf({ text, file, problems, frontMatter: { at } }: Document): 'none' | { readonly empty: { readonly from: number; readonly to: number } } | { readonly seq: YAMLSeq; readonly from: number } {
  const yaml = yamlOf(text.slice(at!.from, at!.to));
  const wrong = problems.find(({ code }) => code === 'front-matter');
  const broken = new TelarError('usage', `The front matter of ${file} cannot be edited; mend it first: ${wrong === undefined ? `\`telar check ${file}\` says what is wrong.` : `${file}:${wrong.line}: ${wrong.message}`}`, { file });
  if (yaml === undefined || yaml.errors.length > 0 || (yaml.contents !== null && !isMap(yaml.contents))) throw broken;
  if (yaml.contents === null) return 'none';
  if (yaml.contents.flow === true) throw new TelarError('usage', `The front matter of ${file} is in braces; write it with one key a line first.`, { file });
  const pair = yaml.contents.items.find(({ key }) => isScalar(key) && key.value === 'packages');
  if (pair === undefined || !isScalar(pair.key)) return 'none';
  const { range } = pair.key;
  if (isSeq(pair.value)) return { seq: pair.value as YAMLSeq, from: range![0] };
  if (pair.value !== null && !(isScalar(pair.value) && pair.value.value === null)) throw broken;
  const colon = at!.from + range![1] + 1;
  const [from = 0, to = 0] = (pair.value as { range?: readonly number[] } | null)?.range ?? [];
  return { empty: { from: colon, to: to > from ? at!.from + to : colon } };
}

function itemsOf(seq: YAMLSeq, base: number): { readonly text: string; readonly from: number; readonly to: number }[] {
  return seq.items.flatMap((item) => (isScalar(item) && typeof item.value === 'string' && item.range ? [{ text: item.value, from: base + item.range[0], to: base + item.range[1] }] : []));
}

/** The line of a place: its beginning, and where the next one begins. */
function lineOf(text: string, at: number): { readonly from: number; readonly next: number } {
  const before = Math.max(text.lastIndexOf('\n', at - 1), text.lastIndexOf('\r', at - 1)) + 1;
  const end = /\r\n|\n|\r/g;
  end.lastIndex = at;
  const found = end.exec(text);
  return { from: before, next: found === null ? text.length : end.lastIndex };
}
