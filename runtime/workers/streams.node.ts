/**
 * What a step says while it computes, gathered into fewer and bounded messages: a program that prints a line at a time shall not
 * cost a message a line. Order is kept, also between streams as long as they do not change by turns all the time; of progress so fast only the last is told.
 */
type Stream = 'stdout' | 'stderr' | 'progress';

/** Most characters in a message. */
const MOST = 16_384;
/** Most pieces that are told at once, and the least time between two tellings in milliseconds: together far below what the coordinator takes for a flood. */
const MOST_PIECES = 64;
const PAUSE = 10;

interface Piece { readonly task: string; readonly stream: Stream; text: string }

/** Gathers until the current turn is over, or a moment longer while there is much to tell. */
export function createStreams(tell: (task: string, stream: Stream, text: string) => void): { add(task: string, stream: Stream, text: string): void; flush(): void } {
  let waiting: Piece[] = [];
  let called = false;
  let told = -Infinity;
  const flush = (): void => {
    const pieces = waiting;
    if (pieces.length === 0) return;
    waiting = [];
    told = performance.now();
    for (const { task, stream, text } of pieces) for (let at = 0; at < text.length; at += MOST) tell(task, stream, text.slice(at, at + MOST));
  };
  const later = (): void => { called = false; flush(); };
  /** The piece that these words belong to: the last one, or with many of them the last of its stream. */
  const pieceOf = (task: string, stream: Stream): Piece | undefined => {
    const fits = (one: Piece | undefined): boolean => one?.task === task && one.stream === stream;
    if (waiting.length >= MOST_PIECES) return waiting.findLast(fits);
    return stream !== 'progress' && fits(waiting.at(-1)) ? waiting.at(-1) : undefined;
  };
  return {
    flush,
    add(task, stream, text) {
      const piece = pieceOf(task, stream);
      if (piece === undefined) waiting.push({ task, stream, text });
      else piece.text = stream === 'progress' ? text : piece.text + text;
      if (called) return;
      called = true;
      if (performance.now() - told >= PAUSE) setImmediate(later);
      else setTimeout(later, PAUSE);
    },
  };
}
