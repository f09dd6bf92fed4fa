/** What the arguments of a call say, given as the tokens between its brackets. */
import { tokenize } from './tokens.ts';
import type { Token } from './tokens.ts';

/** The strings of a call's first argument: one, or a list of them. */
export function firstTexts(parts: readonly Token[]): readonly Token[] {
  if (parts[0]?.kind === 'text') return [parts[0]];
  if (parts[0]?.raw !== '[') return [];
  return parts.slice(1, parts.findIndex((part) => part.raw === ']')).filter((part) => part.kind === 'text');
}

/** The tokens of a string's content, with their places in the body. */
export function tokensWithin(text: Token): Token[] {
  const by = text.from + text.raw.indexOf(text.value);
  // With escapes in it, places within do not exist; then its names are found at run time.
  if (by < text.from) return [];
  return tokenize(text.value).tokens.map((token) => ({ ...token, from: token.from + by, to: token.to + by }));
}

/** `age(t)` counts from today, `age(t, u)` does not. */
export function isOneArgument(parts: readonly Token[]): boolean {
  let depth = 0;
  for (const part of parts) {
    if (/^[([{]$/.test(part.raw)) depth += 1;
    else if (/^[)\]}]$/.test(part.raw)) depth -= 1;
    else if (part.raw === ',' && depth === 0) return false;
  }
  return true;
}
