/**
 * LineCursor: a place within one line of Markdown, in columns as well as in characters, since a tab is as wide as to the next
 * multiple of four and a container may take a part of it.
 */
import { isBlank } from './lines.ts';

/** A cursor that goes through line after line of a text. Places are offsets in the text. */
export class LineCursor {
  readonly #text: string;
  /** The next character, and the end of the line's content. */
  at = 0;
  end = 0;
  /** The next character that is no space; `end` if there is none. */
  word = 0;
  #column = 0;
  #wordColumn = 0;
  #ruleFrom = -1;

  constructor(text: string) {
    this.#text = text;
  }

  /** Goes to the line whose content is `from` to `end`. */
  begin(from: number, end: number): void {
    this.at = this.word = from;
    this.#column = this.#wordColumn = 0;
    this.end = end;
    this.#ruleFrom = -1;
    this.#look();
  }

  /** Moves `word` to the next character that is no space; never backwards, so a line's spaces are passed once. */
  #look(): void {
    if (this.word < this.at) {
      this.word = this.at;
      this.#wordColumn = this.#column;
    }
    for (; this.word < this.end; this.word++) {
      const code = this.#text.charCodeAt(this.word);
      if (code === 32) this.#wordColumn += 1;
      else if (code === 9) this.#wordColumn += 4 - (this.#wordColumn % 4);
      else return;
    }
  }

  /** Columns of space before `word`. */
  get indent(): number { return this.#wordColumn - this.#column; }
  /** Whether nothing but space is left. */
  get blank(): boolean { return this.word >= this.end; }

  /** Passes so many columns of spaces; a tab may be passed in part. */
  pass(columns: number): void {
    for (let left = columns; left > 0 && this.at < this.end;) {
      const wide = this.#text.charCodeAt(this.at) === 9 ? 4 - (this.#column % 4) : 1;
      this.#column += Math.min(wide, left);
      if (wide <= left) this.at += 1;
      left -= wide;
    }
    this.#look();
  }

  /** Passes spaces, and signs up to a place: those are one column each. */
  passTo(place: number): void {
    this.pass(this.indent);
    this.#column += place - this.at;
    this.at = place;
    this.#look();
  }

  /** Passes a quote's sign, and one column of space after it. */
  passMark(): void {
    this.passTo(this.word + 1);
    if (this.word > this.at || this.indent > 0) this.pass(1);
  }

  /** Whether the rest is `===` or `---` with spaces after. */
  get isUnderline(): boolean {
    const at = this.word;
    let to = at;
    while (to < this.end && this.#text[to] === this.#text[at]) to += 1;
    return isBlank(this.#text, to, this.end);
  }

  /** Whether the rest is a thematic break: three or more of one sign, spaces between. What ends the line is looked at once a line. */
  get isRule(): boolean {
    const text = this.#text;
    const at = this.word;
    const sign = text.charCodeAt(at);
    if (this.#ruleFrom < 0) {
      let from = this.end;
      while (from > at && (text.charCodeAt(from - 1) === 32 || text.charCodeAt(from - 1) === 9)) from -= 1;
      const last = text.charCodeAt(from - 1);
      while (from > at && (text.charCodeAt(from - 1) === last || text.charCodeAt(from - 1) === 32 || text.charCodeAt(from - 1) === 9)) from -= 1;
      this.#ruleFrom = from;
    }
    if (at < this.#ruleFrom) return false;
    let count = 0;
    for (let i = at; i < this.end && count < 3; i++) if (text.charCodeAt(i) === sign) count += 1;
    return count === 3;
  }

  /** Whether the rest closes a fence that began with so many of a sign (its code). */
  closes(mark: number, length: number): boolean {
    const text = this.#text;
    if (this.indent >= 4 || text.charCodeAt(this.word) !== mark) return false;
    let to = this.word;
    while (to < this.end && text.charCodeAt(to) === mark) to += 1;
    return to - this.word >= length && isBlank(text, to, this.end);
  }
}
