/** Regeneration as a loop: attempts, repairs, budgets, and what an answer is taken for. The judge here is a rule of one line; real tests are in `cli/regenerate.test.ts`. */
import { describe, expect, test } from 'vitest';
import { TelarError } from '../../contracts/errors.ts';
import type { Message } from '../../contracts/models.ts';
import type { Assignment } from '../../runtime/regenerate/implementation-prompt.ts';
import { implementationPrompt } from '../../runtime/regenerate/implementation-prompt.ts';
import { readAnswer } from '../../runtime/regenerate/read-answer.ts';
import { regenerate, stability, type RegeneratePowers, type Round } from '../../runtime/regenerate/regenerate.ts';

const CELL: Assignment = { id: 'X-1', language: 'javascript', text: 'metadata: {id: X-1}\n', maxLines: 20, exports: ['double'], internal: { 'X-2': ['Events'] } };
const fenced = (code: string, word = 'javascript'): string => `Here it is:\n\`\`\`${word}\n${code}\n\`\`\`\n`;
const RIGHT = 'export const double = (x) => x * 2';
const WRONG = 'export const double = (x) => x + 3';
const USAGE = { input: 10, output: 5, counted: 'exact', asks: 1, ms: 1 } as const;

/** Powers over a list of answers; what was asked is kept. */
function scripted(answers: readonly string[]): RegeneratePowers & { readonly asked: { messages: readonly Message[]; seed: number }[]; readonly rounds: Round[] } {
  const asked: { messages: readonly Message[]; seed: number }[] = [];
  const rounds: Round[] = [];
  let time = 0;
  return {
    asked, rounds, now: () => (time += 10), onRound: (round) => { rounds.push(round); },
    ask: async (messages, seed) => { asked.push({ messages, seed }); return { text: answers[asked.length - 1] ?? 'nothing more', usage: USAGE }; },
    judge: async (code) => (code.includes('x * 2') ? { green: true, passed: 1, total: 1 }
      : { green: false, passed: 0, total: 1, failure: { test: 'T1', line: 'double(2) === 4', expected: '4', actual: '5' } }),
  };
}
const BUDGETS = { attempts: 3, tokens: 10_000, ms: 60_000 };
const textOf = (message: Message | undefined): string => (message?.content ?? []).map((part) => ('text' in part ? part.text : '')).join('');

describe('K7 the loop', () => {
  test('K7 the first green answer ends it', async () => {
    const powers = scripted([fenced(RIGHT)]);
    const made = await regenerate(CELL, BUDGETS, powers);
    expect(made).toMatchObject({ outcome: 'green', code: `${RIGHT}\n`, tokens: 15 });
    expect(made.rounds).toHaveLength(1);
  });
  test('K7 wrong twice and right the third time: the rounds are told, and each repair hears the first failure with its values', async () => {
    const powers = scripted([fenced(WRONG), fenced(`${WRONG} // again`), fenced(RIGHT)]);
    const made = await regenerate(CELL, BUDGETS, powers);
    expect(made.outcome).toBe('green');
    expect(powers.rounds.map(({ attempt, repair, outcome }) => [attempt, repair, outcome])).toEqual([[1, 0, 'red'], [1, 1, 'red'], [1, 2, 'green']]);
    expect(textOf(powers.asked[1]!.messages.at(-1))).toMatch(/double\(2\) === 4[\s\S]*expected: 4[\s\S]*actual: 5/);
    // The conversation only grows.
    expect(powers.asked[2]!.messages.slice(0, powers.asked[1]!.messages.length)).toEqual(powers.asked[1]!.messages);
  });
  test('K7 after two repairs it asks anew, with another seed and nothing of the old conversation', async () => {
    const powers = scripted([WRONG, WRONG, WRONG, RIGHT].map((code) => fenced(code)));
    const made = await regenerate(CELL, BUDGETS, powers, 7);
    expect(made.outcome).toBe('green');
    expect(powers.asked.map(({ seed }) => seed)).toEqual([7, 7, 7, 8]);
    expect(powers.asked[3]!.messages).toEqual(implementationPrompt(CELL));
  });
  test('K7 it is red when no attempt passes, and asks no more than it may', async () => {
    const powers = scripted(Array.from({ length: 99 }, () => fenced(WRONG)));
    expect((await regenerate(CELL, BUDGETS, powers)).outcome).toBe('red');
    expect(powers.asked).toHaveLength(9);
  });
  test('K7 tokens and time are budgets', async () => {
    expect((await regenerate(CELL, { ...BUDGETS, tokens: 30 }, scripted([WRONG, WRONG, WRONG].map((code) => fenced(code))))).rounds).toHaveLength(2);
    const slow = await regenerate(CELL, { ...BUDGETS, ms: 50 }, scripted([WRONG, WRONG, WRONG].map((code) => fenced(code))));
    expect(slow.outcome).toBe('budget');
    expect(slow.rounds.length).toBeLessThan(3);
    const { stability: many, made } = await stability(3, CELL, { ...BUDGETS, tokens: 30 }, scripted([fenced(RIGHT), fenced(RIGHT), fenced(RIGHT)]));
    expect([many.tokens, made.map(({ outcome }) => outcome)]).toEqual([30, ['green', 'green', 'budget']]);
  });
  test('K7 a model may say that the contract is wrong, and is believed to have said so', async () => {
    const made = await regenerate(CELL, BUDGETS, scripted([fenced('contract_issue: {line: 3, reason: "T1 and T2 contradict each other"}', 'yaml')]));
    expect(made).toMatchObject({ outcome: 'contract-issue', issue: { line: 3, reason: 'T1 and T2 contradict each other' } });
    expect(made.code).toBeUndefined();
  });
  test('K7 an answer without code is a round like any other', async () => {
    const powers = scripted(['I cannot do that.', fenced(RIGHT)]);
    expect((await regenerate(CELL, BUDGETS, powers)).rounds.map(({ outcome }) => outcome)).toEqual(['no-code', 'green']);
    expect(textOf(powers.asked[1]!.messages.at(-1))).toContain('no fenced block');
  });
  test('K7 a model that answers nothing, refuses or has no end is a round too, with its price, and is asked again', async () => {
    const powers = scripted(['', fenced(RIGHT)]);
    const fails = { ...powers, ask: async (messages: readonly Message[], seed: number) => {
      const answer = await powers.ask(messages, seed);
      if (powers.asked.length === 1) throw new TelarError('bad-answer', 'The model answered nothing.', { usage: USAGE });
      return answer;
    } };
    const made = await regenerate(CELL, BUDGETS, fails);
    expect(made).toMatchObject({ outcome: 'green', tokens: 30, rounds: [{ outcome: 'no-code', failure: { line: 'The model answered nothing.' } }, { outcome: 'green' }] });
    expect(powers.asked[1]!.messages.every(({ content }) => content.every((part) => !('text' in part) || part.text !== ''))).toBe(true);
    const down = { ...powers, ask: () => Promise.reject(new TelarError('network', 'Nobody listens there.')) };
    await expect(regenerate(CELL, BUDGETS, down)).rejects.toMatchObject({ code: 'network' });
  });
  test('K7 stability over N: how many pass, in how many texts', async () => {
    const powers = scripted([fenced(RIGHT), fenced(WRONG), fenced(`${RIGHT};`), ...Array.from({ length: 9 }, () => fenced(WRONG))]);
    const { stability: found, made } = await stability(3, CELL, { ...BUDGETS, attempts: 1 }, powers);
    expect(found).toEqual({ n: 3, green: 2, texts: 2, rounds: [1, 2, 3], tokens: 90 });
    expect(made.map(({ outcome }) => outcome)).toEqual(['green', 'green', 'red']);
  });
  test('K7 the prompt has the contract, the rules of the seed, and the cells that may be used', () => {
    const [system, user] = implementationPrompt(CELL).map(textOf);
    expect(system).toContain('The contract is the truth');
    for (const rule of ['metadata: {id: X-1}', 'Maximum 20 lines', 'Zero external dependencies', '(double)', '// TEST:', 'JSDoc', 'X-2 gives the object(s) Events']) expect(user).toContain(rule);
  });
});

describe('K7 an answer is data', () => {
  test.each([
    ['a fence of the language among others', `\`\`\`sh\nnpm test\n\`\`\`\n${fenced('let a = 1')}`, { code: 'let a = 1\n' }],
    ['the longest of two', `${fenced('a()')}${fenced('export const b = 1')}`, { code: 'export const b = 1\n' }],
    ['a fence without a word', fenced('let a = 1', ''), { code: 'let a = 1\n' }],
    ['bare code', 'export const a = 1\n', { code: 'export const a = 1\n' }],
    ['CRLF', '```js\r\nlet a\r\n```\r\n', { code: 'let a\n' }],
  ])('K7 code: %s', (_, text, expected) => { expect(readAnswer(text, 'javascript')).toEqual(expected); });
  test.each([
    ['nothing', ''], ['a refusal', 'I am sorry, but I cannot help with that.'], ['a fence that does not end', '```javascript\nexport const a ='],
    ['another language', '```python\nx = 1\n```'], ['an empty fence', '```javascript\n\n```'], ['10 MB', fenced('x'.repeat(10_000_000))],
    ['an issue without a reason', '```yaml\ncontract_issue: {line: 1}\n```'], ['aliases', '```yaml\ncontract_issue: &a {reason: *a}\n```'],
  ])('K7 no code: %s', (_, text) => { expect(readAnswer(text, 'javascript')).toHaveProperty('nothing'); });
  test('K7 the word contract_issue in code is no issue', () => {
    expect(readAnswer(fenced('// contract_issue: none\nexport const a = 1'), 'javascript')).toHaveProperty('code');
  });
});
