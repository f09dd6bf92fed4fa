/** Lines from bytes, one after another: what Ollama streams is one JSON value a line. The last needs no line end; empty ones are nothing. */
import { TelarError } from '../../contracts/errors.ts';
import { LARGEST_EVENT } from './server-events.ts';

/** The lines. @throws TelarError `output-limit` for a line without end, and what reading throws */
export async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  const open: string[] = [];
  let size = 0;
  for await (const bytes of body) {
    const [first = '', ...rest] = decoder.decode(bytes, { stream: true }).split('\n');
    open.push(first);
    size += first.length;
    for (const next of rest) {
      const line = open.splice(0).join('').trim();
      if (line !== '') yield line;
      open.push(next);
      size = next.length;
    }
    if (size > LARGEST_EVENT) throw new TelarError('output-limit', `The server sent one line of more than ${LARGEST_EVENT} characters.`);
  }
  const last = open.join('').trim();
  if (last !== '') yield last;
}
