/**
 * Places: from offsets to lines and columns, and from a body back to the text. Line starts are found when a place is first
 * asked for, and kept as long as the document.
 */
import { bodyLines } from './bodies.ts';
import type { Document, NotebookCell } from './document.ts';
import { lineStarts, placeIn } from './lines.ts';

const indexes = new WeakMap<Document, readonly number[]>();

/** Line and column, both from 1, of an offset in a document's text. */
export function offsetToPlace(document: Document, offset: number): { line: number; column: number } {
  let index = indexes.get(document);
  if (index === undefined) indexes.set(document, index = lineStarts(document.text));
  return placeIn(index, offset);
}

/** How a cell's fence begins: its spaces (they are taken from the lines of the body, too) and its run of signs. */
export function fenceStart(document: Document, cell: NotebookCell): { indent: number; run: string } {
  const [, spaces, run] = /^( *)(`+|~+)/.exec(document.text.slice(cell.fenceAt.from, cell.idAt.from))!;
  return { indent: spaces!.length, run: run! };
}

/**
 * The place in the text of an offset in a cell's body. An offset behind the body gives the end of the body's lines.
 * @param offset in UTF-16 units of `cell.body`
 */
export function bodyOffsetToText(document: Document, cell: NotebookCell, offset: number): number {
  let left = Math.max(0, offset);
  for (const line of bodyLines(document.text, cell.bodyAt, fenceStart(document, cell).indent)) {
    const size = line.pad + line.end - line.start;
    if (left <= size) return left < line.pad ? line.start - 1 : line.start + left - line.pad;
    left -= size + 1;
  }
  return cell.bodyAt.to;
}
