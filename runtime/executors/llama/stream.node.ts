/** Stream: text on its way to the parent, gathered for a moment, and how far the work has come. */

/** Milliseconds for which text is gathered before it is sent. */
export const GATHER = 25;

/** See the module's head. */
export class Stream {
  readonly #tell: (text: string, progress: number) => void;
  #text = '';
  #progress = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: (text: string, progress: number) => void) { this.#tell = tell; }

  add(text: string, progress: number): void {
    this.#text += text;
    this.#progress += progress;
    this.#timer ??= setTimeout(() => { this.flush(); }, GATHER);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#text !== '' || this.#progress > 0) this.#tell(this.#text, this.#progress);
    this.#text = '';
    this.#progress = 0;
  }
}
