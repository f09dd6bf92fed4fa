/** Words of a store on disk, with those in memory that were met lately. */
import { wordId, type Words } from './records.node.ts';
import type { Statements } from './statements.node.ts';

/** Most words in memory. */
const MOST = 10_000;

/** Words that can be forgotten: what was met in a transaction that failed, or before another process has collected. */
export interface KnownWords extends Words { forget(): void }

/** @param connection the statements of now */
export function openWords(connection: () => Statements): KnownWords {
  const texts = new Map<number, string>();
  const ids = new Map<string, number>();

  function forget(): void {
    texts.clear();
    ids.clear();
  }

  function remember(id: number, text: string): void {
    if (texts.size >= MOST) forget();
    texts.set(id, text);
    ids.set(text, id);
  }

  return {
    id(text) {
      const met = ids.get(text);
      if (met !== undefined) return met;
      const id = wordId(text);
      const { addWord, word, setWord } = connection();
      addWord.run(id, text);
      const kept = (word.get(id) as { text: string }).text;
      if (kept !== text) {
        if (wordId(kept) === id) return undefined;
        setWord.run(text, id);
      }
      remember(id, text);
      return id;
    },
    text(id) {
      const met = texts.get(id);
      if (met !== undefined) return met;
      const text = (connection().word.get(id) as { text: string } | undefined)?.text;
      if (text === undefined || wordId(text) !== id) return undefined;
      remember(id, text);
      return text;
    },
    forget,
  };
}
