/**
 * The governor's rules: what may be given out of what is seen. Pure: a sample and promises in, numbers and words out.
 *
 * What is given out is a share of the memory that is available beyond a reserve for the person and the system; who was let in and has not
 * taken its memory yet is counted as if it had. The road not taken: limits by number alone, which let ten models start on a laptop.
 */
import type { Need, Policy, Sample } from './governor.ts';

/** What a policy allows. */
interface Rules {
  /** Of the memory beyond the reserve, the share that may be given out. */
  readonly share: number;
  /** What is kept for others: so many bytes, or this share of all, whichever is more; never more than a third. */
  readonly keep: { readonly bytes: number; readonly share: number };
  /** Workers of a class and steps at once, as a share of the processors. */
  readonly cores: number;
  /** Spare workers that are kept ready. */
  readonly warm: Readonly<Record<string, number>>;
}

const RULES: Readonly<Record<Policy, Rules>> = {
  sprint: { share: 0.95, keep: { bytes: 512e6, share: 0 }, cores: 1, warm: { python: 1, sql: 1, javascript: 1 } },
  balanced: { share: 0.8, keep: { bytes: 1e9, share: 0.1 }, cores: 1, warm: { python: 1 } },
  conserve: { share: 0.5, keep: { bytes: 2e9, share: 0.2 }, cores: 0.5, warm: {} },
};

/** The policies' names, for options and the environment. */
export const POLICIES = Object.keys(RULES) as readonly Policy[];

/**
 * Bytes that a worker of a class takes before it does anything of size: its link process and its compute child. Peaks of resident memory
 * (`VmHWM`, Linux x64, Node 26) while a small step ran: link 60 MB; child python 237 to 271 MB, sql 126 MB, javascript 112 MB; a whole worker as it tells it
 * itself 300 and 215 MB for the first and the last. A Jupyter kernel
 * is taken as ipykernel's 60 MB, the Wasm engine as Python's; llama is without a model, whose memory is read from its file (`gguf.ts`).
 */
export const ESTIMATES: Readonly<Record<string, number>> = { python: 320e6, sql: 190e6, 'sql-wasm': 320e6, javascript: 215e6, jupyter: 120e6, llama: 200e6 };
/** Of a class that nobody has measured. */
const UNKNOWN = 320e6;
/** A model takes all the processor there is: one at a time. */
const ALONE: ReadonlySet<string> = new Set(['llama']);

export const estimateOf = (workerClass: string): number => ESTIMATES[workerClass] ?? UNKNOWN;

/** The policy, and why this one. */
export interface Chosen { readonly policy: Policy; readonly because: string }

/** @param asked by the person: an option, or the environment */
export function choosePolicy(asked: Policy | undefined, power: Sample['power']): Chosen {
  if (asked !== undefined) return { policy: asked, because: 'asked for' };
  if (power?.onBattery === true) return { policy: 'conserve', because: `on battery${power.percent === undefined ? '' : ` (${power.percent} %)`}` };
  return { policy: 'balanced', because: 'the default' };
}

/** Most workers of a class, and how many are kept warm; what the memory allows is asked for at each start. */
export function classLimits(policy: Policy, cores: number, workerClass: string): { readonly most: number; readonly warm: number } {
  const most = ALONE.has(workerClass) ? 1 : jobsFor(policy, cores);
  return { most, warm: Math.min(most, RULES[policy].warm[workerClass] ?? 0) };
}

/** Most steps at once when nobody says. */
export const jobsFor = (policy: Policy, cores: number): number => Math.max(1, Math.floor(cores * RULES[policy].cores));

/** Bytes that are kept for others. */
const reserve = (policy: Policy, total: number): number => Math.min(total / 3, Math.max(RULES[policy].keep.bytes, total * RULES[policy].keep.share));

/** Bytes that may still be given out. */
export function roomIn(policy: Policy, { memory: { total, available } }: Pick<Sample, 'memory'>, promised: number): number {
  return Math.max(0, Math.floor(RULES[policy].share * Math.max(0, available - reserve(policy, total)) - promised));
}

/** Why a thing does not fit, with figures, and what to do. */
export function refusal(need: Need, policy: Policy, sample: Pick<Sample, 'memory'>, promised: number): string {
  const { available, total } = sample.memory;
  const most = roomIn(policy, { memory: { total, available: total } }, 0);
  const advice = need.bytes > most ? need.bytes <= roomIn('sprint', { memory: { total, available: total } }, 0) ? 'Ask for `--policy sprint`, or take something smaller.' : 'It is too large for this machine; take something smaller.'
    : policy === 'sprint' ? 'Close something, or wait.' : 'Close something, wait, or ask for `--policy sprint`.';
  return `${need.what} needs about ${inBytes(need.bytes)}, and there is room for ${inBytes(roomIn(policy, sample, promised))}: of ${inBytes(total)} memory ${inBytes(available)} are available, `
    + `policy ${policy} gives out ${Math.round(RULES[policy].share * 100)} % of what is beyond ${inBytes(reserve(policy, total))}${promised > 0 ? `, and ${inBytes(promised)} are promised to what starts now` : ''}. ${advice}`;
}

function inBytes(bytes: number): string {
  const unit = bytes >= 1e12 ? [1e12, 'TB'] as const : bytes >= 1e9 ? [1e9, 'GB'] as const : [1e6, 'MB'] as const;
  return `${unit[0] === 1e6 ? Math.round(bytes / unit[0]) : (bytes / unit[0]).toFixed(1)} ${unit[1]}`;
}
