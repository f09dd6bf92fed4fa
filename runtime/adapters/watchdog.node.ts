/** A watchdog over synchronous work: V8 ends it, also inside of a regular expression that backtracks without end. */
import { createContext, runInContext } from 'node:vm';
import { TelarError } from '../../contracts/errors.ts';

/** @throws TelarError `timeout`, and what the work throws */
export function watchdog<T>(work: () => T, ms: number): T {
  try {
    return runInContext('work()', createContext({ work }), { timeout: ms }) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw new TelarError('timeout', `It did not end within ${ms} ms.`, {}, { cause: error });
    throw error;
  }
}
