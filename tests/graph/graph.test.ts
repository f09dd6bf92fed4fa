import { describe, expect, test } from 'vitest';
import { graphOf, js, portrait } from '../support/graphs.ts';
import type { Graph } from '../../runtime/graph/graph.ts';

const codes = (graph: Graph): string[] => graph.problems().filter((one) => one.severity === 'error').map((one) => `${one.node}:${one.code}`).sort();
const ports = (graph: Graph, path: string): string[] => (graph.node(path)?.ports ?? []).map((port) => `${port.name}=${port.source.node.path}.${port.source.output}`).sort();
const order = (graph: Graph): string[] => graph.order().map((node) => node.path);
const sql = (id: string, body: string, keys = ''): string => `\`\`\`sql {#${id}${keys === '' ? '' : ` ${keys}`}}\n${body}\n\`\`\`\n`;
const nest = (id: string, body: string, keys = ''): string => `\`\`\`yaml {#${id} .graph${keys === '' ? '' : ` ${keys}`}}\n${body}\n\`\`\`\n`;
const input = (id: string, value: unknown): string => `\`\`\`yaml {#${id} .input}\ntype: integer\ndefault: ${JSON.stringify(value)}\n\`\`\`\n`;

describe('wires', () => {
  test('G1 a free name is a wire to the node of that id, or to the output of that name', async () => {
    const graph = await graphOf([js('a', 'const q = 1; q + 1'), js('b', 'a + q')].join('\n'));
    expect(ports(graph, 'b')).toEqual(['a=a.value', 'q=a.q']);
    expect(codes(graph)).toEqual([]);
  });

  test('G1 SQL matches a table without case; a name inside a string or a column is no wire', async () => {
    const graph = await graphOf([js('sales', '[{x: 1}]'), sql('total', "select sum(x) as sales_total, 'sales' as label from SALES")].join('\n'));
    expect(ports(graph, 'total')).toEqual(['SALES=sales.value']);
  });

  test('G1 a written wire wins over the name, and may rename', async () => {
    const graph = await graphOf([js('a', '1'), js('b', 'const q = 2; q'), js('c', 'a + 1', 'in.a=b.q')].join('\n'));
    expect(ports(graph, 'c')).toEqual(['a=b.q']);
  });

  test('G5 a missing name says which and offers the nearest, and heals when the name appears', async () => {
    const broken = await graphOf(js('b', 'mnthly + 1') + js('monthly', '1'));
    const [problem] = broken.problems();
    expect(problem).toMatchObject({ code: 'missing-name', node: 'b', line: 2, column: 1, data: { nearest: 'monthly' } });
    expect(problem?.message).toContain('mnthly');
    expect(codes(await graphOf(js('b', 'mnthly + 1') + js('mnthly', '1')))).toEqual([]);
  });

  test('G5 a name that only Node or a browser has says why it is not there; a node may bear it', async () => {
    const message = async (name: string): Promise<string | undefined> => (await graphOf(js('b', `${name}.x`))).problems()[0]?.message;
    expect(await message('process')).toMatch(/`process`: it is a part of Node/);
    expect(await message('fetch')).toMatch(/no network/);
    expect(await message('setTimeout')).toMatch(/no timers/);
    expect(await message('document')).toMatch(/no page/);
    expect(await message('zork')).not.toMatch(/Node|network|timers|page/);
    expect(codes(await graphOf(js('process', '({x: 1})') + js('b', 'process.x')))).toEqual([]);
  });

  test('D4 a kind of a later version says so, another one the nearest', async () => {
    const flaw = async (kind: string) => (await graphOf(`\`\`\`yaml {#a .${kind}}\nfrom: b\n\`\`\`\n`)).problems()[0];
    expect(await flaw('spice')).toMatchObject({ code: 'unknown-kind', line: 1, message: expect.stringMatching(/^`\.spice` comes with a later version of Telar\. Kinds: data/) });
    expect(await flaw('chekc')).toMatchObject({ code: 'unknown-kind', message: expect.stringContaining('Did you mean `.check`?') });
  });

  test('G5 builtins of the reading language are wired only on purpose', async () => {
    const graph = await graphOf([js('maths', '1'), js('a', 'Math.PI'), js('b', 'Array.from([1])')].join('\n'));
    expect(codes(graph)).toEqual([]);
    expect(ports(graph, 'a')).toEqual([]);
  });

  test('G6 several definers are no error; only a reader that does not say which is, and it names them all', async () => {
    const two = js('a', 'const q = 1; q') + js('b', 'const q = 2; q');
    expect(codes(await graphOf(two))).toEqual([]);
    const graph = await graphOf(two + js('c', 'q'));
    expect(codes(graph)).toEqual(['c:ambiguous-name']);
    expect(graph.problems()[0]?.data).toEqual({ candidates: ['a.q', 'b.q'] });
    const said = await graphOf(two + js('c', 'q', 'in.q=b.q'));
    expect(codes(said)).toEqual([]);
    expect(ports(said, 'c')).toEqual(['q=b.q']);
  });

  test('G6 errors depend on the text alone: any order of the page gives the same findings', async () => {
    const cells = [js('a', 'const q = 1; q'), js('b', 'const q = 2; q'), js('c', 'q + nothing_here')];
    expect(codes(await graphOf(cells.join('\n')))).toEqual(codes(await graphOf([...cells].reverse().join('\n'))));
  });

  test('G5 reading and rebinding one name needs a wire; the rebinding is then local', async () => {
    const bare = await graphOf(js('df', '[1]') + '```python {#clean}\ndf = [x for x in df]\n```\n');
    expect(codes(bare)).toEqual(['clean:rebinding']);
    const said = await graphOf(js('df', '[1]') + '```python {#clean in.df=df}\ndf = [x for x in df]\n```\n' + js('last', 'df'));
    expect(codes(said)).toEqual([]);
    expect(ports(said, 'last')).toEqual(['df=df.value']);
  });

  test('G5 a function does not cross languages', async () => {
    const graph = await graphOf(js('tools', 'function twice(x) { return 2 * x }\n1') + '```python {#p}\ntwice(2)\n```\n');
    expect(codes(graph)).toEqual(['p:cross-language']);
  });

  test('G8 mutual recursion among functions of one node is no cycle', async () => {
    expect(codes(await graphOf(js('f', 'function even(n) { return n === 0 || odd(n - 1) }\nfunction odd(n) { return n !== 0 && even(n - 1) }\neven(4)')))).toEqual([]);
  });
});

describe('order and cycles', () => {
  test('G2 ties are broken by the page', async () => {
    const graph = await graphOf([js('z', 'm + 1'), js('b', '1'), js('m', '1'), js('a', '1')].join('\n'));
    expect(order(graph)).toEqual(['b', 'm', 'z', 'a']);
  });

  test('G3 a cycle is told on all its members with the whole path and the names; dependents are not on it', async () => {
    const graph = await graphOf([js('a', 'c + 1'), js('b', 'a + 1'), js('c', 'b + 1'), js('d', 'c'), js('e', '1')].join('\n'));
    expect(codes(graph)).toEqual(['a:cycle', 'b:cycle', 'c:cycle']);
    const [problem] = graph.problems();
    expect(problem?.data).toEqual({ path: ['a', 'b', 'c', 'a'], names: ['a', 'b', 'c'] });
    expect(order(graph).at(0)).toBe('e');
  });

  test('G3 cycles that share a node are each reported', async () => {
    const graph = await graphOf([js('a', 'b + c'), js('b', 'a'), js('c', 'a')].join('\n'));
    expect(codes(graph)).toEqual(['a:cycle', 'a:cycle', 'b:cycle', 'c:cycle']);
  });

  test('G3 a node that reads itself is a cycle', async () => {
    expect(codes(await graphOf(sql('a', 'select * from a')))).toEqual(['a:cycle']);
  });

  test('G4 breaking a cycle by an edit heals it', async () => {
    expect(codes(await graphOf([js('a', '1'), js('b', 'a + 1'), js('c', 'b + 1')].join('\n')))).toEqual([]);
  });
});

describe('nested notebooks', () => {
  const inner = '---\noutputs: [double]\n---\n' + input('n', 1) + js('double', 'n * 2') + js('hidden', 'n');

  test('G9 a notebook has its own names; its ports are its inputs and its outputs', async () => {
    const graph = await graphOf({ 'main.telar.md': js('n', '5') + nest('twice', 'use: inner.telar.md', 'in.n=n') + js('all', 'twice.double + n'), 'inner.telar.md': inner });
    expect(codes(graph)).toEqual([]);
    expect(ports(graph, 'twice/n')).toEqual(['given=n.value']);
    expect(ports(graph, 'all')).toEqual(['n=n.value', 'twice.double=twice/double.value']);
    expect(ports(graph, 'twice')).toEqual(['double=twice/double.value']);
  });

  test('G9 what is not among its outputs cannot be read, and an unknown input is told', async () => {
    const graph = await graphOf({ 'main.telar.md': nest('twice', 'use: inner.telar.md', 'in.m=n') + js('n', '1') + js('all', 'twice.hidden'), 'inner.telar.md': inner });
    expect(codes(graph)).toEqual(['all:missing-name', 'twice:unknown-key']);
  });

  test('G9 a constant for an input that is not there is told at its key, never left out', async () => {
    const graph = await graphOf({ 'main.telar.md': nest('twice', 'use: inner.telar.md\nwith: {n: 1, m: 2}'), 'inner.telar.md': inner });
    expect(codes(graph)).toEqual(['twice:unknown-key']);
    const [told] = graph.problems();
    expect(told?.message).toBe('inner.telar.md has no input `m`; it has `n`. Did you mean `n`?');
    expect(told).toMatchObject({ file: 'main.telar.md', line: 3, column: 14 });
  });

  test('G9 nesting works twice, and two uses of one notebook have names of their own', async () => {
    const graph = await graphOf({
      'main.telar.md': nest('one', 'use: mid.telar.md') + nest('two', 'use: mid.telar.md') + js('sum', 'one.up + two.up'),
      'mid.telar.md': '---\noutputs: [up]\n---\n' + nest('low', 'use: inner.telar.md\nwith: {n: 7}') + js('up', 'low.double + 1'),
      'inner.telar.md': inner,
    });
    expect(codes(graph)).toEqual([]);
    expect([...graph.nodes()].map((node) => node.path)).toEqual([
      'one/low/n', 'one/low/double', 'one/low/hidden', 'one/low', 'one/up', 'one', 'two/low/n', 'two/low/double', 'two/low/hidden', 'two/low', 'two/up', 'two', 'sum']);
  });

  test('G9 a notebook that uses itself is a cycle; the rest stays usable', async () => {
    const graph = await graphOf({ 'main.telar.md': nest('me', 'use: main.telar.md') + js('a', '1') });
    expect(codes(graph)).toEqual(['me:cycle']);
    expect(order(graph)).toContain('a');
  });

  test('D4 a nested notebook that is not there is a problem of its node', async () => {
    expect(codes(await graphOf({ 'main.telar.md': nest('gone', 'use: gone.telar.md') + js('a', '1') }))).toEqual(['gone:missing-file']);
  });
});

test('D5 order on the page changes no wire', async () => {
  const cells = [js('a', '1'), js('b', 'a + 1'), js('c', 'a + b')];
  const wires = async (text: string): Promise<unknown> => (portrait(await graphOf(text)) as { nodes: { path: string }[] }).nodes.sort((x, y) => (x.path < y.path ? -1 : 1));
  expect(await wires(cells.join('\n'))).toEqual(await wires([...cells].reverse().join('\n')));
});
