/** What a child says on its standard error before it ends: nobody else reads it, and it tells why. */
import type { ChildProcess } from 'node:child_process';

/** Characters of it that are kept, and of the line that is told. */
const MOST_SAID = 4_096;
const MOST_REASON = 500;

/** Keeps the end of what a child says, without keeping this process alive for it. @returns what tells its last words, whole once the child is `close`d */
export function listenTo(child: ChildProcess): () => string {
  let said = '';
  const pipe = child.stderr as NodeJS.ReadableStream & { ref?(): void; unref?(): void };
  pipe.setEncoding('utf8').on('data', (text: string) => { said = (said + text).slice(-MOST_SAID); });
  pipe.unref?.();
  // Who waits for its `close` must live to hear it: with the child gone, nothing else may keep this process alive.
  child.once('exit', () => { pipe.ref?.(); child.channel?.ref(); });
  return () => lastWords(said);
}

/** The error of what Node prints when it ends by one; else the last line. */
export function lastWords(said: string): string {
  const lines = said.trim().split('\n');
  return (lines.find((line) => /^\w*Error\b.*: /.test(line)) ?? lines.at(-1) as string).slice(0, MOST_REASON);
}

/** The same as the end of a message: nothing where it said nothing. */
export const quoted = (words: string): string => words === '' ? '' : ` It said: “${words}”.`;
