/** Server-sent events from bytes, one after another. A comment, a field that nobody knows and an event without data are nothing; an event that is not ended is not given. */
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { TelarError } from '../../contracts/errors.ts';

/** Most characters of one event. */
export const LARGEST_EVENT = 16_000_000;

/** What one server says, event by event. @throws TelarError `output-limit` for an event without end, and what reading throws */
export async function* serverEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<EventSourceMessage, void, undefined> {
  const ready: EventSourceMessage[] = [];
  let over = false;
  const parser = createParser({ maxBufferSize: LARGEST_EVENT, onEvent: (event) => { ready.push(event); }, onError: ({ type }) => { over ||= type === 'max-buffer-size-exceeded'; } });
  const decoder = new TextDecoder();
  for await (const bytes of body) {
    parser.feed(decoder.decode(bytes, { stream: true }));
    yield* ready.splice(0);
    if (over) throw new TelarError('output-limit', `The server sent one event of more than ${LARGEST_EVENT} characters.`);
  }
}
