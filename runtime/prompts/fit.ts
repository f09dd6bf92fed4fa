/**
 * Whether a question fits into a model's window, and what to do when it does not: it is refused with figures, or the oldest messages
 * after the system's are left out, and that is told. Nothing is cut silently, and what is asked now never: the newest message of the user, and what follows it.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { Message, ModelParameters } from '../../contracts/models.ts';
import type { Counted } from './usage.ts';

/** Room for the answer where nobody says how long it may be, in tokens; a quarter of a window that is small. */
const ROOM = 512;

/** What fitting needs. */
export interface FitFacts {
  /** Tokens of the model's window; `undefined` when nobody knows. */
  readonly window: number | undefined;
  readonly parameters: ModelParameters;
  readonly overflow: 'refuse' | 'trim';
  /** Where what is asked now begins; a repair follows its question. */
  readonly newest: number;
  count(messages: readonly Message[]): Promise<Counted>;
}

/** A question that fits. */
export interface Fitted { readonly messages: readonly Message[]; readonly counted: Counted; readonly warnings: readonly string[] }

/** @throws TelarError `bad-input` with the figures */
export async function fit(messages: readonly Message[], facts: FitFacts): Promise<Fitted> {
  const { window, parameters, overflow, newest, count } = facts;
  const whole = await count(messages);
  if (window === undefined) return { messages, counted: whole, warnings: [] };
  const reserve = parameters.max_tokens ?? Math.min(ROOM, Math.floor(window / 4));
  const most = window - reserve;
  if (whole.tokens <= most) return { messages, counted: whole, warnings: [] };
  const figures = (counted: Counted): Record<string, number | boolean> => ({ tokens: counted.tokens, exact: counted.exact, window, reserve });
  const words = (counted: Counted): string => `${counted.exact ? '' : 'about '}${counted.tokens} tokens, and ${Math.max(0, most)} fit (a window of ${window}, less ${reserve} for the answer)`;
  if (overflow === 'refuse' || most <= 0) {
    throw new TelarError('bad-input', `The question is too long for the model: it has ${words(whole)}. Give it less, let the profile have a larger \`context\` or a smaller \`max_tokens\`, or write \`overflow: trim\` in the front matter.`, figures(whole));
  }
  const droppable = messages.flatMap(({ role }, i) => (role === 'system' || i >= newest ? [] : [i]));
  // The least number of oldest messages to leave out, by halving: a count may cost a question to an engine.
  let [low, high] = [1, droppable.length];
  let found: Fitted | undefined;
  let shortest = whole;
  while (low <= high) {
    const middle = Math.floor((low + high) / 2);
    const left = without(messages, droppable, middle);
    const counted = await count(left);
    if (counted.tokens < shortest.tokens) shortest = counted;
    if (counted.tokens <= most) {
      const gone = messages.length - left.length;
      found = { messages: left, counted, warnings: [`the question was too long (${words(whole)}): the ${gone === 1 ? 'oldest message was' : `oldest ${gone} messages were`} left out, and it has ${counted.tokens} tokens now`] };
      high = middle - 1;
    } else low = middle + 1;
  }
  if (found !== undefined) return found;
  const alone = droppable.length === 0 ? 'there is no older message to leave out' : `without the ${droppable.length} older messages it still has ${shortest.tokens} tokens`;
  throw new TelarError('bad-input', `The question is too long for the model: it has ${words(whole)}, and ${alone}. The newest message is never cut: give it less.`, figures(whole));
}

/** Without the oldest `many`, and without an answer that would then stand before every question. */
function without(messages: readonly Message[], droppable: readonly number[], many: number): Message[] {
  const gone = new Set(droppable.slice(0, many));
  const next = droppable[many];
  if (next !== undefined && messages[next]?.role === 'model') gone.add(next);
  return messages.filter((_, i) => !gone.has(i));
}
