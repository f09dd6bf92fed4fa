/**
 * Digests of a contract and of the code under it: what drift is told by, without a model and without running anything.
 *
 * Sections are compared as data: comments, layout and the order of keys count nothing, the order of parameters does. The file's own
 * `status:` and a model's opinions are no part of it. Code is compared as text, since its lines and comments are under contract too.
 */
import { isMapping, normalForm } from '../yaml-body.ts';
import type { CodeContract } from './types.ts';

/** SHA-256 in hex, of each part. `code` is absent where there is none. */
export interface Digests { readonly contract: string; readonly interface: string; readonly tests: string; readonly code?: string }

/** Sections that say when code is right. */
const TESTS = ['acceptance_tests', 'properties', 'given', 'idioms', 'frozen', 'waivers', 'effects'];

/** Digests of a contract, and of its code. */
export function digestsOf(contract: CodeContract, code: string | undefined, sha256: (text: string) => string): Digests {
  const { metadata, judged: _, ...rest } = contract.raw;
  const { status: __, ...bare } = isMapping(metadata) ? metadata : {};
  const hash = (value: unknown): string => sha256(normalForm(sorted(value, false)));
  return {
    contract: hash({ ...rest, metadata: bare }), interface: hash(contract.raw.interface ?? null),
    tests: hash(Object.fromEntries(TESTS.map((section) => [section, contract.raw[section] ?? null]))),
    ...(code === undefined ? {} : { code: sha256(code.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')) }),
  };
}

/** Plain data with the keys of its maps in order, but for those whose order means something. */
function sorted(value: unknown, ordered: boolean): unknown {
  if (Array.isArray(value)) return value.map((one) => sorted(one, false));
  if (!isMapping(value)) return value;
  const entries = Object.entries(value);
  if (!ordered) entries.sort(([a], [b]) => (a < b ? -1 : 1));
  // A list of pairs keeps an order that a map of integers would not.
  return ordered ? entries.map(([key, part]) => [key, sorted(part, false)]) : Object.fromEntries(entries.map(([key, part]) => [key, sorted(part, key === 'parameters')]));
}
