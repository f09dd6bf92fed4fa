/**
 * Bodies: a fence's lines as CommonMark gives them, the fence's indentation removed, line ends as LF. The way back to the text is
 * in `places.ts`; both walk the same lines, so they cannot disagree.
 */
import type { Range } from '../../contracts/errors.ts';
import type { Line } from './lines.ts';
import { linesOf } from './lines.ts';

/** A line of a body: what it is made of. `pad` spaces stand for the rest of a tab that the indentation cut. */
interface BodyLine extends Line { readonly start: number; readonly pad: number }

/** The body's text: LF line ends, a final LF unless empty. */
export function bodyText(text: string, span: Range, indent: number): string {
  const raw = text.slice(span.from, span.to);
  if (raw === '' || (indent === 0 && !raw.includes('\r'))) return raw === '' || raw.endsWith('\n') ? raw : `${raw}\n`;
  return bodyLines(text, span, indent).map((line) => `${' '.repeat(line.pad)}${text.slice(line.start, line.end)}\n`).join('');
}

/** The same, line by line, with places. */
export function bodyLines(text: string, span: Range, indent: number): readonly BodyLine[] {
  return linesOf(text, span).map((line) => {
    let start = line.from;
    let left = indent;
    for (; left > 0 && start < line.end; start++) {
      if (text[start] === ' ') left -= 1;
      // A tab is as wide as to the next multiple of four; what the indentation does not take of it stays as spaces.
      else if (text[start] === '\t') return { ...line, start: start + 1, pad: 4 - ((start - line.from) % 4) - left };
      else break;
    }
    return { ...line, start, pad: 0 };
  });
}
