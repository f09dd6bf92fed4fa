/** The keyboard: Ctrl-C asks what goes on to end cleanly; a second one ends the process at once. */
import { TelarError } from '../../../contracts/errors.ts';

/** Milliseconds within which two signals are one press of a key. */
const ONE_PRESS = 250;

/** Does something that a person may stop. */
export async function stoppable<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  let pressed = -Infinity;
  const interrupt = (): void => {
    // A terminal tells the whole group, and the launcher under an older Node passes it on: one press may come twice.
    const since = performance.now() - pressed;
    if (since < ONE_PRESS) return;
    if (since < Infinity) process.exit(130);
    pressed = performance.now();
    stop.abort(new TelarError('cancelled', 'Stopped by the keyboard.'));
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    return await act(stop.signal);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}
