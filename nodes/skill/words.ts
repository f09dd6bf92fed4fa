/**
 * Words of a text for search: folded to lower case without accents, English stop words left out, the rest stemmed (Porter). The road
 * not taken is a language detector: other languages are found by their words as they are, which stemming by English rules does not hurt,
 * because question and text go the same way.
 */
import { stemmer } from 'stemmer';

/** Words that say nothing of what a skill is about. */
const STOP: ReadonlySet<string> = new Set(('a about after all also am an and any are as at be because been before being between both but by can could did do does doing down during each few for from further get had has have having he her here hers him his how i if in into is it its just let like '
  + 'make me more most my need no nor not now of off on once only or other our out over own please same she should so some such than that the their them then there these they this those through to too under until up us use used using very want was we were what when where which while who whom why will with would you your').split(' '));

/** Longest word that is kept: beyond it is base64, not language. */
const LONGEST_WORD = 64;

/** Splits a text into words as written. `camelCase` and `snake_case` come apart. */
export const wordsOf = (text: string): string[] => text.replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2').match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];

const stems = new Map<string, string | null>();

/** The stem that stands for a word; `null` for one that is left out. */
export function stemOf(word: string): string | null {
  let stem = stems.get(word);
  if (stem !== undefined) return stem;
  const plain = word.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  stem = plain.length > LONGEST_WORD || STOP.has(plain) ? null : /^[a-z]+$/.test(plain) ? stemmer(plain) : plain;
  if (stems.size > 50_000) stems.clear();
  stems.set(word, stem);
  return stem;
}
