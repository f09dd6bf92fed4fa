/** What of a schema binds the model while it speaks, and what is only found out afterwards: told in short, keyword by keyword. */
import type { Enforcement } from '../../contracts/models.ts';
import type { Lowered } from '../providers/provider.ts';

const MOST = 8;

/** @param unchecked what nobody checks, not even the validator */
export function schemaWarnings({ schema, enforcement }: Lowered, unchecked: readonly string[]): string[] {
  const warnings: string[] = [];
  const loose = enforcement.filter(({ by }) => by === 'validation');
  if (loose.length > 0 && schema === undefined) warnings.push('nothing binds this model to the output schema while it answers; the whole schema is checked afterwards');
  else if (loose.length > 0) warnings.push(`found only afterwards, by validation: ${listed(loose)}`);
  const nobody = enforcement.filter(({ by }) => by === 'none');
  if (nobody.length > 0) warnings.push(`enforced by nobody: ${listed(nobody)}`);
  if (unchecked.length > 0) warnings.push(`not checked: ${unchecked.join(', ')}`);
  return warnings;
}

/** `minimum (2 places), pattern at /name`. */
function listed(all: readonly Enforcement[]): string {
  const groups = [...Map.groupBy(all, ({ keyword }) => keyword)].map(([keyword, found]) => (found.length === 1 ? `${keyword}${found[0]!.path === '' ? '' : ` at ${found[0]!.path}`}` : `${keyword} (${found.length} places)`));
  return groups.length > MOST ? `${groups.slice(0, MOST).join(', ')} and ${groups.length - MOST} more` : groups.join(', ');
}
