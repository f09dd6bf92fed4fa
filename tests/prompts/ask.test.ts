/** Asking a model, whoever it is: counted before, refused or trimmed with figures, streamed, patient, stopped, paid for. */
import { expect, test } from 'vitest';
import { TelarError } from '../../contracts/errors.ts';
import type { AskAnswer, AskRequest, Message } from '../../contracts/models.ts';
import { sumUsage, usageWords } from '../../runtime/prompts/usage.ts';
import { saying, type ModelOptions } from '../support/model.ts';

const user = (text: string): Message => ({ role: 'user', content: [{ text }] });
const model = (text: string): Message => ({ role: 'model', content: [{ text }] });
const system = (text: string): Message => ({ role: 'system', content: [{ text }] });
const texts = (messages: readonly Message[]): string[] => messages.map(({ role, content }) => `${role}: ${content.map((part) => ('text' in part ? part.text : part.media.mediaType)).join('')}`);

function asks(answers: Parameters<typeof saying>[0], messages: readonly Message[], options: ModelOptions & { readonly request?: Partial<AskRequest> } = {}) {
  const made = saying(answers, options);
  return { ...made, answer: () => made.ask({ profile: made.profile, messages, ...options.request }) };
}
const fault = (promise: Promise<AskAnswer>): Promise<TelarError> => promise.then(() => { throw new Error('it did not fail'); }, (error: TelarError) => error);

test('K11 the text streams as it comes, and usage tells what was counted before and after, and what it cost', async () => {
  const { answer, said } = asks([{ text: 'It rains in Bogotá.', input: 6, output: 5, cached: 2 }], [user('What is the weather like there?')], { profile: { price: { input: 10, output: 100, cached: 1, currency: 'USD' } } });
  const told = await answer();
  expect(said).toEqual(['It ', 'rains ', 'in ', 'Bogotá.']);
  expect(told).toMatchObject({ text: 'It rains in Bogotá.', finish: 'stop', model: 'script/x', warnings: [], usage: { before: 6, input: 6, output: 5, cached: 2, counted: 'exact', asks: 1, currency: 'USD' } });
  expect(told.usage.cost).toBeCloseTo((4 * 10 + 2 * 1 + 5 * 100) / 1e6, 12);
  expect(usageWords(told.usage)).toBe('6 + 5 tokens (2 from its cache), 0.00054 USD');
});

test('K11 the profile\'s text comes first, joined with the prompt\'s own; parameters of the prompt win', async () => {
  const { answer, asked } = asks(['yes'], [system('Be brief.'), user('Well?')], { profile: { system: 'You are kind.', parameters: { temperature: 1, max_tokens: 9 } }, request: { parameters: { temperature: 0 } } });
  await answer();
  expect(texts(asked[0]!.messages)).toEqual(['system: You are kind.\n\nBe brief.', 'user: Well?']);
  expect(asked[0]!.parameters).toEqual({ temperature: 0, max_tokens: 9 });
});

const long = [system('a b'), user('one two three'), model('four five'), user('six seven'), model('eight'), user('nine ten')];

test('K11 a question that does not fit is refused with figures, and nothing is sent', async () => {
  const { answer, asked } = asks(['yes'], long, { window: 14, request: { parameters: { max_tokens: 4 } } });
  expect(await fault(answer())).toMatchObject({ code: 'bad-input', message: expect.stringMatching(/has 12 tokens, and 10 fit \(a window of 14, less 4 for the answer\).*overflow: trim/), data: { tokens: 12, exact: true, window: 14, reserve: 4 } });
  expect(asked).toEqual([]);
  const estimated = asks(['yes'], long, { window: 14, exact: false, request: { parameters: { max_tokens: 4 } } });
  expect((await fault(estimated.answer())).message).toMatch(/about 12 tokens/);
  expect((await asks(['yes'], long, { window: 16, request: { parameters: { max_tokens: 4 } } }).answer()).warnings).toEqual([]);
  expect((await asks(['yes'], long, {}).answer()).warnings).toEqual([]);
});

test('K11 trimming leaves out the oldest messages and says so; system text and the newest question stay whole', async () => {
  const trim = (window: number) => asks(['yes'], long, { window, request: { overflow: 'trim', parameters: { max_tokens: 4 } } });
  const little = trim(14);
  expect((await little.answer()).warnings).toEqual([expect.stringMatching(/12 tokens, and 10 fit.*the oldest 2 messages were left out, and it has 7 tokens now/)]);
  expect(texts(little.asked[0]!.messages)).toEqual(['system: a b', 'user: six seven', 'model: eight', 'user: nine ten']);
  const more = trim(8);
  expect(await more.answer()).toMatchObject({ usage: { before: 4 } });
  expect(texts(more.asked[0]!.messages)).toEqual(['system: a b', 'user: nine ten']);
  const none = trim(7);
  expect(await fault(none.answer())).toMatchObject({ code: 'bad-input', message: expect.stringMatching(/without the 4 older messages it still has 4 tokens.*newest message is never cut/) });
  expect(none.asked).toEqual([]);
});

test('K11 a repair may leave out older messages, never the question that it repairs', async () => {
  const talk = [user('one two three four five six seven eight'), model('nine'), user('How is it?')];
  const { answer, asked } = asks(['no', '1'], talk, { window: 62, lowered: { schema: {}, enforcement: [] }, request: { overflow: 'trim', schema: { type: 'integer' }, parameters: { max_tokens: 28 } } });
  expect((await answer()).warnings[0]).toMatch(/the oldest 2 messages were left out/);
  expect(asked[1]!.messages.map(({ role }) => role)).toEqual(['user', 'model', 'user']);
  expect(texts(asked[1]!.messages).slice(0, 2)).toEqual(['user: How is it?', 'model: no']);
  const full = asks(['no', '1'], talk, { window: 50, lowered: { schema: {}, enforcement: [] }, request: { overflow: 'trim', schema: { type: 'integer' }, parameters: { max_tokens: 28 } } });
  expect(await fault(full.answer())).toMatchObject({ code: 'bad-answer', message: expect.stringMatching(/to ask once more does not fit.*newest message is never cut/) });
  expect(full.asked.length).toBe(1);
});

test('K11 a server that asks for patience gets it within the time of the step, and it is told', async () => {
  const busy = (status: number, retryAfter?: number): TelarError => new TelarError('network', 'busy', { status, ...(retryAfter === undefined ? {} : { retryAfter }) });
  const patient = asks([busy(429, 0.02), busy(503, 0.01), 'yes'], [user('Well?')]);
  expect(await patient.answer()).toMatchObject({ text: 'yes', warnings: [expect.stringMatching(/asked for patience \(503\).*\(2 times\)/)] });
  expect(patient.asked.length).toBe(3);
  const half = asks([async ({ onText }) => { onText('Ye'); throw busy(529, 0); }, 'yes'], [user('Well?')]);
  await half.answer();
  expect(half.said).toEqual(['Ye', '\n', expect.stringMatching(/^\[the server asked for patience/), 'yes']);
  expect(await fault(asks([busy(429, 60)], [user('Well?')], { time: 1_000 }).answer())).toMatchObject({ code: 'network', message: expect.stringMatching(/wait 60 s, which is longer than this step may take/), data: { status: 429 } });
  const broken = asks([busy(500), 'yes'], [user('Well?')]);
  expect(await fault(broken.answer())).toMatchObject({ code: 'network', data: { status: 500 } });
  expect(broken.asked.length).toBe(1);
});

test('R5 a model that does not come back ends with the time of its step, and with its run, also when it hears of neither', async () => {
  const deaf = (): Promise<never> => new Promise(() => undefined);
  const begun = performance.now();
  expect(await fault(asks([deaf], [user('Well?')], { time: 60 }).answer())).toMatchObject({ code: 'timeout', message: expect.stringMatching(/within 0.06 s.*timeout=/) });
  const stop = new AbortController();
  const stopped = asks([deaf], [user('Well?')], { signal: stop.signal }).answer();
  setTimeout(() => { stop.abort(); }, 20);
  expect(await fault(stopped)).toMatchObject({ code: 'cancelled' });
  // What was answered before has cost something, also where the end comes in the middle of a repair.
  const half = asks(['nonsense', deaf], [user('Well?')], { time: 60, request: { schema: { type: 'integer' } } });
  expect(await fault(half.answer())).toMatchObject({ code: 'timeout', data: { usage: { asks: 1 } } });
  const waiting = new AbortController();
  const patience = asks([new TelarError('network', 'busy', { status: 429, retryAfter: 4 })], [user('Well?')], { signal: waiting.signal }).answer();
  setTimeout(() => { waiting.abort(); }, 20);
  expect(await fault(patience)).toMatchObject({ code: 'cancelled' });
  expect(performance.now() - begun).toBeLessThan(2_000);
});

test('K11 nothing, a refusal, and an answer without end are failures with a name and the beginning of what was said', async () => {
  const nothing = await fault(asks([{ text: ' \n', input: 1, output: 1 }], [user('Well?')]).answer());
  expect(nothing).toMatchObject({ code: 'bad-answer', message: expect.stringMatching(/answered nothing/), data: { usage: { input: 1, output: 1 } } });
  expect(await fault(asks([{ text: 'I cannot do that.', finish: 'refusal' }], [user('Well?')]).answer())).toMatchObject({ code: 'bad-answer', message: expect.stringMatching(/refuses to answer. It said: “I cannot do that.”/) });
  expect(await fault(asks([{ text: '', finish: 'length' }], [user('Well?')], { profile: { parameters: { max_tokens: 3 } } }).answer())).toMatchObject({ code: 'bad-answer', message: expect.stringMatching(/said nothing before its longest \(3 tokens\)/) });
  const endless = asks([async ({ onText }) => { for (let i = 0; i < 10_000; i += 1) { onText('x'.repeat(1_000)); if (i % 100 === 0) await new Promise((resolve) => { setImmediate(resolve); }); } return { text: '', finish: 'stop' }; }], [user('Well?')]);
  expect(await fault(endless.answer())).toMatchObject({ code: 'bad-answer', message: expect.stringMatching(/beyond 4,000,000 characters, and was stopped/) });
  expect(endless.said.join('').length).toBe(4_000_000);
  expect(await fault(asks([{ text: 'x'.repeat(10_000_000) }], [user('Well?')]).answer())).toMatchObject({ code: 'bad-answer' });
  expect((await asks([{ text: 'yes', warnings: ['no seed there'] }], [user('Well?')]).answer()).warnings).toEqual(['no seed there']);
  expect((await asks([{ text: 'It ends in the', finish: 'length' }], [user('Well?')], { profile: { parameters: { max_tokens: 4 } } }).answer()).warnings).toEqual(['the answer ends where it reached its longest (4 tokens)']);
});

test('K11 a count that cannot be right is told and not used', async () => {
  const odd = async (completed: object, exact = true) => (await asks([{ text: 'one two three four', ...completed }], [user('a b c d')], { exact }).answer());
  for (const [completed, words] of [[{ input: -1, output: 2 }, /input -1/], [{ input: 4, output: 1.5 }, /output 1.5/], [{ input: 13, output: 2 }, /13 tokens of a question that has 4/], [{ input: 1, output: 2 }, /1 tokens of a question that has 4/], [{ input: 4, output: 0 }, /0 tokens for 18 characters/], [{ input: 4, cached: 5, output: 2 }, /5 of 4 tokens from its cache/]] as const) {
    expect(await odd(completed)).toMatchObject({ usage: { input: 4, output: 5, counted: 'estimated' }, warnings: [expect.stringMatching(words)] });
  }
  // A schema is sent beside the question, and is in the server's count.
  const counting = asks([{ text: '1', input: 3_000, output: 1 }], [user('a')], { exact: false, lowered: { schema: { type: 'integer', description: 'x'.repeat(9_000) }, enforcement: [] }, request: { schema: { type: 'integer' } } });
  expect(await counting.answer()).toMatchObject({ usage: { input: 3_000, counted: 'told' }, warnings: [] });
  expect((await odd({ input: 1_000_000, output: 2 }, false)).warnings).toEqual([expect.stringMatching(/1000000 tokens of a question of fewer bytes/)]);
  expect(await odd({ input: 12, output: 2 })).toMatchObject({ usage: { input: 12, counted: 'exact' }, warnings: [] });
  expect(await odd({ input: 900, output: 2 }, false)).toMatchObject({ usage: { input: 900, counted: 'told' }, warnings: [] });
  expect(await odd({})).toMatchObject({ usage: { input: 4, counted: 'estimated' }, warnings: [] });
});

test('K11 what a model says moves no cursor where it is shown; the value is what it said', async () => {
  const sly = 'Rain\u001b[2J\u001b]0;mine\u0007 and\r sun\u202e\u009b1m\ttoo\r\nhere';
  const { answer, said } = asks([sly], [user('Well?')]);
  expect((await answer()).text).toBe(sly);
  expect(said.join('')).toBe('Rain\uFFFD[2J\uFFFD]0;mine\uFFFD and\uFFFD sun\uFFFD\uFFFD1m\ttoo\nhere');
  expect((await fault(asks([{ text: sly, finish: 'refusal' }], [user('Well?')]).answer())).message).not.toMatch(/[\u001b\u009b\u202e]/);
});

test('K11 usages add up; costs in different currencies do not', () => {
  const one = { input: 3, output: 2, counted: 'exact' as const, asks: 1, ms: 5, cost: 0.5, currency: 'USD' };
  expect(sumUsage([])).toBeUndefined();
  expect(sumUsage([one, { ...one, before: 3, counted: 'told', cached: 1 }])).toEqual({ before: 3, input: 6, output: 4, cached: 1, counted: 'told', asks: 2, ms: 10, cost: 1, currency: 'USD' });
  // What has no price (a model in a file) does not hide what others cost.
  const free = { input: 3, output: 2, counted: 'exact' as const, asks: 1, ms: 5 };
  expect([[free, one, one], [one, free, one]].map(sumUsage)).toMatchObject([{ cost: 1, currency: 'USD' }, { cost: 1, currency: 'USD' }]);
  expect(sumUsage([one, { ...one, currency: 'EUR' }, one])?.cost).toBeUndefined();
  expect(sumUsage([one, { ...one, currency: 'EUR' }])).toEqual({ input: 6, output: 4, counted: 'exact', asks: 2, ms: 10 });
});

test('K11 a picture goes to a model that sees, and to no other', async () => {
  const photo: Message = { role: 'user', content: [{ text: 'What is this?' }, { media: { mediaType: 'image/png', base64: 'AAAA' } }] };
  const blind = asks(['a cat'], [photo]);
  expect(await fault(blind.answer())).toMatchObject({ code: 'bad-input', message: expect.stringMatching(/takes only text/) });
  expect(blind.asked).toEqual([]);
  expect((await asks(['a cat'], [photo], { media: true }).answer()).text).toBe('a cat');
});
