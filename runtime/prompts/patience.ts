/** Waiting where a server asks for patience (429, 503, 529), within the time of the step. Other failures are the step's (`retries=`). */
import { TelarError } from '../../contracts/errors.ts';

const LATER: ReadonlySet<unknown> = new Set([429, 503, 529]);
/** Most times that one question is sent again, and the wait where the server does not say, in milliseconds; doubled with each. */
const MOST = 5;
const FIRST = 1_000;

/** Where waiting takes place. */
export interface Patience {
  readonly signal: AbortSignal;
  /** When the step's time is over, by `now`. */
  readonly ends: number;
  now(): number;
  tell(words: string): void;
}

/** Asks, and again where that was asked for. @throws what asking throws */
export async function asked<T>(ask: () => Promise<T>, { signal, ends, now, tell }: Patience): Promise<T> {
  for (let tried = 0; ; tried += 1) {
    try {
      return await orStopped(ask(), signal);
    } catch (error) {
      if (!(error instanceof TelarError) || error.code !== 'network' || !LATER.has(error.data.status) || tried >= MOST || signal.aborted) throw error;
      const said = error.data.retryAfter;
      const wait = typeof said === 'number' && Number.isFinite(said) && said >= 0 ? said * 1000 : FIRST * 2 ** tried;
      if (now() + wait >= ends) {
        throw new TelarError('network', `The server asks to wait ${shown(wait)}, which is longer than this step may take (\`timeout=\`): ${error.message}`, { ...error.data }, { cause: error });
      }
      tell(`the server asked for patience (${String(error.data.status)}); waited ${shown(wait)}`);
      await sleep(wait, signal);
    }
  }
}

const shown = (ms: number): string => `${Math.round(ms / 100) / 10} s`;

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return orStopped(new Promise((resolve) => { const timer = setTimeout(resolve, ms); signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true }); }), signal);
}

/** What work gives, or the end, whichever comes first: a provider that does not hear of it is left behind. */
export function orStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const stopped = (): TelarError => (signal.reason instanceof TelarError ? signal.reason : new TelarError('cancelled', 'It was stopped.'));
  return new Promise((resolve, reject) => {
    const stop = (): void => { reject(stopped()); };
    if (signal.aborted) stop(); else signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => { signal.removeEventListener('abort', stop); });
  });
}

/** Says something beside the answer: a line end where it stood in the middle of one, then the words. */
export function sayTo(host: { emit(stream: 'stdout' | 'stderr', text: string): void }, end: string, words: string): void {
  if (end !== '') host.emit('stdout', end);
  host.emit('stderr', words);
}
