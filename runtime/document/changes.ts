/**
 * Changes: replacements of spans of one text, made all at once; every place is one of the text before.
 */
import type { TextChange } from './document.ts';

/** A text after changes. Their order does not matter; two that overlap are a bug. */
export function applyChanges(text: string, changes: readonly TextChange[]): string {
  let result = '';
  let at = 0;
  for (const change of [...changes].sort((a, b) => a.from - b.from || a.to - b.to)) {
    if (change.from < at || change.to < change.from || change.to > text.length) throw new Error(`changes overlap, or lie outside of the text, at ${change.from}`);
    result += text.slice(at, change.from) + change.insert;
    at = change.to;
  }
  return result + text.slice(at);
}
