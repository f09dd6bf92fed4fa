/**
 * Scripted answers from a YAML file, for tests and demonstrations: no model, nothing by chance. Of the answers whose `when` stands in the newest
 * message of the user (or that have none) the first that was not given yet is given, each once; when all were, the last of them again.
 *
 * What was given is remembered by this process and by the file's text: an edited script begins anew. A token is a word.
 */
import { isMap, isSeq } from 'yaml';
import { type ErrorCode, TelarError } from '../../contracts/errors.ts';
import type { Message } from '../../contracts/models.ts';
import { yamlOf } from '../document/front-matter.ts';
import { lineStarts, placeIn } from '../document/lines.ts';
import { lower } from './lower/lower.ts';
import type { Completed, Completion, Provider, ProviderPowers } from './provider.ts';

const LARGEST = 4 * 1024 ** 2;
const LONGEST_DELAY = 600_000;
const CODES: readonly string[] = ['network', 'timeout', 'unavailable', 'bad-input', 'output-limit', 'lost'];
const KEYS = ['when', 'answer', 'json', 'error', 'finish', 'delay', 'tokens'];

/** One answer of a script. */
export interface Scripted {
  readonly when?: string;
  readonly text: string;
  readonly error?: { readonly code: ErrorCode; readonly message: string; readonly status?: number; readonly retryAfter?: number };
  readonly finish: 'stop' | 'length' | 'refusal';
  /** Milliseconds before it. */
  readonly delay: number;
  readonly tokens?: { readonly input?: number; readonly output?: number; readonly cached?: number };
}

/** What was given of each script, by its text. */
const given = new Map<string, Set<number>>();
const MOST_SCRIPTS = 100;

/** See the module's head. */
export const provider: Provider = {
  name: 'script',
  features: () => ({ streams: true, grammar: false, seed: false, media: true, exactCount: true, promptCache: false }),
  window: async (_profile, { context }) => context,
  count: async ({ messages }) => ({ tokens: wordsOf(messages), exact: true }),
  lower: (schema) => lower(schema, 'script'),
  complete,
  async ready({ model = '' }, { readFile }) {
    if (readFile === undefined) return { ok: true, words: `answers from ${model}` };
    try {
      return { ok: true, words: `${readScript(textOf(readFile(model), model), model).length} answers in ${model}` };
    } catch (error) {
      return { ok: false, words: TelarError.from(error).message };
    }
  },
};

async function complete({ profile: { model = '' }, messages, onText }: Completion, powers: ProviderPowers): Promise<Completed> {
  const source = textOf(powers.readFile(model), model);
  const { text, error, finish, delay, tokens } = choose(readScript(source, model), powers.sha256(source), messages, model);
  await pause(delay, powers.signal);
  if (error !== undefined) {
    const { code, message, ...data } = error;
    throw new TelarError(code, message, data);
  }
  if (text.length > powers.limits.output) throw new TelarError('output-limit', `The answer has more than ${powers.limits.output} characters.`, { limit: powers.limits.output });
  for (const piece of text.match(/\s*\S+\s*$|\s*\S+|\s+$/g) ?? []) {
    if (powers.signal.aborted) throw new TelarError('cancelled', 'The step was cancelled.');
    onText(piece);
    await Promise.resolve();
  }
  return { text, finish, model: `script/${model.split('/').at(-1)!}`, input: tokens?.input ?? wordsOf(messages), output: tokens?.output ?? words(text), ...(tokens?.cached === undefined ? {} : { cached: tokens.cached }) };
}

const words = (text: string): number => text.match(/\S+/g)?.length ?? 0;
const textsOf = ({ content }: Message): string => content.map((part) => ('text' in part ? part.text : '')).join('');
const wordsOf = (messages: readonly Message[]): number => messages.reduce((sum, message) => sum + words(textsOf(message)), 0);

function choose(script: readonly Scripted[], key: string, messages: readonly Message[], path: string): Scripted {
  const newest = textsOf(messages.findLast(({ role }) => role === 'user') ?? messages.at(-1) ?? { role: 'user', content: [] });
  const fitting = script.flatMap(({ when }, i) => (when === undefined || newest.includes(when) ? [i] : []));
  if (!given.has(key) && given.size >= MOST_SCRIPTS) given.delete(given.keys().next().value!);
  const had = given.get(key) ?? new Set<number>();
  given.set(key, had);
  const next = fitting.find((i) => !had.has(i)) ?? fitting.at(-1);
  if (next === undefined) throw new TelarError('unavailable', `${path} has no answer to “${newest.trim().slice(0, 80)}”. Give it one with a \`when\` that stands in the question, or one without.`);
  had.add(next);
  return script[next]!;
}

/** Waits, unless it is stopped. @throws TelarError `cancelled` */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const cancelled = (): TelarError => new TelarError('cancelled', 'The step was cancelled.');
  if (signal.aborted) throw cancelled();
  if (ms === 0) return;
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => { clearTimeout(timer); reject(cancelled()); };
    const timer = setTimeout(() => { signal.removeEventListener('abort', stop); resolve(); }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}

function textOf(bytes: Uint8Array, path: string): string {
  if (bytes.length > LARGEST) throw new TelarError('bad-file', `${path} is larger than ${LARGEST} bytes; a script is a few answers.`, { path });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new TelarError('bad-file', `${path} is not UTF-8; save it so.`, { path }, { cause: error });
  }
}

/** Reads a script: a list of answers, or `answers:` with one. @throws TelarError `bad-file` whose message has line and column; `data.line` would be one of the notebook */
export function readScript(source: string, path: string): readonly Scripted[] {
  const starts = lineStarts(source);
  const bad = (message: string, offset = 0): TelarError => {
    const { line, column } = placeIn(starts, offset);
    return new TelarError('bad-file', `${path}:${line}:${column}: ${message}`, { path });
  };
  const yaml = yamlOf(source);
  if (yaml === undefined) throw bad('It is nested too deeply to be read.');
  const [error] = yaml.errors;
  if (error !== undefined) throw bad(`It is not valid YAML: ${error.message.split('\n')[0]!.slice(0, 200)}.`, error.pos[0]);
  const list: unknown = isMap(yaml.contents) ? yaml.get('answers', true) : yaml.contents;
  if (!isSeq(list) || list.items.length === 0) throw bad('A script is a list of answers: `- answer: Yes.`');
  let all: unknown;
  try {
    all = yaml.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw bad(`It cannot be read: ${(cause as Error).message.slice(0, 200)}.`);
  }
  const values = (Array.isArray(all) ? all : (all as { readonly answers: unknown }).answers) as readonly unknown[];
  return values.map((one, i) => {
    const offset = (list.items[i] as { readonly range?: readonly number[] } | null)?.range?.[0];
    const fault = faultOf(one);
    if (fault !== undefined) throw bad(fault, offset);
    const { when, answer, json, error: failure, finish = 'stop', delay = 0, tokens } = one as Readonly<Record<string, unknown>>;
    return {
      text: json === undefined ? String(answer ?? '') : JSON.stringify(json), finish, delay,
      ...(when === undefined ? {} : { when }), ...(failure === undefined ? {} : { error: failure }), ...(tokens === undefined ? {} : { tokens }),
    } as Scripted;
  });
}

/** What is wrong with one answer, in words. */
function faultOf(one: unknown): string | undefined {
  if (!isRecord(one)) return 'An answer is keys with values: `answer: Yes.`';
  const odd = Object.keys(one).find((key) => !KEYS.includes(key));
  if (odd !== undefined) return `An answer has no key \`${odd.slice(0, 60)}\`; it has ${KEYS.join(', ')}.`;
  if (['answer', 'json', 'error'].filter((key) => one[key] !== undefined).length !== 1) return 'An answer has one of `answer`, `json` and `error`.';
  if (one.when !== undefined && typeof one.when !== 'string') return '`when` has to be text that stands in the question.';
  if (one.answer !== undefined && typeof one.answer !== 'string') return '`answer` has to be text; put it in quotes, or write it as `json`.';
  if (one.finish !== undefined && !['stop', 'length', 'refusal'].includes(one.finish as string)) return '`finish` has to be stop, length or refusal.';
  if (one.delay !== undefined && !isCount(one.delay, LONGEST_DELAY)) return `\`delay\` has to be milliseconds, at most ${LONGEST_DELAY}.`;
  if (one.tokens !== undefined && !(isRecord(one.tokens) && Object.entries(one.tokens).every(([key, value]) => ['input', 'output', 'cached'].includes(key) && isCount(value, 1e12)))) return '`tokens` has to be counts by `input`, `output` and `cached`.';
  const { error } = one;
  if (error !== undefined && !(isRecord(error) && CODES.includes(error.code as string) && typeof error.message === 'string' && ['status', 'retryAfter'].every((key) => error[key] === undefined || isCount(error[key], 1e6)))) {
    return `\`error\` has to have a \`code\` of ${CODES.join(', ')} and a \`message\`, and may have \`status\` and \`retryAfter\`.`;
  }
  return undefined;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isCount = (value: unknown, most: number): boolean => typeof value === 'number' && value >= 0 && value <= most;
