/** Scripted and recorded answers: what is said when, and what a file that is none tells. That they keep to what all keep to is in `suite.test.ts`. */
import { expect, it } from 'vitest';
import type { TelarError } from '../../contracts/errors.ts';
import type { ModelProfile } from '../../contracts/models.ts';
import { sha256 } from '../../runtime/adapters/hash.node.ts';
import { provider as replay, questionKey } from '../../runtime/providers/replay.ts';
import { provider as script, readScript } from '../../runtime/providers/script.ts';
import { powersOf, question } from '../support/ask-llama.ts';

const told = (provider: ModelProfile['provider']): ModelProfile => ({ name: 'told', provider, model: 'answers', parameters: {}, template: 'chat' });
const powers = (answers: string, signal?: AbortSignal) => powersOf(undefined, { files: { answers }, ...(signal === undefined ? {} : { signal }) });
const say = async (answers: string, text: string): Promise<string> => (await script.complete(question(told('script'), text), powers(answers))).text;

it('K13 a script answers in its order, by what stands in the question, and with its last one again and again', async () => {
  const answers = '# by order\n- {when: weather, answer: Rain.}\n- {when: weather, answer: Sun.}\n- answer: first\n- json: {a: [1]}\n';
  const asked = ['the weather?', 'hello', 'the weather?', 'hello', 'hello', 'the weather?'];
  const said: string[] = [];
  for (const text of asked) said.push(await say(answers, text));
  expect(said).toStrictEqual(['Rain.', 'first', 'Sun.', '{"a":[1]}', '{"a":[1]}', '{"a":[1]}']);
  await expect(say('- {when: other, answer: x}', 'hello')).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('no answer to “hello”') as string });
});

it('K13 a script streams word by word, counts words, waits, ends as it says and fails as it says', async () => {
  const heard: string[] = [];
  const done = await script.complete(question(told('script'), 'one two', {}, { onText: (text) => { heard.push(text); } }), powers('answers:\n- {answer: " a  b\\nc ", delay: 30, finish: length}'));
  expect([done.text, heard, done.input, done.output, done.finish, done.model]).toStrictEqual([' a  b\nc ', [' a', '  b', '\nc '], 2, 3, 'length', 'script/answers']);
  await expect(script.complete(question(told('script'), 'x'), powers('- error: {code: network, message: Busy., status: 429, retryAfter: 2}'))).rejects.toMatchObject({ code: 'network', message: 'Busy.', data: { status: 429, retryAfter: 2 } });
  const stop = new AbortController();
  setTimeout(() => { stop.abort(); }, 20);
  const at = performance.now();
  await expect(script.complete(question(told('script'), 'x'), powers('- {answer: late, delay: 60000}', stop.signal))).rejects.toMatchObject({ code: 'cancelled' });
  expect(performance.now() - at).toBeLessThan(1000);
});

it.each([
  ['', '1:1: A script is a list'], ['a: 1', '1:1: A script is a list'], ['- [', '1:'], ['- answer: a\n- {when: b}', '2:3: An answer has one of'], ['- {answer: a, json: 1}', '1:3: An answer has one of'], ['- {answer: 1}', '1:3: `answer` has to be text'],
  ['- {answer: a, wait: 1}', '1:3: An answer has no key `wait`'], ['- {answer: a, delay: -1}', '1:3: `delay`'], ['- {answer: a, finish: maybe}', '1:3: `finish`'], ['- error: {code: internal, message: x}', '1:3: `error`'], ['- {answer: a, tokens: {in: 1}}', '1:3: `tokens`'], ['- text', '1:3: An answer is keys'],
])('K13 the script %j is told by its line', (source, message) => {
  expect(() => readScript(source, 'f')).toThrow(`f:${message}`);
  // A line of this file is none of the notebook that asked.
  try { readScript(source, 'f'); } catch (error) { expect((error as TelarError).line).toBeUndefined(); }
});

it('K13 a recorded answer is found by its question, whatever the order of its keys, and by nothing else', async () => {
  const asked = question(told('replay'), 'how many?', { temperature: 0.5, seed: 1 }, { schema: replay.lower({ type: 'integer' }, told('replay')) });
  const line = JSON.stringify({ key: questionKey(asked, sha256), text: '42', model: 'ollama/llama3.2', input: 9, output: 1 });
  const other = `\n${JSON.stringify({ key: '0'.repeat(64), text: 'no' })}\n`;
  const answer = await replay.complete({ ...asked, parameters: { seed: 1, temperature: 0.5 } }, powers(other + line));
  expect(answer).toStrictEqual({ text: '42', finish: 'stop', model: 'ollama/llama3.2', input: 9, output: 1 });
  for (const changed of [{ ...asked, parameters: {} }, question(told('replay'), 'how many'), { ...asked, schema: replay.lower({ type: 'number' }, told('replay')) }]) {
    const key = questionKey(changed, sha256);
    await expect(replay.complete(changed, powers(line))).rejects.toMatchObject({ code: 'unavailable', data: { key }, message: expect.stringContaining(key) as string });
  }
});

it.each([['{}', '1:1: An answer has a `key`'], ['\n{"key"', '2:1: The line is not JSON'], [JSON.stringify({ key: '0'.repeat(64), text: 'a', input: -1 }), '1:1: An answer has'], [JSON.stringify({ key: 'x', text: 'a' }), '1:1: An answer has']])('K13 the line %j is told', async (source, message) => {
  await expect(replay.complete(question(told('replay'), 'x'), powers(source))).rejects.toMatchObject({ code: 'bad-file', line: undefined, message: expect.stringContaining(`answers:${message}`) as string });
});
