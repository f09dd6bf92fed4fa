/**
 * Edit of a body. Lines at its beginning and end that stay the same keep their bytes; the others are written with the fence's
 * own indentation and line end. A line that would close the fence makes both fence lines longer (D7), nothing else changes there.
 */
import { bodyLines } from './bodies.ts';
import type { Document, NotebookCell, TextChange } from './document.ts';
import { linesOf } from './lines.ts';
import { fenceStart } from './places.ts';

/** The line end of a text: that of its first line. */
export const lineEnd = (text: string): string => /\r\n|\r|\n/.exec(text)?.[0] ?? '\n';

/** The lines of a body that somebody gives: any line ends, a final one or none. */
export function givenLines(body: string): readonly string[] {
  const lines = body.split(/\r\n|\r|\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** How long a fence must be so that no line of a body closes it. */
export function fenceLength(lines: readonly string[], mark: string, indent: number, least: number): number {
  let length = least;
  for (const line of lines) {
    const run = /^( *)(`+|~+)[ \t]*$/.exec(line);
    if (run !== null && run[2]![0] === mark && run[1]!.length + indent < 4) length = Math.max(length, run[2]!.length + 1);
  }
  return length;
}

/** Replaces a body. */
export function setBody(document: Document, cell: NotebookCell, body: string): readonly TextChange[] {
  const { text } = document;
  const { indent, run } = fenceStart(document, cell);
  const old = bodyLines(text, cell.bodyAt, indent);
  const oldLines = old.map((line) => ' '.repeat(line.pad) + text.slice(line.start, line.end));
  const lines = givenLines(body);
  let head = 0;
  while (head < lines.length && lines[head] === oldLines[head]) head += 1;
  let tail = 0;
  while (tail < Math.min(lines.length, oldLines.length) - head && lines.at(-1 - tail) === oldLines.at(-1 - tail)) tail += 1;
  const changes: TextChange[] = [];
  if (head + tail < Math.max(lines.length, oldLines.length)) {
    const opening = text.slice(cell.fenceAt.from, cell.fenceAt.to);
    const eol = lineEnd(/[\r\n]/.test(opening) ? opening : text);
    const from = old[head]?.from ?? cell.bodyAt.to;
    const last = tail === 0 ? undefined : old[old.length - tail];
    const to = last?.from ?? cell.bodyAt.to;
    const insert = lines.slice(head, lines.length - tail).map((line) => (line === '' ? '' : ' '.repeat(indent) + line) + eol).join('');
    // A fence that is never closed may end without a line end.
    const joins = from > 0 && from === to && to === text.length && insert !== '' && !/[\r\n]/.test(text[from - 1]!);
    changes.push({ from, to, insert: (joins ? eol : '') + insert });
  }
  const length = fenceLength(lines, run[0]!, indent, run.length);
  // Where only one side of a conflict closed the fence, a new body has to.
  if (changes.length > 0 && cell.bodyAt.to === cell.at.to && cell.at.to < text.length) {
    changes.push({ from: cell.at.to, to: cell.at.to, insert: ' '.repeat(indent) + run[0]!.repeat(length) + lineEnd(text) });
  }
  return [...longer(document, cell, length), ...changes];
}

/** Makes both fence lines of a cell so long. */
function longer(document: Document, cell: NotebookCell, length: number): readonly TextChange[] {
  return [cell.fenceAt, { from: cell.bodyAt.to, to: cell.at.to }].flatMap((span) => {
    const [line] = linesOf(document.text, span);
    if (line === undefined) return [];
    const run = /^ *(`+|~+)/.exec(document.text.slice(line.from, line.end))!;
    const missing = length - run[1]!.length;
    const at = line.from + run[0].length;
    return missing > 0 ? [{ from: at, to: at, insert: run[1]![0]!.repeat(missing) }] : [];
  });
}
