/**
 * Where a table's name qualifies columns (`weather.day`), which a rename of the table must follow. The graph has no use for
 * these places: they are no wires of their own.
 */
import type { Range } from '../../contracts/errors.ts';
import { tokenize } from './tokens.ts';
import type { Token } from './tokens.ts';
import { keywords } from './words.ts';

/** Places of `name` before a dot; none in a text that gives the name to something else (an alias, a common table). */
export function qualifiersOf(body: string, name: string): readonly Range[] {
  const { tokens } = tokenize(body);
  const folded = name.toLowerCase();
  const found: Range[] = [];
  for (const [index, token] of tokens.entries()) {
    if (!isName(token) || token.value.toLowerCase() !== folded) continue;
    const before = tokens[index - 1];
    const after = tokens[index + 1];
    if (after?.raw === '.') { if (before?.raw !== '.') found.push({ from: token.from, to: token.to }); continue; }
    const aliases = before?.key === 'as' || before?.raw === ')' || (before !== undefined && isName(before) && !keywords.has(before.key));
    if (aliases || (after?.key === 'as' && ['(', 'materialized', 'not'].includes(tokens[index + 2]?.raw.toLowerCase() ?? ''))) return [];
  }
  return found;
}

const isName = (token: Token): boolean => token.kind === 'word' || token.kind === 'name';
