/**
 * Generations: `telar: N` in the front matter says which form of the notebook file this is. An older file is brought up by
 * numbered, pure steps, in memory; only its owner's saving writes it. A newer one is refused, with the Telar that reads it.
 * Generation 1 is the first, so there is no step yet; the way they are taken is here, and tested with a step of its own.
 */
import { TelarError } from '../../contracts/errors.ts';
import type { TextChange } from './document.ts';
import { findFrontMatter, readFrontMatter, yamlOf } from './front-matter.ts';
import { isScalar } from 'yaml';

/** One step from generation `from` to the next. `change` gets the text and gives it in the new form; the number is written for it. */
export interface Migration { readonly from: number; readonly what: string; readonly change: (text: string) => string }

/** All steps, in order: the first is from generation 1. */
const migrations: readonly Migration[] = [];

/** The generation that this Telar writes. */
export const currentGeneration = 1 + migrations.length;

/** The first release that reads a generation: 0.1 read the first, and each further one came with a major release. */
export const releaseOf = (generation: number): string => (generation <= 1 ? '0.1' : `${generation}.0`);

/** Why a file of a newer generation is refused, and what to do. */
export const newerMessage = (generation: number, current = currentGeneration): string =>
  `This file is of generation ${generation}, and this Telar reads up to generation ${current}. Open it with Telar ${releaseOf(generation)} or later.`;

/** The generation that a text says; 1 if it says none. */
function generationOf(text: string): number {
  const place = findFrontMatter(text);
  return typeof place === 'object' ? readFrontMatter(text, place.at).frontMatter.telar : 1;
}

/**
 * Brings a text to the newest generation. A text that is of it already comes back as it is, to the byte.
 * @param steps the steps to take from; another table than Telar's own only in tests
 * @returns the text, the generation it had, and what was done, one sentence a step
 * @throws TelarError `newer-generation` when the text is of a generation that the steps do not lead to
 */
export function migrate(text: string, steps: readonly Migration[] = migrations): { text: string; from: number; to: number; done: readonly string[] } {
  const current = 1 + steps.length;
  const from = generationOf(text);
  if (from > current) throw new TelarError('newer-generation', newerMessage(from, current), { generation: from, reads: current, release: releaseOf(from) });
  const taken = steps.slice(from - 1);
  let result = text;
  taken.forEach((step, index) => {
    if (step.from !== from + index) throw new Error(`migration ${from + index} is numbered ${step.from}`);
    const changed = step.change(result);
    const change = generationChange(changed, step.from + 1);
    result = changed.slice(0, change.from) + change.insert + changed.slice(change.to);
  });
  return { text: result, from, to: current, done: taken.map((step) => step.what) };
}

/** The change that makes a text say its generation. */
function generationChange(text: string, generation: number): TextChange {
  const eol = /\r\n|\r|\n/.exec(text)?.[0] ?? '\n';
  const place = findFrontMatter(text);
  const start = text.startsWith('\uFEFF') ? 1 : 0;
  if (typeof place !== 'object') return { from: start, to: start, insert: `---${eol}telar: ${generation}${eol}---${eol}${eol}` };
  const written = yamlOf(text.slice(place.at.from, place.at.to))?.get('telar', true);
  if (isScalar(written) && written.range) return { from: place.at.from + written.range[0], to: place.at.from + written.range[1], insert: String(generation) };
  return { from: place.at.from, to: place.at.from, insert: `telar: ${generation}${eol}` };
}
