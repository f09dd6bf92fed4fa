/** Retries (R6): which failures may pass, and how long to wait before a step is tried again. */
import type { TelarError } from '../../contracts/errors.ts';
import type { Sha256 } from '../ports.ts';

/** Codes of failures that may not come again. What a person has to mend is not among them. */
const MAY_PASS: ReadonlySet<string> = new Set(['exception', 'lost', 'memory', 'timeout', 'network']);

/** Answers below 500 that ask for patience. */
const LATER: ReadonlySet<unknown> = new Set([408, 425, 429]);

/** Whether trying again may help. */
export function mayPass({ code, data: { status } }: TelarError): boolean {
  return MAY_PASS.has(code) && (typeof status !== 'number' || status >= 500 || LATER.has(status));
}

const FIRST = 500;
const LONGEST = 30_000;

/**
 * Milliseconds before a try: half a second, doubled with each, up to half a minute; somewhere between half of that and the whole, so
 * that steps which failed together do not come back together. The chance is made from what names the try.
 * @param tried how often it was tried, from 1
 */
export function backOff(tried: number, name: string, sha256: Sha256): number {
  const most = Math.min(LONGEST, FIRST * 2 ** (tried - 1));
  const chance = Number.parseInt(sha256(`${name}/${tried}`).slice(0, 8), 16) / 2 ** 32;
  return Math.round(most * (0.5 + chance / 2));
}
