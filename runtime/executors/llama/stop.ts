/**
 * Stop: finds the first of some texts in a text that comes in pieces, and keeps back what may be its beginning.
 *
 * node-llama-cpp's own triggers were not taken: they look at tokens one by one, and a token of many vocabularies loses the space before
 * it there, so that a stop with a space in it is never found.
 */
export class StopFinder {
  readonly #stops: readonly string[];
  #kept = '';
  found = false;

  constructor(stops: readonly string[]) { this.#stops = stops; }

  /** @returns what may be told now */
  add(piece: string): string {
    if (this.found) return '';
    const text = this.#kept + piece;
    const at = this.#stops.map((stop) => text.indexOf(stop)).filter((place) => place >= 0);
    this.found = at.length > 0;
    const until = this.found ? Math.min(...at) : text.length - this.#beginning(text);
    this.#kept = this.found ? '' : text.slice(until);
    return text.slice(0, until);
  }

  /** What was kept back and turned out to be no stop. */
  end(): string { return this.#kept; }

  /** Length of the longest end of the text with which a stop begins. */
  #beginning(text: string): number {
    const longest = Math.max(0, ...this.#stops.map((stop) => stop.length - 1));
    for (let length = Math.min(longest, text.length); length > 0; length--) {
      const end = text.slice(-length);
      if (this.#stops.some((stop) => stop.startsWith(end))) return length;
    }
    return 0;
  }
}
