/** What is said of a step with which every engine was lost. */
import { TelarError } from '../../../contracts/errors.ts';
import { MOST_DEATHS } from './timing.ts';

/** How a system, V8 and Python end what has no memory left. */
const BY_MEMORY = /SIGKILL|SIGABRT|status 13[47]|memory/i;
const MOST_CAUSE = 700;

/** @param cause why the last one was lost @param deaths for the record */
export function poison(cause: string, deaths: readonly string[]): TelarError {
  const advice = BY_MEMORY.test(cause) ? 'Look at what it does, give it more memory with memory=, or do it with less at once.' : 'Look at what it does, mend it, and run again.';
  return new TelarError('poison', `${MOST_DEATHS} workers were lost with this step, so it is set aside; the rest of the run goes on. The last one: ${cause.slice(0, MOST_CAUSE)}${cause.includes('\n') ? '\n' : ' '}${advice}`, { deaths: [...deaths] });
}
