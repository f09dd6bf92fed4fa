/** What `run.mjs` takes, and what a skill says of itself, without a process. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { skillName } from '../../runtime/export/words.ts';
import { parseInput, parseOptions } from '../../runtime/skill-runner/options.ts';
import { readInput } from '../../runtime/skill-runner/run.node.ts';

const codeOf = (act: () => unknown): unknown => { try { return act(); } catch (error) { return (error as { code: string }).code; } };

test('K9 the words of run.mjs are read, and others are bad input', () => {
  expect(parseOptions(['--replay', '--verify', '--json'])).toEqual({ help: false, json: true, dryRun: false, replay: true, verify: true });
  expect(parseOptions(['--input', '{"a": 1}', '--dry-run'])).toMatchObject({ input: '{"a": 1}', dryRun: true });
  for (const words of [['--inputs'], ['--input'], ['x'], ['--replay', '--input', '{}'], ['--constructor'], ['toString']]) expect([words, codeOf(() => parseOptions(words))]).toEqual([words, 'usage']);
});

test('K9 an input is an object with known names', () => {
  expect(parseInput('{"a": [1, null]}', { a: {} })).toEqual({ a: [1, null] });
  for (const text of ['', '[]', 'null', '1', '{"b": 1}', '{"__proto__": 1}', '{"toString": 1}', '{"a": "1"}', '{']) expect([text, codeOf(() => parseInput(text, { a: { type: ['integer', 'null'] } }))]).toEqual([text, 'bad-input']);
});

test('K9 a path of a file without its @ is told so', () => {
  const said = (input: string): string => { try { return readInput(input); } catch (error) { return (error as Error).message; } };
  expect(said('package.json')).toBe('package.json is a file, and --input takes JSON; write @package.json.');
  expect(['{"a": 1}', 'no/such.json', 'a'.repeat(500), 'runtime'].map(said)).toEqual(['{"a": 1}', 'no/such.json', 'a'.repeat(500), 'runtime']);
  expect(JSON.parse(said('@package.json'))).toMatchObject({ name: expect.any(String) });
});

const letters = fc.array(fc.oneof(fc.integer({ min: 32, max: 0xd7ff }).map((code) => String.fromCodePoint(code)), fc.constantFrom('claude', 'anth', 'ropic', '-', 'x')), { maxLength: 80 }).map((all) => all.join(''));

test('K9 every name that a skill gets is one', () => {
  expect([skillName('a/Über Straße 2.telar.md', undefined), skillName('claude.telar.md', 'My notes'), skillName('日本.telar.md', 'Rain')]).toEqual(['uber-strasse-2', 'my-notes', 'rain']);
  fc.assert(fc.property(letters, fc.constantFrom(undefined, 'Rain', 'Anthropic'), (file, title) => {
    const name = codeOf(() => skillName(`${file}.telar.md`, title));
    if (name !== 'refused') expect(name).toMatch(/^(?!.*(?:claude|anthropic))[a-z0-9]+(?:-[a-z0-9]+)*$/);
    expect(String(name).length).toBeLessThanOrEqual(64);
  }), { seed: 5 });
});
