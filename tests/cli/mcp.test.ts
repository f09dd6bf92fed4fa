/** `telar mcp` with the official client: what it lists, calls, reads, refuses and leaves behind. */
import { createHash } from 'node:crypto';
import { readFileSync, symlinkSync } from 'node:fs';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPlace, fence, js, NODE, TELAR, yaml, type Place } from '../support/cli.ts';

const front = (outputs: string, title: string): string => `---\ntelar: 1\ntitle: ${title}\noutputs: [${outputs}]\n---\n`;
let place: Place;
let client: Client;
let transport: StdioClientTransport;
let said = '';

beforeAll(async () => {
  place = createPlace({
    'sum.telar.md': `${front('total, said', 'Sum of two')}${yaml('a', 'input', 'type: integer\ndefault: 2\nminimum: 0')}${yaml('b', 'input', 'type: integer')}${js('total', 'a + b')}${fence('text', '#said .text', 'It is {{ total }}.')}`,
    'two/sum.telar.md': `${front('total', 'Another')}${js('total', '7')}`,
    'slow.telar.md': `${front('x', 'Slow')}${js('first', 'const t = Date.now(); while (Date.now() - t < 700); 1')}${js('x', 'const t = Date.now(); while (first && Date.now() - t < 400); 2')}`,
    'endless.telar.md': `${front('x', 'Endless')}${js('x', 'while (true);')}`,
    'asks.telar.md': `${front('page', 'Asks')}${yaml('page', 'http', 'url: http://127.0.0.1:9/x')}`,
    'red.telar.md': `${front('x', 'Red')}${js('x', '1')}${yaml('sane', 'check', '- that: x === 2\n  language: javascript')}`,
    'exact.telar.md': `${front('rec, long', 'Exact')}${yaml('rows', 'input', 'type: table')}${yaml('free', 'input', 'type: any\ndefault: 1')}${js('rec', "({ tag: 'a', text: 'b', rows: [...rows].length, free, of: typeof free })")}${js('long', "'x'.repeat(Number(free))")}`,
    'skills/sum/SKILL.md': '---\nname: sum\ndescription: Use when a test needs one of a name that is taken.\n---\nHello.\n', 'skills/linked/SKILL.md': 'x',
    'skills/foreign/SKILL.md': '---\nname: foreign\ndescription: Use when a test needs one.\n---\nHello.\n',
  });
  symlinkSync('/etc/passwd', place.path('skills/linked/link'));
  const files = ['sum.telar.md', 'two/sum.telar.md', 'slow.telar.md', 'endless.telar.md', 'asks.telar.md', 'red.telar.md', 'exact.telar.md'];
  transport = new StdioClientTransport({ command: NODE, args: [TELAR, 'mcp', ...files, '--skills', 'skills'], cwd: place.root, env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' }, stderr: 'pipe' });
  transport.stderr?.on('data', (text: Buffer) => { said += text.toString(); });
  client = new Client({ name: 'test', version: '1' });
  await client.connect(transport);
}, 30_000);
afterAll(async () => { await client.close(); place.remove(); });

test('K10 tools are listed with schemas and hints, and two notebooks of one name are told apart', async () => {
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual(['sum', 'sum-2', 'slow', 'endless', 'asks', 'red', 'exact']);
  expect(tools[0]).toMatchObject({
    title: 'Sum of two', annotations: { readOnlyHint: true, destructiveHint: false, openWorldHint: false },
    inputSchema: { type: 'object', required: ['b'], properties: { a: { type: 'integer', default: 2, minimum: 0 } }, additionalProperties: false }, outputSchema: { required: ['total', 'said'] },
  });
  expect(tools.find(({ name }) => name === 'asks')?.annotations?.openWorldHint).toBe(true);
});

test('K10 a call by schema gives structured content that keeps to the output schema, and reuses what is there', async () => {
  const { tools } = await client.listTools();
  const done = await client.callTool({ name: 'sum', arguments: { b: 40 } });
  expect(done.structuredContent).toEqual({ total: 42, said: 'It is 42.' });
  expect(new Ajv2020({ strict: false }).validate(tools[0]?.outputSchema as object, done.structuredContent)).toBe(true);
  expect(JSON.parse((done.content as { text: string }[])[0]?.text ?? '')).toEqual(done.structuredContent);
  const [other, exact] = await Promise.all([client.callTool({ name: 'sum-2', arguments: {} }), client.callTool({ name: 'exact', arguments: { rows: [{ a: 1 }, { a: 2 }], free: '5' } })]);
  expect([other.structuredContent, exact.structuredContent]).toEqual([{ total: 7 }, { rec: { tag: 'a', text: 'b', rows: 2, free: '5', of: 'string' }, long: 'xxxxx' }]);
  const long = await client.callTool({ name: 'exact', arguments: { rows: [], free: 6_000_000 } });
  expect([long.isError, (long._meta as { error: { code: string; data: unknown } }).error]).toMatchObject([true, { code: 'output-limit', data: { output: 'long' } }]);
});

test('K10 a wrong input is a tool error that names the field', async () => {
  for (const [input, field] of [[{ b: 'x' }, 'b'], [{}, 'b'], [{ b: 1, c: 2 }, 'c'], [{ a: -1, b: 1 }, 'a']] as const) {
    const done = await client.callTool({ name: 'sum', arguments: input });
    expect(done.isError).toBe(true);
    expect((done.content as { text: string }[])[0]?.text).toMatch(new RegExp(`^bad-input: \`${field}\``));
  }
});

test('K10 what is red or not allowed is a tool error with its code', async () => {
  const red = await client.callTool({ name: 'red', arguments: {} });
  expect([red.isError, (red._meta as { error: { code: string } }).error.code]).toEqual([true, 'check-red']);
  const asks = await client.callTool({ name: 'asks', arguments: {} });
  expect([asks.isError, (asks._meta as { error: { code: string; message: string } }).error]).toMatchObject([true, { code: 'unavailable', message: expect.stringContaining('telar trust') as string }]);
});

test('K10 a long call tells its progress, and one that is cancelled ends', async () => {
  const progress: number[] = [];
  const done = await client.callTool({ name: 'slow', arguments: {} }, { onprogress: (one) => { progress.push(one.progress); } });
  expect(done.structuredContent).toEqual({ x: 2 });
  expect(progress.length).toBeGreaterThan(0);
  const stop = new AbortController();
  setTimeout(() => { stop.abort(new Error('enough')); }, 300);
  await expect(client.callTool({ name: 'endless', arguments: {} }, { signal: stop.signal })).rejects.toThrow();
  expect((await client.callTool({ name: 'sum-2', arguments: {} })).structuredContent).toEqual({ total: 7 });
});

test('K10 skills are resources whose bytes have the digests that are told', async () => {
  await client.callTool({ name: 'sum', arguments: { b: 40 } });
  const { resources } = await client.listResources();
  const uris = resources.map(({ uri }) => uri);
  expect(uris).toContain('skill://foreign/SKILL.md');
  expect(uris.filter((uri) => /linked|sum-3/.test(uri))).toEqual(['skill://sum-3/SKILL.md']);
  expect(uris).toContain('skill://sum/assets/graph.telar.md');
  for (const one of resources.filter(({ uri }) => /^skill:\/\/(?:sum|foreign)\/.*(?:SKILL\.md|graph\.telar\.md|lock\.json)$/.test(uri))) {
    const { contents: [content] } = await client.readResource({ uri: one.uri });
    const bytes = content !== undefined && 'text' in content ? Buffer.from(content.text) : Buffer.from((content as { blob: string }).blob, 'base64');
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(one._meta?.sha256);
  }
  expect((await client.readResource({ uri: 'skill://sum/assets/graph.telar.md' })).contents[0]).toMatchObject({ text: readFileSync(place.path('sum.telar.md'), 'utf8') });
  await expect(client.readResource({ uri: 'skill://foreign/../../etc/passwd' })).rejects.toThrow(/no resource/);
});

test('K10 the server ends when standard input ends, and nothing stays behind', async () => {
  const { pid } = transport;
  const began = performance.now();
  await client.close();
  expect(performance.now() - began).toBeLessThan(1_900);
  expect(() => process.kill(pid as number, 0)).toThrow(/ESRCH/);
  expect(said).not.toMatch(/Error|at file/);
  expect(said).toMatch(/skills\/linked is no skill: .*link/);
  expect(await place.telar(['mcp', 'sum.telar.md', '--skills', 'sum.telar.md'])).toMatchObject({ code: 2, stderr: expect.stringMatching(/is no folder/) as string });
});
