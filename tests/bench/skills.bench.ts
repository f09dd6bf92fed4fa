/**
 * B11: a search over 1,000 skills. The peer is what one writes without an index: BM25 over words that were split and stemmed beforehand,
 * one pass over all texts for each question. Told beside it: making the index, which a command does once.
 */
import type { Skill } from '../../nodes/skill/library.ts';
import { readLibrary } from '../../nodes/skill/library.ts';
import { createSearch } from '../../nodes/skill/search.ts';
import { stemOf, wordsOf } from '../../nodes/skill/words.ts';
import { glob } from '../../runtime/glob.ts';
import { median, time, type Figure } from './bench.ts';

const COUNT = 1_000;
const QUERIES = ['draw a chart of monthly sales by region', 'how do I clean duplicate rows', 'w17 w230 w905', 'convert a report to slides for the board', 'w3', 'fit a model to sensor data with noise and report the error'];

/** Chance with a seed, so that every run has the same texts. */
function chance(seed: number): () => number {
  let state = seed;
  return () => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return state / 2 ** 32; };
}

/** Skills of some 500 words, drawn so that few words are frequent and many rare, as in prose. */
function skills(): readonly Skill[] {
  const next = chance(20261121);
  const topics = 'chart sales region month clean duplicate row report slides board model sensor data noise error table text style letter invoice ledger python query join map river network budget forecast image audio test review'.split(' ');
  const word = (): string => (next() < 0.12 ? topics[Math.floor(next() * topics.length)]! : `w${Math.floor(4000 * next() ** 3)}`);
  const words = (count: number): string => Array.from({ length: count }, word).join(' ');
  const texts = new Map(Array.from({ length: COUNT }, (_, i) => [`skills/skill-${i}`, `---\nname: skill-${i}\ndescription: "Use when ${words(25)}."\n---\n# ${words(4)}\n\n${words(250)}\n\n## ${words(3)}\n\n${words(220)}\n`]));
  const list = (folder: string): string[] | undefined => (folder === 'skills' ? [...texts.keys()].map((path) => path.slice(7)) : texts.has(folder) ? ['SKILL.md'] : folder === '' ? ['skills'] : undefined);
  return readLibrary({ glob: (pattern) => glob(pattern, list), read: (path) => new TextEncoder().encode(texts.get(path.slice(0, -9))) }, [{ name: 'skills', path: 'skills' }]).skills;
}

/** BM25 by one pass over all texts. */
function scan(all: readonly Skill[]): (query: string) => readonly number[] {
  const documents = all.map((skill) => [skill.id, skill.description, skill.body].flatMap((text) => wordsOf(text).flatMap((word) => stemOf(word) ?? [])));
  const average = documents.reduce((sum, { length }) => sum + length, 0) / documents.length;
  return (query) => {
    const asked = [...new Set(wordsOf(query).flatMap((word) => stemOf(word) ?? []))];
    const counts = documents.map((words) => { const seen = new Map(asked.map((stem) => [stem, 0])); for (const word of words) { const n = seen.get(word); if (n !== undefined) seen.set(word, n + 1); } return seen; });
    const within = new Map(asked.map((stem) => [stem, counts.filter((seen) => seen.get(stem)! > 0).length]));
    return counts.map((seen, i): [number, number] => [i, asked.reduce((sum, stem) => {
      const n = seen.get(stem)!;
      return sum + (n === 0 ? 0 : Math.log(1 + (COUNT - within.get(stem)! + 0.5) / (within.get(stem)! + 0.5)) * n * 2.2 / (n + 1.2 * (0.25 + 0.75 * documents[i]!.length / average)));
    }, 0)]).filter(([, score]) => score > 0).sort((a, b) => b[1] - a[1]).slice(0, 5).map(([i]) => i);
  };
}

export async function figures(): Promise<readonly Figure[]> {
  const all = skills();
  if (all.length !== COUNT) throw new Error('skills are missing');
  const made = await time(() => createSearch(all), { runs: 5, warmup: 1 });
  const { search } = createSearch(all);
  const peer = scan(all);
  const each = async (act: (query: string) => unknown): Promise<number[]> => { const taken: number[] = []; for (const query of QUERIES) taken.push(await time(() => act(query), { runs: 21, warmup: 5 })); return taken; };
  for (const query of QUERIES.slice(0, 2)) if (search(query, 5).hits.length !== 5 || peer(query).length !== 5) throw new Error('nothing was found');
  const ours = await each((query) => search(query, 5));
  const theirs = await each(peer);
  const near = await time(() => search('chrat slaes reigon', 5), { runs: 11, warmup: 3 });
  return [
    { id: '–', what: 'search over 1,000 skills of 500 words', ours: median(ours), unit: 'ms', peer: { name: 'BM25 by a scan of words split before', value: median(theirs) }, reach: { most: 5 }, note: `the slowest of ${QUERIES.length} questions ${Math.max(...ours).toFixed(1)} ms; one with typing errors only ${near.toFixed(1)} ms` },
    { id: '–', what: 'making the index of it, once', ours: made, unit: 'ms', reach: {} },
  ];
}
