/**
 * Search over skills: BM25+ (MiniSearch) over stems of name, keywords, description, headings and body. Indexing the body is what makes
 * routing right: names and descriptions alone miss what a skill is really about.
 *
 * Each hit says which words of the question matched, and where. Words that match only by their beginning or with a typing error count
 * when no word matches as it is, and the answer tells so. Equal questions to equal libraries have equal answers, in the same order.
 */
import MiniSearch from 'minisearch';
import type { SearchResult } from 'minisearch';
import { qualified } from './library.ts';
import type { Skill } from './library.ts';
import { stemOf, wordsOf } from './words.ts';

/** Where a word may stand, with how much it counts there. */
const BOOST = { name: 4, keywords: 3, description: 3, headings: 2, body: 1 } as const;
type SearchField = keyof typeof BOOST;
const FIELDS = Object.keys(BOOST) as SearchField[];

/** Longest question that is looked at, in UTF-16 units, and most of its different words. */
const LONGEST_QUERY = 4096;
const MOST_WORDS = 64;

/** A word of the question that was found. */
interface Matched {
  /** As the question has it. */
  readonly word: string;
  readonly fields: readonly SearchField[];
  /** The stem that was found instead, where the match is only near. */
  readonly near?: string;
}

/** A skill that was found. */
export interface Hit {
  readonly skill: Skill;
  /** BM25+, rounded to four digits. It compares hits of one question and nothing else. */
  readonly score: number;
  readonly matched: readonly Matched[];
}

/** What a search gives. */
interface Found {
  readonly hits: readonly Hit[];
  /** `near`: no word is there as asked, so beginnings and typing errors were allowed. `none`: nothing, or only stop words. */
  readonly how: 'exact' | 'near' | 'none';
  /** How many skills match in all. */
  readonly total: number;
}

/** A search over one library. */
export interface SkillSearch { search(query: string, top?: number): Found }

/** Indexes skills. Their order is the order of equals. */
export function createSearch(skills: readonly Skill[]): SkillSearch {
  const index = new MiniSearch<{ id: number } & Record<SearchField, string>>({
    fields: FIELDS, tokenize: wordsOf, processTerm: stemOf,
    searchOptions: { boost: BOOST, combineWith: 'OR' },
  });
  index.addAll(skills.map((skill, id) => ({
    id, name: `${skill.id} ${skill.name}`, keywords: `${skill.keywords.join(' ')} ${skill.other.category ?? skill.metadata.category ?? ''}`,
    description: skill.description, headings: skill.headings.join('\n'), body: skill.body,
  })));
  return {
    search: (query, top = 5) => {
      const words = new Map<string, string>();
      for (const word of wordsOf(query.slice(0, LONGEST_QUERY))) {
        const stem = stemOf(word);
        if (stem !== null && !words.has(stem) && words.size < MOST_WORDS) words.set(stem, word);
      }
      if (words.size === 0) return { hits: [], how: 'none', total: 0 };
      const asked = [...words.keys()];
      const ask = (near: boolean): SearchResult[] => index.search(asked.join(' '), { tokenize: (text) => text.split(' '), processTerm: (stem) => stem, prefix: near && ((stem) => stem.length > 2), fuzzy: near && ((stem) => (stem.length < 4 ? false : stem.length < 6 ? 1 : 2)) });
      let results = ask(false);
      const how = results.length > 0 ? 'exact' : 'near';
      if (how === 'near') results = ask(true);
      const hits = results.map((result) => ({ skill: skills[result.id as number]!, order: result.id as number, score: Math.round(result.score * 10_000) / 10_000, result }))
        .sort((a, b) => b.score - a.score || a.order - b.order).slice(0, Math.max(0, top))
        .map(({ skill, score, result }) => ({ skill, score, matched: matchedOf(result, words) }));
      return { hits, how: results.length === 0 ? 'none' : how, total: results.length };
    },
  };
}

/** A skill that was picked for a prompt, and why. */
export interface Picked { readonly skill: Skill; readonly name: string; readonly score: number; readonly reason: string }

/**
 * The skills that a prompt takes by itself (`skills: auto`): the best few for its question, each with the reason in words.
 * @param library skills, or a search that was made over them before
 */
export function pickSkills(query: string, library: readonly Skill[] | SkillSearch, n = 3): readonly Picked[] {
  const search = 'search' in library ? library : createSearch(library);
  const { hits, how } = search.search(query, n);
  // What is only near is a guess, and a guess is not put into a prompt unseen.
  return how === 'exact' ? hits.map((hit) => ({ skill: hit.skill, name: qualified(hit.skill), score: hit.score, reason: reasonOf(hit) })) : [];
}

/** `chart (name, body), colour (body)`. */
export const reasonOf = ({ matched }: Hit): string => matched.map(({ word, fields, near }) => `${word}${near === undefined ? '' : ` ≈ ${near}`} (${fields.join(', ')})`).join(', ');

function matchedOf({ match, queryTerms, terms }: SearchResult, words: ReadonlyMap<string, string>): Matched[] {
  return terms.map((term): Matched => {
    const own = words.get(term);
    const from = own ?? words.get(queryTerms.find((asked) => term.startsWith(asked)) ?? queryTerms[0]!) ?? term;
    return { word: from, fields: FIELDS.filter((field) => match[term]?.includes(field)), ...(own === undefined ? { near: term } : {}) };
  }).sort((a, b) => b.fields.length - a.fields.length || (a.word < b.word ? -1 : a.word > b.word ? 1 : 0));
}
