/**
 * What was accepted: `NAME.contract.lock` beside `NAME.contract.yaml`, written when a test is green and proved so, and kept in git. It
 * holds digests, the interface for the version rule, and nothing of this machine or of the hour, so that two people write the same.
 */
import { TelarError } from '../../contracts/errors.ts';
import { isMapping } from '../yaml-body.ts';
import type { Digests } from './digest.ts';
import type { CodeContract, TestReport } from './types.ts';

/** A contract as it was when its code was last verified. */
export interface ContractLock {
  readonly id: string;
  readonly version: string;
  readonly digests: Digests;
  /** The accepted interface, as written. */
  readonly interface: Readonly<Record<string, unknown>>;
  /** Lines by truth status, and what a person waived. */
  readonly lines: Readonly<Record<string, number>>;
  readonly waived: readonly string[];
}

/** Largest lock that is read. */
const LARGEST = 1024 * 1024;
const GENERATION = 1;
const HASH = /^[0-9a-f]{64}$/;

/** Where the lock of a contract's file lies. */
export const contractLockPath = (file: string): string => `${file.replace(/(?:\.contract)?\.ya?ml$/i, '')}.contract.lock`;

/** The lock of a test that verified. */
export function lockOf(contract: CodeContract, digests: Digests, report: TestReport): ContractLock {
  const lines: Record<string, number> = {};
  for (const { status } of report.lines) lines[status] = (lines[status] ?? 0) + 1;
  return {
    id: contract.id, version: contract.version, digests, interface: (isMapping(contract.raw.interface) ? contract.raw.interface : {}), lines,
    waived: [...report.lines.flatMap(({ id, waived }) => (waived === undefined ? [] : [id])), ...report.constraints.flatMap(({ name, waived }) => (waived === undefined ? [] : [name]))],
  };
}

/** What a lock holds, as JSON: integers beyond 2^53 are texts there. */
const json = (value: unknown): string => JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part), 2);

/** An interface as it comes back from a lock. */
export const acceptedForm = (face: unknown): unknown => JSON.parse(json(face ?? {}));

/** The text of a lock: the same for the same lock. */
export function formatContractLock({ id, version, digests, interface: face, lines, waived }: ContractLock): string {
  return `${json({ lock: GENERATION, id, version, digests, lines: Object.fromEntries(Object.entries(lines).sort(([a], [b]) => (a < b ? -1 : 1))), waived, interface: face })}\n`;
}

/** Reads a lock. @throws TelarError `bad-file`, `newer-generation` */
export function parseContractLock(text: string, file: string): ContractLock {
  const bad = (why: string): TelarError => new TelarError('bad-file', `${file} is no lock of a contract: ${why}. Remove it; \`telar contract test\` writes it again.`, { file });
  if (text.length > LARGEST) throw bad('it is larger than 1 MiB');
  let raw: unknown;
  try { raw = JSON.parse(text); } catch { throw bad(text.includes('<<<<<<<') ? 'it has marks of a merge' : 'it is not JSON'); }
  if (!isMapping(raw)) throw bad('it is no map');
  if (typeof raw.lock === 'number' && raw.lock > GENERATION) throw new TelarError('newer-generation', `${file} was written by a later version of Telar (its generation is ${raw.lock}).`, { file });
  const { id, version, digests, interface: face, lines, waived } = raw;
  if (typeof id !== 'string' || typeof version !== 'string') throw bad('it lacks `id` or `version`');
  if (!isMapping(digests) || !['contract', 'interface', 'tests'].every((part) => HASH.test(String(digests[part]))) || (digests.code !== undefined && !HASH.test(String(digests.code)))) throw bad('its digests are no SHA-256');
  return {
    id, version, digests: { contract: String(digests.contract), interface: String(digests.interface), tests: String(digests.tests), ...(digests.code === undefined ? {} : { code: String(digests.code) }) },
    interface: isMapping(face) ? face : {}, waived: Array.isArray(waived) ? waived.map(String) : [],
    lines: isMapping(lines) ? Object.fromEntries(Object.entries(lines).flatMap(([status, many]) => (typeof many === 'number' ? [[status, many]] : []))) : {},
  };
}
