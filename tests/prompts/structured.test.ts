/** Answers that have to be JSON of a schema: what binds the model is told, what it says is validated as the schema was written, once repaired, and else refused. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TelarError } from '../../contracts/errors.ts';
import type { AskAnswer, JsonSchema } from '../../contracts/models.ts';
import { watchdog } from '../../runtime/adapters/watchdog.node.ts';
import { parseAnswer } from '../../runtime/prompts/parse.ts';
import { createChecker } from '../../runtime/prompts/validate.ts';
import { saying, type ModelOptions } from '../support/model.ts';

const mood: JsonSchema = { type: 'object', properties: { mood: { enum: ['good', 'bad'] }, sure: { type: 'number', minimum: 0, maximum: 1 } }, required: ['mood'], additionalProperties: false };

function asks(answers: Parameters<typeof saying>[0], options: ModelOptions & { readonly schema?: JsonSchema } = {}) {
  const made = saying(answers, options);
  return { ...made, answer: () => made.ask({ profile: made.profile, messages: [{ role: 'user', content: [{ text: 'How is it?' }] }], schema: options.schema ?? mood }) };
}
const fault = (promise: Promise<AskAnswer>): Promise<TelarError> => promise.then(() => { throw new Error('it did not fail'); }, (error: TelarError) => error);

test('K14 a valid answer is data; one in a fence is taken out of it, which is told', async () => {
  const told = await asks(['{"mood": "good", "sure": 0.5}']).answer();
  expect(told).toMatchObject({ value: { mood: 'good', sure: 0.5 }, warnings: [], usage: { asks: 1 } });
  expect(await asks(['\n```json\n{"mood": "bad"}\n```\n']).answer()).toMatchObject({ value: { mood: 'bad' }, warnings: [expect.stringMatching(/```json block/)] });
  expect(await asks(['null'], { schema: true }).answer()).toMatchObject({ value: null });
  expect((await asks(['[12345678901234567890, -9007199254740993]'], { schema: true }).answer()).warnings).toContainEqual(expect.stringMatching(/12345678901234567890.*beyond 2\^53.*as text/));
  expect((await asks(['[9007199254740991, 0.12345678901234567890, 12345678901234567890e2, "12345678901234567890"]'], { schema: true }).answer()).warnings.join()).not.toMatch(/beyond/);
});

test('K14 a wrong answer is repaired once, with what was wrong; both rounds count', async () => {
  const { answer, asked, said } = asks([{ text: '{"mood": "so so", "why": 1}', input: 3, output: 9 }, { text: '{"mood": "bad"}', input: 30, output: 4 }], { exact: false });
  const told = await answer();
  expect(told).toMatchObject({ value: { mood: 'bad' }, usage: { asks: 2, input: 33, output: 13, counted: 'told' } });
  expect(told.warnings).toEqual([expect.stringMatching(/first answer was not what the schema asks.*additional properties: `why`; `\/mood` must be equal to one of the allowed values: \["good","bad"\]/)]);
  expect(asked[1]!.messages.map(({ role }) => role)).toEqual(['system', 'user', 'model', 'user']);
  expect(asked[1]!.messages.slice(0, 2)).toEqual(asked[0]!.messages);
  expect(JSON.stringify(asked[1]!.messages[3])).toMatch(/That is not what was asked for.*must NOT have additional properties.*keeps to this JSON Schema/);
  expect(said.join('')).toMatch(/it is asked once more/);
});

test('K14 wrong twice is `bad-answer`, with what was wrong and how it began; half a JSON says where it ends', async () => {
  const nonsense = asks(['The mood is good, I think.']);
  expect(await fault(nonsense.answer())).toMatchObject({ code: 'bad-answer', message: expect.stringMatching(/not when it was told so either: it is no JSON, at line 1, column 1.*It said: “The mood is good, I think.”/), data: { said: 'The mood is good, I think.', usage: { asks: 2 } } });
  expect(nonsense.asked.length).toBe(2);
  expect((await fault(asks(['{"mood":\n "good"']).answer())).message).toMatch(/it ends in the middle, at line 2, column 8/);
  const cut = asks([{ text: '{"mood": "go', finish: 'length' }], { profile: { parameters: { max_tokens: 5 } } });
  expect(await fault(cut.answer())).toMatchObject({ code: 'bad-answer', message: expect.stringMatching(/cut off at its longest \(5 tokens\).*raise `max_tokens`/) });
  expect(cut.asked.length).toBe(1);
  expect(await fault(asks([{ text: 'No.', finish: 'refusal' }]).answer())).toMatchObject({ code: 'bad-answer', message: expect.stringMatching(/refuses/) });
  expect((await fault(asks([`"${'x'.repeat(2_000_000)}"`]).answer())).message).toMatch(/2,000,002 characters, and at most 1,000,000/);
  expect((await fault(asks([`${'['.repeat(70)}${']'.repeat(70)}`]).answer())).message).toMatch(/nested more than 64 deep/);
});

test('K14 a repair that does not fit, or that fails, is told with what was spent', async () => {
  const full = asks(['This is nonsense of five words.'], { window: 200, lowered: { schema: {}, enforcement: [] }, schema: { type: 'integer', description: 'x '.repeat(300) } });
  expect(await fault(full.answer())).toMatchObject({ code: 'bad-answer', message: expect.stringMatching(/it is no JSON.*to ask once more does not fit: The question is too long/), data: { usage: { asks: 1 } } });
  expect(await fault(asks(['nonsense', new TelarError('lost', 'gone')]).answer())).toMatchObject({ code: 'lost', data: { usage: { asks: 1 } } });
});

test('K14 keys that are names of prototypes are data like others, and an asynchronous schema is none', async () => {
  const { value } = await asks(['{"__proto__": {"polluted": 1}, "constructor": 2}'], { schema: { type: 'object' } }).answer();
  expect([Object.keys(value as object), ({} as { polluted?: number }).polluted]).toEqual([['__proto__', 'constructor'], undefined]);
  expect((await fault(asks(['{"__proto__": 1}']).answer())).message).toMatch(/additional properties: `__proto__`/);
  expect((await fault(asks(['"text"'], { schema: { $async: true, type: 'integer' } }).answer())).message).toMatch(/must be integer/);
});

test('K14 reading an answer never throws, whatever it is, and what it takes is what JSON.parse gives', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json().map((text) => (text.length % 2 === 0 ? text : `\`\`\`json\n${text}\n\`\`\``)), fc.json().map((text) => text.slice(0, -1))), (text) => {
    const parsed = parseAnswer(text);
    if (parsed.fault !== undefined) expect(parsed.fault).not.toBe('');
    else expect(parsed.value).toEqual(JSON.parse(text.replace(/^\s*```json\n([^]*)\n```\s*$/, '$1')));
  }), { seed: 20261121, numRuns: 300 });
});

test('K14 what the engine does not enforce is told, keyword by keyword, in short', async () => {
  const lowered = { schema: { type: 'object' }, enforcement: [{ path: '/mood', keyword: 'enum', by: 'grammar' as const }, { path: '/sure', keyword: 'minimum', by: 'validation' as const }, { path: '/sure', keyword: 'maximum', by: 'validation' as const }, { path: '/a', keyword: 'pattern', by: 'validation' as const }, { path: '/b', keyword: 'pattern', by: 'validation' as const }, { path: '', keyword: 'x-hint', by: 'none' as const }] };
  const { answer, asked } = asks(['{"mood": "good"}'], { lowered });
  expect((await answer()).warnings).toEqual(['found only afterwards, by validation: minimum at /sure, maximum at /sure, pattern (2 places)', 'enforced by nobody: x-hint']);
  expect(asked[0]!.schema).toBe(lowered);
  expect(asked[0]!.messages.length).toBe(1);
  // Where nothing binds the model it is told the schema in words.
  const loose = asks(['{"mood": "good"}'], { lowered: { enforcement: lowered.enforcement } });
  expect((await loose.answer()).warnings).toEqual([expect.stringMatching(/^nothing binds this model.*the whole schema is checked afterwards$/), 'enforced by nobody: x-hint']);
  expect(JSON.stringify(loose.asked[0]!.messages[0])).toMatch(/Answer with JSON only.*additionalProperties/);
});

test('K14 a schema that is none, or lies elsewhere, is refused before anybody is asked', async () => {
  for (const [schema, words] of [[{ type: 'objekt' }, /type/], [{ $ref: 'https://example.org/a.json' }, /can't resolve reference https:\/\/example.org/], [{ type: 'string', pattern: '(' }, /Invalid regular expression/], [{ enum: Array.from({ length: 60_000 }, (_, i) => i) }, /characters; at most 200000/]] as const) {
    const { answer, asked } = asks(['{}'], { schema: schema as JsonSchema });
    expect(await fault(answer())).toMatchObject({ code: 'bad-input', message: expect.stringMatching(words) });
    expect(asked).toEqual([]);
  }
  for (const schema of [{ $ref: '#' }, { $defs: { a: { anyOf: [{ $ref: '#/$defs/a' }, { type: 'string' }] } }, $ref: '#/$defs/a' }]) {
    expect(await fault(asks(['1'], { schema }).answer())).toMatchObject({ code: 'bad-input', message: expect.stringMatching(/refers to itself without end/) });
  }
  expect(createChecker({ $schema: 'http://json-schema.org/draft-07/schema#', type: 'integer' }, watchdog).faults(1)).toEqual([]);
});

test('K14 a pattern that backtracks without end is ended, and told; without a watchdog none is checked, which is told', async () => {
  const schema: JsonSchema = { type: 'string', pattern: '^(a+)+$' };
  const begun = performance.now();
  expect(await fault(asks([`"${'a'.repeat(40)}b"`], { schema }).answer())).toMatchObject({ code: 'bad-input', message: expect.stringMatching(/backtracks without end/) });
  expect(performance.now() - begun).toBeLessThan(4_000);
  expect(await asks(['"aaa"'], { schema }).answer()).toMatchObject({ value: 'aaa', warnings: [] });
  expect(await asks([`"${'a'.repeat(40)}b"`], { schema, watchdog: false }).answer()).toMatchObject({ warnings: ['not checked: `pattern`'] });
});

test('K14 formats that are known are checked exactly, others are told', () => {
  const good = { date: ['2024-02-29', '1999-12-31'], time: ['23:59:60Z', '01:02:03.5+05:00'], 'date-time': ['2024-02-29T10:00:00Z'], email: ['a.b@example.org'], uri: ['https://example.org/a?b', 'urn:x:y'], uuid: ['123e4567-e89b-12d3-a456-426614174000'], ipv4: ['127.0.0.1', '255.255.255.255'] };
  const bad = { date: ['2023-02-29', '24-1-1'], time: ['24:00:00Z', '10:00'], 'date-time': ['2024-02-29 10:00', '2024-02-29'], email: ['a@b@c', 'a', 'a@', 'a@x..y'], uri: ['example.org', 'http://a b'], uuid: ['123'], ipv4: ['1.2.3', '256.1.1.1', '01.2.3.4', '1.2.3.4.'] };
  for (const [format, texts] of Object.entries(good)) {
    const { faults } = createChecker({ format }, watchdog);
    for (const text of texts) expect([format, text, faults(text)]).toEqual([format, text, []]);
    for (const text of bad[format as keyof typeof bad]) expect([format, text, faults(text).length]).toEqual([format, text, 1]);
  }
  expect(createChecker({ properties: { pattern: { type: 'string', enum: ['format'] }, format: { const: 'x' } } }, undefined).unchecked).toEqual([]);
  expect(createChecker({ properties: { a: { format: 'hostname' } } }, watchdog).unchecked).toEqual(['the format `hostname`']);
});
