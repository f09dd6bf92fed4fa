import { expect, test } from 'vitest';
import type { KindParam } from '../../nodes/params.ts';
import { parseDuration, parseParams, parseSize } from '../../nodes/params.ts';

const param = (name: string, type: KindParam['type'], more: Partial<KindParam> = {}): KindParam => ({ name, type, required: false, key: true, place: 'fence', description: '', ...more });
const all = [
  param('timeout', 'duration'), param('memory', 'size'), param('threads', 'integer', { default: 1 }), param('disabled', 'boolean'), param('format', 'enum', { values: ['plain', 'html'] }),
  param('rate', 'number'), param('tags', 'list'), param('label', 'string'), param('each', 'string', { since: 'later' }), param('file', 'string', { place: 'body' }), param('of', 'string', { required: true }),
];

test('P2 texts become milliseconds, bytes, numbers, flags; defaults stand where nothing is said', () => {
  const { values, problems } = parseParams(all, { timeout: '1.5m', memory: '2GiB', disabled: '', format: 'html', rate: '-1.5e3', tags: 'a, b', label: 'x y', of: 'z' });
  expect(problems).toEqual([]);
  expect(values).toEqual({ timeout: 90_000, memory: 2 ** 31, threads: 1, disabled: true, format: 'html', rate: -1500, tags: ['a', 'b'], label: 'x y', of: 'z' });
});

test('P2 what is wrong is said by key, and what is right stays', () => {
  const { values, problems } = parseParams(all, { timeuot: '1s', timeout: '5', format: 'pdf', threads: '1.5', each: 'rows', file: 'a.csv', constructor: 'x' });
  expect(Object.fromEntries(problems.map((problem) => [problem.key, problem.code]))).toEqual({ timeuot: 'unknown-key', timeout: 'bad-value', format: 'bad-value', threads: 'bad-value', each: 'not-in-generation', file: 'unknown-key', constructor: 'unknown-key', of: 'missing-key' });
  const said = Object.fromEntries(problems.map((problem) => [problem.key, problem.message]));
  expect(said.timeuot).toContain('Did you mean `timeout`?');
  expect(said.timeout).toContain('`500ms`, `20s`');
  expect(said.format).toContain('plain, html');
  expect(said.each).toContain('comes with a later version');
  expect(said.file).toContain('belongs in the body');
  expect(values).toEqual({ threads: 1 });
});

test.each([['500ms', 500], ['20s', 20_000], ['2m', 120_000], ['1h', 3_600_000], ['20', undefined], ['-1s', undefined], ['0s', undefined], ['s', undefined], ['1e3s', undefined]])('R5 the duration %s', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each([['512MB', 512_000_000], ['2GiB', 2 ** 31], ['100B', 100], ['1.5kb', 1500], ['512', undefined], ['0MB', undefined], ['MB', undefined], ['9999999TB', undefined]])('R5 the size %s', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test('T3 `effects` on a fence is told where it belongs', () => {
  const { problems } = parseParams([param('effect', 'enum', { values: ['pure'] }), param('network', 'list')], { effects: 'network' });
  expect(problems).toMatchObject([{ code: 'unknown-key', message: '`effects` belongs into the front matter (`effects: {network: [https://example.org]}`); on a fence write `network=`, `files=` or `programs=`.' }]);
});
