/**
 * Lines: where lines begin and end. A line ends with LF, CRLF or a lone CR, as in CommonMark, or with the text.
 * Lines and columns count from 1, columns in UTF-16 units.
 */
import type { Range } from '../../contracts/errors.ts';

/** One line: its content is `from` to `end`, its line end `end` to `next`. */
export interface Line { readonly from: number; readonly end: number; readonly next: number }

/** A reader of consecutive lines. Each character is looked at once, however long the lines are. */
export class LineReader {
  readonly #text: string;
  readonly #to: number;
  #lf = -1;
  #cr = -1;

  constructor(text: string, to = text.length) {
    this.#text = text;
    this.#to = to;
  }

  /** The line that begins at `from`. Calls must go forward. */
  at(from: number): Line {
    if (this.#lf < from) this.#lf = this.#find('\n', from);
    if (this.#cr < from) this.#cr = this.#find('\r', from);
    const end = Math.min(this.#lf, this.#cr, this.#to);
    if (end >= this.#to) return { from, end: this.#to, next: this.#to };
    return { from, end, next: end + (this.#cr === end && this.#lf === end + 1 && end + 1 < this.#to ? 2 : 1) };
  }

  #find(what: string, from: number): number {
    const at = this.#text.indexOf(what, from);
    return at < 0 ? Infinity : at;
  }
}

/** All lines of a span, in order; none for an empty span. */
export function linesOf(text: string, span: Range): Line[] {
  const reader = new LineReader(text, span.to);
  const lines: Line[] = [];
  for (let at = span.from; at < span.to;) {
    const line = reader.at(at);
    lines.push(line);
    at = line.next;
  }
  return lines;
}

/** Begins of all lines of a text, for `placeIn`. */
export function lineStarts(text: string): readonly number[] {
  const starts = [0];
  const reader = new LineReader(text);
  for (let at = 0; at < text.length;) {
    const line = reader.at(at);
    if (line.next > line.end) starts.push(line.next);
    at = line.next;
  }
  return starts;
}

/** Line and column of an offset, by binary search. */
export function placeIn(starts: readonly number[], offset: number): { line: number; column: number } {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - starts[low]! + 1 };
}

/** Whether a span holds spaces and tabs only. */
export function isBlank(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 9) return false;
  }
  return true;
}

/** The one of some spans, in order and apart, that holds an offset; by binary search. */
export function spanAt<T extends { readonly at: Range }>(spans: readonly T[], offset: number): T | undefined {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle]!.at.to <= offset) low = middle + 1;
    else high = middle;
  }
  const span = spans[low];
  return span !== undefined && span.at.from <= offset ? span : undefined;
}
