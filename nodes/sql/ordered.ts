/** Whether the last statement of a text orders its rows: an ORDER BY of its own, not one within brackets (a subquery, a window, an aggregate). */
import type { Token } from './tokens.ts';

const depthOf = ({ kind, raw }: Token): number => (kind !== 'op' ? 0 : /^[([{]$/.test(raw) ? 1 : /^[)\]}]$/.test(raw) ? -1 : 0);

/** Brackets around the whole statement do not hide its ORDER BY. */
export function isOrdered(tokens: readonly Token[]): boolean {
  let statement = lastStatement(tokens);
  while (isBracketed(statement)) statement = statement.slice(1, -1);
  let depth = 0;
  return statement.some((token, at) => {
    depth += depthOf(token);
    return depth === 0 && token.key === 'order' && statement[at + 1]?.key === 'by' && statement[at - 1]?.raw !== '.';
  });
}

function lastStatement(tokens: readonly Token[]): readonly Token[] {
  const end = tokens.findLastIndex((token) => token.raw !== ';') + 1;
  return tokens.slice(tokens.findLastIndex((token, at) => at < end && token.raw === ';') + 1, end);
}

/** Whether the first bracket is closed by the last token. */
function isBracketed(tokens: readonly Token[]): boolean {
  let depth = 0;
  return tokens[0]?.raw === '(' && tokens.findIndex((token) => { depth += depthOf(token); return depth === 0; }) === tokens.length - 1;
}
