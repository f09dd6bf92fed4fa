/**
 * Recorded answers from a file of JSON lines: a question that was answered before gets the same answer, byte for byte, and any other none. A line is
 * `{"key": …, "text": …}`, and may tell `finish`, `model`, `input`, `output` and `cached`; the key is the SHA-256 of the question.
 *
 * Not the reuse of runs, which needs no provider: this is for who has the answers and not the model, as a reader of an exported notebook.
 */
import { TelarError } from '../../contracts/errors.ts';
import { canonical } from './canonical.ts';
import { estimate } from './estimate.ts';
import { lower } from './lower/lower.ts';
import type { Completed, Completion, Provider } from './provider.ts';

const LARGEST = 64 * 1024 ** 2;

/** See the module's head. */
export const provider: Provider = {
  name: 'replay',
  features: () => ({ streams: true, grammar: false, seed: true, media: true, exactCount: false, promptCache: false }),
  window: async (_profile, { context }) => context,
  count: async ({ messages }) => ({ tokens: estimate(messages), exact: false }),
  // The schema is part of the question: with another one it is another question.
  lower: (schema) => ({ ...lower(schema, 'replay'), schema }),
  async complete(completion, { readFile, sha256, signal, limits }) {
    const { profile: { model = '' }, onText } = completion;
    const answers = readAnswers(readFile(model), model);
    const key = questionKey(completion, sha256);
    if (signal.aborted) throw new TelarError('cancelled', 'The step was cancelled.');
    const answer = answers.get(key);
    if (answer === undefined) throw new TelarError('unavailable', `${model} has no answer to this question: it holds ${answers.size}, and none has the key ${key}. Ask a model that is here (another profile), or add a line {"key": "${key}", "text": "…"}.`, { key });
    if (answer.text.length > limits.output) throw new TelarError('output-limit', `The answer has more than ${limits.output} characters.`, { limit: limits.output });
    onText(answer.text);
    return answer;
  },
  async ready({ model = '' }, { readFile }) {
    if (readFile === undefined) return { ok: true, words: `answers from ${model}` };
    try {
      return { ok: true, words: `${readAnswers(readFile(model), model).size} recorded answers in ${model}` };
    } catch (error) {
      return { ok: false, words: TelarError.from(error).message };
    }
  },
};

/** What names a question: its messages, parameters and schema, whoever was asked. */
export function questionKey({ messages, parameters, schema }: Pick<Completion, 'messages' | 'parameters' | 'schema'>, sha256: (text: string) => string): string {
  return sha256(canonical({ messages, parameters, schema: schema?.schema }));
}

/** The answers of a file by their keys; of a key that stands in it twice the later one. @throws TelarError `bad-file` with the line */
function readAnswers(bytes: Uint8Array, path: string): ReadonlyMap<string, Completed> {
  const bad = (line: number, what: string): TelarError => new TelarError('bad-file', `${path}:${line}:1: ${what}`, { path });
  if (bytes.length > LARGEST) throw bad(1, `The file is larger than ${LARGEST} bytes.`);
  const found = new Map<string, Completed>();
  new TextDecoder().decode(bytes).split('\n').forEach((text, i) => {
    if (text.trim() === '') return;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw bad(i + 1, 'The line is not JSON.');
    }
    const answer = answerOf(value);
    if (answer === undefined) throw bad(i + 1, 'An answer has a `key` (64 digits of lower-case hex) and a `text`, and may have `finish`, `model`, `input`, `output` and `cached`.');
    found.set(...answer);
  });
  return found;
}

function answerOf(value: unknown): readonly [key: string, answer: Completed] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { key, text, finish = 'stop', model, input, output, cached } = value as Readonly<Record<string, unknown>>;
  if (typeof key !== 'string' || !/^[0-9a-f]{64}$/.test(key) || typeof text !== 'string' || !['stop', 'length', 'refusal'].includes(finish as string) || (model !== undefined && typeof model !== 'string')) return undefined;
  if ([input, output, cached].some((count) => count !== undefined && !(Number.isSafeInteger(count) && (count as number) >= 0))) return undefined;
  return [key, Object.fromEntries(Object.entries({ text, finish, model, input, output, cached }).filter(([, one]) => one !== undefined)) as unknown as Completed];
}
