/**
 * Idioms: sentences that people write in many contracts, each with one fixed meaning. A meaning is shown, and counts only once a person has accepted it in
 * the contract (`idioms: [App does not break]`). A list, on purpose short: what is not here is frozen line by line.
 */
import type { Check, Subject } from './types.ts';

/** A sentence with a fixed meaning. */
export interface Idiom {
  readonly name: string;
  readonly pattern: RegExp;
  readonly meaning: string;
  check(exports: readonly Subject[]): Check;
}

const IDIOMS: readonly Idiom[] = [
  {
    name: 'App does not break', pattern: /^(?:the )?app(?:lication)? (?:does not|doesn't|never) (?:breaks?|crash(?:es)?)$/i,
    meaning: 'nothing in `when` ends in an uncaught error, and every export still answers', check: (calls) => ({ is: 'sound', calls }),
  },
  {
    name: 'Nothing throws', pattern: /^(?:nothing|no (?:error|exception)) (?:throws|is thrown)$/i,
    meaning: 'nothing in `when` ends in an uncaught error', check: () => ({ is: 'sound', calls: [] }),
  },
];

/** The idiom that a line is, whatever its case and final full stop. */
export function idiomOf(text: string): Idiom | undefined {
  const plain = text.trim().replace(/\.$/, '').replace(/\s+/g, ' ');
  return IDIOMS.find(({ pattern }) => pattern.test(plain));
}
