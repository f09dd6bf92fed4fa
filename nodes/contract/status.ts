/**
 * The status of a contract, computed: `draft` (no code), `generated` (code that nobody has verified), `verified` (green, proved, and as
 * it was then), `drifted` (something has changed since). What the file says of itself is shown beside it and never believed.
 */
import type { Digests } from './digest.ts';
import type { ContractLock } from './lock.ts';
import type { CodeContract } from './types.ts';

/** The status that counts. */
export type ContractStatus = 'draft' | 'generated' | 'verified' | 'drifted';

/** A part that is not what was accepted. `now` is absent where it is gone. */
export interface Drift { readonly part: keyof Digests; readonly accepted: string; readonly now?: string }

/** A status with its reason. */
export interface StatusReport {
  readonly status: ContractStatus;
  /** As the file has it. */
  readonly declared: string;
  readonly why: string;
  readonly drift: readonly Drift[];
}

const PARTS = ['contract', 'interface', 'tests', 'code'] as const;
const WORDS: Readonly<Record<keyof Digests, string>> = { contract: 'the contract', interface: 'its interface', tests: 'its tests', code: 'the code' };

/** What has changed since a lock was written. */
export function driftOf(digests: Digests, lock: ContractLock): readonly Drift[] {
  return PARTS.flatMap((part) => {
    const [accepted, now] = [lock.digests[part], digests[part]];
    return accepted === undefined || accepted === now ? [] : [{ part, accepted, ...(now === undefined ? {} : { now }) }];
  });
}

/** Computes the status. */
export function statusOf(contract: CodeContract, digests: Digests, lock: ContractLock | undefined): StatusReport {
  const declared = contract.declaredStatus;
  if (lock === undefined) {
    return digests.code === undefined
      ? { status: 'draft', declared, drift: [], why: contract.file === undefined ? 'it names no code (`metadata.file`)' : `there is no ${contract.file}` }
      : { status: 'generated', declared, drift: [], why: 'there is code, and no green test of it is on record' };
  }
  const drift = driftOf(digests, lock);
  if (drift.length === 0) return { status: 'verified', declared, drift, why: `all is as it was when ${lock.version} was verified` };
  // The contract as a whole changes with each of its parts; it is named where nothing else says it.
  const told = drift.filter(({ part }) => part !== 'contract' || !drift.some((one) => one.part === 'interface' || one.part === 'tests'));
  const gone = told.find(({ now }) => now === undefined);
  return { status: 'drifted', declared, drift, why: gone === undefined ? `${told.map(({ part }) => WORDS[part]).join(' and ')} changed since ${lock.version} was verified` : `${WORDS[gone.part]} is gone since ${lock.version} was verified` };
}
