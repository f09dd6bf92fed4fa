/** Long work on a bundle: how far it is, and how it is stopped. */
import { TelarError } from '../../contracts/errors.ts';

/** Who wants to know how far it is, and may stop it. */
export interface Progress {
  readonly signal: AbortSignal;
  /** @param part done, in [0, 1] */
  done(part: number): void;
}

/** Lets signals and timers in, and tells how far it is. @throws TelarError `cancelled` */
export async function rest({ signal, done }: Progress, part: number): Promise<void> {
  await new Promise((resolve) => { setImmediate(resolve); });
  if (signal.aborted) throw new TelarError('cancelled', 'Stopped by the keyboard; nothing was kept.');
  done(part);
}
