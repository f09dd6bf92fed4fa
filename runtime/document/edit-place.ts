/**
 * Edits of place: a fence comes, goes, or moves. Blank lines between blocks belong to the page: a new fence gets one on each
 * side where none is, a fence that goes takes one of two with it, and prose on both sides is never joined.
 */
import { TelarError } from '../../contracts/errors.ts';
import { isKey, writeAttribute } from './attributes.ts';
import { applyChanges } from './changes.ts';
import type { Document, Edit, NotebookCell, TextChange } from './document.ts';
import { fenceLength, givenLines, lineEnd } from './edit-body.ts';
import { scanFences } from './fences.ts';
import type { Fence } from './fences.ts';
import { languageKinds } from './languages.ts';
import { isBlank } from './lines.ts';
import { parseDocument } from './parse.ts';
import { fenceStart } from './places.ts';

/** Writes a new fence after a node, or at the end. */
export function addNode(document: Document, edit: Edit & { type: 'addNode' }, after: NotebookCell | undefined): readonly TextChange[] {
  const eol = lineEnd(document.text);
  if (!/^[^\s{}`]*$/.test(edit.language) || /^[~#.]/.test(edit.language)) throw new TelarError('usage', `\`${edit.language}\` cannot be the language of a fence; write one word.`, { language: edit.language });
  if (edit.kind !== undefined && (!isKey(edit.kind) || edit.kind.includes('.'))) throw new TelarError('usage', `\`${edit.kind}\` cannot be a kind; write one word.`, { kind: edit.kind });
  const params = Object.entries(edit.params ?? {});
  for (const [key] of params) if (!isKey(key)) throw new TelarError('usage', `\`${key}\` cannot be a key of a fence line.`, { key });
  const kind = edit.kind === undefined || edit.kind === languageKinds[edit.language.toLowerCase()] ? [] : [`.${edit.kind}`];
  const parts = [`#${edit.id}`, ...kind, ...params.map(([key, value]) => writeAttribute(key, value))];
  const lines = givenLines(edit.body);
  const run = '`'.repeat(fenceLength(lines, '`', 0, 3));
  const fence = [`${run}${edit.language} {${parts.join(' ')}}`, ...lines, run].map((line) => line + eol).join('');
  return [insertion(document, after?.at.to ?? document.text.length, fence)];
}

/** Takes a fence away. */
export function removeNode(document: Document, cell: NotebookCell): readonly TextChange[] {
  const change = removal(document, cell);
  const rest = document.cells.filter((other) => other !== cell);
  const sameAs = (changes: readonly TextChange[]): boolean => {
    const { cells } = parseDocument(applyChanges(document.text, changes), document.file);
    return cells.length === rest.length && cells.every((other, index) => other.id === rest[index]!.id && other.body === rest[index]!.body);
  };
  if (sameAs([change])) return [change];
  // The fence was what ended a list above an indented fence; the usual way to end a list is an empty comment.
  return [{ ...change, insert: `<!-- -->${lineEnd(document.text)}` }];
}

/** Moves a fence's text behind another, or before all; nothing when it stands there already. */
export function moveNode(document: Document, cell: NotebookCell, after: NotebookCell | undefined): readonly TextChange[] {
  const { text, cells } = document;
  const index = cells.indexOf(cell);
  if (cell === after || cells[index - 1] === after) return [];
  const fence = text.slice(cell.at.from, cell.at.to) + closing(document, cell);
  const place = after?.at.to ?? cells[0]!.at.from;
  return [...removeNode(document, cell), insertion(document, place, fence)];
}

/** What a fence lacks to stand anywhere: a last line end, or its closing line. */
function closing(document: Document, cell: NotebookCell): string {
  const { text } = document;
  const eol = lineEnd(text);
  const ended = /[\r\n]/.test(text[cell.at.to - 1]!) ? '' : eol;
  if (cell.bodyAt.to < cell.at.to) return ended;
  const { indent, run } = fenceStart(document, cell);
  return `${ended}${' '.repeat(indent)}${run}${eol}`;
}

/** Puts a whole fence at a place between blocks, with blank lines around. */
function insertion(document: Document, at: number, fence: string): TextChange {
  const { text } = document;
  const eol = lineEnd(text);
  let before = '';
  if (at === text.length) {
    const { fences, open } = scanFences(text, document.frontMatter.at === undefined ? Number(text.startsWith('\uFEFF')) : afterDashes(document));
    if (open === 'html') throw new TelarError('usage', `${document.file} ends inside HTML that is never closed (a comment, perhaps); close it first.`, { file: document.file });
    if (!/[\r\n\uFEFF]/.test(text.at(-1) ?? '\n')) before += eol;
    if (open === 'fence') before += closingRun(fences.at(-1)!) + eol;
  }
  const above = before === '' ? lineBefore(text, at) : undefined;
  if (before !== '' || (above !== undefined && !above.blank)) before += eol;
  const below = lineAfter(text, at);
  return { from: at, to: at, insert: before + fence + (below === undefined || below.blank ? '' : eol) };
}

const closingRun = (fence: Fence): string => ' '.repeat(fence.indent) + fence.mark.repeat(fence.length);

/** Where Markdown begins below the front matter. */
function afterDashes(document: Document): number {
  return lineAfter(document.text, document.frontMatter.at!.to)!.at;
}

/** A fence's span, with one of two blank lines, or a blank line in its stead where it stood between two lines of prose. */
function removal(document: Document, cell: NotebookCell): TextChange {
  const { text } = document;
  const { from, to } = cell.at;
  const above = lineBefore(text, from);
  const below = lineAfter(text, to);
  if (above?.blank && (below === undefined || below.blank)) return { from: above.at, to, insert: '' };
  // Without a line above, dashes below would become front matter.
  if (above === undefined) return below?.blank && !text.startsWith('---', below.at) ? { from, to: below.at, insert: '' } : { from, to, insert: text.startsWith('---', to) ? lineEnd(text) : '' };
  return { from, to, insert: below === undefined || above.blank || below.blank ? '' : lineEnd(text) };
}

/** The line that ends at a place: where it begins, and whether it is blank. */
function lineBefore(text: string, place: number): { at: number; blank: boolean } | undefined {
  const start = text.startsWith('\uFEFF') ? 1 : 0;
  if (place <= start) return undefined;
  let end = place;
  if (text[end - 1] === '\n') end -= 1;
  if (text[end - 1] === '\r' && (end < place || text[place] !== '\n')) end -= 1;
  let at = end;
  while (at > start && text[at - 1] !== '\n' && text[at - 1] !== '\r') at -= 1;
  return { at, blank: isBlank(text, at, end) };
}

/** The line that begins at a place: where it ends with its line end, and whether it is blank. */
function lineAfter(text: string, place: number): { at: number; blank: boolean } | undefined {
  if (place >= text.length) return undefined;
  let end = place;
  while (end < text.length && text[end] !== '\n' && text[end] !== '\r') end += 1;
  const at = text.startsWith('\r\n', end) ? end + 2 : Math.min(end + 1, text.length);
  return { at, blank: isBlank(text, place, end) };
}
