/** Runs that agree with themselves: parallel and serial, stopped and gone on, seeded and not, functions from other nodes, damaged values. */
import { expect, test } from 'vitest';
import { createPlace, fence, js, py, sql, yaml, type Place, type RunEnd } from '../support/cli.ts';

const hashes = (end: RunEnd): Record<string, unknown> => Object.fromEntries(Object.entries(end.nodes).map(([id, node]) => [id, [node.state, node.key, node.outputs]]).sort());
const valueOf = async (place: Place, id: string, file = 'main.telar.md'): Promise<unknown> => JSON.parse((await place.telar(['show', file, id, '--format', 'json'])).stdout);

test('R1 parallel and serial runs of a diamond give the same keys and hashes', async () => {
  const diamond = `${sql('top', 'select range as n from range(1000)')}${py('left', 'sum(row["n"] for row in top)')}${js('right', '[...top].length')}${py('bottom', 'left * right')}`;
  const [parallel, serial] = [createPlace({ 'diamond.telar.md': diamond }), createPlace({ 'diamond.telar.md': diamond })];
  const wide = await parallel.run('diamond.telar.md', ['--jobs', '8']);
  expect(wide).toMatchObject({ code: 0, unwell: {} });
  expect(hashes(await serial.run('diamond.telar.md', ['--jobs', '1']))).toEqual(hashes(wide));
  parallel.remove();
  serial.remove();
});

test('R2 an interrupt ends a running step of each engine in about a second; what was done stays, and the next run goes on', async () => {
  const forever: Record<string, string> = {
    python: py('long', 'quick\nwhile True:\n    pass'), c: py('long', 'quick\nsum(range(10**13))'),
    javascript: js('long', 'quick;\nwhile (true);'), sql: sql('long', 'select count(*) + {{ quick }} from range(100000000000000) where range % 7 = 8'),
  };
  const QUICK = yaml('quick', 'input', 'type: integer\ndefault: 42');
  for (const [name, long] of Object.entries(forever)) {
    const place = createPlace({ 'main.telar.md': `${QUICK}${long}${fence('text', '#after .text', '{{ long }}')}` });
    let pressed = 0;
    const end = await place.run('main.telar.md', [], {
      begun: (child) => {
        let seen = '';
        child.stdout?.on('data', (text: string) => {
          seen += text;
          if (pressed === 0 && /"node":"long","status":\{"state":"running"/.test(seen)) { pressed = -1; setTimeout(() => { pressed = performance.now(); child.kill('SIGINT'); }, 1500); }
        });
      },
    });
    const took = performance.now() - pressed;
    expect([name, end.code, end.status]).toEqual([name, 130, 'cancelled']);
    expect([name, took < 3_000]).toEqual([name, true]);
    expect([name, end.nodes.quick?.state, end.nodes.long?.state, end.nodes.after?.state]).toEqual([name, 'fresh', 'cancelled', 'cancelled']);
    // What goes on is the same whatever engine was stopped.
    if (name === 'python') {
      place.write('main.telar.md', `${QUICK}${js('long', 'quick + 1')}${js('after', 'long')}`);
      expect(await place.run()).toMatchObject({ code: 0, unwell: {}, ran: ['after', 'long'] });
    }
    place.remove();
  }
});

test('R7 a change of an input in place reaches nobody and is told; with `covenant: fail` it fails', async () => {
  const body = `${py('rows', '[3, 1, 2]')}${py('sorts', 'rows.sort()\nrows[0]')}${py('looks', 'rows')}${js('pushes', 'rows.push(9);\nrows.length')}`;
  const place = createPlace({ 'main.telar.md': body });
  const end = await place.run();
  expect(end.code).toBe(0);
  const warnings = end.lines.filter((line) => line.type === 'node' && line.status.warnings !== undefined).map((line) => [line.node, String(line.status.warnings)]);
  expect(warnings.map(([id]) => id)).toContain('sorts');
  expect(warnings.find(([id]) => id === 'sorts')?.[1]).toMatch(/covenant.*rows/);
  expect(await valueOf(place, 'looks')).toEqual([3, 1, 2]);
  place.write('main.telar.md', `---\ntelar: 1\ncovenant: fail\n---\n${body}`);
  const strict = await place.run();
  expect(strict.unwell).toEqual({ sorts: 'covenant', pushes: 'covenant' });
  expect(strict.code).toBe(1);
  expect(strict.nodes.looks?.state).toBe('fresh');
  place.remove();
});

test('R9 chance differs from run to run, and agrees under a seed', async () => {
  const bodies = [py('p', 'import random\nrandom.random()'), js('j', 'Math.random()')];
  const seeded = bodies.map((body) => body.replace(/#(\w)\}/, '#$1_seeded seed=7}'));
  const place = createPlace({ 'main.telar.md': [...bodies, ...seeded].join('') });
  const first = await place.run();
  const second = await place.run('main.telar.md', ['--no-reuse']);
  expect(second.ran).toEqual(['j', 'j_seeded', 'p', 'p_seeded']);
  for (const id of ['p', 'j']) expect([id, second.nodes[id]?.outputs?.value?.hash === first.nodes[id]?.outputs?.value?.hash]).toEqual([id, false]);
  for (const id of ['p_seeded', 'j_seeded']) expect(second.nodes[id]?.outputs).toEqual(first.nodes[id]?.outputs);
  place.write('main.telar.md', place.read('main.telar.md').replaceAll('seed=7', 'seed=8'));
  const third = await place.run();
  for (const id of ['p_seeded', 'j_seeded']) expect([id, third.nodes[id]?.outputs?.value?.hash === first.nodes[id]?.outputs?.value?.hash]).toEqual([id, false]);
  place.remove();
});

test('R10 a red check is failed with its counter-example and status 3; mended, it alone runs', async () => {
  const text = `${sql('rows', 'select range as a, range * 10 as b from range(5)')}${yaml('claims', 'check', '- that: len(rows) == 5\n- that: max(row["a"] for row in rows) < 4\n  because: there are few\n- table: rows\n  columns: {b: {between: [0, 30]}}')}`;
  const place = createPlace({ 'main.telar.md': text });
  const end = await place.run();
  expect(end).toMatchObject({ code: 3, status: 'failed', unwell: { claims: 'check-red' } });
  expect(end.nodes.claims?.error?.message).toMatch(/there are few/);
  expect(end.nodes.claims?.error?.data?.counterexample).toBeDefined();
  expect(end.nodes.claims?.error?.line).toBe(7);
  place.write('main.telar.md', text.replace('< 4', '< 5').replace('[0, 30]', '[0, 40]'));
  expect(await place.run()).toMatchObject({ code: 0, ran: ['claims'] });
  place.remove();
});

test('P7 SQL that reads the clock runs once and is reused until asked again', async () => {
  const place = createPlace({ 'main.telar.md': `${sql('clock', 'select now() as t, random() as r')}${py('reader', 'str(clock[0])')}` });
  const first = await place.run();
  expect((await place.run()).ran).toEqual([]);
  const again = await place.run('main.telar.md', ['--from', 'clock']);
  expect(again).toMatchObject({ code: 0, ran: ['clock', 'reader'] });
  expect(again.nodes.clock?.outputs?.value?.hash).not.toBe(first.nodes.clock?.outputs?.value?.hash);
  const kept = await place.run();
  expect(kept.ran).toEqual([]);
  expect(kept.nodes.clock?.outputs).toEqual(again.nodes.clock?.outputs);
  place.remove();
});

test('P8 a function and a class of one node are used in others, through a chain; an edit of them runs their readers again', async () => {
  const text = `${py('base', 'factor = 3\ndef scale(x):\n    return x * factor')}${py('chain', 'def twice(x):\n    return scale(scale(x))')}${py('user', 'twice(2)')}${py('shapes', 'class Square:\n    def __init__(self, side):\n        self.side = side\n    def area(self):\n        return scale(self.side) * self.side')}${py('area', 'Square(4).area()')}${py('is_one', 'isinstance(Square(1), Square)')}${js('jsbase', 'const half = (x) => x / 2;\nclass Box { constructor(n) { this.n = n; } size() { return half(this.n); } }')}${js('jsuser', 'half(9) + new Box(4).size()')}${py('apart', '1')}`;
  const place = createPlace({ 'main.telar.md': text });
  const first = await place.run();
  expect(first).toMatchObject({ code: 0, unwell: {} });
  expect(await valueOf(place, 'user')).toBe(18);
  expect(await valueOf(place, 'area')).toBe(48);
  expect(await valueOf(place, 'jsuser')).toBe(6.5);
  expect((await place.run()).ran).toEqual([]);
  place.write('main.telar.md', text.replace('return x * factor', 'return x * factor + 1'));
  const second = await place.run();
  expect(second.unwell).toEqual({});
  expect(second.ran).toEqual(expect.arrayContaining(['area', 'base', 'chain', 'user']));
  expect(second.ran.filter((id) => ['apart', 'jsuser', 'jsbase'].includes(id))).toEqual([]);
  expect(await valueOf(place, 'user')).toBe(22);
  place.write('main.telar.md', text.replace('x / 2', 'x / 4'));
  expect((await place.run()).ran).toEqual(['jsbase', 'jsuser']);
  expect(await valueOf(place, 'user')).toBe(18);
  place.remove();
});

test('P10 `--to` does a node and what it needs, `--from` a node and its readers, and nothing else', async () => {
  const place = createPlace({ 'main.telar.md': [['a', '1'], ['b', '{{ a }}, 2'], ['c', '{{ b }}, 3'], ['d', '{{ a }}, 10']].map(([id, body]) => fence('text', `#${id} .text`, body as string)).join('') });
  expect(await place.run('main.telar.md', ['--to', 'b'])).toMatchObject({ code: 0, ran: ['a', 'b'] });
  expect(await place.run()).toMatchObject({ ran: ['c', 'd'] });
  expect(await place.run('main.telar.md', ['--from', 'b'])).toMatchObject({ ran: ['b', 'c'] });
  expect((await place.run('main.telar.md', ['--to', ''])).code).toBe(2);
  expect((await place.run('main.telar.md', ['--to', 'nobody'])).code).toBe(2);
  place.remove();
});

test('P9 `print`, standard error and logs are told again when a step is reused', async () => {
  const place = createPlace({ 'main.telar.md': py('talks', 'import sys\nprint("out")\nprint("err", file=sys.stderr)\n1') });
  const streams = (end: RunEnd): unknown[] => end.lines.filter((line) => line.type === 'stream').map((line) => [line.stream, line.text]);
  const first = streams(await place.run());
  expect(first).toEqual(expect.arrayContaining([['stdout', 'out\n'], ['stderr', 'err\n']]));
  expect(streams(await place.run())).toEqual(first);
  place.remove();
});

test('C1 an output that nobody read is not kept; a later reader makes its producer run, with the same value', async () => {
  const place = createPlace({ 'main.telar.md': py('makes', 'other = [1, 2, 3]\n0') });
  await place.run();
  place.write('main.telar.md', `${place.read('main.telar.md')}${py('reads', 'len(other)')}`);
  expect(await place.run()).toMatchObject({ code: 0, ran: ['makes', 'reads'] });
  expect(await place.run()).toMatchObject({ ran: [] });
  expect(await valueOf(place, 'reads')).toBe(3);
  place.remove();
});

test('D5 the order of the page changes no value and runs nothing', async () => {
  const cells = [sql('one', 'select 1 as a'), py('two', 'one[0]["a"] + 1'), js('three', 'two + 1'), fence('text', '#four .text', '{{ three }}')];
  const place = createPlace({ 'main.telar.md': cells.join('') });
  const first = await place.run();
  place.write('main.telar.md', [...cells].reverse().join(''));
  const second = await place.run();
  expect(second).toMatchObject({ code: 0, ran: [] });
  expect(hashes(second)).toEqual(hashes(first));
  place.remove();
});
