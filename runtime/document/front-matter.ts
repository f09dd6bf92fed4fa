/**
 * Front matter: the YAML between two lines of dashes at the very top. Missing is fine (generation 1, nothing said). Wrong is a
 * problem in place, and what can be read of it is kept. It is data only: no tags that build objects, no merge of prototypes.
 */
import { isScalar, isSeq, parseDocument as parseYaml } from 'yaml';
import type { Document as Yaml } from 'yaml';
import type { Range } from '../../contracts/errors.ts';
import type { FrontMatter } from './document.ts';
import { isBlank, LineReader } from './lines.ts';

/** Where front matter stands: the opening line, the YAML, and where Markdown begins. */
export interface FrontMatterPlace {
  readonly openAt: Range;
  readonly at: Range;
  /** First character after the closing line. */
  readonly end: number;
}

/** What is wrong in it. */
export interface FrontMatterProblem { readonly message: string; readonly offset: number; readonly data?: Readonly<Record<string, unknown>> }

/** Finds front matter. `'unclosed'`: there is an opening line with a key below it, and no closing line before the first fence. */
export function findFrontMatter(text: string): FrontMatterPlace | 'unclosed' | undefined {
  const start = text.startsWith('\uFEFF') ? 1 : 0;
  if (!text.startsWith('---', start)) return undefined;
  const reader = new LineReader(text);
  const open = reader.at(start);
  if (!isDashes(text, open.from, open.end) || open.next === open.end) return undefined;
  let keyed = false;
  for (let at = open.next; at < text.length;) {
    const line = reader.at(at);
    if (isDashes(text, line.from, line.end)) return { openAt: { from: start, to: open.next }, at: { from: open.next, to: line.from }, end: line.next };
    // A blank line right below makes the dashes a rule in the prose.
    if (at === open.next && isBlank(text, line.from, line.end)) return undefined;
    if (at === open.next) keyed = /^[A-Za-z_][\w-]*\s*:/.test(text.slice(line.from, Math.min(line.end, line.from + 200)));
    if (text.startsWith('```', at) || text.startsWith('~~~', at)) break;
    at = line.next;
  }
  return keyed ? 'unclosed' : undefined;
}

const isDashes = (text: string, from: number, end: number): boolean => text.startsWith('---', from) && from + 3 <= end && isBlank(text, from + 3, end);

/** What a file without front matter says. */
export const noFrontMatter: FrontMatter = { telar: 1, covenant: 'warn', data: {} };

/** The YAML of a span as a document of the `yaml` package; offsets are those of the span. `undefined`: too deep to be read. */
export function yamlOf(source: string): Yaml | undefined {
  try {
    // The package knows no lone CR; as LF it has the same width.
    return parseYaml(source.replace(/\r(?!\n)/g, '\n'), { prettyErrors: false, logLevel: 'silent', keepSourceTokens: true });
  } catch {
    return undefined;
  }
}

/** Reads the YAML at a span of the text. Total: what is wrong becomes a problem, and a default stands in. */
export function readFrontMatter(text: string, at: Range): { frontMatter: FrontMatter; problems: readonly FrontMatterProblem[] } {
  const problems: FrontMatterProblem[] = [];
  const yaml = yamlOf(text.slice(at.from, at.to));
  if (yaml === undefined) {
    problems.push({ message: 'The front matter is nested too deeply to be read; make it flatter.', offset: at.from });
    return { frontMatter: { ...noFrontMatter, at }, problems };
  }
  for (const error of yaml.errors) {
    problems.push({ message: `The front matter is not valid YAML: ${firstLine(error.message)}. Mend this line.`, offset: at.from + Math.min(error.pos[0], at.to - at.from) });
  }
  let data: Record<string, unknown> = {};
  try {
    const value: unknown = yaml.toJS({ maxAliasCount: 100 });
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) data = value as Record<string, unknown>;
    else if (value !== null && value !== undefined) {
      problems.push({ message: 'The front matter must be keys with values, as in `title: Weather`.', offset: at.from });
    }
  } catch (error) {
    problems.push({ message: `The front matter cannot be read: ${firstLine((error as Error).message)}.`, offset: at.from });
  }
  const take = <T>(key: string, fits: (value: unknown) => value is T, wanted: string): T | undefined => {
    if (!Object.hasOwn(data, key) || data[key] === null) return undefined;
    const value = data[key];
    if (fits(value)) return value;
    // What broken YAML came to is nothing that anybody wrote.
    if (yaml.errors.length > 0) return undefined;
    problems.push({ message: `\`${key}\` in the front matter must be ${wanted}.`, offset: at.from + keyOffset(yaml, key), data: { key } });
    return undefined;
  };
  const telar = take('telar', isGeneration, 'a whole number, the generation of this file: `telar: 1`');
  const title = take('title', isText, 'text; put it in quotes');
  const outputs = take('outputs', isTexts, 'a list of ids: `outputs: [report, monthly]`');
  const covenant = take('covenant', isCovenant, '`warn` or `fail`');
  const tables = take('tables', isText, 'the name of a form of tables, as `pandas`');
  const worker = take('worker', isPlace, '`light` or `heavy`');
  const isolated = take('isolated', isFlag, '`true` or `false`');
  const packages = take('packages', isTexts, 'a list of packages: `packages: [pandas, numpy]`');
  const skills = take('skills', isTexts, 'a list of folders: `skills: [skills, team=../team/skills]`');
  const effects = take('effects', isEffects, 'lists by `network`, `files` or `programs`: `effects: {network: [https://example.org]}`');
  return {
    frontMatter: {
      telar: telar ?? 1, covenant: covenant ?? 'warn', data, at,
      ...(title === undefined ? {} : { title }),
      ...(outputs === undefined ? {} : { outputs }),
      ...(tables === undefined ? {} : { tables }),
      ...(worker === undefined ? {} : { worker }),
      ...(isolated === undefined ? {} : { isolated }),
      ...(packages === undefined ? {} : { packages }),
      ...(skills === undefined ? {} : { skills }),
      ...(effects === undefined ? {} : { effects }),
    },
    problems,
  };
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText);
const isCovenant = (value: unknown): value is 'warn' | 'fail' => value === 'warn' || value === 'fail';
const isPlace = (value: unknown): value is 'light' | 'heavy' => value === 'light' || value === 'heavy';
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';
const EFFECTS = ['network', 'files', 'programs'];
const isEffects = (value: unknown): value is NonNullable<FrontMatter['effects']> => typeof value === 'object' && value !== null && !Array.isArray(value)
  && Object.entries(value).every(([key, list]) => EFFECTS.includes(key) && isTexts(list));
const isGeneration = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 1;
const firstLine = (message: string): string => message.split('\n')[0]!.replace(/[.:]$/, '').slice(0, 300);

function keyOffset(yaml: Yaml, key: string): number {
  return (yaml.get(key, true) as { range?: readonly number[] } | undefined)?.range?.[0] ?? 0;
}

/** Places, within the YAML, of the items of `outputs` that are a name, and how each is quoted. */
export function outputPlaces(source: string, name: string): readonly Range[] {
  const outputs = yamlOf(source)?.get('outputs', true);
  if (!isSeq(outputs)) return [];
  return outputs.items.flatMap((item) =>
    isScalar(item) && item.value === name && item.range ? [{ from: item.range[0], to: item.range[1] }] : []);
}
