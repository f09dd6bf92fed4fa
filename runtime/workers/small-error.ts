/** Errors of steps, small enough for a message: a traceback may be of any length, a message of the link may not. */
import { TelarError, type ErrorJSON } from '../../contracts/errors.ts';

/** Most characters of an error's message, and of what it says beside. */
const MOST_WORDS = 20_000;

/** An error that fits into a message. */
export function errorOf(thrown: unknown): ErrorJSON {
  const { code, message, line, data } = TelarError.from(thrown).toJSON();
  const fits = data !== undefined && JSON.stringify(data).length <= MOST_WORDS;
  return { code, message: cut(message), ...(line === undefined ? {} : { line }), ...(data === undefined ? {} : { data: fits ? data : shorten(data) }) };
}

const cut = (text: string): string => (text.length > MOST_WORDS ? `${text.slice(0, MOST_WORDS)}…` : text);

/** The texts of what an error says, each cut; the rest goes. */
function shorten(data: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => typeof value !== 'object').slice(0, 8).map(([name, value]) => [name, typeof value === 'string' ? value.slice(0, MOST_WORDS / 10) : value]));
}
