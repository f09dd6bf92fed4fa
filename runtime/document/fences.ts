/**
 * Fences: the top-level fenced code blocks of a Markdown text. A scanner of CommonMark's blocks that knows just enough of
 * quotes, list items, HTML, headings and paragraphs to tell which fences stand inside of something; it builds no tree and
 * knows no inline syntax. A Markdown library would do too, but gives no exact places and is a hundred times this much code.
 *
 * One liberty: link reference definitions count as paragraph text (which matters only for an underline right below one).
 * Time is linear in the text, for every text: no step looks back, and none looks ahead twice.
 */
import type { Range } from '../../contracts/errors.ts';
import { htmlEnds, htmlStart } from './html-blocks.ts';
import type { HtmlBlock } from './html-blocks.ts';
import { LineCursor } from './line-cursor.ts';
import { isBlank, LineReader } from './lines.ts';

/** A top-level fence. */
export interface Fence {
  /** Spaces before the opening run, 0 to 3. */
  readonly indent: number;
  readonly mark: '`' | '~';
  /** Length of the opening run. */
  readonly length: number;
  /** What follows the run on its line, without spaces around. */
  readonly info: Range;
  /** The opening line, the body's lines, and all of it; each with its last line end. */
  readonly openAt: Range;
  readonly bodyAt: Range;
  readonly at: Range;
  readonly closed: boolean;
  readonly line: number;
  readonly bodyLine: number;
}

/** What the scanner found. */
export interface Scan {
  readonly fences: readonly Fence[];
  /** Info strings of the fences inside quotes and list items: they are no nodes. */
  readonly inner: readonly Range[];
  /** What is still open at the end of the text, and so would swallow what is appended. */
  readonly open: 'fence' | 'html' | undefined;
}

/** A quote, or a list item whose content is indented by `width` columns. An item is `empty` until it holds a block. */
type Container = { readonly width: number; empty: boolean };
const QUOTE = -1;
/** All quotes are alike, and a line of a file may hold millions. */
const quote: Container = { width: QUOTE, empty: false };

/**
 * Finds the top-level fences.
 * @param from where Markdown begins (after the front matter)
 * @param line number of the line at `from`
 * @param skip lines to read as if they were not there, in order; whole lines
 */
export function scanFences(text: string, from = 0, line = 1, skip: readonly Range[] = []): Scan {
  return new Scanner(text, skip).scan(from, line);
}

class Scanner {
  readonly #text: string;
  readonly #skip: readonly Range[];
  readonly #line: LineCursor;
  readonly #fences: Fence[] = [];
  readonly #inner: Range[] = [];
  /** Open containers from the outside in, and which of them are quotes. */
  readonly #open: Container[] = [];
  readonly #quotes: number[] = [];
  #leaf: 'none' | 'paragraph' | 'fence' | 'html' | 'code' = 'none';
  #mark = 0;
  #length = 0;
  #html: HtmlBlock = 0;
  #fence: { -readonly [K in keyof Fence]: Fence[K] } | undefined;

  constructor(text: string, skip: readonly Range[]) {
    this.#text = text;
    this.#skip = skip;
    this.#line = new LineCursor(text);
  }

  scan(from: number, firstLine: number): Scan {
    const text = this.#text;
    const reader = new LineReader(text);
    let skipped = 0;
    let number = firstLine;
    let next = from;
    for (let at = from; at < text.length; at = next, number += 1) {
      const line = reader.at(at);
      next = line.next;
      while (skipped < this.#skip.length && this.#skip[skipped]!.to <= at) skipped += 1;
      const gap = this.#skip[skipped];
      if (gap !== undefined && gap.from <= at) continue;
      this.#line.begin(line.from, line.end);
      if (this.#fence === undefined) this.#read(line.from, line.next, number);
      else if (this.#line.closes(this.#mark, this.#length)) this.#finish(line.from, line.next, true);
    }
    const open = this.#fence !== undefined ? 'fence' : this.#leaf === 'html' && this.#html < 6 && this.#open.length === 0 ? 'html' : undefined;
    if (this.#fence !== undefined) this.#finish(text.length, text.length, false);
    return { fences: this.#fences, inner: this.#inner, open };
  }

  /** One line outside of a top-level fence. */
  #read(from: number, next: number, number: number): void {
    const matched = this.#match();
    const all = matched === this.#open.length;
    let leaf = all ? this.#leaf : 'none';
    if (leaf === 'fence') {
      if (this.#line.closes(this.#mark, this.#length)) this.#leaf = 'none';
      return;
    }
    if (leaf === 'html' && !(this.#line.blank && this.#html >= 6)) {
      if (htmlEnds(this.#html, this.#text.slice(this.#line.at, this.#line.end))) this.#leaf = 'none';
      return;
    }
    if (leaf === 'code' && (this.#line.blank || this.#line.indent >= 4)) return;
    if (this.#line.blank) {
      this.#close(matched);
      return;
    }
    let opened = false;
    for (;;) {
      const lazy = !opened && this.#leaf === 'paragraph';
      if (this.#line.blank) return this.#fill('none');
      if (this.#line.indent >= 4) {
        if (lazy) return;
        if (!opened) this.#close(matched);
        return this.#fill('code');
      }
      const started = this.#start(leaf === 'paragraph', lazy);
      if (started === undefined) {
        if (lazy) return;
        if (!opened) this.#close(matched);
        return this.#fill('paragraph');
      }
      if (!opened) this.#close(matched);
      opened = true;
      leaf = 'none';
      if (typeof started === 'object') this.#push(started);
      else {
        this.#fill(started);
        if (started === 'fence') {
          if (this.#open.length === 0) this.#openFence(from, next, number);
          else this.#inner.push(this.#info());
        }
        if (started === 'html' && htmlEnds(this.#html, this.#text.slice(this.#line.word, this.#line.end))) this.#leaf = 'none';
        return;
      }
    }
  }

  /** How many of the open containers this line goes on with. */
  #match(): number {
    let quotes = 0;
    for (let i = 0; i < this.#open.length; i++) {
      const container = this.#open[i]!;
      if (container.width === QUOTE) {
        if (this.#line.indent >= 4 || this.#line.blank || this.#text.charCodeAt(this.#line.word) !== 62 /* > */) return i;
        this.#line.passMark();
        quotes += 1;
      } else if (this.#line.blank) {
        // A blank line stays in all list items down to the next quote, but leaves an item that is still empty.
        const to = this.#quotes[quotes] ?? this.#open.length;
        return this.#open[to - 1]!.empty ? to - 1 : to;
      } else if (this.#line.indent >= container.width) this.#line.pass(container.width);
      else return i;
    }
    return this.#open.length;
  }

  /** What block begins here: a container that was entered, a leaf, or nothing. `inParagraph`: right in one; `lazy`: perhaps. */
  #start(inParagraph: boolean, lazy: boolean): Container | 'none' | 'fence' | 'html' | undefined {
    const text = this.#text;
    const at = this.#line.word;
    switch (text[at]) {
      case '>':
        this.#line.passMark();
        return quote;
      case '#': {
        let to = at;
        while (to < this.#line.end && text[to] === '#' && to - at < 7) to += 1;
        return to - at < 7 && (to === this.#line.end || text[to] === ' ' || text[to] === '\t') ? 'none' : undefined;
      }
      case '`':
      case '~':
        return this.#startFence(at);
      case '<': {
        const html = htmlStart(text, at, this.#line.end);
        if (html === 0 || (html === 7 && (inParagraph || lazy))) return undefined;
        this.#html = html;
        return 'html';
      }
      case '=':
        return inParagraph && this.#line.isUnderline ? 'none' : undefined;
      case '-':
        if (inParagraph && this.#line.isUnderline) return 'none';
        return this.#line.isRule ? 'none' : this.#startItem(inParagraph);
      case '*':
        return this.#line.isRule ? 'none' : this.#startItem(inParagraph);
      case '_':
        return this.#line.isRule ? 'none' : undefined;
      default:
        return this.#startItem(inParagraph);
    }
  }

  #startFence(at: number): 'fence' | undefined {
    const text = this.#text;
    const mark = text.charCodeAt(at);
    let to = at;
    while (to < this.#line.end && text.charCodeAt(to) === mark) to += 1;
    if (to - at < 3) return undefined;
    if (mark === 96) for (let i = to; i < this.#line.end; i++) if (text.charCodeAt(i) === 96) return undefined;
    this.#mark = mark;
    this.#length = to - at;
    return 'fence';
  }

  #startItem(inParagraph: boolean): Container | undefined {
    const text = this.#text;
    const at = this.#line.word;
    let to = at;
    while (to < this.#line.end && to - at < 9 && text.charCodeAt(to) >= 48 && text.charCodeAt(to) <= 57) to += 1;
    if (to === at ? !'-+*'.includes(text[at]!) : text[to] !== '.' && text[to] !== ')') return undefined;
    const after = to + 1;
    if (after > this.#line.end || (after < this.#line.end && text[after] !== ' ' && text[after] !== '\t')) return undefined;
    // Only a list that begins with 1, and not with an empty item, may interrupt a paragraph.
    if (inParagraph && ((to > at && Number(text.slice(at, to)) !== 1) || isBlank(text, after, this.#line.end))) return undefined;
    const { indent } = this.#line;
    this.#line.passTo(after);
    const gap = this.#line.indent;
    const inside = this.#line.blank || gap >= 5 || gap < 1 ? 1 : gap;
    this.#line.pass(Math.min(inside, gap));
    return { width: indent + (after - at) + inside, empty: true };
  }

  /** Closes all containers from `depth` on, and the open leaf with them. */
  #close(depth: number): void {
    this.#open.length = depth;
    while (this.#quotes.length > 0 && this.#quotes[this.#quotes.length - 1]! >= depth) this.#quotes.pop();
    this.#leaf = 'none';
  }

  #push(container: Container): void {
    const outer = this.#open[this.#open.length - 1];
    if (outer !== undefined) outer.empty = false;
    if (container.width === QUOTE) this.#quotes.push(this.#open.length);
    this.#open.push(container);
  }

  #fill(leaf: 'none' | 'paragraph' | 'fence' | 'html' | 'code'): void {
    const outer = this.#open[this.#open.length - 1];
    if (outer !== undefined && !this.#line.blank) outer.empty = false;
    this.#leaf = leaf;
  }

  /** What follows the opening run that was read last, without spaces around. */
  #info(): Range {
    let from = this.#line.word + this.#length;
    let to = this.#line.end;
    while (from < to && isBlank(this.#text, from, from + 1)) from += 1;
    while (to > from && isBlank(this.#text, to - 1, to)) to -= 1;
    return { from, to };
  }

  #openFence(from: number, next: number, line: number): void {
    const indent = this.#line.word - from;
    this.#fence = {
      indent, mark: this.#mark === 96 ? '`' : '~', length: this.#length, info: this.#info(),
      openAt: { from, to: next }, bodyAt: { from: next, to: next }, at: { from, to: next }, closed: false, line, bodyLine: line + 1,
    };
  }

  #finish(bodyTo: number, to: number, closed: boolean): void {
    const fence = this.#fence!;
    fence.bodyAt = { from: fence.bodyAt.from, to: bodyTo };
    fence.at = { from: fence.at.from, to };
    fence.closed = closed;
    this.#fences.push(fence);
    this.#fence = undefined;
    this.#leaf = 'none';
  }
}
