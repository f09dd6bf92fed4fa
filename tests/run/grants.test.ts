/** T3: what a person's leave is given to. The hash follows all code that runs with a node; the words show what is asked as it is. */
import { expect, test } from 'vitest';
import { createHash } from 'node:crypto';
import { asksOf, type AskFacts } from '../../runtime/grants.ts';
import { problemsOf } from '../../runtime/graph/node.ts';
import { graphOf } from '../support/graphs.ts';

const facts: AskFacts = { sha256: (data) => createHash('sha256').update(data).digest('hex') };
const py = (id: string, body: string, keys = ''): string => `\`\`\`python {#${id} ${keys}}\n${body}\n\`\`\`\n`;
const asks = async (files: Readonly<Record<string, string>> | string, more: Partial<AskFacts> = {}) => asksOf(await graphOf(files), { ...facts, ...more });
const hashOf = async (...given: Parameters<typeof asks>): Promise<string> => (await asks(...given))[0]!.hash;
const WEB = 'isolated=true network=https://a.example';

test('T3 a function that comes in through a notebook used as a node is code of the step that runs it', async () => {
  const inner = `\`\`\`yaml {#f .input}\ntype: any\n\`\`\`\n${py('web', 'f(1)', WEB)}`;
  const files = (f: string): Record<string, string> => ({ 'main.telar.md': `${py('tool', `def tool(x): return ${f}`)}\`\`\`yaml {#used .graph in.f=tool}\nuse: inner.telar.md\n\`\`\`\n`, 'inner.telar.md': inner });
  const [one] = await asks(files('x'));
  expect(one).toMatchObject({ node: 'used/web' });
  expect(await hashOf(files('x  # said'))).toBe(one!.hash);
  expect(await hashOf(files('open("/notebook/evil")'))).not.toBe(one!.hash);
});

test('T3 the hash covers the Python before a node, whose functions run in it, its helpers and its grants; not its layout, nor what only gives data', async () => {
  const text = (tool: string, { layout = '', rows = 'select 1 as n', origin = 'https://a.example' } = {}): string => `${py('tool', tool)}\`\`\`sql {#rows}\n${rows}\n\`\`\`\n${py('web', `import helper\nx =${layout} tool(rows)\nhelper.f(x)`, `isolated=true network=${origin}`)}`;
  const helper = (code: string): Partial<AskFacts> => ({ modules: ({ path }) => (path === 'web' ? { helper: code } : {}) });
  const first = await hashOf(text('def tool(x): return x'), helper('one'));
  for (const same of [text('def tool(x): return x  # said', { layout: '  ' }), text('def tool(x): return x', { rows: 'select 2 as n' })]) expect(await hashOf(same, helper('one'))).toBe(first);
  const others = [await hashOf(text('def tool(x): return x'), helper('two')), await hashOf(text('def tool(x): return None'), helper('one')), await hashOf(text('def tool(x): return x', { origin: 'https://b.example' }), helper('one'))];
  expect(new Set([first, ...others]).size).toBe(4);
});

test('T3 which function comes in by which name is part of it', async () => {
  const text = (one: string, two: string): string => `${py('a', 'def a(x): return 1')}${py('b', 'def b(x): return 2')}${py('web', 'f(g)', `${WEB} in.f=${one} in.g=${two}`)}`;
  expect(await hashOf(text('a', 'b'))).not.toBe(await hashOf(text('b', 'a')));
});

test('T3 other versions of its packages ask anew, also those of the Python before it', async () => {
  const pins = (version: string): Partial<AskFacts> => ({ packages: () => [{ name: 'numpy', version, sha256: version.repeat(64) }] });
  const text = py('web', '1', WEB);
  expect(await hashOf(text, pins('1'))).not.toBe(await hashOf(text, pins('2')));
  expect(await hashOf(text, pins('1'))).toBe(await hashOf(text, pins('1')));
  const before = `${py('tool', 'def tool(x): return x')}${py('web', 'tool(1)', WEB)}`;
  const of = (version: string): Partial<AskFacts> => ({ packages: ({ path }) => (path === 'tool' ? [{ name: 'numpy', version, sha256: version.repeat(64) }] : []) });
  expect(await hashOf(before, of('1'))).not.toBe(await hashOf(before, of('2')));
});

test('T3 words cannot be made to say something else: no control or invisible characters, no path that hides its end', async () => {
  const front = (effects: string): string => `---\ntelar: 1\nisolated: true\neffects: ${effects}\n---\n${py('x', '1', 'kernel=python3')}`;
  for (const path of ['/data/x\\r/safe', '/data/\\u001b[2K', '/data/\\u202Ecod.exe', '/data/\\u200b', '/data\\n']) {
    const graph = await graphOf(front(`{files: ["${path}"]}`));
    expect([path, problemsOf(graph.node('x')!).map(({ code }) => code)]).toEqual([path, ['bad-value']]);
    expect([path, problemsOf((await graphOf(front(`{programs: ["${path}"]}`))).node('x')!).map(({ code }) => code)]).toEqual([path, ['bad-value']]);
  }
  const [ask] = await asks(front('{files: ["/data/a, /b", "/data/ü"], programs: ["git"]}'));
  expect(ask!.words).toContain('read "/data/a, /b" and /data/ü and start git');
  const [kernel] = await asks(py('x', '1', 'kernel=python3'), { kernels: () => ({ argv: ['/bin/python', '\u202E\u009b2J', 'a b'], hash: '' }) });
  // oxlint-disable-next-line no-control-regex
  expect(kernel!.words).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
});

test('T3 a path is written whole and once: `//etc` is no other folder than `/etc`', async () => {
  for (const path of ['//etc', '/data//x', '/etc/', '/data/../etc', '/Users', '/data/x/.']) expect([path, problemsOf((await graphOf(py('x', '1', `isolated=true files=${path}`))).node('x')!).length]).toEqual([path, 1]);
  for (const path of ['/data/x', '/data/x/', '/data/ü x']) expect([path, problemsOf((await graphOf(py('x', '1', `isolated=true files="${path}"`))).node('x')!)]).toEqual([path, []]);
});

test('T4 a step that says it is pure asks no network: its own `network=` is an error, and the front matter is not for it', async () => {
  expect(problemsOf((await graphOf(py('x', '1', `${WEB} effect=pure`))).node('x')!)[0]!.message).toMatch(/effect=observe/);
  expect(await asks(`---\ntelar: 1\nisolated: true\neffects: {network: ["https://a.example"]}\n---\n${py('x', '1', 'effect=pure')}${py('y', '1')}`)).toMatchObject([{ node: 'y' }]);
});
